//! Which zones and lines are counted. Parsed once at the edge: a plan that exists can be counted.

use std::sync::Arc;

use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::anchor::Anchor;
use super::invalid::InvalidZones;
use super::line::Line;
use super::polygon::Polygon;
use super::raw;
use crate::geometry::{Point, Size, rounded};

/// Bytes of a plan as JSON at most; all there can be take half.
pub const LONGEST_TEXT: usize = 64 * 1024;

/// What coordinates are measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Units {
    /// Of the displayed picture's width and height, 0..=1: they can be told before its size is known.
    #[default]
    Fraction,
    /// Of the displayed (rotated) picture.
    Pixels,
}

impl Units {
    /// An area of no more is none.
    pub(super) fn least_area(self) -> f64 {
        match self {
            Self::Fraction => 1e-6,
            Self::Pixels => 1.0,
        }
    }

    /// What coordinates are multiplied by to be pixels of a picture, across and down.
    fn scale(self, size: Size) -> (f32, f32) {
        match self {
            Self::Fraction => (size.width as f32, size.height as f32),
            Self::Pixels => (1.0, 1.0),
        }
    }
}

/// A place's name, and which objects it is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scope {
    pub name: Arc<str>,
    /// Labels that count; all where there are none.
    pub classes: Vec<String>,
    pub anchor: Anchor,
}

impl Scope {
    pub fn counts(&self, label: &str) -> bool {
        self.classes.is_empty() || self.classes.iter().any(|class| class.eq_ignore_ascii_case(label))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Zone {
    #[serde(flatten)]
    pub scope: Scope,
    #[serde(rename = "points", serialize_with = "corners")]
    pub polygon: Polygon,
    /// Seconds from which on a stay counts.
    pub min_dwell: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinePlan {
    #[serde(flatten)]
    pub scope: Scope,
    #[serde(rename = "points", serialize_with = "ends")]
    pub line: Line,
}

/// At most 32 zones and lines, each with a name of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZonePlan {
    pub units: Units,
    pub zones: Vec<Zone>,
    pub lines: Vec<LinePlan>,
}

impl ZonePlan {
    /// A plan from its text; none where the text is empty or names no place.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidZones> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_str(text).map_err(|e| InvalidZones::NotJson(e.to_string()))?;
        let plan = raw::plan(value)?;
        Ok((plan.scopes().count() > 0).then_some(plan))
    }

    /// The names and filters of all zones, then of all lines.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.zones.iter().map(|zone| &zone.scope).chain(self.lines.iter().map(|line| &line.scope))
    }

    /// The zones' areas in pixels of a picture of this size.
    pub fn polygons(&self, size: Size) -> Vec<Polygon> {
        let (across, down) = self.units.scale(size);
        self.zones.iter().map(|zone| zone.polygon.scaled(across, down)).collect()
    }

    /// The lines in pixels of a picture of this size.
    pub fn segments(&self, size: Size) -> Vec<Line> {
        let (across, down) = self.units.scale(size);
        self.lines.iter().map(|plan| plan.line.scaled(across, down)).collect()
    }
}

