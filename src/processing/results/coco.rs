//! Detections and poses in COCO's JSON format: an image a frame, an annotation a detection or pose.
//!
//! Poses have COCO's 17 keypoints, whatever their model gave; a keypoint is "visible" from half visibility on and
//! "labelled" below. Source: <https://cocodataset.org/#format-data>

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::partial::Partial;
use super::{Ending, FrameSink};
use crate::detection::Detection;
use crate::geometry::{BBox, Size, rounded};
use crate::pipeline::result::FrameResult;
use crate::pose::{Pose, Skeleton};

/// From this visibility on a keypoint counts as seen.
const SEEN: f32 = 0.5;

pub struct Coco {
    size: Size,
    /// Holds the images while they come; `annotations` waits beside it for their end.
    file: Partial,
    annotations: Partial,
    images: u64,
    written: u64,
    labels: BTreeMap<usize, Arc<str>>,
    poses: bool,
}

#[derive(Serialize)]
struct Image {
    id: u64,
    width: u32,
    height: u32,
    file_name: String,
    pts_us: i64,
}

#[derive(Serialize)]
struct Annotation {
    id: u64,
    image_id: u64,
    category_id: usize,
    /// Left, top, width, height.
    bbox: [f64; 4],
    area: f64,
    iscrowd: u8,
    score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    track_id: Option<u32>,
    #[serde(flatten)]
    keypoints: Option<Keypoints>,
}

#[derive(Serialize)]
struct Keypoints {
    /// x, y and 2 (visible), 1 (labelled) or 0 (not there), 17 times.
    keypoints: Vec<f64>,
    num_keypoints: usize,
}

#[derive(Serialize)]
struct Category<'a> {
    id: usize,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    keypoints: Option<&'static [&'static str]>,
    /// Pairs of keypoints, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    skeleton: Option<Vec<[usize; 2]>>,
}

impl Coco {
    /// `size` is that of the displayed picture.
    pub fn create(path: &Path, size: Size) -> io::Result<Self> {
        let mut file = Partial::create(path)?;
        write!(file.file, "{{\"info\":{{\"description\":\"Sightline\",\"version\":\"1\"}},\n\"images\":[")?;
        let annotations = Partial::create(&path.with_extension("annotations"))?;
        Ok(Self { size, file, annotations, images: 0, written: 0, labels: BTreeMap::new(), poses: false })
    }

    fn detection(&mut self, image_id: u64, detection: &Detection) -> io::Result<()> {
        self.labels.entry(detection.class_id).or_insert_with(|| Arc::clone(&detection.label));
        self.annotation(image_id, detection.class_id, &detection.bbox, detection.confidence, detection.track_id, None)
    }

    fn pose(&mut self, image_id: u64, pose: &Pose) -> io::Result<()> {
        self.poses = true;
        let coco = pose.to_coco17();
        let mut values = Vec::with_capacity(3 * coco.keypoints.len());
        for k in &coco.keypoints {
            let there = k.x.is_finite() && k.y.is_finite() && k.visibility > 0.0;
            let flag = if !there {
                0.0
            } else if k.visibility >= SEEN {
                2.0
            } else {
                1.0
            };
            values.extend(if there { [rounded(k.x, 2), rounded(k.y, 2), flag] } else { [0.0; 3] });
        }
        let num_keypoints = values.chunks(3).filter(|k| k[2] > 0.0).count();
        let Some(bbox) = coco.bbox(0.0) else { return Ok(()) };
        let keypoints = Some(Keypoints { keypoints: values, num_keypoints });
        self.annotation(image_id, POSE_CATEGORY, &bbox, pose.score, pose.track_id, keypoints)
    }

    fn annotation(
        &mut self,
        image_id: u64,
        category_id: usize,
        bbox: &BBox,
        score: f32,
        track_id: Option<u32>,
        keypoints: Option<Keypoints>,
    ) -> io::Result<()> {
        let sides = [bbox.x1, bbox.y1, bbox.width(), bbox.height()].map(|v| rounded(v, 2));
        let area = rounded(bbox.area(), 2);
        let id = self.written + 1;
        let annotation =
            Annotation { id, image_id, category_id, bbox: sides, area, iscrowd: 0, score: rounded(score, 4), track_id, keypoints };
        separated(&mut self.annotations, self.written, &annotation)?;
        self.written = id;
        Ok(())
    }
}

