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
    /// As many as are worth running at once.
    inferences: Vec<Inference>,
    points: usize,
    flag: usize,
    heatmap: usize,
    warp: Warp,
}

impl Reader {
    pub fn new(model: &ReaderModel) -> Result<Self, EngineError> {
        let warp = Warp::new(INPUT, Border::Nearest, 0.0, 1.0);
        let inferences = (0..model.network.at_once()).map(|_| model.network.inference()).collect::<Result<_, _>>()?;
        Ok(Self { inferences, points: model.points, flag: model.flag, heatmap: model.heatmap, warp })
    }

    /// The person in the square, in pixels of the frame; none where there is none.
    pub fn read(&mut self, frame: &RgbFrame, roi: &Roi) -> Result<Option<Body>, EngineError> {
        Ok(self.read_all(frame, std::slice::from_ref(roi))?.pop().flatten())
    }

    /// The persons in the squares, in their order.
    pub fn read_all(&mut self, frame: &RgbFrame, squares: &[Roi]) -> Result<Vec<Option<Body>>, EngineError> {
        let Self { inferences, points, flag, heatmap, warp } = self;
        let mut bodies = Vec::with_capacity(squares.len());
        for squares in squares.chunks(inferences.len()) {
            for (roi, inference) in squares.iter().zip(inferences.iter_mut()) {
                warp.write(frame, roi, inference.input()?);
                inference.start()?;
            }
            for (roi, inference) in squares.iter().zip(inferences.iter_mut()) {
                inference.wait()?;
                let flag = inference.output(*flag)?.first().copied().unwrap_or(0.0);
                bodies.push(body(inference.output(*points)?, flag, inference.output(*heatmap)?, roi));
            }
        }
        Ok(bodies)
    }
}
