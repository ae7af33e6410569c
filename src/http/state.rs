//! What every handler may use.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::budget::Budget;
use super::limiter::Limiter;
use super::problem::ApiError;
use super::seats::Seats;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::{ResultId, SessionId};
use crate::processing::session_run::Analyses;
use crate::sessions::metrics::Counters;
use crate::sessions::registry::{Claim, Registry};
use crate::sessions::session::Session;

/// Results whose removal is remembered; the oldest are forgotten first.
const REMOVED_KEPT: usize = 4096;

/// Bounds of what clients may bring.
#[derive(Clone, Debug)]
pub struct Limits {
    pub chunk_bytes: usize,
    /// Of chunks that are in memory at once.
    pub in_flight_bytes: usize,
    pub file_bytes: u64,
    /// Of a picture that is decoded.
    pub frame_pixels: u64,
    /// Uploads and analyses at once.
    pub sessions: usize,
    /// Analyses that run at once.
    pub running: usize,
    /// That one client may begin; 0 for any number.
    pub sessions_per_minute: u32,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<IpAddr>,
    /// A session ends when nothing happened for this long.
    pub idle_timeout: Duration,
    /// Bytes that must stay free on the disk.
    pub min_free_bytes: u64,
    /// What a client may take to send a request's head, to pause within a body, or to take what it is sent.
    pub client_timeout: Duration,
    /// Silence after which readers of events get a comment.
    pub keepalive: Duration,
    /// How long a reader of events may be ahead of the session it asks for.
    pub appearance: Duration,
}

pub struct State {
    pub registry: Arc<Registry>,
    pub counters: Arc<Counters>,
    pub limits: Limits,
    pub limiter: Limiter,
    pub seats: Seats,
    pub budget: Budget,
    /// Where finished files are.
    pub results: PathBuf,
    /// Held while an archive is made.
    pub packing: tokio::sync::Mutex<()>,
    /// FFmpeg's version, or why it cannot be used.
    pub ffmpeg: Result<String, Problem>,
    /// Or why no analysis can run on this machine.
    analyses: Result<Analyses, Problem>,
    removed: Mutex<VecDeque<ResultId>>,
    /// Whether the models run, once that is known.
    warm: OnceLock<Result<(), Problem>>,
    draining: watch::Sender<bool>,
}

impl State {
    pub fn new(
        registry: Arc<Registry>,
        counters: Arc<Counters>,
        limits: Limits,
        seats: Seats,
        results: PathBuf,
        ffmpeg: Result<String, Problem>,
        analyses: Result<Analyses, Problem>,
    ) -> Self {
        Self {
            registry,
            counters,
            limiter: Limiter::new(limits.sessions_per_minute),
            budget: Budget::new(limits.in_flight_bytes),
            limits,
            seats,
            results,
            packing: tokio::sync::Mutex::default(),
            ffmpeg,
            analyses,
            removed: Mutex::default(),
            warm: OnceLock::new(),
            draining: watch::Sender::new(false),
        }
    }

    /// The means to analyse, or the reason why there are none.
    pub fn analyses(&self) -> Result<&Analyses, Problem> {
        self.analyses.as_ref().map_err(Clone::clone)
    }

    /// The models have run once, or cannot.
    pub fn set_warm(&self, warm: Result<(), Problem>) {
        let _ = self.warm.set(warm);
    }

    /// The server is about to stop: nothing new is taken.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Waits until the server is about to stop.
    pub async fn drained(&self) {
        // The sender lives as long as the state that is borrowed here.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// The session of this name, or why there is none.
    pub fn session(&self, id: &SessionId) -> Result<Arc<Session>, Problem> {
        let found = self.registry.get(id);
        let unknown =
            || Problem::new(ErrorCode::SessionNotFound, "There is no session of this name. It may have ended; upload the video again.");
        found.ok_or_else(|| self.registry.gone(id).unwrap_or_else(unknown))
    }

    /// The session of this name, or else a new one that this client may begin.
    pub fn session_or_new(
        &self,
        id: &SessionId,
        client: IpAddr,
        claim: Claim,
        make: impl FnOnce(PathBuf) -> std::io::Result<Session>,
    ) -> Result<Arc<Session>, ApiError> {
        if self.registry.get(id).is_none() {
            self.admit_from(client)?;
        }
        Ok(self.registry.get_or_create(id, claim, make)?)
    }

    /// Whether this client may have another video analysed now.
    pub fn admit_from(&self, client: IpAddr) -> Result<(), Problem> {
        if self.limiter.admits(client) {
            return Ok(());
        }
        let most = self.limits.sessions_per_minute;
        Err(Problem::new(ErrorCode::RateLimited, format!("More than {most} videos came from your address within a minute. Wait a little.")))
    }

    /// Remembers that results were removed on request.
    pub fn removed(&self, results: Vec<ResultId>) {
        let mut removed = self.removed.lock();
        removed.extend(results);
        let surplus = removed.len().saturating_sub(REMOVED_KEPT);
        removed.drain(..surplus);
    }

    pub fn was_removed(&self, result: &ResultId) -> bool {
        self.removed.lock().contains(result)
    }

    /// Whether new work can be taken, or why not.
    pub fn admit(&self) -> Result<&Analyses, Problem> {
        if self.is_draining() {
            return Err(shutting_down());
        }
        self.analyses()
    }

    /// Whether the server is fit for work, or why not.
    pub fn readiness(&self) -> Result<(), Problem> {
        self.admit()?;
        let loading = || Problem::new(ErrorCode::NotReady, "The models are being loaded. Try again in a moment.");
        self.warm.get().ok_or_else(loading)?.clone()?;
        // A full disk is no answer to a question: the server is there, but not fit for work.
        self.room_for(0).map_err(|problem| Problem::new(ErrorCode::NotReady, problem.detail))
    }

    /// Whether the disk has room for so many more bytes.
    pub fn room_for(&self, bytes: u64) -> Result<(), Problem> {
        match self.registry.usable().and_then(|()| free_bytes(&self.results)) {
            Ok(free) if free < self.limits.min_free_bytes.saturating_add(bytes) => {
                Err(Problem::new(ErrorCode::DiskFull, "The server's disk is full. Try again when space has been freed."))
            }
            Ok(_) => Ok(()),
            Err(error) => Err(Problem::new(ErrorCode::NotReady, format!("The server's data folder cannot be used: {error}."))),
        }
    }
}

pub fn shutting_down() -> Problem {
    Problem::new(ErrorCode::ShuttingDown, "The server is stopping. Try again in a moment.")
}

fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let stats = nix::sys::statvfs::statvfs(path)?;
    Ok(stats.blocks_available() as u64 * stats.fragment_size() as u64)
}
