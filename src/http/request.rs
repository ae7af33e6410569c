//! Reading a request's parts: path, query, headers. What is wrong is told by field.

use std::ops::RangeInclusive;

use actix_web::http::header;
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

/// The query as pairs, in order, each name once.
pub fn query(request: &HttpRequest) -> Result<Vec<(String, String)>, ApiError> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = pairs.map_err(|e| ApiError::new(ErrorCode::InvalidRequest, format!("The query could not be read: {e}.")))?.into_inner();
    // Two values for one name: whichever was taken, the sender may have meant the other.
    match pairs.iter().enumerate().find(|(i, (name, _))| pairs[..*i].iter().any(|(n, _)| n == name)) {
        Some((_, (name, _))) => Err(ApiError::field(format!("{name} is given twice."))),
        None => Ok(pairs),
    }
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

/// A whole number within a range.
pub fn number_in(field: &str, text: &str, range: RangeInclusive<u64>) -> Result<u64, ApiError> {
    let refused = || ApiError::field(format!("{field} must be a whole number from {} to {}, not {text:?}.", range.start(), range.end()));
    number(field, text).ok().filter(|n| range.contains(n)).ok_or_else(refused)
}

/// How long the body will be, where its sender says so.
pub fn content_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The id of the last event that an SSE reader has seen.
pub fn last_event_id(request: &HttpRequest) -> Option<u64> {
    request.headers().get("Last-Event-ID")?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_name_may_be_given_once() {
        let names = |uri: &str| query(&TestRequest::with_uri(uri).to_http_request()).map(|pairs| pairs.len()).map_err(|e| e.0.code);
        assert_eq!(names("/x?a=1&b=1"), Ok(2));
        assert_eq!(names("/x"), Ok(0));
        assert_eq!(names("/x?a=1&b=2&a=1"), Err(ErrorCode::InvalidField));
    }

    #[test]
    fn numbers_keep_to_their_range() {
        let read = |text| number_in("page", text, 1..=100).map_err(|e| e.0.detail);
        assert_eq!((read("1"), read("100")), (Ok(1), Ok(100)));
        for bad in ["0", "101", "-1", "+1", "1.0", "", "18446744073709551616"] {
            assert_eq!(read(bad), Err(format!("page must be a whole number from 1 to 100, not {bad:?}.")));
        }
    }
}
