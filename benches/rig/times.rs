//! Durations, and what they were at most for so many of a hundred.

use std::time::Duration;

#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// In milliseconds.
    pub fn percentile(&mut self, percent: usize) -> f64 {
        self.0.sort();
        let at = self.0.len().saturating_sub(1) * percent / 100;
        self.0.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}
