//! A session's analysis on a thread of its own, its course told as events.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::job::{self, Job, Observer, Outputs};
use super::progress::{Pace, Progress};
use super::resources::Resources;
use super::results::ResultPaths;
use super::summary::Complete;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::ResultId;
use crate::options::AnalysisOptions;
use crate::sessions::cancel::CancelToken;
use crate::sessions::events::EventKind;
use crate::sessions::session::{Session, SessionState};

/// Starts analyses of sessions; cheap to clone.
#[derive(Clone)]
pub struct Analyses {
    resources: Resources,
    results: Arc<Path>,
}

impl Analyses {
    /// `results` is the folder where finished files go.
    pub fn new(resources: Resources, results: &Path) -> Self {
        Self { resources, results: results.into() }
    }

    /// Starts the session's analysis unless one is on. `options` ask for a repetition with other ones.
    pub fn start(&self, session: &Arc<Session>, options: Option<AnalysisOptions>) -> Result<(), Problem> {
        let started = session.begin_run(options, |cancel| {
            let (analyses, session) = (self.clone(), Arc::clone(session));
            let short: String = session.id.as_str().chars().take(8).collect();
            std::thread::Builder::new().name(format!("job-{short}")).spawn(move || analyses.run(&session, &cancel))
        });
        started.map_err(|e| Problem::new(ErrorCode::Internal, format!("The analysis could not be started: {e}.")))
    }

    fn run(&self, session: &Session, cancel: &CancelToken) {
        let id = ResultId::random();
        let job = self.job(session, &id);
        let mut reporter = Reporter { session };
        // A panic must end the session with an error, not leave its readers waiting.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job::run(&self.resources, &job, cancel, &mut reporter)));
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Problem::new(ErrorCode::Internal, "The analysis stopped because of a fault in the server. Its log has more."))
        });
        let outcome = outcome.and_then(|finished| {
            let complete = Complete::new(&id, finished.summary);
            serde_json::to_string(&complete).map_err(|e| Problem::new(ErrorCode::Internal, format!("The result could not be told: {e}.")))
        });
        session.activity.touch();
        match outcome {
            Ok(complete) => {
                tracing::info!(session = %session.id, result = %id, "analysis complete");
                session.end_run(Ok(id));
                session.events.publish(EventKind::Complete, complete);
            }
            Err(problem) => {
                tracing::info!(session = %session.id, code = problem.code.as_str(), detail = problem.detail, "analysis ended");
                if let Err(error) = session.upload.spool().discard() {
                    tracing::warn!(session = %session.id, %error, "the spool could not be emptied");
                }
                session.remove_files();
                let data = serde_json::to_string(&problem).unwrap_or_default();
                session.end_run(Err(problem));
                session.events.publish(EventKind::Error, data);
            }
        }
    }

    fn job(&self, session: &Session, id: &ResultId) -> Job {
        let file = |ending: &str| -> Option<PathBuf> { Some(self.results.join(format!("{id}.{ending}"))) };
        Job {
            spool: Arc::clone(session.upload.spool()),
            filename: session.filename.clone(),
            options: session.options(),
            outputs: Outputs { video: file("mp4"), results: ResultPaths { jsonl: file("jsonl"), csv: file("csv") } },
            scratch: session.folder().to_owned(),
        }
    }
}

struct Reporter<'a> {
    session: &'a Session,
}

impl Observer for Reporter<'_> {
    fn entered(&mut self, state: SessionState) {
        self.session.activity.touch();
        self.session.enter(state);
    }

    fn frame_done(&mut self, _pace: &Pace) {
        self.session.activity.touch();
    }

    fn progress(&mut self, progress: Progress) {
        match serde_json::to_string(&progress) {
            Ok(data) => self.session.events.publish(EventKind::Progress, data),
            Err(error) => tracing::error!(%error, "a progress event could not be written"),
        }
    }

    fn wants_previews(&self) -> bool {
        true
    }
}
