//! An area of the picture with straight edges that do not cross.

use crate::geometry::{BBox, Point};

/// Corners at least.
pub const LEAST_POINTS: usize = 3;

/// Why points make no polygon.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoPolygon {
    #[error("has {0} points; a zone needs at least {LEAST_POINTS}")]
    TooFew(usize),
    #[error("has edges that cross: the one behind point {0} and the one behind point {1}")]
    Crosses(usize, usize),
    #[error("has no area")]
    NoArea,
}

/// At least three corners whose edges do not cross, and an area.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon(Vec<Point>);

impl Polygon {
    /// `points` are finite; an area of `least_area` is none. A last point that repeats the first is left out.
    pub fn new(mut points: Vec<Point>, least_area: f64) -> Result<Self, NoPolygon> {
        if points.len() > LEAST_POINTS && points.first() == points.last() {
            points.pop();
        }
        let count = points.len();
        if count < LEAST_POINTS {
            return Err(NoPolygon::TooFew(count));
        }
        let polygon = Self(points);
        for (first, (a, b)) in polygon.edges().enumerate() {
            for (second, (c, d)) in polygon.edges().enumerate().skip(first + 1) {
                let neighbours = second == first + 1 || (first == 0 && second == count - 1);
                // Neighbours share a corner; they cross where one runs back on the other.
                let crosses = if neighbours { turns_back(a, b, c, d) } else { meet(a, b, c, d) };
                if crosses {
                    return Err(NoPolygon::Crosses(first + 1, second + 1));
                }
            }
        }
        if polygon.area() <= least_area { Err(NoPolygon::NoArea) } else { Ok(polygon) }
    }

    pub fn points(&self) -> &[Point] {
        &self.0
    }

    pub fn scaled(&self, across: f32, down: f32) -> Self {
        Self(self.0.iter().map(|p| Point::new(p.x * across, p.y * down)).collect())
    }

    fn edges(&self) -> impl Iterator<Item = (Point, Point)> + Clone {
        self.0.iter().copied().zip(self.0.iter().copied().cycle().skip(1))
    }

    /// By the shoelace formula.
    pub fn area(&self) -> f64 {
        let twice: f64 = self.edges().map(|(a, b)| f64::from(a.x) * f64::from(b.y) - f64::from(b.x) * f64::from(a.y)).sum();
        twice.abs() / 2.0
    }

    pub fn bounds(&self) -> BBox {
        let ends = |of: fn(&Point) -> f32| {
            self.0.iter().map(of).fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
        };
        let ((x1, x2), (y1, y2)) = (ends(|p| p.x), ends(|p| p.y));
        BBox { x1, y1, x2, y2 }
    }

    /// Whether a point lies inside (even-odd rule).
    fn contains(&self, x: f64, y: f64) -> bool {
        let crossings = self.edges().filter(|(a, b)| {
            let (ay, by) = (f64::from(a.y), f64::from(b.y));
            (ay > y) != (by > y) && x < f64::from(a.x) + (y - ay) / (by - ay) * (f64::from(b.x) - f64::from(a.x))
        });
        crossings.count() % 2 == 1
    }

    /// The parts of the way from `a` to `b` that lie inside, as shares of it, 0..=1, in their order.
    pub fn inside(&self, a: Point, b: Point) -> Vec<(f64, f64)> {
        let bounds = self.bounds();
        let apart = a.x.max(b.x) < bounds.x1 || a.x.min(b.x) > bounds.x2 || a.y.max(b.y) < bounds.y1 || a.y.min(b.y) > bounds.y2;
        if apart || ![a.x, a.y, b.x, b.y].iter().all(|v| v.is_finite()) {
            return Vec::new();
        }
        let mut cuts: Vec<f64> = self.edges().filter_map(|(c, d)| cut(a, b, c, d)).chain([0.0, 1.0]).collect();
        cuts.sort_by(f64::total_cmp);
        let mut parts: Vec<(f64, f64)> = Vec::new();
        for pair in cuts.windows(2).filter(|pair| pair[1] > pair[0]) {
            let middle = (pair[0] + pair[1]) / 2.0;
            let at = |from: f32, to: f32| f64::from(from) + (f64::from(to) - f64::from(from)) * middle;
            if !self.contains(at(a.x, b.x), at(a.y, b.y)) {
                continue;
            }
            match parts.last_mut() {
                Some(last) if last.1 == pair[0] => last.1 = pair[1],
                _ => parts.push((pair[0], pair[1])),
            }
        }
        parts
    }
}

/// Twice the area of a triangle; its sign says on which side of the line through `a` and `b` the third point lies.
fn side(a: Point, b: Point, p: Point) -> f64 {
    let (dx, dy) = (f64::from(b.x) - f64::from(a.x), f64::from(b.y) - f64::from(a.y));
    dx * (f64::from(p.y) - f64::from(a.y)) - dy * (f64::from(p.x) - f64::from(a.x))
}

