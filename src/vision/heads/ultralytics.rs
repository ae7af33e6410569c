//! The head of Ultralytics YOLOv8, v9, v11 and v12 exports, for objects and for poses (ultralytics/nn/modules/head.py, `Detect` and
//! `Pose`, exported without NMS).

use crate::vision::heads::numbers::{Boxes, surest};
use crate::vision::nms::{Candidate, Wanted};
use crate::vision::told::Told;

/// Memory that is kept between frames.
#[derive(Debug, Default)]
pub struct Scratch {
    scores: Vec<f32>,
    classes: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cells {
    /// How many boxes there are.
    pub count: usize,
    pub classes: usize,
    /// Numbers of keypoints that follow the classes' probabilities.
    pub keypoints: usize,
    /// Whether the numbers of a box lie together, `[boxes, values]`, and not those of a kind, `[values, boxes]`.
    pub by_box: bool,
    pub boxes: Boxes,
}

impl Cells {
    /// In the numbers that are told, else those of one answer to a grey picture.
    pub fn settled(self, output: &[f32], told: &Told) -> Self {
        let seen = match self.by_box {
            true => Boxes::seen_in(output.chunks_exact(self.values()).flat_map(|row| &row[..4])),
            false => Boxes::seen_in(output.iter().take(4 * self.count)),
        };
        Self { boxes: told.boxes.or(seen).unwrap_or(self.boxes), ..self }
    }

    /// `output`: for each box cx, cy, w, h, then a probability for each class, then keypoints. `scale` makes pixels of the input.
    /// A box has one class, its surest, as in Ultralytics' `non_max_suppression(multi_label=False)`.
    pub fn candidates(&self, output: &[f32], scale: (f32, f32), wanted: Wanted, scratch: &mut Scratch) -> Vec<Candidate> {
        if self.count == 0 || output.len() != self.count * self.values() {
            return Vec::new();
        }
        if self.by_box { self.of_rows(output, scale, wanted) } else { self.of_columns(output, scale, wanted, scratch) }
    }

    /// The keypoints' numbers of the box at this place.
    pub fn keypoints(&self, output: &[f32], place: usize) -> Vec<f32> {
        let values = 4 + self.classes..self.values();
        let at = |value: usize| if self.by_box { place * self.values() + value } else { value * self.count + place };
        values.filter_map(|value| output.get(at(value)).copied()).collect()
    }

    fn values(&self) -> usize {
        4 + self.classes + self.keypoints
    }

    fn of_columns(&self, output: &[f32], scale: (f32, f32), wanted: Wanted, scratch: &mut Scratch) -> Vec<Candidate> {
        let boxes = self.count;
        let (geometry, rest) = output.split_at(4 * boxes);
        let Scratch { scores, classes } = scratch;
        scores.clear();
        scores.resize(boxes, f32::MIN);
        classes.clear();
        classes.resize(boxes, 0);
        // Class by class: the memory is in this order, and whole rows are compared at once. NaN loses every comparison.
        for (id, row) in (0u32..).zip(rest.chunks_exact(boxes).take(self.classes)) {
            for ((score, class), &p) in scores.iter_mut().zip(classes.iter_mut()).zip(row) {
                let better = p > *score;
                *score = if better { p } else { *score };
                *class = if better { id } else { *class };
            }
        }
        let mut found = Vec::new();
        for (i, (&score, &class_id)) in scores.iter().zip(classes.iter()).enumerate() {
            if wanted.takes(class_id as usize, score) {
                let at = |row: usize| geometry[row * boxes + i];
                let (center, size) = ((at(0) * scale.0, at(1) * scale.1), (at(2) * scale.0, at(3) * scale.1));
                found.extend(Candidate::new(center, size, score, class_id as usize).map(|c| c.at(i)));
            }
        }
        found
    }

    fn of_rows(&self, output: &[f32], scale: (f32, f32), wanted: Wanted) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (i, row) in output.chunks_exact(self.values()).enumerate() {
            let &[cx, cy, w, h, ref rest @ ..] = row else { return found };
            let Some((class_id, score)) = surest(&rest[..self.classes]) else { continue };
            if wanted.takes(class_id, score) {
                let (center, size) = ((cx * scale.0, cy * scale.1), (w * scale.0, h * scale.1));
                found.extend(Candidate::new(center, size, score, class_id).map(|c| c.at(i)));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    const HEAD: Cells = Cells { count: 2, classes: 2, keypoints: 0, by_box: false, boxes: Boxes::Pixels };
    // Two boxes, two classes.
    const OUTPUT: [f32; 12] = [
        50.0, 10.0, // cx
        40.0, 10.0, // cy
        20.0, 4.0, // w
        10.0, 4.0, // h
        0.9, 0.1, // class 0
        0.3, 0.2, // class 1
    ];

    fn found(head: Cells, output: &[f32], confidence: f32, classes: Option<&[usize]>) -> Vec<Candidate> {
        head.candidates(output, (1.0, 1.0), Wanted { confidence, classes }, &mut Scratch::default())
    }

    #[test]
    fn each_box_has_its_surest_class() {
        let all = found(HEAD, &OUTPUT, 0.15, None);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0], Candidate { bbox: BBox::new(40.0, 35.0, 60.0, 45.0), score: 0.9, class_id: 0, place: 0 });
        assert_eq!((all[1].class_id, all[1].score, all[1].place), (1, 0.2, 1));
    }

    #[test]
    fn the_other_way_round_it_is_the_same() {
        let turned: Vec<f32> = (0..12).map(|i| OUTPUT[(i % 6) * 2 + i / 6]).collect();
        assert_eq!(found(Cells { by_box: true, ..HEAD }, &turned, 0.15, None), found(HEAD, &OUTPUT, 0.15, None));
        assert!(found(Cells { by_box: true, ..HEAD }, &turned, 0.95, None).is_empty());
    }

    #[test]
    fn shares_of_the_input_become_pixels() {
        let all = HEAD.candidates(&OUTPUT, (2.0, 0.5), Wanted { confidence: 0.5, classes: None }, &mut Scratch::default());
        assert_eq!(all[0].bbox, BBox::new(80.0, 17.5, 120.0, 22.5));
    }

    #[test]
    fn classes_and_confidence_are_kept_to() {
        assert_eq!(found(HEAD, &OUTPUT, 0.15, Some(&[1])).len(), 1);
        assert_eq!(found(HEAD, &OUTPUT, 0.15, Some(&[7])).len(), 0);
        assert!(found(HEAD, &OUTPUT, 0.95, None).is_empty());
    }

    #[test]
    fn keypoints_follow_the_classes_and_are_none() {
        let head = Cells { classes: 1, keypoints: 1, ..HEAD };
        assert_eq!(found(head, &OUTPUT, 0.05, None).iter().map(|c| c.score).collect::<Vec<_>>(), [0.9, 0.1]);
        assert_eq!(head.keypoints(&OUTPUT, 1), [0.2]);
        assert_eq!(Cells { by_box: true, ..head }.keypoints(&OUTPUT, 0), [4.0]);
    }

    #[test]
    fn nan_is_no_box() {
        assert!(found(HEAD, &[f32::NAN; 12], 0.0, None).is_empty());
        assert!(found(Cells { by_box: true, ..HEAD }, &[f32::NAN; 12], 0.0, None).is_empty());
        assert!(found(HEAD, &[], 0.0, None).is_empty());
    }
}
