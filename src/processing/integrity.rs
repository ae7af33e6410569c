//! Whether the file that came is the one that was meant.

use super::verdict;
use crate::error_code::{ErrorCode, Problem};
use crate::ingest::checksum::{Check, Checksum};
use crate::ingest::spool::Spool;
use crate::sessions::cancel::CancelToken;

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// Compares a whole file with what its sender said it is; without a word from the sender nothing is read.
pub fn check(spool: &Spool, expected: Vec<Checksum>, cancel: &CancelToken) -> Result<(), Problem> {
    if expected.is_empty() {
        return Ok(());
    }
    let mut checks: Vec<Check> = expected.into_iter().map(Checksum::begin).collect();
    let mut piece = vec![0; PIECE];
    let mut offset = 0;
    loop {
        cancel.check()?;
        let length = spool.read_at(offset, &mut piece).map_err(|e| verdict::storage("The upload could not be read", &e))?;
        if length == 0 {
            break;
        }
        checks.iter_mut().for_each(|check| check.update(&piece[..length]));
        offset += length as u64;
    }
    if checks.into_iter().all(Check::matches) {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::Integrity, "The file is not the one whose digest was sent: it was damaged on its way. Upload it again."))
}
