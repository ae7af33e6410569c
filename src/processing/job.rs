//! What an analysis is asked for, and who wants to know how it goes.

use std::path::PathBuf;
use std::sync::Arc;

use super::outputs::Outputs;
use super::progress::{Pace, Progress};
use crate::error_code::Problem;
use crate::ingest::spool::Spool;
use crate::options::AnalysisOptions;
use crate::sessions::cancel::CancelToken;
use crate::sessions::session::SessionState;

/// The encoder's file in a job's scratch folder: fragments that can be played while it grows.
pub const ENCODED: &str = "encoded.mp4";

pub struct Job {
    pub spool: Arc<Spool>,
    pub filename: Option<String>,
    pub options: AnalysisOptions,
    pub outputs: Outputs,
    /// A folder for files on the way; whoever made it removes it.
    pub scratch: PathBuf,
    /// Whether `ENCODED` stays there when the job is complete, for players that are in the middle of it.
    pub keeps_encoded: bool,
}

/// Whoever wants to know how a job goes.
pub trait Observer {
    fn entered(&mut self, state: SessionState);
    /// After each frame.
    fn frame_done(&mut self, pace: &Pace);
    /// Every `preview_interval` frames.
    fn progress(&mut self, progress: Progress);
    /// The bytes from this offset on would let frames come sooner; none: any order is as good.
    fn wants_from(&mut self, offset: Option<u64>);
    /// Every byte is there, and nothing is published yet: an error ends the job.
    fn arrived(&mut self, _cancel: &CancelToken) -> Result<(), Problem> {
        Ok(())
    }
    /// Whether `progress` should carry pictures.
    fn wants_previews(&self) -> bool;
}
