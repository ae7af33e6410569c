//! What `sightline track` is told.

use std::path::PathBuf;

use clap::Args;

use crate::options::{AnalysisOptions, InvalidOption};

#[derive(Clone, Debug, Args)]
pub struct TrackArgs {
    /// Detections in MOTChallenge's format, sorted by frame: frame,-1,left,top,width,height,confidence[,class,…]; - is stdin
    #[arg(default_value = "-", value_name = "DETECTIONS")]
    pub detections: PathBuf,
    /// Frames a second
    #[arg(long, default_value_t = 30.0, value_name = "N", value_parser = rate)]
    pub fps: f64,
    /// The frames' times instead: milliseconds, a line a frame ("timestamp format v2", as mkvextract writes it)
    #[arg(long, value_name = "FILE", conflicts_with = "fps")]
    pub timestamps: Option<PathBuf>,
    /// Least confidence that begins a track, 0 to 1; those below keep tracks alive [default: 0.25]
    #[arg(long, value_name = "X")]
    pub confidence: Option<String>,
    /// How long an object may be out of sight and keep its id [default: 1]
    #[arg(long, value_name = "SECONDS")]
    pub track_memory: Option<String>,
    /// Let objects change their class and keep their ids
    #[arg(long)]
    pub track_agnostic: bool,
}

impl TrackArgs {
    /// The options, checked by the same rules as a request's.
    pub fn options(&self) -> Result<AnalysisOptions, InvalidOption> {
        let mut options = AnalysisOptions { track_agnostic: self.track_agnostic, ..AnalysisOptions::default() };
        for (field, value) in [("confidence", &self.confidence), ("track_memory", &self.track_memory)] {
            value.as_ref().map_or(Ok(false), |value| options.set(field, value))?;
        }
        Ok(options)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|v| (0.001..=100_000.0).contains(v)).ok_or_else(|| "a number above 0 is needed".to_owned())
}
