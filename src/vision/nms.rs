//! Non-maximum suppression: of boxes that show the same thing, the surest stays.

use crate::geometry::BBox;

/// A box a head proposes, in pixels of the model's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub bbox: BBox,
    pub score: f32,
    pub class_id: usize,
    /// Its place among the boxes of the output, by which its keypoints are found.
    pub place: usize,
}

impl Candidate {
    /// None where the numbers are no box: models may answer with NaN, infinities or negative sizes.
    pub fn new(center: (f32, f32), size: (f32, f32), score: f32, class_id: usize) -> Option<Self> {
        let (w, h) = size;
        Self::between([center.0 - w / 2.0, center.1 - h / 2.0, center.0 + w / 2.0, center.1 + h / 2.0], score, class_id)
    }

    /// By its left, upper, right and lower edge.
    pub fn between([x1, y1, x2, y2]: [f32; 4], score: f32, class_id: usize) -> Option<Self> {
        let finite = [x1, y1, x2, y2, score].iter().all(|v| v.is_finite());
        (finite && x2 > x1 && y2 > y1).then_some(Self { bbox: BBox { x1, y1, x2, y2 }, score, class_id, place: 0 })
    }

    pub fn at(self, place: usize) -> Self {
        Self { place, ..self }
    }
}

/// Which candidates a head gives.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Least score, 0..=1.
    pub confidence: f32,
    /// Classes to keep; none keeps all.
    pub classes: Option<&'a [usize]>,
}

impl Wanted<'_> {
    pub fn takes(&self, class_id: usize, score: f32) -> bool {
        score >= self.confidence && self.classes.is_none_or(|classes| classes.contains(&class_id))
    }
}

/// The surest candidates first, at most `most`, none overlapping a surer one of its class by more than `iou`.
pub fn suppress(mut candidates: Vec<Candidate>, iou: f32, most: usize) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if kept.len() >= most {
            break;
        }
        if !kept.iter().any(|k| k.class_id == candidate.class_id && k.bbox.iou(&candidate.bbox) > iou) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(x: f32, score: f32, class_id: usize) -> Candidate {
        Candidate { bbox: BBox::new(x, 0.0, x + 10.0, 10.0), score, class_id, place: 0 }
    }

    #[test]
    fn the_surest_of_a_class_stays() {
        let kept = suppress(vec![candidate(1.0, 0.5, 0), candidate(0.0, 0.9, 0), candidate(0.0, 0.4, 1), candidate(50.0, 0.3, 0)], 0.5, 10);
        assert_eq!(kept.iter().map(|c| c.score).collect::<Vec<_>>(), [0.9, 0.4, 0.3]);
        assert_eq!(suppress(vec![candidate(0.0, 0.9, 0), candidate(50.0, 0.8, 0)], 0.5, 1).len(), 1);
    }

    #[test]
    fn what_is_no_box_is_no_candidate() {
        assert!(Candidate::new((1.0, 1.0), (f32::NAN, 1.0), 0.5, 0).is_none());
        assert!(Candidate::new((1.0, 1.0), (1.0, 1.0), f32::INFINITY, 0).is_none());
        assert!(Candidate::new((1.0, 1.0), (-1.0, 1.0), 0.5, 0).is_none());
    }

    proptest! {
        #[test]
        fn twice_is_as_good_as_once(boxes in prop::collection::vec((0f32..100.0, 0f32..1.0, 0usize..3), 0..60), iou in 0f32..1.0) {
            let candidates: Vec<_> = boxes.into_iter().map(|(x, score, class)| candidate(x, score, class)).collect();
            let once = suppress(candidates, iou, 300);
            prop_assert!(once.windows(2).all(|w| w[0].score >= w[1].score));
            prop_assert_eq!(suppress(once.clone(), iou, 300), once);
        }
    }
}