/// By the same rules as anybody's JSON.
impl<'de> Deserialize<'de> for ZonePlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        raw::plan(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn corners<S: Serializer>(polygon: &Polygon, serializer: S) -> Result<S::Ok, S::Error> {
    pairs(polygon.points(), serializer)
}

fn ends<S: Serializer>(line: &Line, serializer: S) -> Result<S::Ok, S::Error> {
    pairs(&[line.from, line.to], serializer)
}

fn pairs<S: Serializer>(points: &[Point], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(points.len()))?;
    points.iter().try_for_each(|p| list.serialize_element(&[rounded(p.x, 6), rounded(p.y, 6)]))?;
    list.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOOR: &str = r#"{
        "zones": [{"name": "door", "points": [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]], "classes": ["person"], "min_dwell": 2}],
        "lines": [{"points": [[0, 0.5], [1, 0.5]], "anchor": "center"}]
    }"#;

    #[test]
    fn a_plan_is_read_and_told_as_it_can_be_sent_again() {
        let plan = ZonePlan::parse(DOOR).unwrap().unwrap();
        assert_eq!(plan.scopes().map(|s| &*s.name).collect::<Vec<_>>(), ["door", "line 1"]);
        assert_eq!((plan.units, plan.zones[0].min_dwell, plan.lines[0].scope.anchor), (Units::Fraction, 2.0, Anchor::Center));
        assert!(plan.zones[0].scope.counts("Person") && !plan.zones[0].scope.counts("car") && plan.lines[0].scope.counts("car"));
        let told = serde_json::to_string(&plan).unwrap();
        assert!(
            told.starts_with(
                r#"{"units":"fraction","zones":[{"name":"door","classes":["person"],"anchor":"bottom_center","points":[[0.1,0.2],"#
            ),
            "{told}"
        );
        assert_eq!(ZonePlan::parse(&told), Ok(Some(plan.clone())));
        assert_eq!(serde_json::from_str::<ZonePlan>(&told).unwrap(), plan);
    }

    #[test]
    fn fractions_are_of_the_picture_and_pixels_are_pixels() {
        let plan = ZonePlan::parse(DOOR).unwrap().unwrap();
        assert_eq!(plan.polygons(Size::new(200, 100))[0].points()[1], Point::new(100.0, 20.0));
        assert_eq!(plan.segments(Size::new(200, 100))[0].to, Point::new(200.0, 50.0));
        let pixels = ZonePlan::parse(r#"{"units":"pixels","lines":[{"points":[[0,50],[200,50]]}]}"#).unwrap().unwrap();
        assert_eq!(pixels.segments(Size::new(640, 480))[0].to, Point::new(200.0, 50.0));
    }

    #[test]
    fn nothing_asked_for_is_no_plan() {
        for text in ["", "  ", "{}", r#"{"zones":[],"lines":[]}"#] {
            assert_eq!(ZonePlan::parse(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_zone_and_the_fault() {
        let refused = [
            ("[[0,1]]", "zones must be an object with units, zones and lines: it is no JSON object"),
            (r#"{"zones":[{"#, "zones cannot be read as JSON: "),
            (r#"{"zone":[]}"#, "zones must be an object with units, zones and lines: unknown field `zone`"),
            (r#"{"zones":[{"name":"door","points":[[0,0],[1,1]]}]}"#, r#"zones: zone "door" has 2 points; a zone needs at least 3"#),
            (
                r#"{"zones":[{"name":"door","points":[[0,0],[1,1],[1,0],[0,1]]}]}"#,
                r#"zones: zone "door" has edges that cross: the one behind point 1 and the one behind point 3"#,
            ),
            (
                r#"{"zones":[{"points":[[0,0],[640,0],[0,480]]}]}"#,
                r#"zones: zone 1 has point 2 at 640, 0, outside of the picture: fractions go from 0 to 1 (for pixels say "units": "pixels")"#,
            ),
            (r#"{"units":"pixels","zones":[{"points":[[0,0],[70000,0],[0,480]]}]}"#, "zones: zone 1 has point 2 at 70000, 0; pixels go"),
            (r#"{"zones":[{"name":"a","corners":[]}]}"#, r#"zones: zone "a" cannot be read: unknown field `corners`"#),
            (r#"{"lines":[{"name":"a","points":[[0,0]]}]}"#, r#"zones: line "a" has 1 points; a line has two"#),
            (r#"{"lines":[{"points":[[0.5,0.5],[0.5,0.5]]}]}"#, "zones: line 1 begins where it ends"),
            (r#"{"lines":[{"points":[[0,0],[1,1]],"min_dwell":1}]}"#, "zones: line 1 has a min_dwell, which only zones have"),
            (r#"{"lines":[{"points":[[0,0],[1,1]],"anchor":"feet"}]}"#, "zones: line 1 cannot be read: unknown variant `feet`"),
            (r#"{"zones":[{"points":[[0,0],[1,0],[0,1]],"min_dwell":-1}]}"#, "zones: zone 1 has a min_dwell of -1"),
            (r#"{"lines":[{"name":"","points":[[0,0],[1,1]]}]}"#, "zones: line 1 needs a name"),
            (
                r#"{"lines":[{"name":"a","points":[[0,0],[1,1]]}],"zones":[{"name":"a","points":[[0,0],[1,0],[0,1]]}]}"#,
                r#"zones has the name "a" twice"#,
            ),
        ];
        for (text, sentence) in refused {
            let error = ZonePlan::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(sentence), "{text}: {error}");
        }
        let many = format!(r#"{{"lines":[{}]}}"#, vec![r#"{"points":[[0,0],[1,1]]}"#; 33].join(","));
        assert!(ZonePlan::parse(&many).unwrap_err().to_string().starts_with("zones has 33 zones and lines"));
        let round = (0..65).map(|i| format!("[{},{}]", 0.5 + 0.4 * (i as f64 * 0.096).cos(), 0.5 + 0.4 * (i as f64 * 0.096).sin()));
        let round = format!(r#"{{"zones":[{{"points":[{}]}}]}}"#, round.collect::<Vec<_>>().join(","));
        assert_eq!(ZonePlan::parse(&round).unwrap_err().to_string(), "zones: zone 1 has 65 points; at most 64 are taken");
    }
}
