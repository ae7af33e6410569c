//! The one who may add bytes to an upload by tus.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::TusError;
use super::upload::{State, TusUpload};
use crate::sessions::journal::Record;
use crate::sessions::session::Session;

/// A sender that has been silent for this long may be gone without a word: the next one takes its place.
const SILENT: Duration = Duration::from_secs(3);
/// Bytes that are moved at once.
const PIECE: usize = 256 * 1024;

/// The right to add bytes, until it is dropped.
#[derive(Debug)]
pub struct Writer {
    session: Arc<Session>,
    number: u64,
    held: Option<Held>,
}

/// Bytes that are not believed yet.
#[derive(Debug)]
struct Held {
    /// None where nobody will read them: they are only counted.
    file: Option<File>,
    path: PathBuf,
    bytes: u64,
}

impl Writer {
    /// The only writer, if the next byte it has is the one that is missing. None where the session is not a tus upload.
    pub fn begin(session: &Arc<Session>, offset: u64) -> Option<Result<Self, TusError>> {
        let tus = session.upload.tus()?;
        let mut state = tus.state.lock();
        if *tus.ended.borrow() {
            return Some(Err(TusError::Ended));
        }
        if state.writer.is_some_and(|(_, last)| last.elapsed() < SILENT) {
            return Some(Err(TusError::Locked));
        }
        let expected = session.upload.spool().received();
        if offset != expected {
            return Some(Err(TusError::Offset { expected, got: offset }));
        }
        state.writers += 1;
        let number = state.writers;
        state.writer = Some((number, Instant::now()));
        finish_if_whole(session, &state);
        Some(Ok(Self { session: Arc::clone(session), number, held: None }))
    }

    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Waits until the session ends.
    pub async fn ended(&self) {
        let Some(tus) = self.session.upload.tus() else { return };
        // The sender lives as long as the session that is borrowed here.
        let _ = tus.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// Tells a length that was not known at creation.
    pub fn set_length(&self, told: u64) -> Result<(), TusError> {
        self.alone(|state| {
            let known = state.length.unwrap_or_else(|| told.max(self.session.upload.spool().received()));
            if known != told {
                return Err(TusError::Length { known, told });
            }
            if state.length.is_none() {
                self.session.upload.record(&Record::Length(told))?;
                state.length = Some(told);
            }
            finish_if_whole(&self.session, state);
            Ok(())
        })
    }

    /// Adds bytes to the file.
    pub fn append(&self, bytes: &[u8]) -> Result<(), TusError> {
        self.alone(|state| {
            self.room_for(state, bytes.len() as u64)?;
            self.session.upload.append(bytes)?;
            finish_if_whole(&self.session, state);
            Ok(())
        })
    }

    /// Keeps bytes beside the file until `release`; without it they are forgotten.
    pub fn hold(&mut self, bytes: &[u8]) -> Result<(), TusError> {
        let held = self.held.as_ref().map_or(0, |h| h.bytes);
        self.alone(|state| self.room_for(state, held + bytes.len() as u64))?;
        if self.held.is_none() {
            let spool = self.session.upload.spool();
            let path = spool.path().with_file_name(format!("unchecked-{}", self.number));
            let file = match OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path) {
                Err(_) if self.session.state().is_over() => None,
                opened => Some(opened?),
            };
            self.held = Some(Held { file, path, bytes: 0 });
        }
        if let Some(held) = &mut self.held {
            if let Some(file) = &mut held.file {
                file.write_all(bytes)?;
            }
            held.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    /// Adds the bytes that were held. Blocks.
    pub fn release(&mut self) -> Result<(), TusError> {
        let Some(mut held) = self.held.take() else { return Ok(()) };
        if let Some(file) = &mut held.file {
            file.rewind()?;
        }
        let mut piece = vec![0; PIECE];
        while held.bytes > 0 {
            let part = &mut piece[..held.bytes.min(PIECE as u64) as usize];
            if let Some(file) = &mut held.file {
                file.read_exact(part)?;
            }
            self.append(part)?;
            held.bytes -= part.len() as u64;
        }
        Ok(())
    }

    /// Adds the bytes of these parts from where an earlier attempt was broken off. Blocks.
    pub fn put_together(&self, parts: &[Arc<Session>]) -> Result<(), TusError> {
        let mut there = self.session.upload.spool().received();
        let mut piece = vec![0; PIECE];
        for part in parts.iter().map(|part| part.upload.spool()) {
            let mut offset = there.min(part.received());
            there -= offset;
            while offset < part.received() {
                let length = part.read_at(offset, &mut piece)?;
                self.append(&piece[..length])?;
                self.session.activity.touch();
                offset += length as u64;
            }
        }
        Ok(())
    }

    fn room_for(&self, state: &State, more: u64) -> Result<(), TusError> {
        let whole = self.session.upload.spool().received() + more;
        state.length.filter(|length| whole > *length).map_or(Ok(()), |length| Err(TusError::Beyond { length }))
    }

    /// Does something that no other writer may do meanwhile. The lock is held across a short write, or the bytes of one who
    /// was silent and of the one who took its place could mix.
    fn alone<T>(&self, act: impl FnOnce(&mut State) -> Result<T, TusError>) -> Result<T, TusError> {
        let Some(tus) = self.session.upload.tus() else { return Err(TusError::Ended) };
        let mut state = tus.state.lock();
        if *tus.ended.borrow() {
            return Err(TusError::Ended);
        }
        if state.writer.is_none_or(|(number, _)| number != self.number) {
            return Err(TusError::Locked);
        }
        let done = act(&mut state)?;
        state.writer = Some((self.number, Instant::now()));
        Ok(done)
    }
}

/// Tells the analysis once the last byte is there; an empty file is whole from the beginning. A part never
/// becomes a file.
fn finish_if_whole(session: &Session, state: &State) {
    let is_part = session.upload.tus().is_some_and(TusUpload::is_part);
    if !is_part && state.length == Some(session.upload.spool().received()) && !session.upload.received().assembled {
        session.upload.finish_append();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(tus) = self.session.upload.tus() {
            let mut state = tus.state.lock();
            state.writer = state.writer.filter(|(number, _)| *number != self.number);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::checksum::{Algorithm, Checksum};
    use crate::options::AnalysisOptions;
    use crate::sessions::journal::{Description, TusDescription};
    use crate::sessions::restore::restore;
    use crate::video::Extension;

    fn session(root: &tempfile::TempDir, length: Option<u64>) -> Arc<Session> {
        let folder = root.path().join("s-1");
        std::fs::create_dir(&folder).unwrap();
        let description = Description {
            version: Description::version(),
            extension: Extension::Mp4,
            filename: None,
            total_chunks: 1,
            chunk_size: None,
            file_size: length,
            tus: Some(TusDescription { metadata: Some("a YQ==".into()), concatenation: None }),
            options: AnalysisOptions::default(),
            request_id: None,
            created_at_ms: 5,
        };
        Arc::new(Session::create("s-1".parse().unwrap(), folder, description).unwrap())
    }

    fn begin(session: &Arc<Session>, offset: u64) -> Result<Writer, TusError> {
        Writer::begin(session, offset).unwrap()
    }

    #[test]
    fn one_writes_at_the_one_offset() {
        let root = tempfile::tempdir().unwrap();
        let session = session(&root, Some(6));
        assert!(matches!(begin(&session, 1), Err(TusError::Offset { expected: 0, got: 1 })));
        let writer = begin(&session, 0).unwrap();
        writer.append(b"abcd").unwrap();
        assert!(matches!(begin(&session, 4), Err(TusError::Locked)));
        assert!(matches!(writer.append(b"efg"), Err(TusError::Beyond { length: 6 })));
        drop(writer);
        begin(&session, 4).unwrap().append(b"ef").unwrap();
        assert!(session.upload.received().assembled && session.upload.spool().is_complete());
        session.upload.tus().unwrap().end();
        assert!(matches!(begin(&session, 6), Err(TusError::Ended)));
    }

    #[test]
    fn who_is_silent_loses_its_place() {
        let root = tempfile::tempdir().unwrap();
        let session = session(&root, Some(6));
        let silent = begin(&session, 0).unwrap();
        silent.append(b"ab").unwrap();
        session.upload.tus().unwrap().state.lock().writer = Some((1, Instant::now() - SILENT));
        let next = begin(&session, 2).unwrap();
        assert!(matches!(silent.append(b"xx"), Err(TusError::Locked)));
        drop(silent);
        next.append(b"cdef").unwrap();
        assert_eq!(std::fs::read(session.upload.spool().path()).unwrap(), b"abcdef");
    }

    #[test]
    fn held_bytes_count_once_they_are_released() {
        let root = tempfile::tempdir().unwrap();
        let session = session(&root, Some(4));
        let mut writer = begin(&session, 0).unwrap();
        writer.hold(b"xx").unwrap();
        assert!(matches!(writer.hold(b"xxx"), Err(TusError::Beyond { length: 4 })));
        drop(writer);
        assert_eq!((session.upload.spool().received(), std::fs::read_dir(session.folder()).unwrap().count()), (0, 3));
        let mut writer = begin(&session, 0).unwrap();
        writer.hold(b"ab").unwrap();
        writer.hold(b"cd").unwrap();
        writer.release().unwrap();
        assert!(session.upload.spool().is_complete());
        assert_eq!(std::fs::read(session.upload.spool().path()).unwrap(), b"abcd");
    }

    #[test]
    fn a_file_of_parts_goes_on_where_it_was_broken_off() {
        let roots = [b"abc", b"def"].map(|bytes| (tempfile::tempdir().unwrap(), bytes));
        let parts = roots.each_ref().map(|(root, bytes)| {
            let part = session(root, Some(3));
            begin(&part, 0).unwrap().append(*bytes).unwrap();
            part
        });
        for there in ["", "ab", "abc", "abcde", "abcdef"] {
            let root = tempfile::tempdir().unwrap();
            let whole = session(&root, Some(6));
            let writer = begin(&whole, 0).unwrap();
            writer.append(there.as_bytes()).unwrap();
            writer.put_together(&parts).unwrap();
            assert!(whole.upload.received().assembled);
            assert_eq!(std::fs::read(whole.upload.spool().path()).unwrap(), b"abcdef", "{there:?}");
        }
    }

    #[test]
    fn a_length_is_told_once_and_all_of_it_outlives_the_process() {
        let root = tempfile::tempdir().unwrap();
        let again = || Arc::new(restore(&root.path().join("s-1"), root.path()).unwrap());
        drop(session(&root, None));
        let session = again();
        begin(&session, 0).unwrap().append(b"abc").unwrap();
        drop(session);
        let session = again();
        assert_eq!(
            (session.upload.tus().unwrap().length(), session.upload.tus().unwrap().description().metadata.as_deref()),
            (None, Some("a YQ=="))
        );
        let writer = begin(&session, 3).unwrap();
        assert!(matches!(writer.set_length(2), Err(TusError::Length { known: 3, told: 2 })));
        writer.set_length(5).unwrap();
        assert!(matches!(writer.set_length(6), Err(TusError::Length { known: 5, told: 6 })));
        drop((writer, session));
        let session = again();
        assert_eq!((session.upload.tus().unwrap().length(), session.upload.received().assembled), (Some(5), false));
        let digest = |byte| vec![Checksum::new(Algorithm::Sha256, vec![byte; 32]).unwrap()];
        session.upload.expect(digest(1)).unwrap();
        begin(&session, 3).unwrap().append(b"de").unwrap();
        drop(session);
        let session = again();
        assert_eq!(session.upload.expected(), digest(1));
        assert!(session.upload.expect(digest(1)).is_ok() && session.upload.expect(digest(2)).is_err());
        assert!(session.upload.received().assembled && session.upload.spool().is_complete());
    }
}
