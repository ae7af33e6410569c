//! Sessions as a list, one by one, and their end.

use std::io;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::problem::ApiError;
use super::request;
use super::state::State;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::SessionId;
use crate::options::AnalysisOptions;
use crate::processing::outputs::{self, OutputKind};
use crate::sessions::session::{Session, SessionState};
use crate::sessions::tus::upload::TusUpload;

const MOST_PER_PAGE: u64 = 100;
const LAST_PAGE: u64 = 1_000_000;

#[derive(Serialize)]
struct Snapshot {
    session_id: SessionId,
    state: SessionState,
    filename: Option<String>,
    ext: &'static str,
    /// Seconds since 1970.
    created_at: f64,
    bytes_received: u64,
    chunks_received: u64,
    total_chunks: u64,
    assembled: bool,
    options: AnalysisOptions,
    /// Leads to the result once there is one, and till then says how things are.
    result_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    download_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

fn snapshot(session: &Session) -> Snapshot {
    let received = session.upload.received();
    let created = session.created_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Snapshot {
        session_id: session.id.clone(),
        state: session.state(),
        filename: session.filename.clone(),
        ext: session.extension.as_str(),
        created_at: created.as_millis() as f64 / 1e3,
        bytes_received: session.upload.spool().received(),
        chunks_received: received.chunks,
        total_chunks: session.upload.total_chunks(),
        assembled: received.assembled,
        options: session.options(),
        result_url: format!("/api/sessions/{}/result.mp4", session.id),
        download_url: session.result().map(|id| OutputKind::Video.url(&id)),
        error: session.failure(),
    }
}

#[derive(Serialize)]
struct Page {
    sessions: Vec<Snapshot>,
    total: usize,
    page: u64,
    per_page: u64,
}

/// `GET /api/sessions?page=1&per_page=20`, newest first
pub async fn list(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (mut page, mut per_page) = (1, 20);
    for (name, value) in request::query(&request)? {
        match name.as_str() {
            "page" => page = request::number_in("page", &value, 1..=LAST_PAGE)?,
            "per_page" => per_page = request::number_in("per_page", &value, 1..=MOST_PER_PAGE)?,
            _ => {}
        }
    }
    let mut all = state.registry.list();
    // Parts of files are no files.
    all.retain(|session| !session.upload.tus().is_some_and(TusUpload::is_part));
    let skipped = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
    let sessions = all.iter().skip(skipped).take(per_page as usize).map(|s| snapshot(s)).collect();
    Ok(HttpResponse::Ok().json(Page { sessions, total: all.len(), page, per_page }))
}

/// `GET /api/sessions/{session_id}`
pub async fn get(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let session = find(&state, &request)?;
    session.activity.touch();
    Ok(HttpResponse::Ok().json(snapshot(&session)))
}

/// `DELETE /api/sessions/{session_id}`: stops what runs and removes all files, results included.
pub async fn delete(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let session = find(&state, &request)?;
    end(state, session).await
}

/// Ends a session that somebody does not want any more.
pub async fn end(state: web::Data<State>, session: Arc<Session>) -> Result<HttpResponse, ApiError> {
    let ended = web::block(move || {
        let ended = state.registry.end(&session, Problem::new(ErrorCode::Cancelled, "The analysis was cancelled."));
        let results = session.results();
        let removed = results.iter().map(|id| outputs::remove(&state.results, id)).fold(Ok(()), io::Result::and);
        state.removed(results);
        ended.and(removed)
    });
    let ended = ended.await.map_err(|_| ApiError::new(ErrorCode::Internal, "The session could not be ended at once; it will be."))?;
    ended.map_err(|error| {
        let detail = format!("The session has ended, but not all of its files could be removed: {error}. The server will try again.");
        ApiError::new(ErrorCode::NotRemoved, detail)
    })?;
    Ok(HttpResponse::NoContent().finish())
}

fn find(state: &State, request: &HttpRequest) -> Result<Arc<Session>, ApiError> {
    let id = request::path_session_id(request)?;
    Ok(state.session(&id)?)
}
