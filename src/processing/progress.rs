//! How far an analysis is, as its readers get it.

use serde::Serialize;

use crate::detection::Detection;
use crate::zones::event::{LineNow, ZoneNow};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Processing,
    Finishing,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    pub frame_index: u64,
    /// As the container says; none where it does not.
    pub total_frames: Option<u64>,
    /// 0..=100.
    pub percent: Option<f64>,
    /// Base64 of a JPEG, at most 640 pixels wide.
    pub preview: String,
    /// Frames a second that are being done.
    pub fps: f64,
    pub eta_seconds: Option<f64>,
    /// Of this frame.
    pub detections: Vec<Detection>,
    pub stage: Stage,
    /// Where zones or lines are asked for: who is where now.
    #[serde(flatten)]
    pub places: Option<PlacesNow>,
}

/// Zones and lines as they are now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlacesNow {
    pub zones: Vec<ZoneNow>,
    pub lines: Vec<LineNow>,
}

/// What has been done of what there is to do.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub done: u64,
    pub total: Option<u64>,
    pub elapsed_seconds: f64,
}

impl Pace {
    pub fn percent(&self) -> Option<f64> {
        let total = self.total.filter(|t| *t > 0)?;
        Some(one_decimal((self.done as f64 / total as f64 * 100.0).min(100.0)))
    }

    pub fn fps(&self) -> f64 {
        if self.elapsed_seconds > 0.0 { one_decimal(self.done as f64 / self.elapsed_seconds) } else { 0.0 }
    }

    pub fn eta_seconds(&self) -> Option<f64> {
        let left = self.total?.saturating_sub(self.done);
        (self.done > 0).then(|| one_decimal(left as f64 * self.elapsed_seconds / self.done as f64))
    }
}

fn one_decimal(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_is_told_as_far_as_it_is_known() {
        let pace = Pace { done: 50, total: Some(200), elapsed_seconds: 4.0 };
        assert_eq!((pace.percent(), pace.fps(), pace.eta_seconds()), (Some(25.0), 12.5, Some(12.0)));
        let unknown = Pace { done: 0, total: None, elapsed_seconds: 0.0 };
        assert_eq!((unknown.percent(), unknown.fps(), unknown.eta_seconds()), (None, 0.0, None));
        let beyond = Pace { done: 11, total: Some(10), elapsed_seconds: 1.0 };
        assert_eq!((beyond.percent(), beyond.eta_seconds()), (Some(100.0), Some(0.0)));
    }
}
