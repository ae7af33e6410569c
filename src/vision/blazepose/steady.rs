//! Keeps a person's square still while they stand still. MediaPipe filters the two points that give the next square even where the
//! landmarks themselves are left raw (pose_landmark_filtering.pbtxt); without it every reading's jitter moves the next reading.

use std::f32::consts::TAU;

use crate::geometry::Point;
use crate::vision::blazepose::roi::Roi;

/// MediaPipe's solutions count frames as 1/30 s whatever the video says, and so the filter behaves alike for every frame rate.
const FRAMES_PER_SECOND: f32 = 30.0;
const MIN_CUTOFF: f32 = 0.01;
const BETA: f32 = 10.0;
const DERIVATIVE_CUTOFF: f32 = 1.0;

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
        let [a, b, c, d] = &mut self.numbers;
        let hips = Point::new(a.next(hips.x, size), b.next(hips.y, size));
        let edge = Point::new(c.next(edge.x, size), d.next(edge.y, size));
        Roi::aligned(hips, edge)
    }
}

/// The 1€ filter (Casiez et al., 2012): the faster a value changes, the less it is smoothed.
#[derive(Clone, Debug, Default)]
struct OneEuro {
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    raw: f32,
    smooth: f32,
    speed: f32,
}

impl OneEuro {
    fn next(&mut self, raw: f32, size: f32) -> f32 {
        let next = match self.last {
            None => Last { raw, smooth: raw, speed: 0.0 },
            Some(last) => {
                let speed = mix(last.speed, (raw - last.raw) / size * FRAMES_PER_SECOND, alpha(DERIVATIVE_CUTOFF));
                Last { raw, smooth: mix(last.smooth, raw, alpha(MIN_CUTOFF + BETA * speed.abs())), speed }
            }
        };
        self.last = Some(next);
        next.smooth
    }
}

fn mix(old: f32, new: f32, share: f32) -> f32 {
    share * new + (1.0 - share) * old
}

/// The share of a new value for a cutoff in Hz.
fn alpha(cutoff: f32) -> f32 {
    1.0 / (1.0 + FRAMES_PER_SECOND / (TAU * cutoff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_those_the_graph_speaks_of() {
        assert!((alpha(MIN_CUTOFF) - 0.002).abs() < 1e-3);
        assert!((alpha(MIN_CUTOFF + BETA) - 0.68).abs() < 0.01);
        assert!((alpha(DERIVATIVE_CUTOFF) - 0.17).abs() < 0.01);
    }

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
