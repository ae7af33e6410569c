//! One upload and its analysis, from the first byte to the removal of the last file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use serde::Serialize;

use super::activity::Activity;
use super::cancel::CancelToken;
use super::events::{EventKind, EventLog, Told};
use super::journal::{self, Description, Journal, Record};
use super::tus::upload::TusUpload;
use super::upload::Upload;
use crate::error_code::Problem;
use crate::ids::{RequestId, ResultId, SessionId};
use crate::ingest::chunks::ChunkLedger;
use crate::ingest::spool::Spool;
use crate::options::AnalysisOptions;
use crate::video::Extension;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Bytes arrive; nothing can be decoded yet.
    Receiving,
    /// Waits for a free place among the running analyses.
    Queued,
    Processing,
    /// All frames are done, the result is being written.
    Finishing,
    Complete,
    Failed,
    Cancelled,
}

impl SessionState {
    pub fn is_over(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Cancelled)
    }
}

/// The spool's name in a session's folder.
pub const SPOOL: &str = "source";

#[derive(Debug)]
pub struct Session {
    pub id: SessionId,
    pub extension: Extension,
    /// What the user calls the file; shown, never a path.
    pub filename: Option<String>,
    pub created_at: SystemTime,
    /// The request that began it; what the analysis logs and tells carries it.
    pub request_id: RequestId,
    pub upload: Upload,
    pub events: EventLog,
    pub activity: Arc<Activity>,
    /// Holds the spool and what the analysis writes on its way; removed with the session.
    folder: PathBuf,
    run: Mutex<Run>,
}

/// The analysis that runs, ran last, or is to come.
#[derive(Debug)]
struct Run {
    state: SessionState,
    options: AnalysisOptions,
    cancel: CancelToken,
    thread: Option<JoinHandle<()>>,
    /// Of every run that completed, the last one's last.
    results: Vec<ResultId>,
    failure: Option<Problem>,
}

impl Session {
    pub fn new(
        id: SessionId,
        extension: Extension,
        filename: Option<String>,
        folder: PathBuf,
        upload: Upload,
        options: AnalysisOptions,
    ) -> Self {
        let cancel = CancelToken::default();
        let run = Run { state: SessionState::Receiving, options, cancel, thread: None, results: Vec::new(), failure: None };
        Self {
            id,
            extension,
            filename,
            created_at: SystemTime::now(),
            request_id: RequestId::random(),
            upload,
            events: EventLog::default(),
            activity: Arc::default(),
            folder,
            run: Mutex::new(run),
        }
    }

    /// A session that outlives the server: what it is told goes into a journal beside its spool.
    pub fn create(id: SessionId, folder: PathBuf, description: Description) -> io::Result<Self> {
        let spool = Arc::new(Spool::create(&folder.join(SPOOL))?);
        let journal = Journal::create(&folder, &description)?;
        let ledger = ChunkLedger::new(description.total_chunks, description.chunk_size, description.file_size);
        let tus = description.tus.map(|tus| TusUpload::new(tus, description.file_size));
        let upload = Upload::new(spool, ledger, Some(journal)).with_tus(tus);
        let session = Self::new(id, description.extension, description.filename, folder, upload, description.options);
        Ok(session.asked_for_by(description.request_id))
    }

    /// The same, begun by a request that has a name.
    pub fn asked_for_by(self, request_id: Option<RequestId>) -> Self {
        Self { request_id: request_id.unwrap_or_else(RequestId::random), ..self }
    }

    /// Takes up a run that completed in an earlier process.
    pub fn restore_end(&mut self, result: ResultId, event: String) {
        let run = self.run.get_mut();
        run.state = SessionState::Complete;
        run.results.push(result);
        self.events.publish(EventKind::Complete, event);
    }

