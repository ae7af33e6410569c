//! `/files/{session_id}`: an upload's offset, its next bytes, its end.

use std::sync::Arc;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    BYTES_OF_FILE, UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, allowed, answered, body, check_version, checksum,
    expires, has_bytes, number, text,
};
use crate::error_code::ErrorCode;
use crate::http::problem::ApiError;
use crate::http::state::State;
use crate::http::{request, sessions};
use crate::sessions::session::Session;
use crate::sessions::tus::Writer;

/// `HEAD /files/{session_id}`: how much is there.
pub async fn head(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    answered(try_head(&state, &request))
}

fn try_head(state: &State, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    check_version(request)?;
    let session = find(state, request)?;
    session.activity.touch();
    let mut response = HttpResponse::Ok();
    response.insert_header((UPLOAD_OFFSET, session.upload.spool().received().to_string()));
    if let Some(tus) = session.upload.tus() {
        match tus.length() {
            Some(length) => response.insert_header((UPLOAD_LENGTH, length.to_string())),
            None => response.insert_header((UPLOAD_DEFER_LENGTH, "1")),
        };
        if let Some(metadata) = tus.metadata() {
            response.insert_header((UPLOAD_METADATA, metadata));
        }
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
    let checksum = text(request, "Upload-Checksum")?.map(checksum::parse).transpose()?;
    let more = number(request, "Content-Length")?.unwrap_or(0);
    let session = find(state, request)?;
    state.admit()?;
    let writer = Writer::begin(&session, offset).ok_or_else(no_upload)?.map_err(|error| body::ended_or(state, error))?;
    session.activity.touch();
    if let Some(told) = told {
        allowed(state, told)?;
        writer.set_length(told)?;
    }
    let end = offset.saturating_add(more);
    allowed(state, end)?;
    if let Some(length) = session.upload.tus().and_then(|t| t.length()).filter(|length| end > *length) {
        let detail = format!("The upload's length is {length} bytes; these would reach to {end}.");
        return Err(ApiError::new(ErrorCode::FileTooLarge, detail));
    }
    state.room_for(more)?;
    body::receive(state, writer, checksum, payload).await?;
    let mut response = HttpResponse::NoContent();
    response.insert_header((UPLOAD_OFFSET, session.upload.spool().received().to_string()));
    if let Some(expires) = expires(state, &session) {
        response.insert_header(expires);
    }
    Ok(response.finish())
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

fn find(state: &State, request: &HttpRequest) -> Result<Arc<Session>, ApiError> {
    let session = state.session(&request::path_session_id(request)?)?;
    if session.upload.tus().is_none() {
        return Err(no_upload());
    }
    Ok(session)
}

fn no_upload() -> ApiError {
    ApiError::new(ErrorCode::SessionNotFound, "The session's file does not come by tus.")
}
