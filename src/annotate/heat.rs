//! A map of where objects have stood, laid over the picture.

use super::turbo;
use crate::detection::Detection;
use crate::frame::RgbFrame;
use crate::geometry::{Point, Size};

/// Cells along the longer side of the picture.
const CELLS: usize = 128;
/// How far one object's warmth reaches: standard deviation of the Gaussian in cells.
const SPREAD: f32 = 1.8;
const REACH: isize = 5;
/// A step between frames counts as this at most, in seconds: a gap in the video is no long stay.
const LONGEST_STEP: f32 = 0.5;
/// What the hottest cell must have seen, in seconds, to be drawn as the hottest.
const WARM_UP: f32 = 1.0;
/// Opacity of what is hottest.
const OPACITY: f32 = 0.62;
/// Values are drawn in this many steps.
const LEVELS: usize = 256;

/// Where objects stood, in seconds a cell. The grid is small whatever the picture's size is.
pub struct Heat {
    /// Cells across and down; none before the first frame.
    columns: usize,
    rows: usize,
    seconds: Vec<f32>,
    before_us: Option<i64>,
    /// Colour and weight (0..=256) of a level.
    shades: Vec<([u8; 3], u16)>,
}

impl Default for Heat {
    fn default() -> Self {
        let shade = |level: usize| {
            let value = level as f32 / (LEVELS - 1) as f32;
            // What is barely warm is barely seen, and from a third on the colour alone tells more.
            let opacity = OPACITY * (value * 3.0).min(1.0);
            (turbo::colour(value), (opacity * 256.0).round() as u16)
        };
        Self { columns: 0, rows: 0, seconds: Vec::new(), before_us: None, shades: (0..LEVELS).map(shade).collect() }
    }
}

impl Heat {
    /// Takes in where the objects of a frame stand: the middle of each box's lower edge, for the time since the last frame.
    pub fn observe(&mut self, size: Size, pts_us: i64, detections: &[Detection]) {
        if size.pixels() == 0 {
            return;
        }
        if self.columns == 0 {
            let cell = (f64::from(size.width.max(size.height)) / CELLS as f64).max(1.0);
            let count = |side: u32| (f64::from(side) / cell).ceil() as usize;
            (self.columns, self.rows) = (count(size.width), count(size.height));
            self.seconds = vec![0.0; self.columns * self.rows];
        }
        let step = self.before_us.map_or(0.0, |before| pts_us.abs_diff(before) as f32 / 1e6).min(LONGEST_STEP);
        self.before_us = Some(pts_us);
        for detection in detections {
            let place = Point::new(detection.bbox.center().x / size.width as f32, detection.bbox.y2 / size.height as f32);
            // The feet of one who is cut off by the lower edge are out of the picture, but near.
            if (0.0..=1.0).contains(&place.x) && (0.0..=1.1).contains(&place.y) {
                self.warm(place.x * self.columns as f32, place.y.min(1.0) * self.rows as f32, step);
            }
        }
    }

    fn warm(&mut self, x: f32, y: f32, seconds: f32) {
        let (column, row) = (x as isize, y as isize);
        for cy in (row - REACH).max(0)..(row + REACH + 1).min(self.rows as isize) {
            for cx in (column - REACH).max(0)..(column + REACH + 1).min(self.columns as isize) {
                let distance2 = (cx as f32 + 0.5 - x).powi(2) + (cy as f32 + 0.5 - y).powi(2);
                let share = (-distance2 / (2.0 * SPREAD * SPREAD)).exp();
                self.seconds[cy as usize * self.columns + cx as usize] += seconds * share;
            }
        }
    }

    /// Lays the map over the picture; the hottest place so far has the hottest colour.
    pub fn draw(&self, frame: &mut RgbFrame) {
        let (width, height) = (frame.width(), frame.height());
        if self.columns == 0 || width == 0 || height == 0 {
            return;
        }
        let most = self.seconds.iter().copied().fold(WARM_UP, f32::max);
        // By the square root: a place of a quarter of the time is still half as hot.
        let levels: Vec<f32> = self.seconds.iter().map(|s| (s / most).sqrt() * (LEVELS - 1) as f32).collect();
        let across = spans(width, self.columns);
        let mut line = vec![0.0; self.columns];
        for (y, row) in frame.data_mut().chunks_exact_mut(width * 3).enumerate() {
            let (upper, lower, share) = neighbours(y, height, self.rows);
            let (upper, lower) = (&levels[upper * self.columns..][..self.columns], &levels[lower * self.columns..][..self.columns]);
            for ((value, a), b) in line.iter_mut().zip(upper).zip(lower) {
                *value = a + (b - a) * share;
            }
            for span in &across {
                let (a, b) = (line[span.left], line[span.right]);
                // Most of a picture is cold.
                if a >= 1.0 || b >= 1.0 {
                    self.shade(&mut row[span.start * 3..span.end * 3], a + (b - a) * span.share, (b - a) * span.step);
                }
            }
        }
    }