/// The category of poses; detectors count their classes from 0.
const POSE_CATEGORY: usize = 100_000;

impl FrameSink for Coco {
    fn frame(&mut self, result: &FrameResult) -> io::Result<()> {
        let image = Image {
            id: result.frame,
            width: self.size.width,
            height: self.size.height,
            file_name: format!("{:06}.jpg", result.frame),
            pts_us: result.pts_us,
        };
        separated(&mut self.file, self.images, &image)?;
        self.images += 1;
        result.detections.iter().try_for_each(|d| self.detection(result.frame, d))?;
        result.poses.iter().try_for_each(|p| self.pose(result.frame, p))
    }

    fn finish(self: Box<Self>, _: &Ending) -> io::Result<()> {
        let mut file = self.file;
        write!(file.file, "],\n\"annotations\":[")?;
        self.annotations.pour_into(&mut file.file)?;
        let mut categories: Vec<Category<'_>> =
            self.labels.iter().map(|(id, name)| Category { id: *id, name, keypoints: None, skeleton: None }).collect();
        if self.poses {
            let bones = Skeleton::Coco17.bones().iter().map(|(a, b)| [a + 1, b + 1]).collect();
            let names = Skeleton::Coco17.names();
            categories.push(Category { id: POSE_CATEGORY, name: "person pose", keypoints: Some(names), skeleton: Some(bones) });
        }
        write!(file.file, "],\n\"categories\":")?;
        serde_json::to_writer(&mut file.file, &categories)?;
        file.file.write_all(b"}\n")?;
        file.finish()
    }
}

/// Writes an element of a list of which `before` are there.
fn separated(partial: &mut Partial, before: u64, value: &impl Serialize) -> io::Result<()> {
    partial.file.write_all(if before == 0 { b"\n" } else { b",\n" })?;
    Ok(serde_json::to_writer(&mut partial.file, value)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::Keypoint;
    use crate::processing::results::tests::{detection, frame, written};
    use serde_json::Value;

    #[test]
    fn images_annotations_and_categories_refer_to_each_other() {
        let keypoints = (0..33).map(|i| Keypoint { x: 10.0 + i as f32, y: 20.0, z: None, visibility: if i == 0 { 0.2 } else { 0.9 } });
        let pose = Pose { track_id: None, skeleton: Skeleton::BlazePose33, score: 0.8, keypoints: keypoints.collect() };
        let mut second = frame(1, 40_000, vec![detection("car", [1.0, 2.0, 4.0, 6.0])]);
        second.poses.push(pose);
        let text = written(|path| Box::new(Coco::create(path, Size::new(64, 48)).unwrap()), &[frame(0, 0, vec![]), second]);
        let coco: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(coco["images"][1], serde_json::json!({"id":1,"width":64,"height":48,"file_name":"000001.jpg","pts_us":40000}));
        let boxed = &coco["annotations"][0];
        assert_eq!(boxed["bbox"], serde_json::json!([1.0, 2.0, 3.0, 4.0]));
        assert_eq!((boxed["image_id"].as_u64(), boxed["area"].as_f64()), (Some(1), Some(12.0)));
        let posed = &coco["annotations"][1];
        assert_eq!(posed["keypoints"].as_array().unwrap().len(), 51);
        assert_eq!((posed["keypoints"][2].as_f64(), posed["keypoints"][5].as_f64()), (Some(1.0), Some(2.0)), "labelled, visible");
        assert_eq!(posed["category_id"], coco["categories"][1]["id"]);
        assert_eq!(coco["categories"][0]["name"], "car");
    }

    #[test]
    fn a_video_without_anything_in_it_is_an_empty_list() {
        let text = written(|path| Box::new(Coco::create(path, Size::new(64, 48)).unwrap()), &[frame(0, 0, vec![])]);
        let coco: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(coco["annotations"], serde_json::json!([]));
        assert_eq!(coco["categories"], serde_json::json!([]));
    }
}
