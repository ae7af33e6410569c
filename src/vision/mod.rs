//! Objects and poses in a frame; the only room that knows OpenVINO.
//!
//! A picture becomes results in this order, one file a step:
//! `letterbox` ▸ `resample` ▸ `network` ▸ one of `heads` ▸ `nms` for objects (and for poses by `whole_frame`),
//! and `blazepose` (find a person, read its landmarks, follow it) or `single_pose` for poses.
//! A model's file becomes usable in this order: `about` (what it says) and `draft` ▸ `recognise` ▸ `model`.
//! `catalog` knows which models there are and hands out a `Detector` or `PoseEstimator` for each session.

pub mod about;
pub mod blazepose;
pub mod blob_cache;
pub mod catalog;
pub mod detect_options;
pub mod detector;
pub mod draft;
pub mod engine;
pub mod engine_error;
pub mod feed;
pub mod folder;
pub mod head;
pub mod heads;
pub mod labels;
pub mod letterbox;
pub mod manifest;
pub mod model;
pub mod network;
pub mod nms;
pub mod objects;
pub mod port;
pub mod pose_estimator;
pub mod recognise;
pub mod resample;
pub mod single_pose;
pub mod stopwatch;
pub mod told;
pub mod tracking;
pub mod whole_frame;

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
