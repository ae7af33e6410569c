//! Ends what nobody uses any more: idle sessions, results past their time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::registry::Registry;
use super::session::Session;
use crate::error_code::{ErrorCode, Problem};

#[derive(Clone, Debug)]
pub struct ReaperSettings {
    pub step: Duration,
    /// A session ends when nothing happened for this long.
    pub idle_timeout: Duration,
    /// Result files live this long after they were written.
    pub result_lifetime: Duration,
    pub results: PathBuf,
    /// Sessions that could not be read; they are removed after the same time.
    pub quarantine: PathBuf,
}

/// The thread that takes a step now and then; dropping it ends the thread.
#[derive(Debug)]
pub struct Reaper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reaper {
    pub fn start(registry: Arc<Registry>, settings: ReaperSettings) -> std::io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let thread = std::thread::Builder::new().name("reaper".to_owned()).spawn(move || {
            while stopped.recv_timeout(settings.step) == Err(RecvTimeoutError::Timeout) {
                step(&registry, &settings, Instant::now(), SystemTime::now());
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One look around; times are given, so that a test need not wait.
pub fn step(registry: &Registry, settings: &ReaperSettings, now: Instant, wall: SystemTime) {
    let is_idle = |session: &Session| session.is_idle(now, settings.idle_timeout);
    let reason = || Problem::new(ErrorCode::SessionExpired, "The session was idle for too long and has ended. Upload the video again.");
    // Ending one takes its time, in which another one may come back to life.
    let idle = registry.list().into_iter().map(|session| (registry.end_if(&session, reason(), is_idle), session));
    let surplus = registry.surplus().into_iter().map(|session| (registry.end(&session, reason()), session));
    for (ended, session) in idle.chain(surplus) {
        match ended {
            Ok(true) => tracing::info!(session = %session.id, "ended after being idle"),
            Ok(false) => {}
            Err(error) => tracing::warn!(session = %session.id, %error, "ended after being idle, but files of it are left"),
        }
    }
    registry.sweep();
    let results = expired(&settings.results, settings.result_lifetime, wall);
    let quarantine = expired(&settings.quarantine, settings.result_lifetime, wall);
    for path in results.into_iter().chain(quarantine) {
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        match removed {
            Ok(()) => tracing::info!(path = %path.display(), "removed what was past its time"),
            Err(error) => tracing::warn!(path = %path.display(), %error, "what is past its time could not be removed"),
        }
    }
}

fn expired(folder: &Path, lifetime: Duration, wall: SystemTime) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let old = |entry: &std::fs::DirEntry| {
        let changed = entry.metadata().ok().and_then(|m| m.modified().ok());
        changed.and_then(|t| wall.duration_since(t).ok()).is_some_and(|age| age >= lifetime)
    };
    entries.flatten().filter(old).map(|e| e.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SessionId;
    use crate::ingest::chunks::ChunkLedger;
    use crate::ingest::spool::Spool;
    use crate::options::AnalysisOptions;
    use crate::sessions::cancel::CancelToken;
    use crate::sessions::registry::Claim;
    use crate::sessions::session::SessionState;
    use crate::sessions::upload::Upload;
    use crate::video::Extension;

    fn open(data: &tempfile::TempDir, most: usize) -> std::io::Result<Registry> {
        Registry::open(data.path().join("sessions"), &data.path().join("results"), &data.path().join("quarantine"), most)
    }

    fn add(registry: &Registry, name: &str) -> Arc<Session> {
        let id: SessionId = name.parse().unwrap();
        let make = |folder: PathBuf| {
            let spool = Arc::new(Spool::create(&folder.join("source"))?);
            let upload = Upload::new(spool, ChunkLedger::new(1, None, None), None);
            Ok(Session::new(id.clone(), Extension::Mp4, None, folder, upload, AnalysisOptions::default()))
        };
        registry.get_or_create(&id, Claim::default(), make).unwrap()
    }

    fn settings(data: &tempfile::TempDir) -> ReaperSettings {
        ReaperSettings {
            step: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(600),
            result_lifetime: Duration::from_secs(3600),
            results: data.path().join("results"),
            quarantine: data.path().join("quarantine"),
        }
    }

    #[test]
    fn only_what_is_idle_goes_and_it_goes_with_its_files() {
        let data = tempfile::tempdir().unwrap();
        let registry = open(&data, 8).unwrap();
        let results = data.path().join("results");
        std::fs::create_dir(&results).unwrap();
        std::fs::write(results.join("old.mp4"), b"x").unwrap();
        let settings = settings(&data);
        let idle = add(&registry, "idle");
        let watched = add(&registry, "watched");
        let _reader = watched.activity.reader();
        let (now, wall) = (Instant::now(), SystemTime::now());
        step(&registry, &settings, now + Duration::from_secs(599), wall);
        assert_eq!(registry.list().len(), 2);
        step(&registry, &settings, now + Duration::from_secs(601), wall + Duration::from_secs(3601));
        assert_eq!(registry.list().iter().map(|s| s.id.as_str().to_owned()).collect::<Vec<_>>(), ["watched"]);
        let gone = |session: &Session| registry.gone(&session.id).map(|problem| problem.code);
        assert_eq!((gone(&idle), gone(&watched)), (Some(ErrorCode::SessionExpired), None));
        assert!(!idle.folder().exists() && watched.folder().exists());
        assert!(!results.join("old.mp4").exists());
    }

    #[test]
    fn what_waits_for_the_server_is_not_idle() {
        let data = tempfile::tempdir().unwrap();
        let registry = open(&data, 8).unwrap();
        let [queued, assembled, starved] = ["queued", "assembled", "starved"].map(|name| add(&registry, name));
        for session in [&queued, &assembled, &starved] {
            let run = |cancel: CancelToken| std::thread::Builder::new().spawn(move || assert!(cancel.signal().recv().is_err()));
            session.begin_run(run).unwrap();
        }
        queued.enter(SessionState::Queued);
        assembled.enter(SessionState::Processing);
        assembled.upload.take(0, b"x".to_vec()).unwrap();
        starved.enter(SessionState::Processing);
        step(&registry, &settings(&data), Instant::now() + Duration::from_secs(601), SystemTime::now());
        let left: Vec<_> = registry.list().iter().map(|s| s.id.to_string()).collect();
        assert!(left.contains(&queued.id.to_string()) && left.contains(&assembled.id.to_string()) && left.len() == 2, "{left:?}");
        let cancelled = || Problem::new(ErrorCode::Cancelled, "The test is over.");
        assert!(registry.list().iter().all(|session| registry.end(session, cancelled()).unwrap()));
    }

    #[test]
    fn who_comes_back_to_life_while_another_one_is_ended_stays() {
        let data = tempfile::tempdir().unwrap();
        let registry = open(&data, 8).unwrap();
        // The newest comes first.
        let [second, first] = ["second", "first"].map(|name| add(&registry, name));
        let (seat, seats) = bounded(1);
        let activity = Arc::clone(&second.activity);
        let run = |cancel: CancelToken| {
            std::thread::Builder::new().spawn(move || {
                assert!(cancel.signal().recv().is_err());
                seat.send(activity.reader()).unwrap();
            })
        };
        first.begin_run(run).unwrap();
        let (now, timeout) = (Instant::now() + Duration::from_secs(601), settings(&data).idle_timeout);
        assert!(first.is_idle(now, timeout) && second.is_idle(now, timeout));
        step(&registry, &settings(&data), now, SystemTime::now());
        assert_eq!(registry.list().iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["second"]);
        drop(seats);
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let data = tempfile::tempdir().unwrap();
        let registry = open(&data, 1).unwrap();
        let first = add(&registry, "first");
        let refused = registry.get_or_create(&"second".parse().unwrap(), Claim::default(), |_| unreachable!("no place for it"));
        assert!(refused.is_err());
        first.end_run(Err(Problem::new(ErrorCode::NoFrames, "none")));
        add(&registry, "second");
    }
}
