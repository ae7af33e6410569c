//! Trying again: how often, and after what pause.

use std::time::Duration;

use super::failure::Failure;

/// Failures in a row that the very first request may have: a wrong address should be told soon.
pub const AT_FIRST: u32 = 3;
/// Failures in a row that any later request may have: about two and a half minutes, in which a server can be restarted.
pub const LATER: u32 = 14;

const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(15);
/// A server may ask for a longer pause than `MOST`, but not for an endless one.
const MOST_ASKED: Duration = Duration::from_secs(120);

/// The pause after the `failures`-th failure in a row, from 1; `random` is from 0 to 1, so that clients that were thrown
/// out together do not come back together.
pub fn pause(failures: u32, random: f64, asked: Option<Duration>) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(MOST);
    let jittered = doubled.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0));
    asked.map_or(jittered, |asked| asked.min(MOST_ASKED) + jittered.mul_f64(0.1))
}

/// `Retry-After` in seconds. The date form is not read: this client's clock may differ from the server's.
pub fn retry_after(header: &str) -> Option<Duration> {
    header.trim().parse().ok().map(Duration::from_secs)
}

/// Attempts until one succeeds, fails for good, or has failed `most` times.
pub async fn persist<T>(most: u32, mut attempt: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut failures = 0;
    loop {
        match attempt().await {
            Err(failure) if failure.is_passing() => {
                failures += 1;
                if failures >= most {
                    return Err(failure);
                }
                rest(failures, &failure).await;
            }
            done => return done,
        }
    }
}

/// Waits before the next attempt.
pub async fn rest(failures: u32, failure: &Failure) {
    let pause = pause(failures, random(), failure.retry_after());
    tracing::debug!(failures, %failure, ?pause, "trying again");
    tokio::time::sleep(pause).await;
}

fn random() -> f64 {
    f64::from(u32::from_be_bytes(*uuid::Uuid::new_v4().as_bytes().first_chunk().unwrap_or(&[0; 4]))) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let ms = |failures, random| pause(failures, random, None).as_millis();
        assert_eq!([ms(1, 1.0), ms(2, 1.0), ms(3, 1.0), ms(6, 1.0), ms(40, 1.0)], [500, 1000, 2000, 15_000, 15_000]);
        assert_eq!([ms(1, 0.0), ms(3, 0.0)], [250, 1000]);
    }

    #[test]
    fn the_server_may_ask_for_a_pause() {
        assert_eq!(retry_after(" 5 "), Some(Duration::from_secs(5)));
        assert_eq!((retry_after("soon"), retry_after("-1"), retry_after("Fri, 31 Dec 1999 23:59:59 GMT")), (None, None, None));
        assert_eq!(pause(1, 0.0, Some(Duration::from_secs(5))).as_millis(), 5025);
        assert!(pause(1, 1.0, Some(Duration::from_secs(1 << 40))) < Duration::from_secs(121));
    }

    proptest! {
        #[test]
        fn a_pause_is_never_too_short_nor_too_long(failures in 1u32.., random in 0.0f64..=1.0) {
            let pause = pause(failures, random, None);
            prop_assert!(pause >= FIRST / 2 && pause <= MOST);
        }
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_is_told() {
        let mut attempts = 0;
        let done = run(persist(3, async || {
            attempts += 1;
            if attempts < 2 { Err(Failure::Unreachable("x".into())) } else { Ok(attempts) }
        }));
        assert_eq!(done.unwrap(), 2);
        let mut attempts = 0;
        let done: Result<(), _> = run(persist(3, async || {
            attempts += 1;
            Err(Failure::Forgetful)
        }));
        assert!(done.is_err() && attempts == 1);
        let mut attempts = 0;
        let done: Result<(), _> = run(persist(2, async || {
            attempts += 1;
            Err(Failure::Unreachable("x".into()))
        }));
        assert!(done.is_err() && attempts == 2);
    }
}
