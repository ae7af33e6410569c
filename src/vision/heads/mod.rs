//! How the outputs of an object model are read, one file a head. Each is a function of slices: numbers in, boxes in pixels of the
//! model's input out.

pub mod detr;
pub mod end2end;
pub mod grid;
pub mod keypoints;
pub mod nanodet;
pub mod numbers;
pub mod priors;
pub mod ssd;
pub mod ultralytics;
pub mod yolov5;
pub mod yolox;

use crate::geometry::Size;
use crate::vision::heads::detr::Detr;
use crate::vision::heads::end2end::EndToEnd;
use crate::vision::heads::nanodet::NanoDet;
use crate::vision::heads::numbers::{Boxes, Scores};
use crate::vision::heads::priors::Priors;
use crate::vision::heads::ultralytics::{Cells, Scratch};
use crate::vision::heads::yolov5::Objectness;
use crate::vision::heads::yolox::Yolox;
use crate::vision::nms::{Candidate, Wanted};
use crate::vision::told::Told;

/// An object model's way to answer, with all that is needed to read it.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectHead {
    Yolox(Yolox),
    Objectness(Objectness),
    Cells(Cells),
    EndToEnd(EndToEnd),
    NanoDet(NanoDet),
    DetectionOutput,
    PostProcessed,
    Priors(Priors),
    Detr(Detr),
}

impl ObjectHead {
    /// How many classes it tells apart; none where its outputs do not tell.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Self::Yolox(Yolox { classes, .. }) | Self::Objectness(Objectness { classes, .. }) | Self::Cells(Cells { classes, .. }) => {
                Some(*classes)
            }
            Self::NanoDet(NanoDet { classes, .. }) | Self::Priors(Priors { classes, .. }) | Self::Detr(Detr { classes, .. }) => {
                Some(*classes)
            }
            Self::EndToEnd(_) | Self::DetectionOutput | Self::PostProcessed => None,
        }
    }

    /// Whether each of its boxes comes with a person's keypoints.
    pub fn has_keypoints(&self) -> bool {
        matches!(self, Self::Cells(Cells { keypoints: 1.., .. }) | Self::EndToEnd(EndToEnd { keypoints: 1.., .. }))
    }

    /// Whether it gives an object many boxes, of which the surest must be chosen.
    pub fn repeats(&self) -> bool {
        !matches!(self, Self::EndToEnd(_) | Self::DetectionOutput | Self::PostProcessed | Self::Detr(_))
    }

    /// Learns from one answer to a grey picture in which numbers the model speaks, where nobody has said it.
    pub fn settled(mut self, outputs: &[&[f32]], told: &Told) -> Self {
        let output = outputs.first().copied().unwrap_or_default();
        let scores_of = |values: &mut dyn Iterator<Item = f32>| told.scores.unwrap_or_else(|| Scores::seen_in(values));
        match &mut self {
            Self::Objectness(head) => {
                let rows = || output.chunks_exact(5 + head.classes);
                let boxes = told.boxes.or_else(|| Boxes::seen_in(rows().flat_map(|row| row[..4].to_vec())));
                head.scores = scores_of(&mut rows().flat_map(|row| row[4..].iter().copied()));
                head.boxes = boxes.unwrap_or(head.boxes);
            }
            Self::Yolox(head) => {
                head.scores = scores_of(&mut output.chunks_exact(5 + head.classes).flat_map(|row| row[4..].iter().copied()));
                // Raw centres lie about their cells; decoded ones reach over the whole input.
                let furthest = output.chunks_exact(5 + head.classes).flat_map(|row| row[..2].iter().copied()).fold(0.0, f32::max);
                let decoded = furthest > head.input.width.min(head.input.height) as f32 / 4.0;
                if told.boxes.map_or(decoded, |boxes| boxes == Boxes::Pixels) {
                    return Self::Objectness(Objectness { classes: head.classes, boxes: Boxes::Pixels, scores: head.scores });
                }
            }
            Self::Cells(head) => {
                let row = |row: &[f32]| row[..4].to_vec();
                let seen = match head.by_box {
                    true => Boxes::seen_in(output.chunks_exact(output.len().max(1) / head.count.max(1)).flat_map(row)),
                    false => Boxes::seen_in(output.iter().take(4 * head.count).copied()),
                };
                head.boxes = told.boxes.or(seen).unwrap_or(head.boxes);
            }
            Self::EndToEnd(head) => {
                let seen = Boxes::seen_in(output.chunks_exact(end2end::BOX + head.keypoints).flat_map(|row| row[..4].to_vec()));
                head.boxes = told.boxes.or(seen).unwrap_or(head.boxes);
            }
            Self::NanoDet(head) => {
                head.scores = match &head.split {
                    Some(places) => {
                        scores_of(&mut places.iter().flat_map(|&(scores, _)| outputs.get(scores).copied().unwrap_or_default()).copied())
                    }
                    None => scores_of(
                        &mut output.chunks_exact(head.classes + 4 * head.bins).flat_map(|row| row[..head.classes].iter().copied()),
                    ),
                }
            }
            Self::Priors(head) => {
                head.scores = scores_of(&mut outputs.get(head.confidences).copied().unwrap_or_default().iter().copied());
            }
            Self::Detr(head) => {
                head.scores = match head.split {
                    Some((classes, _)) => scores_of(&mut outputs.get(classes).copied().unwrap_or_default().iter().copied()),
                    None => scores_of(&mut output.chunks_exact(4 + head.classes).flat_map(|row| row[4..].iter().copied())),
                }
            }
            Self::DetectionOutput | Self::PostProcessed => {}
        }
        self
    }

    /// The boxes in an answer, in pixels of the input.
    pub fn candidates(&self, outputs: &[&[f32]], input: Size, wanted: Wanted, scratch: &mut Scratch) -> Vec<Candidate> {
        let output = outputs.first().copied().unwrap_or_default();
        match self {
            Self::Yolox(head) => head.candidates(output, wanted),
            Self::Objectness(head) => head.candidates(output, head.boxes.scale(input), wanted),
            Self::Cells(head) => head.candidates(output, head.boxes.scale(input), wanted, scratch),
            Self::EndToEnd(head) => head.candidates(output, head.boxes.scale(input), wanted),
            Self::NanoDet(head) => head.candidates(outputs, wanted),
            Self::DetectionOutput => ssd::detection_output(output, Boxes::Unit.scale(input), wanted),
            Self::PostProcessed => match outputs {
                &[boxes, classes, scores, count] => ssd::post_processed([boxes, classes, scores, count], Boxes::Unit.scale(input), wanted),
                _ => Vec::new(),
            },
            Self::Priors(head) => head.candidates(outputs, Boxes::Unit.scale(input), wanted),
            Self::Detr(head) => head.candidates(outputs, Boxes::Unit.scale(input), wanted),
        }
    }

    /// The keypoints' numbers of a candidate, and what makes pixels of the input of them.
    pub fn keypoints(&self, outputs: &[&[f32]], input: Size, candidate: &Candidate) -> (Vec<f32>, (f32, f32)) {
        let output = outputs.first().copied().unwrap_or_default();
        match self {
            Self::Cells(head) => (head.keypoints(output, candidate.place), head.boxes.scale(input)),
            Self::EndToEnd(head) => (head.keypoints(output, candidate.place), head.boxes.scale(input)),
            _ => (Vec::new(), (1.0, 1.0)),
        }
    }
}
