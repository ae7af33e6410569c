//! Every model of the shared data loads, and finds what is known to be in a frame.

use std::path::{Path, PathBuf};

use sightline::detection::{Detection, Labels};
use sightline::geometry::{BBox, Point};
use sightline::vision::DetectOptions;
use sightline::vision::about::Weights;
use sightline::vision::blazepose::people;
use sightline::vision::head::Head;
use sightline::vision::manifest::Task;
use sightline::vision::model::{Known, Model, load};

use super::{engine, frame_of, shared};
use crate::scratch::files_below;

const MOVENET: &str = "movenet_singlepose_lightning_int8.tflite";
const PEOPLE: (&str, usize) = ("people_walking_street_720p.mp4", 110);
const CARS: (&str, usize) = ("road_cars_720p.mp4", 30);
const POTHOLES: (&str, usize) = ("potholes_portrait_356x640.mp4", 492);
const FOOTWORK: (&str, usize) = ("fencing_footwork_advance_vfr.mov", 60);

/// The model's files below the shared models; `.bin` and metadata come along.
fn loaded(files: &[&str], known: Known) -> Option<Model> {
    let engine = engine()?;
    let files: Vec<PathBuf> = files.iter().map(|file| shared(&format!("models/{file}"))).collect::<Option<_>>()?;
    Some(load(&engine, &Known { files, ..known }).unwrap_or_else(|e| panic!("{e}")))
}

fn find(model: &Model, (clip, frame): (&'static str, usize)) -> Option<Vec<Detection>> {
    let mut detector = model.detector("model".into()).unwrap();
    Some(detector.detect(&frame_of(clip, frame)?, &DetectOptions::default()).unwrap())
}

struct Row {
    file: &'static str,
    head: Head,
    task: Task,
    weights: Option<Weights>,
    input: [u32; 2],
    /// The least confidence of what is counted.
    least: f32,
    /// How many of which class there are in a frame, and the confidence of the best. Counts may differ by one at the line.
    finds: &'static [((&'static str, usize), &'static str, usize, f32)],
}

const ROWS: [Row; 11] = {
    const FP32: Option<Weights> = Some(Weights::Fp32);
    const FP16: Option<Weights> = Some(Weights::Fp16);
    const INT8: Option<Weights> = Some(Weights::Int8);
    const fn row(
        file: &'static str,
        head: Head,
        weights: Option<Weights>,
        side: u32,
        finds: &'static [((&'static str, usize), &'static str, usize, f32)],
    ) -> Row {
        Row { file, head, task: Task::Detect, weights, input: [side, side], least: 0.25, finds }
    }
    [
        row("yolov8n_int8_openvino/yolov8n.xml", Head::Ultralytics, INT8, 640, &[(PEOPLE, "person", 16, 0.95), (CARS, "car", 8, 0.90)]),
        row("yolo11n_int8_openvino/yolo11n.xml", Head::Ultralytics, INT8, 640, &[(PEOPLE, "person", 13, 0.92), (CARS, "car", 8, 0.91)]),
        row(
            "derived_yolo11n_fp16_openvino/yolo11n.xml",
            Head::Ultralytics,
            FP16,
            640,
            &[(PEOPLE, "person", 14, 0.92), (CARS, "car", 7, 0.92)],
        ),
        row("derived_road_damage_openvino/best.xml", Head::Ultralytics, INT8, 640, &[(POTHOLES, "Pothole", 2, 0.726)]),
        row("yolo26n_int8_e2e.tflite", Head::End2end, INT8, 640, &[(PEOPLE, "person", 14, 0.95), (CARS, "car", 8, 0.84)]),
        row("yolov5n_fp16.tflite", Head::Yolov5, FP16, 640, &[(PEOPLE, "person", 17, 0.86), (CARS, "car", 8, 0.90)]),
        row("yolox_nano.onnx", Head::Yolox, FP32, 416, &[(PEOPLE, "person", 18, 0.90), (CARS, "car", 9, 0.88)]),
        Row {
            // Its reference counts what its own demo shows.
            least: 0.3,
            ..row(
                "nanodet_m_416.onnx",
                Head::Nanodet,
                FP32,
                416,
                &[(PEOPLE, "person", 17, 0.85), (CARS, "car", 4, 0.68), (CARS, "truck", 5, 0.49)],
            )
        },
        row(
            "omz/person-vehicle-bike-detection-2000_fp16.xml",
            Head::Ssd,
            FP16,
            256,
            &[(PEOPLE, "person", 10, 0.99), (CARS, "vehicle", 9, 1.0)],
        ),
        Row {
            task: Task::Pose,
            ..row("yolov8n-pose_int8_openvino/yolov8n-pose.xml", Head::Ultralytics, INT8, 640, &[(CARS, "person", 0, 0.0)])
        },
        Row {
            task: Task::Pose,
            ..row(
                "derived_yolov8n-pose_fp16_openvino/yolov8n-pose.xml",
                Head::Ultralytics,
                FP16,
                640,
                &[(PEOPLE, "person", 7, 0.94), (CARS, "person", 0, 0.0)],
            )
        },
    ]
};

