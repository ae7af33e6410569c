//! A model as a client sees it.

use serde::Serialize;

use crate::vision::about::Weights;
use crate::vision::head::Head;
use crate::vision::manifest::Task;
use crate::vision::stopwatch::InferenceTime;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelState {
    /// Its files are there.
    Available,
    /// Its files are being copied into the folder.
    Incoming,
    Missing,
    Loading,
    Loaded,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSummary {
    pub name: String,
    pub task: Task,
    /// None until a model without a manifest entry is loaded.
    pub head: Option<Head>,
    /// Width and height in pixels.
    pub input: Option<[u32; 2]>,
    /// How many classes it tells apart; 0 where that is not known yet.
    pub labels: usize,
    pub licence: Option<String>,
    /// The numbers its weights are stored in; none until it is loaded, or where its files do not tell.
    pub precision: Option<Weights>,
    pub state: ModelState,
    /// Whether it is the one a client gets who names none.
    pub default: bool,
    /// What its frames took so far; none before the first.
    pub inference_ms: Option<InferenceTime>,
    /// Why it is missing or failed.
    pub problem: Option<String>,
}

/// The models of a server, and what is wrong with the list as a whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelList {
    pub models: Vec<ModelSummary>,
    /// Why the list is an older one, in a sentence.
    pub problem: Option<String>,
}
