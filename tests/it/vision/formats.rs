//! Formats that no model of the shared data has, by tiny models made for them.

use sightline::detection::{Detection, Labels};
use sightline::frame::RgbFrame;
use sightline::geometry::{BBox, Size};
use sightline::vision::feed::Order;
use sightline::vision::head::Head;
use sightline::vision::heads::numbers::Scores;
use sightline::vision::manifest::Task;
use sightline::vision::model::{Known, LoadError, Model, load};
use sightline::vision::told::Told;
use sightline::vision::{DetectOptions, Engine};

use super::engine;
use super::tiny::{F16, F32, Output, U8, ir, onnx};

const SQUARE: [Option<i64>; 4] = [Some(1), Some(3), Some(64), Some(64)];
/// Twice as wide as the input, so that what is stretched and what is letterboxed differ.
const FRAME: Size = Size::new(128, 64);

fn load_bytes(engine: &Engine, name: &str, bytes: &[u8], known: Known) -> Result<Model, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    load(engine, &Known { files: vec![file], ..known })
}

fn made(engine: &Engine, outputs: &[Output], known: Known) -> Model {
    load_bytes(engine, "tiny.onnx", &onnx(&SQUARE, (F32, F32), outputs, &[]), known).unwrap()
}

fn found(model: &Model) -> Vec<Detection> {
    let frame = RgbFrame::filled(FRAME, [1, 2, 3]);
    model.detector("tiny".into()).unwrap().detect(&frame, &DetectOptions::default()).unwrap()
}

/// The one detection of the frame.
fn one(model: &Model, label: &str, confidence: f32, bbox: BBox) {
    let found = found(model);
    let [d] = &found[..] else { panic!("{found:?}") };
    let near = |a: f32, b: f32| (a - b).abs() < 0.05;
    let same = near(d.bbox.x1, bbox.x1) && near(d.bbox.y1, bbox.y1) && near(d.bbox.x2, bbox.x2) && near(d.bbox.y2, bbox.y2);
    assert!(&*d.label == label && (d.confidence - confidence).abs() < 1e-3 && same, "{d:?} for {label} {confidence} {bbox:?}");
}

/// `rows` rows of `columns`, zeros but for one.
fn rows(rows: usize, columns: usize, at: usize, values: &[(usize, f32)]) -> Output {
    let mut numbers = vec![0.0; rows * columns];
    values.iter().for_each(|(column, value)| numbers[at * columns + column] = *value);
    (vec![1, rows as i64, columns as i64], numbers)
}

fn turned((dims, numbers): Output) -> Output {
    let (rows, columns) = (dims[1] as usize, dims[2] as usize);
    let turned = (0..rows * columns).map(|i| numbers[(i % rows) * columns + i / rows]).collect();
    (vec![1, dims[2], dims[1]], turned)
}

#[test]
fn the_detr_family_is_read() {
    let Some(engine) = engine() else { return };
    let middle = [(0, 0.5), (1, 0.5), (2, 0.25), (3, 0.5)];
    let stretched = BBox::new(48.0, 16.0, 80.0, 48.0);

    // DETR: 91 of COCO's numbers and no object; the second query sees nothing.
    let mut logits = rows(2, 92, 0, &[(1, 20.0)]);
    logits.1[92 + 91] = 20.0;
    let detr = made(&engine, &[logits, rows(2, 4, 0, &middle)], Known::default());
    assert_eq!((detr.head(), detr.task(), detr.labels().len()), (Head::Detr, Task::Detect, 91));
    one(&detr, "person", 1.0, stretched);

    // RT-DETR: a logit for each class, boxes first.
    let mut logits = rows(2, 80, 1, &[(2, 2.0)]);
    logits.1.iter_mut().filter(|l| **l == 0.0).for_each(|l| *l = -9.0);
    let rt_detr = made(&engine, &[rows(2, 4, 1, &middle), logits], Known::default());
    one(&rt_detr, "car", 0.8808, stretched);

    // RT-DETR as Ultralytics exports it.
    let joined = made(&engine, &[rows(2, 84, 1, &[middle.as_slice(), &[(4, 0.75)]].concat())], Known::default());
    one(&joined, "person", 0.75, stretched);
}

