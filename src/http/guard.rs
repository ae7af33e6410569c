//! What is true of every answer, and which requests are refused before any handler.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

use super::assets::CONTENT_SECURITY_POLICY;
use super::problem;
use crate::error_code::{ErrorCode, Problem};

/// Refuses what another site's page sends in its visitor's name, and adds the headers that keep browsers careful.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if reads || is_own_origin(request.headers()) {
        next.call(request).await?.map_into_left_body()
    } else {
        let detail = "Pages of other sites may not send requests to this server.";
        request.into_response(problem::response(&Problem::new(ErrorCode::ForbiddenOrigin, detail))).map_into_right_body()
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Browsers tell the page's origin with every request that changes something; programs tell none.
fn is_own_origin(headers: &HeaderMap) -> bool {
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

    #[actix_web::test]
    async fn a_refusal_has_the_headers_of_every_answer() {
        use actix_web::{App, HttpResponse, middleware::from_fn, test, web};
        let app = App::new().wrap(from_fn(guard)).default_service(web::to(|| async { HttpResponse::Ok().body("in") }));
        let app = test::init_service(app).await;
        for (origin, status) in [("http://evil.example", 403), ("http://here", 200)] {
            let request = test::TestRequest::post().insert_header(("Host", "here")).insert_header(("Origin", origin)).to_request();
            let response = test::call_service(&app, request).await;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().get("X-Content-Type-Options").unwrap(), "nosniff");
        }
    }
}
