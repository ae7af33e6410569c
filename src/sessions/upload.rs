//! Receiving one file in chunks: bookkeeping and spool together.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use super::journal::{Journal, Record};
use super::tus::upload::TusUpload;
use crate::ingest::checksum::Checksum;
use crate::ingest::chunks::{ChunkError, ChunkLedger, Digest, Step};
use crate::ingest::spool::Spool;

#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    #[error("Another digest of the whole file was told before, or none until its end")]
    Digest,
    #[error("The chunk could not be stored: {0}")]
    Io(#[from] io::Error),
}

/// What the sender is told after each chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    pub chunks: u64,
    pub assembled: bool,
}

#[derive(Debug)]
pub struct Upload {
    spool: Arc<Spool>,
    /// None for a file that comes in one piece: nobody can send the rest of it later.
    journal: Option<Journal>,
    tus: Option<TusUpload>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ledger: ChunkLedger,
    /// A last chunk that came before the chunks' size was known.
    held: Option<(u64, Vec<u8>)>,
    /// The analysis would like the bytes from here on next.
    wanted_from: Option<u64>,
    /// What the whole file should be, as far as its sender said.
    expected: Vec<Checksum>,
}

impl Upload {
    pub fn new(spool: Arc<Spool>, ledger: ChunkLedger, journal: Option<Journal>) -> Self {
        Self { spool, journal, tus: None, state: Mutex::new(State { ledger, held: None, wanted_from: None, expected: Vec::new() }) }
    }

    /// The same for a file that comes by tus.
    pub fn with_tus(self, tus: Option<TusUpload>) -> Self {
        Self { tus, ..self }
    }

    /// None where the file comes in another way.
    pub fn tus(&self) -> Option<&TusUpload> {
        self.tus.as_ref()
    }

    /// No more bytes will be taken, nor waited for.
    pub fn close(&self) {
        self.spool.close();
        if let Some(tus) = &self.tus {
            tus.end();
        }
    }

    /// Whether the upload can go on after the server was stopped.
    pub fn is_resumable(&self) -> bool {
        self.journal.is_some()
    }

    /// Remembers something for after a kill.
    pub fn record(&self, record: &Record) -> io::Result<()> {
        self.journal.as_ref().map_or(Ok(()), |journal| journal.append(record))
    }

    pub fn spool(&self) -> &Arc<Spool> {
        &self.spool
    }

    /// Takes a chunk. The disk is written without a lock: chunks come in parallel.
    pub fn take(&self, index: u64, bytes: Vec<u8>) -> Result<Received, UploadError> {
        if !self.store(index, &bytes)? {
            if self.is_resumable() {
                self.keep_held(index, &bytes)?;
            }
            self.state.lock().held = Some((index, bytes));
        }
        self.release_held()?;
        Ok(self.received())
    }

