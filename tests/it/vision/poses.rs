//! Persons and their poses in real clips, by BlazePose.

use std::collections::{BTreeMap, BTreeSet};

use sightline::geometry::BBox;
use sightline::options::ModelChoice;
use sightline::pose::Pose;
use sightline::vision::DetectOptions;

use super::{Clock, check, frames, golden, models, quantile, reference_boxes};

#[test]
fn many_persons_are_followed() {
    let Some(models) = models(&["yolox_nano.onnx"]) else { return };
    for (clip, most, aided) in [
        ("people_walking_street_720p.mp4", 5, false),
        ("people_walking_street_720p.mp4", 12, true),
        ("fencing_broadcast_720p.mp4", 2, true),
        ("two_persons_indoor_1080p.mp4", 5, true),
        ("pedestrians_highview_1080p.mp4", 5, true),
    ] {
        let Some(frames) = frames(clip) else { return };
        let mut detector = models.catalog.detector(&ModelChoice::Default).unwrap().unwrap();
        let mut estimator = models.catalog.pose(&ModelChoice::Default).unwrap().unwrap();
        let options = DetectOptions { classes: Some(vec![0]), ..DetectOptions::default() };
        let (mut clock, mut poses_seen, mut boxes_seen) = (Clock::default(), 0, 0);
        let mut ids: BTreeMap<u32, usize> = BTreeMap::new();
        for frame in frames.take(30) {
            let detections = if aided { detector.detect(&frame, &options).unwrap() } else { vec![] };
            let persons: Vec<BBox> = detections.iter().map(|d| d.bbox).collect();
            let poses = clock.time(|| estimator.estimate(&frame, &persons, most)).unwrap();
            assert!(poses.len() <= most);
            check_poses(&poses);
            poses.iter().for_each(|p| *ids.entry(p.track_id.unwrap()).or_default() += 1);
            (poses_seen, boxes_seen) = (poses_seen + poses.len(), boxes_seen + persons.len());
        }
        let each = |sum: usize| sum as f64 / clock.0.len() as f64;
        let (boxes, poses, long) = (each(boxes_seen), each(poses_seen), ids.values().filter(|n| **n > 10).count());
        let tracks = ids.len();
        print!("{clip:32} {boxes:4.1} boxes, {poses:4.1} of at most {most} poses a frame, ");
        println!("{tracks} tracks, {long} longer than 10 frames; {}", clock.says());
        assert!(poses_seen > clock.0.len(), "{clip}: less than one pose a frame");
    }
}

pub fn check_poses(poses: &[Pose]) {
    let ids: BTreeSet<_> = poses.iter().map(|p| p.track_id.unwrap()).collect();
    assert_eq!(ids.len(), poses.len());
    let all = |pose: &Pose| pose.keypoints.iter().all(|k| k.x.is_finite() && k.y.is_finite() && (0.0..=1.0).contains(&k.visibility));
    let whole = |pose: &Pose| pose.keypoints.len() == 33 && (0.5..=1.0).contains(&pose.score) && all(pose);
    assert!(poses.iter().all(whole), "{poses:?}");
}

#[test]
fn persons_are_found_without_an_object_model() {
    let Some(models) = models(&[]) else { return };
    let notices = models.catalog.notices();
    assert!(notices.len() == 1 && notices[0].starts_with("yolox-nano") && notices[0].ends_with("https://example.org/yolox_nano.onnx"));
    let mut detector = models.catalog.detector(&ModelChoice::Default).unwrap().unwrap();
    assert_eq!((detector.name(), &*detector.labels().get(0)), ("blazepose-person", "person"));
    let Some(rows) = golden("people_walking_street_720p__yolov8n_int8") else { return };
    let Some(frames) = frames("people_walking_street_720p.mp4") else { return };
    let (mut found, mut overlap, mut clock) = (0, vec![], Clock::default());
    for (index, frame) in frames.enumerate() {
        let Some(row) = rows.get(&index) else { continue };
        let ours = clock.time(|| detector.detect(&frame, &DetectOptions::default())).unwrap();
        check(&ours, frame.size(), &DetectOptions::default());
        found += ours.len();
        let reference: Vec<_> = reference_boxes(row).into_iter().filter(|r| r.0 == 0).collect();
        overlap.extend(ours.iter().map(|d| reference.iter().map(|r| r.2.iou(&d.bbox)).fold(0.0, f32::max)));
    }
    let (each, median) = (found as f64 / clock.0.len() as f64, quantile(&mut overlap, 0.5));
    println!("blazepose-person: {each:.1} persons a frame, median IoU with YOLOv8n {median:.2}; {}", clock.says());
    assert!(found >= clock.0.len() && median > 0.6);
}
