//! What the manifest, or the model's file itself, says about how a model is fed and read. It goes before what is guessed.

use serde::Deserialize;

use crate::vision::feed::{Colours, Order};
use crate::vision::heads::numbers::{Boxes, Scores};
use crate::vision::letterbox::Fit;

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Where an input's sizes do not tell.
    pub layout: Option<Order>,
    pub colours: Option<Colours>,
    pub mean: Option<Channels>,
    pub scale: Option<Channels>,
    pub letterbox: Option<Fit>,
    pub padding: Option<u8>,
    pub boxes: Option<Boxes>,
    pub scores: Option<Scores>,
}

/// A number for all channels, or one for each in the order of the model's input.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Channels {
    All(f32),
    Each([f32; 3]),
}

impl Channels {
    pub fn each(self) -> [f32; 3] {
        match self {
            Channels::All(value) => [value; 3],
            Channels::Each(values) => values,
        }
    }
}

impl Told {
    /// What is said here, and where nothing is said, what the other says.
    pub fn or(self, other: &Told) -> Told {
        Told {
            layout: self.layout.or(other.layout),
            colours: self.colours.or(other.colours),
            mean: self.mean.or(other.mean),
            scale: self.scale.or(other.scale),
            letterbox: self.letterbox.or(other.letterbox),
            padding: self.padding.or(other.padding),
            boxes: self.boxes.or(other.boxes),
            scores: self.scores.or(other.scores),
        }
    }
}
