//! Anti-aliased shapes on a picture, in place.
//!
//! A shape covers a pixel by the distance of the pixel's centre (`x + 0.5, y + 0.5`) to the shape's edge: fully from
//! half a pixel inside, not at all from half a pixel outside. Everything is clipped to the picture; a shape with a
//! coordinate that is not finite is not drawn.

use std::ops::Range;

use super::strip::{Strip, near_part};
use crate::frame::RgbFrame;
use crate::geometry::{BBox, Point};

/// A colour and how much of what is below it hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    rgb: [u8; 3],
    /// 0..=256, so that full coverage writes the colour itself.
    opacity: u16,
}

impl Ink {
    /// Ink that hides everything below.
    pub const fn opaque(rgb: [u8; 3]) -> Self {
        Self { rgb, opacity: 256 }
    }

    /// Ink of this opacity, clipped to 0..=1; NaN is 0.
    pub fn translucent(rgb: [u8; 3], opacity: f32) -> Self {
        Self { rgb, opacity: (opacity.clamp(0.0, 1.0) * 256.0).round() as u16 }
    }

    /// The weight, 0..=256, with which this ink replaces a pixel that a shape covers by 0..=1.
    fn weight(self, coverage: f32) -> i32 {
        (coverage * f32::from(self.opacity) + 0.5) as i32
    }

    fn blend(self, pixel: &mut [u8], weight: i32) {
        for (below, above) in pixel.iter_mut().zip(self.rgb) {
            let old = i32::from(*below);
            *below = (old + (((i32::from(above) - old) * weight + 128) >> 8)) as u8;
        }
    }
}

/// A frame as something to draw on. Pixel `(0, 0)` covers the square from `(0.0, 0.0)` to `(1.0, 1.0)`.
pub struct Canvas<'a> {
    data: &'a mut [u8],
    width: usize,
    height: usize,
}

impl<'a> Canvas<'a> {
    /// Borrows the frame; nothing is copied.
    pub fn new(frame: &'a mut RgbFrame) -> Self {
        let (width, height) = (frame.width(), frame.height());
        Self { data: frame.data_mut(), width, height }
    }

    /// A line with round ends, `width` pixels thick.
    pub fn line(&mut self, a: Point, b: Point, width: f32, ink: Ink) {
        let radius = width / 2.0;
        if !(radius > 0.0 && [radius, a.x, a.y, b.x, b.y].iter().all(|v| v.is_finite())) {
            return;
        }
        let reach = radius + 0.5;
        let Some((a, b)) = near_part(a, b, self.width as f64, self.height as f64, f64::from(reach) + 1.0) else { return };
        let along = Point::new(b.x - a.x, b.y - a.y);
        let length2 = along.x * along.x + along.y * along.y;
        let per_length2 = if length2 > 1e-9 { 1.0 / length2 } else { 0.0 };
        let strip = Strip::new(a, b, along, length2, reach);
        let (inner2, outer2) = ((radius - 0.5).max(0.0).powi(2), reach * reach);
        // A line thinner than a pixel is as much paler.
        let most = width.min(1.0);

        for y in pixels(a.y.min(b.y) - reach, a.y.max(b.y) + reach, self.height) {
            let cy = y as f32 + 0.5;
            let (left, right) = strip.row(cy);
            let columns = pixels(left, right, self.width);
            let first = columns.start;
            for (i, pixel) in self.row(y, columns).chunks_exact_mut(3).enumerate() {
                let (dx, dy) = ((first + i) as f32 + 0.5 - a.x, cy - a.y);
                let t = ((dx * along.x + dy * along.y) * per_length2).clamp(0.0, 1.0);
                let (px, py) = (dx - t * along.x, dy - t * along.y);
                let distance2 = px * px + py * py;
                if distance2 <= inner2 {
                    ink.blend(pixel, ink.weight(most));
                } else if distance2 < outer2 {
                    ink.blend(pixel, ink.weight((reach - distance2.sqrt()).min(most)));
                }
            }
        }
    }

    /// The pixels of a row whose centres lie from `left` to `right`.
    pub fn fill_row(&mut self, y: usize, left: f32, right: f32, ink: Ink) {
        if y < self.height {
            let columns = pixels(left, right, self.width);
            self.row(y, columns).chunks_exact_mut(3).for_each(|pixel| ink.blend(pixel, ink.weight(1.0)));
        }
    }

