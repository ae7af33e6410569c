//! `Upload-Checksum`: the digest of one request's bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::problem::ApiError;
use crate::ingest::checksum::Checksum;

/// An algorithm's name, a space, the digest in base64.
pub fn parse(text: &str) -> Result<Checksum, ApiError> {
    let malformed = || ApiError::field("Upload-Checksum must be an algorithm, a space and the digest in base64.");
    let (algorithm, digest) = text.split_once(' ').ok_or_else(malformed)?;
    let digest = STANDARD.decode(digest).map_err(|_| malformed())?;
    Checksum::new(algorithm, digest).map_err(|error| ApiError::field(format!("{error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_digest_that_can_be_checked_is_taken() {
        // The protocol's own example.
        assert!(parse("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=").is_ok());
        for bad in [
            "",
            "sha1",
            "sha1 ",
            "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0",
            "sha1  Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "sha1 !!!",
            "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "md5 XrY7u+Ae7tCTyyK7j1rNww==",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
