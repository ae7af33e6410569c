//! NanoDet and NanoDet-Plus (github.com/RangiLyu/nanodet, `NanoDetHead` and `NanoDetPlusHead`): the distances to a box's edges as
//! distributions (Li et al., "Generalized Focal Loss", 2020).

use crate::geometry::Size;
use crate::vision::heads::numbers::{Scores, surest};
use crate::vision::nms::{Candidate, Wanted};
use crate::vision::told::Told;

/// Strides of NanoDet; NanoDet-Plus has the fourth, too.
pub const STRIDES: [u32; 4] = [8, 16, 32, 64];

#[derive(Clone, Debug, PartialEq)]
pub struct NanoDet {
    pub input: Size,
    pub classes: usize,
    /// Places of a distribution: 8 in all published models.
    pub bins: usize,
    /// The outputs of scores and of distances, finest grid first; none where one output has both for all grids.
    pub split: Option<Vec<(usize, usize)>>,
    /// How many of the strides it has.
    pub levels: usize,
    pub scores: Scores,
}

/// The cells of one stride: NanoDet rounds up.
pub fn cells(input: Size, stride: u32) -> usize {
    (input.width.div_ceil(stride) * input.height.div_ceil(stride)) as usize
}

impl NanoDet {
    /// In the numbers that are told, else those of one answer to a grey picture.
    pub fn settled(self, outputs: &[&[f32]], told: &Told) -> Self {
        let output = |place: usize| outputs.get(place).copied().unwrap_or_default();
        let seen = || match &self.split {
            Some(places) => Scores::seen_in(places.iter().flat_map(|&(scores, _)| output(scores))),
            None => Scores::seen_in(output(0).chunks_exact(self.classes + 4 * self.bins).flat_map(|row| &row[..self.classes])),
        };
        Self { scores: told.scores.unwrap_or_else(seen), ..self }
    }

    /// `outputs`: for each grid `[cells, classes]` and `[cells, 4 × bins]`, or one `[cells of all grids, classes + 4 × bins]`: a score
    /// for each class and the distributions of the distances to the left, upper, right and lower edge, in strides.
    pub fn candidates(&self, outputs: &[&[f32]], wanted: Wanted) -> Vec<Candidate> {
        let mut found = Vec::new();
        let (width, distances) = (self.classes + 4 * self.bins, 4 * self.bins);
        let mut begun = 0;
        for (level, &stride) in STRIDES.iter().take(self.levels).enumerate() {
            let count = cells(self.input, stride);
            for cell in 0..count {
                let row = |output: usize, at: usize, length: usize| outputs.get(output).and_then(|o| o.get(at * length..(at + 1) * length));
                let both = match &self.split {
                    Some(places) => places.get(level).and_then(|&(s, d)| Some((row(s, cell, self.classes)?, row(d, cell, distances)?))),
                    None => row(0, begun + cell, width).map(|both| both.split_at(self.classes)),
                };
                let Some((scores, distances)) = both else { return found };
                let Some((class_id, best)) = surest(scores) else { continue };
                let score = self.scores.probability(best);
                if wanted.takes(class_id, score) {
                    let (x, y) = self.center(cell as u32, stride);
                    let [left, up, right, down] =
                        [0, 1, 2, 3].map(|edge| expected(&distances[edge * self.bins..(edge + 1) * self.bins]) * stride as f32);
                    found.extend(Candidate::between([x - left, y - up, x + right, y + down], score, class_id));
                }
            }
            begun += count;
        }
        found
    }

    /// Plus measures from the corner of a cell, NanoDet from its middle.
    fn center(&self, cell: u32, stride: u32) -> (f32, f32) {
        let columns = self.input.width.div_ceil(stride);
        let within = if self.levels == STRIDES.len() { 0.0 } else { 0.5 };
        let at = |index: u32| (index as f32 + within) * stride as f32;
        (at(cell % columns), at(cell / columns))
    }
}

/// The mean of a distribution over 0, 1, 2 … that is given by its logits.
fn expected(logits: &[f32]) -> f32 {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    let weights = logits.iter().map(|l| (l - most).exp());
    let (sum, mean) = weights.enumerate().fold((0.0, 0.0), |(sum, mean), (i, w)| (sum + w, mean + i as f32 * w));
    mean / sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    const ALL: Wanted = Wanted { confidence: 0.25, classes: None };

    #[test]
    fn a_distribution_has_its_mean() {
        assert_eq!(expected(&[0.0, 0.0, 0.0]), 1.0);
        assert!((expected(&[-99.0, -99.0, 99.0]) - 2.0).abs() < 1e-6);
        assert!(expected(&[f32::NAN, 0.0]).is_nan());
    }

    /// Certain of distance 1 to each edge.
    const ONE: [f32; 8] = [0.0, 99.0, 0.0, 99.0, 0.0, 99.0, 0.0, 99.0];

    #[test]
    fn cells_of_split_outputs_become_boxes() {
        let input = Size::new(16, 16);
        let split = Some(vec![(0, 1), (3, 2), (4, 5)]);
        let head = NanoDet { input, classes: 1, bins: 2, split, levels: 3, scores: Scores::Probabilities };
        let (none, fine) = ([0.0], [0.0, 0.0, 0.9, 0.0]);
        let distances = [[0.0; 8], [0.0; 8], ONE, [0.0; 8]].concat();
        let found = head.candidates(&[&fine, &distances, &ONE, &none, &none, &ONE], ALL);
        // The third of the finest cells: the middle of the lower left one.
        assert_eq!(found, [Candidate { bbox: BBox::new(-4.0, 4.0, 12.0, 20.0), score: 0.9, class_id: 0, place: 0 }]);
    }

    #[test]
    fn plus_measures_from_the_corner() {
        let head = NanoDet { input: Size::new(8, 8), classes: 1, bins: 2, split: None, levels: 4, scores: Scores::Logits };
        let row = |score: f32| [&[score][..], &ONE].concat();
        let output = [row(-9.0), row(2.0), row(-9.0), row(f32::NAN)].concat();
        let found = head.candidates(&[&output], ALL);
        assert_eq!((found.len(), found[0].bbox), (1, BBox::new(-16.0, -16.0, 16.0, 16.0)));
        assert!(head.candidates(&[&output[..20]], ALL).len() == 1 && head.candidates(&[], ALL).is_empty());
    }
}
