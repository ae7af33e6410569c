//! A session's analysis on a thread of its own, its course told as events.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::integrity;
use super::job::{Job, Observer};
use super::outputs::Outputs;
use super::processor;
use super::progress::{Pace, Progress};
use super::resources::Resources;
use super::run;
use super::summary::Complete;
use super::verdict;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::ResultId;
use crate::options::{AnalysisOptions, Blur, ModelChoice};
use crate::pipeline::analyzer::Analyzer;
use crate::sessions::cancel::CancelToken;
use crate::sessions::events::{EventKind, Told};
use crate::sessions::journal::Record;
use crate::sessions::metrics::{Counters, Outcome};
use crate::sessions::session::{Session, SessionState};
use crate::sessions::tus::upload::TusUpload;
use crate::vision::manifest::Task;

/// Starts analyses of sessions; cheap to clone.
#[derive(Clone)]
pub struct Analyses {
    resources: Resources,
    results: Arc<Path>,
    counters: Arc<Counters>,
}

impl Analyses {
    /// `results` is the folder where finished files go.
    pub fn new(resources: Resources, results: &Path, counters: Arc<Counters>) -> Self {
        Self { resources, results: results.into(), counters }
    }

    pub fn resources(&self) -> &Resources {
        &self.resources
    }

    /// Whether the models that the options name are there, told before a byte is sent for nothing.
    pub fn check(&self, options: &AnalysisOptions) -> Result<(), Problem> {
        let models = self.resources.catalog.models();
        for (choice, task) in [(&options.detector, Task::Detect), (&options.pose, Task::Pose)] {
            let ModelChoice::Named(name) = choice else { continue };
            if !models.iter().any(|m| m.name == *name && m.task == task) {
                let known: Vec<&str> = models.iter().filter(|m| m.task == task).map(|m| m.name.as_str()).collect();
                let detail = format!("There is no model {name:?} for {}. There are: {}.", task.word(), known.join(", "));
                return Err(Problem::new(ErrorCode::UnknownModel, detail));
            }
        }
        if !options.classes.is_empty() || options.blur != Blur::None {
            // Only a loaded model knows its classes; it is loaded once for all sessions.
            Analyzer::new(&self.resources.catalog, options).map_err(|e| processor::refusal(&e))?;
        }
        Ok(())
    }

    /// Starts the session's analysis; nothing happens where it was started before, nor to a part of a file.
    pub fn start(&self, session: &Arc<Session>) -> Result<(), Problem> {
        if session.upload.tus().is_some_and(TusUpload::is_part) {
            return Ok(());
        }
        session.begin_run(|cancel| self.spawn(session, cancel)).map_err(not_started)
    }

    /// Analyses a complete session again with other options; false where its last analysis is not complete.
    pub fn repeat(&self, session: &Arc<Session>, options: AnalysisOptions) -> Result<bool, Problem> {
        session.repeat_run(options, |cancel| self.spawn(session, cancel)).map_err(not_started)
    }

    fn spawn(&self, session: &Arc<Session>, cancel: CancelToken) -> std::io::Result<JoinHandle<()>> {
        let (analyses, session) = (self.clone(), Arc::clone(session));
        let short: String = session.id.as_str().chars().take(8).collect();
        let span = tracing::info_span!("job", session = %session.id, request = %session.request_id);
        std::thread::Builder::new().name(format!("job-{short}")).spawn(move || span.in_scope(|| analyses.run(&session, &cancel)))
    }

    fn run(&self, session: &Session, cancel: &CancelToken) {
        tracing::info!("analysis begins");
        let id = ResultId::random();
        let job = self.job(session, &id);
        let mut reporter = Reporter { session, counters: &self.counters };
        // A panic must end the session with an error, not leave its readers waiting.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run::run(&self.resources, &job, cancel, &mut reporter)));
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Problem::new(ErrorCode::Internal, "The analysis stopped because of a fault in the server. Its log has more."))
        });
        // Damage on the way explains whatever came of it.
        let outcome = outcome.or_else(|problem| reporter.arrived(cancel).and(Err(problem)));
        let outcome = outcome.and_then(|finished| {
            let complete = Complete::new(&id, finished.summary);
            serde_json::to_string(&Told { what: &complete, request_id: &session.request_id })
                .map_err(|e| Problem::new(ErrorCode::Internal, format!("The result could not be told: {e}.")))
        });
        session.activity.touch();
        let word = outcome.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "complete");
        self.counters.analyses.get_or_create(&Outcome { outcome: word }).inc();
        match outcome {
            Ok(complete) => {
                // Remembered before it is told: who was told finds it after a kill.
                let record = Record::Complete { result: id.to_string(), event: complete.clone() };
                if let Err(error) = session.upload.record(&record) {
                    tracing::warn!(%error, "the end of an analysis is not remembered");
                }
                tracing::info!(result = %id, "analysis complete");
                session.end_run(Ok(id));
                session.events.publish(EventKind::Complete, complete);
            }
            // The files stay, and the next process begins this run again.
            Err(problem) if problem.code == ErrorCode::ShuttingDown && session.upload.is_resumable() => session.end_run(Err(problem)),
            Err(problem) => {
                tracing::info!(code = problem.code.as_str(), detail = problem.detail, "analysis ended");
                session.discard();
                session.fail(problem);
            }
        }
    }

    fn job(&self, session: &Session, id: &ResultId) -> Job {
        Job {
            spool: Arc::clone(session.upload.spool()),
            filename: session.filename.clone(),
            options: session.options(),
            outputs: Outputs::all(&self.results, id.as_str()),
            scratch: session.folder().to_owned(),
            keeps_encoded: true,
        }
    }
}

fn not_started(error: std::io::Error) -> Problem {
    verdict::storage("The analysis could not be started", &error)
}

struct Reporter<'a> {
    session: &'a Session,
    counters: &'a Counters,
}

impl Observer for Reporter<'_> {
    fn entered(&mut self, state: SessionState) {
        self.session.activity.touch();
        self.session.enter(state);
    }

    fn frame_done(&mut self, _pace: &Pace) {
        self.counters.frames.inc();
        self.session.activity.touch();
    }

    fn progress(&mut self, progress: Progress) {
        match serde_json::to_string(&Told { what: &progress, request_id: &self.session.request_id }) {
            Ok(data) => self.session.events.publish(EventKind::Progress, data),
            Err(error) => tracing::error!(%error, "a progress event could not be written"),
        }
    }

    fn wants_from(&mut self, offset: Option<u64>) {
        self.session.upload.want_from(offset);
    }

    fn arrived(&mut self, cancel: &CancelToken) -> Result<(), Problem> {
        let upload = &self.session.upload;
        if upload.spool().is_complete() { integrity::check(upload.spool(), upload.expected(), cancel) } else { Ok(()) }
    }

    fn wants_previews(&self) -> bool {
        true
    }
}
