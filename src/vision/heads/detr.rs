//! The DETR family: a fixed number of queries, each of them one box (Carion et al., "End-to-End Object Detection with Transformers",
//! 2020; Zhao et al., "DETRs Beat YOLOs on Real-time Object Detection", 2023, and those after it).

use crate::vision::heads::numbers::{Scores, surest};
use crate::vision::heads::priors::softmax;
use crate::vision::nms::{Candidate, Wanted};
use crate::vision::told::Told;

/// No model of the family has more queries.
pub const MOST_QUERIES: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detr {
    pub classes: usize,
    /// The outputs of the classes and of the boxes; none where one output has the box, then the classes, of each query.
    pub split: Option<(usize, usize)>,
    /// Whether one more class, the last, stands for no object, and classes share one certainty (softmax): DETR itself.
    pub background: bool,
    pub scores: Scores,
}

impl Detr {
    /// In the numbers that are told, else those of one answer to a grey picture.
    pub fn settled(self, outputs: &[&[f32]], told: &Told) -> Self {
        let output = |place: usize| outputs.get(place).copied().unwrap_or_default();
        let seen = || match self.split {
            Some((classes, _)) => Scores::seen_in(output(classes).iter()),
            None => Scores::seen_in(output(0).chunks_exact(4 + self.classes).flat_map(|row| &row[4..])),
        };
        Self { scores: told.scores.unwrap_or_else(seen), ..self }
    }

    /// `outputs`: `[queries, classes]` and `[queries, 4]`, or `[queries, 4 + classes]`: cx, cy, w, h as shares of the input. `scale` makes
    /// pixels of it. A query has one class, its surest.
    pub fn candidates(&self, outputs: &[&[f32]], scale: (f32, f32), wanted: Wanted) -> Vec<Candidate> {
        let output = |place: usize| outputs.get(place).copied().unwrap_or_default();
        let each = self.classes + usize::from(self.background);
        match self.split {
            Some((classes, boxes)) => {
                let queries = output(classes).chunks_exact(each.max(1)).zip(output(boxes).chunks_exact(4));
                queries.filter_map(|(scores, bbox)| self.candidate(scores, bbox, scale, wanted)).collect()
            }
            None => {
                let queries = output(0).chunks_exact(4 + each).map(|row| row.split_at(4));
                queries.filter_map(|(bbox, scores)| self.candidate(scores, bbox, scale, wanted)).collect()
            }
        }
    }

    fn candidate(&self, scores: &[f32], bbox: &[f32], scale: (f32, f32), wanted: Wanted) -> Option<Candidate> {
        let (class_id, best) = surest(&scores[..self.classes])?;
        let score = match self.scores {
            Scores::Logits if self.background => softmax(best, scores),
            one_by_one => one_by_one.probability(best),
        };
        let &[cx, cy, w, h] = bbox else { return None };
        wanted.takes(class_id, score).then(|| Candidate::new((cx * scale.0, cy * scale.1), (w * scale.0, h * scale.1), score, class_id))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    const ALL: Wanted = Wanted { confidence: 0.25, classes: None };
    const DETR: Detr = Detr { classes: 2, split: Some((0, 1)), background: true, scores: Scores::Logits };

    #[test]
    fn a_query_that_sees_nothing_is_no_box() {
        let logits = [0.0, 9.0, 0.0, 1.0, 1.0, 9.0];
        let boxes = [0.5, 0.5, 0.2, 0.4, 0.5, 0.5, 1.0, 1.0];
        let found = DETR.candidates(&[&logits, &boxes], (100.0, 50.0), ALL);
        assert_eq!((found.len(), found[0].class_id, found[0].bbox), (1, 1, BBox::new(40.0, 15.0, 60.0, 35.0)));
        assert!(found[0].score > 0.99);
        assert!(DETR.candidates(&[&[f32::NAN; 6], &boxes], (1.0, 1.0), ALL).is_empty());
    }

    #[test]
    fn one_output_has_boxes_then_classes() {
        let head = Detr { classes: 2, split: None, background: false, scores: Scores::Probabilities };
        let found = head.candidates(&[&[0.5, 0.5, 0.2, 0.4, 0.1, 0.8, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1]], (10.0, 10.0), ALL);
        assert_eq!((found.len(), found[0].score, found[0].class_id), (1, 0.8, 1));
        let logits = Detr { split: Some((0, 1)), background: false, ..DETR };
        assert_eq!(logits.candidates(&[&[0.0, -1.0], &[0.5, 0.5, 0.2, 0.4]], (10.0, 10.0), ALL)[0].score, 0.5);
    }
}
