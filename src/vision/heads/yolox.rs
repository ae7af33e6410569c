//! The raw head of YOLOX (Ge et al., "YOLOX: Exceeding YOLO Series in 2021"; exported without `--decode_in_inference`).

use crate::geometry::Size;
use crate::vision::heads::grid;
use crate::vision::heads::numbers::{Boxes, Scores};
use crate::vision::heads::yolov5::{Objectness, sure};
use crate::vision::nms::{Candidate, Wanted};
use crate::vision::told::Told;

pub const STRIDES: [u32; 3] = [8, 16, 32];

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yolox {
    pub input: Size,
    pub classes: usize,
    pub scores: Scores,
}

impl Yolox {
    /// Whether an answer to a grey picture was decoded in the graph: raw centres lie about their cells, decoded ones reach over the whole
    /// input, in its pixels.
    pub fn seen_in(&self, output: &[f32]) -> Boxes {
        let furthest = output.chunks_exact(5 + self.classes).flat_map(|row| &row[..2]).copied().fold(0.0, f32::max);
        let decoded = furthest > self.input.width.min(self.input.height) as f32 / 4.0;
        if decoded { Boxes::Pixels } else { Boxes::Unit }
    }

    /// The head of the same model with its boxes decoded in the graph.
    pub fn decoded(self) -> Objectness {
        Objectness { classes: self.classes, boxes: Boxes::Pixels, scores: self.scores }
    }

    /// In the numbers that are told, else those of one answer to a grey picture.
    pub fn settled(self, output: &[f32], told: &Told) -> Self {
        let values = output.chunks_exact(5 + self.classes).flat_map(|row| &row[4..]);
        Self { scores: told.scores.unwrap_or_else(|| Scores::seen_in(values)), ..self }
    }

    /// `output`: `[cells, 5 + classes]` with cx, cy in cells from the cell's corner, the logarithms of w, h in cells, the objectness
    /// and the classes' probabilities, grid after grid, rows first. Boxes are in pixels of the input.
    pub fn candidates(&self, output: &[f32], wanted: Wanted) -> Vec<Candidate> {
        let mut found = Vec::new();
        let rows = output.chunks_exact(5 + self.classes);
        for ((stride, x, y), row) in STRIDES.into_iter().flat_map(|stride| grid::cells(self.input, stride)).zip(rows) {
            let &[cx, cy, w, h, objectness, ref classes @ ..] = row else { return found };
            if let Some((class_id, score)) = sure(objectness, classes, self.scores, wanted) {
                let center = ((cx + x) * stride, (cy + y) * stride);
                found.extend(Candidate::new(center, (w.exp() * stride, h.exp() * stride), score, class_id));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Size = Size::new(32, 32);
    const ALL: Wanted = Wanted { confidence: 0.25, classes: None };

    const HEAD: Yolox = Yolox { input: INPUT, classes: 2, scores: Scores::Probabilities };

    fn output(row: usize, values: [f32; 7]) -> Vec<f32> {
        let mut output = vec![0.0; 21 * 7];
        output[row * 7..(row + 1) * 7].copy_from_slice(&values);
        output
    }

    #[test]
    fn a_cell_becomes_a_box() {
        // Row 5 is the cell (1, 1) of the finest grid; row 16 + 1 the cell (1, 0) of the middle one.
        let found = HEAD.candidates(&output(5, [0.5, 0.5, 0.0, 2f32.ln(), 0.8, 0.1, 0.5]), ALL);
        assert_eq!(found.len(), 1);
        let c = found[0];
        assert_eq!((c.class_id, c.score), (1, 0.4));
        assert_eq!((c.bbox.x1, c.bbox.x2), (8.0, 16.0));
        assert!((c.bbox.y1 - 4.0).abs() < 1e-4 && (c.bbox.y2 - 20.0).abs() < 1e-4);
        let found = HEAD.candidates(&output(17, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]), ALL);
        assert_eq!(found[0].bbox.center(), crate::geometry::Point::new(16.0, 0.0));
    }

    #[test]
    fn logits_become_probabilities() {
        let found = Yolox { scores: Scores::Logits, ..HEAD }.candidates(&output(5, [0.5, 0.5, 0.0, 0.0, 50.0, 0.0, -9.0]), ALL);
        assert!(found.iter().any(|c| c.score == 0.5 && c.class_id == 0 && c.bbox.center() == crate::geometry::Point::new(12.0, 12.0)));
    }

    #[test]
    fn the_unsure_unwanted_and_unusable_are_left_out() {
        assert!(HEAD.candidates(&output(5, [0.5, 0.5, 0.0, 0.0, 0.5, 0.4, 0.0]), ALL).is_empty());
        assert!(HEAD.candidates(&output(5, [f32::NAN; 7]), ALL).is_empty());
        assert!(HEAD.candidates(&output(5, [0.0, 0.0, 1e9, 0.0, 1.0, 1.0, 0.0]), ALL).is_empty());
        let other = Wanted { confidence: 0.25, classes: Some(&[1]) };
        assert!(HEAD.candidates(&output(5, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]), other).is_empty());
        assert!(HEAD.candidates(&[1.0; 13], ALL).len() <= 1);
    }
}
