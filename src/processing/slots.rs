//! Places for analyses that run at once. Uploads beyond are stored and wait their turn: the disk is the queue.

use std::cell::RefCell;
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
    places: Mutex<Places>,
    freed: Condvar,
}

#[derive(Debug)]
struct Places {
    free: usize,
    /// Jobs that wait for one.
    waiting: usize,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Slot(Arc<Shared>);

impl Slots {
    pub fn new(places: usize) -> Self {
        Self(Arc::new(Shared { places: Mutex::new(Places { free: places.max(1), waiting: 0 }), freed: Condvar::new() }))
    }

    /// A place at once, or none.
    pub fn try_take(&self) -> Option<Slot> {
        let mut places = self.0.places.lock();
        places.free = places.free.checked_sub(1)?;
        Some(Slot(Arc::clone(&self.0)))
    }

    /// Waits for a place, or for the job to be cancelled.
    pub fn take(&self, cancel: &CancelToken) -> Result<Slot, Problem> {
        let mut places = self.0.places.lock();
        places.waiting += 1;
        let outcome = loop {
            if places.free > 0 {
                places.free -= 1;
                break Ok(Slot(Arc::clone(&self.0)));
            }
            if let Err(reason) = cancel.check() {
                break Err(reason);
            }
            self.0.freed.wait_for(&mut places, LOOK);
        };
        places.waiting -= 1;
        outcome
    }

    /// Whether others wait for a place.
    pub fn are_wanted(&self) -> bool {
        self.0.places.lock().waiting > 0
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.places.lock().free += 1;
        self.0.freed.notify_one();
    }
}

/// A job's own view of its place, which it lends to others while it has nothing to do.
#[derive(Debug)]
pub struct Place<'a> {
    slots: &'a Slots,
    held: RefCell<Option<Slot>>,
}

impl<'a> Place<'a> {
    pub fn new(slots: &'a Slots) -> Self {
        Self { slots, held: RefCell::default() }
    }

    /// Takes a place if one is free.
    pub fn try_take(&self) -> bool {
        let mut held = self.held.borrow_mut();
        *held = held.take().or_else(|| self.slots.try_take());
        held.is_some()
    }

    /// Waits for a place, unless there is one already.
    pub fn take(&self, cancel: &CancelToken) -> Result<(), Problem> {
        if !self.try_take() {
            *self.held.borrow_mut() = Some(self.slots.take(cancel)?);
        }
        Ok(())
    }

    /// Gives the place to whoever waits for one. An upload that has stopped would else keep it until it is idle for too long.
    pub fn lend(&self) {
        if self.slots.are_wanted() {
            *self.held.borrow_mut() = None;
        }
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

    #[test]
    fn a_place_is_lent_only_to_who_waits() {
        let (slots, cancel) = (Slots::new(1), CancelToken::default());
        let place = Place::new(&slots);
        assert!(place.try_take() && place.try_take(), "it has it already");
        place.lend();
        assert!(slots.try_take().is_none(), "nobody wants it");
        std::thread::scope(|scope| {
            let other = scope.spawn(|| slots.take(&cancel).map(drop));
            while !slots.are_wanted() {
                std::thread::yield_now();
            }
            place.lend();
            other.join().unwrap().unwrap();
        });
        assert!(place.take(&cancel).is_ok() && slots.try_take().is_none());
    }
}
