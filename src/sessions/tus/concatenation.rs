//! A file sent as several uploads at once, which are put together in the end.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::TusError;
use super::writer::{PIECE, Writer};
use crate::sessions::session::Session;

/// What an upload is to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Concatenation {
    Part,
    /// The parts' addresses, as they were sent.
    Final(String),
}

/// Adds the parts' bytes from where an earlier attempt was broken off. Blocks.
pub fn put_together(writer: &Writer, parts: &[Arc<Session>]) -> Result<(), TusError> {
    let whole = writer.session();
    let mut there = whole.upload.spool().received();
    let mut piece = vec![0; PIECE];
    for part in parts.iter().map(|part| part.upload.spool()) {
        let mut offset = there.min(part.received());
        there -= offset;
        while offset < part.received() {
            let length = part.read_at(offset, &mut piece)?;
            writer.append(&piece[..length])?;
            whole.activity.touch();
            offset += length as u64;
        }
    }
    Ok(())
}
