//! A digest that a sender names beside its bytes, computed as they arrive.

use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    /// In the order they are offered.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// As tus names it.
    pub fn tus_name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// As HTTP's digest fields name it (RFC 9530), which count SHA-1 among the insecure ones.
    pub fn field_name(self) -> Option<&'static str> {
        match self {
            Self::Sha1 => None,
            Self::Sha256 => Some("sha-256"),
            Self::Sha512 => Some("sha-512"),
        }
    }

    /// Bytes of a digest.
    fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// What bytes should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    algorithm: Algorithm,
    digest: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {} digest has {expected} bytes, not {got}", .algorithm.tus_name())]
pub struct WrongLength {
    algorithm: Algorithm,
    expected: usize,
    got: usize,
}

impl Checksum {
    pub fn new(algorithm: Algorithm, digest: Vec<u8>) -> Result<Self, WrongLength> {
        match (algorithm.length(), digest.len()) {
            (expected, got) if got != expected => Err(WrongLength { algorithm, expected, got }),
            _ => Ok(Self { algorithm, digest }),
        }
    }

    /// Begins to compare bytes with it.
    pub fn begin(self) -> Check {
        let hasher = match self.algorithm {
            Algorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        };
        Check { hasher, expected: self.digest }
    }

    /// Whether these bytes are the ones that were meant.
    pub fn matches(self, bytes: &[u8]) -> bool {
        let mut check = self.begin();
        check.update(bytes);
        check.matches()
    }
}

/// Bytes that are being compared with their checksum.
#[derive(Debug)]
pub struct Check {
    hasher: Hasher,
    expected: Vec<u8>,
}

#[derive(Debug)]
enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Check {
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Whether the bytes were the ones that were meant.
    pub fn matches(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize()[..] == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize()[..] == self.expected,
            Hasher::Sha512(hasher) => hasher.finalize()[..] == self.expected,
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
            let mut check = Checksum::new(Algorithm::Sha1, ABC.to_vec()).unwrap().begin();
            pieces.iter().for_each(|p| check.update(p.as_bytes()));
            check.matches()
        };
        assert!(matches(&["a", "", "bc"]));
        assert!(!matches(&["ab"]) && !matches(&[]));
        for (algorithm, digest) in
            [(Algorithm::Sha256, Sha256::digest(b"abc").to_vec()), (Algorithm::Sha512, Sha512::digest(b"abc").to_vec())]
        {
            let checksum = Checksum::new(algorithm, digest).unwrap();
            assert!(checksum.clone().matches(b"abc") && !checksum.matches(b"abd"));
        }
    }

    #[test]
    fn a_digest_has_its_algorithms_length() {
        for algorithm in Algorithm::ALL {
            let expected = algorithm.length();
            assert!(Checksum::new(algorithm, vec![0; expected]).is_ok());
            let error = Checksum::new(algorithm, vec![0; expected - 1]).unwrap_err();
            assert_eq!(error, WrongLength { algorithm, expected, got: expected - 1 });
        }
    }
}
