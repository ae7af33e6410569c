//! One object as it is followed.

use super::kalman::BoxFilter;
use crate::geometry::{BBox, Point};

/// Thirtieths of a second: the filter's noise is told for them.
const STEPS_PER_US: f64 = 30.0 / 1e6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackState {
    /// Seen once; it may have been a mistake.
    New,
    Seen,
    Lost,
}

/// A sighting of the object.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub time_us: i64,
    /// Among the sightings of its frame.
    pub place: usize,
}

#[derive(Clone, Debug)]
pub struct Track {
    /// From its second sighting on.
    pub id: Option<u32>,
    pub class_id: usize,
    pub state: TrackState,
    pub last_seen: Seen,
    filter: BoxFilter,
}

impl Track {
    pub fn new(class_id: usize, bbox: &BBox, seen: Seen) -> Self {
        Self { id: None, class_id, state: TrackState::New, last_seen: seen, filter: BoxFilter::new(bbox) }
    }

    /// Moves the track to where it should be `elapsed_us` later.
    pub fn predict(&mut self, elapsed_us: i64) {
        self.filter.predict((elapsed_us as f64 * STEPS_PER_US) as f32, self.state != TrackState::Lost);
    }

    pub fn see(&mut self, bbox: &BBox, seen: Seen) {
        self.filter.update(bbox);
        self.state = TrackState::Seen;
        self.last_seen = seen;
    }

    /// The picture moved under the object.
    pub fn shift(&mut self, by: Point) {
        self.filter.shift(by);
    }

    pub fn bbox(&self) -> BBox {
        self.filter.bbox()
    }
}
