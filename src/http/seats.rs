//! Places for readers of events: each holds a connection for as long as an analysis takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error_code::{ErrorCode, Problem};
use crate::sessions::activity::Reader;
use crate::sessions::session::Session;

#[derive(Debug)]
pub struct Seats {
    taken: Arc<AtomicUsize>,
    most: usize,
    most_per_session: usize,
}

/// Taken until it is dropped.
#[derive(Debug)]
pub struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Seats {
    pub fn new(most: usize, most_per_session: usize) -> Self {
        Self { taken: Arc::default(), most, most_per_session }
    }

    /// How many there are at the server.
    pub fn most(&self) -> usize {
        self.most
    }

    /// A place at the server.
    pub fn take(&self) -> Result<Seat, Problem> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(&self.taken));
        if before < self.most { Ok(seat) } else { Err(none_left()) }
    }

    /// A place at a session, for one who has a place at the server.
    pub fn at(&self, session: &Session) -> Result<Reader, Problem> {
        let reader = session.activity.reader();
        // It counts itself.
        if session.activity.readers() <= self.most_per_session { Ok(reader) } else { Err(none_left()) }
    }
}

fn none_left() -> Problem {
    let detail = "Too many connections read events. Try again later, or ask /api/sessions/{session_id} for the state.";
    Problem::new(ErrorCode::TooManyReaders, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_reader_leaves() {
        let seats = Seats::new(2, 2);
        let first = seats.take().unwrap();
        let _second = seats.take().unwrap();
        assert_eq!(seats.take().unwrap_err().code, ErrorCode::TooManyReaders);
        drop(first);
        assert!(seats.take().is_ok() && seats.take().is_ok(), "a refused one holds none");
    }
}
