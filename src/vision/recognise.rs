//! Understands a network by its shapes.

use crate::geometry::Size;
use crate::vision::feed::{Colours, Feed, Order};
use crate::vision::head::{Head, Unrecognised};
use crate::vision::heads::ObjectHead;
use crate::vision::heads::detr::{Detr, MOST_QUERIES};
use crate::vision::heads::end2end::{self, EndToEnd};
use crate::vision::heads::grid;
use crate::vision::heads::keypoints::COCO17;
use crate::vision::heads::nanodet::{self, NanoDet};
use crate::vision::heads::numbers::{Boxes, Scores};
use crate::vision::heads::priors::Priors;
use crate::vision::heads::ultralytics::Cells;
use crate::vision::heads::yolov5::Objectness;
use crate::vision::heads::yolox::{self, Yolox};
use crate::vision::letterbox::Fit;
use crate::vision::port::Port;

/// A network whose shapes were understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    Objects {
        head: ObjectHead,
        feed: Feed,
    },
    /// BlazePose's person finder: the places of its outputs for boxes and scores.
    PersonFinder {
        boxes: usize,
        scores: usize,
    },
    /// BlazePose's landmark model: the places of its outputs.
    Landmarks {
        points: usize,
        flag: usize,
        heatmap: usize,
    },
    /// MoveNet for one person: the side of its square.
    MoveNet {
        side: usize,
    },
}

/// What is known of a network beside its shapes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// What the model's own metadata say: `detect`, `pose` …
    pub task: Option<&'a str>,
    /// How many classes have names; 0 where none have.
    pub names: usize,
    /// What the manifest says.
    pub head: Option<Head>,
    pub order: Option<Order>,
}

impl Hints<'_> {
    /// As many as have names, or as COCO has.
    fn usual_classes(&self) -> usize {
        if self.names > 0 { self.names } else { 80 }
    }
}

impl Layout {
    pub fn head(&self) -> Head {
        match self {
            Layout::PersonFinder { .. } | Layout::Landmarks { .. } => Head::Blazepose,
            Layout::MoveNet { .. } => Head::Movenet,
            Layout::Objects { head, .. } => match head {
                ObjectHead::Yolox(_) => Head::Yolox,
                ObjectHead::Objectness(_) => Head::Yolov5,
                ObjectHead::Cells(_) => Head::Ultralytics,
                ObjectHead::EndToEnd(_) => Head::End2end,
                ObjectHead::NanoDet(_) => Head::Nanodet,
                ObjectHead::DetectionOutput | ObjectHead::PostProcessed | ObjectHead::Priors(_) => Head::Ssd,
                ObjectHead::Detr(_) => Head::Detr,
            },
        }
    }
}

/// The likeliest of the layouts that a network's shapes allow.
pub fn recognise(inputs: &[Port], outputs: &[Port], hints: Hints) -> Result<Layout, Unrecognised> {
    if let Some(task) = hints.task.filter(|task| !["detect", "pose"].contains(task)) {
        return Err(Unrecognised::Task { task: task.to_owned() });
    }
    let written = |ports: &[Port]| ports.iter().map(Port::to_string).collect::<Vec<_>>().join(" ");
    let unknown = || Unrecognised::Shapes { inputs: written(inputs), outputs: written(outputs) };
    let [input] = inputs else { return Err(unknown()) };
    let shape = input.fixed().ok_or_else(unknown)?;
    let mut layouts: Vec<Layout> = single_purpose(&shape, outputs).into_iter().collect();
    if let Some((size, order)) = picture(&shape, hints.order) {
        let mut heads = objects(size, order, outputs, &hints);
        let rank = |head: &ObjectHead| head.classes().is_some_and(|classes| classes != hints.usual_classes());
        heads.sort_by_key(rank);
        layouts.extend(heads.into_iter().map(|head| Layout::Objects { feed: feed(&head, size, order, input.is_byte), head }));
    }
    let told = layouts.iter().position(|layout| hints.head == Some(layout.head()));
    let layout = layouts.into_iter().nth(told.unwrap_or(0)).ok_or_else(unknown)?;
    match &layout {
        Layout::Objects { head, .. } if hints.task == Some("pose") && !head.has_keypoints() => {
            Err(Unrecognised::Keypoints { outputs: written(outputs) })
        }
        _ => Ok(layout),
    }
}

