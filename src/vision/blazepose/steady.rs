//! Keeps a person's square still while they stand still. MediaPipe filters the two points that give the next square even where the
//! landmarks themselves are left raw (pose_landmark_filtering.pbtxt); without it every reading's jitter moves the next reading.

use crate::geometry::Point;
use crate::vision::blazepose::one_euro::{Curve, OneEuro};
use crate::vision::blazepose::roi::Roi;

/// MediaPipe's solutions count frames as 1/30 s whatever the video says, and so the filter behaves alike for every frame rate.
const FRAMES_PER_SECOND: f32 = 30.0;
const CURVE: Curve = Curve { min_cutoff: 0.01, beta: 10.0, derivative_cutoff: 1.0 };

/// The smoothed hips and edge of one person.
#[derive(Clone, Debug, Default)]
pub struct Steady {
    numbers: [OneEuro; 4],
}

impl Steady {
    /// The square of the next frame from the points read in this one, in pixels of the frame. None where they make no square.
    pub fn next(&mut self, hips: Point, edge: Point) -> Option<Roi> {
        // Speeds are measured in the person's own size a second.
        let size = 2.0 * hips.distance(edge);
        if size.is_nan() || size < 1e-6 {
            return None;
        }
        let next = |number: &mut OneEuro, raw: f32| number.next(raw, size, FRAMES_PER_SECOND, CURVE);
        let [a, b, c, d] = &mut self.numbers;
        Roi::aligned(Point::new(next(a, hips.x), next(b, hips.y)), Point::new(next(c, edge.x), next(d, edge.y)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_held_and_a_walk_is_followed() {
        let edge = |x: f32| Point::new(x, 100.0);
        let mut steady = Steady::default();
        let places: Vec<f32> = (0..50)
            .map(|i| if i % 2 == 0 { 500.0 } else { 502.0 })
            .map(|x| steady.next(Point::new(x, 300.0), edge(x)).unwrap().center.x)
            .collect();
        assert!(places.windows(2).all(|w| (w[0] - w[1]).abs() < 0.5), "{places:?}");
        let mut last = 0.0;
        for i in 0..60 {
            let x = 500.0 + 20.0 * i as f32;
            last = steady.next(Point::new(x, 300.0), edge(x)).unwrap().center.x - x;
        }
        assert!(last.abs() < 20.0, "{last}");
        assert!(steady.next(Point::new(f32::NAN, 0.0), edge(0.0)).is_none());
    }
}
