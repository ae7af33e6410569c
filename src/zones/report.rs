//! What happened in all zones and on all lines of a video.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::event::{Crossings, Event, Happening, seconds};
use super::line::Direction;
use super::occupancy::Occupancy;

/// A stay of a track in a zone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stayed {
    pub track_id: u32,
    pub label: Arc<str>,
    #[serde(rename = "enter", serialize_with = "seconds")]
    pub enter_us: i64,
    /// None for who was there when the video ended.
    pub leave: Option<f64>,
    #[serde(rename = "dwell", serialize_with = "seconds")]
    pub dwell_us: i64,
}

/// A crossing of a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crossed {
    pub track_id: u32,
    pub label: Arc<str>,
    pub direction: Direction,
    #[serde(rename = "time", serialize_with = "seconds")]
    pub time_us: i64,
}

/// Seconds that stays took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Dwell {
    pub total: f64,
    pub mean: f64,
    pub max: f64,
}

/// The numbers of a zone, for the summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneTotals {
    pub name: Arc<str>,
    /// Stays that began.
    pub entries: u64,
    /// Tracks that were there at least once.
    pub visitors: u64,
    pub by_class: BTreeMap<Arc<str>, u64>,
    pub dwell: Dwell,
    pub most_at_once: u32,
    pub mean_at_once: f64,
}

/// The numbers of a line, for the summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineTotals {
    pub name: Arc<str>,
    #[serde(flatten)]
    pub crossed: Crossings,
    pub by_class: BTreeMap<Arc<str>, Crossings>,
}

/// The numbers of all places.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Totals {
    pub zones: Vec<ZoneTotals>,
    pub lines: Vec<LineTotals>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZoneReport {
    #[serde(flatten)]
    pub totals: ZoneTotals,
    pub occupancy: Occupancy,
    /// Seconds of each track, over all of its stays.
    pub dwell_by_track: BTreeMap<u32, f64>,
    pub stays: Vec<Stayed>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineReport {
    #[serde(flatten)]
    pub totals: LineTotals,
    pub crossings: Vec<Crossed>,
}

/// All that is known in the end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub zones: Vec<ZoneReport>,
    pub lines: Vec<LineReport>,
    /// Stays and crossings that are counted above and not listed: there were too many.
    pub not_listed: u64,
}

impl Report {
    pub fn totals(&self) -> Totals {
        Totals {
            zones: self.zones.iter().map(|zone| zone.totals.clone()).collect(),
            lines: self.lines.iter().map(|line| line.totals.clone()).collect(),
        }
    }

    /// All events in the order of their times, those that only the video's end has decided as well.
    pub fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for zone in &self.zones {
            let name = &zone.totals.name;
            for stay in &zone.stays {
                let event = |time_us, what| Event { time_us, what, track_id: stay.track_id, label: Arc::clone(&stay.label) };
                events.push(event(stay.enter_us, Happening::Enter { zone: Arc::clone(name) }));
                if stay.leave.is_some() {
                    let what = Happening::Leave { zone: Arc::clone(name), dwell_us: stay.dwell_us };
                    events.push(event(stay.enter_us.saturating_add(stay.dwell_us), what));
                }
            }
        }
        for line in &self.lines {
            events.extend(line.crossings.iter().map(|crossing| Event {
                time_us: crossing.time_us,
                what: Happening::Cross { line: Arc::clone(&line.totals.name), direction: crossing.direction },
                track_id: crossing.track_id,
                label: Arc::clone(&crossing.label),
            }));
        }
        events.sort_by_key(|event| event.time_us);
        events
    }
}
