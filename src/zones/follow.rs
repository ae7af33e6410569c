//! One track over all zones and lines.

use std::sync::Arc;

use super::event::{Event, Happening};
use super::gate::{Gate, Way, clearance};
use super::line::Line;
use super::plan::{LinePlan, Zone};
use super::polygon::Polygon;
use super::stay::{Stay, Turn, Visit};
use crate::detection::Detection;
use crate::geometry::BBox;

/// A track that was not seen for longer, first sighting to last, may be a mistake, and does not count. In microseconds.
const CONFIRMED_US: i64 = 100_000;

/// A zone on a picture.
pub struct Area {
    pub plan: Zone,
    pub polygon: Polygon,
}

/// A line on a picture.
pub struct Barrier {
    pub plan: LinePlan,
    pub line: Line,
}

/// What became known of one track, by the number of its place.
pub enum News {
    Came {
        zone: usize,
        time_us: i64,
        first: bool,
    },
    Went {
        zone: usize,
        visit: Visit,
    },
    /// Still inside when the video ended.
    Stayed {
        zone: usize,
        visit: Visit,
    },
    Crossed {
        line: usize,
        event: Event,
    },
}

pub struct Follow {
    pub label: Arc<str>,
    pub last_us: i64,
    first_us: i64,
    bbox: BBox,
    stays: Vec<Stay>,
    gates: Vec<Gate>,
    /// Held back until it is sure that there is a track.
    unsure: Vec<News>,
}

impl Follow {
    /// Begins with the track's first sighting.
    pub fn new(now_us: i64, detection: &Detection, zones: usize, lines: usize) -> Self {
        Self {
            label: Arc::clone(&detection.label),
            last_us: now_us,
            first_us: now_us,
            bbox: detection.bbox,
            stays: vec![Stay::default(); zones],
            gates: vec![Gate::default(); lines],
            unsure: Vec::new(),
        }
    }

    fn is_confirmed(&self) -> bool {
        self.last_us.saturating_sub(self.first_us) >= CONFIRMED_US
    }

    /// Takes the step from where the track was seen last to where it is seen now.
    pub fn step(&mut self, id: u32, now_us: i64, detection: &Detection, areas: &[Area], barriers: &[Barrier]) -> Vec<News> {
        self.label = Arc::clone(&detection.label);
        let mut turns = Vec::new();
        for (zone, (area, stay)) in areas.iter().zip(&mut self.stays).enumerate() {
            let scope = &area.plan.scope;
            if scope.counts(&detection.label) {
                let way = way(&self.bbox, self.last_us, &detection.bbox, now_us, scope.anchor);
                let least_us = (area.plan.min_dwell * 1e6) as i64;
                for (from, to) in area.polygon.inside(way.from, way.to) {
                    stay.inside(way.time(from), way.time(to), least_us, &mut turns);
                }
            }
            stay.seen(now_us, &mut turns);
            self.unsure.extend(turns.drain(..).map(|turn| News::of(zone, turn)));
        }
        for (line, (barrier, gate)) in barriers.iter().zip(&mut self.gates).enumerate() {
            let scope = &barrier.plan.scope;
            if !scope.counts(&detection.label) {
                continue;
            }
            let way = way(&self.bbox, self.last_us, &detection.bbox, now_us, scope.anchor);
            if let Some((time_us, direction)) = gate.step(&barrier.line, &way, clearance(&detection.bbox)) {
                let what = Happening::Cross { line: Arc::clone(&scope.name), direction };
                let event = Event { time_us, what, track_id: id, label: Arc::clone(&self.label) };
                self.unsure.push(News::Crossed { line, event });
            }
        }
        (self.last_us, self.bbox) = (now_us, detection.bbox);
        self.sure()
    }

    /// The track is gone.
    pub fn close(&mut self) -> Vec<News> {
        let mut turns = Vec::new();
        for (zone, stay) in self.stays.iter_mut().enumerate() {
            stay.close(&mut turns);
            self.unsure.extend(turns.drain(..).map(|turn| News::of(zone, turn)));
        }
        self.sure()
    }

    /// The video ends at `end_us`; its last frame was at `last_us`.
    pub fn end(&mut self, last_us: i64, end_us: i64) -> Vec<News> {
        let mut turns = Vec::new();
        for (zone, stay) in self.stays.iter_mut().enumerate() {
            let stayed = stay.end(last_us, end_us, &mut turns);
            self.unsure.extend(turns.drain(..).map(|turn| News::of(zone, turn)));
            self.unsure.extend(stayed.map(|visit| News::Stayed { zone, visit }));
        }
        self.sure()
    }

    fn sure(&mut self) -> Vec<News> {
        if self.is_confirmed() { std::mem::take(&mut self.unsure) } else { Vec::new() }
    }

    /// Whether the track counts as being in a zone.
    pub fn is_in(&self, zone: usize, now_us: i64) -> bool {
        self.is_confirmed() && self.stays.get(zone).is_some_and(|stay| stay.is_in(now_us))
    }
}

impl News {
    fn of(zone: usize, turn: Turn) -> Self {
        match turn {
            Turn::Came { enter_us, first } => Self::Came { zone, time_us: enter_us, first },
            Turn::Went(visit) => Self::Went { zone, visit },
        }
    }
}

fn way(from: &BBox, from_us: i64, to: &BBox, to_us: i64, anchor: super::Anchor) -> Way {
    Way { from: anchor.of(from), to: anchor.of(to), from_us, to_us }
}
