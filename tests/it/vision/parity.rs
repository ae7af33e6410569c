//! Against the reference results of Ultralytics and MediaPipe, a line a file. `SIGHTLINE_EVERY_FRAME=1` compares all frames there are.

use std::collections::BTreeSet;

use serde_json::Value;
use sightline::detection::Detection;
use sightline::geometry::{BBox, Point};
use sightline::options::ModelChoice;
use sightline::pose::Pose;
use sightline::vision::DetectOptions;
use sightline::vision::model::{Known, load};

use super::{Clock, check, engine, frames, golden, models, number, quantile, reference_boxes, shared};

/// Ultralytics' own defaults.
fn options() -> DetectOptions {
    DetectOptions { confidence: 0.25, iou: 0.7, ..DetectOptions::default() }
}

/// Boxes over .30 of the reference, those of ours that meet them one to one, and ours that meet none.
#[derive(Default)]
struct Boxes {
    reference: usize,
    met: usize,
    extra: usize,
}

impl Boxes {
    fn compare(&mut self, ours: &[Detection], reference: &[(u64, f32, BBox)]) {
        let mut taken = vec![false; ours.len()];
        for (class_id, confidence, bbox) in reference.iter().filter(|r| r.1 > 0.3) {
            let meets =
                |d: &Detection| d.class_id as u64 == *class_id && d.bbox.iou(bbox) >= 0.95 && (d.confidence - confidence).abs() <= 0.01;
            let partner = (0..ours.len()).find(|&i| !taken[i] && meets(&ours[i]));
            partner.into_iter().for_each(|i| taken[i] = true);
            (self.reference, self.met) = (self.reference + 1, self.met + usize::from(partner.is_some()));
        }
        // One of ours a little over the line may be a little below it in the reference.
        let known = |d: &Detection| reference.iter().any(|r| r.0 == d.class_id as u64 && r.2.iou(&d.bbox) >= 0.95 && r.1 <= 0.3);
        self.extra += ours.iter().zip(&taken).filter(|(d, taken)| !**taken && d.confidence > 0.3 && !known(d)).count();
    }

    fn share(&self, count: usize) -> f64 {
        count as f64 / self.reference as f64 * 100.0
    }

    fn hold(&self, name: &str) {
        assert!(
            self.share(self.met) >= 99.0 && self.share(self.extra) <= 1.0,
            "{name}: {:.2} % met, {:.2} % extra",
            self.share(self.met),
            self.share(self.extra)
        );
    }
}

/// Every how many reference rows are compared.
fn step() -> usize {
    if std::env::var_os("SIGHTLINE_EVERY_FRAME").is_some() { 1 } else { 6 }
}

#[test]
fn yolo_answers_as_ultralytics_does() {
    let clips = [
        ("yolov8n_int8_openvino", "people_walking_street_720p.mp4", "people_walking_street_720p__yolov8n_int8"),
        ("derived_yolo11n_fp16_openvino", "people_walking_street_720p.mp4", "people_walking_street_720p__derived_yolo11n_fp16"),
        ("yolo11n_int8_openvino", "road_cars_720p.mp4", "road_cars_720p__yolo11n_int8"),
        ("derived_road_damage_openvino", "potholes_portrait_356x640.mp4", "potholes_portrait_356x640__derived_road_damage"),
        ("yolov8n-pose_int8_openvino", "fencing_broadcast_720p.mp4", "fencing_broadcast_720p__yolov8n-pose_int8"),
    ];
    println!("{:32} {:34} {:>5} {:>8} {:>8}  keypoints, % of the torso", "model", "clip", "boxes", "met", "extra");
    for (model, clip, reference) in clips {
        let (Some(engine), Some(folder), Some(rows)) = (engine(), shared(&format!("models/{model}")), golden(reference)) else { return };
        let file = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "xml"));
        let loaded = load(&engine, &Known { files: file.into_iter().collect(), ..Known::default() }).unwrap();
        let mut detector = loaded.detector(model.into()).unwrap();
        let mut estimator = loaded.pose(model.into()).ok();
        let wanted: BTreeSet<usize> = rows.keys().copied().step_by(step()).collect();
        let (mut boxes, mut clock, mut keypoints) = (Boxes::default(), Clock::default(), Keypoints::default());
        for (index, frame) in frames(clip).unwrap().enumerate().filter(|(index, _)| wanted.contains(index)) {
            let row = &rows[&index];
            let ours = clock.time(|| detector.detect(&frame, &options())).unwrap();
            check(&ours, frame.size(), &options());
            boxes.compare(&ours, &reference_boxes(row));
            if let Some(estimator) = &mut estimator {
                keypoints.compare(&estimator.estimate(&frame, &[], 300).unwrap(), row);
            }
        }
        let (met, extra) = (boxes.share(boxes.met), boxes.share(boxes.extra));
        println!("{model:32} {clip:34} {:5} {met:6.2} % {extra:6.2} %  {}; {}", boxes.reference, keypoints.says(), clock.says());
        boxes.hold(model);
        keypoints.hold(model);
    }
}

/// How far keypoints lie from the reference's.
#[derive(Default)]
struct Keypoints {
    errors: Vec<f32>,
    visibility: Vec<f32>,
    missed: usize,
}