    /// A filled circle.
    pub fn disc(&mut self, center: Point, radius: f32, ink: Ink) {
        self.line(center, center, radius * 2.0, ink);
    }

    /// A filled rectangle, its corners rounded by `radius` pixels (at most half its shorter side; 0 for none).
    pub fn fill_rect(&mut self, bbox: &BBox, radius: f32, ink: Ink) {
        self.rounded(bbox, radius, 0.5, ink, |distance| (0.5 - distance).clamp(0.0, 1.0));
    }

    /// The outline of a rectangle, `width` pixels thick, half of it on each side of the edge.
    pub fn stroke_rect(&mut self, bbox: &BBox, radius: f32, width: f32, ink: Ink) {
        let (reach, most) = (width / 2.0 + 0.5, width.min(1.0));
        if width > 0.0 {
            self.rounded(bbox, radius, reach, ink, |distance| (reach - distance.abs()).clamp(0.0, 1.0).min(most));
        }
    }

    /// `coverage` (0..=255, `width` a row) as a stencil with its left upper pixel at `(left, top)`.
    pub fn stencil(&mut self, left: i32, top: i32, width: usize, coverage: &[u8], ink: Ink) {
        if width == 0 {
            return;
        }
        let skipped = (i64::from(left).min(0).unsigned_abs() as usize).min(width);
        let start = (left.max(0) as usize).min(self.width);
        for (i, line) in coverage.chunks_exact(width).enumerate() {
            let Ok(y) = usize::try_from(i64::from(top) + i as i64) else { continue };
            if y >= self.height {
                break;
            }
            let end = (start + width - skipped).min(self.width);
            for (pixel, &covered) in self.row(y, start..end).chunks_exact_mut(3).zip(&line[skipped..]) {
                if covered > 0 {
                    ink.blend(pixel, ink.weight(f32::from(covered) / 255.0));
                }
            }
        }
    }

    /// A rounded rectangle whose `coverage` is a function of the signed distance to its edge (negative inside). It is 0
    /// from `reach` outside; inside `reach` it may only depend on which side of the edge the pixel is.
    fn rounded(&mut self, bbox: &BBox, radius: f32, reach: f32, ink: Ink, coverage: impl Fn(f32) -> f32) {
        let BBox { x1, y1, x2, y2 } = *bbox;
        if ![x1, y1, x2, y2, radius, reach].iter().all(|v| v.is_finite()) {
            return;
        }
        let radius = radius.min((x2 - x1) / 2.0).min((y2 - y1) / 2.0).max(0.0);
        // Edges far outside come near enough to compute with, and stay far enough to leave the picture as it is.
        let margin = reach + radius + 2.0;
        let (right, bottom) = (self.width as f32 + margin, self.height as f32 + margin);
        if x1 > right || y1 > bottom || x2 < -margin || y2 < -margin {
            return;
        }
        let (x1, y1, x2, y2) = (x1.max(-margin), y1.max(-margin), x2.min(right), y2.min(bottom));
        let (cx, cy) = ((x1 + x2) / 2.0, (y1 + y2) / 2.0);
        let (half_w, half_h) = ((x2 - x1) / 2.0, (y2 - y1) / 2.0);
        let corner = radius.max(reach) + 1.0;

        for y in pixels(y1 - reach, y2 + reach, self.height) {
            let from_middle = (y as f32 + 0.5 - cy).abs();
            let qy = from_middle - half_h + radius;
            // Rows between the corners differ from one another only next to the two sides.
            let inset = if from_middle < half_h - corner { reach } else { corner };
            let mut left = pixels(x1 - reach, x1 + inset, self.width);
            let mut right = pixels(x2 - inset, x2 + reach, self.width);
            left.end = left.end.min(pixels(x1, cx, self.width).end.max(left.start));
            right.start = right.start.max(left.end).min(right.end);
            let between = left.end..right.start;

            for side in [left, right] {
                let first = side.start;
                for (i, pixel) in self.row(y, side).chunks_exact_mut(3).enumerate() {
                    let qx = ((first + i) as f32 + 0.5 - cx).abs() - half_w + radius;
                    let distance = if qx > 0.0 && qy > 0.0 { (qx * qx + qy * qy).sqrt() } else { qx.max(qy) } - radius;
                    ink.blend(pixel, ink.weight(coverage(distance)));
                }
            }
            let weight = ink.weight(coverage(qy - radius));
            if weight > 0 {
                self.row(y, between).chunks_exact_mut(3).for_each(|pixel| ink.blend(pixel, weight));
            }
        }
    }

