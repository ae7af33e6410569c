//! What a client may choose about an analysis. Parsed once at the edge: a value that exists is within its range.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::zones::plan::LONGEST_TEXT;
use crate::zones::{InvalidZones, ZonePlan};

/// Which model does a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelChoice {
    /// The server's own choice for the task.
    #[default]
    Default,
    /// The task is left out.
    None,
    /// A model of the catalog, or on the command line a path.
    Named(String),
}

impl ModelChoice {
    pub fn parse(text: &str) -> Self {
        match text {
            "" | "default" => Self::Default,
            "none" => Self::None,
            name => Self::Named(name.to_owned()),
        }
    }
}

/// As it is parsed: one word.
impl Serialize for ModelChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Default => "default",
            Self::None => "none",
            Self::Named(name) => name,
        })
    }
}

impl<'de> Deserialize<'de> for ModelChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::parse(&text))
    }
}

/// What is made unrecognisable in every picture that leaves the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blur {
    #[default]
    None,
    Faces,
    /// Persons as a whole.
    Persons,
}

impl Blur {
    fn parse(text: &str) -> Result<Self, InvalidOption> {
        match text {
            "none" => Ok(Self::None),
            "faces" => Ok(Self::Faces),
            "persons" => Ok(Self::Persons),
            _ => Err(InvalidOption::Value { field: "blur", expected: "none, faces or persons", got: text.to_owned() }),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnalysisOptions {
    /// Least confidence of a detection, 0..=1.
    pub confidence: f32,
    /// Boxes of a class that overlap by more are one object, 0..=1.
    pub iou: f32,
    pub max_detections: usize,
    /// Persons whose pose is followed at once.
    pub max_poses: usize,
    /// A progress event every this many frames, 1..=100.
    pub preview_interval: u32,
    /// Draws the model's names, the frame number and the timings into the picture.
    pub debug: bool,
    /// Gives objects ids that stay from frame to frame.
    pub tracking: bool,
    /// How long an object may be out of sight and keep its id, in seconds of the video.
    pub track_memory: f32,
    /// Whether an object may change its class and keep its id.
    pub track_agnostic: bool,
    /// The detector sees every this many frames, 1..=10; between them objects are followed.
    pub detect_every: usize,
    /// Steadies the keypoints of poses over time.
    pub smoothing: bool,
    pub blur: Blur,
    /// Draws where each track has just been.
    pub trails: bool,
    /// Lays a map over the picture of where objects stood so far.
    pub heatmap: bool,
    pub detector: ModelChoice,
    pub pose: ModelChoice,
    /// Class names to keep; empty keeps all.
    pub classes: Vec<String>,
    /// Zones and lines in which and over which tracks are counted.
    pub zones: Option<ZonePlan>,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            confidence: 0.25,
            iou: 0.45,
            max_detections: 300,
            max_poses: 5,
            preview_interval: 10,
            debug: false,
            tracking: true,
            track_memory: 1.0,
            track_agnostic: false,
            detect_every: 1,
            smoothing: true,
            blur: Blur::None,
            trails: true,
            heatmap: false,
            detector: ModelChoice::Default,
            pose: ModelChoice::Default,
            classes: Vec::new(),
            zones: None,
        }
    }
}

/// A value that was refused, with the sentence that says what would be accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidOption {
    #[error("{field} must be {expected}, not {got:?}")]
    Value { field: &'static str, expected: &'static str, got: String },
    #[error(transparent)]
    Zones(#[from] InvalidZones),
}

/// Bytes of an option's text at most, other than zones.
const LONGEST_VALUE: usize = 4096;

impl AnalysisOptions {
    /// Whether this is an option's name.
    pub fn has(field: &str) -> bool {
        Self::default().set(field, "") != Ok(false)
    }

    /// Bytes of an option's text at most, or of another field's.
    pub fn longest_text(field: &str) -> usize {
        if field == "zones" { LONGEST_TEXT } else { LONGEST_VALUE }
    }

