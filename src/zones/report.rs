//! What happened in all zones and on all lines of a video.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::event::{Crossings, Event, Happening, in_seconds, seconds};
use super::line::Direction;
use super::occupancy::{Occupancy, occupancy};
use super::plan::ZonePlan;
use super::stay::Visit;
use super::track::News;

/// Stays and crossings that are listed one by one; more are counted alone.
const MOST_LISTED: usize = 50_000;

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

struct ZoneBook {
    name: Arc<str>,
    entries: u64,
    visitors: u64,
    by_class: BTreeMap<Arc<str>, u64>,
    stays: Vec<Stayed>,
    dwell_us: i64,
    longest_us: i64,
    ended: u64,
}

struct LineBook {
    totals: LineTotals,
    crossings: Vec<Crossed>,
}

/// Keeps the books while the video goes by.
pub struct Ledger {
    zones: Vec<ZoneBook>,
    lines: Vec<LineBook>,
    listed: usize,
    not_listed: u64,
}

impl Ledger {
    pub fn new(plan: &ZonePlan) -> Self {
        let zone = |name: &Arc<str>| ZoneBook {
            name: Arc::clone(name),
            entries: 0,
            visitors: 0,
            by_class: BTreeMap::new(),
            stays: Vec::new(),
            dwell_us: 0,
            longest_us: 0,
            ended: 0,
        };
        let line = |name: &Arc<str>| LineBook {
            totals: LineTotals { name: Arc::clone(name), crossed: Crossings::default(), by_class: BTreeMap::new() },
            crossings: Vec::new(),
        };
        Self {
            zones: plan.zones.iter().map(|z| zone(&z.scope.name)).collect(),
            lines: plan.lines.iter().map(|l| line(&l.scope.name)).collect(),
            listed: 0,
            not_listed: 0,
        }
    }

    pub fn crossed(&self, line: usize) -> Crossings {
        self.lines.get(line).map(|line| line.totals.crossed).unwrap_or_default()
    }

    pub fn note(&mut self, track_id: u32, label: &Arc<str>, news: &News) {
        match news {
            News::Came { zone, first, .. } => {
                let Some(book) = self.zones.get_mut(*zone) else { return };
                book.entries += 1;
                if *first {
                    book.visitors += 1;
                    *book.by_class.entry(Arc::clone(label)).or_default() += 1;
                }
            }
            News::Went { zone, visit } => self.note_stay(*zone, track_id, label, *visit, true),
            News::Stayed { zone, visit } => self.note_stay(*zone, track_id, label, *visit, false),
            News::Crossed { line, event } => {
                let Happening::Cross { direction, .. } = event.what else { return };
                let has_room = self.has_room();
                let Some(book) = self.lines.get_mut(*line) else { return };
                book.totals.crossed.add(direction);
                book.totals.by_class.entry(Arc::clone(label)).or_default().add(direction);
                if has_room {
                    book.crossings.push(Crossed { track_id, label: Arc::clone(label), direction, time_us: event.time_us });
                }
            }
        }
    }

    fn note_stay(&mut self, zone: usize, track_id: u32, label: &Arc<str>, visit: Visit, left: bool) {
        let has_room = self.has_room();
        let Some(book) = self.zones.get_mut(zone) else { return };
        let dwell_us = visit.dwell_us();
        book.dwell_us = book.dwell_us.saturating_add(dwell_us);
        book.longest_us = book.longest_us.max(dwell_us);
        book.ended += 1;
        if has_room {
            let leave = left.then(|| in_seconds(visit.leave_us));
            book.stays.push(Stayed { track_id, label: Arc::clone(label), enter_us: visit.enter_us, leave, dwell_us });
        }
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.listed < MOST_LISTED;
        if has_room {
            self.listed += 1
        } else {
            self.not_listed += 1
        }
        has_room
    }

    /// The books of a video that went from the one time to the other.
    pub fn report(self, from_us: i64, to_us: i64) -> Report {
        let zone = |book: ZoneBook| book.report(from_us, to_us);
        let line = |mut book: LineBook| {
            book.crossings.sort_by_key(|crossing| crossing.time_us);
            LineReport { totals: book.totals, crossings: book.crossings }
        };
        Report {
            zones: self.zones.into_iter().map(zone).collect(),
            lines: self.lines.into_iter().map(line).collect(),
            not_listed: self.not_listed,
        }
    }
}

impl ZoneBook {
    fn report(mut self, from_us: i64, to_us: i64) -> ZoneReport {
        self.stays.sort_by_key(|stay| (stay.enter_us, stay.track_id));
        let visits: Vec<Visit> =
            self.stays.iter().map(|s| Visit { enter_us: s.enter_us, leave_us: s.enter_us.saturating_add(s.dwell_us) }).collect();
        let occupancy = occupancy(&visits, from_us, to_us);
        let mut by_track = BTreeMap::<u32, i64>::new();
        for stay in &self.stays {
            let dwell_us = by_track.entry(stay.track_id).or_default();
            *dwell_us = dwell_us.saturating_add(stay.dwell_us);
        }
        let mean = self.dwell_us.checked_div(self.ended as i64).unwrap_or(0);
        let totals = ZoneTotals {
            name: self.name,
            entries: self.entries,
            visitors: self.visitors,
            by_class: self.by_class,
            dwell: Dwell { total: in_seconds(self.dwell_us), mean: in_seconds(mean), max: in_seconds(self.longest_us) },
            most_at_once: occupancy.max,
            mean_at_once: occupancy.mean,
        };
        let dwell_by_track = by_track.into_iter().map(|(id, us)| (id, in_seconds(us))).collect();
        ZoneReport { totals, occupancy, dwell_by_track, stays: self.stays }
    }
}
