//! Reads the poses of the persons in a frame, by whichever model.

use std::sync::Arc;

use crate::frame::RgbFrame;
use crate::geometry::BBox;
use crate::pose::Pose;
use crate::vision::VisionError;
use crate::vision::blazepose::estimator::{BlazePoseModel, Estimator};
use crate::vision::engine_error::EngineError;
use crate::vision::objects::ObjectModel;
use crate::vision::single_pose::{SinglePose, SinglePoseModel};
use crate::vision::stopwatch::Stopwatch;
use crate::vision::whole_frame::WholeFrame;

/// One session's poses. Frames must come in order; a frame of another size begins anew.
pub struct PoseEstimator {
    name: Arc<str>,
    kind: Kind,
    watch: Arc<Stopwatch>,
}

enum Kind {
    BlazePose(Box<Estimator>),
    WholeFrame(Box<WholeFrame>),
    SinglePose(Box<SinglePose>),
}

impl PoseEstimator {
    pub(super) fn blazepose(name: Arc<str>, model: &BlazePoseModel) -> Result<Self, EngineError> {
        Ok(Self { name, kind: Kind::BlazePose(Box::new(Estimator::new(model)?)), watch: Arc::default() })
    }

    pub(super) fn whole_frame(name: Arc<str>, model: &ObjectModel) -> Result<Self, EngineError> {
        Ok(Self { name, kind: Kind::WholeFrame(Box::new(WholeFrame::new(model)?)), watch: Arc::default() })
    }

    pub(super) fn single_pose(name: Arc<str>, model: &SinglePoseModel) -> Result<Self, EngineError> {
        Ok(Self { name, kind: Kind::SinglePose(Box::new(SinglePose::new(model)?)), watch: Arc::default() })
    }

    /// The same, whose frames are timed together with those of other sessions.
    pub fn timed(self, watch: Arc<Stopwatch>) -> Self {
        Self { watch, ..self }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The poses of a frame. `persons` are the boxes of persons an object detector saw in this frame; there may be none.
    /// BlazePose gives them by track, the longest followed first, and follows without boxes whom it found once. A model that sees the
    /// whole frame gives the surest first and needs no boxes. One that reads a single person gives them in the order of the boxes.
    pub fn estimate(&mut self, frame: &RgbFrame, persons: &[BBox], max_poses: usize) -> Result<Vec<Pose>, VisionError> {
        let Self { kind, watch, .. } = self;
        let poses = watch.time(|| match kind {
            Kind::BlazePose(estimator) => estimator.estimate(frame, persons, max_poses),
            Kind::WholeFrame(estimator) => estimator.estimate(frame, max_poses),
            Kind::SinglePose(estimator) => estimator.estimate(frame, persons, max_poses),
        });
        poses.map_err(|cause| VisionError::Inference { model: self.name.to_string(), cause })
    }

    /// Steadies the poses that `estimate` has just given for the frame of this time, where the model follows persons: BlazePose.
    /// Once begun, it wants to see every frame.
    pub fn smooth(&mut self, pts_us: i64, poses: &mut [Pose]) {
        if let Kind::BlazePose(estimator) = &mut self.kind {
            estimator.smooth(pts_us, poses);
        }
    }
}
