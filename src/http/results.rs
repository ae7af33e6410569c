//! Finished files, by their own name or by their session's.

use std::fs::{File, Metadata};
use std::io;
use std::time::UNIX_EPOCH;

use actix_web::http::header::{DispositionType, EntityTag};
use actix_web::{HttpRequest, HttpResponse, web};

use super::download::{Content, Download, Version, named};
use super::problem::ApiError;
use super::request;
use super::state::State;
use crate::error_code::ErrorCode;
use crate::ids::ResultId;
use crate::processing::outputs::OutputKind;
use crate::processing::{archive, verdict};

/// `GET` and `HEAD /uploads/results/{file}`
pub async fn get(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (id, ending) = request.match_info().query("file").split_once('.').ok_or_else(not_found)?;
    let id = id.parse().map_err(|_| not_found())?;
    send(&state, &request, id, ending).await
}

/// `GET` and `HEAD /api/sessions/{session_id}/result.{ending}`: the newest result, for clients that follow no events.
pub async fn of_session(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let session = state.session(&request::path_session_id(&request)?)?;
    session.activity.touch();
    match (session.result().filter(|_| session.state().is_over()), session.failure()) {
        (Some(id), _) => send(&state, &request, id, request.match_info().query("ending")).await,
        (None, Some(failure)) => Err(failure.into()),
        (None, None) => Err(ApiError::new(ErrorCode::ResultNotReady, "The video is still being analysed. Try again in a moment.")),
    }
}

fn not_found() -> ApiError {
    ApiError::new(ErrorCode::ResultNotFound, "There is no such result. Results are removed after a while; analyse the video again.")
}

async fn send(state: &State, request: &HttpRequest, id: ResultId, ending: &str) -> Result<HttpResponse, ApiError> {
    if state.was_removed(&id) {
        return Err(ApiError::new(ErrorCode::ResultGone, "The result was removed with its session. Analyse the video again."));
    }
    let kind = OutputKind::ALL.into_iter().find(|kind| kind.ending() == ending).ok_or_else(not_found)?;
    let session = state.registry.list().into_iter().find(|s| s.results().contains(&id));
    if let Some(session) = &session {
        session.activity.touch();
    }
    let stem = session.and_then(|s| s.filename.clone()).map(|n| n.rsplit_once('.').map_or(n.clone(), |(stem, _)| stem.to_owned()));
    let saved_as = format!("{}.annotated.{ending}", stem.unwrap_or_else(|| format!("sightline-{id}")));
    let file = match File::open(state.results.join(kind.file_name(&id))) {
        Err(_) if kind == OutputKind::Archive => archive(state, id.clone()).await?,
        file => file.map_err(|_| not_found())?,
    };
    let metadata = file.metadata().map_err(|_| not_found())?;
    let version = version(&id, &metadata).map_err(|_| not_found())?;
    let content = Content::File(file, 0..metadata.len());
    let disposition = named(DispositionType::Attachment, saved_as);
    Ok(Download { content, media_type: kind.media_type(), disposition, version }.answer(request))
}

/// A result is written once; its archive may be packed anew.
fn version(id: &ResultId, metadata: &Metadata) -> io::Result<Version> {
    let modified = metadata.modified()?;
    let nanos = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let tag = EntityTag::new_strong(format!("{id}-{:x}-{nanos:x}", metadata.len()));
    Ok(Version { tag, modified: Some(modified.into()) })
}

/// Packs the archive, one at a time: it is as large as the video.
async fn archive(state: &State, id: ResultId) -> Result<File, ApiError> {
    let _turn = state.packing.lock().await;
    let folder = state.results.clone();
    let packed = web::block(move || {
        let path = folder.join(OutputKind::Archive.file_name(&id));
        File::open(&path).or_else(|_| archive::build(&folder, &id).and_then(|()| File::open(&path)))
    });
    match packed.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(verdict::storage("The archive could not be made", &error).into()),
        _ => Err(not_found()),
    }
}