/// Whether two segments have a point in common.
fn meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let between =
        |a: Point, b: Point, p: Point| (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x) && (a.y.min(b.y)..=a.y.max(b.y)).contains(&p.y);
    let sides = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
    if sides[0] * sides[1] < 0.0 && sides[2] * sides[3] < 0.0 {
        return true;
    }
    let touches = [(sides[0], a, b, c), (sides[1], a, b, d), (sides[2], c, d, a), (sides[3], c, d, b)];
    touches.iter().any(|&(side, from, to, p)| side == 0.0 && between(from, to, p))
}

/// Whether two edges that share a corner lie on each other.
fn turns_back(a: Point, b: Point, c: Point, d: Point) -> bool {
    let (corner, one, other) = if b == c { (b, a, d) } else { (a, b, c) };
    let (dx, dy) = (one.x - corner.x, one.y - corner.y);
    let (ex, ey) = (other.x - corner.x, other.y - corner.y);
    side(corner, one, other) == 0.0 && f64::from(dx) * f64::from(ex) + f64::from(dy) * f64::from(ey) >= 0.0
}

/// Where on the way from `a` to `b` the edge from `c` to `d` is met.
fn cut(a: Point, b: Point, c: Point, d: Point) -> Option<f64> {
    let (before, after) = (side(c, d, a), side(c, d, b));
    let (near, far) = (side(a, b, c), side(a, b, d));
    // A way along an edge is cut by the edges at its ends.
    if before == after || (near > 0.0 && far > 0.0) || (near < 0.0 && far < 0.0) {
        return None;
    }
    let share = before / (before - after);
    (0.0..=1.0).contains(&share).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn polygon(points: &[(f32, f32)]) -> Result<Polygon, NoPolygon> {
        Polygon::new(points.iter().map(|&(x, y)| Point::new(x, y)).collect(), 0.0)
    }

    /// A U, open above.
    fn cup() -> Polygon {
        polygon(&[(0.0, 0.0), (2.0, 0.0), (2.0, 6.0), (6.0, 6.0), (6.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0)]).unwrap()
    }

    #[test]
    fn what_is_no_simple_area_is_refused() {
        assert_eq!(polygon(&[(0.0, 0.0), (1.0, 1.0)]), Err(NoPolygon::TooFew(2)));
        assert_eq!(polygon(&[(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0)]), Err(NoPolygon::Crosses(1, 3)), "a bow tie");
        assert_eq!(polygon(&[(0.0, 0.0), (4.0, 0.0), (2.0, 0.0), (2.0, 3.0)]), Err(NoPolygon::Crosses(1, 2)), "there and back");
        assert!(polygon(&[(0.0, 0.0), (4.0, 0.0), (4.0, 0.0), (0.0, 4.0)]).is_err(), "a point twice");
        assert!(polygon(&[(0.0, 0.0), (4.0, 0.0), (8.0, 0.0)]).is_err(), "a line");
        assert_eq!(Polygon::new(vec![Point::new(0.0, 0.0), Point::new(1.0, 0.0), Point::new(0.0, 1.0)], 0.5), Err(NoPolygon::NoArea));
        let closed = polygon(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 0.0)]).unwrap();
        assert_eq!((closed.points().len(), closed.area()), (3, 8.0));
    }

    #[test]
    fn a_way_through_a_cup_is_inside_twice() {
        let parts = cup().inside(Point::new(-2.0, 3.0), Point::new(10.0, 3.0));
        let expected = [(2.0 / 12.0, 4.0 / 12.0), (8.0 / 12.0, 10.0 / 12.0)];
        assert!(
            parts.len() == 2 && parts.iter().zip(expected).all(|(p, e)| (p.0 - e.0).abs() < 1e-9 && (p.1 - e.1).abs() < 1e-9),
            "{parts:?}"
        );
        assert_eq!(cup().inside(Point::new(1.0, 1.0), Point::new(1.0, 1.0)), [(0.0, 1.0)], "who stands");
        assert_eq!(cup().inside(Point::new(4.0, 1.0), Point::new(4.0, 1.0)), []);
        assert_eq!(cup().inside(Point::new(4.0, f32::NAN), Point::new(4.0, 1.0)), []);
        assert_eq!(cup().area(), 40.0);
    }

    proptest! {
        #[test]
        fn a_way_in_two_steps_is_inside_for_as_long(a in prop::array::uniform2(-3.0f32..11.0), b in prop::array::uniform2(-3.0f32..11.0), share in 0.0f32..1.0) {
            let (a, b) = (Point::new(a[0], a[1]), Point::new(b[0], b[1]));
            let middle = Point::new(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share);
            let long = |a, b| cup().inside(a, b).iter().map(|(from, to)| to - from).sum::<f64>();
            let two = long(a, middle) * f64::from(share) + long(middle, b) * f64::from(1.0 - share);
            prop_assert!((long(a, b) - two).abs() < 1e-3, "{} {two}", long(a, b));
        }

        #[test]
        fn no_points_panic(points in prop::collection::vec((any::<f32>(), any::<f32>()), 0..7), x in any::<f32>(), y in any::<f32>()) {
            if let Ok(polygon) = polygon(&points) {
                polygon.inside(Point::new(x, y), Point::new(0.0, 0.0));
            }
        }
    }
}
