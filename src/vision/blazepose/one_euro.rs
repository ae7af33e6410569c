//! The 1€ filter (Casiez et al., "1€ Filter", CHI 2012), as MediaPipe's `OneEuroFilter` computes it.

use std::f32::consts::TAU;

/// How much is smoothed: the faster a value changes, the less.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Hz, for a value that stands still.
    pub min_cutoff: f32,
    /// Hz more for each size a second.
    pub beta: f32,
    /// Hz, for the speed itself.
    pub derivative_cutoff: f32,
}

/// One number that comes again and again.
#[derive(Clone, Debug, Default)]
pub struct OneEuro {
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    raw: f32,
    smooth: f32,
    speed: f32,
}

impl OneEuro {
    /// The smoothed value. `rate` is how many such values there would be in a second; speeds are measured in `size` a second.
    pub fn next(&mut self, raw: f32, size: f32, rate: f32, curve: Curve) -> f32 {
        let next = match self.last {
            None => Last { raw, smooth: raw, speed: 0.0 },
            Some(last) => {
                let speed = mix(last.speed, (raw - last.raw) / size * rate, share(curve.derivative_cutoff, rate));
                let cutoff = curve.min_cutoff + curve.beta * speed.abs();
                Last { raw, smooth: mix(last.smooth, raw, share(cutoff, rate)), speed }
            }
        };
        self.last = Some(next);
        next.smooth
    }
}

/// `share` of the new value, the rest of the old one.
pub fn mix(old: f32, new: f32, share: f32) -> f32 {
    share * new + (1.0 - share) * old
}

/// The share of a new value for a cutoff in Hz.
fn share(cutoff: f32, rate: f32) -> f32 {
    1.0 / (1.0 + rate / (TAU * cutoff))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVE: Curve = Curve { min_cutoff: 0.05, beta: 80.0, derivative_cutoff: 1.0 };

    #[test]
    fn the_shares_are_those_the_graphs_speak_of() {
        for (cutoff, expected) in [(0.01, 0.002), (0.05, 0.01), (10.01, 0.68), (1.0, 0.17), (80.05, 0.94)] {
            let share = share(cutoff, 30.0);
            assert!((share - expected).abs() < 0.01, "{cutoff} Hz: {share}");
        }
    }

    #[test]
    fn what_trembles_stands_still_and_what_moves_is_followed() {
        let mut filter = OneEuro::default();
        let trembling: Vec<f32> = (0..60).map(|i| filter.next(500.0 + (i % 2) as f32, 400.0, 30.0, CURVE)).collect();
        assert!(trembling.windows(2).all(|w| (w[0] - w[1]).abs() < 0.6), "{trembling:?}");
        let moving = (0..30).map(|i| (500.0 + 20.0 * i as f32, filter.next(500.0 + 20.0 * i as f32, 400.0, 30.0, CURVE)));
        let (place, found) = moving.last().unwrap();
        assert!((place - found).abs() < 3.0, "{place} and {found}");
    }
}
