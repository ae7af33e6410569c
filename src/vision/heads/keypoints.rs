//! Keypoints as numbers of a model become keypoints of the frame.

use crate::geometry::Point;
use crate::pose::{Keypoint, Skeleton};
use crate::vision::blazepose::roi::Roi;
use crate::vision::letterbox::Letterbox;

/// Numbers of a person's COCO keypoints: x, y and visibility of each.
pub const COCO17: usize = 51;

/// Ultralytics' pose heads: x, y in the input's numbers, which `scale` makes pixels of it, and a visibility of 0..=1 for each keypoint.
/// None where there are not all of them.
pub fn of_row(numbers: &[f32], scale: (f32, f32), letterbox: &Letterbox) -> Option<Vec<Keypoint>> {
    let keypoint = |&[x, y, visibility]: &[f32; 3]| {
        let Point { x, y } = letterbox.to_frame(Point::new(x * scale.0, y * scale.1));
        visible(x, y, visibility)
    };
    whole(numbers.as_chunks::<3>().0.iter().map(keypoint).collect())
}

/// MoveNet (TensorFlow Hub, "MoveNet.SinglePose", model card 2021): y, x as shares of the square, and a score.
pub fn of_square(numbers: &[f32], square: &Roi) -> Option<Vec<Keypoint>> {
    let keypoint = |&[y, x, score]: &[f32; 3]| {
        let Point { x, y } = square.to_frame(Point::new(x, y));
        visible(x, y, score)
    };
    whole(numbers.as_chunks::<3>().0.iter().map(keypoint).collect())
}

fn visible(x: f32, y: f32, visibility: f32) -> Keypoint {
    Keypoint { x, y, z: None, visibility: visibility.clamp(0.0, 1.0) }
}

fn whole(keypoints: Vec<Keypoint>) -> Option<Vec<Keypoint>> {
    let finite = keypoints.iter().all(|k| k.x.is_finite() && k.y.is_finite() && k.visibility.is_finite());
    (finite && keypoints.len() == Skeleton::Coco17.names().len()).then_some(keypoints)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn keypoints_land_on_the_frame() {
        let letterbox = Letterbox::centred(Size::new(1280, 720), Size::new(640, 640));
        let numbers = [0.5, 0.5, 1.5].repeat(17);
        let all = of_row(&numbers, (640.0, 640.0), &letterbox).unwrap();
        assert_eq!((all.len(), all[0]), (17, Keypoint { x: 640.0, y: 360.0, z: None, visibility: 1.0 }));
        assert_eq!(of_row(&numbers[3..], (1.0, 1.0), &letterbox), None);
        assert_eq!(of_row(&[f32::NAN; COCO17], (1.0, 1.0), &letterbox), None);
    }

    #[test]
    fn a_square_has_its_own_shares() {
        let square = Roi { center: Point::new(100.0, 50.0), side: 40.0, rotation: 0.0 };
        let all = of_square(&[0.25, 0.5, 0.7].repeat(17), &square).unwrap();
        assert_eq!((all[16].point(), all[16].visibility), (Point::new(100.0, 40.0), 0.7));
    }
}
