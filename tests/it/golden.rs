//! Pictures as they should look, in `tests/golden`. After a change that is meant:
//! `UPDATE_GOLDEN=1 cargo test --test it golden`, then look at each before it is committed. A picture that differs is
//! written under `target/golden` to be looked at.

use std::path::{Path, PathBuf};

use sightline::annotate::{Annotator, HiddenKeypoints, Style};
use sightline::detection::Detection;
use sightline::frame::RgbFrame;
use sightline::geometry::{BBox, Size};
use sightline::options::Blur;
use sightline::pose::{Keypoint, Pose, Skeleton};
use sightline::zones::{Watch, ZonePlan};

/// A channel may differ by this: rounding of floats is not the same everywhere.
const TOLERANCE: u8 = 2;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a picture with the golden one of this name.
fn matches_golden(name: &str, picture: &RgbFrame) {
    let golden = folder("tests/golden").join(name).with_extension("png");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return write(&golden, picture);
    }
    let expected = read(&golden);
    let apart = |(a, b): (&u8, &u8)| a.abs_diff(*b) > TOLERANCE;
    let same = expected.size() == picture.size() && !expected.data().iter().zip(picture.data()).any(apart);
    if !same {
        let new = folder("target/golden").join(name).with_extension("png");
        write(&new, picture);
        panic!("{} is not {}: look at both; if the new one is right: UPDATE_GOLDEN=1", new.display(), golden.display());
    }
}

fn write(path: &Path, picture: &RgbFrame) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), picture.width() as u32, picture.height() as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().unwrap().write_image_data(picture.data()).unwrap();
}

fn read(path: &Path) -> RgbFrame {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    RgbFrame::new(Size::new(info.width, info.height), data).unwrap()
}

