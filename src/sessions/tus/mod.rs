//! A file sent as tus 1.0.0 sends it: from its beginning on, by one sender at a time, who may break off and come back.

use std::io;

pub mod concatenation;
pub mod upload;
pub mod writer;

#[derive(Debug, thiserror::Error)]
pub enum TusError {
    #[error("Another request is sending bytes of this upload. Wait for its end, then ask for the offset")]
    Locked,
    #[error("The upload's offset is {expected}, not {got}. Go on from there")]
    Offset { expected: u64, got: u64 },
    #[error("The upload's length is {length} bytes; more were sent")]
    Beyond { length: u64 },
    #[error("The upload's length is {known} bytes and cannot become {told}")]
    Length { known: u64, told: u64 },
    /// The session was ended while bytes came.
    #[error("The upload has ended")]
    Ended,
    #[error("The bytes could not be stored: {0}")]
    Io(#[from] io::Error),
}
