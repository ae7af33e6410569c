//! The persons that are followed from frame to frame. Pure: readings go in, squares to read come out.

use crate::geometry::{Point, Size};
use crate::vision::blazepose::landmarks::Body;
use crate::vision::blazepose::roi::Roi;
use crate::vision::blazepose::steady::Steady;

/// A person this many frames old is worth waiting for when another one walks in front.
const SETTLED: u32 = 5;
/// Frames for which a person who went out of sight is expected where their walk would have brought them.
const EXPECTED_FOR: u32 = 12;
/// A square with less of its area on the frame has left it.
const ON_FRAME: f32 = 0.1;

#[derive(Clone, Debug)]
pub struct Track {
    /// From 1, never given twice.
    pub id: u32,
    pub body: Body,
    sight: Sight,
    /// Where to look in the next frame.
    roi: Roi,
    steady: Steady,
    /// Frames in which the person was seen.
    age: u32,
    /// Pixels a frame, smoothed.
    drift: Point,
}

/// Whether a person is to be seen, and for how many frames not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Seen,
    /// The square shows someone else, who stands in front. It is read on.
    Behind(u32),
    /// The square shows nobody. It is read no more, but whoever is found there is this person again.
    Lost(u32),
}

#[derive(Debug, Default)]
pub struct Tracks {
    /// Oldest first.
    tracks: Vec<Track>,
    last_id: u32,
}

impl Tracks {
    /// The persons seen in the last frame, oldest first.
    pub fn seen(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|t| t.sight == Sight::Seen)
    }

    /// Those whose squares are read, seen or behind another.
    pub fn followed(&self) -> usize {
        self.squares().count()
    }

    /// The squares to read in the next frame, by track.
    pub fn squares(&self) -> impl Iterator<Item = (u32, Roi)> {
        self.tracks.iter().filter(|t| !matches!(t.sight, Sight::Lost(_))).map(|t| (t.id, t.roi))
    }

    /// Takes what was read at the squares. Returns how many persons went out of sight.
    ///
    /// Where two squares show one person, the older track has it.
    pub fn update(&mut self, mut readings: Vec<(u32, Option<Body>)>, frame: Size) -> usize {
        let before = self.seen().count();
        let mut seen: Vec<Body> = Vec::with_capacity(before);
        for track in &mut self.tracks {
            let reading = readings.iter_mut().find(|(id, _)| *id == track.id).and_then(|(_, body)| body.take());
            match reading {
                Some(body) if seen.iter().any(|other| other.is_same_person(&body)) => track.is_behind(),
                Some(body) => {
                    seen.push(body.clone());
                    track.is_seen(body);
                }
                None => track.is_lost(),
            }
        }
        self.tracks.retain(|track| track.is_expected(frame));
        before.saturating_sub(self.seen().count())
    }

    /// Of the persons seen those that are marked are ghosts: their squares show someone else.
    pub fn hide(&mut self, ghosts: &[bool], frame: Size) {
        let seen = self.tracks.iter_mut().filter(|t| t.sight == Sight::Seen);
        seen.zip(ghosts).filter(|(_, ghost)| **ghost).for_each(|(track, _)| track.is_behind());
        self.tracks.retain(|track| track.is_expected(frame));
    }

    /// Begins to follow a person; false where it is one that is followed already.
    pub fn begin(&mut self, body: Body, frame: Size) -> bool {
        let known = self.seen().any(|t| t.body.is_same_person(&body));
        if known || body.roi.share_on(frame) < ON_FRAME {
            return false;
        }
        // Whoever is found where somebody is expected is that person still.
        if let Some(back) = self.tracks.iter_mut().find(|t| t.sight != Sight::Seen && t.roi.is_near(&body.roi)) {
            back.is_seen(body);
            return true;
        }
        self.last_id += 1;
        let mut steady = Steady::default();
        let roi = steady.next(body.hips, body.edge).unwrap_or(body.roi);
        self.tracks.push(Track { id: self.last_id, body, sight: Sight::Seen, roi, steady, age: 0, drift: Point::default() });
        true
    }

    /// Keeps the oldest only, this many.
    pub fn truncate(&mut self, most: usize) {
        let mut left = most;
        self.tracks.retain(|track| {
            let read = !matches!(track.sight, Sight::Lost(_));
            let keep = most > 0 && (!read || left > 0);
            left = left.saturating_sub(usize::from(read));
            keep
        });
    }
}

impl Track {
    fn is_seen(&mut self, body: Body) {
        if self.sight == Sight::Seen {
            let step = Point::new(body.roi.center.x - self.body.roi.center.x, body.roi.center.y - self.body.roi.center.y);
            let smooth = |old: f32, new: f32| 0.7 * old + 0.3 * new;
            self.drift = Point::new(smooth(self.drift.x, step.x), smooth(self.drift.y, step.y));
        } else {
            // What was smoothed before is too old to be of use.
            self.steady = Steady::default();
        }
        self.sight = Sight::Seen;
        self.age += 1;
        self.roi = self.steady.next(body.hips, body.edge).unwrap_or(body.roi);
        self.body = body;
    }

    fn is_behind(&mut self) {
        self.roi = self.roi.moved(self.drift);
        self.sight = Sight::Behind(if let Sight::Behind(frames) = self.sight { frames + 1 } else { 1 });
    }

    fn is_lost(&mut self) {
        self.roi = self.roi.moved(self.drift);
        self.sight = Sight::Lost(if let Sight::Lost(frames) = self.sight { frames + 1 } else { 1 });
    }

