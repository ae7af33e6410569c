//! Poses by a model that reads one person from a square: MoveNet (TensorFlow Hub, "MoveNet.SinglePose", model card 2021).

use crate::frame::RgbFrame;
use crate::geometry::BBox;
use crate::pose::{Pose, Skeleton};
use crate::vision::blazepose::roi::Roi;
use crate::vision::blazepose::warp::{Border, Warp};
use crate::vision::engine_error::EngineError;
use crate::vision::heads::keypoints;
use crate::vision::network::{Inference, Network};

/// A person's square is this much larger than their box, as in MoveNet's own cropping.
const AROUND_BOX: f32 = 1.25;
/// Keypoints are believed from here on (`MIN_CROP_KEYPOINT_SCORE`); a pose whose mean is below is of nobody.
const SEEN: f32 = 0.2;

#[derive(Clone)]
pub struct SinglePoseModel {
    pub network: Network,
    /// Of the model's square, in pixels.
    pub side: usize,
}

pub struct SinglePose {
    inference: Inference,
    warp: Warp,
}

impl SinglePose {
    pub fn new(model: &SinglePoseModel) -> Result<Self, EngineError> {
        let warp = Warp::new(model.side, Border::Black, 0.0, 255.0);
        Ok(Self { inference: model.network.inference()?, warp })
    }

    /// A pose for each of the first boxes, or one from the whole frame where there are none.
    pub fn estimate(&mut self, frame: &RgbFrame, persons: &[BBox], max_poses: usize) -> Result<Vec<Pose>, EngineError> {
        let whole = [Roi::whole(frame.size())];
        let squares: Vec<Roi> = match persons {
            [] => whole.to_vec(),
            persons => persons.iter().map(|person| Roi::around(person, AROUND_BOX)).collect(),
        };
        let mut poses = Vec::new();
        for square in squares.iter().filter(|square| square.is_usable()).take(max_poses) {
            poses.extend(self.read(frame, square)?);
        }
        Ok(poses)
    }

    fn read(&mut self, frame: &RgbFrame, square: &Roi) -> Result<Option<Pose>, EngineError> {
        self.warp.write(frame, square, self.inference.input()?);
        self.inference.run()?;
        let Some(keypoints) = keypoints::of_square(self.inference.output(0)?, square) else { return Ok(None) };
        let score = keypoints.iter().map(|k| k.visibility).sum::<f32>() / keypoints.len() as f32;
        Ok((score >= SEEN).then_some(Pose { track_id: None, skeleton: Skeleton::Coco17, score, keypoints }))
    }
}
