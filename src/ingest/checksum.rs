//! A digest that a sender names beside its bytes, computed as they arrive.

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// As tus names them, in the order they are offered.
pub const ALGORITHMS: [&str; 2] = ["sha1", "sha256"];

#[derive(Debug)]
pub struct Checksum {
    hasher: Hasher,
    expected: Vec<u8>,
}

#[derive(Debug)]
enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumError {
    #[error("{0:?} is no checksum algorithm of this server; it takes sha1 and sha256")]
    Unsupported(String),
    #[error("a {algorithm} digest has {expected} bytes, not {got}")]
    Length { algorithm: &'static str, expected: usize, got: usize },
}

impl Checksum {
    /// Expects bytes of this digest.
    pub fn new(algorithm: &str, expected: Vec<u8>) -> Result<Self, ChecksumError> {
        let (algorithm, hasher, length) = match algorithm {
            "sha1" => (ALGORITHMS[0], Hasher::Sha1(Sha1::new()), 20),
            "sha256" => (ALGORITHMS[1], Hasher::Sha256(Sha256::new()), 32),
            other => return Err(ChecksumError::Unsupported(other.to_owned())),
        };
        match expected.len() {
            got if got != length => Err(ChecksumError::Length { algorithm, expected: length, got }),
            _ => Ok(Self { hasher, expected }),
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// Whether the bytes were the ones that were meant.
    pub fn matches(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize()[..] == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize()[..] == self.expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's example.
    const ABC: [u8; 20] =
        [0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d];

    #[test]
    fn bytes_in_pieces_match_their_digest_and_no_other() {
        let matches = |pieces: &[&str]| {
            let mut checksum = Checksum::new("sha1", ABC.to_vec()).unwrap();
            pieces.iter().for_each(|p| checksum.update(p.as_bytes()));
            checksum.matches()
        };
        assert!(matches(&["a", "", "bc"]));
        assert!(!matches(&["ab"]) && !matches(&[]));
        let digest = Sha256::digest(b"abc").to_vec();
        let mut checksum = Checksum::new("sha256", digest).unwrap();
        checksum.update(b"abc");
        assert!(checksum.matches());
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        assert_eq!(Checksum::new("md5", vec![0; 16]).unwrap_err(), ChecksumError::Unsupported("md5".into()));
        assert_eq!(Checksum::new("SHA1", vec![0; 20]).unwrap_err(), ChecksumError::Unsupported("SHA1".into()));
        let error = Checksum::new("sha256", vec![0; 31]).unwrap_err();
        assert_eq!(error, ChecksumError::Length { algorithm: "sha256", expected: 32, got: 31 });
    }
}