    /// Whether it is worth to be kept. Of a new track that shows someone else nothing is lost: it was one person's second square.
    fn is_expected(&self, frame: Size) -> bool {
        let soon = match self.sight {
            Sight::Seen => true,
            Sight::Behind(frames) => self.age >= SETTLED && frames <= EXPECTED_FOR,
            Sight::Lost(frames) => frames <= EXPECTED_FOR,
        };
        soon && self.roi.share_on(frame) >= ON_FRAME
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::Keypoint;

    const FRAME: Size = Size::new(1000, 1000);

    fn body(x: f32) -> Body {
        let keypoints = (0..33).map(|i| Keypoint { x, y: 300.0 + 10.0 * i as f32, z: None, visibility: 1.0 }).collect();
        let (hips, edge) = (Point::new(x, 500.0), Point::new(x, 300.0));
        Body { score: 0.9, keypoints, hips, edge, roi: Roi { center: hips, side: 500.0, rotation: 0.0 } }
    }

    fn step(tracks: &mut Tracks, read: impl Fn(u32, Roi) -> Option<f32>) -> Vec<u32> {
        let readings = tracks.squares().map(|(id, roi)| (id, read(id, roi).map(body))).collect();
        tracks.update(readings, FRAME);
        tracks.seen().map(|t| t.id).collect()
    }

    #[test]
    fn ids_are_never_given_twice() {
        let mut tracks = Tracks::default();
        assert!(tracks.begin(body(200.0), FRAME) && tracks.begin(body(700.0), FRAME));
        assert!(!tracks.begin(body(705.0), FRAME), "the same person twice");
        for _ in 0..=EXPECTED_FOR {
            assert_eq!(step(&mut tracks, |id, roi| (id == 2).then_some(roi.center.x)), [2]);
        }
        assert!(tracks.begin(body(200.0), FRAME));
        assert_eq!(tracks.seen().map(|t| t.id).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn whoever_is_found_again_soon_and_near_is_the_same_person() {
        let mut tracks = Tracks::default();
        tracks.begin(body(200.0), FRAME);
        assert_eq!(step(&mut tracks, |_, _| None), [] as [u32; 0]);
        assert_eq!(tracks.followed(), 0, "nobody is read any more");
        assert!(tracks.begin(body(210.0), FRAME));
        assert_eq!(tracks.seen().map(|t| t.id).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn whoever_leaves_is_dropped() {
        let mut tracks = Tracks::default();
        tracks.begin(body(900.0), FRAME);
        assert_eq!(step(&mut tracks, |_, _| Some(1100.0)), [1]);
        assert_eq!(step(&mut tracks, |_, _| Some(1300.0)), [] as [u32; 0]);
        assert!(tracks.tracks.is_empty());
    }

    #[test]
    fn no_more_than_asked_for_are_kept() {
        let mut tracks = Tracks::default();
        for x in [100.0, 400.0, 700.0] {
            tracks.begin(body(x), FRAME);
        }
        tracks.truncate(2);
        assert_eq!(tracks.seen().map(|t| t.id).collect::<Vec<_>>(), [1, 2]);
        tracks.truncate(0);
        assert!(tracks.tracks.is_empty());
    }

    #[test]
    fn a_ghost_is_not_told_and_one_that_is_new_is_forgotten() {
        let mut tracks = Tracks::default();
        tracks.begin(body(200.0), FRAME);
        (0..SETTLED).for_each(|_| drop(step(&mut tracks, |_, roi| Some(roi.center.x))));
        tracks.begin(body(700.0), FRAME);
        tracks.hide(&[true, true], FRAME);
        assert_eq!((tracks.seen().count(), tracks.tracks.len()), (0, 1));
    }

    #[test]
    fn two_new_squares_on_one_person_are_one_track() {
        let mut tracks = Tracks::default();
        tracks.begin(body(200.0), FRAME);
        tracks.begin(body(300.0), FRAME);
        assert_eq!(step(&mut tracks, |_, _| Some(250.0)), [1]);
        assert_eq!(tracks.tracks.len(), 1);
    }

    #[test]
    fn persons_who_cross_keep_their_ids() {
        // One walks to the right, one to the left; while they are close, both squares show the one in front.
        let mut tracks = Tracks::default();
        tracks.begin(body(200.0), FRAME);
        tracks.begin(body(800.0), FRAME);
        let mut seen = Vec::new();
        for frame in 1..=30 {
            let (right, left) = (200.0 + 20.0 * frame as f32, 800.0 - 20.0 * frame as f32);
            seen = step(&mut tracks, |_, roi| {
                let (to_right, to_left) = ((roi.center.x - right).abs(), (roi.center.x - left).abs());
                let hidden = (right - left).abs() < 70.0;
                Some(if hidden || to_right <= to_left { right } else { left })
            });
        }
        assert_eq!(seen, [1, 2]);
        let places: Vec<f32> = tracks.seen().map(|t| t.body.roi.center.x).collect();
        assert_eq!(places, [800.0, 200.0]);
    }

    #[test]
    fn one_who_stays_hidden_is_given_up() {
        let mut tracks = Tracks::default();
        tracks.begin(body(300.0), FRAME);
        tracks.begin(body(600.0), FRAME);
        for _ in 0..6 {
            step(&mut tracks, |_, roi| Some(roi.center.x));
        }
        for _ in 0..EXPECTED_FOR + 1 {
            assert_eq!(step(&mut tracks, |_, _| Some(300.0)), [1]);
        }
        assert_eq!(tracks.tracks.len(), 1);
    }
}
