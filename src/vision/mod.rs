//! Objects and poses in a frame; the only room that knows OpenVINO.
//!
//! A picture becomes results in this order, one file a step:
//! `letterbox` ▸ `resample` ▸ `network` ▸ `yolox` or `ultralytics` ▸ `nms` for objects,
//! and `blazepose` (find a person, read its landmarks, follow it) for poses.
//! `catalog` knows which models there are and hands out a `Detector` or `PoseEstimator` for each session.

pub mod about;
pub mod blazepose;
pub mod blob_cache;
pub mod catalog;
pub mod detect_options;
pub mod detector;
pub mod engine;
pub mod engine_error;
pub mod folder;
pub mod head;
pub mod labels;
pub mod letterbox;
pub mod manifest;
pub mod model;
pub mod network;
pub mod nms;
pub mod pose_estimator;
pub mod resample;
pub mod stopwatch;
pub mod tracking;
pub mod ultralytics;
pub mod yolox;

pub use catalog::{Catalog, CatalogError, ModelList, ModelState, ModelSummary};
pub use detect_options::DetectOptions;
pub use detector::Detector;
pub use engine::{Engine, EngineConfig, Precision};
pub use engine_error::EngineError;
pub use manifest::{Manifest, ManifestError};
pub use pose_estimator::PoseEstimator;

/// Why a frame got no answer. The frame before and the frame after may well get one.
#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    #[error("the model {model} could not be run on this frame: {cause}")]
    Inference {
        model: String,
        #[source]
        cause: EngineError,
    },
    #[error("the model {model} was asked for a result before it was given a frame")]
    NothingStarted { model: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_they_are_needed() {
        fn everywhere<T: Send + Sync>() {}
        fn to_a_session<T: Send>() {}
        everywhere::<Engine>();
        everywhere::<Catalog>();
        to_a_session::<Detector>();
        to_a_session::<PoseEstimator>();
    }
}
