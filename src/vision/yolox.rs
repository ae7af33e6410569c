//! The raw head of YOLOX (Ge et al., "YOLOX: Exceeding YOLO Series in 2021"; exported without `--decode_in_inference`).

use crate::geometry::Size;
use crate::vision::nms::{Candidate, Wanted};

const STRIDES: [u32; 3] = [8, 16, 32];

/// How many cells the three grids of an input have: 3549 for 416×416.
pub fn cells(input: Size) -> usize {
    STRIDES.iter().map(|s| (input.width / s) as usize * (input.height / s) as usize).sum()
}

/// `output`: `[cells, 5 + classes]` with cx, cy in cells from the cell's corner, the logarithms of w, h in cells, the objectness
/// and the classes' probabilities (both already between 0 and 1), grid after grid, rows first.
/// A score is objectness × probability. Boxes are in pixels of the input.
pub fn candidates(output: &[f32], input: Size, classes: usize, wanted: Wanted) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut rows = output.chunks_exact(5 + classes);
    for stride in STRIDES {
        let scale = stride as f32;
        for y in 0..input.height / stride {
            for x in 0..input.width / stride {
                let Some(&[cx, cy, w, h, objectness, ref probabilities @ ..]) = rows.next() else { return found };
                // No probability is above 1, so most cells are done here.
                if objectness.is_nan() || objectness < wanted.confidence {
                    continue;
                }
                let Some((class_id, best)) = surest(probabilities) else { continue };
                let score = objectness * best;
                if score < wanted.confidence || !wanted.takes(class_id) {
                    continue;
                }
                let center = ((cx + x as f32) * scale, (cy + y as f32) * scale);
                found.extend(Candidate::new(center, (w.exp() * scale, h.exp() * scale), score, class_id));
            }
        }
    }
    found
}

fn surest(probabilities: &[f32]) -> Option<(usize, f32)> {
    let mut best = None;
    for (class_id, &p) in probabilities.iter().enumerate() {
        if best.is_none_or(|(_, b)| p > b) && !p.is_nan() {
            best = Some((class_id, p));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Size = Size::new(32, 32);
    const ALL: Wanted = Wanted { confidence: 0.25, classes: None };

    fn output(row: usize, values: [f32; 7]) -> Vec<f32> {
        let mut output = vec![0.0; cells(INPUT) * 7];
        output[row * 7..(row + 1) * 7].copy_from_slice(&values);
        output
    }

    #[test]
    fn a_416_input_has_3549_cells() {
        assert_eq!(cells(Size::new(416, 416)), 3549);
        assert_eq!(cells(INPUT), 16 + 4 + 1);
    }

    #[test]
    fn a_cell_becomes_a_box() {
        // Row 5 is the cell (1, 1) of the finest grid; row 16 + 1 the cell (1, 0) of the middle one.
        let found = candidates(&output(5, [0.5, 0.5, 0.0, 2f32.ln(), 0.8, 0.1, 0.5]), INPUT, 2, ALL);
        assert_eq!(found.len(), 1);
        let c = found[0];
        assert_eq!((c.class_id, c.score), (1, 0.4));
        assert_eq!((c.bbox.x1, c.bbox.x2), (8.0, 16.0));
        assert!((c.bbox.y1 - 4.0).abs() < 1e-4 && (c.bbox.y2 - 20.0).abs() < 1e-4);
        let found = candidates(&output(17, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]), INPUT, 2, ALL);
        assert_eq!(found[0].bbox.center(), crate::geometry::Point::new(16.0, 0.0));
    }

    #[test]
    fn the_unsure_unwanted_and_unusable_are_left_out() {
        assert!(candidates(&output(5, [0.5, 0.5, 0.0, 0.0, 0.5, 0.4, 0.0]), INPUT, 2, ALL).is_empty());
        assert!(candidates(&output(5, [f32::NAN; 7]), INPUT, 2, ALL).is_empty());
        assert!(candidates(&output(5, [0.0, 0.0, 1e9, 0.0, 1.0, 1.0, 0.0]), INPUT, 2, ALL).is_empty());
        let other = Wanted { confidence: 0.25, classes: Some(&[1]) };
        assert!(candidates(&output(5, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]), INPUT, 2, other).is_empty());
        assert!(candidates(&[1.0; 13], INPUT, 2, ALL).len() <= 1);
    }
}
