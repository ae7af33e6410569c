//! A line between two points that tracks cross in one of two directions.

use serde::{Deserialize, Serialize};

use crate::geometry::Point;

/// Which way a line is crossed, as seen by one who stands at its first point and looks to its second (the convention of
/// supervision's `LineZone`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the right hand to the left: upwards, where the line goes from left to right.
    In,
    /// From the left hand to the right.
    Out,
}

impl Direction {
    pub fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// From one point to another one; never of no length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub from: Point,
    pub to: Point,
}

impl Line {
    /// None where the points are the same or not finite.
    pub fn new(from: Point, to: Point) -> Option<Self> {
        let length = from.distance(to);
        (length.is_finite() && length > 0.0).then_some(Self { from, to })
    }

    pub fn scaled(&self, across: f32, down: f32) -> Self {
        let scaled = |p: Point| Point::new(p.x * across, p.y * down);
        Self { from: scaled(self.from), to: scaled(self.to) }
    }

    /// How far a point lies from the line, which is endless for this; negative on its left, where `In` leads.
    pub fn offset(&self, p: Point) -> f64 {
        let (dx, dy) = (f64::from(self.to.x) - f64::from(self.from.x), f64::from(self.to.y) - f64::from(self.from.y));
        let (px, py) = (f64::from(p.x) - f64::from(self.from.x), f64::from(p.y) - f64::from(self.from.y));
        (dx * py - dy * px) / dx.hypot(dy)
    }

    /// Where on the way from `a` to `b`, 0..=1, the line is crossed between its two ends, and in which direction.
    pub fn crossed(&self, a: Point, b: Point) -> Option<(f64, Direction)> {
        let (before, after) = (self.offset(a), self.offset(b));
        // What lies on the line belongs to its right, so that a way that only touches it is told once or not at all.
        if (before < 0.0) == (after < 0.0) {
            return None;
        }
        let share = before / (before - after);
        let at = |from: f32, to: f32| f64::from(from) + (f64::from(to) - f64::from(from)) * share;
        let (x, y) = (at(a.x, b.x), at(a.y, b.y));
        let (dx, dy) = (f64::from(self.to.x - self.from.x), f64::from(self.to.y - self.from.y));
        let along = ((x - f64::from(self.from.x)) * dx + (y - f64::from(self.from.y)) * dy) / (dx * dx + dy * dy);
        let direction = if after < 0.0 { Direction::In } else { Direction::Out };
        (0.0..=1.0).contains(&along).then_some((share, direction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        Line::new(Point::new(0.0, 10.0), Point::new(20.0, 10.0)).unwrap()
    }

    #[test]
    fn upwards_over_a_line_to_the_right_is_in() {
        let way = |from: (f32, f32), to: (f32, f32)| line().crossed(Point::new(from.0, from.1), Point::new(to.0, to.1));
        assert_eq!(way((5.0, 14.0), (5.0, 6.0)), Some((0.5, Direction::In)));
        assert_eq!(way((5.0, 6.0), (5.0, 14.0)), Some((0.5, Direction::Out)));
        assert_eq!(way((5.0, 6.0), (5.0, 9.0)), None);
        assert_eq!(way((25.0, 6.0), (25.0, 14.0)), None, "beyond its end");
        assert_eq!(way((19.0, 6.0), (23.0, 14.0)), None, "begins above it and ends beyond it");
    }

    #[test]
    fn a_way_that_ends_on_the_line_and_goes_on_crosses_once() {
        let [above, on, below] = [8.0, 10.0, 12.0].map(|y| Point::new(5.0, y));
        let crossings = |points: &[Point]| points.windows(2).filter(|w| line().crossed(w[0], w[1]).is_some()).count();
        assert_eq!(crossings(&[above, on, below]), 1);
        assert_eq!(crossings(&[below, on, above]), 1);
        assert_eq!(crossings(&[below, on, below]), 0);
    }

    #[test]
    fn offsets_are_pixels_and_negative_on_the_left() {
        assert_eq!(line().offset(Point::new(500.0, 7.0)), -3.0);
        assert_eq!(line().offset(Point::new(3.0, 12.0)), 2.0);
        assert_eq!(Line::new(Point::new(1.0, 1.0), Point::new(1.0, 1.0)), None);
        assert_eq!(Line::new(Point::new(1.0, f32::NAN), Point::new(1.0, 1.0)), None);
    }
}