    /// Gives the chunk that waits its place, if there is one by now.
    fn release_held(&self) -> Result<(), UploadError> {
        loop {
            let Some((index, bytes)) = self.state.lock().held.take() else { return Ok(()) };
            match self.store(index, &bytes) {
                Ok(true) => break,
                // It fits nowhere. That is not for the sender of another chunk to hear: it counts as missing, and is refused when
                // it is sent again.
                Err(UploadError::Chunk(error)) => {
                    tracing::warn!(%error, "a chunk that waited for its place is dropped");
                    break;
                }
                still => {
                    let is_placed = self.hold_again(index, bytes);
                    if still.is_err() || !is_placed {
                        return still.map(|_| ());
                    }
                }
            }
        }
        match std::fs::remove_file(self.held_path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Lets a chunk wait on; true where its place has become known meanwhile, by one who did not see it wait.
    fn hold_again(&self, index: u64, bytes: Vec<u8>) -> bool {
        let mut state = self.state.lock();
        state.held.get_or_insert((index, bytes));
        state.ledger.chunk_size().is_some()
    }

    /// Writes a chunk where it belongs; false where its place is not known yet.
    fn store(&self, index: u64, bytes: &[u8]) -> Result<bool, UploadError> {
        let digest: Digest = Sha256::digest(bytes).into();
        let length = bytes.len() as u64;
        let step = self.state.lock().ledger.begin(index, length, digest)?;
        let offset = match step {
            Step::Have => return Ok(true),
            Step::Hold => return Ok(false),
            Step::Write { offset } => offset,
        };
        let recorded = || self.record(&Record::Chunk { index, offset, length, digest });
        // Discarded bytes are gone on purpose: there is nothing to remember.
        let record = || if self.spool.is_discarded() { Ok(()) } else { recorded() };
        if let Err(error) = self.spool.write_at(offset, bytes).and_then(|()| record()) {
            self.state.lock().ledger.abandon(index);
            return Err(error.into());
        }
        let mut state = self.state.lock();
        state.ledger.done(index);
        if index + 1 == state.ledger.total() {
            self.spool.set_length(offset + length);
        }
        Ok(true)
    }

    /// The place of a chunk that waits for its place: it was answered for, so that it must outlive a kill, too.
    fn held_path(&self) -> PathBuf {
        self.spool.path().with_file_name("held")
    }

    fn keep_held(&self, index: u64, bytes: &[u8]) -> io::Result<()> {
        // A name of its own: the same chunk may come twice at once.
        let partial = self.spool.path().with_file_name(format!("held-{}.part", uuid::Uuid::new_v4()));
        std::fs::write(&partial, [&index.to_be_bytes()[..], bytes].concat())?;
        std::fs::rename(partial, self.held_path())
    }

    /// Takes up what waited when the server was killed.
    pub fn restore_held(&self) -> Result<(), UploadError> {
        let kept = match std::fs::read(self.held_path()) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if let Some((index, bytes)) = kept.split_first_chunk::<8>() {
            self.state.lock().held = Some((u64::from_be_bytes(*index), bytes.to_vec()));
            self.release_held()?;
        }
        Ok(())
    }

    /// Takes the next bytes of a file that comes in one piece.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.spool.write_at(self.spool.received(), bytes)
    }

    /// The file that came in one piece is whole.
    pub fn finish_append(&self) {
        self.spool.set_length(self.spool.received());
        self.state.lock().ledger.done(0);
    }

    /// Takes the whole file's digests, before its last byte; they are told once, and may be repeated.
    pub fn expect(&self, digests: Vec<Checksum>) -> Result<(), UploadError> {
        let mut state = self.state.lock();
        if digests.is_empty() || digests == state.expected {
            return Ok(());
        }
        if !state.expected.is_empty() || state.ledger.is_assembled() {
            return Err(UploadError::Digest);
        }
        state.expected.clone_from(&digests);
        drop(state);
        Ok(self.record(&Record::Digest(digests))?)
    }

    /// Takes up what was told to an earlier process.
    pub fn restore_expected(&self, digests: Vec<Checksum>) {
        self.state.lock().expected = digests;
    }

    /// What the whole file should be; nothing where nobody said.
    pub fn expected(&self) -> Vec<Checksum> {
        self.state.lock().expected.clone()
    }

    pub fn received(&self) -> Received {
        let state = self.state.lock();
        Received { chunks: state.ledger.chunks_received(), assembled: state.ledger.is_assembled() }
    }

    /// The bytes from this offset on would help the analysis most.
    pub fn want_from(&self, offset: Option<u64>) {
        self.state.lock().wanted_from = offset;
    }

    /// Runs of missing chunks that would help most, first and last index of each.
    pub fn wanted_ranges(&self) -> Vec<[u64; 2]> {
        let state = self.state.lock();
        state.wanted_from.map_or_else(Vec::new, |offset| state.ledger.missing_from(offset))
    }

    /// As it was told by the first chunk.
    pub fn file_size(&self) -> Option<u64> {
        self.state.lock().ledger.file_size()
    }

    pub fn total_chunks(&self) -> u64 {
        self.state.lock().ledger.total()
    }

    /// Runs of chunks that are there, first and last index of each.
    pub fn received_ranges(&self) -> Vec<[u64; 2]> {
        self.state.lock().ledger.received()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn upload(folder: &tempfile::TempDir, total: u64) -> Upload {
        let spool = Spool::create(&folder.path().join("source")).unwrap();
        Upload::new(Arc::new(spool), ChunkLedger::new(total, None, None), None)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_order_with_repeats_gives_the_same_file(file in prop::collection::vec(any::<u8>(), 1..400), size in 1usize..60, seed in any::<u64>()) {
            let chunks: Vec<&[u8]> = file.chunks(size).collect();
            let mut order: Vec<usize> = (0..chunks.len()).chain(0..chunks.len()).collect();
            let mut random = seed | 1;
            for i in (1..order.len()).rev() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                order.swap(i, (random >> 33) as usize % (i + 1));
            }
            let folder = tempfile::tempdir().unwrap();
            let upload = upload(&folder, chunks.len() as u64);
            for index in order {
                upload.take(index as u64, chunks[index].to_vec()).unwrap();
            }
            prop_assert!(upload.received().assembled && upload.spool().is_complete());
            prop_assert_eq!(std::fs::read(folder.path().join("source")).unwrap(), file);
        }
    }

    #[test]
    fn a_held_chunk_that_does_not_fit_is_refused_alone() {
        let folder = tempfile::tempdir().unwrap();
        let upload = upload(&folder, 3);
        upload.take(2, b"toolong".to_vec()).unwrap();
        assert_eq!(upload.take(0, b"aaaa".to_vec()).unwrap().chunks, 1, "the first chunk is as it should be");
        assert!(matches!(upload.take(2, b"toolong".to_vec()), Err(UploadError::Chunk(ChunkError::WrongSize { index: 2, .. }))));
        upload.take(2, b"cc".to_vec()).unwrap();
        assert_eq!(upload.take(1, b"bbbb".to_vec()).unwrap(), Received { chunks: 3, assembled: true });
        assert_eq!(std::fs::read(folder.path().join("source")).unwrap(), b"aaaabbbbcc");
    }

    #[test]
    fn a_held_chunk_learns_that_its_place_became_known_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let upload = upload(&folder, 2);
        assert!(!upload.hold_again(1, b"cc".to_vec()), "nobody knows it yet");
        // As one who releases it, while another one brings the first chunk and finds none that waits.
        let (index, bytes) = upload.state.lock().held.take().unwrap();
        upload.take(0, b"aaaa".to_vec()).unwrap();
        assert!(upload.hold_again(index, bytes), "it must be looked at again");
        upload.release_held().unwrap();
        assert!(upload.received().assembled);
    }

    #[test]
    fn a_conflicting_repeat_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let upload = upload(&folder, 2);
        upload.take(0, b"aaaa".to_vec()).unwrap();
        assert!(matches!(upload.take(0, b"bbbb".to_vec()), Err(UploadError::Chunk(ChunkError::Conflict { index: 0 }))));
        assert_eq!(upload.take(1, b"cc".to_vec()).unwrap(), Received { chunks: 2, assembled: true });
        assert_eq!(std::fs::read(folder.path().join("source")).unwrap(), b"aaaacc");
    }
}
