//! Who asks, and what the request is called: in its answer, in the log, and in what it sets off.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use tracing::Instrument;

use super::occurrence;
use super::state::State;
use crate::ids::RequestId;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who asks. Handlers that set something off take it along.
#[derive(Clone, Debug)]
pub struct Caller {
    pub request_id: RequestId,
    /// Of the client; behind a proxy that is trusted, as that one tells it.
    pub address: IpAddr,
}

impl Caller {
    /// As it was found out when the request came.
    pub fn of(request: &HttpRequest) -> Self {
        let found = request.extensions().get::<Self>().cloned();
        found.unwrap_or_else(|| Self::read(request))
    }

    fn read(request: &HttpRequest) -> Self {
        let text = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let named = text("x-request-id").and_then(|id| id.parse().ok());
        let traced = || RequestId::of_traceparent(text("traceparent")?);
        let trusted = request.app_data::<web::Data<State>>().map_or(&[][..], |state| &state.limits.trusted_proxies);
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        Self { request_id: named.or_else(traced).unwrap_or_else(RequestId::random), address: client(peer, &hops, trusted) }
    }
}

/// The nearest address that no trusted proxy has: what stands further away could be anybody's invention.
fn client(peer: IpAddr, hops: &[&str], trusted: &[IpAddr]) -> IpAddr {
    let mut address = peer.to_canonical();
    for hop in hops.iter().rev() {
        let next = hop.parse::<IpAddr>();
        match next {
            Ok(next) if trusted.contains(&address) => address = next.to_canonical(),
            _ => break,
        }
    }
    address
}

impl FromRequest for Caller {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Names every request: by `X-Request-Id` or the trace of `traceparent`, where the client sends one.
pub async fn trace(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let caller = Caller::read(request.request());
    let id = caller.request_id.clone();
    let span = tracing::info_span!("request", %id, method = %request.method(), path = request.path());
    let trace = request.headers().get("traceparent").and_then(|value| RequestId::of_traceparent(value.to_str().ok()?));
    if let Some(trace) = trace {
        span.in_scope(|| tracing::debug!(%trace, "is part of a trace"));
    }
    request.extensions_mut().insert(caller);
    let answering = async {
        let response = next.call(request).await;
        if let Ok(response) = &response {
            tracing::debug!(status = response.status().as_u16(), "answered");
        }
        response
    };
    let mut response = occurrence::within(id.clone(), answering.instrument(span)).await?;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_addresses_count_as_far_as_proxies_are_trusted() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (peer, trusted) = (address("10.0.0.1"), [address("10.0.0.1"), address("10.0.0.2")]);
        let of = |hops: &[&str], trusted: &[IpAddr]| client(peer, hops, trusted).to_string();
        assert_eq!(of(&["1.2.3.4"], &[]), "10.0.0.1", "nobody is trusted unless named");
        assert_eq!(of(&["1.2.3.4"], &trusted), "1.2.3.4");
        assert_eq!(of(&["6.6.6.6", "1.2.3.4", "10.0.0.2"], &trusted), "1.2.3.4", "what the client wrote itself does not count");
        assert_eq!(of(&[], &trusted), "10.0.0.1");
        assert_eq!(of(&["1.2.3.4", "rubbish"], &trusted), "10.0.0.1");
        assert_eq!(of(&["::ffff:1.2.3.4"], &trusted), "1.2.3.4");
    }
}
