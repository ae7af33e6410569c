//! Poses of all persons in one look at the frame: object models whose boxes come with keypoints.

use crate::frame::RgbFrame;
use crate::pose::{Pose, Skeleton};
use crate::vision::detect_options::DetectOptions;
use crate::vision::engine_error::EngineError;
use crate::vision::objects::{ObjectModel, Objects};

/// The overlap of two persons' boxes that Ultralytics takes for one person.
const SAME: f32 = 0.7;

pub struct WholeFrame {
    objects: Objects,
}

impl WholeFrame {
    pub fn new(model: &ObjectModel) -> Result<Self, EngineError> {
        Ok(Self { objects: Objects::new(model)? })
    }

    /// The surest first.
    pub fn estimate(&mut self, frame: &RgbFrame, max_poses: usize) -> Result<Vec<Pose>, EngineError> {
        if max_poses == 0 {
            return Ok(Vec::new());
        }
        self.objects.start(frame)?;
        let found = self.objects.finish(&DetectOptions { iou: SAME, max_detections: max_poses, ..DetectOptions::default() })?;
        let mut poses = Vec::with_capacity(found.len());
        for (candidate, _) in found {
            if let Some(keypoints) = self.objects.keypoints(&candidate)? {
                let score = candidate.score.clamp(0.0, 1.0);
                poses.push(Pose { track_id: None, skeleton: Skeleton::Coco17, score, keypoints });
            }
        }
        Ok(poses)
    }
}
