//! SSD without its post-processing, for exports that carry their prior boxes as an output (Caffe's `mbox_loc`, `mbox_conf` and
//! `mbox_priorbox`; Liu et al., "SSD: Single Shot MultiBox Detector", 2016).

use crate::vision::heads::numbers::{Scores, surest};
use crate::vision::nms::{Candidate, Wanted};
use crate::vision::told::Told;

/// The places of the outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Priors {
    pub offsets: usize,
    pub confidences: usize,
    pub priors: usize,
    /// With the background, which is class 0.
    pub classes: usize,
    pub scores: Scores,
}

impl Priors {
    /// In the numbers that are told, else those of one answer to a grey picture.
    pub fn settled(self, outputs: &[&[f32]], told: &Told) -> Self {
        let values = outputs.get(self.confidences).copied().unwrap_or_default();
        Self { scores: told.scores.unwrap_or_else(|| Scores::seen_in(values.iter())), ..self }
    }

    /// `offsets`: `[boxes, 4]`: cx, cy, ln w, ln h from the prior box; `confidences`: `[boxes, classes]`; `priors`: `[2, boxes, 4]`: the
    /// prior boxes' edges as shares of the input, then the variances that offsets are multiplied by.
    pub fn candidates(&self, outputs: &[&[f32]], scale: (f32, f32), wanted: Wanted) -> Vec<Candidate> {
        let output = |place: usize| outputs.get(place).copied().unwrap_or_default();
        let (offsets, confidences, priors) = (output(self.offsets), output(self.confidences), output(self.priors));
        let (priors, variances) = priors.split_at(priors.len() / 2);
        let boxes = offsets.as_chunks::<4>().0.iter().zip(priors.as_chunks::<4>().0.iter().zip(variances.as_chunks::<4>().0));
        let mut found = Vec::new();
        for ((offset, (prior, variance)), scores) in boxes.zip(confidences.chunks_exact(self.classes.max(1))) {
            let Some((class_id, score)) = surest(&scores[1..]).map(|(class, best)| (class + 1, self.share(best, scores))) else { continue };
            if !wanted.takes(class_id, score) {
                continue;
            }
            let (w, h) = (prior[2] - prior[0], prior[3] - prior[1]);
            let cx = (prior[0] + prior[2]) / 2.0 + offset[0] * variance[0] * w;
            let cy = (prior[1] + prior[3]) / 2.0 + offset[1] * variance[1] * h;
            let size = ((offset[2] * variance[2]).exp() * w * scale.0, (offset[3] * variance[3]).exp() * h * scale.1);
            found.extend(Candidate::new((cx * scale.0, cy * scale.1), size, score, class_id));
        }
        found
    }

    fn share(&self, best: f32, scores: &[f32]) -> f32 {
        match self.scores {
            Scores::Probabilities => best,
            Scores::Logits => softmax(best, scores),
        }
    }
}

/// The probability of the class with the logit `one` among all.
pub fn softmax(one: f32, all: &[f32]) -> f32 {
    1.0 / all.iter().map(|other| (other - one).exp()).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    const HEAD: Priors = Priors { offsets: 0, confidences: 1, priors: 2, classes: 3, scores: Scores::Probabilities };
    const ALL: Wanted = Wanted { confidence: 0.25, classes: None };

    #[test]
    fn offsets_move_prior_boxes() {
        let priors = [0.25, 0.25, 0.75, 0.75, 0.0, 0.0, 1.0, 1.0, 0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2];
        let offsets = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let outputs: [&[f32]; 3] = [&offsets, &[0.1, 0.2, 0.7, 0.9, 0.1, 0.0], &priors];
        let found = HEAD.candidates(&outputs, (100.0, 100.0), ALL);
        assert_eq!(found, [Candidate { bbox: BBox::new(30.0, 25.0, 80.0, 75.0), score: 0.7, class_id: 2, place: 0 }]);
        assert!(HEAD.candidates(&[], (1.0, 1.0), ALL).is_empty());
    }

    #[test]
    fn logits_share_one() {
        assert_eq!(softmax(3.0, &[3.0, 3.0]), 0.5);
        assert!(softmax(9.0, &[9.0, -90.0, -90.0]) > 0.99 && softmax(f32::NAN, &[1.0]).is_nan());
    }
}