#[test]
fn ssd_is_read_with_its_post_processing_and_with_its_prior_boxes() {
    let Some(engine) = engine() else { return };
    let stretched = BBox::new(32.0, 16.0, 64.0, 48.0);
    let labels = |names: &[&str]| Known { labels: Some(Labels::new(names)), ..Known::default() };
    let boxes = rows(3, 4, 0, &[(0, 0.25), (1, 0.25), (2, 0.75), (3, 0.5)]);
    let numbers = |numbers: &[f32]| (vec![1, 3], numbers.to_vec());
    let four = [boxes, numbers(&[1.0, 0.0, 0.0]), numbers(&[0.8, 0.7, 0.0]), (vec![1], vec![1.0])];
    one(&made(&engine, &four, labels(&["cat", "dog"])), "dog", 0.8, stretched);

    let priors = [0.25, 0.25, 0.5, 0.75, 0.0, 0.0, 1.0, 1.0, 0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2].to_vec();
    let three = [(vec![1, 8], vec![0.0; 8]), (vec![1, 6], vec![0.1, 0.2, 0.7, 0.9, 0.1, 0.0]), (vec![1, 2, 8], priors)];
    let model = made(&engine, &three, labels(&["background", "cat", "dog"]));
    assert_eq!(model.head(), Head::Ssd);
    one(&model, "dog", 0.7, stretched);

    let detection_output = rows(2, 7, 0, &[(1, 1.0), (2, 0.9), (3, 0.25), (4, 0.25), (5, 0.5), (6, 0.75)]);
    let detection_output = (vec![1, 1, 2, 7], detection_output.1);
    one(&made(&engine, &[detection_output], labels(&["cat", "dog"])), "dog", 0.9, stretched);
}

#[test]
fn the_same_boxes_are_read_in_any_numbers() {
    let Some(engine) = engine() else { return };
    // Letterboxed: half the size, 16 rows of grey above. 64×64 has 84 cells; its last one lies at the far end of the picture.
    let on_frame = BBox::new(32.0, 16.0, 64.0, 48.0);
    let (pixels, unit) = ([24.0, 32.0, 16.0, 16.0], [0.375, 0.5, 0.25, 0.25]);
    let cell = |bbox: [f32; 4], rest: &[(usize, f32)]| [bbox.into_iter().enumerate().collect::<Vec<_>>(), rest.to_vec()].concat();
    let names = |names: &[&str]| Known { labels: Some(Labels::new(names)), ..Known::default() };

    let v8 = rows(84, 6, 83, &cell(pixels, &[(5, 0.6)]));
    one(&made(&engine, std::slice::from_ref(&v8), names(&["cat", "dog"])), "dog", 0.6, on_frame);
    one(&made(&engine, &[turned(v8)], names(&["cat", "dog"])), "dog", 0.6, on_frame);
    one(&made(&engine, &[turned(rows(84, 6, 83, &cell(unit, &[(5, 0.6)])))], names(&["cat", "dog"])), "dog", 0.6, on_frame);

    for bbox in [pixels, unit] {
        let v5 = rows(252, 7, 251, &cell(bbox, &[(4, 0.8), (6, 0.5)]));
        one(&made(&engine, &[v5], names(&["cat", "dog"])), "dog", 0.4, on_frame);
    }

    // YOLOX in the corner of grey, decoded in the graph and raw: cell 83 is the lower right one of stride 32.
    let in_corner = BBox::new(32.0, 48.0, 64.0, 64.0);
    let decoded = rows(84, 7, 83, &cell([24.0, 28.0, 16.0, 8.0], &[(4, 0.8), (6, 0.5)]));
    one(&made(&engine, &[decoded], Known::default()), "class 1", 0.4, in_corner);
    let raw = cell([-0.25, -0.125, 0.5f32.ln(), 0.25f32.ln()], &[(4, 0.8), (6, 0.5)]);
    one(&made(&engine, &[rows(84, 7, 83, &raw)], Known::default()), "class 1", 0.4, in_corner);

    // Before the logistic function, as it says itself by a number below 0; or as the manifest says.
    let mut logits = rows(84, 7, 83, &cell([24.0, 28.0, 16.0, 8.0], &[(4, 9.0), (6, 1.0)]));
    logits.1.iter_mut().enumerate().filter(|(i, _)| i % 7 == 4 && *i < 83 * 7).for_each(|(_, v)| *v = -9.0);
    one(&made(&engine, &[logits], Known::default()), "class 1", 0.731, in_corner);
    let told = Told { scores: Some(Scores::Logits), ..Told::default() };
    let unsure = rows(84, 7, 83, &cell([24.0, 28.0, 16.0, 8.0], &[(4, 0.0), (6, 0.5)]));
    assert!(found(&made(&engine, std::slice::from_ref(&unsure), Known::default())).is_empty());
    let found = found(&made(&engine, &[unsure], Known { told, ..Known::default() }));
    assert!((found[0].confidence - 0.5 * 0.6225).abs() < 1e-3, "{found:?}");
}