/// The size of a picture and the order of its numbers.
fn picture(shape: &[usize], order: Option<Order>) -> Option<(Size, Order)> {
    let &[1, a, b, c] = shape else { return None };
    let order = order.or(if a == 3 { Some(Order::Nchw) } else { (c == 3).then_some(Order::Nhwc) })?;
    let (channels, height, width) = match order {
        Order::Nchw => (a, b, c),
        Order::Nhwc => (c, a, b),
    };
    let size = Size::new(u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    (channels == 3 && size.pixels() > 0).then_some((size, order))
}

/// MediaPipe's models and MoveNet, which have one shape each.
fn single_purpose(input: &[usize], outputs: &[Port]) -> Option<Layout> {
    let place = |shape: &[usize]| outputs.iter().position(|port| port.fixed().is_some_and(|s| s == shape));
    match *input {
        [1, 224, 224, 3] => Some(Layout::PersonFinder { boxes: place(&[1, 2254, 12])?, scores: place(&[1, 2254, 1])? }),
        [1, side @ (192 | 256), width, 3] if side == width && place(&[1, 1, 17, 3]) == Some(0) => Some(Layout::MoveNet { side }),
        [1, 256, 256, 3] => Some(Layout::Landmarks { points: place(&[1, 195])?, flag: place(&[1, 1])?, heatmap: place(&[1, 64, 64, 39])? }),
        _ => None,
    }
}

/// Every head that could give these outputs, the likeliest first.
fn objects(input: Size, order: Order, outputs: &[Port], hints: &Hints) -> Vec<ObjectHead> {
    let shapes: Vec<&[Option<usize>]> = outputs.iter().map(|port| &port.dims[..]).collect();
    let mut heads = Vec::new();
    match shapes[..] {
        [&[Some(1), Some(1), _, Some(7)]] => heads.push(ObjectHead::DetectionOutput),
        [&[Some(1), _, Some(4)], &[Some(1), _], &[Some(1), _], &[Some(1)]] => heads.push(ObjectHead::PostProcessed),
        // Older YOLOv5 exports add the grids that the first output was made of.
        [&[Some(1), count, Some(values)], ref rest @ ..] if rest.iter().all(|shape| shape.len() == 5) => {
            heads.extend(count.map(|count| of_cells(input, count, values, hints)).unwrap_or_default());
            heads.extend(of_rows(count, values, order, hints));
        }
        [&[Some(1), None, Some(values)]] => heads.extend(of_rows(None, values, order, hints)),
        _ => {
            heads.extend(split_nanodet(input, &shapes));
            heads.extend(with_priors(&shapes));
            heads.extend(split_detr(&shapes, hints));
        }
    }
    heads
}

/// One output with a box, or the numbers of a kind, for each cell of the input.
fn of_cells(input: Size, rows: usize, columns: usize, hints: &Hints) -> Vec<ObjectHead> {
    let mut heads = Vec::new();
    let (boxes, scores) = (Boxes::Pixels, Scores::Probabilities);
    let cells = |count: usize, values: usize, by_box: bool| {
        // 56: a box, one class and 17 keypoints. A file that says it detects has 52 classes.
        let pose = values == 4 + 1 + COCO17 && hints.task != Some("detect");
        let (classes, keypoints) = if pose { (1, COCO17) } else { (values - 4, 0) };
        ObjectHead::Cells(Cells { count, classes, keypoints, by_box, boxes })
    };
    // Ultralytics writes a task into its files, and never has an objectness since YOLOv5.
    let newer = hints.task.is_some();
    if grid::fits(input, 1, columns) && rows > 4 {
        heads.push(cells(columns, rows, false));
    }
    if grid::fits(input, 3, rows) && columns > 5 {
        heads.push(ObjectHead::Objectness(Objectness { classes: columns - 5, boxes, scores }));
    }
    if grid::fits(input, 1, rows) && columns > 4 && newer {
        heads.push(cells(rows, columns, true));
    }
    if rows > 0 && grid::count(input, &yolox::STRIDES) == rows && columns > 5 {
        heads.push(ObjectHead::Yolox(Yolox { input, classes: columns - 5, scores }));
    }
    if grid::fits(input, 1, rows) && columns > 4 && !newer {
        heads.push(cells(rows, columns, true));
    }
    // NanoDet's published models have 8 places in a distribution.
    let levels = (3..=4).find(|levels| nanodet::STRIDES.iter().take(*levels).map(|s| nanodet::cells(input, *s)).sum::<usize>() == rows);
    if let Some(levels) = levels.filter(|_| columns > 32) {
        heads.push(ObjectHead::NanoDet(NanoDet { input, classes: columns - 32, bins: 8, split: None, levels, scores }));
    }
    heads
}

/// One output with a finished box in each row. Of how many rows there may be is left open by some.
fn of_rows(rows: Option<usize>, columns: usize, order: Order, hints: &Hints) -> Vec<ObjectHead> {
    let mut heads = Vec::new();
    // TFLite, whose pictures are pixel by pixel, measures in shares.
    let boxes = if order == Order::Nhwc { Boxes::Unit } else { Boxes::Pixels };
    if let Some(keypoints) = columns.checked_sub(end2end::BOX).filter(|rest| [0, COCO17].contains(rest)) {
        heads.push(ObjectHead::EndToEnd(EndToEnd { keypoints, boxes }));
    }
    // So many shapes are like this that the classes must be known.
    let expected = hints.head == Some(Head::Detr) || columns == 4 + hints.usual_classes();
    if columns > 4 && expected && rows.is_some_and(|rows| rows <= MOST_QUERIES) {
        let (split, background, scores) = (None, false, Scores::Probabilities);
        heads.push(ObjectHead::Detr(Detr { classes: columns - 4, split, background, scores }));
    }
    heads
}

fn split_nanodet(input: Size, shapes: &[&[Option<usize>]]) -> Option<ObjectHead> {
    let levels = shapes.len() / 2;
    let output = |count: usize, scores: bool| {
        let of = |shape: &&[Option<usize>]| matches!(**shape, [Some(1), Some(n), Some(values)] if n == count && (values == 32) != scores);
        shapes.iter().position(of)
    };
    let places = |stride: &u32| {
        let count = nanodet::cells(input, *stride);
        Some((output(count, true)?, output(count, false)?))
    };
    let split: Vec<_> = nanodet::STRIDES.iter().take(levels).map(places).collect::<Option<_>>()?;
    let classes = shapes.get(split.first()?.0)?.last().copied()??;
    let all = (3..=4).contains(&levels) && shapes.len() == 2 * levels;
    let head = NanoDet { input, classes, bins: 8, split: Some(split), levels, scores: Scores::Probabilities };
    all.then_some(ObjectHead::NanoDet(head))
}

fn with_priors(shapes: &[&[Option<usize>]]) -> Option<ObjectHead> {
    let priors = shapes.iter().position(|shape| matches!(shape, [Some(1), Some(2), Some(_)]))?;
    let boxes = shapes[priors].last().copied()?? / 4;
    let count = |place: usize| shapes[place].iter().copied().product::<Option<usize>>();
    let offsets = (0..shapes.len()).find(|&place| place != priors && count(place) == Some(4 * boxes))?;
    let confidences = (0..shapes.len()).find(|&place| place != priors && place != offsets)?;
    let classes = count(confidences)?.checked_div(boxes).filter(|classes| *classes > 1)?;
    let head = Priors { offsets, confidences, priors, classes, scores: Scores::Probabilities };
    (shapes.len() == 3 && count(confidences) == Some(classes * boxes)).then_some(ObjectHead::Priors(head))
}

fn split_detr(shapes: &[&[Option<usize>]], hints: &Hints) -> Option<ObjectHead> {
    let boxes = shapes.iter().position(|shape| matches!(shape, [Some(1), Some(n), Some(4)] if *n <= MOST_QUERIES))?;
    let queries = shapes[boxes][1];
    // Some exports add the hidden state, which is as long: the classes come first.
    let of = |(place, shape): (usize, &&[Option<usize>])| place != boxes && shape.len() == 3 && shape[0] == Some(1) && shape[1] == queries;
    let classes = shapes.iter().enumerate().position(of)?;
    let each = shapes[classes][2]?;
    // DETR's own: COCO's 91 numbers and no object; or one class more than there are names.
    let background = each == 92 || hints.names > 0 && each == hints.names + 1;
    let head = Detr { classes: each - usize::from(background), split: Some((classes, boxes)), background, scores: Scores::Logits };
    (each > usize::from(background)).then_some(ObjectHead::Detr(head))
}

/// How a head's models are usually fed.
fn feed(head: &ObjectHead, size: Size, order: Order, bytes: bool) -> Feed {
    let unit = Feed::unit_rgb(size, order);
    let plain = Feed::plain_bgr(size, order);
    let usual = match head {
        ObjectHead::Yolox(_) => Feed { fit: Fit::TopLeft, padding: 114, ..plain },
        ObjectHead::Objectness(_) | ObjectHead::Cells(_) | ObjectHead::EndToEnd(_) => unit,
        // ImageNet's mean and deviation, blue first: config/nanodet-m.yml.
        ObjectHead::NanoDet(_) => Feed { mean: [103.53, 116.28, 123.675], scale: [57.375, 57.12, 58.395], fit: Fit::Centred, ..plain },
        ObjectHead::DetectionOutput => plain,
        ObjectHead::PostProcessed => Feed { mean: [127.5; 3], scale: [127.5; 3], colours: Colours::Rgb, ..plain },
        ObjectHead::Priors(_) => Feed { mean: [127.5; 3], scale: [127.5; 3], ..plain },
        ObjectHead::Detr(Detr { background: true, .. }) => {
            Feed { mean: [123.675, 116.28, 103.53], scale: [58.395, 57.12, 57.375], fit: Fit::Stretched, ..unit }
        }
        ObjectHead::Detr(_) => Feed { fit: Fit::Stretched, ..unit },
    };
    // A model that takes bytes does the rest itself.
    if bytes { Feed { mean: [0.0; 3], scale: [1.0; 3], ..usual } } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[usize], outputs: &[&[usize]], hints: Hints) -> Result<Layout, Unrecognised> {
        recognise(&[Port::floats(input)], &outputs.iter().map(|o| Port::floats(o)).collect::<Vec<_>>(), hints)
    }

    fn head(input: &[usize], outputs: &[&[usize]], hints: Hints) -> (Head, Option<usize>) {
        match read(input, outputs, hints).unwrap() {
            Layout::Objects { head, feed } => (Layout::Objects { head: head.clone(), feed }.head(), head.classes()),
            other => (other.head(), None),
        }
    }

    const SQUARE: &[usize] = &[1, 3, 640, 640];
    const NONE: Hints = Hints { task: None, names: 0, head: None, order: None };

    #[test]
    fn object_models_are_known_by_one_output() {
        let pixels = &[1, 640, 640, 3][..];
        for (input, output, hints, expected) in [
            (&[1, 3, 416, 416][..], &[1, 3549, 85][..], NONE, (Head::Yolox, Some(80))),
            (SQUARE, &[1, 84, 8400], NONE, (Head::Ultralytics, Some(80))),
            (SQUARE, &[1, 8400, 84], NONE, (Head::Ultralytics, Some(80))),
            (SQUARE, &[1, 8400, 7], Hints { names: 3, ..NONE }, (Head::Ultralytics, Some(3))),
            (SQUARE, &[1, 8400, 7], NONE, (Head::Yolox, Some(2))),
            (SQUARE, &[1, 8400, 7], Hints { task: Some("detect"), ..NONE }, (Head::Ultralytics, Some(3))),
            (&[1, 3, 384, 640], &[1, 8, 5040], Hints { task: Some("detect"), ..NONE }, (Head::Ultralytics, Some(4))),
            (SQUARE, &[1, 25200, 85], NONE, (Head::Yolov5, Some(80))),
            (pixels, &[1, 25200, 85], NONE, (Head::Yolov5, Some(80))),
            (pixels, &[1, 300, 6], NONE, (Head::End2end, None)),
            (SQUARE, &[1, 300, 6], Hints { head: Some(Head::Detr), ..NONE }, (Head::Detr, Some(2))),
            (SQUARE, &[1, 300, 84], NONE, (Head::Detr, Some(80))),
            (&[1, 3, 416, 416], &[1, 3598, 112], NONE, (Head::Nanodet, Some(80))),
            (&[1, 3, 416, 416], &[1, 3549, 112], NONE, (Head::Nanodet, Some(80))),
            (&[1, 3, 256, 256], &[1, 1, 200, 7], NONE, (Head::Ssd, None)),
            (&[1, 192, 192, 3], &[1, 1, 17, 3], NONE, (Head::Movenet, None)),
        ] {
            assert_eq!(head(input, &[output], hints), expected, "{input:?} {output:?}");
        }
    }

    #[test]
    fn object_models_are_known_by_several_outputs() {
        let nanodet: [&[usize]; 6] = [&[1, 2704, 80], &[1, 676, 80], &[1, 169, 80], &[1, 2704, 32], &[1, 676, 32], &[1, 169, 32]];
        for (outputs, names, expected) in [
            (&nanodet[..], 0, (Head::Nanodet, Some(80))),
            (&[&[1, 100, 92], &[1, 100, 4]], 0, (Head::Detr, Some(91))),
            (&[&[1, 300, 4], &[1, 300, 80], &[1, 300, 256]], 0, (Head::Detr, Some(80))),
            (&[&[1, 300, 4], &[1, 300, 7]], 6, (Head::Detr, Some(6))),
            (&[&[1, 4 * 1917], &[1, 21 * 1917], &[1, 2, 4 * 1917]], 0, (Head::Ssd, Some(21))),
            (&[&[1, 10, 4], &[1, 10], &[1, 10], &[1]], 0, (Head::Ssd, None)),
            (&[&[1, 10647, 85], &[1, 3, 52, 52, 85], &[1, 3, 26, 26, 85], &[1, 3, 13, 13, 85]], 0, (Head::Yolov5, Some(80))),
        ] {
            assert_eq!(head(&[1, 3, 416, 416], outputs, Hints { names, ..NONE }), expected, "{outputs:?}");
        }
    }

    #[test]
    fn models_for_poses_are_known() {
        for output in [&[1, 56, 8400][..], &[1, 8400, 56], &[1, 300, 57]] {
            let Layout::Objects { head, .. } = read(SQUARE, &[output], Hints { task: Some("pose"), ..NONE }).unwrap() else { panic!() };
            assert!(head.has_keypoints());
        }
        assert_eq!(head(SQUARE, &[&[1, 56, 8400]], Hints { task: Some("detect"), ..NONE }), (Head::Ultralytics, Some(52)));
        let hands = read(SQUARE, &[&[1, 68, 8400]], Hints { task: Some("pose"), ..NONE });
        assert!(matches!(hands, Err(Unrecognised::Keypoints { .. })));
        let finder = Layout::PersonFinder { boxes: 1, scores: 0 };
        assert_eq!(read(&[1, 224, 224, 3], &[&[1, 2254, 1], &[1, 2254, 12]], NONE), Ok(finder));
        let all: [&[usize]; 5] = [&[1, 195], &[1, 1], &[1, 256, 256, 1], &[1, 64, 64, 39], &[1, 117]];
        assert_eq!(read(&[1, 256, 256, 3], &all, NONE), Ok(Layout::Landmarks { points: 0, flag: 1, heatmap: 3 }));
    }

    #[test]
    fn rows_may_be_left_open() {
        let open = |columns| Port { dims: vec![Some(1), None, Some(columns)], ..Port::floats(&[]) };
        assert!(matches!(recognise(&[Port::floats(SQUARE)], &[open(6)], NONE), Ok(Layout::Objects { head: ObjectHead::EndToEnd(_), .. })));
        assert!(recognise(&[Port::floats(SQUARE)], &[open(84)], NONE).is_err());
    }

    #[test]
    fn others_are_refused_with_their_shapes() {
        for (input, output) in [
            (SQUARE, &[1, 1000][..]),
            (SQUARE, &[1, 2000, 85]),
            (&[1, 1, 640, 640], &[1, 84, 8400]),
            (&[1, 3, 4, 4], &[1, 0, 85]),
            (&[1, 3, 0, 4], &[1, 300, 6]),
        ] {
            let message = read(input, &[output], NONE).unwrap_err().to_string();
            assert!(message.contains(&Port::floats(output).to_string()), "{message}");
        }
        assert!(recognise(&[], &[], NONE).is_err());
        assert!(read(SQUARE, &[&[1, 1917, 4], &[1, 1917, 91]], NONE).is_err());
        let segment = read(SQUARE, &[&[1, 116, 8400], &[1, 32, 160, 160]], Hints { task: Some("segment"), ..NONE });
        assert!(matches!(segment, Err(Unrecognised::Task { .. })));
    }
}
