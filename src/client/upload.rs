//! One video from here to its result's description, over any number of interruptions.

use tokio::sync::watch;

use super::api::{Server, UploadState};
use super::failure::Failure;
use super::fingerprint::session_id;
use super::following::follow;
use super::retry::{self, persist};
use super::sending::Sending;
use super::source::{CHUNK_SIZE, Source};

/// Sessions of one fingerprint that may have failed before.
const MOST_ATTEMPTS: u32 = 1000;

#[derive(Clone, Debug)]
pub struct Settings {
    /// Chunks on their way at once.
    pub parallel: usize,
    /// The analysis options that were given, as the server names them.
    pub options: Vec<(&'static str, String)>,
}

/// How far an upload is; a snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// The server has taken a chunk: there is a session to follow.
    pub begun: bool,
    pub bytes_sent: u64,
    /// Bytes that were there before.
    pub bytes_found: u64,
    pub bytes_total: u64,
    /// Of the analysis.
    pub frames_done: u64,
    pub frames_total: Option<u64>,
    /// The last attempt to reach the server failed.
    pub disconnected: bool,
}

impl Progress {
    pub fn bytes_there(&self) -> u64 {
        (self.bytes_found + self.bytes_sent).min(self.bytes_total)
    }
}

/// Sends the video, or what is missing of it, and follows its analysis. Gives the `complete` object as the server wrote it.
pub async fn upload(server: &Server, source: &Source, settings: &Settings, progress: &watch::Sender<Progress>) -> Result<String, Failure> {
    let fingerprint = source.fingerprint(server.base(), &settings.options)?;
    let (id, state) = find(server, &fingerprint).await?;
    let received = state.as_ref().map(|s| s.received.clone()).unwrap_or_default();
    let found = received.iter().map(|[from, to]| (to + 1).saturating_sub(*from) * CHUNK_SIZE).sum::<u64>().min(source.size);
    let begun = state.is_some();
    progress.send_replace(Progress { begun, bytes_found: found, bytes_total: source.size, ..Progress::default() });
    if found > 0 {
        let there: u64 = received.iter().map(|[from, to]| to + 1 - from).sum();
        tracing::info!("going on where the last upload stopped: {there} of {} chunks are there", source.total_chunks());
    }
    let sending = Sending { server, source, id: &id, settings, progress };
    let assembled = state.is_some_and(|s| s.assembled);
    tokio::select! {
        // The analysis may fail, or be complete, while bytes are on their way: that is the end.
        ended = follow(server, &id, progress) => ended,
        failure = async {
            let sent = if assembled { Ok(()) } else { sending.send(received).await };
            match sent {
                Ok(()) => std::future::pending().await,
                Err(failure) => failure,
            }
        } => Err(failure),
    }
}

/// The session to go on with, or a name for a new one.
async fn find(server: &Server, fingerprint: &str) -> Result<(String, Option<UploadState>), Failure> {
    let mut most = retry::AT_FIRST;
    for attempt in 0..MOST_ATTEMPTS {
        let id = session_id(fingerprint, attempt);
        let asked = persist(most, async || server.upload_state(&id).await).await;
        // It has answered: from now on it is worth waiting for.
        most = retry::LATER;
        match asked {
            Ok(state) if matches!(state.state.as_str(), "failed" | "cancelled") => {}
            Ok(state) => return Ok((id, Some(state))),
            Err(Failure::Refused { status: 404, told, .. }) if told.code == "SESSION_NOT_FOUND" => return Ok((id, None)),
            Err(Failure::Refused { status: 410, .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Err(Failure::Forgetful)
}
