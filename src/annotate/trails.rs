//! Where each track has just been: a line behind it that fades and thins with age.

use std::collections::{HashMap, VecDeque};

use super::canvas::{Canvas, Ink};
use super::palette;
use super::strip::{Strip, near_part};
use super::style::Measures;
use crate::detection::Detection;
use crate::geometry::{Point, Size};

/// How far back a trail reaches, in microseconds of the video's clock.
const SPAN_US: i64 = 1_500_000;
/// Points of a trail; what comes quicker replaces the newest.
const MOST_POINTS: usize = 48;
const STEP_US: u64 = SPAN_US as u64 / MOST_POINTS as u64;
/// Points on each side that smooth one, a fifth of a second.
const SMOOTH: usize = 6;
/// Tracks that are remembered; more have no trail until others are gone.
const MOST_TRACKS: usize = 256;
/// Opacity of a trail's newest end, and of the dark rim below it.
const OPACITY: f32 = 0.9;
const RIM_OPACITY: f32 = 0.4;

/// The trails of all tracks.
#[derive(Debug, Default)]
pub struct Trails {
    tracks: HashMap<u32, VecDeque<Footprint>>,
    now_us: i64,
}

#[derive(Clone, Copy, Debug)]
struct Footprint {
    at: Point,
    pts_us: i64,
}

impl Trails {
    /// Takes in the tracks of a frame, and forgets those that have not been seen for the time a trail lasts.
    pub fn observe(&mut self, pts_us: i64, detections: &[Detection]) {
        self.now_us = pts_us;
        for detection in detections {
            let at = Point::new(detection.bbox.center().x, detection.bbox.y2);
            let (Some(id), true) = (detection.track_id, at.x.is_finite() && at.y.is_finite()) else { continue };
            if self.tracks.len() < MOST_TRACKS || self.tracks.contains_key(&id) {
                push(self.tracks.entry(id).or_default(), Footprint { at, pts_us });
            }
        }
        self.tracks.retain(|_, trail| {
            trail.retain(|f| f.pts_us <= pts_us && pts_us.abs_diff(f.pts_us) <= SPAN_US as u64);
            !trail.is_empty()
        });
    }

    /// Draws them all, in the order of their ids, so that equal frames are equal pictures.
    pub fn draw(&self, canvas: &mut Canvas, measures: &Measures, frame: Size) {
        let mut ids: Vec<u32> = self.tracks.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let points: Vec<Aged> = self.tracks[&id].iter().map(|f| Aged { at: f.at, share: self.freshness(f) }).collect();
            let points = smooth(&points);
            // Segments overlap where they meet: their strongest coverage counts, so that no beads show.
            if let Some(rim) = Trace::new(&points, measures.trail, measures.rim, frame) {
                rim.draw(canvas, Ink::translucent(palette::INK, RIM_OPACITY));
            }
            if let Some(line) = Trace::new(&points, measures.trail, 0.0, frame) {
                line.draw(canvas, Ink::translucent(palette::of_track(id), OPACITY));
            }
        }
    }

    /// 1 now, 0 as old as a trail gets.
    fn freshness(&self, footprint: &Footprint) -> f32 {
        1.0 - (self.now_us.abs_diff(footprint.pts_us) as f32 / SPAN_US as f32).min(1.0)
    }
}

fn push(trail: &mut VecDeque<Footprint>, new: Footprint) {
    // The newest but one says whether there was a step: the newest always moves to where the track is.
    let newest_but_one = trail.len().checked_sub(2).map(|i| trail[i].pts_us);
    if newest_but_one.is_some_and(|before| new.pts_us.abs_diff(before) < STEP_US) {
        trail.pop_back();
    }
    if trail.len() == MOST_POINTS {
        trail.pop_front();
    }
    trail.push_back(new);
}

/// Each point in the middle of those around it: boxes tremble from frame to frame, those who walk do not. The ends stay.
fn smooth(points: &[Aged]) -> Vec<Aged> {
    let middle = |i: usize| {
        let reach = i.min(points.len() - 1 - i).min(SMOOTH);
        let around = &points[i - reach..=i + reach];
        let mean = |of: fn(Point) -> f32| around.iter().map(|p| of(p.at)).sum::<f32>() / around.len() as f32;
        Aged { at: Point::new(mean(|p| p.x), mean(|p| p.y)), share: points[i].share }
    };
    (0..points.len()).map(middle).collect()
}

