//! Runs BlazePose's person finder (`pose_detection.tflite`) on a square of a frame.

use crate::frame::RgbFrame;
use crate::geometry::Point;
use crate::vision::blazepose::anchors::{INPUT, anchors};
use crate::vision::blazepose::roi::Roi;
use crate::vision::blazepose::sighting::{Sighting, merge, sightings};
use crate::vision::blazepose::warp::{Border, Warp};
use crate::vision::engine_error::EngineError;
use crate::vision::network::{Inference, Network};

/// A network with the places of its outputs.
#[derive(Clone)]
pub struct FinderModel {
    pub network: Network,
    pub boxes: usize,
    pub scores: usize,
}

pub struct Finder {
    inference: Inference,
    boxes: usize,
    scores: usize,
    anchors: Vec<Point>,
    warp: Warp,
}

impl Finder {
    pub fn new(model: &FinderModel) -> Result<Self, EngineError> {
        let warp = Warp::new(INPUT, Border::Black, -1.0, 1.0);
        Ok(Self { inference: model.network.inference()?, boxes: model.boxes, scores: model.scores, anchors: anchors(), warp })
    }

    /// The persons in an unturned square, the surest first, in pixels of the frame. MediaPipe asks for a score of 0.5.
    pub fn find(&mut self, frame: &RgbFrame, roi: &Roi, least: f32) -> Result<Vec<Sighting>, EngineError> {
        self.warp.write(frame, roi, self.inference.input()?);
        self.inference.run()?;
        let seen = sightings(self.inference.output(self.boxes)?, self.inference.output(self.scores)?, &self.anchors, least);
        Ok(merge(seen).iter().map(|s| s.on_frame(roi)).collect())
    }
}
