//! Places for analyses that run at once. Uploads beyond are stored and wait their turn: the disk is the queue.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error_code::Problem;
use crate::sessions::cancel::CancelToken;

/// How often a waiting job looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Clone, Debug)]
pub struct Slots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Slot(Arc<Shared>);

impl Slots {
    pub fn new(places: usize) -> Self {
        Self(Arc::new(Shared { free: Mutex::new(places.max(1)), freed: Condvar::new() }))
    }

    /// A place at once, or none.
    pub fn try_take(&self) -> Option<Slot> {
        let mut free = self.0.free.lock();
        *free = free.checked_sub(1)?;
        Some(Slot(Arc::clone(&self.0)))
    }

    /// Waits for a place, or for the job to be cancelled.
    pub fn take(&self, cancel: &CancelToken) -> Result<Slot, Problem> {
        let mut free = self.0.free.lock();
        while *free == 0 {
            cancel.check()?;
            self.0.freed.wait_for(&mut free, LOOK);
        }
        *free -= 1;
        Ok(Slot(Arc::clone(&self.0)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;

    #[test]
    fn places_are_given_back_and_waiting_can_be_cancelled() {
        let slots = Slots::new(1);
        let first = slots.try_take().unwrap();
        assert!(slots.try_take().is_none());
        let cancel = CancelToken::default();
        cancel.cancel(Problem::new(ErrorCode::Cancelled, "enough"));
        assert_eq!(slots.take(&cancel).unwrap_err().detail, "enough");
        drop(first);
        assert!(slots.take(&CancelToken::default()).is_ok());
    }
}
