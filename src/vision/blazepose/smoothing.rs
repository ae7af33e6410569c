//! Steadies the landmarks of each person, as MediaPipe does with `smooth_landmarks` (pose_landmark_filtering.pbtxt of 0.10:
//! `LandmarksSmoothingCalculator` and `VisibilitySmoothingCalculator`).

use std::collections::BTreeMap;

use crate::pose::Keypoint;
use crate::vision::blazepose::landmarks::Body;
use crate::vision::blazepose::one_euro::{Curve, OneEuro, mix};

const CURVE: Curve = Curve { min_cutoff: 0.05, beta: 80.0, derivative_cutoff: 1.0 };
/// The share of a new visibility.
const VISIBILITY: f32 = 0.1;
/// A body smaller than this many pixels has no speed in its own size.
const LEAST_SIZE: f32 = 1e-6;

/// The persons of the last frame, by track. Whoever was out of sight begins anew.
#[derive(Debug, Default)]
pub struct Smoothing {
    last_us: Option<i64>,
    persons: BTreeMap<u32, Person>,
}

#[derive(Debug, Default)]
struct Person {
    points: Vec<Point>,
}

#[derive(Debug, Default)]
struct Point {
    coordinates: [OneEuro; 3],
    visibility: Option<f32>,
}

impl Smoothing {
    /// The landmarks of a frame's persons, smoothed, in the same order. Times are of the video, so that a variable rate smooths
    /// as much as an even one.
    pub fn next<'a>(&mut self, time_us: i64, bodies: impl Iterator<Item = (u32, &'a Body)>) -> Vec<Vec<Keypoint>> {
        let elapsed = time_us.saturating_sub(self.last_us.replace(time_us).unwrap_or(time_us)).max(1);
        let rate = 1e6 / elapsed as f32;
        let mut before = std::mem::take(&mut self.persons);
        let smoothed = bodies.map(|(id, body)| {
            let mut person = before.remove(&id).unwrap_or_default();
            let keypoints = person.next(body, rate);
            self.persons.insert(id, person);
            keypoints
        });
        smoothed.collect()
    }
}

impl Person {
    fn next(&mut self, body: &Body, rate: f32) -> Vec<Keypoint> {
        let size = 2.0 * body.hips.distance(body.edge);
        if size.is_nan() || size < LEAST_SIZE {
            return body.keypoints.clone();
        }
        self.points.resize_with(body.keypoints.len(), Point::default);
        let pairs = self.points.iter_mut().zip(&body.keypoints);
        pairs.map(|(point, keypoint)| point.next(keypoint, size, rate)).collect()
    }
}

impl Point {
    fn next(&mut self, raw: &Keypoint, size: f32, rate: f32) -> Keypoint {
        let visibility = self.visibility.map_or(raw.visibility, |last| mix(last, raw.visibility, VISIBILITY));
        self.visibility = Some(visibility);
        let [x, y, z] = &mut self.coordinates;
        Keypoint {
            x: x.next(raw.x, size, rate, CURVE),
            y: y.next(raw.y, size, rate, CURVE),
            z: raw.z.map(|raw| z.next(raw, size, rate, CURVE)),
            visibility,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry;
    use crate::vision::blazepose::roi::Roi;

    fn body(x: f32, visibility: f32) -> Body {
        let (hips, edge) = (geometry::Point::new(x, 500.0), geometry::Point::new(x, 300.0));
        let keypoints = vec![Keypoint { x, y: 300.0, z: Some(1.0), visibility }; 33];
        Body { score: 0.9, keypoints, hips, edge, roi: Roi { center: hips, side: 500.0, rotation: 0.0 } }
    }

    /// Where the first person's first keypoint is found in the end.
    fn last(frames: &[(i64, f32)]) -> Keypoint {
        let mut smoothing = Smoothing::default();
        let found = frames.iter().map(|(time, x)| smoothing.next(*time, [(1, &body(*x, 0.9))].into_iter())[0][0]);
        found.last().unwrap()
    }

    #[test]
    fn the_first_frame_is_as_it_was_read_and_later_ones_lag() {
        assert_eq!(last(&[(0, 100.0)]), body(100.0, 0.9).keypoints[0]);
        let second = last(&[(0, 100.0), (33_333, 101.0)]).x;
        assert!(second > 100.0 && second < 101.0, "{second}");
    }

    #[test]
    fn a_longer_gap_lets_more_of_the_new_value_in() {
        let after = |gap: i64| last(&[(0, 100.0), (gap, 104.0)]).x;
        assert!(after(200_000) > after(33_333), "{} and {}", after(200_000), after(33_333));
        assert!(after(0).is_finite(), "two frames of one time");
    }

    #[test]
    fn visibility_follows_slowly_and_persons_have_their_own() {
        let mut smoothing = Smoothing::default();
        smoothing.next(0, [(1, &body(100.0, 1.0)), (2, &body(600.0, 0.5))].into_iter());
        let found = smoothing.next(33_333, [(2, &body(600.0, 0.5)), (1, &body(100.0, 0.0))].into_iter());
        assert_eq!((found[0][0].visibility, found[1][0].visibility), (0.5, 0.9));
        assert_eq!((found[0][0].x, found[1][0].x), (600.0, 100.0));
    }

    #[test]
    fn whoever_was_out_of_sight_begins_anew() {
        let mut smoothing = Smoothing::default();
        smoothing.next(0, [(1, &body(100.0, 1.0))].into_iter());
        smoothing.next(33_333, std::iter::empty());
        assert_eq!(smoothing.next(66_667, [(1, &body(300.0, 0.2))].into_iter())[0], body(300.0, 0.2).keypoints);
        assert_eq!(smoothing.persons.len(), 1);
    }
}
