//! Where a box is and how it moves: a Kalman filter with constant velocity over centre, aspect and height.
//!
//! Noise as in DeepSORT and ByteTrack (Wojke et al. 2017): in proportion to the box's height, per thirtieth of a second.
//! Noise and measurement there are independent by coordinate, so four filters of two numbers each are the whole one.

use crate::geometry::{BBox, Point};

/// Deviations as parts of the height: of a position, and of a velocity per step.
const POSITION: f32 = 1.0 / 20.0;
const VELOCITY: f32 = 1.0 / 160.0;
/// Deviations of the aspect: at the beginning and per step, of its velocity, and of a measurement.
const ASPECT: f32 = 1e-2;
const ASPECT_VELOCITY: f32 = 1e-5;
const ASPECT_MEASURED: f32 = 1e-1;
/// Least height of a box, in pixels: noise in proportion to nothing would be none.
const LEAST_HEIGHT: f32 = 1.0;

/// One coordinate, its velocity per step, and their covariance.
#[derive(Clone, Copy, Debug)]
struct Coordinate {
    value: f32,
    velocity: f32,
    /// Variance of the value, covariance, variance of the velocity.
    p: [f32; 3],
}

impl Coordinate {
    fn new(value: f32, deviation: f32, velocity_deviation: f32) -> Self {
        Self { value, velocity: 0.0, p: [deviation * deviation, 0.0, velocity_deviation * velocity_deviation] }
    }

    fn predict(&mut self, steps: f32, deviation: f32, velocity_deviation: f32) {
        let [a, b, c] = self.p;
        self.value += self.velocity * steps;
        self.p = [
            a + 2.0 * steps * b + steps * steps * c + deviation * deviation * steps,
            b + steps * c,
            c + velocity_deviation * velocity_deviation * steps,
        ];
    }

    fn update(&mut self, measured: f32, deviation: f32) {
        let [a, b, c] = self.p;
        let total = a + deviation * deviation;
        let (gain, velocity_gain) = (a / total, b / total);
        let surprise = measured - self.value;
        self.value += gain * surprise;
        self.velocity += velocity_gain * surprise;
        self.p = [(1.0 - gain) * a, (1.0 - gain) * b, c - velocity_gain * b];
    }
}

#[derive(Clone, Debug)]
pub struct BoxFilter {
    x: Coordinate,
    y: Coordinate,
    aspect: Coordinate,
    height: Coordinate,
}

impl BoxFilter {
    pub fn new(bbox: &BBox) -> Self {
        let (centre, aspect, height) = parts(bbox);
        let (position, velocity) = (2.0 * POSITION * height, 10.0 * VELOCITY * height);
        Self {
            x: Coordinate::new(centre.x, position, velocity),
            y: Coordinate::new(centre.y, position, velocity),
            aspect: Coordinate::new(aspect, ASPECT, ASPECT_VELOCITY),
            height: Coordinate::new(height, position, velocity),
        }
    }

    /// Moves on by so many thirtieths of a second. A box that is out of sight does not grow (`seen` is false).
    pub fn predict(&mut self, steps: f32, seen: bool) {
        let height = self.height.value.max(LEAST_HEIGHT);
        if !seen {
            self.height.velocity = 0.0;
        }
        for coordinate in [&mut self.x, &mut self.y, &mut self.height] {
            coordinate.predict(steps, POSITION * height, VELOCITY * height);
        }
        self.aspect.predict(steps, ASPECT, ASPECT_VELOCITY);
    }

    pub fn update(&mut self, bbox: &BBox) {
        let (centre, aspect, height) = parts(bbox);
        let deviation = POSITION * self.height.value.max(LEAST_HEIGHT);
        self.x.update(centre.x, deviation);
        self.y.update(centre.y, deviation);
        self.aspect.update(aspect, ASPECT_MEASURED);
        self.height.update(height, deviation);
    }

    /// Moves the place and not the velocity.
    pub fn shift(&mut self, by: Point) {
        self.x.value += by.x;
        self.y.value += by.y;
    }

    pub fn bbox(&self) -> BBox {
        let height = self.height.value.max(LEAST_HEIGHT);
        BBox::from_center(Point::new(self.x.value, self.y.value), self.aspect.value.max(0.0) * height, height)
    }
}

fn parts(bbox: &BBox) -> (Point, f32, f32) {
    let height = bbox.height().max(LEAST_HEIGHT);
    (bbox.center(), bbox.width() / height, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moving(step: f32) -> BBox {
        BBox::new(100.0 + 4.0 * step, 50.0, 140.0 + 4.0 * step, 150.0)
    }

    #[test]
    fn a_steady_motion_is_learned_and_goes_on_unseen() {
        let mut filter = BoxFilter::new(&moving(0.0));
        for step in 1..30 {
            filter.predict(1.0, true);
            filter.update(&moving(step as f32));
        }
        filter.predict(10.0, false);
        let (found, expected) = (filter.bbox(), moving(39.0));
        assert!((found.center().x - expected.center().x).abs() < 3.0, "{found:?}");
        assert!((found.height() - 100.0).abs() < 1.0 && (found.width() - 40.0).abs() < 1.0, "{found:?}");
    }

    #[test]
    fn one_long_step_is_as_far_as_many_short_ones() {
        let mut one = BoxFilter::new(&moving(0.0));
        one.predict(1.0, true);
        one.update(&moving(1.0));
        let mut many = one.clone();
        one.predict(6.0, true);
        for _ in 0..6 {
            many.predict(1.0, true);
        }
        assert!((one.bbox().center().x - many.bbox().center().x).abs() < 1e-3);
    }

    #[test]
    fn boxes_of_no_size_are_no_trouble() {
        let mut filter = BoxFilter::new(&BBox::new(5.0, 5.0, 5.0, 5.0));
        filter.predict(1.0, true);
        filter.update(&BBox::new(5.0, 5.0, 5.0, 5.0));
        assert!(filter.bbox().center().x.is_finite());
    }
}
