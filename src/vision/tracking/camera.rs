//! How the camera moved between two frames, from the objects alone: a hand that trembles moves all of them alike.

use crate::geometry::Point;

/// Fewer objects say nothing of the camera.
const LEAST_OBJECTS: usize = 3;
/// The common motion must be this many times as large as what the objects differ by; less is their own.
const CLEAR: f32 = 2.0;

/// The motion that most objects share, in pixels, out of how far each is from where it was expected. None where they have none in
/// common.
pub fn motion(surprises: &[Point]) -> Option<Point> {
    if surprises.len() < LEAST_OBJECTS {
        return None;
    }
    let common = Point::new(median(surprises.iter().map(|s| s.x))?, median(surprises.iter().map(|s| s.y))?);
    let spread = median(surprises.iter().map(|s| s.distance(common)))?;
    (common.distance(Point::default()) > CLEAR * spread).then_some(common)
}

fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { (upper + values[middle - 1]) / 2.0 } else { upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(pairs: &[(f32, f32)]) -> Vec<Point> {
        pairs.iter().map(|(x, y)| Point::new(*x, *y)).collect()
    }

    #[test]
    fn what_all_do_is_the_camera_and_one_who_turns_round_does_not_count() {
        let found = motion(&points(&[(10.0, -4.0), (11.0, -4.0), (9.0, -5.0), (-60.0, 3.0)])).unwrap();
        assert_eq!((found.x, found.y), (9.5, -4.0));
    }

    #[test]
    fn what_each_does_alone_is_no_camera() {
        assert_eq!(motion(&points(&[(10.0, 0.0), (-9.0, 1.0), (1.0, -8.0)])), None);
        assert_eq!(motion(&points(&[(10.0, 0.0), (10.0, 0.0)])), None, "two may walk side by side");
        assert_eq!(motion(&points(&[(0.0, 0.0); 5])), None);
        assert_eq!(motion(&[]), None);
    }
}
