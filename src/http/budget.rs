//! Bytes that may be in memory at once: a chunk is there as a whole before it is checked and stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error_code::{ErrorCode, Problem};

#[derive(Debug)]
pub struct Budget {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// Bytes that nobody else may have until it is dropped.
#[derive(Debug)]
pub struct Share {
    taken: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Budget {
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// Room for so many bytes, before the first of them is read. Whoever gets none comes again: waiting here would hold a
    /// connection for nothing.
    pub fn take(&self, bytes: usize) -> Result<Share, Problem> {
        let before = self.taken.fetch_add(bytes, Ordering::Relaxed);
        // Dropped where it is refused, which gives back what was added.
        let share = Share { taken: Arc::clone(&self.taken), bytes };
        if before.saturating_add(bytes) <= self.most {
            return Ok(share);
        }
        Err(Problem::new(ErrorCode::TooManyBytes, "The server holds as many bytes of chunks as it may. Send the chunk again in a moment."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_free_again_when_their_share_is_dropped() {
        let budget = Budget::new(100);
        let first = budget.take(60).unwrap();
        let _second = budget.take(40).unwrap();
        for _ in 0..2 {
            assert_eq!(budget.take(1).unwrap_err().code, ErrorCode::TooManyBytes, "a refused one holds none");
        }
        drop(first);
        assert!(budget.take(60).is_ok());
    }
}
