//! Where a chunk belongs. Pure bookkeeping: which chunks are there, what they hold, what the next one must look like.

use std::collections::HashMap;

use super::ranges::RangeSet;

/// Runs of missing chunks that are named at once: they go into the answer to each chunk, and by the time these are there, so are
/// others.
const MOST_MISSING: usize = 64;

/// SHA-256 of a chunk.
pub type Digest = [u8; 32];

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    #[error("chunk_index is {index}, but total_chunks is {total}: indices start at 0")]
    BeyondTotal { index: u64, total: u64 },
    #[error("chunk {index} has {got} bytes, but every chunk except the last must have {expected}")]
    WrongSize { index: u64, got: u64, expected: u64 },
    #[error("file_size is {told}, but chunk {index} with its {length} bytes makes the file {least} to {most} bytes long")]
    FileSize { told: u64, index: u64, length: u64, least: u64, most: u64 },
    #[error("chunk {index} was sent before with other bytes; start a new session to send another file")]
    Conflict { index: u64 },
}

/// What to do with a chunk's bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write them here, then call `done`.
    Write { offset: u64 },
    /// They are there already.
    Have,
    /// The chunks' size is not known yet: keep the bytes and ask again after the next chunk.
    Hold,
}

#[derive(Debug)]
pub struct ChunkLedger {
    total: u64,
    chunk_size: Option<u64>,
    file_size: Option<u64>,
    /// Of chunks that are there, being written, or waiting for their place.
    digests: HashMap<u64, Digest>,
    received: RangeSet,
}

impl ChunkLedger {
    /// `chunk_size` and `file_size` as far as the client told them.
    pub fn new(total: u64, chunk_size: Option<u64>, file_size: Option<u64>) -> Self {
        Self { total, chunk_size, file_size, digests: HashMap::new(), received: RangeSet::default() }
    }

