//! What happened in a frame, and how many are where, as it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::line::Direction;

/// Something that a track did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// When, in microseconds of the video's clock; told in seconds.
    #[serde(rename = "time", serialize_with = "seconds")]
    pub time_us: i64,
    #[serde(flatten)]
    pub what: Happening,
    pub track_id: u32,
    pub label: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Happening {
    /// A stay began. Told once it is as long as the zone's `min_dwell`, with the time at which it began.
    Enter {
        zone: Arc<str>,
    },
    /// A stay ended. Told once it is sure that the track does not come back at once, with the time at which it ended.
    Leave {
        zone: Arc<str>,
        #[serde(rename = "dwell", serialize_with = "seconds")]
        dwell_us: i64,
    },
    Cross {
        line: Arc<str>,
        direction: Direction,
    },
}

/// Who is in a zone now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneNow {
    pub name: Arc<str>,
    pub count: u32,
    pub by_class: BTreeMap<Arc<str>, u32>,
}

/// How often a line was crossed so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineNow {
    pub name: Arc<str>,
    #[serde(flatten)]
    pub crossed: Crossings,
}

/// Crossings of a line by their direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Crossings {
    #[serde(rename = "in")]
    pub inwards: u64,
    #[serde(rename = "out")]
    pub outwards: u64,
}

impl Crossings {
    pub fn add(&mut self, direction: Direction) {
        match direction {
            Direction::In => self.inwards += 1,
            Direction::Out => self.outwards += 1,
        }
    }
}

/// What is known of all places after a frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Observation {
    pub zones: Vec<ZoneNow>,
    pub lines: Vec<LineNow>,
    /// In the order of their times.
    pub events: Vec<Event>,
}

/// Microseconds as seconds with three decimals.
pub(super) fn seconds<S: Serializer>(us: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(in_seconds(*us))
}

/// Microseconds in seconds, to the thousandth.
pub fn in_seconds(us: i64) -> f64 {
    (us as f64 / 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_read_as_the_documentation_says() {
        let event = |what| Event { time_us: 1_234_567, what, track_id: 3, label: "person".into() };
        let told = |what| serde_json::to_string(&event(what)).unwrap();
        assert_eq!(
            told(Happening::Enter { zone: "door".into() }),
            r#"{"time":1.235,"type":"enter","zone":"door","track_id":3,"label":"person"}"#
        );
        assert_eq!(
            told(Happening::Leave { zone: "door".into(), dwell_us: 2_000_000 }),
            r#"{"time":1.235,"type":"leave","zone":"door","dwell":2.0,"track_id":3,"label":"person"}"#
        );
        assert_eq!(
            told(Happening::Cross { line: "gate".into(), direction: Direction::In }),
            r#"{"time":1.235,"type":"cross","line":"gate","direction":"in","track_id":3,"label":"person"}"#
        );
    }
}
