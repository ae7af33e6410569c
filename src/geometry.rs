//! Points, sizes and boxes in pixels of the displayed (rotated) frame; x right, y down, origin top left.

use serde::{Serialize, Serializer};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl Size {
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    pub fn distance(self, other: Point) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// An axis-aligned box, `x1 <= x2` and `y1 <= y2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BBox {
    pub x1: f32,
    pub y1: f32,
    pub x2: f32,
    pub y2: f32,
}

impl BBox {
    /// The box between two corners, given in any order.
    pub fn new(x1: f32, y1: f32, x2: f32, y2: f32) -> Self {
        Self { x1: x1.min(x2), y1: y1.min(y2), x2: x1.max(x2), y2: y1.max(y2) }
    }

    pub fn from_center(center: Point, width: f32, height: f32) -> Self {
        let (w, h) = (width / 2.0, height / 2.0);
        Self::new(center.x - w, center.y - h, center.x + w, center.y + h)
    }

    pub fn width(&self) -> f32 {
        self.x2 - self.x1
    }

    pub fn height(&self) -> f32 {
        self.y2 - self.y1
    }

    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    pub fn center(&self) -> Point {
        Point::new((self.x1 + self.x2) / 2.0, (self.y1 + self.y2) / 2.0)
    }

    pub fn contains(&self, p: Point) -> bool {
        (self.x1..=self.x2).contains(&p.x) && (self.y1..=self.y2).contains(&p.y)
    }

    pub fn intersection(&self, other: &BBox) -> f32 {
        let w = self.x2.min(other.x2) - self.x1.max(other.x1);
        let h = self.y2.min(other.y2) - self.y1.max(other.y1);
        w.max(0.0) * h.max(0.0)
    }

    /// Intersection over union, 0..=1; 0 where both are empty.
    pub fn iou(&self, other: &BBox) -> f32 {
        let both = self.intersection(other);
        let either = self.area() + other.area() - both;
        if either > 0.0 { both / either } else { 0.0 }
    }

    /// The part of the box that lies on a frame of this size.
    pub fn clamp(&self, size: Size) -> BBox {
        let (w, h) = (size.width as f32, size.height as f32);
        BBox { x1: self.x1.clamp(0.0, w), y1: self.y1.clamp(0.0, h), x2: self.x2.clamp(0.0, w), y2: self.y2.clamp(0.0, h) }
    }
}

/// `[x1, y1, x2, y2]` with two decimals: a hundredth of a pixel is finer than any detector.
impl Serialize for BBox {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.x1, self.y1, self.x2, self.y2].map(|v| rounded(v, 2)).serialize(serializer)
    }
}

/// `value` with `decimals` digits after the point, as the shortest number that says so in JSON.
pub fn rounded(value: f32, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (f64::from(value) * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn iou_of_known_boxes() {
        let a = BBox::new(0.0, 0.0, 2.0, 2.0);
        assert_eq!(a.iou(&a), 1.0);
        assert_eq!(a.iou(&BBox::new(1.0, 0.0, 3.0, 2.0)), 1.0 / 3.0);
        assert_eq!(a.iou(&BBox::new(5.0, 5.0, 6.0, 6.0)), 0.0);
        let nothing = BBox::new(1.0, 1.0, 1.0, 1.0);
        assert_eq!(nothing.iou(&nothing), 0.0);
    }

    #[test]
    fn boxes_are_written_with_two_decimals() {
        let text = serde_json::to_string(&BBox::new(1.0, 2.345, 3.1, 4.0)).unwrap();
        assert_eq!(text, "[1.0,2.35,3.1,4.0]");
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_and_bounded(a in prop::array::uniform4(-1e3f32..1e3), b in prop::array::uniform4(-1e3f32..1e3)) {
            let (a, b) = (BBox::new(a[0], a[1], a[2], a[3]), BBox::new(b[0], b[1], b[2], b[3]));
            prop_assert_eq!(a.iou(&b), b.iou(&a));
            prop_assert!((0.0..=1.001).contains(&a.iou(&b)));
        }
    }
}
