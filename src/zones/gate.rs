//! One track and one line: whether it went through.
//!
//! A crossing counts once the track is clearly on the other side: as far from the line as a box trembles. Who turns round
//! on the line, or trembles on it, crosses it not at all; who walks around its end neither.

use super::line::{Direction, Line};
use crate::geometry::{BBox, Point};

/// Of a box's shorter side; what its edges tremble by.
const CLEAR: f32 = 0.1;
/// In pixels.
const LEAST_CLEAR: f32 = 1.0;

/// How far from the line somebody with this box is clearly on a side of it, in pixels.
pub fn clearance(bbox: &BBox) -> f64 {
    f64::from((CLEAR * bbox.width().min(bbox.height())).max(LEAST_CLEAR))
}

/// Where a track was a moment ago, and where it is: places and times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub from: Point,
    pub to: Point,
    pub from_us: i64,
    pub to_us: i64,
}

impl Way {
    /// The time at a share of the way, 0..=1.
    pub fn time(&self, share: f64) -> i64 {
        self.from_us.saturating_add((self.to_us.saturating_sub(self.from_us) as f64 * share).round() as i64)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// Where it was clearly last (where `In` leads, or not), at first where it was seen first.
    side: Option<Direction>,
    /// Ways through the line since then: inwards less outwards.
    net: i32,
    /// When it last went through.
    through_us: i64,
}

impl Gate {
    /// Takes a step; gives the time and the direction of a crossing that is sure by now.
    pub fn step(&mut self, line: &Line, way: &Way, clearance: f64) -> Option<(i64, Direction)> {
        let before = *self.side.get_or_insert_with(|| side(line.offset(way.from)));
        if let Some((share, direction)) = line.crossed(way.from, way.to) {
            self.net += if direction == Direction::In { 1 } else { -1 };
            self.through_us = way.time(share);
        }
        let offset = line.offset(way.to);
        if offset.abs() < clearance {
            return None;
        }
        let now = side(offset);
        self.side = Some(now);
        let net = std::mem::take(&mut self.net);
        let through = if now == Direction::In { net > 0 } else { net < 0 };
        (now != before && through).then_some((self.through_us, now))
    }
}

/// The direction that leads to where this offset is.
fn side(offset: f64) -> Direction {
    if offset < 0.0 { Direction::In } else { Direction::Out }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a track does to a line from (0, 100) to (200, 100) with a clearance of 5, a point every 100 ms.
    fn walk(points: &[(f32, f32)]) -> Vec<(i64, Direction)> {
        let line = Line::new(Point::new(0.0, 100.0), Point::new(200.0, 100.0)).unwrap();
        let mut gate = Gate::default();
        let at = |i: usize| Point::new(points[i].0, points[i].1);
        let way = |i: usize| Way { from: at(i), to: at(i + 1), from_us: i as i64 * 100_000, to_us: (i as i64 + 1) * 100_000 };
        (0..points.len() - 1).filter_map(|i| gate.step(&line, &way(i), 5.0)).collect()
    }

    #[test]
    fn a_crossing_has_the_time_at_the_line() {
        assert_eq!(walk(&[(50.0, 120.0), (50.0, 110.0), (50.0, 90.0)]), [(150_000, Direction::In)]);
        assert_eq!(walk(&[(50.0, 0.0), (50.0, 400.0)]), [(25_000, Direction::Out)], "a jump far over it");
    }

    #[test]
    fn who_trembles_on_the_line_crosses_once_or_not_at_all() {
        let trembling = [110.0, 101.0, 99.0, 102.0, 98.0, 101.0, 97.0];
        let points = |end: f32| trembling.iter().chain([&end]).map(|y| (50.0, *y)).collect::<Vec<_>>();
        assert_eq!(walk(&points(90.0)).len(), 1);
        assert_eq!(walk(&points(110.0)), []);
        assert_eq!(walk(&points(99.0)), [], "not clear yet");
    }

    #[test]
    fn a_way_around_the_end_is_no_crossing() {
        assert_eq!(walk(&[(190.0, 120.0), (220.0, 110.0), (220.0, 90.0), (190.0, 80.0)]), []);
        let through_and_around = [(190.0, 120.0), (190.0, 80.0), (220.0, 80.0), (220.0, 120.0), (190.0, 120.0), (190.0, 80.0)];
        assert_eq!(walk(&through_and_around).len(), 2, "twice in, and back around the end");
    }

    #[test]
    fn to_and_fro_is_one_of_each() {
        let crossings = walk(&[(50.0, 120.0), (50.0, 80.0), (60.0, 120.0)]);
        assert_eq!(crossings.iter().map(|c| c.1).collect::<Vec<_>>(), [Direction::In, Direction::Out]);
    }
}
