//! Identifiers that are safe to use in paths and URLs once they exist.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

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
    fn result_ids_are_twelve_hex_digits() {
        let id = ResultId::random();
        assert_eq!(id.as_str().parse::<ResultId>().unwrap(), id);
        assert!("0123456789ab.".parse::<ResultId>().is_err());
        assert!("0123456789aB".parse::<ResultId>().is_err());
    }
}
