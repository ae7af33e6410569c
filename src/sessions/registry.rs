//! All sessions by name, with a bound on how many there are.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::unistd::{AccessFlags, access};
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::gone::Gone;
use super::journal;
use super::restore::restore;
use super::session::Session;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::SessionId;

/// Ended sessions that are remembered, so that late readers get their result; the oldest are forgotten first.
const ENDED_KEPT: usize = 1000;

/// How long a session's first chunks wait for the one of them that makes its folder.
const MAKING: Duration = Duration::from_secs(30);

/// By what right a request asks for a session that may have to be made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claim {
    /// When a request came that begins a file, and so may take the name of a session that is gone; a late one that would
    /// only go on may not.
    pub begun: Option<Instant>,
    /// As many others soon make place for it, and must not keep it out.
    pub replaces: usize,
}

#[derive(Debug)]
pub struct Registry {
    names: Mutex<Names>,
    /// A session has been made, or could not be.
    made: Condvar,
    lost: usize,
    /// Where each session gets a folder of its own.
    folder: PathBuf,
    max_active: usize,
    /// Counts arrivals, so that a reader can wait for a session to appear.
    arrivals: watch::Sender<u64>,
}

/// What there is of each name; files are made and removed without this lock.
#[derive(Debug, Default)]
struct Names {
    sessions: HashMap<SessionId, Arc<Session>>,
    making: HashSet<SessionId>,
    ending: HashSet<SessionId>,
    gone: Gone,
}

impl Names {
    /// Keeps a name from being taken while what is left of its last session is removed; false where it is taken already.
    fn begin_sweep(&mut self, id: &SessionId) -> bool {
        !self.sessions.contains_key(id) && !self.making.contains(id) && self.ending.insert(id.clone())
    }

    fn active(&self) -> usize {
        self.sessions.values().filter(|s| !s.state().is_over()).count()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("All {0} places for uploads are taken. Try again in a minute.")]
    Full(usize),
    #[error("The last session of this name is still being ended. Try again in a moment.")]
    Ending,
    #[error(transparent)]
    Gone(Problem),
    #[error("The session could not be set up: {0}")]
    Io(#[from] std::io::Error),
}

impl Registry {
    /// Takes up what an earlier process left in `folder`; what cannot be read is moved to `quarantine` and remembered as lost.
    pub fn open(folder: PathBuf, results: &Path, quarantine: &Path, max_active: usize) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let mut names = Names::default();
        let mut lost = 0;
        for path in journal::folders(&folder)? {
            if !journal::is_there(&path) {
                // Nobody was ever answered for it, it was sent in one piece and cannot go on, or it has ended.
                if let Err(error) = journal::remove(&path) {
                    tracing::warn!(path = %path.display(), %error, "what is left of a session cannot be removed");
                }
                continue;
            }
            match restore(&path, results) {
                Ok(session) => {
                    names.sessions.insert(session.id.clone(), Arc::new(session));
                }
                Err(error) => {
                    let name = path.file_name().unwrap_or_default();
                    tracing::error!(session = %name.display(), %error, "a session could not be taken up again; it is in quarantine");
                    std::fs::create_dir_all(quarantine)?;
                    let place = quarantine.join(name);
                    let _ = std::fs::remove_dir_all(&place);
                    std::fs::rename(&path, place)?;
                    lost += 1;
                    if let Ok(id) = name.to_string_lossy().parse() {
                        let reason = "The session was damaged when the server stopped. Upload the video again.";
                        names.gone.insert(id, &Problem::new(ErrorCode::SessionLost, reason), Instant::now());
                    }
                }
            }
        }
        let arrivals = watch::Sender::new(0);
        Ok(Self { names: Mutex::new(names), made: Condvar::new(), lost, folder, max_active, arrivals })
    }

    /// Why there is no session of this name any more, for some minutes after its end.
    pub fn gone(&self, id: &SessionId) -> Option<Problem> {
        self.names.lock().gone.get(id, Instant::now()).cloned()
    }

    /// How many sessions could not be read at the last start.
    pub fn lost(&self) -> usize {
        self.lost
    }

    /// Whether sessions can be made and written, or why not: their folder may be gone, or on a disk that is read-only.
    pub fn usable(&self) -> std::io::Result<()> {
        if !std::fs::metadata(&self.folder)?.is_dir() {
            return Err(std::io::ErrorKind::NotADirectory.into());
        }
        Ok(access(&self.folder, AccessFlags::W_OK | AccessFlags::X_OK)?)
    }

    pub fn get(&self, id: &SessionId) -> Option<Arc<Session>> {
        self.names.lock().sessions.get(id).cloned()
    }

