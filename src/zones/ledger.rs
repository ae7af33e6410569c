//! The books of all zones and lines while the video goes by: out of news becomes the report.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Crossings, Happening, in_seconds};
use super::follow::News;
use super::occupancy::occupancy;
use super::plan::ZonePlan;
use super::report::{Crossed, Dwell, LineReport, LineTotals, Report, Stayed, ZoneReport, ZoneTotals};
use super::stay::Visit;

/// Stays and crossings that are listed one by one; more are counted alone.
const MOST_LISTED: usize = 50_000;

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
