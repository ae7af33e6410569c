//! Heads that answer with finished boxes: YOLOv10 (Wang et al., "YOLOv10: Real-Time End-to-End Object Detection", 2024), YOLO26, and any
//! Ultralytics export with `nms=True`.

use crate::vision::heads::numbers::Boxes;
use crate::vision::nms::{Candidate, Wanted};
use crate::vision::told::Told;

/// Numbers of a box before its keypoints.
pub const BOX: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndToEnd {
    /// Numbers of keypoints that follow each box.
    pub keypoints: usize,
    pub boxes: Boxes,
}

impl EndToEnd {
    /// In the numbers that are told, else those of one answer to a grey picture.
    pub fn settled(self, output: &[f32], told: &Told) -> Self {
        let seen = Boxes::seen_in(output.chunks_exact(BOX + self.keypoints).flat_map(|row| &row[..4]));
        Self { boxes: told.boxes.or(seen).unwrap_or(self.boxes), ..self }
    }

    /// `output`: `[boxes, 6 + keypoints]`: x1, y1, x2, y2, the score, the class. `scale` makes pixels of the input. No two boxes are of
    /// one object.
    pub fn candidates(&self, output: &[f32], scale: (f32, f32), wanted: Wanted) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (place, row) in output.chunks_exact(BOX + self.keypoints).enumerate() {
            let &[x1, y1, x2, y2, score, class, ..] = row else { return found };
            let class_id = class.round() as usize;
            if wanted.takes(class_id, score) {
                let corners = [x1 * scale.0, y1 * scale.1, x2 * scale.0, y2 * scale.1];
                found.extend(Candidate::between(corners, score, class_id).map(|c| c.at(place)));
            }
        }
        found
    }

    /// The keypoints' numbers of the box at this place.
    pub fn keypoints(&self, output: &[f32], place: usize) -> Vec<f32> {
        let row = output.chunks_exact(BOX + self.keypoints).nth(place);
        row.map(|row| row[BOX..].to_vec()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    #[test]
    fn rows_are_boxes() {
        let head = EndToEnd { keypoints: 1, boxes: Boxes::Unit };
        let output = [0.25, 0.5, 0.5, 1.0, 0.9, 3.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.8, 0.0, 8.0, 0.0, 0.0, 1.0, 1.0, 0.1, 0.0, 9.0];
        let found = head.candidates(&output, (64.0, 32.0), Wanted { confidence: 0.25, classes: None });
        assert_eq!(found, [Candidate { bbox: BBox::new(16.0, 16.0, 32.0, 32.0), score: 0.9, class_id: 3, place: 0 }]);
        assert_eq!((head.keypoints(&output, 2), head.keypoints(&output, 9)), (vec![9.0], vec![]));
        assert!(head.candidates(&output, (1.0, 1.0), Wanted { confidence: 0.25, classes: Some(&[1]) }).is_empty());
        assert!(head.candidates(&[f32::NAN; 21], (1.0, 1.0), Wanted { confidence: 0.0, classes: None }).is_empty());
    }
}
