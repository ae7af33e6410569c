//! Runs a model once, to know that it can be, and to have it ready.

use std::time::{Duration, Instant};

use crate::frame::RgbFrame;
use crate::geometry::{BBox, Size};
use crate::vision::VisionError;
use crate::vision::catalog::error::CatalogError;
use crate::vision::catalog::slot::Slot;
use crate::vision::detect_options::DetectOptions;
use crate::vision::manifest::Task;
use crate::vision::model::Model;

/// Gives a grey frame to a model, whose first run is slower than the others, and then `runs` times more. Gives the mean time of
/// these.
pub fn try_out(slot: &Slot, model: &Model, runs: u32) -> Result<Duration, CatalogError> {
    let frame = RgbFrame::filled(Size::new(640, 360), [114; 3]);
    let name = || slot.listed.name.clone();
    let cannot = |error| CatalogError::of_use(slot.name(), error);
    let took = match slot.task() {
        Task::Detect => {
            let mut detector = model.detector(name()).map_err(cannot)?;
            repeat(runs, || detector.detect(&frame, &DetectOptions::default()).map(drop))
        }
        Task::Pose => {
            let mut pose = model.pose(name()).map_err(cannot)?;
            let person = BBox::new(200.0, 0.0, 400.0, 360.0);
            repeat(runs, || pose.estimate(&frame, &[person], 1).map(drop))
        }
    }?;
    slot.set_tried();
    Ok(took)
}

fn repeat(runs: u32, mut run: impl FnMut() -> Result<(), VisionError>) -> Result<Duration, VisionError> {
    run()?;
    let began = Instant::now();
    (0..runs).try_for_each(|_| run())?;
    Ok(began.elapsed() / runs.max(1))
}
