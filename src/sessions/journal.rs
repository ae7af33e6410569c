//! What a session must remember if the server is killed: a description, written once, and a record of each chunk and of the
//! end, appended after the fact. A record that was torn by the kill is the last one, and does not count.
//!
//! Nothing is forced to the disk (`fsync`): the kernel keeps what was written when a process is killed. After a power cut the
//! last seconds may be missing, and a chunk whose bytes are not all there makes the session start over.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::tus::concatenation::Concatenation;
use crate::ids::RequestId;
use crate::ingest::checksum::Checksum;
use crate::ingest::chunks::Digest;
use crate::options::AnalysisOptions;
use crate::video::Extension;

const DESCRIPTION: &str = "session.json";
const RECORDS: &str = "journal";
/// Times that a folder is emptied while requests that are ending add to it.
const ATTEMPTS: usize = 8;
/// Of the two files' format; another one is not read.
const VERSION: u32 = 1;

/// What a session's first request said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    pub version: u32,
    pub extension: Extension,
    pub filename: Option<String>,
    pub total_chunks: u64,
    pub chunk_size: Option<u64>,
    pub file_size: Option<u64>,
    /// Of an upload by tus: one piece that may come in parts. Where its bytes end is told by the spool's length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tus: Option<TusDescription>,
    pub options: AnalysisOptions,
    /// The request that began the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// Milliseconds since 1970.
    pub created_at_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TusDescription {
    /// As its creator sent it.
    pub metadata: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concatenation: Option<Concatenation>,
}

impl Description {
    pub const fn version() -> u32 {
        VERSION
    }
}

/// A thing that has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// These bytes are in the spool.
    Chunk { index: u64, offset: u64, length: u64, digest: Digest },
    /// The length of a file that was not known when its upload by tus began.
    Length(u64),
    /// What the whole file should be.
    Digest(Vec<Checksum>),
    /// Another analysis was asked for, with these options.
    Repeat(AnalysisOptions),
    /// The analysis is done; `event` is what readers were told.
    Complete { result: String, event: String },
}

#[derive(Debug)]
pub struct Journal {
    /// One writer at a time, so that records do not mix.
    records: Mutex<Records>,
}

#[derive(Debug)]
struct Records {
    file: File,
    /// Bytes of whole records.
    whole: u64,
}

impl Records {
    /// Adds a record whole or not at all: behind one that a full disk has torn, no other would ever be read.
    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.len() > self.whole {
            self.file.set_len(self.whole)?;
        }
        self.file.write_all(line)?;
        self.whole += line.len() as u64;
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the session's description cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("the session's description is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    #[error("the session was written by another version ({0})")]
    Version(u32),
}

impl Journal {
    /// Begins a session's journal in its folder.
    pub fn create(folder: &Path, description: &Description) -> io::Result<Self> {
        let records = OpenOptions::new().create_new(true).append(true).open(folder.join(RECORDS))?;
        // The description comes last and at once: a folder without one was never answered for.
        let partial = folder.join("session.json.part");
        std::fs::write(&partial, serde_json::to_vec(description)?)?;
        std::fs::rename(partial, folder.join(DESCRIPTION))?;
        Ok(Self::new(records, 0))
    }

    /// Goes on with the journal of an earlier process.
    pub fn reopen(folder: &Path) -> io::Result<Self> {
        let records = OpenOptions::new().append(true).open(folder.join(RECORDS))?;
        let whole = records.metadata()?.len();
        Ok(Self::new(records, whole))
    }

    fn new(file: File, whole: u64) -> Self {
        Self { records: Mutex::new(Records { file, whole }) }
    }

    /// Adds a record.
    pub fn append(&self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.records.lock().add(&line)
    }
}

/// The folders of sessions that an earlier process left.
pub fn folders(sessions: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(sessions)?.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    Ok(found)
}

/// Whether a session in this folder was ever answered for.
pub fn is_there(folder: &Path) -> bool {
    folder.join(DESCRIPTION).exists()
}