/// A point of a trail with its freshness.
#[derive(Clone, Copy)]
struct Aged {
    at: Point,
    share: f32,
}

/// How much a trail covers each pixel of the part of the frame that it crosses.
struct Trace {
    left: usize,
    top: usize,
    width: usize,
    coverage: Vec<u8>,
}

impl Trace {
    /// The trace of a line that is `width` pixels thick at its newest end and a third of it at its oldest, `rim` pixels
    /// wider on each side. None where it does not touch the frame.
    fn new(points: &[Aged], width: f32, rim: f32, frame: Size) -> Option<Self> {
        let (frame_w, frame_h) = (frame.width as f32, frame.height as f32);
        let reach = width / 2.0 + rim + 1.0;
        let ends = |of: fn(Point) -> f32, limit: f32| {
            let low = points.iter().map(|p| of(p.at)).fold(f32::INFINITY, f32::min);
            let high = points.iter().map(|p| of(p.at)).fold(f32::NEG_INFINITY, f32::max);
            ((low - reach).clamp(0.0, limit) as usize, (high + reach).clamp(0.0, limit) as usize)
        };
        let ((left, right), (top, bottom)) = (ends(|p| p.x, frame_w), ends(|p| p.y, frame_h));
        if points.len() < 2 || left >= right || top >= bottom {
            return None;
        }
        let width_px = right - left;
        let mut trace = Self { left, top, width: width_px, coverage: vec![0; width_px * (bottom - top)] };
        for pair in points.windows(2) {
            let share = (pair[0].share + pair[1].share) / 2.0;
            let radius = width * (1.0 + 2.0 * share) / 6.0 + rim;
            trace.segment(pair[0].at, pair[1].at, radius, share, frame);
        }
        Some(trace)
    }

    fn segment(&mut self, a: Point, b: Point, radius: f32, strength: f32, frame: Size) {
        let reach = radius + 0.5;
        let Some((a, b)) = near_part(a, b, f64::from(frame.width), f64::from(frame.height), f64::from(reach) + 1.0) else { return };
        let along = Point::new(b.x - a.x, b.y - a.y);
        let length2 = along.x * along.x + along.y * along.y;
        let strip = Strip::new(a, b, along, length2, reach);
        for (i, row) in self.coverage.chunks_exact_mut(self.width).enumerate() {
            let cy = (self.top + i) as f32 + 0.5;
            let (from, to) = strip.row(cy);
            if from > to {
                continue;
            }
            let column = |x: f32| ((x - self.left as f32).max(0.0) as usize).min(row.len());
            let (first, end) = (column(from), column(to + 1.0));
            for (i, covered) in row[first..end].iter_mut().enumerate() {
                let (dx, dy) = ((self.left + first + i) as f32 + 0.5 - a.x, cy - a.y);
                let t = if length2 > 1e-9 { ((dx * along.x + dy * along.y) / length2).clamp(0.0, 1.0) } else { 0.0 };
                let distance = (dx - t * along.x).hypot(dy - t * along.y);
                let share = (reach - distance).clamp(0.0, 1.0) * strength;
                *covered = (*covered).max((share * 255.0) as u8);
            }
        }
    }

