//! Resumable uploads by tus 1.0.0 (<https://tus.io/protocols/resumable-upload>). An upload is a session like any other: its
//! address is `/files/` and the session's id.

pub mod body;
pub mod checksum;
pub mod concatenation;
pub mod creation;
pub mod metadata;
pub mod upload;

use std::time::SystemTime;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue, HttpDate};
use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::{self, ApiError};
use super::state::State;
use crate::error_code::ErrorCode;
use crate::ingest::checksum::Checksum;
use crate::sessions::session::Session;
use crate::sessions::tus::upload::TusUpload;

pub const VERSION: &str = "1.0.0";
pub const EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation";
/// Of a body that holds bytes of the file.
const BYTES_OF_FILE: &str = "application/offset+octet-stream";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_CONCAT: HeaderName = HeaderName::from_static("upload-concat");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// `OPTIONS` of all addresses: what can be done here. The version need not be named.
pub async fn options(state: web::Data<State>) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((TUS_VERSION, VERSION)).insert_header(("Tus-Extension", EXTENSIONS));
    response.insert_header(("Tus-Max-Size", state.limits.file_bytes.to_string()));
    response.insert_header(("Tus-Checksum-Algorithm", checksum::names().join(",")));
    answered(Ok(response.finish()))
}

/// What every answer tells, errors included.
fn answered(outcome: Result<HttpResponse, ApiError>) -> HttpResponse {
    let mut response = outcome.unwrap_or_else(|error| problem::response(&error.0));
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::PRECONDITION_FAILED {
        headers.insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    }
    response
}

/// Nothing else of a request is looked at where it speaks another version.
fn check_version(request: &HttpRequest) -> Result<(), ApiError> {
    match request.headers().get(TUS_RESUMABLE) {
        Some(version) if version == VERSION => Ok(()),
        _ => Err(ApiError::new(ErrorCode::UnsupportedTusVersion, format!("Send the header Tus-Resumable: {VERSION}."))),
    }
}

/// A header's text; one that is given twice could mean either.
fn text<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut values = request.headers().get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ApiError::field(format!("{name} is given twice.")));
    }
    value.to_str().map(Some).map_err(|_| ApiError::field(format!("{name} has characters beyond ASCII.")))
}

fn number(request: &HttpRequest, name: &str) -> Result<Option<u64>, ApiError> {
    text(request, name)?.map(|text| super::request::number(name, text)).transpose()
}

/// Whether the body is bytes of the file.
fn has_bytes(request: &HttpRequest) -> bool {
    request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == BYTES_OF_FILE)
}

/// A length that this server takes.
fn allowed(state: &State, length: u64) -> Result<(), ApiError> {
    if length <= state.limits.file_bytes {
        return Ok(());
    }
    let detail = format!("The file is larger than {} bytes, the most this server takes.", state.limits.file_bytes);
    Err(ApiError::new(ErrorCode::FileTooLarge, detail))
}

/// Takes what the whole file should be.
fn expect(session: &Session, digests: Vec<Checksum>) -> Result<(), ApiError> {
    if !digests.is_empty() && session.upload.tus().is_some_and(TusUpload::is_part) {
        return Err(ApiError::field("Repr-Digest is for a whole file. Send Content-Digest with a part's bytes."));
    }
    Ok(session.upload.expect(digests)?)
}

/// When an upload will be gone if nobody goes on with it; none where it is whole.
fn expires(state: &State, session: &Session) -> Option<(HeaderName, String)> {
    let whole = session.upload.received().assembled;
    (!whole).then(|| (UPLOAD_EXPIRES, HttpDate::from(SystemTime::now() + state.limits.idle_timeout).to_string()))
}
