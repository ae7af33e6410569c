//! The digest of one request's bytes, by `Upload-Checksum` or by `Content-Digest`.

use actix_web::HttpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::text;
use crate::error_code::ErrorCode;
use crate::http::digest;
use crate::http::problem::ApiError;
use crate::ingest::checksum::{Algorithm, Check, Checksum};

/// Digests that a request's bytes must have, each with the code that tells that they have not.
#[derive(Default)]
pub struct Checks(Vec<(Check, ErrorCode)>);

impl Checks {
    pub fn read(request: &HttpRequest) -> Result<Self, ApiError> {
        let own = text(request, "Upload-Checksum")?.map(parse).transpose()?;
        let own = own.map(|checksum| (checksum.begin(), ErrorCode::UploadChecksumMismatch));
        let https = digest::read(request, "Content-Digest")?;
        let https = https.into_iter().map(|checksum| (checksum.begin(), ErrorCode::DigestMismatch));
        Ok(Self(own.into_iter().chain(https).collect()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|(check, _)| check.update(bytes));
    }

    /// Fails where the bytes are not the ones that were meant.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.0.into_iter().find_map(|(check, code)| (!check.matches()).then_some(code)) {
            Some(code) => Err(ApiError::new(code, "The bytes do not match the digest beside them. They were not kept; send them again.")),
            None => Ok(()),
        }
    }
}

/// An algorithm's name, a space, the digest in base64.
fn parse(text: &str) -> Result<Checksum, ApiError> {
    let malformed = || ApiError::field("Upload-Checksum must be an algorithm, a space and the digest in base64.");
    let (name, digest) = text.split_once(' ').ok_or_else(malformed)?;
    let unknown = || ApiError::field(format!("{name:?} is no checksum algorithm of this server; it takes {}.", names().join(", ")));
    let algorithm = Algorithm::ALL.into_iter().find(|a| a.tus_name() == name).ok_or_else(unknown)?;
    let digest = STANDARD.decode(digest).map_err(|_| malformed())?;
    Checksum::new(algorithm, digest).map_err(|error| ApiError::field(format!("{error}.")))
}

/// The algorithms of `Upload-Checksum`.
pub fn names() -> [&'static str; 3] {
    Algorithm::ALL.map(Algorithm::tus_name)
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
            "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
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
