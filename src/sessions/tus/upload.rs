//! What an upload by tus knows beyond its bytes.

use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::concatenation::Concatenation;
use crate::sessions::journal::TusDescription;

#[derive(Debug)]
pub struct TusUpload {
    description: TusDescription,
    pub(super) state: Mutex<State>,
    pub(super) ended: watch::Sender<bool>,
}

#[derive(Debug)]
pub(super) struct State {
    /// None until it is told.
    pub(super) length: Option<u64>,
    /// The number of the one who writes now, and when it last did.
    pub(super) writer: Option<(u64, Instant)>,
    pub(super) writers: u64,
}

impl TusUpload {
    pub fn new(description: TusDescription, length: Option<u64>) -> Self {
        let state = Mutex::new(State { length, writer: None, writers: 0 });
        Self { description, state, ended: watch::Sender::new(false) }
    }

    /// As its creator sent it.
    pub fn description(&self) -> &TusDescription {
        &self.description
    }

    /// Whether this is a part of a file: bytes that nobody analyses, however whole they are.
    pub fn is_part(&self) -> bool {
        self.description.concatenation == Some(Concatenation::Part)
    }

    pub fn length(&self) -> Option<u64> {
        self.state.lock().length
    }

    /// Ends whoever is sending; nobody can begin again.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }
}
