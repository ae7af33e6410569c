//! What an address gives, and whether the client accepts it (RFC 9110, 12.5.1).

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, Accept, Header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, mime};

use super::problem;
use crate::error_code::{ErrorCode, Problem};

/// The kind of answer an address gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    Json,
    Events,
    /// Files, pages, or nothing but a status: whatever the client says of it, it gets what it asked for by address.
    ItsOwn,
}

impl Gives {
    fn media_type(self) -> Option<&'static str> {
        match self {
            Self::Json => Some("application/json"),
            Self::Events => Some("text/event-stream"),
            Self::ItsOwn => None,
        }
    }
}

/// Refuses a request that could not use any answer of this address, before it has an effect.
pub async fn negotiate(
    gives: Gives,
    methods: Rc<[Method]>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    match gives.media_type() {
        Some(given) if methods.contains(request.method()) && !accepts(&request, given) => {
            let refusal = Problem::new(ErrorCode::NotAcceptable, format!("This address gives {given}. Accept it, or send no Accept."));
            Ok(request.into_response(problem::response(&refusal)).map_into_right_body())
        }
        _ => Ok(next.call(request).await?.map_into_left_body()),
    }
}

/// A client that says nothing, or nothing that can be read, takes what comes.
fn accepts(request: &impl HttpMessage, given: &str) -> bool {
    if !request.headers().contains_key(ACCEPT) {
        return true;
    }
    let Ok(Accept(accepted)) = Accept::parse(request) else { return true };
    let family = given.split('/').next().unwrap_or_default();
    let fits = |kind: &mime::Mime| {
        kind.essence_str() == given || kind.type_() == mime::STAR || kind.type_() == family && kind.subtype() == mime::STAR
    };
    let problems = |kind: &mime::Mime| family == "application" && kind.essence_str() == "application/problem+json";
    accepted.is_empty()
        || accepted.iter().any(|kind| kind.quality > actix_web::http::header::Quality::ZERO && (fits(&kind.item) || problems(&kind.item)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_a_client_that_takes_nothing_of_the_kind_is_refused() {
        let takes = |accept: &str, given| accepts(&TestRequest::get().insert_header((ACCEPT, accept)).to_http_request(), given);
        let (json, events) = ("application/json", "text/event-stream");
        for accept in [
            "*/*",
            "application/json",
            "application/*",
            "text/html, */*;q=0.1",
            "application/problem+json",
            "",
            "rubbish",
            "application/json; q=0.5",
        ] {
            assert!(takes(accept, json), "{accept}");
        }
        for accept in ["text/html", "image/png, text/*", "application/json;q=0", "application/xml"] {
            assert!(!takes(accept, json), "{accept}");
        }
        assert!(takes("text/event-stream", events) && takes("text/*", events) && takes("*/*", events));
        assert!(!takes("application/json", events));
        assert!(accepts(&TestRequest::get().to_http_request(), json));
    }
}
