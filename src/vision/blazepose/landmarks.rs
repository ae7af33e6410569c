//! Reads the numbers of BlazePose's landmark model (`TensorsToLandmarksCalculator`, `RefineLandmarksFromHeatmapCalculator`,
//! `LandmarkProjectionCalculator` with the options of tensors_to_pose_landmarks_and_segmentation.pbtxt).

use crate::geometry::{BBox, Point};
use crate::pose::Keypoint;
use crate::vision::blazepose::roi::Roi;

pub const INPUT: usize = 256;
/// 33 keypoints, then the two points that give the next square, then four that nothing uses.
const POINTS: usize = 39;
const KEYPOINTS: usize = 33;
const GRID: usize = 64;
/// How far the heatmap is looked at around a point: a kernel of 9. The graph's text says 7, but MediaPipe 0.10.21 computes with the
/// calculator's default: with 9 its landmarks are met to a hundredth of a pixel, with 7 they are missed by up to two.
const REACH: usize = 4;
/// Below this the heatmap says nothing.
const CONFIDENT: f32 = 0.5;
/// Below this there is no person in the square.
const PRESENT: f32 = 0.5;

/// A person whose landmarks were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// 0..=1: how sure the model is that there is a person.
    pub score: f32,
    /// 33, in pixels of the frame.
    pub keypoints: Vec<Keypoint>,
    /// Between the hips, in pixels of the frame.
    pub hips: Point,
    /// On the circle around the hips that holds the body, above the head.
    pub edge: Point,
    /// The square these two give.
    pub roi: Roi,
}

/// Shoulders, elbows, wrists, hips, knees, ankles.
pub const LIMBS: [usize; 12] = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28];
/// The share of its square's side within which two readings are of one person: about a hand's breadth on an adult.
const ONE_PERSON: f32 = 0.07;

impl Body {
    /// The smallest box around all keypoints; it may reach beyond the frame.
    pub fn bbox(&self) -> BBox {
        let mut bbox = BBox::from_center(self.roi.center, 0.0, 0.0);
        for k in &self.keypoints {
            bbox = BBox { x1: bbox.x1.min(k.x), y1: bbox.y1.min(k.y), x2: bbox.x2.max(k.x), y2: bbox.y2.max(k.y) };
        }
        bbox
    }

    /// Whether two readings of one frame are of the same person: their limbs lie on each other.
    pub fn is_same_person(&self, other: &Body) -> bool {
        let apart: f32 = LIMBS.iter().filter_map(|&i| Some(self.keypoints.get(i)?.point().distance(other.keypoints.get(i)?.point()))).sum();
        apart / LIMBS.len() as f32 <= ONE_PERSON * self.roi.side.min(other.roi.side)
    }
}

/// `points` is `[39, 5]` (x, y, z in pixels of the input; visibility and presence before the sigmoid), `heatmap` `[64, 64, 39]`
/// before the sigmoid. None where there is no person or the numbers are none.
pub fn body(points: &[f32], flag: f32, heatmap: &[f32], roi: &Roi) -> Option<Body> {
    let present = flag >= PRESENT && points.len() == POINTS * 5 && points.iter().all(|v| v.is_finite());
    if !present {
        return None;
    }
    let place = |i: usize| {
        let raw = Point::new(points[i * 5] / INPUT as f32, points[i * 5 + 1] / INPUT as f32);
        roi.to_frame(refined(raw, i, heatmap))
    };
    let keypoint = |i: usize| {
        let p = place(i);
        let z = points[i * 5 + 2] / INPUT as f32 * roi.side;
        Keypoint { x: p.x, y: p.y, z: Some(z), visibility: sigmoid(points[i * 5 + 3]) }
    };
    let (hips, edge) = (place(KEYPOINTS), place(KEYPOINTS + 1));
    let roi = Roi::aligned(hips, edge)?;
    Some(Body { score: flag.clamp(0.0, 1.0), keypoints: (0..KEYPOINTS).map(keypoint).collect(), hips, edge, roi })
}

/// The centre of mass of the heatmap around a point, where the heatmap is confident there. All in 0..=1 of the input.
fn refined(raw: Point, index: usize, heatmap: &[f32]) -> Point {
    let cell = |v: f32| Some((v * GRID as f32) as i64).filter(|c| (0..GRID as i64).contains(c)).map(|c| c as usize);
    let (Some(column), Some(row)) = (cell(raw.x), cell(raw.y)) else { return raw };
    if heatmap.len() != GRID * GRID * POINTS {
        return raw;
    }
    let around = |c: usize| c.saturating_sub(REACH)..(c + REACH + 1).min(GRID);
    let (mut sum, mut x, mut y, mut most) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
    for r in around(row) {
        for c in around(column) {
            let confidence = sigmoid(heatmap[(r * GRID + c) * POINTS + index]);
            sum += confidence;
            x += c as f32 * confidence;
            y += r as f32 * confidence;
            most = most.max(confidence);
        }
    }
    if most >= CONFIDENT && sum > 0.0 { Point::new(x / GRID as f32 / sum, y / GRID as f32 / sum) } else { raw }
}

fn sigmoid(v: f32) -> f32 {
    1.0 / (1.0 + (-v).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROI: Roi = Roi { center: Point::new(100.0, 100.0), side: 256.0, rotation: 0.0 };

    fn points() -> Vec<f32> {
        let mut points = [128.0, 128.0, 10.0, 0.0, 0.0].repeat(POINTS);
        points[34 * 5 + 1] = 28.0;
        points
    }

    #[test]
    fn points_are_placed_on_the_frame() {
        let silent = vec![-10.0; GRID * GRID * POINTS];
        let body = body(&points(), 0.9, &silent, &ROI).unwrap();
        assert_eq!(body.keypoints.len(), 33);
        assert_eq!(body.keypoints[0], Keypoint { x: 100.0, y: 100.0, z: Some(10.0), visibility: 0.5 });
        assert_eq!((body.roi.side, body.roi.rotation, body.roi.center), (250.0, 0.0, Point::new(100.0, 100.0)));
    }

    #[test]
    fn a_confident_heatmap_moves_its_point() {
        let mut heatmap = vec![-100.0; GRID * GRID * POINTS];
        heatmap[(33 * GRID + 34) * POINTS + 5] = 100.0;
        assert_eq!(refined(Point::new(0.5, 0.5), 5, &heatmap), Point::new(34.0 / 64.0, 33.0 / 64.0));
        assert_eq!(refined(Point::new(0.5, 0.5), 6, &heatmap), Point::new(0.5, 0.5));
        assert_eq!(refined(Point::new(1.5, 0.5), 5, &heatmap), Point::new(1.5, 0.5));
        assert_eq!(refined(Point::new(0.5, 0.5), 5, &[]), Point::new(0.5, 0.5));
        assert_eq!(refined(Point::new(0.999, 0.0), 5, &heatmap), Point::new(0.999, 0.0));
    }

    #[test]
    fn no_person_and_no_numbers_are_no_body() {
        let silent = vec![-10.0; GRID * GRID * POINTS];
        assert_eq!(body(&points(), 0.49, &silent, &ROI), None);
        assert_eq!(body(&points(), f32::NAN, &silent, &ROI), None);
        let mut nan = points();
        nan[7] = f32::NAN;
        assert_eq!(body(&nan, 0.9, &silent, &ROI), None);
        assert_eq!(body(&[], 0.9, &silent, &ROI), None);
    }
}