#[test]
fn end_to_end_boxes_and_poses_are_read() {
    let Some(engine) = engine() else { return };
    let on_frame = BBox::new(32.0, 16.0, 64.0, 48.0);
    let bbox = [(0, 16.0), (1, 24.0), (2, 32.0), (3, 40.0), (4, 0.9)];
    one(&made(&engine, &[rows(300, 6, 0, &[bbox.as_slice(), &[(5, 2.0)]].concat())], Known::default()), "class 2", 0.9, on_frame);

    let keypoints: Vec<_> = (0..17).flat_map(|k| [(6 + 3 * k, 20.0), (7 + 3 * k, 30.0), (8 + 3 * k, 0.7)]).collect();
    let model = made(&engine, &[rows(300, 57, 1, &[bbox.to_vec(), keypoints].concat())], Known::default());
    assert_eq!((model.head(), model.task()), (Head::End2end, Task::Pose));
    one(&model, "person", 0.9, on_frame);
    let poses = model.pose("tiny".into()).unwrap().estimate(&RgbFrame::filled(FRAME, [0; 3]), &[], 5).unwrap();
    let [pose] = &poses[..] else { panic!("{poses:?}") };
    assert_eq!((pose.keypoints[16].x, pose.keypoints[16].y, pose.score), (40.0, 28.0, 0.9));
}

#[test]
fn what_a_file_leaves_open_is_taken_from_what_it_says() {
    let Some(engine) = engine() else { return };
    // 128 × 64 has 168 cells.
    let wide = rows(168, 84, 167, &[(0, 24.0), (1, 32.0), (2, 16.0), (3, 16.0), (6, 0.6)]);
    let (open, in_place) = ([None, Some(3), None, None], BBox::new(16.0, 24.0, 32.0, 40.0));
    let properties = [("imgsz", "[64, 128]"), ("task", "detect"), ("names", "[a]"), ("stride", "32")];
    let bytes = onnx(&open, (F32, F32), &[turned(wide.clone())], &properties);
    let model = load_bytes(&engine, "tiny.onnx", &bytes, Known::default()).unwrap();
    assert_eq!((model.input(), model.labels().len()), (Some([128, 64]), 80));
    one(&model, "car", 0.6, in_place);

    // The manifest goes before the file; the answer no longer fits the cells of such an input.
    let small = load_bytes(&engine, "tiny.onnx", &bytes, Known { input: Some([96, 96]), ..Known::default() });
    assert!(matches!(&small, Err(LoadError::Refused { why, .. }) if why.to_string().contains("[1,3,96,96]")), "{:?}", small.err());

    // An IR says it in its own way, and is named by its labels. Nothing is said of the size: the manifest does it.
    let labels = (0..80).map(|i| format!("no_{i}")).collect::<Vec<_>>().join(" ");
    let info = format!(r#"<labels value="{labels}"/><scale_values value="255"/><resize_type value="fit_to_window_letterbox"/>"#);
    let (xml, weights) = ir(&open, turned(wide.clone()), &info);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.xml"), xml).unwrap();
    std::fs::write(folder.path().join("tiny.bin"), weights).unwrap();
    let known = Known { files: vec![folder.path().join("tiny.xml")], input: Some([128, 64]), ..Known::default() };
    one(&load(&engine, &known).unwrap(), "no 2", 0.6, in_place);

    // No size at all, but for where the colours are, which the manifest tells.
    let told = Told { layout: Some(Order::Nhwc), ..Told::default() };
    let bytes = onnx(&[None; 4], (F32, F32), &[turned(wide)], &[("imgsz", "[64, 128]")]);
    one(&load_bytes(&engine, "tiny.onnx", &bytes, Known { told, ..Known::default() }).unwrap(), "car", 0.6, in_place);
}

#[test]
fn bytes_in_and_half_floats_out_are_floats_here() {
    let Some(engine) = engine() else { return };
    let v8 = rows(84, 6, 83, &[(0, 24.0), (1, 32.0), (2, 16.0), (3, 16.0), (5, 0.625)]);
    let bytes = onnx(&[Some(1), Some(64), Some(64), Some(3)], (U8, F16), &[v8], &[("names", "{0: 'cat', 1: 'dog'}")]);
    let model = load_bytes(&engine, "tiny.onnx", &bytes, Known::default()).unwrap();
    one(&model, "dog", 0.625, BBox::new(32.0, 16.0, 64.0, 48.0));
}

#[test]
fn what_is_no_model_for_this_is_refused_with_its_shapes() {
    let Some(engine) = engine() else { return };
    let refused = |outputs: &[Output], properties: &[(&str, &str)]| {
        load_bytes(&engine, "tiny.onnx", &onnx(&SQUARE, (F32, F32), outputs, properties), Known::default()).err().unwrap().to_string()
    };
    let classes = refused(&[(vec![1, 10], vec![0.0; 10])], &[]);
    assert!(classes.contains("[1,3,64,64]") && classes.contains("[1,10]") && classes.contains("NanoDet"), "{classes}");
    assert!(refused(&[rows(84, 84, 0, &[])], &[("task", "segment")]).contains("segment"));
    assert!(refused(&[rows(84, 72, 0, &[])], &[("task", "pose")]).contains("17 keypoints"));
}
