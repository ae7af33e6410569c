//! Identifiers that are safe to use in paths and URLs once they exist.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// A session's name as the client chose it: `^[A-Za-z0-9-]{1,64}$`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("session_id must be 1 to 64 characters out of A-Z, a-z, 0-9 and '-'")]
pub struct InvalidSessionId;

impl SessionId {
    /// A fresh id for requests that carry a whole file and name no session.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=64).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') { Ok(Self(text.to_owned())) } else { Err(InvalidSessionId) }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The name of one run's result files: 12 hex digits, not guessable from the session's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResultId(String);

impl ResultId {
    pub fn random() -> Self {
        let bytes = uuid::Uuid::new_v4().into_bytes();
        Self(bytes[..6].iter().map(|b| format!("{b:02x}")).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResultId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 12 && text.bytes().all(hex) { Ok(Self(text.to_owned())) } else { Err(InvalidSessionId) }
    }
}

impl fmt::Display for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one request is called in its answer, in the log, and in what it sets off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RequestId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request's id has 1 to 128 characters out of A-Z, a-z, 0-9 and -._:=+")]
pub struct InvalidRequestId;

impl RequestId {
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The trace's id in a `traceparent` (W3C Trace Context, 3.2), which many systems may know a request by.
    pub fn of_traceparent(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let [version, trace, parent, flags, ..] = parts[..] else { return None };
        let is_hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let is_set = |text: &str| text.bytes().any(|b| b != b'0');
        // The first version has four parts; later ones may have more.
        let whole = is_hex(version, 2) && version != "ff" && (version != "00" || parts.len() == 4);
        let named = is_hex(trace, 32) && is_set(trace) && is_hex(parent, 16) && is_set(parent) && is_hex(flags, 2);
        (whole && named).then(|| Self(trace.to_owned()))
    }
}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    /// Only what neither a log's line, nor a header, nor a path could be broken with.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:=+".contains(&b));
        if (1..=128).contains(&text.len()) && plain { Ok(Self(text.to_owned())) } else { Err(InvalidRequestId) }
    }
}

impl TryFrom<String> for RequestId {
    type Error = InvalidRequestId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_ids_hold_to_the_contract() {
        for good in ["a", "A-9", &"x".repeat(64)] {
            assert_eq!(good.parse::<SessionId>().unwrap().as_str(), good);
        }
        for bad in ["", "a/b", "../x", "a b", "a.b", "é", "a\0", "a_b", &"x".repeat(65)] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn request_ids_are_taken_only_where_they_harm_nothing() {
        for good in ["7", "0af7651916cd43dd8448eb211c80319c", "Root=1-67891233-abcdef", &"x".repeat(128)] {
            assert_eq!(good.parse::<RequestId>().unwrap().to_string(), good);
        }
        for bad in ["", "a b", "a\nb", "a/b", "<x>", "é", &"x".repeat(129)] {
            assert!(bad.parse::<RequestId>().is_err(), "{bad:?}");
        }
        let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        let of = |text: &str| RequestId::of_traceparent(text).map(|id| id.to_string());
        assert_eq!(of(&format!("00-{trace}-{parent}-01")).as_deref(), Some(trace));
        assert_eq!(of(&format!("01-{trace}-{parent}-01-more")).as_deref(), Some(trace));
        let zeros = "0".repeat(32);
        for bad in [
            "",
            "00",
            &format!("ff-{trace}-{parent}-01"),
            &format!("00-{trace}-{parent}-01-more"),
            &format!("00-{zeros}-{parent}-01"),
            &format!("00-{}-{parent}-01", trace.to_uppercase()),
        ] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn result_ids_are_twelve_hex_digits() {
        let id = ResultId::random();
        assert_eq!(id.as_str().parse::<ResultId>().unwrap(), id);
        assert!("0123456789ab.".parse::<ResultId>().is_err());
        assert!("0123456789aB".parse::<ResultId>().is_err());
    }
}
