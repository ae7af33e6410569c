//! Makes areas unrecognisable: averages over blocks that are large against the area, drawn as a smooth surface.
//!
//! What is drawn holds no more than one colour a block, so nothing can bring back what was there.

use std::ops::Range;

use super::secret::{self, Secret};
use crate::detection::Detection;
use crate::frame::RgbFrame;
use crate::geometry::BBox;
use crate::options::Blur;
use crate::pose::Pose;

/// How long an area stays hidden after what was there is no longer found, in microseconds: models flicker.
const HOLD_US: u64 = 500_000;
/// How much larger it is then: the person may have moved.
const HELD_SCALE: f32 = 1.25;
/// Areas of two frames that overlap by more (IoU) are the same person's.
const SAME: f32 = 0.3;
/// Areas at once, more than one frame can have; at the bound those held longest go.
const MOST_AREAS: usize = 2048;
/// Blocks along the shorter side of an area. It holds a head with its surroundings, so a face has about three across.
const BLOCKS: f32 = 5.0;
/// Pixels of a block at least.
const LEAST_BLOCK: f32 = 8.0;
/// And at most: more than any frame.
const MOST_BLOCK: f32 = 65_536.0;

/// What has to be hidden now, and what had to be a moment ago.
#[derive(Debug, Default)]
pub struct Veil {
    held: Vec<Held>,
    now_us: i64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    secret: Secret,
    seen_us: i64,
}

impl Veil {
    /// Takes in what a frame shows. Every frame must come here, also those that are not drawn.
    pub fn observe(&mut self, blur: Blur, pts_us: i64, detections: &[Detection], poses: &[Pose]) {
        self.now_us = pts_us;
        self.held.retain(|held| pts_us.abs_diff(held.seen_us) <= HOLD_US);
        let fresh = secret::secrets(blur, detections, poses);
        // An area takes over from one older area at most: of two persons who meet, one may have vanished.
        for secret in &fresh {
            let nearest = self.held.iter().map(|held| held.secret.area.iou(&secret.area)).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((nearest, _)) = nearest.filter(|(_, iou)| *iou > SAME) {
                self.held.swap_remove(nearest);
            }
        }
        self.held.extend(fresh.into_iter().map(|secret| Held { secret, seen_us: pts_us }));
        self.held.sort_by_key(|held| pts_us.abs_diff(held.seen_us));
        self.held.truncate(MOST_AREAS);
    }

    /// Hides it all.
    pub fn draw(&self, frame: &mut RgbFrame) {
        for held in &self.held {
            hide(frame, if held.seen_us == self.now_us { held.secret } else { held.secret.scaled(HELD_SCALE) });
        }
    }
}

/// Replaces an area by the averages of its blocks.
fn hide(frame: &mut RgbFrame, secret: Secret) {
    let on_frame = secret.area.clamp(frame.size());
    let (left, top) = (on_frame.x1.floor() as usize, on_frame.y1.floor() as usize);
    let (right, bottom) = (on_frame.x2.ceil() as usize, on_frame.y2.ceil() as usize);
    if left >= right || top >= bottom {
        return;
    }
    // By the whole area, so that the blocks stay large where the frame cuts it.
    let block = (secret.area.width().min(secret.area.height()) / BLOCKS).clamp(LEAST_BLOCK, MOST_BLOCK).ceil() as usize;
    let mosaic = Mosaic::new(frame, left..right, top..bottom, block);
    let across: Vec<_> = (0..right - left).map(|x| mosaic.between(x, mosaic.columns)).collect();
    let width = frame.width();
    let mut line = Vec::with_capacity(mosaic.columns);
    for y in top..bottom {
        let (from, to) = if secret.round { chord(&secret.area, y as f32 + 0.5) } else { (left as f32, right as f32) };
        let (from, to) = ((from.max(0.0) as usize).max(left), (to.max(0.0).ceil() as usize).min(right));
        if from < to {
            mosaic.line(y - top, &mut line);
            let row = &mut frame.data_mut()[(y * width + from) * 3..(y * width + to) * 3];
            let between = &across[from - left..to - left];
            for (pixel, &(a, b, share)) in row.chunks_exact_mut(3).zip(between) {
                let (a, b) = (&line[a], &line[b]);
                for ((value, a), b) in pixel.iter_mut().zip(a).zip(b) {
                    *value = (a + (b - a) * share + 0.5) as u8;
                }
            }
        }
    }
}