    fn draw(&self, canvas: &mut Canvas, ink: Ink) {
        canvas.stencil(self.left as i32, self.top as i32, self.width, &self.coverage, ink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::style::Style;
    use crate::frame::RgbFrame;
    use crate::geometry::BBox;
    use proptest::prelude::*;

    const FRAME: Size = Size::new(320, 240);

    /// A track whose feet stand here.
    fn track(id: u32, x: f32, y: f32) -> Detection {
        let bbox = BBox::new(x - 10.0, y - 50.0, x + 10.0, y);
        Detection { class_id: 0, label: "person".into(), confidence: 0.9, bbox, track_id: Some(id) }
    }

    fn drawn(trails: &Trails) -> RgbFrame {
        let mut frame = RgbFrame::filled(FRAME, [120; 3]);
        trails.draw(&mut Canvas::new(&mut frame), &Style { scale: 4.0, ..Style::default() }.measures(FRAME), FRAME);
        frame
    }

    /// From left to right at y = 100, 200 pixels a second.
    fn walked(seconds: f32) -> Trails {
        let mut trails = Trails::default();
        for i in 0..=(seconds * 30.0) as i64 {
            trails.observe(i * 33_333, &[track(2, 10.0 + i as f32 * 200.0 / 30.0, 100.0)]);
        }
        trails
    }

    #[test]
    fn a_trembling_trail_is_drawn_smoothly_between_its_ends() {
        let points: Vec<Aged> = (0..40).map(|i| Aged { at: Point::new(i as f32, (i % 2) as f32 * 10.0), share: 1.0 }).collect();
        let smoothed = smooth(&points);
        assert_eq!((smoothed[0].at, smoothed[39].at), (points[0].at, points[39].at));
        assert!(smoothed[8..32].iter().zip(8..).all(|(p, i)| (p.at.x - i as f32).abs() < 1e-3 && (p.at.y - 5.0).abs() < 0.5));
        assert!(smooth(&[]).is_empty());
    }

    #[test]
    fn a_trail_is_in_its_tracks_colour_and_fades_and_thins_with_age() {
        let frame = drawn(&walked(1.4));
        let away = |x: usize| (0..3).map(|c| frame.pixel(x, 100)[c].abs_diff(120) as u32).sum::<u32>();
        assert!(away(280) > away(150) && away(150) > away(40) && away(40) > 0, "{} {} {}", away(280), away(150), away(40));
        let thick = |x: usize| (80..120).filter(|&y| frame.pixel(x, y) != [120; 3]).count();
        assert!(thick(280) > thick(40), "{} {}", thick(280), thick(40));
        let [orange, newest] = [palette::of_track(2), frame.pixel(285, 100)];
        assert!((0..3).all(|c| orange[c].abs_diff(newest[c]) < 40), "{newest:?}");
    }

    #[test]
    fn the_past_is_as_long_by_time_however_many_frames_there_are() {
        let mut slow = Trails::default();
        for i in 0..20i64 {
            slow.observe(i * 500_000, &[track(1, 10.0 + i as f32, 100.0)]);
        }
        assert_eq!(slow.tracks[&1].len(), 4);
        let mut quick = Trails::default();
        for i in 0..10_000i64 {
            quick.observe(i * 1000, &[track(1, 10.0, 100.0)]);
        }
        let points = &quick.tracks[&1];
        assert!(points.len() <= MOST_POINTS && points.back().unwrap().pts_us == 9_999_000);
        assert!(points.back().unwrap().pts_us - points.front().unwrap().pts_us > 1_300_000);
    }

    #[test]
    fn a_track_that_is_gone_is_forgotten_and_so_is_the_past_of_a_clock_that_jumps() {
        let mut trails = walked(1.0);
        trails.observe(2_000_000, &[]);
        assert_eq!(trails.tracks.len(), 1, "what is left of it still fades");
        trails.observe(2_600_000, &[]);
        assert!(trails.tracks.is_empty());
        let mut back = walked(3.0);
        back.observe(0, &[track(2, 50.0, 50.0)]);
        assert_eq!(back.tracks[&2].len(), 1);
    }

    #[test]
    fn no_number_of_tracks_is_too_many() {
        let mut trails = Trails::default();
        let crowd: Vec<_> = (0..1000).map(|id| track(id, id as f32 % 300.0, 100.0)).collect();
        trails.observe(0, &crowd);
        assert_eq!(trails.tracks.len(), MOST_TRACKS);
    }

    #[test]
    fn without_ids_nothing_is_drawn() {
        let mut trails = Trails::default();
        for i in 0..9 {
            trails.observe(i * 40_000, &[Detection { track_id: None, ..track(0, 9.0 * i as f32, 50.0) }]);
        }
        assert_eq!(drawn(&trails), RgbFrame::filled(FRAME, [120; 3]));
    }

    proptest! {
        #[test]
        fn no_place_and_no_time_panic(steps in prop::collection::vec((any::<f32>(), any::<f32>(), any::<i64>(), -400.0f32..700.0), 0..12)) {
            let mut trails = Trails::default();
            for (x, y, pts_us, near) in steps {
                trails.observe(pts_us, &[track(1, x, y), track(2, near, y), track(3, near, near)]);
                drawn(&trails);
            }
        }
    }
}
