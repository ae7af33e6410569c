//! Takes up the sessions that an earlier process left, however it ended.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::journal::{self, Journal, JournalError, Record};
use super::session::{SPOOL, Session};
use super::tus::upload::TusUpload;
use super::upload::{Upload, UploadError};
use crate::ids::{InvalidSessionId, SessionId};
use crate::ingest::chunks::ChunkLedger;
use crate::ingest::ranges::RangeSet;
use crate::ingest::spool::Spool;

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("its folder has no session's name")]
    Name(#[from] InvalidSessionId),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("its upload cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("its upload is damaged: {0}")]
    Upload(#[from] UploadError),
}

/// The session of a folder, as far as it had come. A run that was on has to be begun again; one that completed stays
/// complete if its result is still in `results`.
pub fn restore(folder: &Path, results: &Path) -> Result<Session, RestoreError> {
    let id: SessionId = folder.file_name().unwrap_or_default().to_string_lossy().parse()?;
    let (description, records) = journal::read(folder)?;
    let mut ledger = ChunkLedger::new(description.total_chunks, description.chunk_size, description.file_size);
    let mut ranges = RangeSet::default();
    let mut length = None;
    for record in &records {
        if let Record::Chunk { index, offset, length: bytes, digest } = record {
            ledger.restore(*index, *bytes, *digest);
            ranges.insert(*offset..offset.saturating_add(*bytes));
            if index + 1 == description.total_chunks {
                length = Some(offset.saturating_add(*bytes));
            }
        }
    }
    let tus = description.tus.map(|tus| {
        let told = records.iter().find_map(|r| if let Record::Length(length) = r { Some(*length) } else { None });
        TusUpload::new(tus, description.file_size.or(told))
    });
    if let Some(tus) = &tus {
        // Its spool is only ever added to: what is in it was sent, answered for or not.
        let stored = std::fs::metadata(folder.join(SPOOL))?.len();
        ranges.insert(0..stored);
        if tus.length() == Some(stored) && !tus.is_part() {
            ledger.done(0);
            length = tus.length();
        }
    }
    let spool = Spool::reopen(&folder.join(SPOOL), ranges)?;
    if let Some(length) = length {
        spool.set_length(length);
    }
    let upload = Upload::new(Arc::new(spool), ledger, Some(Journal::reopen(folder)?)).with_tus(tus);
    upload.restore_held()?;
    let digest = records.iter().find_map(|r| if let Record::Digest(digest) = r { Some(digest.clone()) } else { None });
    upload.restore_expected(digest.unwrap_or_default());
    let session = Session::new(id, description.extension, description.filename, folder.to_owned(), upload, description.options);
    let mut session = session.asked_for_by(description.request_id);
    session.created_at = UNIX_EPOCH + Duration::from_millis(description.created_at_ms);
    for record in records {
        match record {
            Record::Chunk { .. } | Record::Length(_) | Record::Digest(_) => {}
            Record::Repeat(options) => session.restore_repeat(options),
            Record::Complete { result, event } => {
                if let Ok(result) = result.parse()
                    && results.join(format!("{result}.mp4")).exists()
                {
                    session.restore_end(result, event);
                }
            }
        }
    }
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ResultId;
    use crate::options::AnalysisOptions;
    use crate::sessions::events::{EventKind, Next};
    use crate::sessions::journal::Description;
    use crate::sessions::session::SessionState;
    use crate::sessions::upload::Received;
    use crate::video::Extension;

    struct Data {
        root: tempfile::TempDir,
    }

    impl Data {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(root.path().join("sessions/s-1")).unwrap();
            std::fs::create_dir_all(root.path().join("results")).unwrap();
            Self { root }
        }

        fn create(&self) -> Session {
            let description = Description {
                version: Description::version(),
                extension: Extension::Mp4,
                filename: None,
                total_chunks: 3,
                chunk_size: None,
                file_size: None,
                tus: None,
                options: AnalysisOptions::default(),
                request_id: None,
                created_at_ms: 5,
            };
            Session::create("s-1".parse().unwrap(), self.root.path().join("sessions/s-1"), description).unwrap()
        }

        fn restore(&self) -> Result<Session, RestoreError> {
            restore(&self.root.path().join("sessions/s-1"), &self.root.path().join("results"))
        }
    }

    #[test]
    fn an_upload_goes_on_where_it_was() {
        let data = Data::new();
        let session = data.create();
        session.upload.take(2, b"ef".to_vec()).unwrap();
        drop(session);
        let session = data.restore().unwrap();
        assert_eq!(session.upload.received(), Received { chunks: 0, assembled: false }, "its place is not known yet");
        session.upload.take(0, b"aabb".to_vec()).unwrap();
        drop(session);
        let session = data.restore().unwrap();
        assert_eq!(session.upload.received(), Received { chunks: 2, assembled: false });
        assert!(session.upload.take(0, b"xxxx".to_vec()).is_err(), "other bytes conflict as before");
        session.upload.take(1, b"ccdd".to_vec()).unwrap();
        assert!(session.upload.spool().is_complete());
        assert_eq!(std::fs::read(session.folder().join(SPOOL)).unwrap(), b"aabbccddef");
        assert_eq!(session.state(), SessionState::Receiving);
    }

    #[test]
    fn a_complete_session_stays_so_while_its_result_is_there() {
        let data = Data::new();
        let session = data.create();
        let result = ResultId::random();
        session.upload.record(&Record::Complete { result: result.to_string(), event: "{}".into() }).unwrap();
        drop(session);
        assert_eq!(data.restore().unwrap().state(), SessionState::Receiving, "it must be analysed again");
        std::fs::write(data.root.path().join(format!("results/{result}.mp4")), b"x").unwrap();
        let session = data.restore().unwrap();
        assert_eq!((session.state(), session.result()), (SessionState::Complete, Some(result)));
        session.upload.record(&Record::Repeat(AnalysisOptions { debug: true, ..Default::default() })).unwrap();
        drop(session);
        let session = data.restore().unwrap();
        assert_eq!((session.state(), session.options().debug), (SessionState::Receiving, true));
    }

    #[test]
    fn the_restored_end_is_none_that_a_reader_has_seen() {
        let data = Data::new();
        let session = data.create();
        session.events.publish(EventKind::Progress, "{}");
        let mut reader = session.events.bookmark(session.events.newest().map(|e| e.id));
        let result = ResultId::random();
        session.upload.record(&Record::Complete { result: result.to_string(), event: "the end".into() }).unwrap();
        std::fs::write(data.root.path().join(format!("results/{result}.mp4")), b"x").unwrap();
        drop(session);
        let session = data.restore().unwrap();
        assert_eq!(session.events.next(&mut reader), Next::Reset);
        assert!(matches!(session.events.next(&mut reader), Next::Event(event) if &*event.data == "the end"));
    }

    #[test]
    fn a_spool_shorter_than_its_journal_is_refused() {
        let data = Data::new();
        let session = data.create();
        session.upload.take(0, b"aabb".to_vec()).unwrap();
        std::fs::write(session.folder().join(SPOOL), b"aa").unwrap();
        drop(session);
        assert!(matches!(data.restore(), Err(RestoreError::Io(_))));
    }
}
