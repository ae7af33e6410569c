//! A request to stop, seen by everything that waits.

use std::convert::Infallible;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

use crate::error_code::{ErrorCode, Problem};

/// Cheap to clone; all clones stand for the same work.
#[derive(Clone, Debug)]
pub struct CancelToken {
    state: Arc<Mutex<State>>,
    signal: Receiver<Infallible>,
}

#[derive(Debug)]
struct State {
    /// Dropped on cancellation, which disconnects every receiver.
    open: Option<Sender<Infallible>>,
    reason: Option<Problem>,
}

impl Default for CancelToken {
    fn default() -> Self {
        let (open, signal) = bounded(0);
        Self { state: Arc::new(Mutex::new(State { open: Some(open), reason: None })), signal }
    }
}

impl CancelToken {
    /// Asks the work to stop. The first reason stays.
    pub fn cancel(&self, reason: Problem) {
        let mut state = self.state.lock();
        state.reason.get_or_insert(reason);
        state.open = None;
    }

    pub fn is_cancelled(&self) -> bool {
        self.state.lock().open.is_none()
    }

    /// Disconnects on cancellation; never carries a message. For `select!`.
    pub fn signal(&self) -> &Receiver<Infallible> {
        &self.signal
    }

    /// Why the work was stopped.
    pub fn reason(&self) -> Problem {
        let reason = self.state.lock().reason.clone();
        reason.unwrap_or_else(|| Problem::new(ErrorCode::Cancelled, "The analysis was cancelled."))
    }

    /// The reason as an error once cancelled.
    pub fn check(&self) -> Result<(), Problem> {
        if self.is_cancelled() { Err(self.reason()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn cancelling_wakes_who_waits_and_keeps_the_first_reason() {
        let token = CancelToken::default();
        assert_eq!(token.check(), Ok(()));
        let waiting = token.clone();
        let waiter = std::thread::spawn(move || waiting.signal().recv_timeout(Duration::from_secs(60)).is_err_and(|e| e.is_disconnected()));
        token.cancel(Problem::new(ErrorCode::SessionExpired, "first"));
        token.cancel(Problem::new(ErrorCode::Cancelled, "second"));
        assert!(waiter.join().unwrap());
        assert_eq!(token.check().unwrap_err().detail, "first");
    }
}