impl Keypoints {
    /// Poses of the reference that belong to boxes over .30, and of those the keypoints it sees itself.
    fn compare(&mut self, ours: &[Pose], row: &Value) {
        let confidences = reference_boxes(row).into_iter().map(|r| r.1);
        for (pose, _) in row["poses"].as_array().unwrap().iter().zip(confidences).filter(|(_, confidence)| *confidence > 0.3) {
            let points = reference_points(pose);
            let Some(torso) = torso(&points, [5, 6, 11, 12]).filter(|t| *t > 10.0) else { continue };
            let off = |pose: &Pose| {
                let pairs = pose.keypoints.iter().zip(&points).filter(|(_, r)| r[3] >= 0.5);
                pairs.map(|(k, r)| (k.point().distance(Point::new(r[0], r[1])) / torso, (k.visibility - r[3]).abs())).collect::<Vec<_>>()
            };
            let mean = |pose: &&Pose| off(pose).iter().map(|(d, _)| d).sum::<f32>();
            match ours.iter().min_by(|a, b| mean(a).total_cmp(&mean(b))) {
                Some(nearest) => {
                    self.errors.extend(off(nearest).iter().map(|(d, _)| d));
                    self.visibility.extend(off(nearest).iter().map(|(_, v)| v));
                }
                None => self.missed += 1,
            }
        }
    }

    fn says(&mut self) -> String {
        if self.errors.is_empty() {
            return "-".into();
        }
        let [median, p95] = [0.5, 0.95].map(|at| quantile(&mut self.errors, at) * 100.0);
        format!("median {median:.2}, p95 {p95:.2}, visibility p95 {:.4}", quantile(&mut self.visibility, 0.95))
    }

    fn hold(&mut self, name: &str) {
        let [median, p95] = [0.5, 0.95].map(|at| quantile(&mut self.errors, at) * 100.0);
        assert!(self.errors.is_empty() || median <= 1.0 && p95 <= 2.0 && self.missed == 0, "{name}: {}", self.says());
    }
}

fn reference_points(pose: &Value) -> Vec<[f32; 4]> {
    let number_or_none = |v: &Value| if v.is_null() { 0.0 } else { number(v) };
    pose["keypoints"].as_array().unwrap().iter().map(|p| [0, 1, 2, 3].map(|i| number_or_none(&p[i]))).collect()
}

/// From the middle of the shoulders to the middle of the hips.
fn torso(points: &[[f32; 4]], [a, b, c, d]: [usize; 4]) -> Option<f32> {
    let middle = |a: &[f32; 4], b: &[f32; 4]| Point::new((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0);
    let (shoulders, hips) = (middle(points.get(a)?, points.get(b)?), middle(points.get(c)?, points.get(d)?));
    Some(shoulders.distance(hips))
}

#[test]
fn poses_are_those_of_mediapipe() {
    let Some(models) = models(&[]) else { return };
    for clip in ["squats_portrait_720x1280_5fps.mp4", "pose_single_576x576.mp4", "fencing_footwork_advance_vfr.mov"] {
        let stem = clip.split('.').next().unwrap();
        let (Some(rows), Some(frames)) = (golden(&format!("{stem}__mediapipe_full_raw")), frames(clip)) else { return };
        let mut estimator = models.catalog.pose(&ModelChoice::Default).unwrap().unwrap();
        let (mut errors, mut depth, mut missed, mut extra) = (vec![], vec![], 0, 0);
        let (mut clock, mut ids) = (Clock::default(), BTreeSet::new());
        for (index, frame) in frames.enumerate() {
            let poses = clock.time(|| estimator.estimate(&frame, &[], 1)).unwrap();
            ids.extend(poses.iter().map(|p| p.track_id));
            match (rows.get(&index).and_then(|row| row["poses"].as_array()?.first().map(reference_points)), poses.first()) {
                (Some(reference), Some(pose)) => {
                    let torso = torso(&reference, [11, 12, 23, 24]).unwrap();
                    for (r, k) in reference.iter().zip(&pose.keypoints) {
                        errors.push(k.point().distance(Point::new(r[0], r[1])) / torso);
                        depth.push((k.z.unwrap() - r[2]).abs() / torso);
                        assert!((k.visibility - r[3]).abs() < 0.3, "{clip} {index}: {k:?} for {r:?}");
                    }
                }
                (Some(_), None) => missed += 1,
                (None, ours) => extra += usize::from(ours.is_some()),
            }
        }
        let [median, p95, z] = [quantile(&mut errors, 0.5), quantile(&mut errors, 0.95), quantile(&mut depth, 0.95)].map(|v| v * 100.0);
        let (tracks, all) = (ids.len(), clock.0.len());
        print!("{clip:32} {all} frames, missed {missed}, extra {extra}, {tracks} tracks; of the torso ");
        println!("median {median:.2} %, p95 {p95:.2} %, z p95 {z:.2} %; {}", clock.says());
        assert!(median <= 2.0 && p95 <= 5.0, "{clip}: median {median}, p95 {p95}");
        assert!(missed * 50 <= all, "{clip}: {missed} frames have no pose");
    }
}