/// Removes a session's folder, if it is there. Its description goes first: of whatever cannot be removed, the next process makes no
/// session.
pub fn remove(folder: &Path) -> io::Result<()> {
    gone(std::fs::remove_file(folder.join(DESCRIPTION)))?;
    let mut removed = gone(std::fs::remove_dir_all(folder));
    for _ in 1..ATTEMPTS {
        match removed {
            // A request that was on its way has just added a file.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => removed = gone(std::fs::remove_dir_all(folder)),
            other => return other,
        }
    }
    removed
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// What a folder tells of its session. Records are read up to the first one that is not whole; what is behind it is cut off,
/// so that the next one can be added.
pub fn read(folder: &Path) -> Result<(Description, Vec<Record>), JournalError> {
    let description: Description = serde_json::from_slice(&std::fs::read(folder.join(DESCRIPTION))?)?;
    if description.version != VERSION {
        return Err(JournalError::Version(description.version));
    }
    let path = folder.join(RECORDS);
    let text = std::fs::read(&path)?;
    let (records, whole) = parse(&text);
    if whole < text.len() {
        OpenOptions::new().write(true).open(&path)?.set_len(whole as u64)?;
    }
    Ok((description, records))
}

/// The whole records at the beginning of a journal, and how many bytes they are.
fn parse(text: &[u8]) -> (Vec<Record>, usize) {
    let mut records = Vec::new();
    let mut whole = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        match line.strip_suffix(b"\n").map(serde_json::from_slice) {
            Some(Ok(record)) => records.push(record),
            _ => break,
        }
        whole += line.len();
    }
    (records, whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn description() -> Description {
        Description {
            version: VERSION,
            extension: Extension::Mov,
            filename: Some("a \"b\".mov".into()),
            total_chunks: 3,
            chunk_size: None,
            file_size: Some(25),
            tus: None,
            options: AnalysisOptions { confidence: 0.3, ..Default::default() },
            request_id: Some("r-1".parse().unwrap()),
            created_at_ms: 7,
        }
    }

    fn chunk(index: u64) -> Record {
        Record::Chunk { index, offset: index * 10, length: 10, digest: [index as u8; 32] }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), &description()).unwrap();
        let end = Record::Complete { result: "0123456789ab".into(), event: "{\"a\":\"\\n\"}".into() };
        let records = [chunk(2), chunk(0), Record::Repeat(AnalysisOptions::default()), end];
        records[..2].iter().for_each(|r| journal.append(r).unwrap());
        drop(journal);
        let again = Journal::reopen(folder.path()).unwrap();
        records[2..].iter().for_each(|r| again.append(r).unwrap());
        assert_eq!(read(folder.path()).unwrap(), (description(), records.to_vec()));
    }

    #[test]
    fn a_record_behind_a_torn_one_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), &description()).unwrap();
        journal.append(&chunk(0)).unwrap();
        // As a disk leaves it that becomes full in the middle of a write.
        OpenOptions::new().append(true).open(folder.path().join(RECORDS)).unwrap().write_all(b"{\"chunk\":").unwrap();
        journal.append(&chunk(1)).unwrap();
        assert_eq!(read(folder.path()).unwrap().1, [chunk(0), chunk(1)]);
    }

    #[test]
    fn damage_and_other_versions_are_told() {
        let folder = tempfile::tempdir().unwrap();
        Journal::create(folder.path(), &Description { version: 9, ..description() }).unwrap();
        assert!(matches!(read(folder.path()), Err(JournalError::Version(9))));
        for rubbish in ["", "{", "null", "{\"version\":1}"] {
            std::fs::write(folder.path().join(DESCRIPTION), rubbish).unwrap();
            assert!(matches!(read(folder.path()), Err(JournalError::Damaged(_))), "{rubbish:?}");
        }
    }

    proptest! {
        #[test]
        fn a_torn_journal_gives_its_whole_records_and_goes_on(count in 0u64..6, cut in 0usize..1000) {
            let folder = tempfile::tempdir().unwrap();
            let journal = Journal::create(folder.path(), &description()).unwrap();
            (0..count).for_each(|i| journal.append(&chunk(i)).unwrap());
            let path = folder.path().join(RECORDS);
            let text = std::fs::read(&path).unwrap();
            let cut = cut.min(text.len());
            std::fs::write(&path, &text[..cut]).unwrap();
            let (_, records) = read(folder.path()).unwrap();
            let whole = text[..cut].iter().filter(|b| **b == b'\n').count();
            prop_assert_eq!(records.len(), whole);
            Journal::reopen(folder.path()).unwrap().append(&chunk(9)).unwrap();
            let (_, records) = read(folder.path()).unwrap();
            prop_assert_eq!(records.last(), Some(&chunk(9)));
        }
    }
}
