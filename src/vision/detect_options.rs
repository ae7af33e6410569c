//! What a detector may be told with each frame.

/// What is asked of a detector for one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectOptions {
    /// Least confidence, 0..=1.
    pub confidence: f32,
    /// Boxes of a class that overlap by more are one object, 0..=1.
    pub iou: f32,
    pub max_detections: usize,
    /// Class ids to keep; none keeps all.
    pub classes: Option<Vec<usize>>,
}

impl Default for DetectOptions {
    fn default() -> Self {
        Self { confidence: 0.25, iou: 0.45, max_detections: 300, classes: None }
    }
}