    /// Blends pixels whose level begins with `level` and grows by `step` a pixel.
    fn shade(&self, pixels: &mut [u8], mut level: f32, step: f32) {
        for pixel in pixels.chunks_exact_mut(3) {
            let (rgb, weight) = self.shades[(level as usize).min(LEVELS - 1)];
            for (below, above) in pixel.iter_mut().zip(rgb) {
                let old = i32::from(*below);
                *below = (old + (((i32::from(above) - old) * i32::from(weight) + 128) >> 8)) as u8;
            }
            level += step;
        }
    }
}

/// Pixels of a row that lie between the middles of the same two cells.
struct Span {
    start: usize,
    end: usize,
    left: usize,
    right: usize,
    /// Of the right cell in the first pixel, and how much it grows by pixel.
    share: f32,
    step: f32,
}

fn spans(width: usize, columns: usize) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let step = columns as f32 / width as f32;
    for x in 0..width {
        let (left, right, share) = neighbours(x, width, columns);
        match spans.last_mut() {
            Some(span) if (span.left, span.right) == (left, right) => span.end = x + 1,
            _ => spans.push(Span { start: x, end: x + 1, left, right, share, step }),
        }
    }
    spans
}

/// The cells whose middles lie before and behind a pixel's, and the share of the one behind.
fn neighbours(pixel: usize, pixels: usize, cells: usize) -> (usize, usize, f32) {
    let at = ((pixel as f32 + 0.5) * cells as f32 / pixels as f32 - 0.5).max(0.0);
    let before = (at as usize).min(cells - 1);
    (before, (before + 1).min(cells - 1), at - before as f32)
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

    fn drawn(heat: &Heat) -> RgbFrame {
        let mut frame = RgbFrame::filled(SIZE, [100; 3]);
        heat.draw(&mut frame);
        frame
    }

    #[test]
    fn where_one_stood_longest_it_is_hottest_and_elsewhere_the_picture_stays() {
        let mut heat = Heat::default();
        for i in 0..200i64 {
            let x = if i < 160 { 80.0 } else { 240.0 };
            heat.observe(SIZE, i * 40_000, &[standing(x, 100.0)]);
        }
        let frame = drawn(&heat);
        let [long, short] = [frame.pixel(80, 100), frame.pixel(240, 100)];
        assert!(long[0] > 100 && long[2] < 60, "red: {long:?}");
        assert!(short != [100; 3] && short[1] > long[1] + 60, "green: {short:?}");
        assert_eq!([frame.pixel(160, 30), frame.pixel(80, 60), frame.pixel(319, 179)], [[100; 3]; 3]);
    }

    #[test]
    fn times_count_and_not_frames() {
        let (mut few, mut many) = (Heat::default(), Heat::default());
        (0..=10i64).for_each(|i| few.observe(SIZE, i * 200_000, &[standing(100.0, 90.0)]));
        (0..=100i64).for_each(|i| many.observe(SIZE, i * 20_000, &[standing(100.0, 90.0)]));
        let difference = few.seconds.iter().zip(&many.seconds).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference < 1e-3, "{difference}");
        few.observe(SIZE, 3_600_000_000, &[standing(100.0, 90.0)]);
        assert!(few.seconds.iter().all(|s| *s < 3.0), "a gap of an hour is no stay of an hour");
    }

    #[test]
    fn the_grid_is_small_for_every_picture() {
        for (size, cells) in [(Size::new(7680, 4320), 128 * 72), (Size::new(1, 100_000), 128), (Size::new(3, 2), 6)] {
            let mut heat = Heat::default();
            heat.observe(size, 0, &[]);
            assert_eq!(heat.seconds.len(), cells, "{size:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(found in prop::collection::vec((any::<f32>(), any::<f32>(), any::<i64>()), 0..6), w in 0u32..40, h in 0u32..40) {
            let mut heat = Heat::default();
            for (x, y, pts_us) in found {
                heat.observe(Size::new(w, h), pts_us, &[standing(x, y)]);
                heat.observe(Size::new(w, h), pts_us, &[standing(x % 40.0, y % 40.0)]);
            }
            heat.draw(&mut RgbFrame::filled(Size::new(w, h), [0; 3]));
            heat.draw(&mut RgbFrame::filled(Size::new(7, 90), [0; 3]));
        }
    }
}
