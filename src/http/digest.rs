//! `Content-Digest`, of a request's bytes, and `Repr-Digest`, of the whole file (RFC 9530).

use actix_web::HttpRequest;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::problem::ApiError;
use crate::error_code::ErrorCode;
use crate::ingest::checksum::{Algorithm, Checksum};

/// Some clients leave the padding out.
pub const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The digests of a field that can be checked, none where the request has no such field. One that has only others is refused:
/// its sender relies on their being checked.
pub fn read(request: &HttpRequest, field: &str) -> Result<Vec<Checksum>, ApiError> {
    let mut lines = Vec::new();
    for line in request.headers().get_all(field) {
        lines.push(line.to_str().map_err(|_| invalid(field, "it has characters beyond ASCII"))?);
    }
    if lines.is_empty() { Ok(Vec::new()) } else { parse(field, &lines.join(",")) }
}

/// A dictionary of byte sequences (RFC 9651).
fn parse(field: &str, text: &str) -> Result<Vec<Checksum>, ApiError> {
    let mut known = Vec::new();
    let mut others = Vec::new();
    for member in text.split(',').map(|member| member.trim_matches([' ', '\t'])) {
        let (name, digest) = member_of(member).ok_or_else(|| invalid(field, "write it as sha-256=:…:, the digest in base64"))?;
        match Algorithm::ALL.into_iter().find(|a| a.field_name() == Some(name)) {
            Some(algorithm) => known.push(Checksum::new(algorithm, digest).map_err(|e| invalid(field, &e.to_string()))?),
            None => others.push(name),
        }
    }
    if known.is_empty() {
        let detail = format!("{field} uses {}, which this server cannot check. Use sha-256 or sha-512.", others.join(", "));
        return Err(ApiError::new(ErrorCode::DigestUnsupported, detail));
    }
    Ok(known)
}

/// A member's key and bytes; what parameters it has mean nothing here.
fn member_of(member: &str) -> Option<(&str, Vec<u8>)> {
    let (name, value) = member.split_once('=')?;
    let is_key = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '*')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b));
    let (digest, rest) = value.strip_prefix(':')?.split_once(':')?;
    let digest = BASE64.decode(digest).ok()?;
    (is_key && (rest.is_empty() || rest.starts_with(';'))).then_some((name, digest))
}

fn invalid(field: &str, why: &str) -> ApiError {
    ApiError::new(ErrorCode::DigestInvalid, format!("{field} cannot be read: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Result<usize, ErrorCode> {
        parse("Content-Digest", text).map(|known| known.len()).map_err(|e| e.0.code)
    }

    #[test]
    fn what_can_be_checked_is_taken() {
        // RFC 9530's own examples.
        let short = "sha-256=:d435Qo+nKZ+gLcUHn7GQtQ72hiBVAgqoLsZnZPiTGPk=:";
        let long = "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:";
        assert_eq!((code(short), code(long)), (Ok(1), Ok(1)));
        assert_eq!(code(&format!("{short}, {long}")), Ok(2));
        assert_eq!(code(&format!("unixsum=:AQ==:,\t{short};a=1")), Ok(1), "others are left alone beside it");
        assert_eq!(code(&short.replace('=', "").replacen("256", "256=", 1)), Ok(1), "without padding");
    }

    #[test]
    fn what_cannot_be_checked_is_refused_for_its_reason() {
        for unknown in ["md5=:XrY7u+Ae7tCTyyK7j1rNww==:", "sha=:AQ==:, unixsum=:AQ==:"] {
            assert_eq!(code(unknown), Err(ErrorCode::DigestUnsupported), "{unknown}");
        }
        let (one_less, one_more) = (format!("sha-256=:{}==:", "A".repeat(42)), format!("sha-256=:{}:", "A".repeat(44)));
        for bad in [
            "",
            "sha-256",
            "sha-256=",
            "sha-256=x",
            "sha-256=:!:",
            "sha-256=:AAAA:x",
            "SHA-256=:AAAA:",
            ",",
            &one_less,
            &one_more,
            "sha-256=:AAAA:,",
        ] {
            assert_eq!(code(bad), Err(ErrorCode::DigestInvalid), "{bad:?}");
        }
    }
}