#[test]
fn every_object_model_finds_what_is_there() {
    let mut wrong = Vec::new();
    for Row { file, head, task, weights, input, least, finds } in ROWS {
        // Models of the Open Model Zoo name their classes nowhere but in their papers.
        let labels = file.starts_with("omz/").then(|| Labels::new(["vehicle", "person", "bike"]));
        let Some(model) = loaded(&[file], Known { labels, ..Known::default() }) else { return };
        assert_eq!((model.head(), model.task(), model.precision(), model.input()), (head, task, weights, Some(input)), "{file}");
        for &(frame, label, count, best) in finds {
            let Some(all) = find(&model, frame) else { return };
            let found: Vec<_> = all.iter().filter(|d| &*d.label == label && d.confidence >= least).collect();
            let surest = found.first().map_or(0.0, |d| d.confidence);
            println!(
                "{file:55} {:35} {:2} {label} for {count:2}, best {surest:.3} for {best:.2}; {} in all",
                frame.0,
                found.len(),
                all.len()
            );
            if found.len().abs_diff(count) > 1 || (surest - best).abs() > 0.02 {
                wrong.push(format!("{file} {}: {} {label}, best {surest}", frame.0, found.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_model_is_forgotten() {
    let Some(folder) = shared("models") else { return };
    let tested: Vec<&str> = ROWS
        .iter()
        .map(|row| row.file)
        .chain(["blazepose/pose_detection.tflite", "blazepose/pose_landmark_lite.tflite", MOVENET])
        .collect();
    let files = files_below(&folder);
    let models = files.iter().filter(|file| [".xml", ".onnx", ".tflite"].iter().any(|end| file.ends_with(end)));
    let untested: Vec<_> = models.filter(|file| !tested.contains(&file.as_str())).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn the_best_person_is_where_they_are() {
    let Some(model) = loaded(&["yolov8n_int8_openvino/yolov8n.xml"], Known::default()) else { return };
    let Some(found) = find(&model, PEOPLE) else { return };
    assert!(found[0].bbox.iou(&BBox::new(760.0, 19.0, 1161.0, 709.0)) > 0.98, "{:?}", found[0]);
}

#[test]
fn blazepose_finds_and_reads_a_fencer() {
    let finder = "blazepose/pose_detection.tflite";
    let Some(model) = loaded(&[finder], Known::default()) else { return };
    assert_eq!((model.head(), model.task(), model.precision()), (Head::Blazepose, Task::Detect, Some(Weights::Fp16)));
    assert!(model.pose("people".into()).is_err());
    for (frame, score) in [(FOOTWORK, 0.963), (("squats_portrait_720x1280_5fps.mp4", 10), 0.973), (PEOPLE, 0.981)] {
        let Some(found) = find(&model, frame) else { return };
        println!("{finder}: {:.3} for {score}", found[0].confidence);
        assert!((found[0].confidence - score).abs() < 0.02 && found[0].class_id == people::PERSON);
    }
    let Some(model) = loaded(&[finder, "blazepose/pose_landmark_lite.tflite"], Known::default()) else { return };
    assert_eq!(model.task(), Task::Pose);
    let Some(frame) = frame_of(FOOTWORK.0, FOOTWORK.1) else { return };
    let pose = &model.pose("lite".into()).unwrap().estimate(&frame, &[], 1).unwrap()[0];
    let expected = [(11, 467.0, 168.0), (23, 474.0, 340.0), (25, 515.0, 457.0), (27, 569.0, 534.0)];
    for (index, x, y) in expected {
        let off = pose.keypoints[index].point().distance(Point::new(x, y));
        println!("lite, keypoint {index}: {off:.1} px off");
        // The torso is 170 pixels long.
        assert!(off < 12.0, "{index}: {:?}", pose.keypoints[index]);
    }
}

#[test]
fn yolo_reads_all_poses_at_once() {
    let Some(model) = loaded(&["yolov8n-pose_int8_openvino/yolov8n-pose.xml"], Known::default()) else { return };
    let Some(frame) = frame_of(FOOTWORK.0, FOOTWORK.1) else { return };
    let mut estimator = model.pose("yolo".into()).unwrap();
    let poses = estimator.estimate(&frame, &[], 5).unwrap();
    for (index, x, y) in [(5, 466.0, 169.0), (11, 475.0, 338.0), (13, 496.0, 445.0), (15, 582.0, 545.0)] {
        let off = poses[0].keypoints[index].point().distance(Point::new(x, y));
        assert!(off < 3.0, "{index}: {:?}", poses[0].keypoints[index]);
    }
    let Some(street) = frame_of(PEOPLE.0, PEOPLE.1) else { return };
    let most = |estimator: &mut sightline::vision::PoseEstimator, most| estimator.estimate(&street, &[], most).unwrap();
    let (all, two) = (most(&mut estimator, 20), most(&mut estimator, 2));
    assert!(all.len() >= 6 && all[..2] == two[..] && most(&mut estimator, 0).is_empty(), "{}", all.len());
    assert!(all.iter().all(|pose| pose.keypoints.len() == 17 && pose.track_id.is_none()));
}

#[test]
fn movenet_reads_one_person_a_crop() {
    let Some(model) = loaded(&[MOVENET], Known::default()) else { return };
    assert_eq!(
        (model.head(), model.task(), model.input(), model.precision()),
        (Head::Movenet, Task::Pose, Some([192, 192]), Some(Weights::Int8))
    );
    assert!(model.detector("movenet".into()).is_err());
    let Some(street) = frame_of(PEOPLE.0, PEOPLE.1) else { return };
    let mut estimator = model.pose("movenet".into()).unwrap();
    let whole = estimator.estimate(&street, &[], 1).unwrap();
    println!("movenet, whole frame: {:?} {:?}", whole[0].keypoints[0], whole[0].keypoints[11]);
    assert!(whole[0].keypoints[0].point().distance(Point::new(985.0, 92.0)) < 25.0, "{:?}", whole[0].keypoints[0]);

    let Some(fencer) = frame_of(FOOTWORK.0, FOOTWORK.1) else { return };
    let person = BBox::new(400.0, 90.0, 640.0, 580.0);
    let poses = estimator.estimate(&fencer, &[person, person], 5).unwrap();
    let off: Vec<f32> = [(5, 466.0, 169.0), (11, 475.0, 338.0), (13, 496.0, 445.0), (15, 582.0, 545.0)]
        .map(|(index, x, y): (usize, f32, f32)| poses[0].keypoints[index].point().distance(Point::new(x, y)))
        .to_vec();
    println!("movenet, a fencer's crop: score {:.2}, {off:.0?} px off", poses[0].score);
    assert!(poses.len() == 2 && off.iter().all(|off| *off < 40.0), "{off:?}");
}

#[test]
fn what_a_file_cannot_do_is_said() {
    let Some(engine) = engine() else { return };
    let Some(path) = shared("models/yolox_nano.onnx") else { return };
    let refused = |known: Known| load(&engine, &Known { files: vec![path.clone()], ..known }).err().unwrap().to_string();
    assert!(refused(Known { head: Some(Head::Detr), ..Known::default() }).contains("correct the manifest"));
    assert!(refused(Known { labels: Some(Labels::new(["a"])), ..Known::default() }).contains("80 classes"));
    let nothing = load(&engine, &Known { files: vec![Path::new("/nowhere/x.onnx").into()], ..Known::default() });
    assert!(nothing.is_err());
}
