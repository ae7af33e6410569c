//! Times as WebVTT writes them, counted from the beginning of the annotated video.

use std::fmt;

/// A time in microseconds, shown as `00:01:02.345`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub i64);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = (self.0.max(0) + 500) / 1000;
        write!(f, "{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
    }
}

/// Turns the source's times into the annotated video's, which cannot begin before 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Playback {
    shift_us: Option<i64>,
}

impl Playback {
    pub fn time(&mut self, pts_us: i64) -> i64 {
        let shift = *self.shift_us.get_or_insert((-pts_us).max(0));
        pts_us.saturating_add(shift).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_have_hours_and_thousandths() {
        assert_eq!(Stamp(0).to_string(), "00:00:00.000");
        assert_eq!(Stamp(3_661_000_499).to_string(), "01:01:01.000");
        assert_eq!(Stamp(360_000_000_000).to_string(), "100:00:00.000");
        assert_eq!(Stamp(-5).to_string(), "00:00:00.000");
    }

    #[test]
    fn a_negative_beginning_is_the_videos_zero() {
        let mut playback = Playback::default();
        assert_eq!([-40_000, 0, 40_000].map(|t| playback.time(t)), [0, 40_000, 80_000]);
        assert_eq!(Playback::default().time(500_000), 500_000, "a late beginning is kept");
    }
}