/// Coarse tiles of dim colours, lighter to the right: something to draw on, and to be seen through what is translucent.
fn scene(size: Size) -> RgbFrame {
    let tile = (size.width / 16).max(1) as usize;
    let (width, height) = (size.width as usize, size.height as usize);
    let pixel = |x: usize, y: usize| {
        let light = (40 + x * 120 / width) as u8;
        let shade = if (x / tile + y / tile).is_multiple_of(2) { 0 } else { 24 };
        [light + shade, light + shade, light + 30]
    };
    RgbFrame::new(size, (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()).unwrap()
}

/// A part of a picture.
fn cut(frame: &RgbFrame, left: usize, top: usize, size: Size) -> RgbFrame {
    let rows = (top..top + size.height as usize).flat_map(|y| &frame.row(y)[left * 3..(left + size.width as usize) * 3]);
    RgbFrame::new(size, rows.copied().collect()).unwrap()
}

/// A box whose corners are hundredths of the frame.
fn found(size: Size, label: &str, confidence: f32, corners: [f32; 4], track_id: Option<u32>) -> Detection {
    let (w, h) = (size.width as f32 / 100.0, size.height as f32 / 100.0);
    let bbox = BBox::new(corners[0] * w, corners[1] * h, corners[2] * w, corners[3] * h);
    let class_id = label.len();
    Detection { class_id, label: label.into(), confidence, bbox, track_id }
}

/// Boxes at all edges, a crowd, names of any length.
fn street(size: Size) -> Vec<Detection> {
    vec![
        found(size, "person", 0.97, [-5.0, -5.0, 14.0, 40.0], Some(1)),
        found(size, "traffic light", 0.55, [86.0, -2.0, 104.0, 30.0], None),
        found(size, "car", 0.88, [70.0, 70.0, 103.0, 104.0], Some(12)),
        found(size, "велосипед", 0.41, [-3.0, 75.0, 25.0, 103.0], None),
        found(size, "person", 0.93, [40.0, 30.0, 50.0, 80.0], Some(2)),
        found(size, "person", 0.81, [44.0, 31.0, 54.0, 82.0], Some(3)),
        found(size, "person", 0.72, [48.0, 29.0, 58.0, 79.0], Some(4)),
        found(size, "handbag", 0.33, [49.0, 50.0, 54.0, 60.0], None),
        found(size, "a label that is far longer than anybody could ever want to read", 0.5, [22.0, 12.0, 34.0, 24.0], None),
    ]
}

fn drawn(style: Style, size: Size, detections: &[Detection], poses: &[Pose]) -> RgbFrame {
    let (mut annotator, mut frame) = (Annotator::new(style), scene(size));
    annotator.observe(size, 0, detections, poses);
    annotator.draw(&mut frame, detections, poses);
    frame
}

/// One who stands with the arms out, seen from the front, `height` pixels high, with the nose at `x`, `y`.
fn standing(skeleton: Skeleton, x: f32, y: f32, height: f32) -> Pose {
    let half = [(15, 8), (35, 11), (85, 90), (150, 180), (230, 130), (50, 270), (55, 400), (58, 530)];
    let at = |name: &str| {
        let part = ["eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"].iter().position(|p| name.ends_with(p));
        let side = if name.starts_with("left") { 1.0 } else { -1.0 };
        part.map_or((0.0, 20.0), |i| (half[i].0 as f32 * side, if i < 2 { 20.0 - half[i].1 as f32 } else { half[i].1 as f32 }))
    };
    let seen = |name: &str| if name.contains("right_wrist") { 0.3 } else { 0.95 };
    let point = |name: &&str| {
        let (dx, dy) = at(name);
        Keypoint { x: x + dx * height / 560.0, y: y + dy * height / 560.0, z: None, visibility: seen(name) }
    };
    Pose { track_id: None, skeleton, score: 0.9, keypoints: skeleton.names().iter().map(point).collect() }
}

#[test]
fn boxes_and_labels_on_a_small_picture() {
    let size = Size::new(320, 240);
    matches_golden("boxes_320x240", &drawn(Style::default(), size, &street(size), &[]));
}

#[test]
fn boxes_and_labels_on_a_usual_picture() {
    let size = Size::new(1280, 720);
    matches_golden("boxes_1280x720", &drawn(Style::default(), size, &street(size), &[]));
}

#[test]
fn boxes_and_labels_on_a_large_picture() {
    let size = Size::new(3840, 2160);
    let frame = drawn(Style::default(), size, &street(size), &[]);
    matches_golden("boxes_3840x2160_edge", &cut(&frame, 0, 0, Size::new(600, 480)));
    matches_golden("boxes_3840x2160_crowd", &cut(&frame, 1440, 500, Size::new(860, 480)));
}

#[test]
fn labels_in_a_crowd() {
    let size = Size::new(640, 360);
    let person = |i: u32| {
        let (x, y) = (20.0 + (i % 7) as f32 * 6.0, 30.0 + (i / 7) as f32 * 4.0);
        found(size, "person", 0.95 - i as f32 * 0.02, [x, y, x + 5.0, y + 30.0], None)
    };
    matches_golden("crowd", &drawn(Style::default(), size, &(0..21).map(person).collect::<Vec<_>>(), &[]));
}

#[test]
fn left_and_right_of_a_skeleton() {
    let size = Size::new(640, 360);
    let poses = [standing(Skeleton::Coco17, 180.0, 60.0, 280.0), standing(Skeleton::Coco17, 460.0, 200.0, 90.0)];
    matches_golden("skeletons", &drawn(Style { hidden: HiddenKeypoints::Fade, ..Style::default() }, size, &[], &poses));
}

#[test]
fn trails_behind_tracks() {
    let size = Size::new(640, 360);
    let (mut annotator, mut frame) = (Annotator::default(), scene(size));
    let at = |i: i64| {
        let share = i as f32 / 45.0;
        let wave = (share * 7.0).sin() * 8.0;
        vec![
            found(size, "person", 0.9, [5.0 + 60.0 * share, 30.0 + wave, 13.0 + 60.0 * share, 70.0 + wave], Some(1)),
            found(size, "person", 0.8, [80.0 - 30.0 * share, 45.0, 88.0 - 30.0 * share, 92.0], Some(2)),
            found(size, "bicycle", 0.7, [90.0, 10.0 + 20.0 * share, 98.0, 25.0 + 20.0 * share], Some(5)),
        ]
    };
    (0..=45).for_each(|i| annotator.observe(size, i * 33_333, &at(i), &[]));
    annotator.draw(&mut frame, &at(45), &[]);
    matches_golden("trails", &frame);
}

#[test]
fn a_heat_map_of_where_persons_stood() {
    let size = Size::new(640, 360);
    let mut annotator = Annotator::new(Style { heatmap: true, ..Style::default() });
    for i in 0..300i64 {
        let share = i as f32 / 300.0;
        let walker = found(size, "person", 0.9, [80.0 * share, 30.0, 8.0 + 80.0 * share, 60.0 + 20.0 * share], None);
        let waiting = found(size, "person", 0.9, [68.0, 10.0, 76.0, 45.0], None);
        annotator.observe(size, i * 40_000, &[walker, waiting], &[]);
    }
    let mut frame = scene(size);
    annotator.draw(&mut frame, &[], &[]);
    matches_golden("heat", &frame);
}

/// Two areas, one of them with a notch, and two lines, with somebody in them.
const PLACES: &str = r#"{
    "zones": [
        {"name": "entrance", "points": [[0.05, 0.3], [0.3, 0.25], [0.32, 0.9], [0.18, 0.7], [0.04, 0.92]]},
        {"name": "till", "points": [[0.62, 0], [0.98, 0], [0.98, 0.25], [0.62, 0.3]]}
    ],
    "lines": [{"name": "gate", "points": [[0.36, 0.86], [0.9, 0.6]]}, {"name": "kerb", "points": [[0.52, 0.95], [0.45, 0.05]]}]
}"#;