    /// The bytes of a row's pixels; none where the range is empty or reversed.
    fn row(&mut self, y: usize, columns: Range<usize>) -> &mut [u8] {
        let start = y * self.width;
        &mut self.data[(start + columns.start) * 3..(start + columns.end.max(columns.start)) * 3]
    }
}

/// The indices of the pixels whose centres lie in `low..=high`, cut to `0..count`.
fn pixels(low: f32, high: f32, count: usize) -> Range<usize> {
    // A cast saturates, and NaN becomes 0.
    let end = ((high + 0.5).floor().max(0.0) as usize).min(count);
    let start = ((low - 0.5).ceil().max(0.0) as usize).min(end);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use proptest::prelude::*;

    const WHITE: Ink = Ink::opaque([255; 3]);

    fn drawn(width: u32, height: u32, draw: impl FnOnce(&mut Canvas)) -> RgbFrame {
        let mut frame = RgbFrame::filled(Size::new(width, height), [0; 3]);
        draw(&mut Canvas::new(&mut frame));
        frame
    }

    /// The picture as text, a digit a pixel: 0 is black, 9 is white.
    fn digits(frame: &RgbFrame) -> Vec<String> {
        let digit = |v: u8| char::from(b'0' + ((u32::from(v) * 9 + 127) / 255) as u8);
        (0..frame.height()).map(|y| (0..frame.width()).map(|x| digit(frame.pixel(x, y)[0])).collect()).collect()
    }

    #[test]
    fn shapes_look_like_this() {
        let disc = drawn(7, 7, |c| c.disc(Point::new(3.5, 3.5), 2.5, WHITE));
        assert_eq!(digits(&disc), ["0000000", "0279720", "0799970", "0999990", "0799970", "0279720", "0000000"]);
        let ring = drawn(9, 7, |c| c.stroke_rect(&BBox::new(1.5, 1.5, 7.5, 5.5), 2.0, 1.0, WHITE));
        assert_eq!(digits(&ring), ["000000000", "027999720", "074000470", "090000090", "074000470", "027999720", "000000000"]);
        let line = drawn(9, 7, |c| c.line(Point::new(2.0, 2.0), Point::new(7.0, 5.0), 1.5, WHITE));
        assert_eq!(digits(&line), ["000000000", "055000000", "059840000", "002797200", "000048950", "000000550", "000000000"]);
    }

    #[test]
    fn a_line_on_pixel_edges_has_no_soft_side() {
        let frame = drawn(6, 4, |c| c.line(Point::new(-9.0, 2.0), Point::new(20.0, 2.0), 2.0, WHITE));
        assert_eq!(digits(&frame), ["000000", "999999", "999999", "000000"]);
    }

    #[test]
    fn opacity_mixes_and_full_opacity_replaces() {
        let whole = BBox::new(0.0, 0.0, 2.0, 2.0);
        let half = drawn(2, 2, |c| c.fill_rect(&whole, 0.0, Ink::translucent([255, 0, 255], 0.5)));
        assert_eq!(half.pixel(1, 1), [128, 0, 128]);
        let full = drawn(2, 2, |c| c.fill_rect(&whole, 0.0, Ink::opaque([7, 8, 9])));
        assert_eq!(full.data(), [7, 8, 9].repeat(4));
        let none = drawn(2, 2, |c| c.fill_rect(&whole, 0.0, Ink::translucent([255; 3], f32::NAN)));
        assert_eq!(none.data(), [0; 12]);
    }

    #[test]
    fn a_stencil_is_clipped_on_every_side() {
        for (left, top, lit) in
            [(0, 0, 4), (-1, 0, 2), (0, -1, 2), (1, 1, 1), (-2, 0, 0), (2, 0, 0), (i32::MIN, i32::MAX, 0), (i32::MAX, i32::MIN, 0)]
        {
            let frame = drawn(2, 2, |c| c.stencil(left, top, 2, &[255; 4], WHITE));
            assert_eq!(frame.data().iter().filter(|&&v| v == 255).count(), lit * 3, "at {left}, {top}");
        }
    }

    #[test]
    fn a_rectangle_larger_than_the_world_fills_the_frame() {
        let frame = drawn(5, 3, |c| c.fill_rect(&BBox::new(f32::MIN, f32::MIN, f32::MAX, f32::MAX), 0.0, WHITE));
        assert!(frame.data().iter().all(|&v| v == 255));
    }

    /// Ordinary numbers, far ones, and what is none.
    fn coordinate() -> impl Strategy<Value = f32> {
        prop_oneof![4 => -20.0f32..60.0, 1 => any::<f32>(), 1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 0.0, -0.0, 1e-40])]
    }

    proptest! {
        #[test]
        fn nothing_panics(c in prop::array::uniform4(coordinate()), radius in coordinate(), width in coordinate(), size in prop::sample::select(vec![(0, 0), (0, 5), (5, 0), (1, 1), (2, 2), (33, 17)])) {
            drawn(size.0, size.1, |canvas| {
                let bbox = BBox { x1: c[0], y1: c[1], x2: c[2], y2: c[3] };
                canvas.fill_rect(&bbox, radius, WHITE);
                canvas.stroke_rect(&bbox, radius, width, WHITE);
                canvas.line(Point::new(c[0], c[1]), Point::new(c[2], c[3]), width, WHITE);
                canvas.disc(Point::new(c[0], c[1]), radius, WHITE);
            });
        }

        #[test]
        fn drawing_outside_changes_nothing(x in 20.0f32..1e6, y in -1e6f32..1e6, long in 0.0f32..1e6, width in 0.1f32..8.0) {
            let frame = drawn(12, 12, |c| {
                c.line(Point::new(x, y), Point::new(x + long, -y), width, WHITE);
                c.fill_rect(&BBox::new(x, y, x + long, -y), 3.0, WHITE);
                c.stroke_rect(&BBox::new(x, y, x + long, -y), 3.0, width, WHITE);
            });
            prop_assert!(frame.data().iter().all(|&v| v == 0));
        }

        #[test]
        fn a_mirrored_shape_is_the_mirrored_picture(c in prop::array::uniform4(-30i32..80), width in 1u8..12) {
            // Quarters of a pixel, so that mirroring is exact.
            let at = |i: usize| c[i] as f32 / 2.0;
            let paint = |mirrored: bool| drawn(24, 20, |canvas| {
                let m = |x: f32| if mirrored { 24.0 - x } else { x };
                canvas.line(Point::new(m(at(0)), at(1)), Point::new(m(at(2)), at(3)), f32::from(width) / 2.0, WHITE);
                canvas.stroke_rect(&BBox::new(m(at(0)), at(1), m(at(2)), at(3)), 3.0, f32::from(width) / 4.0, Ink::opaque([99; 3]));
            });
            let (one, other) = (paint(false), paint(true));
            for y in 0..20 {
                for x in 0..24 {
                    prop_assert!(one.pixel(x, y)[0].abs_diff(other.pixel(23 - x, y)[0]) <= 1, "at {x}, {y}");
                }
            }
        }

        #[test]
        fn the_strip_holds_every_pixel_of_a_line(c in prop::array::uniform4(-10.0f32..40.0), width in 1.0f32..9.0) {
            let (a, b) = (Point::new(c[0], c[1]), Point::new(c[2], c[3]));
            let frame = drawn(30, 30, |canvas| canvas.line(a, b, width, WHITE));
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            for y in 0..30 {
                for x in 0..30 {
                    let p = Point::new(x as f32 + 0.5, y as f32 + 0.5);
                    let t = (((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
                    let covered = (width / 2.0 + 0.5 - p.distance(Point::new(a.x + t * dx, a.y + t * dy))).clamp(0.0, 1.0);
                    prop_assert!((f32::from(frame.pixel(x, y)[0]) - covered * 255.0).abs() < 3.0, "at {x}, {y}");
                }
            }
        }
    }
}
