//! The session's name, made from what is sent where: the same command finds its session again.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

/// Bytes at either end of a file that stand for all of it.
pub const EDGE: u64 = 64 << 10;

/// All that makes one upload differ from another.
#[derive(Clone, Debug)]
pub struct Identity<'a> {
    pub size: u64,
    pub modified: SystemTime,
    /// The first and the last `EDGE` bytes.
    pub head: &'a [u8],
    pub tail: &'a [u8],
    pub server: &'a str,
    pub chunk_size: u64,
    pub options: &'a [(&'static str, String)],
}

/// 32 hex digits.
pub fn fingerprint(identity: &Identity<'_>) -> String {
    let mut hash = Sha256::new();
    // Each part with its length in front, so that no two identities are the same bytes.
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    let modified = identity.modified.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    part(b"sightline/1");
    part(&identity.size.to_be_bytes());
    part(&identity.chunk_size.to_be_bytes());
    part(&modified.to_be_bytes());
    part(identity.head);
    part(identity.tail);
    part(identity.server.as_bytes());
    for (name, value) in identity.options {
        part(name.as_bytes());
        part(value.as_bytes());
    }
    hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// The name of the `attempt`-th session for one fingerprint: a session that failed or was lost is not taken up again.
pub fn session_id(fingerprint: &str, attempt: u32) -> String {
    if attempt == 0 { fingerprint.to_owned() } else { format!("{fingerprint}-{attempt}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SessionId;
    use std::time::Duration;

    #[test]
    fn everything_counts_and_the_same_is_the_same() {
        let options = [("confidence", "0.5".to_owned())];
        let base = Identity {
            size: 5,
            modified: UNIX_EPOCH + Duration::from_nanos(7),
            head: b"ab",
            tail: b"c",
            server: "http://a",
            chunk_size: 4,
            options: &options,
        };
        let others = [
            Identity { size: 6, ..base.clone() },
            Identity { modified: UNIX_EPOCH, ..base.clone() },
            Identity { head: b"a", tail: b"bc", ..base.clone() },
            Identity { server: "http://b", ..base.clone() },
            Identity { chunk_size: 5, ..base.clone() },
            Identity { options: &[], ..base.clone() },
        ];
        assert_eq!(fingerprint(&base), fingerprint(&base.clone()));
        for other in others {
            assert_ne!(fingerprint(&base), fingerprint(&other), "{other:?}");
        }
    }

    #[test]
    fn every_attempt_has_a_name_the_server_takes() {
        let print = "0123456789abcdef0123456789abcdef";
        assert_eq!(session_id(print, 0), print);
        for attempt in [0, 1, u32::MAX] {
            assert!(session_id(print, attempt).parse::<SessionId>().is_ok());
        }
    }
}
