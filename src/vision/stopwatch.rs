//! How long a model takes for a frame, over all sessions that use it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

/// Counts runs and their time. Sessions share one a model.
#[derive(Debug, Default)]
pub struct Stopwatch {
    runs: AtomicU64,
    nanoseconds: AtomicU64,
}

/// The mean over `runs` frames, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct InferenceTime {
    #[serde(serialize_with = "three_decimals")]
    pub mean: f64,
    pub runs: u64,
}

impl Stopwatch {
    /// Counts the time of some work that succeeds: a failure may end early and would look fast.
    pub fn time<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let began = Instant::now();
        let done = work()?;
        self.add(began.elapsed());
        Ok(done)
    }

    /// Adds the time of work that is part of a run which `time` counts.
    pub fn part<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        self.nanoseconds.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        done
    }

    pub fn add(&self, time: Duration) {
        // Five centuries fit.
        self.nanoseconds.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    /// None before the first run.
    pub fn read(&self) -> Option<InferenceTime> {
        let runs = self.runs.load(Ordering::Relaxed);
        let milliseconds = self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e6;
        (runs > 0).then(|| InferenceTime { mean: milliseconds / runs as f64, runs })
    }
}

fn three_decimals<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((value * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_succeeds_counts() {
        let watch = Stopwatch::default();
        assert_eq!(watch.time(|| Err::<(), _>("no")), Err("no"));
        assert_eq!(watch.read(), None);
        assert_eq!(watch.time(|| Ok::<_, ()>(7)), Ok(7));
        assert_eq!(watch.read().unwrap().runs, 1);
        let watch = Stopwatch::default();
        watch.add(Duration::from_millis(2));
        watch.add(Duration::from_nanos(3_001_000));
        assert_eq!(serde_json::to_string(&watch.read()).unwrap(), r#"{"mean":2.501,"runs":2}"#);
    }
}
