//! All sessions by name, with a bound on how many there are.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::journal;
use super::restore::restore;
use super::session::Session;
use crate::ids::SessionId;

/// Ended sessions that are remembered, so that late readers get their result; the oldest are forgotten first.
const ENDED_KEPT: usize = 1000;
/// Names of sessions that ended by being idle; the oldest are forgotten first.
const EXPIRED_KEPT: usize = 1000;

#[derive(Debug)]
pub struct Registry {
    sessions: Mutex<HashMap<SessionId, Arc<Session>>>,
    lost: HashSet<SessionId>,
    expired: Mutex<VecDeque<SessionId>>,
    /// Where each session gets a folder of its own.
    folder: PathBuf,
    max_active: usize,
    /// Counts arrivals, so that a reader can wait for a session to appear.
    arrivals: watch::Sender<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("All {0} places for uploads are taken. Try again in a minute.")]
    Full(usize),
    #[error("The session could not be set up: {0}")]
    Io(#[from] std::io::Error),
}

impl Registry {
    /// Takes up what an earlier process left in `folder`; what cannot be read is moved to `quarantine` and remembered as lost.
    pub fn open(folder: PathBuf, results: &Path, quarantine: &Path, max_active: usize) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let mut sessions = HashMap::new();
        let mut lost = HashSet::new();
        for path in journal::folders(&folder)? {
            if !journal::is_there(&path) {
                // Nobody was ever answered for it, or it was sent in one piece and cannot go on.
                std::fs::remove_dir_all(&path)?;
                continue;
            }
            match restore(&path, results) {
                Ok(session) => {
                    sessions.insert(session.id.clone(), Arc::new(session));
                }
                Err(error) => {
                    let name = path.file_name().unwrap_or_default();
                    tracing::error!(session = %name.display(), %error, "a session could not be taken up again; it is in quarantine");
                    std::fs::create_dir_all(quarantine)?;
                    let place = quarantine.join(name);
                    let _ = std::fs::remove_dir_all(&place);
                    std::fs::rename(&path, place)?;
                    lost.extend(name.to_string_lossy().parse::<SessionId>().ok());
                }
            }
        }
        Ok(Self { sessions: Mutex::new(sessions), lost, expired: Mutex::default(), folder, max_active, arrivals: watch::Sender::new(0) })
    }

    /// Whether a session of this name was there before the last start and could not be read.
    pub fn is_lost(&self, id: &SessionId) -> bool {
        self.lost.contains(id)
    }

    /// How many sessions could not be read at the last start.
    pub fn lost(&self) -> usize {
        self.lost.len()
    }

    pub fn get(&self, id: &SessionId) -> Option<Arc<Session>> {
        self.sessions.lock().get(id).cloned()
    }

    /// The session of this name; made by `make`, given a fresh folder, where there is none.
    pub fn get_or_create(
        &self,
        id: &SessionId,
        make: impl FnOnce(PathBuf) -> std::io::Result<Session>,
    ) -> Result<Arc<Session>, RegistryError> {
        self.get_or_replace(id, 0, make)
    }

    /// The same for one that soon takes the place of so many others, which must not keep it out.
    pub fn get_or_replace(
        &self,
        id: &SessionId,
        others: usize,
        make: impl FnOnce(PathBuf) -> std::io::Result<Session>,
    ) -> Result<Arc<Session>, RegistryError> {
        let mut sessions = self.sessions.lock();
        if let Some(session) = sessions.get(id) {
            return Ok(Arc::clone(session));
        }
        let active = sessions.values().filter(|s| !s.state().is_over()).count();
        if active >= self.max_active + others {
            return Err(RegistryError::Full(self.max_active));
        }
        let folder = self.folder.join(id.as_str());
        std::fs::create_dir(&folder)?;
        let session = match make(folder.clone()) {
            Ok(session) => Arc::new(session),
            Err(error) => {
                let _ = std::fs::remove_dir_all(&folder);
                return Err(error.into());
            }
        };
        sessions.insert(id.clone(), Arc::clone(&session));
        drop(sessions);
        self.arrivals.send_modify(|n| *n += 1);
        Ok(session)
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

    /// Takes a session out, if it is still this one; the caller ends it.
    pub fn remove(&self, session: &Arc<Session>) -> bool {
        let mut sessions = self.sessions.lock();
        let same = sessions.get(&session.id).is_some_and(|s| Arc::ptr_eq(s, session));
        if same {
            sessions.remove(&session.id);
        }
        same
    }

    /// The same for one that was idle for too long; its name is remembered.
    pub fn expire(&self, session: &Arc<Session>) -> bool {
        let removed = self.remove(session);
        if removed {
            let mut expired = self.expired.lock();
            expired.truncate(EXPIRED_KEPT - 1);
            expired.push_front(session.id.clone());
        }
        removed
    }

    /// Whether a session of this name ended by being idle.
    pub fn is_expired(&self, id: &SessionId) -> bool {
        self.expired.lock().contains(id)
    }

    /// All sessions, newest first.
    pub fn list(&self) -> Vec<Arc<Session>> {
        let mut list: Vec<_> = self.sessions.lock().values().cloned().collect();
        list.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
        list
    }

    /// Sessions that have been idle for `timeout`, and ended ones beyond what is remembered.
    pub fn due(&self, now: Instant, timeout: Duration) -> Vec<Arc<Session>> {
        let mut ended = 0;
        let due = |session: &Arc<Session>| {
            ended += usize::from(session.state().is_over());
            session.activity.idle_at(now) >= timeout || ended > ENDED_KEPT && session.state().is_over()
        };
        self.list().into_iter().filter(due).collect()
    }

    pub fn active(&self) -> usize {
        self.sessions.lock().values().filter(|s| !s.state().is_over()).count()
    }
}
