//! Frame times as a video has them, also where the source's clock jumps back or says nothing.

use crate::video::Rational;

/// Times that fall back by more are a new beginning of the clock, as after a cut in a recorded broadcast; by less, frames
/// out of order.
const RESTART_US: i64 = 1_000_000;
/// A picture that begins later than this after the file's sound, or comes later than that after the one before, has a
/// damaged time: FFmpeg writes no frame of more than 2³¹ ticks of the output's clock, 6.6 hours, into an MP4.
const LATEST_START_US: i64 = 600 * 1_000_000;
pub const LONGEST_STEP_US: i64 = 6 * 3600 * 1_000_000;
/// Taken where neither a time nor a rate is known.
const DEFAULT_STEP_US: i64 = 40_000;

#[derive(Debug, Default)]
pub struct Timeline {
    last_us: Option<i64>,
    /// Added to the source's times since its clock began anew.
    shift_us: i64,
}

impl Timeline {
    /// The next frame's time in microseconds. What the source tells is kept wherever it makes sense.
    pub fn next(&mut self, told: Option<i64>, fps: Option<Rational>) -> i64 {
        let step = fps.and_then(Rational::known).map_or(DEFAULT_STEP_US, |fps| (1e6 / fps.value()).round() as i64);
        let makes_sense = |time: i64| match self.last_us {
            Some(last) => (last - RESTART_US..=last + LONGEST_STEP_US).contains(&time),
            None => (-LATEST_START_US..=LATEST_START_US).contains(&time),
        };
        let time = match (told, self.last_us) {
            (Some(told), last) if !makes_sense(told.saturating_add(self.shift_us)) => {
                let time = last.map_or(0, |last| last + step);
                self.shift_us = time.saturating_sub(told);
                time
            }
            (Some(told), _) => told.saturating_add(self.shift_us),
            (None, Some(last)) => last + step,
            (None, None) => 0,
        };
        self.last_us = Some(time);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(told: &[Option<i64>]) -> Vec<i64> {
        let mut timeline = Timeline::default();
        told.iter().map(|t| timeline.next(*t, Some(Rational::new(25, 1)))).collect()
    }

    #[test]
    fn good_times_are_kept_and_missing_ones_filled_in() {
        assert_eq!(times(&[Some(23), Some(40_023), None, Some(500_000)]), [23, 40_023, 80_023, 500_000]);
        assert_eq!(times(&[Some(5), Some(5), Some(2)]), [5, 5, 2], "small disorder is the source's own");
    }

    #[test]
    fn a_clock_that_begins_anew_goes_on() {
        let told = [Some(10_000_000), Some(10_040_000), Some(0), Some(40_000)];
        assert_eq!(times(&told), [10_000_000, 10_040_000, 10_080_000, 10_120_000]);
    }

    #[test]
    fn times_that_cannot_be_true_are_replaced() {
        assert_eq!(times(&[Some(75_711_000_000), Some(75_711_040_000)]), [0, 40_000], "a start after a day of silence");
        let day = 86_400_000_000;
        assert!(LONGEST_STEP_US / 1_000_000 * i64::from(crate::media::command::CLOCK_HZ) < i64::from(i32::MAX));
        assert_eq!(times(&[Some(0), Some(day), Some(day + 40_000)]), [0, 40_000, 80_000]);
        assert_eq!(times(&[Some(i64::MAX), Some(i64::MIN), Some(i64::MAX)]), [0, 40_000, 80_000]);
        let hour = 3_600_000_000;
        assert_eq!(times(&[Some(0), Some(hour)]), [0, hour], "a camera that records motion alone");
    }
}
