//! How many were in a zone over time: the law of each moment, weighted by its length, whatever the frame rate was.

use serde::Serialize;

use super::stay::Visit;

/// Values of the series at most.
const MOST_STEPS: u64 = 240;
const SECOND_US: u64 = 1_000_000;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Occupancy {
    pub max: u32,
    /// Over the whole video.
    pub mean: f64,
    pub series: Series,
}

/// Values for steps of equal length, from the first frame on; the last one may be shorter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    pub step_seconds: u64,
    pub mean: Vec<f64>,
    pub max: Vec<u32>,
}

/// Of the visits to one zone, from the first frame to the end of the last one.
pub fn occupancy(visits: &[Visit], from_us: i64, to_us: i64) -> Occupancy {
    let length = to_us.saturating_sub(from_us).max(1) as u64;
    let step_seconds = length.div_ceil(SECOND_US).div_ceil(MOST_STEPS);
    let steps = length.div_ceil(step_seconds * SECOND_US) as usize;
    let (length_us, step_us) = (length as i64, (step_seconds * SECOND_US) as i64);
    let (mut spent_us, mut max) = (vec![0.0; steps], vec![0; steps]);

    // Who leaves when another one comes was not there with them.
    let changes = visits.iter().filter(|v| v.dwell_us() > 0).flat_map(|v| [(v.enter_us, 1i64), (v.leave_us, -1)]);
    let mut changes: Vec<(i64, i64)> = changes.map(|(time, change)| (time.max(from_us).min(to_us), change)).collect();
    changes.sort_unstable();
    let mut count = 0;
    for (i, (time, change)) in changes.iter().enumerate() {
        count += change;
        let until = changes.get(i + 1).map_or(to_us, |next| next.0);
        let mut at = *time;
        while at < until && count > 0 {
            let step = at.saturating_sub(from_us) / step_us;
            let end = until.min(from_us.saturating_add((step + 1).saturating_mul(step_us)));
            if let (Some(spent), Some(most)) = (spent_us.get_mut(step as usize), max.get_mut(step as usize)) {
                *spent += end.saturating_sub(at) as f64 * count as f64;
                *most = count.max(*most);
            }
            at = end;
        }
    }
    let total: f64 = spent_us.iter().sum();
    let mean = |(i, spent): (usize, &f64)| rounded(spent / (length_us - i as i64 * step_us).min(step_us) as f64);
    Occupancy {
        max: max.iter().copied().max().unwrap_or(0) as u32,
        mean: rounded(total / length_us as f64),
        series: Series {
            step_seconds,
            mean: spent_us.iter().enumerate().map(mean).collect(),
            max: max.iter().map(|m| *m as u32).collect(),
        },
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn visit(enter_ms: i64, leave_ms: i64) -> Visit {
        Visit { enter_us: enter_ms * 1000, leave_us: leave_ms * 1000 }
    }

    #[test]
    fn moments_count_by_their_length() {
        let visits = [visit(0, 2000), visit(1500, 2500), visit(2500, 3500), visit(700, 700)];
        let found = occupancy(&visits, 0, 3_500_000);
        assert_eq!((found.max, found.mean), (2, 1.143));
        assert_eq!(found.series, Series { step_seconds: 1, mean: vec![1.0, 1.5, 1.0, 1.0], max: vec![1, 2, 1, 1] });
    }

    #[test]
    fn a_long_video_has_longer_steps_and_an_empty_one_zeros() {
        let hour = occupancy(&[visit(0, 1_800_000)], 0, 3_600_000_000);
        assert_eq!((hour.series.step_seconds, hour.series.mean.len(), hour.mean), (15, 240, 0.5));
        assert_eq!(occupancy(&[], 5, 5).mean, 0.0);
    }

    proptest! {
        #[test]
        fn the_mean_is_all_stays_over_the_length(visits in prop::collection::vec((0i64..9000, 0i64..3000), 0..20)) {
            let visits: Vec<_> = visits.into_iter().map(|(enter, dwell)| visit(enter, enter + dwell)).collect();
            let found = occupancy(&visits, 0, 12_000_000);
            let stays = visits.iter().map(|v| v.dwell_us()).sum::<i64>() as f64 / 12e6;
            prop_assert!((found.mean - stays).abs() < 1e-3);
            prop_assert_eq!(Some(found.max), found.series.max.iter().copied().max());
        }
    }
}
