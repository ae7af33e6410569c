//! The detection head of Ultralytics YOLOv8, v11 and v12 exports (ultralytics/nn/modules/head.py, `Detect`, exported without NMS).

use crate::vision::nms::{Candidate, Wanted};

/// Memory that is kept between frames.
#[derive(Debug, Default)]
pub struct Scratch {
    scores: Vec<f32>,
    classes: Vec<u32>,
}

/// `output`: `[4 + classes, boxes]`: the rows cx, cy, w, h in pixels of the input, then a row of probabilities for each class.
/// A box has one class, its surest, as in Ultralytics' `non_max_suppression(multi_label=False)`.
pub fn candidates(output: &[f32], boxes: usize, wanted: Wanted, scratch: &mut Scratch) -> Vec<Candidate> {
    if boxes == 0 || output.len() < 5 * boxes {
        return Vec::new();
    }
    let (geometry, probabilities) = output.split_at(4 * boxes);
    let Scratch { scores, classes } = scratch;
    scores.clear();
    scores.resize(boxes, f32::MIN);
    classes.clear();
    classes.resize(boxes, 0);
    // Class by class: the memory is in this order, and whole rows are compared at once. NaN loses every comparison.
    for (id, row) in (0u32..).zip(probabilities.chunks_exact(boxes)) {
        for ((score, class), &p) in scores.iter_mut().zip(classes.iter_mut()).zip(row) {
            let better = p > *score;
            *score = if better { p } else { *score };
            *class = if better { id } else { *class };
        }
    }
    let mut found = Vec::new();
    for (i, (&score, &class_id)) in scores.iter().zip(classes.iter()).enumerate() {
        if score >= wanted.confidence && wanted.takes(class_id as usize) {
            let at = |row: usize| geometry[row * boxes + i];
            found.extend(Candidate::new((at(0), at(1)), (at(2), at(3)), score, class_id as usize));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    // Two boxes, two classes.
    const OUTPUT: [f32; 12] = [
        50.0, 10.0, // cx
        40.0, 10.0, // cy
        20.0, 4.0, // w
        10.0, 4.0, // h
        0.9, 0.1, // class 0
        0.3, 0.2, // class 1
    ];

    #[test]
    fn each_box_has_its_surest_class() {
        let found = candidates(&OUTPUT, 2, Wanted { confidence: 0.15, classes: None }, &mut Scratch::default());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], Candidate { bbox: BBox::new(40.0, 35.0, 60.0, 45.0), score: 0.9, class_id: 0 });
        assert_eq!((found[1].class_id, found[1].score), (1, 0.2));
    }

    #[test]
    fn classes_and_confidence_are_kept_to() {
        let only = |classes| candidates(&OUTPUT, 2, Wanted { confidence: 0.15, classes }, &mut Scratch::default()).len();
        assert_eq!(only(Some(&[1][..])), 1);
        assert_eq!(only(Some(&[7][..])), 0);
        assert!(candidates(&OUTPUT, 2, Wanted { confidence: 0.95, classes: None }, &mut Scratch::default()).is_empty());
    }

    #[test]
    fn nan_is_no_box() {
        assert!(candidates(&[f32::NAN; 12], 2, Wanted { confidence: 0.0, classes: None }, &mut Scratch::default()).is_empty());
        assert!(candidates(&[], 2, Wanted { confidence: 0.0, classes: None }, &mut Scratch::default()).is_empty());
    }
}
