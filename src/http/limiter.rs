//! How fast one client may begin sessions. Only that is limited: a session is what costs threads and FFmpeg processes, while
//! chunks of one that has begun should come as fast as the disk takes them.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// Addresses that are remembered; where so many ask within a minute, others are refused.
const MOST_CLIENTS: usize = 10_000;

#[derive(Debug)]
pub struct Limiter {
    /// None where nothing is limited.
    limited: Option<Limited>,
}

#[derive(Debug)]
struct Limited {
    per_minute: NonZeroU32,
    clients: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
}

impl Limiter {
    /// So many sessions a minute from one client, all at once or spread; 0 for no limit.
    pub fn new(per_minute: u32) -> Self {
        let limited = NonZeroU32::new(per_minute)
            .map(|per_minute| Limited { per_minute, clients: RateLimiter::hashmap(Quota::per_minute(per_minute)) });
        Self { limited }
    }

    /// Whether the client may begin one more session now.
    pub fn admits(&self, client: IpAddr) -> bool {
        let Some(Limited { clients, .. }) = &self.limited else { return true };
        if clients.len() >= MOST_CLIENTS {
            clients.retain_recent();
        }
        clients.len() < MOST_CLIENTS && clients.check_key(&household(client)).is_ok()
    }

    /// What a refusal tells: when to come again, and the rule (draft-ietf-httpapi-ratelimit-headers).
    pub fn tell(&self, headers: &mut HeaderMap) {
        let Some(Limited { per_minute, .. }) = &self.limited else { return };
        // The next place is free after a sixtieth of a minute's share at the latest.
        let seconds = 60_u32.div_ceil(per_minute.get());
        let told = [
            (header::RETRY_AFTER, seconds.to_string()),
            (HeaderName::from_static("ratelimit-policy"), format!("\"sessions\";q={per_minute};w=60")),
            (HeaderName::from_static("ratelimit"), format!("\"sessions\";r=0;t={seconds}")),
        ];
        for (name, value) in told {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// One client may have a whole /64 of IPv6 to itself.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_a_share_of_its_own() {
        let limiter = Limiter::new(2);
        let admits = |address: &str| limiter.admits(address.parse().unwrap());
        assert!(admits("10.0.0.1") && admits("10.0.0.1") && !admits("10.0.0.1"));
        assert!(admits("10.0.0.2"));
        assert!(admits("2001:db8::1") && admits("2001:db8::2") && !admits("2001:db8::3"), "one network");
        assert!(admits("2001:db8:0:1::1"));
        let free = Limiter::new(0);
        assert!((0..1000).all(|_| free.admits("10.0.0.1".parse().unwrap())));
    }

    #[test]
    fn clients_beyond_those_that_are_remembered_are_refused() {
        let limiter = Limiter::new(1);
        let asked = (0..MOST_CLIENTS as u32 + 1).map(|n| limiter.admits(IpAddr::V4(n.into())));
        assert_eq!(asked.filter(|admitted| *admitted).count(), MOST_CLIENTS);
    }
}
