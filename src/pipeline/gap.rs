//! Where objects are in frames that no detector saw, between two that it saw.

use crate::detection::Detection;
use crate::geometry::BBox;

/// A frame that the detector saw, with all it said, also what is too unsure to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    pub pts_us: i64,
    pub detections: Vec<Detection>,
    /// For each detection the place of the same object in the sight before, where it was seen there.
    pub before: Vec<Option<usize>>,
}

/// The frames between two sights.
pub struct Gap<'a> {
    pub begin: &'a Sight,
    pub end: &'a Sight,
}

impl Gap<'_> {
    /// The objects at a time in the gap. One that both sights show is on the straight line between them; one that came or
    /// went stands still, and is there in the half of the gap that is its sight's.
    pub fn at(&self, pts_us: i64) -> Vec<Detection> {
        let (begin, end) = (self.begin.pts_us, self.end.pts_us);
        let share = ((pts_us - begin) as f32 / (end - begin).max(1) as f32).clamp(0.0, 1.0);
        let mut detections = Vec::with_capacity(self.end.detections.len());
        let mut went_on = vec![false; self.begin.detections.len()];
        for (place, after) in self.end.detections.iter().enumerate() {
            let origin = self.end.before.get(place).copied().flatten();
            match origin.and_then(|origin| Some((self.begin.detections.get(origin)?, went_on.get_mut(origin)?))) {
                Some((before, went_on)) => {
                    *went_on = true;
                    let (confidence, bbox) =
                        (between(before.confidence, after.confidence, share), moving(&before.bbox, &after.bbox, share));
                    detections.push(Detection { confidence, bbox, ..after.clone() });
                }
                None if share >= 0.5 => detections.push(after.clone()),
                None => {}
            }
        }
        let went = self.begin.detections.iter().zip(went_on).filter(|(_, went_on)| !went_on);
        detections.extend(went.filter(|_| share < 0.5).map(|(before, _)| before.clone()));
        detections.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        detections
    }
}

fn moving(from: &BBox, to: &BBox, share: f32) -> BBox {
    let side = |from, to| between(from, to, share);
    BBox { x1: side(from.x1, to.x1), y1: side(from.y1, to.y1), x2: side(from.x2, to.x2), y2: side(from.y2, to.y2) }
}

fn between(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(x: f32, confidence: f32) -> Detection {
        Detection { class_id: 0, label: "person".into(), confidence, bbox: BBox::new(x, 0.0, x + 40.0, 100.0), track_id: Some(1) }
    }

    fn sight(pts_us: i64, seen: &[(f32, f32)], before: &[Option<usize>]) -> Sight {
        Sight { pts_us, detections: seen.iter().map(|(x, confidence)| person(*x, *confidence)).collect(), before: before.to_vec() }
    }

    #[test]
    fn one_who_is_seen_twice_walks_in_between_by_the_frames_times() {
        let (begin, end) = (sight(0, &[(600.0, 0.9), (100.0, 0.9)], &[None, None]), sight(90_000, &[(130.0, 0.6)], &[Some(1)]));
        let gap = Gap { begin: &begin, end: &end };
        assert_eq!(gap.at(60_000), [person(120.0, 0.7)]);
        let early = gap.at(15_000);
        assert_eq!((early[0].bbox.x1, early[1].bbox.x1), (600.0, 105.0), "the surest first, and who went is still there");
    }

    #[test]
    fn who_comes_is_there_in_the_second_half() {
        let (begin, end) = (sight(0, &[], &[]), sight(30, &[(10.0, 0.8)], &[None]));
        let gap = Gap { begin: &begin, end: &end };
        assert_eq!((gap.at(10), gap.at(20)), (vec![], vec![person(10.0, 0.8)]));
    }

    proptest! {
        #[test]
        fn a_gap_begins_and_ends_as_it_was_seen(a in 0.0f32..900.0, b in 0.0f32..900.0, length in 1i64..1_000_000) {
            let (begin, end) = (sight(5, &[(a, 0.9)], &[None]), sight(5 + length, &[(b, 0.4)], &[Some(0)]));
            let gap = Gap { begin: &begin, end: &end };
            let near = |found: &Detection, x: f32| (found.bbox.x1 - x).abs() < 0.01 && found.bbox.width() > 39.9;
            prop_assert!(near(&gap.at(5)[0], a) && near(&gap.at(5 + length)[0], b));
            prop_assert!(gap.at(5 + length / 2).len() == 1);
        }
    }
}
