//! What a model's shapes say about how its numbers are to be read.

use serde::{Deserialize, Serialize};

use crate::geometry::Size;
use crate::vision::network::Port;
use crate::vision::yolox;

/// The word of the manifest for a way to read a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    Yolox,
    Ultralytics,
    Blazepose,
}

/// A network whose shapes were understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Yolox {
        input: Size,
        classes: usize,
    },
    Ultralytics {
        input: Size,
        classes: usize,
        boxes: usize,
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
}

impl Layout {
    pub fn head(&self) -> Head {
        match self {
            Layout::Yolox { .. } => Head::Yolox,
            Layout::Ultralytics { .. } => Head::Ultralytics,
            Layout::PersonFinder { .. } | Layout::Landmarks { .. } => Head::Blazepose,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognised {
    #[error(
        "its input is {inputs} and its output {outputs}, which is neither YOLOX ([1,N,5+classes]), Ultralytics YOLOv8/11/12 without NMS ([1,4+classes,N]) nor BlazePose; export it with a fixed input [1,3,height,width] and without NMS"
    )]
    Shapes { inputs: String, outputs: String },
    #[error("its output {outputs} is that of a YOLO pose model, which cannot be used yet: choose blazepose for poses")]
    YoloPose { outputs: String },
    #[error("it does the task {task:?}, and only detection models of this family can be used")]
    Task { task: String },
}

/// Understands a network by its shapes. `task` is what the model's own metadata say, where it has some.
pub fn recognise(inputs: &[Port], outputs: &[Port], task: Option<&str>) -> Result<Layout, Unrecognised> {
    let written = |ports: &[Port]| ports.iter().map(Port::to_string).collect::<Vec<_>>().join(" ");
    let unknown = || Unrecognised::Shapes { inputs: written(inputs), outputs: written(outputs) };
    let [input] = inputs else { return Err(unknown()) };
    let input = input.fixed().ok_or_else(unknown)?;
    let shapes: Vec<Vec<usize>> = outputs.iter().map(|port| port.fixed().unwrap_or_default()).collect();
    let place = |shape: &[usize]| shapes.iter().position(|s| s == shape);

    match input[..] {
        [1, 224, 224, 3] => {
            let (Some(boxes), Some(scores)) = (place(&[1, 2254, 12]), place(&[1, 2254, 1])) else { return Err(unknown()) };
            return Ok(Layout::PersonFinder { boxes, scores });
        }
        [1, 256, 256, 3] => {
            let (Some(points), Some(flag), Some(heatmap)) = (place(&[1, 195]), place(&[1, 1]), place(&[1, 64, 64, 39])) else {
                return Err(unknown());
            };
            return Ok(Layout::Landmarks { points, flag, heatmap });
        }
        _ => {}
    }

    let (&[1, 3, height, width], [shape]) = (&input[..], &shapes[..]) else { return Err(unknown()) };
    let (Ok(width), Ok(height)) = (u32::try_from(width), u32::try_from(height)) else { return Err(unknown()) };
    let input = Size::new(width, height);
    let cells = yolox::cells(input);
    match shape[..] {
        _ if cells == 0 => Err(unknown()),
        [1, n, values] if n == cells && values > 5 => Ok(Layout::Yolox { input, classes: values - 5 }),
        [1, values, n] if n == cells && values > 4 => match task {
            // 56 = box, score and 17 keypoints of three numbers.
            Some("pose") => Err(Unrecognised::YoloPose { outputs: written(outputs) }),
            None if values == 56 => Err(Unrecognised::YoloPose { outputs: written(outputs) }),
            None | Some("detect") => Ok(Layout::Ultralytics { input, classes: values - 4, boxes: n }),
            Some(task) => Err(Unrecognised::Task { task: task.to_owned() }),
        },
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[usize], outputs: &[&[usize]], task: Option<&str>) -> Result<Layout, Unrecognised> {
        recognise(&[Port::floats(input)], &outputs.iter().map(|o| Port::floats(o)).collect::<Vec<_>>(), task)
    }

    #[test]
    fn known_shapes_are_known() {
        assert_eq!(read(&[1, 3, 416, 416], &[&[1, 3549, 85]], None), Ok(Layout::Yolox { input: Size::new(416, 416), classes: 80 }));
        let v8 = Layout::Ultralytics { input: Size::new(640, 640), classes: 80, boxes: 8400 };
        assert_eq!(read(&[1, 3, 640, 640], &[&[1, 84, 8400]], None), Ok(v8));
        let wide = Layout::Ultralytics { input: Size::new(640, 384), classes: 4, boxes: 5040 };
        assert_eq!(read(&[1, 3, 384, 640], &[&[1, 8, 5040]], Some("detect")), Ok(wide));
        let finder = Layout::PersonFinder { boxes: 1, scores: 0 };
        assert_eq!(read(&[1, 224, 224, 3], &[&[1, 2254, 1], &[1, 2254, 12]], None), Ok(finder));
        let all: [&[usize]; 5] = [&[1, 195], &[1, 1], &[1, 256, 256, 1], &[1, 64, 64, 39], &[1, 117]];
        assert_eq!(read(&[1, 256, 256, 3], &all, None), Ok(Layout::Landmarks { points: 0, flag: 1, heatmap: 3 }));
    }

    #[test]
    fn others_are_refused_with_their_shapes() {
        for (input, output) in [
            (&[1, 640, 640, 3], &[1, 300, 6][..]),
            (&[1, 640, 640, 3], &[1, 25200, 85]),
            (&[1, 3, 640, 640], &[1, 25200, 85]),
            (&[1, 3, 256, 256], &[1, 1, 200, 7]),
            (&[1, 192, 192, 3], &[1, 1, 17, 3]),
            (&[1, 3, 4, 4], &[1, 0, 85]),
        ] {
            let message = read(input, &[output], None).unwrap_err().to_string();
            assert!(message.contains(&Port::floats(output).to_string()), "{message}");
        }
        assert!(recognise(&[], &[], None).is_err());
        assert!(matches!(read(&[1, 3, 640, 640], &[&[1, 56, 8400]], None), Err(Unrecognised::YoloPose { .. })));
        assert!(read(&[1, 3, 640, 640], &[&[1, 56, 8400]], Some("detect")).is_ok());
        assert!(matches!(read(&[1, 3, 640, 640], &[&[1, 116, 8400]], Some("segment")), Err(Unrecognised::Task { .. })));
    }
}