    /// Sets one option from its text. `Ok(false)` where the name is not an option's.
    pub fn set(&mut self, field: &str, text: &str) -> Result<bool, InvalidOption> {
        match field {
            "confidence" => self.confidence = fraction("confidence", text)?,
            "iou" => self.iou = fraction("iou", text)?,
            "max_detections" => self.max_detections = whole("max_detections", text, 1, 1000, "a whole number from 1 to 1000")?,
            "max_poses" => self.max_poses = whole("max_poses", text, 0, 20, "a whole number from 0 to 20")?,
            "preview_interval" => self.preview_interval = whole("preview_interval", text, 1, 100, "a whole number from 1 to 100")? as u32,
            "debug" => self.debug = boolean("debug", text)?,
            "tracking" => self.tracking = boolean("tracking", text)?,
            "track_memory" => self.track_memory = seconds("track_memory", text)?,
            "track_agnostic" => self.track_agnostic = boolean("track_agnostic", text)?,
            "detect_every" => self.detect_every = whole("detect_every", text, 1, 10, "a whole number from 1 to 10")?,
            "smoothing" => self.smoothing = boolean("smoothing", text)?,
            "blur" => self.blur = Blur::parse(text)?,
            "trails" => self.trails = boolean("trails", text)?,
            "heatmap" => self.heatmap = boolean("heatmap", text)?,
            "detector" => self.detector = ModelChoice::parse(text),
            "pose" => self.pose = ModelChoice::parse(text),
            "classes" => self.classes = text.split(',').map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()).collect(),
            "zones" => self.zones = ZonePlan::parse(text)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn fraction(field: &'static str, text: &str) -> Result<f32, InvalidOption> {
    number(field, text, 1.0, "a number from 0 to 1")
}

fn seconds(field: &'static str, text: &str) -> Result<f32, InvalidOption> {
    number(field, text, 60.0, "seconds from 0 to 60")
}

fn number(field: &'static str, text: &str, most: f32, expected: &'static str) -> Result<f32, InvalidOption> {
    let refused = || InvalidOption::Value { field, expected, got: text.to_owned() };
    text.parse().ok().filter(|v| (0.0..=most).contains(v)).ok_or_else(refused)
}

fn whole(field: &'static str, text: &str, least: usize, most: usize, expected: &'static str) -> Result<usize, InvalidOption> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok() } else { None };
    value.filter(|v| (least..=most).contains(v)).ok_or_else(|| InvalidOption::Value { field, expected, got: text.to_owned() })
}

fn boolean(field: &'static str, text: &str) -> Result<bool, InvalidOption> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(InvalidOption::Value { field, expected: "true or false", got: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_taken_within_its_range_and_refused_beyond() {
        let taken = [
            ("confidence", "0"),
            ("confidence", "1"),
            ("preview_interval", "1"),
            ("preview_interval", "100"),
            ("debug", "true"),
            ("detect_every", "10"),
            ("track_memory", "0.5"),
        ];
        for (field, text) in taken {
            assert_eq!(AnalysisOptions::default().set(field, text), Ok(true), "{field}={text}");
        }
        let refused = [
            ("confidence", "NaN"),
            ("confidence", "inf"),
            ("confidence", "-0.1"),
            ("confidence", "1.1"),
            ("confidence", ""),
            ("preview_interval", "0"),
            ("preview_interval", "-1"),
            ("preview_interval", "101"),
            ("preview_interval", "2147483648"),
            ("preview_interval", "1e1"),
            ("preview_interval", "+5"),
            ("preview_interval", "٣"),
            ("debug", "yes"),
            ("max_poses", "21"),
            ("detect_every", "0"),
            ("detect_every", "11"),
            ("track_memory", "-1"),
            ("track_memory", "61"),
            ("track_memory", "NaN"),
            ("smoothing", ""),
            ("blur", ""),
            ("blur", "Faces"),
            ("heatmap", "on"),
            ("zones", "[]"),
        ];
        for (field, text) in refused {
            let error = AnalysisOptions::default().set(field, text).unwrap_err();
            assert!(error.to_string().starts_with(field), "{error}");
        }
        assert_eq!(AnalysisOptions::default().set("colour", "red"), Ok(false));
    }

    #[test]
    fn what_is_drawn_is_told_as_it_is_asked_for() {
        let mut options = AnalysisOptions::default();
        assert!(options.trails && !options.heatmap);
        for (word, blur) in [("none", Blur::None), ("faces", Blur::Faces), ("persons", Blur::Persons)] {
            options.set("blur", word).unwrap();
            assert_eq!(options.blur, blur);
            assert_eq!(serde_json::to_value(blur).unwrap(), word);
        }
        options.set("trails", "0").unwrap();
        options.set("heatmap", "1").unwrap();
        assert!(!options.trails && options.heatmap);
        let before: AnalysisOptions = serde_json::from_str(r#"{"debug":true}"#).unwrap();
        assert_eq!(before, AnalysisOptions { debug: true, ..Default::default() }, "a journal from before there was a blur");
    }

    #[test]
    fn zones_are_told_as_they_can_be_read_again() {
        let mut options = AnalysisOptions::default();
        options.set("zones", r#"{"lines":[{"name":"gate","points":[[0,0.5],[1,0.5]]}]}"#).unwrap();
        let journal = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<AnalysisOptions>(&journal).unwrap(), options);
        options.set("zones", "").unwrap();
        assert_eq!(options, AnalysisOptions::default());
    }

    #[test]
    fn models_are_chosen_by_name_or_left_out() {
        let mut options = AnalysisOptions::default();
        options.set("detector", "none").unwrap();
        options.set("pose", "blazepose-full").unwrap();
        options.set("classes", "person, car,").unwrap();
        assert_eq!(options.detector, ModelChoice::None);
        assert_eq!(options.pose, ModelChoice::Named("blazepose-full".into()));
        assert_eq!(options.classes, ["person", "car"]);
        for word in ["default", "none", "blazepose-full"] {
            assert_eq!(serde_json::to_value(ModelChoice::parse(word)).unwrap(), word, "what is told can be sent back");
        }
    }
}