#[test]
fn zones_and_lines_on_pictures_of_every_size() {
    let plan = ZonePlan::parse(PLACES).unwrap().unwrap();
    for (width, height) in [(320, 240), (1280, 720), (3840, 2160)] {
        let size = Size::new(width, height);
        let (mut annotator, mut watch, mut frame) = (Annotator::default(), Watch::new(&plan, size), scene(size));
        annotator.place(&plan, size);
        let mut last = Vec::new();
        for i in 0..12i64 {
            let walked = 4.0 * i as f32;
            last = vec![
                found(size, "person", 0.9, [10.0, 20.0, 18.0, 60.0], Some(1)),
                found(size, "person", 0.8, [20.0, 30.0, 28.0, 55.0], Some(2)),
                found(size, "bicycle", 0.7, [48.0 + walked / 2.0, 50.0 - walked, 60.0 + walked / 2.0, 90.0 - walked], Some(3)),
            ];
            annotator.observe(size, i * 40_000, &last, &[]);
            annotator.observe_places(&watch.observe(i * 40_000, &last));
        }
        annotator.draw(&mut frame, &last, &[]);
        match width {
            3840 => matches_golden("zones_3840x2160_gate", &cut(&frame, 1960, 1330, Size::new(860, 480))),
            _ => matches_golden(&format!("zones_{width}x{height}"), &frame),
        }
    }
}

/// A face of sorts where the pose's head is, which the blur must take away.
fn with_face(mut frame: RgbFrame, pose: &Pose) -> RgbFrame {
    let width = frame.width();
    let nose = pose.keypoints[0];
    let ear = (pose.keypoints[3].x - pose.keypoints[4].x).abs();
    for (i, pixel) in frame.data_mut().chunks_exact_mut(3).enumerate() {
        let (dx, dy) = ((i % width) as f32 - nose.x, (i / width) as f32 - nose.y + ear * 0.15);
        if (dx / ear).hypot(dy / ear * 0.75) < 0.55 {
            let striped = (dy / ear * 12.0) as i32 % 2 == 0 || (dx / ear * 12.0) as i32 % 3 == 0;
            pixel.copy_from_slice(if striped { &[40, 20, 10] } else { &[230, 180, 150] });
        }
    }
    frame
}

#[test]
fn faces_and_persons_that_nobody_recognises() {
    let size = Size::new(640, 360);
    let poses = [standing(Skeleton::Coco17, 150.0, 90.0, 240.0), standing(Skeleton::Coco17, 420.0, 70.0, 140.0)];
    let detections =
        [found(size, "person", 0.9, [7.0, 14.0, 40.0, 95.0], None), found(size, "person", 0.8, [80.0, 20.0, 95.0, 90.0], None)];
    for (name, blur) in [("blur_faces", Blur::Faces), ("blur_persons", Blur::Persons)] {
        let mut annotator = Annotator::new(Style { blur, ..Style::default() });
        let mut frame = poses.iter().fold(scene(size), with_face);
        annotator.observe(size, 0, &detections, &poses);
        annotator.draw(&mut frame, &detections, &[]);
        matches_golden(name, &frame);
    }
}
