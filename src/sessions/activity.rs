//! When something last happened, and who is looking. A session is idle by this, never by its age.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Activity {
    began: Instant,
    /// Milliseconds after `began`.
    last: AtomicU64,
    readers: AtomicUsize,
}

impl Default for Activity {
    fn default() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0), readers: AtomicUsize::new(0) }
    }
}

impl Activity {
    /// A chunk, a frame, a request: anything that shows life.
    pub fn touch(&self) {
        self.last.fetch_max(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// How long nothing has happened; zero while somebody reads along.
    pub fn idle_at(&self, now: Instant) -> Duration {
        if self.readers() > 0 {
            return Duration::ZERO;
        }
        let last = self.began + Duration::from_millis(self.last.load(Ordering::Relaxed));
        now.saturating_duration_since(last)
    }

    pub fn readers(&self) -> usize {
        self.readers.load(Ordering::Relaxed)
    }

    /// Counts a reader until the value is dropped.
    pub fn reader(self: &Arc<Self>) -> Reader {
        self.touch();
        self.readers.fetch_add(1, Ordering::Relaxed);
        Reader(Arc::clone(self))
    }
}

#[derive(Debug)]
pub struct Reader(Arc<Activity>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.touch();
        self.0.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_keep_a_session_alive_and_leaving_starts_the_clock() {
        let activity = Arc::new(Activity::default());
        let later = Instant::now() + Duration::from_secs(100);
        assert!(activity.idle_at(later) >= Duration::from_secs(99));
        let reader = activity.reader();
        assert_eq!(activity.idle_at(later), Duration::ZERO);
        drop(reader);
        assert!(activity.idle_at(later) >= Duration::from_secs(99));
    }
}
