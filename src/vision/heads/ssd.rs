//! SSD with its post-processing in the graph (Liu et al., "SSD: Single Shot MultiBox Detector", 2016): OpenVINO's `DetectionOutput`, and
//! the four outputs of `TFLite_Detection_PostProcess`.

use crate::vision::nms::{Candidate, Wanted};

/// `output`: `[boxes, 7]`: the picture in the batch (below 0 ends the list), the label, the score, x1, y1, x2, y2 as shares of the input.
/// `scale` makes pixels of it.
pub fn detection_output(output: &[f32], scale: (f32, f32), wanted: Wanted) -> Vec<Candidate> {
    let mut found = Vec::new();
    for row in output.chunks_exact(7) {
        let &[picture, label, score, x1, y1, x2, y2] = row else { return found };
        if picture < 0.0 {
            break;
        }
        let class_id = label.round() as usize;
        if wanted.takes(class_id, score) {
            found.extend(Candidate::between([x1 * scale.0, y1 * scale.1, x2 * scale.0, y2 * scale.1], score, class_id));
        }
    }
    found
}

/// `boxes`: `[boxes, 4]`: y1, x1, y2, x2 as shares of the input; `classes` and `scores` one number a box; `count` how many there are.
pub fn post_processed([boxes, classes, scores, count]: [&[f32]; 4], scale: (f32, f32), wanted: Wanted) -> Vec<Candidate> {
    let count = count.first().map_or(0, |count| count.round() as usize);
    let mut found = Vec::new();
    for ((edges, class), &score) in boxes.chunks_exact(4).zip(classes).zip(scores).take(count) {
        let (&[y1, x1, y2, x2], class_id) = (edges, class.round() as usize) else { return found };
        if wanted.takes(class_id, score) {
            found.extend(Candidate::between([x1 * scale.0, y1 * scale.1, x2 * scale.0, y2 * scale.1], score, class_id));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    const ALL: Wanted = Wanted { confidence: 0.25, classes: None };

    #[test]
    fn a_detection_output_ends_where_it_says() {
        let output = [0.0, 1.0, 0.9, 0.25, 0.5, 0.5, 1.0, 0.0, 2.0, 0.1, 0.0, 0.0, 1.0, 1.0, -1.0, 1.0, 0.9, 0.0, 0.0, 1.0, 1.0];
        let found = detection_output(&output, (320.0, 100.0), ALL);
        assert_eq!(found, [Candidate { bbox: BBox::new(80.0, 50.0, 160.0, 100.0), score: 0.9, class_id: 1, place: 0 }]);
        assert!(detection_output(&output, (1.0, 1.0), Wanted { classes: Some(&[2]), ..ALL }).is_empty());
        assert!(detection_output(&[f32::NAN; 7], (1.0, 1.0), ALL).is_empty());
    }

    #[test]
    fn four_outputs_are_one_list() {
        let boxes = [0.5, 0.25, 1.0, 0.5, 0.0, 0.0, 1.0, 1.0];
        let found = post_processed([&boxes, &[3.0, 4.0], &[0.9, 0.8], &[1.0]], (320.0, 100.0), ALL);
        assert_eq!(found, [Candidate { bbox: BBox::new(80.0, 50.0, 160.0, 100.0), score: 0.9, class_id: 3, place: 0 }]);
        assert!(post_processed([&boxes, &[], &[], &[]], (1.0, 1.0), ALL).is_empty());
    }
}