    /// Takes a chunk that is there from an earlier time.
    pub fn restore(&mut self, index: u64, length: u64, digest: Digest) {
        if index + 1 < self.total {
            self.chunk_size.get_or_insert(length);
        }
        self.digests.insert(index, digest);
        self.done(index);
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// Of all chunks but the last; none until one of them has come, or it was told.
    pub fn chunk_size(&self) -> Option<u64> {
        self.chunk_size
    }

    pub fn file_size(&self) -> Option<u64> {
        self.file_size
    }

    /// Decides where a chunk of `length` bytes goes.
    pub fn begin(&mut self, index: u64, length: u64, digest: Digest) -> Result<Step, ChunkError> {
        if index >= self.total {
            return Err(ChunkError::BeyondTotal { index, total: self.total });
        }
        match self.digests.get(&index) {
            Some(known) if *known != digest => return Err(ChunkError::Conflict { index }),
            Some(_) if self.received.contains(index) => return Ok(Step::Have),
            _ => {}
        }
        // A chunk that waits for its place binds the sender as well, until it turns out not to fit.
        let offset = self.place(index, length).inspect_err(|_| {
            self.digests.remove(&index);
        })?;
        self.digests.insert(index, digest);
        Ok(offset.map_or(Step::Hold, |offset| Step::Write { offset }))
    }

    fn place(&mut self, index: u64, length: u64) -> Result<Option<u64>, ChunkError> {
        let last = index + 1 == self.total;
        let wrong = |expected| Err(ChunkError::WrongSize { index, got: length, expected });
        if self.total == 1 {
            self.check_file_size(index, length, length)?;
            return Ok(Some(0));
        }
        match self.chunk_size {
            Some(size) if last => {
                if length > size {
                    return wrong(size);
                }
                self.check_file_size(index, length, size)?;
            }
            Some(size) if length != size => return wrong(size),
            Some(size) => self.check_file_size(index, length, size)?,
            None if last => return self.place_last_first(index, length),
            None if length == 0 => return wrong(1),
            None => {
                self.check_file_size(index, length, length)?;
                self.chunk_size = Some(length);
            }
        }
        Ok(self.chunk_size.and_then(|size| size.checked_mul(index)))
    }

    /// Whether chunks of `size` bytes, this one of `length`, can make a file of the size that was told.
    fn check_file_size(&self, index: u64, length: u64, size: u64) -> Result<(), ChunkError> {
        let others = size.saturating_mul(self.total - 1);
        let last = if index + 1 == self.total { length..=length } else { 0..=size };
        let (least, most) = (others.saturating_add(*last.start()), others.saturating_add(*last.end()));
        match self.file_size {
            Some(told) if !(least..=most).contains(&told) => Err(ChunkError::FileSize { told, index, length, least, most }),
            _ => Ok(()),
        }
    }

    /// The last chunk came before any other: only the file's size can place it, and then tells the chunks' size.
    fn place_last_first(&mut self, index: u64, length: u64) -> Result<Option<u64>, ChunkError> {
        let Some(file_size) = self.file_size else { return Ok(None) };
        let size = file_size.saturating_sub(length) / index;
        if size == 0 || size * index + length != file_size || length > size {
            return Err(ChunkError::WrongSize { index, got: length, expected: file_size.saturating_sub(size * index) });
        }
        self.chunk_size = Some(size);
        Ok(Some(size * index))
    }

    /// The bytes of a chunk are on disk.
    pub fn done(&mut self, index: u64) {
        self.received.insert(index..index + 1);
    }

    /// The bytes of a chunk could not be written.
    pub fn abandon(&mut self, index: u64) {
        if !self.received.contains(index) {
            self.digests.remove(&index);
        }
    }

    pub fn chunks_received(&self) -> u64 {
        self.received.count()
    }

    pub fn is_assembled(&self) -> bool {
        self.received.count() == self.total
    }

    /// The first runs of chunks that are missing from the one that holds this offset on, first and last index of each.
    pub fn missing_from(&self, offset: u64) -> Vec<[u64; 2]> {
        let Some(size) = self.chunk_size else { return Vec::new() };
        self.received.gaps(offset / size..self.total).take(MOST_MISSING).map(|gap| [gap.start, gap.end - 1]).collect()
    }

    /// Runs of chunks that are there, first and last index of each.
    pub fn received(&self) -> Vec<[u64; 2]> {
        self.received.iter().map(|r| [r.start, r.end - 1]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: Digest = [1; 32];
    const B: Digest = [2; 32];

    #[test]
    fn ordered_chunks_follow_each_other() {
        let mut ledger = ChunkLedger::new(3, None, None);
        for (index, length, offset) in [(0, 10, 0), (1, 10, 10), (2, 4, 20)] {
            assert_eq!(ledger.begin(index, length, A), Ok(Step::Write { offset }));
            ledger.done(index);
        }
        assert!(ledger.is_assembled());
        assert_eq!(ledger.received(), [[0, 2]]);
    }

    #[test]
    fn a_last_chunk_that_comes_first_waits_or_is_placed_by_the_file_size() {
        let mut ledger = ChunkLedger::new(3, None, None);
        assert_eq!(ledger.begin(2, 4, A), Ok(Step::Hold));
        assert_eq!(ledger.begin(2, 4, B), Err(ChunkError::Conflict { index: 2 }));
        ledger.begin(1, 10, A).unwrap();
        assert_eq!(ledger.begin(2, 4, A), Ok(Step::Write { offset: 20 }));
        let mut told = ChunkLedger::new(3, None, Some(24));
        assert_eq!(told.begin(2, 4, A), Ok(Step::Write { offset: 20 }));
        assert_eq!(told.begin(0, 9, A), Err(ChunkError::WrongSize { index: 0, got: 9, expected: 10 }));
        assert!(ChunkLedger::new(3, None, Some(25)).begin(2, 4, A).is_err(), "21 bytes are not two equal chunks");
    }

    #[test]
    fn repeats_succeed_conflicts_and_wrong_sizes_do_not() {
        let mut ledger = ChunkLedger::new(3, None, None);
        ledger.begin(0, 10, A).unwrap();
        assert_eq!(ledger.begin(0, 10, A), Ok(Step::Write { offset: 0 }), "the first may still fail");
        assert_eq!(ledger.begin(0, 10, B), Err(ChunkError::Conflict { index: 0 }));
        ledger.done(0);
        assert_eq!(ledger.begin(0, 10, A), Ok(Step::Have));
        assert_eq!(ledger.begin(1, 9, A), Err(ChunkError::WrongSize { index: 1, got: 9, expected: 10 }));
        assert_eq!(ledger.begin(2, 11, A), Err(ChunkError::WrongSize { index: 2, got: 11, expected: 10 }));
        assert_eq!(ledger.begin(3, 1, A), Err(ChunkError::BeyondTotal { index: 3, total: 3 }));
        ledger.begin(1, 10, A).unwrap();
        ledger.abandon(1);
        assert_eq!(ledger.begin(1, 10, B), Ok(Step::Write { offset: 10 }), "what was not written binds nobody");
    }

    #[test]
    fn a_file_size_that_the_chunks_cannot_make_is_refused() {
        let begin = |told, chunks: &[(u64, u64)]| {
            let mut ledger = ChunkLedger::new(3, None, Some(told));
            chunks.iter().try_for_each(|(index, length)| ledger.begin(*index, *length, A).map(|_| ()))
        };
        assert_eq!(begin(24, &[(0, 10), (1, 10), (2, 4)]), Ok(()));
        assert_eq!(begin(31, &[(0, 10)]), Err(ChunkError::FileSize { told: 31, index: 0, length: 10, least: 20, most: 30 }));
        assert_eq!(begin(24, &[(0, 10), (2, 5)]), Err(ChunkError::FileSize { told: 24, index: 2, length: 5, least: 25, most: 25 }));
        assert!(ChunkLedger::new(1, None, Some(9)).begin(0, 8, A).is_err());
    }

    #[test]
    fn what_is_missing_behind_an_offset_is_told_in_runs() {
        let mut ledger = ChunkLedger::new(10, Some(10), None);
        for index in [0, 6, 8] {
            ledger.begin(index, 10, A).unwrap();
            ledger.done(index);
        }
        assert_eq!(ledger.missing_from(55), [[5, 5], [7, 7], [9, 9]]);
        assert_eq!(ledger.missing_from(60), [[7, 7], [9, 9]]);
        assert_eq!(ledger.missing_from(1000), [[0u64; 2]; 0]);
        assert_eq!(ChunkLedger::new(10, None, None).missing_from(5), [[0u64; 2]; 0], "no size, no places");
    }

    #[test]
    fn missing_runs_are_named_up_to_a_bound() {
        let mut ledger = ChunkLedger::new(1_000, Some(10), None);
        (0..1_000).step_by(2).for_each(|index| ledger.done(index));
        let missing = ledger.missing_from(100);
        assert_eq!((missing.len(), missing[0], missing[MOST_MISSING - 1]), (MOST_MISSING, [11, 11], [137, 137]));
    }

    #[test]
    fn an_empty_file_is_one_empty_chunk() {
        let mut ledger = ChunkLedger::new(1, None, None);
        assert_eq!(ledger.begin(0, 0, A), Ok(Step::Write { offset: 0 }));
        assert_eq!(ChunkLedger::new(2, None, None).begin(0, 0, A), Err(ChunkError::WrongSize { index: 0, got: 0, expected: 1 }));
    }

    proptest! {
        #[test]
        fn any_order_gives_every_chunk_its_place(total in 1u64..20, last in 0u64..=8, order in prop::collection::vec(any::<prop::sample::Index>(), 60)) {
            let mut ledger = ChunkLedger::new(total, None, None);
            let length = |index: u64| if index + 1 == total { last } else { 8 };
            let order: Vec<u64> = order.iter().map(|i| i.index(total as usize) as u64).chain(0..total).chain([total - 1]).collect();
            for index in order {
                match ledger.begin(index, length(index), A).unwrap() {
                    Step::Write { offset } => {
                        prop_assert_eq!(offset, 8 * index);
                        ledger.done(index);
                    }
                    Step::Have => prop_assert!(ledger.received.contains(index)),
                    Step::Hold => prop_assert_eq!(index + 1, total),
                }
            }
            prop_assert!(ledger.is_assembled());
        }
    }
}
