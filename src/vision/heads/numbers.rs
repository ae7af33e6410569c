//! In which numbers a head answers. Exporters differ in it and few files tell, but one look at a grey picture does: heads answer for
//! every place of it.

use serde::Deserialize;

use crate::geometry::Size;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Boxes {
    /// Pixels of the input.
    Pixels,
    /// Shares of the input's width and height, as in TFLite exports.
    Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scores {
    Probabilities,
    /// Before the logistic function.
    Logits,
}

impl Boxes {
    /// Where all places lie within twice the unit, they are shares; of 300 boxes in pixels one always lies beyond. An answer of
    /// zeros tells nothing.
    pub fn seen_in<'a>(values: impl Iterator<Item = &'a f32>) -> Option<Self> {
        let furthest = values.copied().filter(|v| v.is_finite()).fold(0.0, |most: f32, v| most.max(v.abs()));
        match furthest {
            0.0 => None,
            _ if furthest <= 2.0 => Some(Self::Unit),
            _ => Some(Self::Pixels),
        }
    }

    /// What a number is multiplied by across and down to give pixels of the input.
    pub fn scale(self, input: Size) -> (f32, f32) {
        match self {
            Self::Pixels => (1.0, 1.0),
            Self::Unit => (input.width as f32, input.height as f32),
        }
    }
}

impl Scores {
    pub fn seen_in<'a>(mut values: impl Iterator<Item = &'a f32>) -> Self {
        // Rounding leaves some exports a little beyond.
        let beyond = |v: &f32| v.is_finite() && !(-0.01..=1.01).contains(v);
        if values.any(beyond) { Self::Logits } else { Self::Probabilities }
    }

    pub fn probability(self, value: f32) -> f32 {
        match self {
            Self::Probabilities => value,
            Self::Logits => 1.0 / (1.0 + (-value).exp()),
        }
    }
}

/// The largest of some scores and its place; none where all are NaN.
pub fn surest(scores: &[f32]) -> Option<(usize, f32)> {
    let mut best = None;
    for (place, &score) in scores.iter().enumerate() {
        if best.is_none_or(|(_, b)| score > b) && !score.is_nan() {
            best = Some((place, score));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_look_tells_the_numbers() {
        assert_eq!(Boxes::seen_in([0.1, 0.9, 1.2, f32::NAN].iter()), Some(Boxes::Unit));
        assert_eq!(Boxes::seen_in([0.1, 320.0].iter()), Some(Boxes::Pixels));
        assert_eq!(Boxes::seen_in([0.0; 6].iter()), None);
        assert_eq!(Scores::seen_in([0.0, 1.0, 0.3].iter()), Scores::Probabilities);
        assert_eq!(Scores::seen_in([0.0, -6.0].iter()), Scores::Logits);
        assert_eq!(Boxes::Unit.scale(Size::new(640, 384)), (640.0, 384.0));
    }

    #[test]
    fn the_surest_is_the_largest_number() {
        assert_eq!(surest(&[f32::NAN, 0.2, 0.7, 0.7]), Some((2, 0.7)));
        assert_eq!(surest(&[f32::NAN]), None);
        assert_eq!((Scores::Logits.probability(0.0), Scores::Probabilities.probability(0.3)), (0.5, 0.3));
    }
}
