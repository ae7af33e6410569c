//! Bytes of a file on their way from the network into its upload.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Bytes, Payload};
use futures_util::StreamExt;

use super::checksum::Checks;
use crate::error_code::ErrorCode;
use crate::http::pace;
use crate::http::problem::ApiError;
use crate::http::state::{State, shutting_down};
use crate::sessions::tus::TusError;
use crate::sessions::tus::writer::Writer;

/// How much of a refused body is read for the client to get to the answer, and for how long.
const DRAINED_BYTES: usize = 4 << 20;
const DRAINED_FOR: Duration = Duration::from_secs(2);

/// Stores a body as it arrives: each read counts at once, so that a connection that breaks loses none. Where there is
/// something to check, nothing counts before all has come and is right.
pub async fn receive(state: &State, mut writer: Writer, mut checks: Checks, body: &mut Payload) -> Result<(), ApiError> {
    let session = Arc::clone(writer.session());
    let mut begun = false;
    let mut received = session.upload.spool().received();
    while let Some(bytes) = next(state, &writer, body).await? {
        received += bytes.len() as u64;
        super::allowed(state, received)?;
        session.activity.touch();
        state.counters.bytes.inc_by(bytes.len() as u64);
        checks.update(&bytes);
        // A page cache write of a network read's size; a thread hop would cost more.
        let stored = if checks.is_empty() { writer.append(&bytes) } else { writer.hold(&bytes) };
        stored.map_err(|error| ended_or(state, error))?;
        if checks.is_empty() && !begun {
            begun = true;
            state.admit()?.start(&session)?;
        }
    }
    if !checks.is_empty() {
        checks.finish()?;
        let (analyses, checked) = (state.admit()?.clone(), Arc::clone(&session));
        // Together: nobody else would start it if the connection broke in between.
        let released = web::block(move || writer.release().map(|()| analyses.start(&checked))).await;
        released.map_err(|_| too_busy())?.map_err(|error| ended_or(state, error))??;
    }
    if session.upload.spool().received() > 0 || session.upload.received().assembled {
        state.admit()?.start(&session)?;
    }
    Ok(())
}

/// No thread took the work.
pub fn too_busy() -> ApiError {
    ApiError::new(ErrorCode::Internal, "The server is too busy to store the bytes. Try again.")
}

/// The next bytes, or why there will be none.
async fn next(state: &State, writer: &Writer, body: &mut Payload) -> Result<Option<Bytes>, ApiError> {
    let next = tokio::select! {
        biased;
        () = writer.ended() => return Err(ended_or(state, TusError::Ended)),
        next = body.next() => next,
    };
    next.transpose().map_err(|e| pace::ended_early("The bytes did not all arrive", &e))
}

/// Why bytes are not taken: a session also ends, for a while, with its server.
pub fn ended_or(state: &State, error: TusError) -> ApiError {
    match (error, state.is_draining()) {
        (TusError::Ended, true) => ApiError(shutting_down()),
        (error, _) => error.into(),
    }
}

/// Reads a little more of a body that was refused, or its sender might meet a closed connection before it reads why.
pub async fn drain(body: &mut Payload) {
    let reading = async {
        let mut read = 0;
        while let Some(Ok(bytes)) = body.next().await {
            read += bytes.len();
            if read > DRAINED_BYTES {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DRAINED_FOR, reading).await;
}
