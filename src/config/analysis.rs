//! The options of an analysis on the command line.

use clap::Args;

use crate::options::{AnalysisOptions, InvalidOption};
use crate::zones::plan::LONGEST_TEXT;

/// What may be chosen about an analysis, here or on a server.
#[derive(Clone, Debug, Args)]
pub struct OptionArgs {
    /// Object model: a name, the path of a model file or folder, or none
    #[arg(long, value_name = "NAME|PATH|none")]
    pub detector: Option<String>,
    /// Pose model: a name, a path, or none
    #[arg(long, value_name = "NAME|PATH|none")]
    pub pose: Option<String>,
    /// Least confidence of a detection, 0 to 1 [default: 0.25]
    #[arg(long, value_name = "X")]
    pub confidence: Option<String>,
    /// Overlap above which two boxes are one object, 0 to 1 [default: 0.45]
    #[arg(long, value_name = "X")]
    pub iou: Option<String>,
    /// Most detections in a frame [default: 300]
    #[arg(long, value_name = "N")]
    pub max_detections: Option<String>,
    /// Persons whose pose is followed at once [default: 5]
    #[arg(long, value_name = "N")]
    pub max_poses: Option<String>,
    /// Classes to keep, separated by commas
    #[arg(long, value_name = "NAMES")]
    pub classes: Option<String>,
    /// Zones and lines to count in and over: JSON, or a file of it (docs/zones.md)
    #[arg(long, value_name = "FILE.json|JSON", value_parser = zones_text)]
    pub zones: Option<String>,
    /// Draw frame number, models and timings into the picture
    #[arg(long)]
    pub debug: bool,
    /// Make faces or persons unrecognisable [default: none]
    #[arg(long, value_name = "none|faces|persons")]
    pub blur: Option<String>,
    /// Lay a map over the picture of where objects stood so far
    #[arg(long)]
    pub heatmap: bool,
    /// Do not draw where each track has just been
    #[arg(long)]
    pub no_trails: bool,
    /// Give objects no ids that stay from frame to frame
    #[arg(long)]
    pub no_tracking: bool,
    /// How long an object may be out of sight and keep its id [default: 1]
    #[arg(long, value_name = "SECONDS")]
    pub track_memory: Option<String>,
    /// Let objects change their class and keep their ids
    #[arg(long)]
    pub track_agnostic: bool,
    /// Detect in every N-th frame only; between them objects are followed [default: 1]
    #[arg(long, value_name = "N")]
    pub detect_every: Option<String>,
    /// Tell keypoints as they are read in each frame
    #[arg(long)]
    pub no_smoothing: bool,
}

impl OptionArgs {
    /// The options, checked by the same rules as a request's.
    pub fn options(&self) -> Result<AnalysisOptions, InvalidOption> {
        let mut options = AnalysisOptions::default();
        for (field, value) in self.given() {
            options.set(field, &value)?;
        }
        Ok(options)
    }

    /// Those that were said, as a request names them.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        let given = [
            ("confidence", &self.confidence),
            ("iou", &self.iou),
            ("max_detections", &self.max_detections),
            ("max_poses", &self.max_poses),
            ("classes", &self.classes),
            ("track_memory", &self.track_memory),
            ("detect_every", &self.detect_every),
            ("zones", &self.zones),
            ("blur", &self.blur),
            ("detector", &self.detector),
            ("pose", &self.pose),
        ];
        let mut given: Vec<_> = given.into_iter().filter_map(|(field, value)| Some((field, value.clone()?))).collect();
        let said = [
            ("debug", self.debug, "true"),
            ("heatmap", self.heatmap, "true"),
            ("trails", self.no_trails, "false"),
            ("tracking", self.no_tracking, "false"),
            ("track_agnostic", self.track_agnostic, "true"),
            ("smoothing", self.no_smoothing, "false"),
        ];
        given.extend(said.into_iter().filter(|(_, said, _)| *said).map(|(field, _, value)| (field, value.to_owned())));
        given
    }
}

/// JSON as it is, or what the file of this name holds.
fn zones_text(argument: &str) -> Result<String, String> {
    if argument.trim_start().starts_with('{') {
        return Ok(argument.to_owned());
    }
    let length = std::fs::metadata(argument).map(|m| m.len()).unwrap_or(0);
    if length > LONGEST_TEXT as u64 {
        return Err(format!("it has {length} bytes; zones take at most {LONGEST_TEXT}"));
    }
    std::fs::read_to_string(argument).map_err(|e| format!("it is no JSON object, and no file of it could be read: {e}"))
}
