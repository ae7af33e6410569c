//! Which of the persons an object detector saw have no pose yet.

use crate::geometry::{BBox, Size};
use crate::vision::blazepose::landmarks::Body;

/// A pose's box and a detector's box of one person overlap at least this much: the one ends at the eyes and ankles.
const OVERLAP: f32 = 0.3;

/// Whether a body is that of the person in the box.
pub fn belongs(body: &Body, person: &BBox, frame: Size) -> bool {
    body.bbox().clamp(frame).iou(person) >= OVERLAP
}

/// The boxes that have a body of their own, each with its body: the best pairs first, and each in one pair at most.
pub fn owners(persons: &[BBox], bodies: &[&Body], frame: Size) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (b, body) in bodies.iter().enumerate() {
        let bbox = body.bbox().clamp(frame);
        pairs.extend(persons.iter().enumerate().map(|(p, person)| (person.iou(&bbox), p, b)));
    }
    pairs.retain(|(overlap, _, _)| *overlap >= OVERLAP);
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut owners: Vec<(usize, usize)> = Vec::new();
    for (_, p, b) in pairs {
        if !owners.iter().any(|(person, body)| *person == p || *body == b) {
            owners.push((p, b));
        }
    }
    owners
}

/// The boxes that no body belongs to, largest first. A body belongs to one box at most, so that of two persons standing behind each
/// other both can get a pose.
pub fn uncovered(persons: &[BBox], bodies: &[&Body], frame: Size) -> Vec<BBox> {
    let mut boxes: Vec<Option<BBox>> = persons.iter().copied().map(Some).collect();
    let mut free: Vec<Option<&Body>> = bodies.iter().copied().map(Some).collect();
    for (p, b) in owners(persons, bodies, frame) {
        (boxes[p], free[b]) = (None, None);
    }
    // A person of whom little is visible has a small box and a large pose: then the hips decide.
    for body in free.into_iter().flatten() {
        let around_hips = |person: &Option<BBox>| person.is_some_and(|p| p.contains(body.roi.center));
        if let Some(person) = boxes.iter_mut().find(|person| around_hips(person)) {
            *person = None;
        }
    }
    let mut left: Vec<BBox> = boxes.into_iter().flatten().filter(|p| p.area() > 0.0).collect();
    left.sort_by(|a, b| b.area().total_cmp(&a.area()));
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::pose::Keypoint;
    use crate::vision::blazepose::roi::Roi;

    const FRAME: Size = Size::new(1000, 1000);

    fn body(bbox: BBox) -> Body {
        let corner = |x, y| Keypoint { x, y, z: None, visibility: 1.0 };
        let keypoints = vec![corner(bbox.x1, bbox.y1), corner(bbox.x2, bbox.y2)];
        let (hips, edge) = (bbox.center(), Point::new(bbox.center().x, bbox.y1));
        Body { score: 1.0, keypoints, hips, edge, roi: Roi { center: hips, side: bbox.height(), rotation: 0.0 } }
    }

    #[test]
    fn the_largest_without_a_pose_comes_first() {
        let (small, large) = (BBox::new(0.0, 0.0, 10.0, 30.0), BBox::new(100.0, 0.0, 200.0, 300.0));
        assert_eq!(uncovered(&[small, large], &[], FRAME), [large, small]);
        assert_eq!(uncovered(&[small, large], &[&body(large)], FRAME), [small]);
        assert_eq!(uncovered(&[], &[&body(large)], FRAME), []);
        assert_eq!(uncovered(&[BBox::new(1.0, 1.0, 1.0, 1.0)], &[], FRAME), []);
    }

    #[test]
    fn one_body_covers_one_of_two_boxes() {
        let (front, behind) = (BBox::new(100.0, 0.0, 200.0, 300.0), BBox::new(110.0, 0.0, 220.0, 290.0));
        assert_eq!(uncovered(&[front, behind], &[&body(front)], FRAME), [behind]);
    }

    #[test]
    fn a_head_and_shoulders_belong_to_a_body_beyond_the_frame() {
        let visible = BBox::new(400.0, 900.0, 600.0, 1000.0);
        let mut standing = body(BBox::new(450.0, 920.0, 550.0, 2000.0));
        standing.roi.center = Point::new(500.0, 990.0);
        assert_eq!(uncovered(&[visible], &[&standing], FRAME), []);
    }
}
