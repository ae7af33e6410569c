//! Reading a request's parts: path, query, headers. What is wrong is told by field.

use actix_web::{HttpRequest, web};

use super::problem::ApiError;
use crate::error_code::ErrorCode;
use crate::ids::SessionId;
use crate::options::AnalysisOptions;

pub fn session_id(text: &str) -> Result<SessionId, ApiError> {
    text.parse().map_err(|e| ApiError::new(ErrorCode::InvalidSessionId, format!("{e}.")))
}

/// The `{session_id}` of the path.
pub fn path_session_id(request: &HttpRequest) -> Result<SessionId, ApiError> {
    session_id(request.match_info().query("session_id"))
}

/// The query as pairs, in order.
pub fn query(request: &HttpRequest) -> Result<Vec<(String, String)>, ApiError> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = pairs.map_err(|e| ApiError::new(ErrorCode::InvalidRequest, format!("The query could not be read: {e}.")))?;
    Ok(pairs.into_inner())
}

/// `options` with those that the pairs name; other names are left alone.
pub fn options(mut options: AnalysisOptions, pairs: &[(String, String)]) -> Result<AnalysisOptions, ApiError> {
    for (name, value) in pairs {
        options.set(name, value)?;
    }
    Ok(options)
}

/// A whole number without a sign.
pub fn number(field: &str, text: &str) -> Result<u64, ApiError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok() } else { None };
    value.ok_or_else(|| ApiError::field(format!("{field} must be a whole number, not {text:?}.")))
}

/// The id of the last event that an SSE reader has seen.
pub fn last_event_id(request: &HttpRequest) -> Option<u64> {
    request.headers().get("Last-Event-ID")?.to_str().ok()?.parse().ok()
}
