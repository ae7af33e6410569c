//! What is known of one frame after all stages; a line of the results file.

use serde::Serialize;

use crate::detection::Detection;
use crate::pose::Pose;
use crate::zones::Observation;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameResult {
    pub frame: u64,
    /// Presentation time in microseconds of the source's clock.
    pub pts_us: i64,
    /// No detector saw this frame: its detections are between those of the frames around it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interpolated: bool,
    pub detections: Vec<Detection>,
    pub poses: Vec<Pose>,
    /// Where zones or lines are asked for.
    #[serde(flatten)]
    pub places: Option<Observation>,
}
