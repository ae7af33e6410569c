//! A session's bytes on disk: one sparse file, written in place, read while it grows. The disk is the queue.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::ranges::RangeSet;

#[derive(Debug)]
pub struct Spool {
    file: File,
    path: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ranges: RangeSet,
    /// Known when the last byte's place is known.
    length: Option<u64>,
    /// No byte will come any more, whether or not the file is whole.
    closed: bool,
    /// Bytes are counted, but no longer kept: nobody will read them.
    discarded: bool,
}

/// What there is to read from an offset on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Available {
    /// Bytes up to this offset, at least one.
    Until(u64),
    /// The offset is the end of the file.
    End,
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing will come.
    Closed,
}

impl Spool {
    /// A new, empty spool file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Self::new(file, path, State::default()))
    }

    /// The spool file of an earlier time, of which these ranges are there.
    pub fn reopen(path: &Path, ranges: RangeSet) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let end = ranges.iter().last().map_or(0, |r| r.end);
        if file.metadata()?.len() < end {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Self::new(file, path, State { ranges, ..State::default() }))
    }

    /// A file that is already whole, for reading.
    pub fn open_complete(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut ranges = RangeSet::default();
        ranges.insert(0..length);
        Ok(Self::new(file, path, State { ranges, length: Some(length), closed: true, discarded: false }))
    }

    fn new(file: File, path: &Path, state: State) -> Self {
        Self { file, path: path.to_owned(), state: Mutex::new(state), changed: Condvar::new() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes bytes in place; they count once all of them are written. Fails where somebody has removed the file: its bytes
    /// would be taken now and lost with the process.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if !self.is_discarded() {
            if self.file.metadata()?.nlink() == 0 {
                return Err(io::ErrorKind::NotFound.into());
            }
            self.file.write_all_at(bytes, offset)?;
        }
        self.state.lock().ranges.insert(offset..offset + bytes.len() as u64);
        self.changed.notify_all();
        Ok(())
    }

    /// Reads up to `buffer.len()` bytes of what has been received from `offset` on.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.state.lock().ranges.contiguous_end(offset);
        let length = (end - offset).min(buffer.len() as u64) as usize;
        self.file.read_exact_at(&mut buffer[..length], offset)?;
        Ok(length)
    }

    /// Up to 16 bytes of what has been received from `offset` on, and how many there are: enough for any box's header.
    pub fn read16(&self, offset: u64) -> ([u8; 16], usize) {
        let mut head = [0; 16];
        let there = self.read_at(offset, &mut head).unwrap_or(0);
        (head, there)
    }

    /// Whether all of a range has been received.
    pub fn has(&self, range: Range<u64>) -> bool {
        self.state.lock().ranges.contiguous_end(range.start) >= range.end
    }

    pub fn set_length(&self, length: u64) {
        self.state.lock().length = Some(length);
        self.changed.notify_all();
    }

    pub fn length(&self) -> Option<u64> {
        self.state.lock().length
    }

    /// Keeps no more bytes. The sender may go on and is answered as before.
    pub fn discard(&self) {
        self.state.lock().discarded = true;
    }

    /// Gives the disk space back.
    pub fn empty(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    pub fn is_discarded(&self) -> bool {
        self.state.lock().discarded
    }

    /// Ends all waiting: no more bytes will come.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    pub fn is_complete(&self) -> bool {
        let state = self.state.lock();
        state.length.is_some_and(|length| state.ranges.count() == length)
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.state.lock().ranges.count()
    }

    /// What can be read from `offset`, waiting up to `patience` for the first byte.
    pub fn wait(&self, offset: u64, patience: Duration) -> Available {
        let deadline = std::time::Instant::now() + patience;
        let mut state = self.state.lock();
        loop {
            let end = state.ranges.contiguous_end(offset);
            if end > offset {
                return Available::Until(end);
            }
            if state.length.is_some_and(|length| offset >= length) {
                return Available::End;
            }
            if state.closed {
                return Available::Closed;
            }
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                return Available::Nothing;
            }
        }
    }

    /// Waits up to `patience` until more has been received than `known` bytes, or the file is complete or closed.
    pub fn wait_for_more(&self, known: u64, patience: Duration) {
        let deadline = std::time::Instant::now() + patience;
        let mut state = self.state.lock();
        while state.ranges.count() == known && !state.closed && state.length.is_none_or(|l| l != known) {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_there_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::create(&folder.path().join("source")).unwrap();
        let soon = Duration::ZERO;
        spool.write_at(4, b"efgh").unwrap();
        assert_eq!(spool.wait(0, soon), Available::Nothing);
        assert_eq!(spool.wait(4, soon), Available::Until(8));
        spool.write_at(0, b"abcd").unwrap();
        assert_eq!(spool.wait(0, soon), Available::Until(8));
        let mut buffer = [0; 16];
        assert_eq!(spool.read_at(2, &mut buffer).unwrap(), 6);
        assert_eq!(&buffer[..6], b"cdefgh");
        assert!(!spool.is_complete());
        spool.set_length(8);
        assert!(spool.is_complete());
        assert_eq!(spool.wait(8, soon), Available::End);
    }

    #[test]
    fn a_file_that_was_removed_takes_no_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("source");
        let spool = Spool::create(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(spool.write_at(0, b"abcd").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(spool.received(), 0);
        spool.discard();
        spool.write_at(0, b"abcd").unwrap();
        assert_eq!(spool.received(), 4, "they are counted, not kept");
    }

    #[test]
    fn closing_wakes_who_waits() {
        let folder = tempfile::tempdir().unwrap();
        let spool = std::sync::Arc::new(Spool::create(&folder.path().join("source")).unwrap());
        let waiting = std::sync::Arc::clone(&spool);
        let reader = std::thread::spawn(move || waiting.wait(0, Duration::from_secs(60)));
        spool.close();
        assert_eq!(reader.join().unwrap(), Available::Closed);
    }
}
