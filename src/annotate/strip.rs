//! The pixels a line can touch: what of it lies near the picture, and from where to where a row runs through it.

use crate::geometry::Point;

/// The part of a segment within `margin` pixels of a picture of `width` x `height`, none where there is none
/// (Liang–Barsky). What is cut off is further than `margin` from every pixel, so nothing is missed. The ends must be
/// finite; it is computed in f64, where no f32 overflows.
pub fn near_part(a: Point, b: Point, width: f64, height: f64, margin: f64) -> Option<(Point, Point)> {
    let (ax, ay) = (f64::from(a.x), f64::from(a.y));
    let (dx, dy) = (f64::from(b.x) - ax, f64::from(b.y) - ay);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (delta, to_edge) in [(-dx, ax + margin), (dx, width + margin - ax), (-dy, ay + margin), (dy, height + margin - ay)] {
        if delta == 0.0 {
            if to_edge < 0.0 {
                return None;
            }
        } else if delta < 0.0 {
            enter = enter.max(to_edge / delta);
        } else {
            leave = leave.min(to_edge / delta);
        }
    }
    let at = |t: f64| Point::new((ax + t * dx) as f32, (ay + t * dy) as f32);
    // An end that stays is the same to the last bit.
    (enter <= leave).then(|| (if enter == 0.0 { a } else { at(enter) }, if leave == 1.0 { b } else { at(leave) }))
}

/// The points within `reach` of a segment: two discs and the rectangle between them.
pub struct Strip {
    ends: [Point; 2],
    corners: [Point; 4],
    reach: f32,
}

impl Strip {
    /// The strip around the segment from `a` to `b = a + along`, whose squared length is `length2`.
    pub fn new(a: Point, b: Point, along: Point, length2: f32, reach: f32) -> Self {
        let k = if length2 > 1e-9 { reach / length2.sqrt() } else { 0.0 };
        let n = Point::new(-along.y * k, along.x * k);
        let corners = [
            Point::new(a.x + n.x, a.y + n.y),
            Point::new(b.x + n.x, b.y + n.y),
            Point::new(b.x - n.x, b.y - n.y),
            Point::new(a.x - n.x, a.y - n.y),
        ];
        Self { ends: [a, b], corners, reach }
    }

    /// From where to where the row at `y` runs through it (it is convex, so it does so once); reversed where it does not.
    pub fn row(&self, y: f32) -> (f32, f32) {
        let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
        let mut include = |x: f32| {
            left = left.min(x);
            right = right.max(x);
        };
        for end in self.ends {
            let half2 = self.reach * self.reach - (y - end.y) * (y - end.y);
            if half2 >= 0.0 {
                include(end.x - half2.sqrt());
                include(end.x + half2.sqrt());
            }
        }
        for i in 0..4 {
            let (p, q) = (self.corners[i], self.corners[(i + 1) % 4]);
            if (p.y <= y) != (q.y <= y) {
                include(p.x + (y - p.y) / (q.y - p.y) * (q.x - p.x));
            }
        }
        (left, right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_cut_to_what_is_near() {
        let cut = |a: (f32, f32), b: (f32, f32)| near_part(Point::new(a.0, a.1), Point::new(b.0, b.1), 100.0, 50.0, 2.0);
        let (inner_a, inner_b) = (Point::new(1.0, 2.0), Point::new(90.0, 40.0));
        assert_eq!(cut((1.0, 2.0), (90.0, 40.0)), Some((inner_a, inner_b)));
        assert_eq!(cut((-1e30, 10.0), (1e30, 10.0)).map(|(a, b)| (a.y, b.y)), Some((10.0, 10.0)));
        assert_eq!(cut((10.0, 10.0), (10.0, 1e6)), Some((Point::new(10.0, 10.0), Point::new(10.0, 52.0))));
        assert_eq!(cut((-9.0, 60.0), (120.0, 60.0)), None);
        assert_eq!(cut((-30.0, 0.0), (0.0, -30.0)), None, "past the corner");
        assert_eq!(cut((60.0, 60.0), (60.0, 60.0)), None);
    }

    #[test]
    fn a_row_runs_through_a_strip_once() {
        let (a, b) = (Point::new(0.0, 0.0), Point::new(10.0, 0.0));
        let strip = Strip::new(a, b, b, 100.0, 2.0);
        assert_eq!(strip.row(0.0), (-2.0, 12.0));
        let (left, right) = strip.row(3.0);
        assert!(left > right, "above it there is nothing");
    }
}
