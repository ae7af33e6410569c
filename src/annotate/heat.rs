//! A map of where objects have stood, laid over the picture.

use super::turbo;
use crate::detection::Detection;
use crate::frame::RgbFrame;
use crate::geometry::Size;
use crate::zones::Presence;

/// How far one object's warmth reaches: standard deviation of the Gaussian in cells.
const SPREAD: f32 = 1.8;
const REACH: usize = 5;
/// What the hottest cell must have seen, in seconds, to be drawn as the hottest.
const WARM_UP: f32 = 1.0;
/// Opacity of what is hottest.
const OPACITY: f32 = 0.62;
/// Values are drawn in this many steps.
const LEVELS: usize = 256;

/// The seconds of a [`Presence`] as colours.
pub struct Heat {
    presence: Presence,
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
        Self { presence: Presence::default(), shades: (0..LEVELS).map(shade).collect() }
    }
}

impl Heat {
    /// Takes in where the objects of a frame stand.
    pub fn observe(&mut self, size: Size, pts_us: i64, detections: &[Detection]) {
        self.presence.observe(size, pts_us, detections);
    }

    /// Lays the map over the picture; the hottest place so far has the hottest colour.
    pub fn draw(&self, frame: &mut RgbFrame) {
        let (width, height) = (frame.width(), frame.height());
        let (columns, rows) = self.presence.cells();
        if columns == 0 || width == 0 || height == 0 {
            return;
        }
        let seconds = spread(&self.presence.seconds(), columns);
        let most = seconds.iter().copied().fold(WARM_UP, f32::max);
        // By the square root: a place of a quarter of the time is still half as hot.
        let levels: Vec<f32> = seconds.iter().map(|s| (s / most).sqrt() * (LEVELS - 1) as f32).collect();
        let across = spans(width, columns);
        let mut line = vec![0.0; columns];
        for (y, row) in frame.data_mut().chunks_exact_mut(width * 3).enumerate() {
            let (upper, lower, share) = neighbours(y, height, rows);
            let (upper, lower) = (&levels[upper * columns..][..columns], &levels[lower * columns..][..columns]);
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

/// What is in a cell warms those around it: a Gaussian, first along the rows, then along the columns.
fn spread(cells: &[f32], columns: usize) -> Vec<f32> {
    let weights: Vec<f32> = (0..=REACH).map(|d| (-((d * d) as f32) / (2.0 * SPREAD * SPREAD)).exp()).collect();
    let share = |a: usize, b: usize| weights.get(a.abs_diff(b)).copied().unwrap_or(0.0);
    let near = |at: usize, end: usize| at.saturating_sub(REACH)..(at + REACH + 1).min(end);
    let mut across = vec![0.0; cells.len()];
    for (from, to) in cells.chunks_exact(columns).zip(across.chunks_exact_mut(columns)) {
        for (x, seconds) in from.iter().enumerate().filter(|(_, seconds)| **seconds > 0.0) {
            near(x, columns).for_each(|other| to[other] += seconds * share(x, other));
        }
    }
    let mut warm = vec![0.0; cells.len()];
    for (y, to) in warm.chunks_exact_mut(columns).enumerate() {
        for other in near(y, cells.len() / columns) {
            let weight = share(y, other);
            to.iter_mut().zip(&across[other * columns..]).for_each(|(to, from)| *to += from * weight);
        }
    }
    warm
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
