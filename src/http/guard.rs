//! What is true of every answer, and which requests are refused before any handler.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;

use super::assets::CONTENT_SECURITY_POLICY;
use super::problem;
use super::state::State;
use crate::error_code::{ErrorCode, Problem};
use crate::sessions::metrics::Refusal;

/// Refuses what another site's page sends in its visitor's name, and adds the headers that keep browsers careful.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if reads || is_own_origin(request.headers()) {
        next.call(request).await?.map_into_left_body()
    } else {
        let refusal = Problem::new(ErrorCode::ForbiddenOrigin, "Pages of other sites may not send requests to this server.");
        request.into_response(problem::response(&refusal)).map_into_right_body()
    };
    let code = response.response().extensions().get::<ErrorCode>().copied();
    if let (Some(code), Some(state)) = (code, response.request().app_data::<web::Data<State>>().cloned()) {
        state.counters.problems.get_or_create(&Refusal { code: code.as_str() }).inc();
        if code == ErrorCode::RateLimited {
            state.limiter.tell(response.headers_mut());
        }
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Browsers tell the page's origin with every request that changes something, and most where it comes from; programs tell
/// neither.
fn is_own_origin(headers: &HeaderMap) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Some(host) = headers.get(header::HOST).and_then(|h| h.to_str().ok()) else { return false };
    let Ok(origin) = origin.to_str() else { return false };
    let told = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    told.is_some_and(|told| told.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_page_and_programs_pass() {
        let passes = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            is_own_origin(&headers)
        };
        assert!(passes(None) && passes(Some("http://127.0.0.1:8080")));
        for foreign in
            ["null", "http://evil.example", "http://127.0.0.1:80801", "http://x127.0.0.1:8080", "http://127.0.0.1:8080.evil.example"]
        {
            assert!(!passes(Some(foreign)), "{foreign}");
        }
    }
}
