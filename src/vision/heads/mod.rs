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
use crate::vision::heads::numbers::Boxes;
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
    pub fn settled(self, outputs: &[&[f32]], told: &Told) -> Self {
        let output = outputs.first().copied().unwrap_or_default();
        match self {
            Self::Yolox(head) => match told.boxes.unwrap_or_else(|| head.seen_in(output)) {
                Boxes::Pixels => Self::Objectness(head.decoded().settled(output, told)),
                Boxes::Unit => Self::Yolox(head.settled(output, told)),
            },
            Self::Objectness(head) => Self::Objectness(head.settled(output, told)),
            Self::Cells(head) => Self::Cells(head.settled(output, told)),
            Self::EndToEnd(head) => Self::EndToEnd(head.settled(output, told)),
            Self::NanoDet(head) => Self::NanoDet(head.settled(outputs, told)),
            Self::Priors(head) => Self::Priors(head.settled(outputs, told)),
            Self::Detr(head) => Self::Detr(head.settled(outputs, told)),
            Self::DetectionOutput | Self::PostProcessed => self,
        }
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
