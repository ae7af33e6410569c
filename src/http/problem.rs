//! Errors as `application/problem+json` (RFC 9457).

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;

use super::occurrence;
use crate::error_code::{ErrorCode, Problem};
use crate::options::InvalidOption;
use crate::processing::verdict;
use crate::sessions::registry::RegistryError;
use crate::sessions::tus::TusError;
use crate::sessions::upload::UploadError;

/// Seconds after which a client may try again where the server is busy.
const RETRY_AFTER: &str = "5";

/// An error on its way out of a handler.
#[derive(Debug)]
pub struct ApiError(pub Problem);

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    code: ErrorCode,
    #[serde(flatten)]
    members: Members,
}

/// What a problem of a registered type tells beyond its sentence.
pub type Members = serde_json::Map<String, serde_json::Value>;

impl ApiError {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Problem::new(code, detail))
    }

    /// A field that is missing or wrong.
    pub fn field(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidField, detail)
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        response(&self.0)
    }
}

/// The registered type of a problem; most have none (RFC 9457, 4.2).
pub fn kind(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::DigestInvalid => "https://iana.org/assignments/http-problem-types#digest-invalid-values",
        ErrorCode::DigestUnsupported => "https://iana.org/assignments/http-problem-types#digest-unsupported-algorithms",
        ErrorCode::DigestMismatch => "https://iana.org/assignments/http-problem-types#digest-mismatching-values",
        ErrorCode::OffsetConflict => "https://iana.org/assignments/http-problem-types#mismatching-upload-offset",
        _ => "about:blank",
    }
}

/// The answer that tells a problem.
pub fn response(problem: &Problem) -> HttpResponse {
    response_with(problem, Members::new())
}

/// The same with what its type tells beyond.
pub fn response_with(problem: &Problem, members: Members) -> HttpResponse {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::warn!(code = problem.code.as_str(), detail = problem.detail, "answered with an error");
    }
    let (code, detail) = (problem.code, problem.detail.as_str());
    let instance = occurrence::instance();
    let body = Body { kind: kind(code), title: code.title(), status: status.as_u16(), detail, instance, code, members };
    let mut response = HttpResponse::build(status);
    let passing = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
    if passing || problem.code == ErrorCode::ResultNotReady {
        response.insert_header((header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER)));
    }
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
    let mut response = response.json(body);
    // For whoever counts them on their way out.
    response.extensions_mut().insert(problem.code);
    response
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<InvalidOption> for ApiError {
    fn from(error: InvalidOption) -> Self {
        Self::field(format!("{error}."))
    }
}

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Full(_) => Self::new(ErrorCode::TooManySessions, error.to_string()),
            RegistryError::Ending => Self::new(ErrorCode::NotReady, error.to_string()),
            RegistryError::Gone(problem) => Self(problem),
            RegistryError::Io(error) => Self(verdict::storage("The session could not be set up", &error)),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        use crate::ingest::chunks::ChunkError;
        match error {
            UploadError::Chunk(conflict @ ChunkError::Conflict { .. }) => Self::new(ErrorCode::ChunkConflict, format!("{conflict}.")),
            UploadError::Chunk(other) => Self::field(format!("{other}.")),
            UploadError::Digest => Self::new(ErrorCode::SessionConflict, format!("{error}.")),
            UploadError::Io(error) => Self(verdict::storage("The chunk could not be stored", &error)),
        }
    }
}

impl From<TusError> for ApiError {
    fn from(error: TusError) -> Self {
        let code = match error {
            TusError::Locked => ErrorCode::UploadLocked,
            TusError::Offset { .. } => ErrorCode::OffsetConflict,
            TusError::Beyond { .. } => ErrorCode::FileTooLarge,
            TusError::Length { .. } => ErrorCode::InvalidField,
            TusError::Ended => ErrorCode::SessionNotFound,
            TusError::Io(error) => return Self(verdict::storage("The bytes could not be stored", &error)),
        };
        Self::new(code, format!("{error}."))
    }
}

/// For addresses that lead nowhere.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    response(&Problem::new(ErrorCode::NotFound, format!("There is nothing at {}.", request.path())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_told_in_the_same_shape() {
        for code in ErrorCode::ALL {
            let response = response(&Problem::new(*code, "A sentence."));
            let kind = response.headers().get(header::CONTENT_TYPE).unwrap().to_str().unwrap();
            assert_eq!((response.status().as_u16(), kind), (code.status(), "application/problem+json"));
            let passes = matches!(code.status(), 429 | 503) || *code == ErrorCode::ResultNotReady;
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), passes, "{code:?}");
            let body = actix_web::rt::System::new().block_on(actix_web::body::to_bytes(response.into_body())).unwrap();
            let told = serde_json::json!({
                "type": super::kind(*code), "title": code.title(), "status": code.status(), "detail": "A sentence.", "code": code.as_str()
            });
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), told);
        }
    }
}