    /// The session of this name; made by `make`, given a fresh folder, where there is none.
    pub fn get_or_create(
        &self,
        id: &SessionId,
        claim: Claim,
        make: impl FnOnce(PathBuf) -> std::io::Result<Session>,
    ) -> Result<Arc<Session>, RegistryError> {
        if let Some(there) = self.reserve(id, claim)? {
            return Ok(there);
        }
        let reserved = Reserved { registry: self, id };
        let folder = self.folder.join(id.as_str());
        // What could not be removed with the last session of this name is none of the next one's.
        journal::remove(&folder).map_err(|_| RegistryError::Ending)?;
        std::fs::create_dir(&folder)?;
        let session = make(folder.clone()).inspect_err(|_| {
            let _ = std::fs::remove_dir_all(&folder);
        })?;
        let session = Arc::new(session);
        {
            let mut names = self.names.lock();
            names.gone.remove(id);
            names.sessions.insert(id.clone(), Arc::clone(&session));
        }
        drop(reserved);
        self.arrivals.send_modify(|n| *n += 1);
        Ok(session)
    }

    /// The session that is there, or else the right to make it. Waits for who is making it now.
    fn reserve(&self, id: &SessionId, claim: Claim) -> Result<Option<Arc<Session>>, RegistryError> {
        let deadline = Instant::now() + MAKING;
        let mut names = self.names.lock();
        while names.making.contains(id) {
            if self.made.wait_until(&mut names, deadline).timed_out() {
                return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
            }
        }
        if let Some(session) = names.sessions.get(id) {
            return Ok(Some(Arc::clone(session)));
        }
        if let Some(problem) = names.gone.forbids(id, claim.begun) {
            return Err(RegistryError::Gone(problem.clone()));
        }
        if names.ending.contains(id) {
            return Err(RegistryError::Ending);
        }
        if names.active() + names.making.len() >= self.max_active + claim.replaces {
            return Err(RegistryError::Full(self.max_active));
        }
        names.making.insert(id.clone());
        Ok(None)
    }

    /// Waits until a session of this name is there.
    pub async fn appear(&self, id: &SessionId, patience: Duration) -> Option<Arc<Session>> {
        let mut arrivals = self.arrivals.subscribe();
        let waiting = async {
            loop {
                if let Some(session) = self.get(id) {
                    return Some(session);
                }
                arrivals.changed().await.ok()?;
            }
        };
        tokio::time::timeout(patience, waiting).await.ok().flatten()
    }

    /// Takes a session out, stops its run and removes its files; its name is free when they are gone. False where somebody
    /// else has ended it. Fails where it has ended, but files of it are left, which `sweep` tries again. Blocks.
    pub fn end(&self, session: &Arc<Session>, reason: Problem) -> std::io::Result<bool> {
        self.end_if(session, reason, |_| true)
    }

    /// The same, if `still` holds at the moment from which nobody else can get the session; false where it does not.
    pub fn end_if(&self, session: &Arc<Session>, reason: Problem, still: impl FnOnce(&Session) -> bool) -> std::io::Result<bool> {
        {
            let mut names = self.names.lock();
            if !names.sessions.get(&session.id).is_some_and(|s| Arc::ptr_eq(s, session) && still(s)) {
                return Ok(false);
            }
            names.sessions.remove(&session.id);
            names.gone.insert(session.id.clone(), &reason, Instant::now());
            names.ending.insert(session.id.clone());
        }
        let removed = session.end(reason);
        self.names.lock().ending.remove(&session.id);
        removed.map(|()| true)
    }

    /// Removes what is left of sessions that have ended. Blocks.
    pub fn sweep(&self) {
        let folders = journal::folders(&self.folder).unwrap_or_default();
        let names = folders.iter().filter_map(|path| path.file_name()?.to_str()?.parse::<SessionId>().ok());
        for id in names.filter(|id| self.names.lock().begin_sweep(id)) {
            match journal::remove(&self.folder.join(id.as_str())) {
                Ok(()) => tracing::info!(session = %id, "removed what was left of it"),
                Err(error) => tracing::warn!(session = %id, %error, "what is left of an ended session cannot be removed"),
            }
            self.names.lock().ending.remove(&id);
        }
    }

    /// All sessions, newest first.
    pub fn list(&self) -> Vec<Arc<Session>> {
        let mut list: Vec<_> = self.names.lock().sessions.values().cloned().collect();
        list.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
        list
    }

    /// Ended sessions beyond what is remembered.
    pub fn surplus(&self) -> Vec<Arc<Session>> {
        self.list().into_iter().filter(|session| session.state().is_over()).skip(ENDED_KEPT).collect()
    }

    pub fn active(&self) -> usize {
        self.names.lock().active()
    }
}

/// A name that is being made, until this is dropped.
struct Reserved<'a> {
    registry: &'a Registry,
    id: &'a SessionId,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.registry.names.lock().making.remove(self.id);
        self.registry.made.notify_all();
    }
}
