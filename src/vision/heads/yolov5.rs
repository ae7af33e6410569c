//! Boxes with an objectness of their own: YOLOv5 (github.com/ultralytics/yolov5, models/yolo.py, `Detect`) and YOLOX exported with
//! `--decode_in_inference`.

use crate::vision::heads::numbers::{Boxes, Scores, surest};
use crate::vision::nms::{Candidate, Wanted};
use crate::vision::told::Told;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objectness {
    pub classes: usize,
    pub boxes: Boxes,
    pub scores: Scores,
}

impl Objectness {
    /// In the numbers that are told, else those of one answer to a grey picture.
    pub fn settled(self, output: &[f32], told: &Told) -> Self {
        let rows = || output.chunks_exact(5 + self.classes);
        let boxes = told.boxes.or_else(|| Boxes::seen_in(rows().flat_map(|row| &row[..4]))).unwrap_or(self.boxes);
        let scores = told.scores.unwrap_or_else(|| Scores::seen_in(rows().flat_map(|row| &row[4..])));
        Self { boxes, scores, ..self }
    }

    /// `output`: `[boxes, 5 + classes]`: cx, cy, w, h, the objectness, then the classes' probabilities. `scale` makes pixels of the input.
    pub fn candidates(&self, output: &[f32], scale: (f32, f32), wanted: Wanted) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (place, row) in output.chunks_exact(5 + self.classes).enumerate() {
            let &[cx, cy, w, h, objectness, ref classes @ ..] = row else { return found };
            if let Some((class_id, score)) = sure(objectness, classes, self.scores, wanted) {
                let candidate = Candidate::new((cx * scale.0, cy * scale.1), (w * scale.0, h * scale.1), score, class_id);
                found.extend(candidate.map(|c| c.at(place)));
            }
        }
        found
    }
}

/// The surest class of a box and its score, objectness × probability, where it is wanted.
pub fn sure(objectness: f32, classes: &[f32], scores: Scores, wanted: Wanted) -> Option<(usize, f32)> {
    let objectness = scores.probability(objectness);
    // No probability is above 1, so most boxes are done here.
    if objectness.is_nan() || objectness < wanted.confidence {
        return None;
    }
    let (class_id, best) = surest(classes)?;
    let score = objectness * scores.probability(best);
    wanted.takes(class_id, score).then_some((class_id, score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    const PIXELS: Objectness = Objectness { classes: 2, boxes: Boxes::Pixels, scores: Scores::Probabilities };
    const ALL: Wanted = Wanted { confidence: 0.25, classes: None };
    const OUTPUT: [f32; 14] = [20.0, 30.0, 10.0, 20.0, 0.8, 0.1, 0.5, 20.0, 30.0, 10.0, 20.0, 0.2, 1.0, 1.0];

    #[test]
    fn a_score_is_objectness_times_probability() {
        let found = PIXELS.candidates(&OUTPUT, (1.0, 1.0), ALL);
        assert_eq!(found, [Candidate { bbox: BBox::new(15.0, 20.0, 25.0, 40.0), score: 0.4, class_id: 1, place: 0 }]);
        assert!(PIXELS.candidates(&OUTPUT, (1.0, 1.0), Wanted { classes: Some(&[0]), ..ALL }).is_empty());
        assert!(PIXELS.candidates(&[f32::NAN; 14], (1.0, 1.0), ALL).is_empty());
    }

    #[test]
    fn shares_of_the_input_become_pixels_and_logits_probabilities() {
        let logits = Objectness { scores: Scores::Logits, boxes: Boxes::Unit, ..PIXELS };
        let found = logits.candidates(&[0.5, 0.5, 0.5, 0.25, 50.0, -50.0, 0.0], (64.0, 32.0), ALL);
        assert_eq!((found[0].bbox, found[0].score), (BBox::new(16.0, 12.0, 48.0, 20.0), 0.5));
    }
}
