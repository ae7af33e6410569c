//! Frames that no detector saw, from the command line.

use std::path::Path;

use serde_json::Value;
use sightline::geometry::BBox;

use crate::command_line::sightline;
use crate::{clips, scratch, vision};

/// The results of an analysis without poses, a value a frame.
fn analyzed(clip: &Path, options: &[&str]) -> Vec<Value> {
    let folder = scratch::folder("every-");
    let arguments = ["analyze", clip.to_str().unwrap(), "--no-video", "--pose", "none", "--jsonl", "r.jsonl"];
    let output = sightline(folder.path(), &[&arguments[..], options].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.path().join("r.jsonl")).unwrap();
    text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_frame_is_told_at_its_time_and_those_in_between_are_marked() {
    let (all, some) = (analyzed(&clips::faststart(), &[]), analyzed(&clips::faststart(), &["--detect-every", "8"]));
    assert_eq!(some.len() as u64, clips::FRAMES);
    for (index, (frame, same)) in some.iter().zip(&all).enumerate() {
        assert_eq!((&frame["frame"], &frame["pts_us"]), (&same["frame"], &same["pts_us"]));
        // The last frame has none after it to be between.
        let seen = index % 8 == 0 || index as u64 == clips::FRAMES - 1;
        assert_eq!(frame["interpolated"], if seen { Value::Null } else { true.into() }, "frame {index}");
        assert_eq!(same["interpolated"], Value::Null);
    }
}

#[test]
fn who_is_to_be_hidden_is_looked_for_in_every_frame() {
    let frames = analyzed(&clips::short(), &["--detect-every", "8", "--blur", "persons"]);
    assert!(frames.iter().all(|frame| frame["interpolated"].is_null()));
}

#[test]
fn boxes_in_between_are_where_the_detector_would_have_seen_them() {
    let Some(clip) = vision::shared("videos/fencing_broadcast_720p.mp4") else { return };
    let boxes = |frame: &Value| -> Vec<BBox> {
        let number = |v: &Value| v.as_f64().unwrap() as f32;
        let persons = frame["detections"].as_array().unwrap().iter().filter(|d| d["label"] == "person");
        persons.map(|d| &d["bbox"]).map(|b| BBox::new(number(&b[0]), number(&b[1]), number(&b[2]), number(&b[3]))).collect()
    };
    let (all, some) = (analyzed(&clip, &[]), analyzed(&clip, &["--detect-every", "3"]));
    let (mut count, mut kept) = (0, 0);
    for (seen, between) in all.iter().zip(&some).filter(|(_, between)| between["interpolated"] == true) {
        let between = boxes(between);
        for bbox in boxes(seen) {
            (count, kept) = (count + 1, kept + usize::from(between.iter().any(|b| b.iou(&bbox) >= 0.8)));
        }
    }
    println!("{kept} of {count} boxes are kept in frames that no detector saw");
    assert!(count > 250 && kept * 100 >= count * 88, "{kept} of {count}");
}
