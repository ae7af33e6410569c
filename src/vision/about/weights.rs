//! In which numbers a model's weights are stored.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    Fp32,
    Fp16,
    Int8,
}

/// How many weights there are of each kind. Shapes, indices and scales are in a model too, but never most of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; 3]);

impl Tally {
    pub fn add(&mut self, kind: Weights, count: u64) {
        let sum = &mut self.0[kind as usize];
        *sum = sum.saturating_add(count);
    }

    /// The kind of most weights; none where there are none.
    pub fn most(&self) -> Option<Weights> {
        let kinds = [Weights::Fp32, Weights::Fp16, Weights::Int8];
        kinds.into_iter().zip(self.0).filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count).map(|(kind, _)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_weights_decide() {
        let mut tally = Tally::default();
        assert_eq!(tally.most(), None);
        tally.add(Weights::Fp32, 10);
        tally.add(Weights::Int8, 90);
        assert_eq!(tally.most(), Some(Weights::Int8));
    }
}