/// From where to where the row at `y` runs through the ellipse in `area`; reversed where it does not.
fn chord(area: &BBox, y: f32) -> (f32, f32) {
    let (middle, half) = (area.center(), area.width() / 2.0);
    let height = (y - middle.y) / (area.height() / 2.0);
    let reach = half * (1.0 - height * height).max(0.0).sqrt();
    if height.abs() < 1.0 { (middle.x - reach, middle.x + reach) } else { (1.0, 0.0) }
}

/// The averages of the blocks of a rectangle.
struct Mosaic {
    block: usize,
    columns: usize,
    rows: usize,
    means: Vec<[f32; 3]>,
}

impl Mosaic {
    fn new(frame: &RgbFrame, across: Range<usize>, down: Range<usize>, block: usize) -> Self {
        let (columns, rows) = (across.len().div_ceil(block), down.len().div_ceil(block));
        let mut means = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            let (top, bottom) = (down.start + row * block, (down.start + (row + 1) * block).min(down.end));
            let mut sums = vec![[0u64; 4]; columns];
            for y in top..bottom {
                let pixels = &frame.row(y)[across.start * 3..across.end * 3];
                for (sum, pixels) in sums.iter_mut().zip(pixels.chunks(block * 3)) {
                    for pixel in pixels.chunks_exact(3) {
                        (0..3).for_each(|c| sum[c] += u64::from(pixel[c]));
                        sum[3] += 1;
                    }
                }
            }
            means.extend(sums.iter().map(|s| [s[0], s[1], s[2]].map(|v| v as f32 / s[3].max(1) as f32)));
        }
        Self { block, columns, rows, means }
    }

    /// The colours of the columns on a row of pixels, between the blocks above and below.
    fn line(&self, y: usize, line: &mut Vec<[f32; 3]>) {
        let (a, b, share) = self.between(y, self.rows);
        let (upper, lower) = (&self.means[a * self.columns..][..self.columns], &self.means[b * self.columns..][..self.columns]);
        line.clear();
        line.extend(upper.iter().zip(lower).map(|(a, b)| [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * share)));
    }

    /// The blocks before and behind a pixel, of `count`, and the share of the one behind.
    fn between(&self, pixel: usize, count: usize) -> (usize, usize, f32) {
        let at = ((pixel as f32 + 0.5) / self.block as f32 - 0.5).clamp(0.0, (count - 1) as f32);
        let before = at as usize;
        (before, (before + 1).min(count - 1), at - before as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use proptest::prelude::*;

    const FRAME: Size = Size::new(200, 160);

    /// Stripes of a pixel: whatever is left of them can be seen.
    fn striped() -> RgbFrame {
        let data = (0..FRAME.pixels()).flat_map(|i| [if i % 2 == 0 { 255 } else { 0 }; 3]).collect();
        RgbFrame::new(FRAME, data).unwrap()
    }

    fn person(x1: f32, y1: f32, x2: f32, y2: f32) -> Detection {
        Detection { class_id: 0, label: "person".into(), confidence: 0.9, bbox: BBox::new(x1, y1, x2, y2), track_id: None }
    }

    /// Whether nothing of the stripes is left at this pixel.
    fn is_hidden(frame: &RgbFrame, x: usize, y: usize) -> bool {
        frame.pixel(x, y)[0].abs_diff(frame.pixel(x + 1, y)[0]) < 8
    }

    fn drawn(veil: &Veil) -> RgbFrame {
        let mut frame = striped();
        veil.draw(&mut frame);
        frame
    }

    #[test]
    fn nothing_of_the_area_is_left_and_nothing_else_is_touched() {
        let mut veil = Veil::default();
        veil.observe(Blur::Persons, 0, &[person(50.0, 40.0, 90.0, 120.0)], &[]);
        let (frame, before) = (drawn(&veil), striped());
        for (x, y) in (50..90).flat_map(|x| (40..120).map(move |y| (x, y))) {
            assert!(is_hidden(&frame, x - 1, y) || x == 50, "at {x}, {y}");
        }
        for (x, y) in
            (0..200).flat_map(|x| (0..160).map(move |y| (x, y))).filter(|&(x, y)| !(48..92).contains(&x) || !(37..123).contains(&y))
        {
            assert_eq!(frame.pixel(x, y), before.pixel(x, y), "at {x}, {y}");
        }
    }

    #[test]
    fn an_area_has_no_more_colours_than_it_has_blocks() {
        let noise = (0..FRAME.pixels() * 3).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut frame = RgbFrame::new(FRAME, noise).unwrap();
        let (wide, high) = (100.0, 100.0);
        let mosaic = Mosaic::new(&frame, 0..100, 0..100, (wide / BLOCKS) as usize);
        assert_eq!(mosaic.means.len(), 25);
        hide(&mut frame, Secret { area: BBox::new(0.0, 0.0, wide, high), round: false });
        // Noise averages to grey: no pixel keeps its own value.
        assert!((0..100).all(|i| frame.pixel(i, i).iter().all(|v| v.abs_diff(127) < 30)));
    }

    #[test]
    fn what_flickers_stays_hidden_for_half_a_second_and_somewhat_around_it() {
        let mut veil = Veil::default();
        veil.observe(Blur::Persons, 1_000_000, &[person(50.0, 40.0, 90.0, 120.0)], &[]);
        veil.observe(Blur::Persons, 1_040_000, &[], &[]);
        let frame = drawn(&veil);
        assert!(is_hidden(&frame, 60, 60) && is_hidden(&frame, 47, 34), "and a little more");
        veil.observe(Blur::Persons, 1_500_000, &[], &[]);
        assert!(is_hidden(&drawn(&veil), 60, 60));
        veil.observe(Blur::Persons, 1_500_001, &[], &[]);
        assert_eq!(drawn(&veil), striped());
    }

    #[test]
    fn one_who_walks_leaves_no_hidden_trail_and_one_behind_another_stays_hidden() {
        let mut veil = Veil::default();
        for i in 0..12i64 {
            veil.observe(Blur::Persons, i * 33_000, &[person(10.0 + i as f32 * 5.0, 40.0, 50.0 + i as f32 * 5.0, 120.0)], &[]);
        }
        assert_eq!(veil.held.len(), 1);
        veil.observe(Blur::Persons, 400_000, &[person(65.0, 40.0, 105.0, 120.0), person(75.0, 40.0, 115.0, 120.0)], &[]);
        veil.observe(Blur::Persons, 433_000, &[person(65.0, 40.0, 105.0, 120.0)], &[]);
        assert_eq!(veil.held.len(), 2);
    }

    #[test]
    fn the_areas_are_bounded_and_the_newest_stay() {
        let crowd = |x: f32| (0..1000).map(|i| person(x + 40.0 * i as f32, 0.0, x + 30.0 + 40.0 * i as f32, 9.0)).collect::<Vec<_>>();
        let mut veil = Veil::default();
        for i in 0..4i64 {
            veil.observe(Blur::Persons, i, &crowd(i as f32 * 50_000.0), &[]);
        }
        assert_eq!(veil.held.len(), MOST_AREAS);
        assert_eq!(veil.held.iter().filter(|h| h.seen_us == 3).count(), 1000);
    }

    proptest! {
        #[test]
        fn nothing_panics(areas in prop::collection::vec((prop::array::uniform4(prop_oneof![-90.0f32..300.0, any::<f32>()]), any::<bool>()), 0..4), w in 0u32..60, h in 0u32..60) {
            let mut frame = RgbFrame::filled(Size::new(w, h), [9; 3]);
            for ([x1, y1, x2, y2], round) in areas {
                hide(&mut frame, Secret { area: BBox::new(x1, y1, x2, y2), round });
            }
            prop_assert!(frame.data().iter().all(|v| *v == 9), "one colour stays that colour");
        }
    }
}
