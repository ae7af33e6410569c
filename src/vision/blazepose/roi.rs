//! The square of a frame that is shown to a BlazePose model, turned so that the person in it stands upright.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use crate::geometry::{BBox, Point, Size};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Roi {
    /// Pixels of the frame.
    pub center: Point,
    pub side: f32,
    /// Radians clockwise, -π..π.
    pub rotation: f32,
}

impl Roi {
    /// The smallest square in which the whole frame lies: what `ImageToTensorCalculator` shows with `keep_aspect_ratio`.
    pub fn whole(frame: Size) -> Self {
        let (w, h) = (frame.width as f32, frame.height as f32);
        Self { center: Point::new(w / 2.0, h / 2.0), side: w.max(h), rotation: 0.0 }
    }

    /// The square around a box, `factor` times its longer side.
    pub fn around(bbox: &BBox, factor: f32) -> Self {
        Self { center: bbox.center(), side: bbox.width().max(bbox.height()) * factor, rotation: 0.0 }
    }

    /// The square of a person who stands upright in this box: what `aligned` gives for them, in the median.
    pub fn standing(bbox: &BBox) -> Self {
        let center = Point::new(bbox.center().x, bbox.y1 + 0.49 * bbox.height());
        Self { center, side: 1.35 * bbox.height(), rotation: 0.0 }
    }

    /// Whether there is such a square at all.
    pub fn is_usable(&self) -> bool {
        self.center.x.is_finite() && self.center.y.is_finite() && self.rotation.is_finite() && (1.0..1e6).contains(&self.side)
    }

    /// The square of a person with its hips at `center` and the circle around its body through `edge`, which lies above the head
    /// (`AlignmentPointsRectsCalculator`, target angle 90°, then `RectTransformationCalculator`, scale 1.25).
    /// None where the points make no square.
    pub fn aligned(center: Point, edge: Point) -> Option<Self> {
        let side = 2.0 * center.distance(edge) * 1.25;
        let turn = FRAC_PI_2 - (center.y - edge.y).atan2(edge.x - center.x);
        let rotation = turn - TAU * ((turn + PI) / TAU).floor();
        Some(Self { center, side, rotation }).filter(Self::is_usable)
    }

    /// A point of the square, 0..=1 from its own top left corner, in the frame.
    pub fn to_frame(&self, p: Point) -> Point {
        let (sin, cos) = self.rotation.sin_cos();
        let (x, y) = ((p.x - 0.5) * self.side, (p.y - 0.5) * self.side);
        Point::new(self.center.x + cos * x - sin * y, self.center.y + sin * x + cos * y)
    }

    pub fn moved(&self, by: Point) -> Self {
        Self { center: Point::new(self.center.x + by.x, self.center.y + by.y), ..*self }
    }

    /// How much of the square (taken unturned) lies on the frame, 0..=1.
    pub fn share_on(&self, frame: Size) -> f32 {
        let square = BBox::from_center(self.center, self.side, self.side);
        let area = square.area();
        let frame = BBox::new(0.0, 0.0, frame.width as f32, frame.height as f32);
        if area > 0.0 { square.intersection(&frame) / area } else { 0.0 }
    }

    /// Whether both are squares of one person: hips less than a fifth of the smaller side apart and sides alike.
    pub fn is_near(&self, other: &Roi) -> bool {
        let (small, large) = (self.side.min(other.side), self.side.max(other.side));
        self.center.distance(other.center) < 0.2 * small && large < 2.0 * small
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_upright_person_needs_no_turn() {
        let roi = Roi::aligned(Point::new(100.0, 200.0), Point::new(100.0, 100.0)).unwrap();
        assert_eq!((roi.side, roi.rotation), (250.0, 0.0));
        assert_eq!(roi.to_frame(Point::new(0.5, 0.0)), Point::new(100.0, 75.0));
    }

    #[test]
    fn a_person_lying_to_the_right_is_turned_clockwise() {
        let roi = Roi::aligned(Point::new(100.0, 100.0), Point::new(200.0, 100.0)).unwrap();
        assert!((roi.rotation - FRAC_PI_2).abs() < 1e-6);
        let head = roi.to_frame(Point::new(0.5, 0.1));
        assert!((head.x - 200.0).abs() < 1e-3 && (head.y - 100.0).abs() < 1e-3, "{head:?}");
    }

    #[test]
    fn points_that_make_no_square_are_refused() {
        let p = Point::new(1.0, 1.0);
        assert_eq!(Roi::aligned(p, p), None);
        assert_eq!(Roi::aligned(p, Point::new(f32::NAN, 0.0)), None);
        assert_eq!(Roi::aligned(Point::new(f32::INFINITY, 0.0), p), None);
    }

    #[test]
    fn shares_and_neighbours() {
        let frame = Size::new(100, 100);
        let roi = |x: f32, side: f32| Roi { center: Point::new(x, 50.0), side, rotation: 0.0 };
        assert_eq!(roi(50.0, 50.0).share_on(frame), 1.0);
        assert_eq!(roi(100.0, 50.0).share_on(frame), 0.5);
        assert_eq!(roi(200.0, 50.0).share_on(frame), 0.0);
        assert_eq!(Roi::whole(Size::new(8000, 2)).side, 8000.0);
        assert!(roi(50.0, 50.0).is_near(&roi(55.0, 60.0)));
        assert!(!roi(50.0, 50.0).is_near(&roi(65.0, 50.0)));
        assert!(!roi(50.0, 50.0).is_near(&roi(50.0, 120.0)));
    }

    proptest! {
        #[test]
        fn the_edge_is_always_straight_up(x in -1e3f32..1e3, y in -1e3f32..1e3) {
            let center = Point::new(10.0, 20.0);
            let edge = Point::new(10.0 + x, 20.0 + y);
            if let Some(roi) = Roi::aligned(center, edge) {
                prop_assert!((-PI..=PI).contains(&roi.rotation));
                prop_assert!(roi.to_frame(Point::new(0.5, 0.1)).distance(edge) < 0.01 * roi.side);
            }
        }
    }
}
