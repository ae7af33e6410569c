//! The first line of the per-frame results: what they are about.

use serde::Serialize;

use crate::options::AnalysisOptions;
use crate::video::SourceInfo;

#[derive(Debug, Serialize)]
pub struct Header<'a> {
    pub schema: &'static str,
    pub source: HeaderSource<'a>,
    pub models: HeaderModels<'a>,
    pub options: &'a AnalysisOptions,
    /// Seconds a tick of `pts_us`.
    pub timebase: &'static str,
}

#[derive(Debug, Serialize)]
pub struct HeaderSource<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<&'a str>,
    pub width: u32,
    pub height: u32,
    #[serde(flatten)]
    pub info: Option<&'a SourceInfo>,
}

#[derive(Debug, Serialize)]
pub struct HeaderModels<'a> {
    pub detector: Option<&'a str>,
    pub pose: Option<&'a str>,
}

impl<'a> Header<'a> {
    pub fn new(source: HeaderSource<'a>, models: HeaderModels<'a>, options: &'a AnalysisOptions) -> Self {
        Self { schema: "sightline/1", source, models, options, timebase: "1/1000000" }
    }
}
