//! A person's pose as keypoints, and the skeletons that give keypoints their names and bones.

use serde::{Serialize, Serializer};

use crate::geometry::{BBox, Point, rounded};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Skeleton {
    /// MediaPipe BlazePose GHUM, 33 keypoints (model card "BlazePose GHUM 3D", 2021).
    BlazePose33,
    /// COCO keypoints, 17 (cocodataset.org, keypoints 2017).
    Coco17,
}

/// Which half of the body a keypoint or bone belongs to, from the person's own point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
    Centre,
}

impl Skeleton {
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::BlazePose33 => &BLAZEPOSE_NAMES,
            Self::Coco17 => &COCO_NAMES,
        }
    }

    /// Pairs of keypoint indices that are joined by a line.
    pub fn bones(self) -> &'static [(usize, usize)] {
        match self {
            Self::BlazePose33 => &BLAZEPOSE_BONES,
            Self::Coco17 => &COCO_BONES,
        }
    }

    pub fn side(self, keypoint: usize) -> Side {
        match self.names().get(keypoint) {
            Some(name) if name.starts_with("left") || name.ends_with("left") => Side::Left,
            Some(name) if name.starts_with("right") || name.ends_with("right") => Side::Right,
            _ => Side::Centre,
        }
    }

    /// The side of a bone: of both its ends where they agree, else the centre.
    pub fn bone_side(self, bone: (usize, usize)) -> Side {
        let (a, b) = (self.side(bone.0), self.side(bone.1));
        if a == b { a } else { Side::Centre }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keypoint {
    /// Pixels of the frame.
    pub x: f32,
    pub y: f32,
    /// Depth relative to the hips, in pixels of the frame; models without depth have none.
    pub z: Option<f32>,
    /// 0..=1: how likely the point is in the picture and not hidden.
    pub visibility: f32,
}

impl Keypoint {
    pub fn point(&self) -> Point {
        Point::new(self.x, self.y)
    }
}

/// `[x, y, z|null, visibility]`.
impl Serialize for Keypoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (rounded(self.x, 2), rounded(self.y, 2), self.z.map(|z| rounded(z, 2)), rounded(self.visibility, 4)).serialize(serializer)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pose {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_id: Option<u32>,
    pub skeleton: Skeleton,
    /// 0..=1: how sure the model is that there is a person here.
    #[serde(serialize_with = "four_decimals")]
    pub score: f32,
    /// As many as `skeleton.names()`, in that order.
    pub keypoints: Vec<Keypoint>,
}

impl Pose {
    /// The same person with COCO's 17 keypoints, all of which BlazePose has under the same names.
    pub fn to_coco17(&self) -> Self {
        let names = self.skeleton.names();
        let point = |wanted: &&str| names.iter().position(|n| n == wanted).and_then(|i| self.keypoints.get(i)).copied();
        let absent = Keypoint { x: 0.0, y: 0.0, z: None, visibility: 0.0 };
        let keypoints = Skeleton::Coco17.names().iter().map(|name| point(name).unwrap_or(absent)).collect();
        Self { skeleton: Skeleton::Coco17, keypoints, ..self.clone() }
    }

    /// The smallest box around the keypoints that are at least this visible; none where fewer than two are.
    pub fn bbox(&self, min_visibility: f32) -> Option<BBox> {
        let mut seen = self.keypoints.iter().filter(|k| k.visibility >= min_visibility);
        let first = seen.next()?;
        let mut bbox = BBox::new(first.x, first.y, first.x, first.y);
        let mut count = 1;
        for k in seen {
            bbox = BBox { x1: bbox.x1.min(k.x), y1: bbox.y1.min(k.y), x2: bbox.x2.max(k.x), y2: bbox.y2.max(k.y) };
            count += 1;
        }
        (count > 1).then_some(bbox)
    }
}

fn four_decimals<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*value, 4))
}

const BLAZEPOSE_NAMES: [&str; 33] = [
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
];

const BLAZEPOSE_BONES: [(usize, usize); 35] = [
    (0, 1),
    (1, 2),
    (2, 3),
    (3, 7),
    (0, 4),
    (4, 5),
    (5, 6),
    (6, 8),
    (9, 10),
    (11, 12),
    (11, 13),
    (13, 15),
    (15, 17),
    (15, 19),
    (15, 21),
    (17, 19),
    (12, 14),
    (14, 16),
    (16, 18),
    (16, 20),
    (16, 22),
    (18, 20),
    (11, 23),
    (12, 24),
    (23, 24),
    (23, 25),
    (24, 26),
    (25, 27),
    (26, 28),
    (27, 29),
    (28, 30),
    (29, 31),
    (30, 32),
    (27, 31),
    (28, 32),
];

const COCO_NAMES: [&str; 17] = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
];

const COCO_BONES: [(usize, usize); 18] = [
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 4),
    (5, 6),
    (5, 7),
    (7, 9),
    (6, 8),
    (8, 10),
    (5, 11),
    (6, 12),
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
    (3, 5),
    (4, 6),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coco_keypoints_are_blazepose_keypoints_of_the_same_name() {
        let keypoints: Vec<_> = (0..33).map(|i| Keypoint { x: i as f32, y: 1.0, z: Some(2.0), visibility: 0.5 }).collect();
        let pose = Pose { track_id: Some(4), skeleton: Skeleton::BlazePose33, score: 0.9, keypoints };
        let coco = pose.to_coco17();
        let indices: Vec<usize> = coco.keypoints.iter().map(|k| k.x as usize).collect();
        assert_eq!(indices, [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]);
        assert_eq!(coco.to_coco17(), coco);
        assert_eq!((coco.track_id, coco.score), (Some(4), 0.9));
    }

    #[test]
    fn bones_join_keypoints_that_exist_and_sides_mirror() {
        for skeleton in [Skeleton::BlazePose33, Skeleton::Coco17] {
            let names = skeleton.names();
            assert!(skeleton.bones().iter().all(|&(a, b)| a < names.len() && b < names.len() && a != b));
            let count = |side| (0..names.len()).filter(|&i| skeleton.side(i) == side).count();
            assert_eq!(count(Side::Left), count(Side::Right));
            assert_eq!(count(Side::Centre), 1, "only the nose has no side");
        }
    }

    #[test]
    fn a_pose_reads_as_the_contract_says() {
        let keypoints =
            vec![Keypoint { x: 1.0, y: 2.5, z: None, visibility: 0.5 }, Keypoint { x: 4.0, y: 0.0, z: Some(-3.0), visibility: 0.9 }];
        let pose = Pose { track_id: Some(1), skeleton: Skeleton::BlazePose33, score: 0.98, keypoints };
        assert_eq!(
            serde_json::to_string(&pose).unwrap(),
            r#"{"track_id":1,"skeleton":"blazepose33","score":0.98,"keypoints":[[1.0,2.5,null,0.5],[4.0,0.0,-3.0,0.9]]}"#
        );
        assert_eq!(pose.bbox(0.1), Some(BBox::new(1.0, 0.0, 4.0, 2.5)));
        assert_eq!(pose.bbox(0.6), None);
    }
}