    /// Forgets the end that was restored: another run was asked for after it.
    pub fn restore_repeat(&mut self, options: AnalysisOptions) {
        let run = self.run.get_mut();
        run.state = SessionState::Receiving;
        run.options = options;
        self.events.begin_run();
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn state(&self) -> SessionState {
        self.run.lock().state
    }

    /// A state is only entered by the run that is on: one that was cancelled stays so.
    pub fn enter(&self, state: SessionState) {
        let mut run = self.run.lock();
        if !run.state.is_over() {
            run.state = state;
        }
    }

    pub fn options(&self) -> AnalysisOptions {
        self.run.lock().options.clone()
    }

    /// Other options for a run that has not begun.
    pub fn set_options(&self, options: AnalysisOptions) {
        self.run.lock().options = options;
    }

    /// The newest result.
    pub fn result(&self) -> Option<ResultId> {
        self.run.lock().results.last().cloned()
    }

    /// The results of all runs.
    pub fn results(&self) -> Vec<ResultId> {
        self.run.lock().results.clone()
    }

    pub fn failure(&self) -> Option<Problem> {
        self.run.lock().failure.clone()
    }

    /// Records how the run ended.
    pub fn end_run(&self, outcome: Result<ResultId, Problem>) {
        let mut run = self.run.lock();
        match outcome {
            Ok(result) => {
                run.state = SessionState::Complete;
                run.results.push(result);
            }
            Err(problem) => {
                run.state = if run.cancel.is_cancelled() { SessionState::Cancelled } else { SessionState::Failed };
                run.failure = Some(problem);
            }
        }
    }

    /// Ends the run without a result, and tells its readers why.
    pub fn fail(&self, problem: Problem) {
        let told = serde_json::to_string(&Told { what: &problem, request_id: &self.request_id });
        self.end_run(Err(problem));
        self.events.publish(EventKind::Error, told.unwrap_or_default());
    }

    /// Begins the first run with `start`, which gives the run's thread; nothing happens where one was begun before.
    pub fn begin_run<E>(&self, start: impl FnOnce(CancelToken) -> Result<JoinHandle<()>, E>) -> Result<(), E> {
        let mut run = self.run.lock();
        if run.thread.is_none() && !run.cancel.is_cancelled() {
            run.thread = Some(start(run.cancel.clone())?);
        }
        Ok(())
    }

    /// Begins another run with other options, where the last one completed; false where it cannot.
    pub fn repeat_run<E>(&self, options: AnalysisOptions, start: impl FnOnce(CancelToken) -> Result<JoinHandle<()>, E>) -> Result<bool, E> {
        let mut run = self.run.lock();
        if run.state != SessionState::Complete || run.cancel.is_cancelled() {
            return Ok(false);
        }
        if let Some(done) = run.thread.take() {
            // It has told its end already; only its last instructions are left.
            let _ = done.join();
        }
        if let Err(error) = self.upload.record(&Record::Repeat(options.clone())) {
            tracing::warn!(session = %self.id, %error, "a repetition is not remembered");
        }
        run.options = options;
        run.state = SessionState::Receiving;
        self.events.begin_run();
        run.thread = Some(start(run.cancel.clone())?);
        Ok(true)
    }

    /// Whether an analysis is on its way.
    pub fn is_running(&self) -> bool {
        self.run.lock().thread.as_ref().is_some_and(|t| !t.is_finished())
    }

    /// Whether nobody has shown life for `timeout` while the analysis had to wait for somebody. One that waits for a place, or has all
    /// its bytes, needs no one but the server.
    pub fn is_idle(&self, now: Instant, timeout: Duration) -> bool {
        let is_busy = || self.is_running() && (self.state() == SessionState::Queued || self.upload.received().assembled);
        self.activity.idle_at(now) >= timeout && !is_busy()
    }

    /// Asks the run to stop; does not wait.
    pub fn cancel(&self, reason: Problem) {
        self.run.lock().cancel.cancel(reason);
        self.upload.close();
    }

    /// Stops the run, waits for its thread, and removes the session's files; fails where some cannot be removed. Blocks.
    pub fn end(&self, reason: Problem) -> io::Result<()> {
        self.stop(reason.clone());
        let removed = journal::remove(&self.folder);
        // An analysis has told its end itself; here there was none.
        if !self.state().is_over() {
            self.fail(reason);
        }
        removed
    }

    /// Stops the run and waits for its thread; the files stay, for the session to be taken up by the next process. Blocks.
    pub fn suspend(&self, reason: Problem) {
        self.stop(reason);
        self.events.suspend();
    }

    fn stop(&self, reason: Problem) {
        self.cancel(reason);
        let thread = self.run.lock().thread.take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!(session = %self.id, "the analysis thread panicked");
        }
    }

    /// After a failed run: removes the session's files and gives their space back. Later bytes are counted, not kept.
    pub fn discard(&self) {
        let spool = self.upload.spool();
        spool.discard();
        // In this order: a spool that is emptied but there would be taken for an upload that has just begun.
        if let Err(error) = journal::remove(&self.folder).and_then(|()| spool.empty()) {
            tracing::warn!(session = %self.id, %error, "files of a failed analysis could not be removed; they will be with its session");
        }
    }
}
