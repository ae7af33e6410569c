//! Where objects stood: a grid over the picture with the seconds spent in each cell, by class.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::anchor::Anchor;
use crate::detection::Detection;
use crate::geometry::{Point, Size};

/// Cells along the longer side of the picture.
const CELLS: usize = 128;
/// A step between frames counts as this at most, in seconds: a gap in the video is no long stay.
const LONGEST_STEP: f32 = 0.5;
/// Classes that have a grid of their own; others are left out.
const MOST_CLASSES: usize = 100;

/// The grid is small whatever the picture's size is.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    /// Cells across and down; none before the first frame.
    columns: usize,
    rows: usize,
    before_us: Option<i64>,
    classes: BTreeMap<Arc<str>, Vec<f32>>,
}

impl Presence {
    /// Takes in where the objects of a frame stand: the middle of each box's lower edge, for the time since the last frame.
    pub fn observe(&mut self, size: Size, pts_us: i64, detections: &[Detection]) {
        if size.pixels() == 0 {
            return;
        }
        if self.columns == 0 {
            let cell = (f64::from(size.width.max(size.height)) / CELLS as f64).max(1.0);
            let count = |side: u32| (f64::from(side) / cell).ceil() as usize;
            (self.columns, self.rows) = (count(size.width), count(size.height));
        }
        let step = self.before_us.map_or(0.0, |before| pts_us.abs_diff(before) as f32 / 1e6).min(LONGEST_STEP);
        self.before_us = Some(pts_us);
        for detection in detections {
            let feet = Anchor::BottomCenter.of(&detection.bbox);
            let place = Point::new(feet.x / size.width as f32, feet.y / size.height as f32);
            // The feet of one who is cut off by the lower edge are out of the picture, but near.
            if (0.0..=1.0).contains(&place.x) && (0.0..=1.1).contains(&place.y) {
                self.add(&detection.label, place, step);
            }
        }
    }

    fn add(&mut self, label: &Arc<str>, place: Point, seconds: f32) {
        let cell = |share: f32, cells: usize| ((share * cells as f32) as usize).min(cells - 1);
        let index = cell(place.y, self.rows) * self.columns + cell(place.x, self.columns);
        if self.classes.len() >= MOST_CLASSES && !self.classes.contains_key(label) {
            return;
        }
        let grid = self.classes.entry(Arc::clone(label)).or_insert_with(|| vec![0.0; self.columns * self.rows]);
        if let Some(cell) = grid.get_mut(index) {
            *cell += seconds;
        }
    }

    /// Cells across and down; 0 before the first frame.
    pub fn cells(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    /// Seconds in each cell, of all classes, row by row.
    pub fn seconds(&self) -> Vec<f32> {
        let mut sum = vec![0.0; self.columns * self.rows];
        for grid in self.classes.values() {
            sum.iter_mut().zip(grid).for_each(|(sum, seconds)| *sum += seconds);
        }
        sum
    }
}

/// Row by row, from the upper left corner, in seconds with two decimals.
impl Serialize for Presence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            columns: usize,
            rows: usize,
            seconds: BTreeMap<&'a str, Vec<Vec<f64>>>,
        }
        let row = |row: &[f32]| row.iter().map(|s| (f64::from(*s) * 100.0).round() / 100.0).collect();
        let seconds = self.classes.iter().map(|(label, grid)| (&**label, grid.chunks(self.columns.max(1)).map(row).collect()));
        Told { columns: self.columns, rows: self.rows, seconds: seconds.collect() }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;
    use proptest::prelude::*;

    const SIZE: Size = Size::new(320, 180);

    fn standing(x: f32, y: f32) -> Detection {
        Detection { class_id: 0, label: "person".into(), confidence: 0.9, bbox: BBox::new(x - 9.0, y - 40.0, x + 9.0, y), track_id: None }
    }

    #[test]
    fn times_count_and_not_frames() {
        let (mut few, mut many) = (Presence::default(), Presence::default());
        (0..=10i64).for_each(|i| few.observe(SIZE, i * 200_000, &[standing(100.0, 90.0)]));
        (0..=100i64).for_each(|i| many.observe(SIZE, i * 20_000, &[standing(100.0, 90.0)]));
        let difference = few.seconds().iter().zip(&many.seconds()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference < 1e-3, "{difference}");
        assert!((few.seconds()[36 * 128 + 40] - 2.0).abs() < 1e-3);
        few.observe(SIZE, 3_600_000_000, &[standing(100.0, 90.0)]);
        assert!(few.seconds().iter().all(|s| *s < 3.0), "a gap of an hour is no stay of an hour");
    }

    #[test]
    fn the_grid_is_small_for_every_picture() {
        for (size, cells) in [(Size::new(7680, 4320), 128 * 72), (Size::new(1, 100_000), 128), (Size::new(3, 2), 6)] {
            let mut presence = Presence::default();
            presence.observe(size, 0, &[]);
            assert_eq!(presence.seconds().len(), cells, "{size:?}");
        }
    }

    #[test]
    fn each_class_has_its_grid() {
        let mut presence = Presence::default();
        let size = Size::new(4, 2);
        let car = Detection { label: "car".into(), ..standing(0.5, 0.5) };
        (0..3i64).for_each(|i| presence.observe(size, i * 100_000, &[car.clone(), standing(3.5, 2.1)]));
        let told = serde_json::to_string(&presence).unwrap();
        assert_eq!(
            told,
            r#"{"columns":4,"rows":2,"seconds":{"car":[[0.2,0.0,0.0,0.0],[0.0,0.0,0.0,0.0]],"person":[[0.0,0.0,0.0,0.0],[0.0,0.0,0.0,0.2]]}}"#
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(found in prop::collection::vec((any::<f32>(), any::<f32>(), any::<i64>()), 0..6), w in 0u32..40, h in 0u32..40) {
            let mut presence = Presence::default();
            for (x, y, pts_us) in found {
                presence.observe(Size::new(w, h), pts_us, &[standing(x, y), standing(x % 40.0, y % 40.0)]);
            }
            presence.seconds();
        }
    }
}
