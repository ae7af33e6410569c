//! The end of an analysis: what was in the video, what became of it, where to get it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::outputs::OutputKind;
use crate::error_code::Problem;
use crate::ids::ResultId;
use crate::media::remux::AudioOutcome;
use crate::pipeline::result::FrameResult;
use crate::zones::report::Totals;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Mean frame rate of the video.
    pub fps: f64,
    pub total_frames: u64,
    pub duration_seconds: f64,
    /// Of the displayed picture, which boxes and keypoints refer to. The MP4 has the next even number.
    pub width: u32,
    pub height: u32,
    /// How many boxes of each label, over all frames.
    pub detection_summary: BTreeMap<Arc<str>, u64>,
    pub frames_with_pose: u64,
    pub processing_time_seconds: f64,
    pub audio: AudioOutcome,
    /// Clockwise degrees that were applied.
    pub rotation: i32,
    pub variable_frame_rate: bool,
    /// Something of the video is missing from the result; `warnings` say what.
    pub partial: bool,
    pub warnings: Vec<Problem>,
    /// Where zones or lines are asked for.
    #[serde(flatten)]
    pub places: Option<Totals>,
}

/// The `complete` event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Complete {
    pub download_url: String,
    pub results_url: String,
    pub csv_url: String,
    pub mot_url: String,
    pub coco_url: String,
    pub captions_url: String,
    pub sheet_url: String,
    pub sheet_index_url: String,
    pub timeline_url: String,
    pub heatmap_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zones_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_events_url: Option<String>,
    pub zip_url: String,
    #[serde(flatten)]
    pub summary: Summary,
}

impl Complete {
    pub fn new(id: &ResultId, summary: Summary) -> Self {
        let url = |kind: OutputKind| kind.url(id);
        Self {
            download_url: url(OutputKind::Video),
            results_url: url(OutputKind::Frames),
            csv_url: url(OutputKind::Table),
            mot_url: url(OutputKind::Mot),
            coco_url: url(OutputKind::Coco),
            captions_url: url(OutputKind::Captions),
            sheet_url: url(OutputKind::Sheet),
            sheet_index_url: url(OutputKind::SheetIndex),
            timeline_url: url(OutputKind::Timeline),
            heatmap_url: url(OutputKind::Heatmap),
            zones_url: summary.places.as_ref().map(|_| url(OutputKind::Zones)),
            zone_events_url: summary.places.as_ref().map(|_| url(OutputKind::ZoneEvents)),
            zip_url: url(OutputKind::Archive),
            summary,
        }
    }
}

/// What is counted while frames go by.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub frames: u64,
    pub detections: BTreeMap<Arc<str>, u64>,
    pub frames_with_pose: u64,
    pub poses: u64,
    times: FrameTimes,
}

impl Tally {
    pub fn count(&mut self, result: &FrameResult) {
        self.frames += 1;
        for detection in &result.detections {
            *self.detections.entry(Arc::clone(&detection.label)).or_default() += 1;
        }
        self.frames_with_pose += u64::from(!result.poses.is_empty());
        self.poses += result.poses.len() as u64;
        self.times.add(result.pts_us);
    }

    pub fn times(&self) -> &FrameTimes {
        &self.times
    }
}

/// What the frames' times say of the rate.
#[derive(Clone, Debug, Default)]
pub struct FrameTimes {
    first_us: i64,
    last_us: i64,
    count: u64,
    shortest_us: i64,
    longest_us: i64,
}

/// Steps that differ by less are one rate: clocks of a thousandth of a second round them.
const SAME_STEP_US: i64 = 2_100;
/// Taken where one frame is all there is and nothing tells its rate.
const DEFAULT_STEP_US: f64 = 40_000.0;

impl FrameTimes {
    fn add(&mut self, pts_us: i64) {
        if self.count == 0 {
            self.first_us = pts_us;
        } else {
            let step = pts_us - self.last_us;
            self.shortest_us = if self.count == 1 { step } else { self.shortest_us.min(step) };
            self.longest_us = self.longest_us.max(step);
        }
        self.last_us = pts_us;
        self.count += 1;
    }

    pub fn is_variable(&self) -> bool {
        self.count > 2 && self.longest_us - self.shortest_us > SAME_STEP_US
    }

    fn mean_step_us(&self) -> Option<f64> {
        let steps = self.count.checked_sub(1).filter(|n| *n > 0)?;
        let mean = (self.last_us - self.first_us) as f64 / steps as f64;
        (mean > 0.0).then_some(mean)
    }

    /// Frames a second: the nominal rate where frames keep to it, else their mean.
    pub fn fps(&self, nominal: Option<f64>) -> f64 {
        let nominal = nominal.filter(|f| *f > 0.0);
        match (nominal, self.mean_step_us()) {
            (Some(nominal), _) if !self.is_variable() => nominal,
            (_, Some(step)) => 1e6 / step,
            (Some(nominal), None) => nominal,
            (None, None) => 1e6 / DEFAULT_STEP_US,
        }
    }

    /// When the last frame ends, by the source's clock, in microseconds.
    pub fn end_us(&self, nominal: Option<f64>) -> i64 {
        self.last_us.saturating_add((1e6 / self.fps(nominal)) as i64)
    }

    /// From the first frame to the end of the last.
    pub fn duration_seconds(&self, nominal: Option<f64>) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        (self.last_us - self.first_us) as f64 / 1e6 + 1.0 / self.fps(nominal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(list: &[i64]) -> FrameTimes {
        let mut times = FrameTimes::default();
        list.iter().for_each(|t| times.add(*t));
        times
    }

    #[test]
    fn a_steady_rate_is_not_variable_even_on_a_coarse_clock() {
        let steady = times(&[23_000, 56_000, 90_000, 123_000]);
        assert!(!steady.is_variable());
        assert_eq!(steady.fps(Some(30.0)), 30.0);
        assert!((steady.duration_seconds(Some(30.0)) - 0.1333).abs() < 1e-3);
    }

    #[test]
    fn a_gap_makes_the_rate_variable_and_the_mean_counts() {
        let gap = times(&[0, 33_000, 1_033_000]);
        assert!(gap.is_variable());
        assert!((gap.fps(Some(30.0)) - 1.936).abs() < 1e-3);
    }

    #[test]
    fn one_frame_and_none_have_a_duration() {
        assert_eq!(times(&[0]).duration_seconds(Some(5.0)), 0.2);
        assert_eq!(times(&[0]).duration_seconds(None), 0.04);
        assert_eq!(times(&[]).duration_seconds(None), 0.0);
        assert_eq!(times(&[0, 0, 0]).fps(None), 25.0, "repeated times say nothing");
    }
}
