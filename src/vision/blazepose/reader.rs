//! Runs BlazePose's landmark model (`pose_landmark_full.tflite` and its siblings) on a person's square.

use crate::frame::RgbFrame;
use crate::vision::blazepose::landmarks::{Body, INPUT, body};
use crate::vision::blazepose::roi::Roi;
use crate::vision::blazepose::warp::{Border, Warp};
use crate::vision::engine_error::EngineError;
use crate::vision::network::{Inference, Network};

/// A network with the places of its outputs.
#[derive(Clone)]
pub struct ReaderModel {
    pub network: Network,
    pub points: usize,
    pub flag: usize,
    pub heatmap: usize,
}

pub struct Reader {
    inference: Inference,
    points: usize,
    flag: usize,
    heatmap: usize,
    warp: Warp,
}

impl Reader {
    pub fn new(model: &ReaderModel) -> Result<Self, EngineError> {
        let warp = Warp::new(INPUT, Border::Nearest, 0.0, 1.0);
        Ok(Self { inference: model.network.inference()?, points: model.points, flag: model.flag, heatmap: model.heatmap, warp })
    }

    /// The person in the square, in pixels of the frame; none where there is none.
    pub fn read(&mut self, frame: &RgbFrame, roi: &Roi) -> Result<Option<Body>, EngineError> {
        self.warp.write(frame, roi, self.inference.input()?);
        self.inference.run()?;
        let flag = self.inference.output(self.flag)?.first().copied().unwrap_or(0.0);
        Ok(body(self.inference.output(self.points)?, flag, self.inference.output(self.heatmap)?, roi))
    }
}
