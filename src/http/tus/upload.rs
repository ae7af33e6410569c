//! `/files/{session_id}`: an upload's offset, its next bytes, its end.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};

use super::checksum::Checks;
use super::{
    BYTES_OF_FILE, UPLOAD_CONCAT, UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, allowed, answered, body,
    check_version, concatenation, expect, expires, has_bytes, number,
};
use crate::error_code::ErrorCode;
use crate::http::problem::ApiError;
use crate::http::state::State;
use crate::http::{digest, problem, request, sessions};
use crate::sessions::journal::TusDescription;
use crate::sessions::session::Session;
use crate::sessions::tus::TusError;
use crate::sessions::tus::concatenation::Concatenation;
use crate::sessions::tus::writer::Writer;

/// `HEAD /files/{session_id}`: how much is there.
pub async fn head(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    answered(try_head(&state, &request))
}

fn try_head(state: &State, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    check_version(request)?;
    let session = find(state, request)?;
    session.activity.touch();
    let mut response = HttpResponse::Ok();
    let Some(tus) = session.upload.tus() else { return Err(no_upload()) };
    // A file whose parts are still being put together has no offset to go on from.
    if !is_final(&session) || session.upload.received().assembled {
        response.insert_header((UPLOAD_OFFSET, session.upload.spool().received().to_string()));
    }
    match tus.length() {
        Some(length) => response.insert_header((UPLOAD_LENGTH, length.to_string())),
        None => response.insert_header((UPLOAD_DEFER_LENGTH, "1")),
    };
    let TusDescription { metadata, concatenation } = tus.description();
    if let Some(metadata) = metadata {
        response.insert_header((UPLOAD_METADATA, metadata.as_str()));
    }
    if let Some(concatenation) = concatenation {
        response.insert_header((UPLOAD_CONCAT, concatenation::header(concatenation)));
    }
    if let Some(expires) = expires(state, &session) {
        response.insert_header(expires);
    }
    Ok(response.finish())
}

/// `PATCH /files/{session_id}`: the bytes from the offset on.
pub async fn patch(state: web::Data<State>, request: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let outcome = try_patch(&state, &request, &mut payload).await;
    if outcome.is_err() {
        body::drain(&mut payload).await;
    }
    answered(outcome)
}

async fn try_patch(state: &State, request: &HttpRequest, payload: &mut web::Payload) -> Result<HttpResponse, ApiError> {
    check_version(request)?;
    if !has_bytes(request) {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, format!("Send the bytes as {BYTES_OF_FILE}.")));
    }
    let offset = number(request, "Upload-Offset")?.ok_or_else(|| ApiError::field("Upload-Offset is missing."))?;
    let told = number(request, "Upload-Length")?;
    let checks = Checks::read(request)?;
    let digests = digest::read(request, "Repr-Digest")?;
    let more = number(request, "Content-Length")?.unwrap_or(0);
    let session = find(state, request)?;
    if is_final(&session) {
        return Err(ApiError::new(ErrorCode::UploadFinal, "The upload is put together from others and takes no bytes of its own."));
    }
    state.admit()?;
    let writer = match Writer::begin(&session, offset).ok_or_else(no_upload)? {
        Err(error @ TusError::Offset { expected, got }) => {
            body::drain(payload).await;
            return Ok(offset_conflict(error, expected, got));
        }
        begun => begun.map_err(|error| body::ended_or(state, error))?,
    };
    session.activity.touch();
    let end = offset.saturating_add(more);
    allowed(state, end.max(told.unwrap_or(0)))?;
    state.room_for(more)?;
    expect(&session, digests)?;
    if let Some(told) = told {
        writer.set_length(told)?;
    }
    if let Some(length) = session.upload.tus().and_then(|t| t.length()).filter(|length| end > *length) {
        let detail = format!("The upload's length is {length} bytes; these would reach to {end}.");
        return Err(ApiError::new(ErrorCode::FileTooLarge, detail));
    }
    body::receive(state, writer, checks, payload).await?;
    let mut response = HttpResponse::NoContent();
    response.insert_header((UPLOAD_OFFSET, session.upload.spool().received().to_string()));
    if let Some(expires) = expires(state, &session) {
        response.insert_header(expires);
    }
    Ok(response.finish())
}

/// The answer to bytes for another offset, with what the client needs to go on.
fn offset_conflict(error: TusError, expected: u64, got: u64) -> HttpResponse {
    let members = [("expected-offset", expected), ("provided-offset", got)].map(|(name, offset)| (name.to_owned(), offset.into()));
    let mut response = problem::response_with(&ApiError::from(error).0, members.into_iter().collect());
    response.headers_mut().insert(UPLOAD_OFFSET, expected.into());
    response
}

/// `DELETE /files/{session_id}`: stops what runs and removes all files.
pub async fn delete(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    answered(try_delete(state, &request).await)
}

async fn try_delete(state: web::Data<State>, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    check_version(request)?;
    let session = find(&state, request)?;
    sessions::end(state, session).await
}

/// `POST /files/{session_id}`: another method, for clients that may not send it.
pub async fn overridden(state: web::Data<State>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let meant = request.headers().get("X-HTTP-Method-Override").map(|m| Method::from_bytes(m.as_bytes()));
    match meant {
        Some(Ok(Method::PATCH)) => patch(state, request, payload).await,
        Some(Ok(Method::DELETE)) => delete(state, request).await,
        Some(Ok(Method::HEAD)) => head(state, request).await,
        _ => {
            let detail = "Send PATCH, or POST with X-HTTP-Method-Override: PATCH.";
            let mut response = answered(Err(ApiError::new(ErrorCode::MethodNotAllowed, detail)));
            response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("OPTIONS, HEAD, PATCH, DELETE"));
            response
        }
    }
}

/// The upload of the path. One whose time is over is gone, whether or not it has been removed yet.
fn find(state: &State, request: &HttpRequest) -> Result<Arc<Session>, ApiError> {
    let id = request::path_session_id(request)?;
    let session = match state.session(&id) {
        Err(gone) if gone.code == ErrorCode::SessionExpired => return Err(expired()),
        found => found?,
    };
    if session.upload.tus().is_none() {
        return Err(no_upload());
    }
    if session.is_idle(Instant::now(), state.limits.idle_timeout) {
        return Err(expired());
    }
    Ok(session)
}

fn is_final(session: &Session) -> bool {
    session.upload.tus().is_some_and(|tus| matches!(tus.description().concatenation, Some(Concatenation::Final(_))))
}

fn expired() -> ApiError {
    ApiError::new(ErrorCode::UploadExpired, "The upload was not gone on with until it expired. Begin a new one.")
}

fn no_upload() -> ApiError {
    ApiError::new(ErrorCode::SessionNotFound, "The session's file does not come by tus.")
}
