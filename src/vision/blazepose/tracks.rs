//! The persons that are followed from frame to frame. Pure: readings go in, squares to read come out.

use crate::geometry::{Point, Size};
use crate::vision::blazepose::landmarks::Body;
use crate::vision::blazepose::roi::Roi;
use crate::vision::blazepose::steady::Steady;

/// A person this many frames old is worth waiting for when another one walks in front.
const SETTLED: u32 = 5;
/// Frames for which a person who went behind another is looked for where their walk would have brought them.
const HIDDEN_AT_MOST: u32 = 12;
/// A square with less of its area on the frame has left it.
const ON_FRAME: f32 = 0.1;

#[derive(Clone, Debug)]
pub struct Track {
    /// From 1, never given twice.
    pub id: u32,
    pub body: Body,
    /// Where to look in the next frame.
    roi: Roi,
    steady: Steady,
    age: u32,
    /// How long the square has shown someone else.
    hidden: u32,
    /// Pixels a frame, smoothed.
    drift: Point,
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
        self.tracks.iter().filter(|t| t.hidden == 0)
    }

    /// Those followed, seen or hidden.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// The squares to read in the next frame, by track.
    pub fn squares(&self) -> Vec<(u32, Roi)> {
        self.tracks.iter().map(|t| (t.id, t.roi)).collect()
    }

    /// Takes what was read at the squares. Returns how many persons were lost.
    ///
    /// Whoever was not read or left the frame is dropped. Where two squares show one person, the older track has it; the younger
    /// goes on by its own drift, unseen, until its square shows someone else again or its time is up.
    pub fn update(&mut self, mut readings: Vec<(u32, Option<Body>)>, frame: Size) -> usize {
        let before = self.tracks.len();
        let mut seen: Vec<Body> = Vec::with_capacity(before);
        self.tracks.retain_mut(|track| {
            let reading = readings.iter_mut().find(|(id, _)| *id == track.id).and_then(|(_, body)| body.take());
            let Some(body) = reading.filter(|body| body.roi.share_on(frame) >= ON_FRAME) else { return false };
            if seen.iter().any(|other| other.is_same_person(&body)) {
                track.hidden += 1;
                track.roi = track.roi.moved(track.drift);
                return track.age >= SETTLED && track.hidden <= HIDDEN_AT_MOST && track.roi.share_on(frame) >= ON_FRAME;
            }
            if track.hidden > 0 {
                track.steady = Steady::default();
            } else {
                let step = Point::new(body.roi.center.x - track.body.roi.center.x, body.roi.center.y - track.body.roi.center.y);
                let smooth = |old: f32, new: f32| 0.7 * old + 0.3 * new;
                track.drift = Point::new(smooth(track.drift.x, step.x), smooth(track.drift.y, step.y));
            }
            track.age += 1;
            track.hidden = 0;
            track.roi = track.steady.next(body.hips, body.edge).unwrap_or(body.roi);
            seen.push(body.clone());
            track.body = body;
            true
        });
        before - self.tracks.len()
    }

    /// Begins to follow a person; false where it is one that is followed already.
    pub fn begin(&mut self, body: Body, frame: Size) -> bool {
        let known = self.tracks.iter().any(|t| t.hidden == 0 && t.body.is_same_person(&body));
        if known || body.roi.share_on(frame) < ON_FRAME {
            return false;
        }
        // Whoever comes out from behind another where they were expected is the same person still.
        if let Some(back) = self.tracks.iter_mut().find(|t| t.hidden > 0 && t.roi.is_near(&body.roi)) {
            (back.steady, back.hidden) = (Steady::default(), 0);
            back.roi = back.steady.next(body.hips, body.edge).unwrap_or(body.roi);
            back.body = body;
            return true;
        }
        self.last_id += 1;
        let mut steady = Steady::default();
        let roi = steady.next(body.hips, body.edge).unwrap_or(body.roi);
        self.tracks.push(Track { id: self.last_id, body, roi, steady, age: 0, hidden: 0, drift: Point::default() });
        true
    }

    /// Keeps the oldest only.
    pub fn truncate(&mut self, most: usize) {
        self.tracks.truncate(most);
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
        let readings = tracks.squares().into_iter().map(|(id, roi)| (id, read(id, roi).map(body))).collect();
        tracks.update(readings, FRAME);
        tracks.seen().map(|t| t.id).collect()
    }

    #[test]
    fn ids_are_never_given_twice() {
        let mut tracks = Tracks::default();
        assert!(tracks.begin(body(200.0), FRAME) && tracks.begin(body(700.0), FRAME));
        assert!(!tracks.begin(body(705.0), FRAME), "the same person twice");
        assert_eq!(step(&mut tracks, |id, roi| (id == 2).then_some(roi.center.x)), [2]);
        assert!(tracks.begin(body(200.0), FRAME));
        assert_eq!(tracks.seen().map(|t| t.id).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn whoever_leaves_is_dropped() {
        let mut tracks = Tracks::default();
        tracks.begin(body(900.0), FRAME);
        assert_eq!(step(&mut tracks, |_, _| Some(1100.0)), [1]);
        assert_eq!(step(&mut tracks, |_, _| Some(1300.0)), [] as [u32; 0]);
        assert!(tracks.is_empty());
    }

    #[test]
    fn two_new_squares_on_one_person_are_one_track() {
        let mut tracks = Tracks::default();
        tracks.begin(body(200.0), FRAME);
        tracks.begin(body(300.0), FRAME);
        assert_eq!(step(&mut tracks, |_, _| Some(250.0)), [1]);
        assert_eq!(tracks.len(), 1);
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
        for _ in 0..HIDDEN_AT_MOST + 1 {
            assert_eq!(step(&mut tracks, |_, _| Some(300.0)), [1]);
        }
        assert_eq!(tracks.len(), 1);
    }
}
