//! What can go wrong between a client and its server, and whether trying again may help.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use serde::Deserialize;

/// A problem as the server tells it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Told {
    pub detail: String,
    pub code: String,
}

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{address} is no address of a server: {reason}")]
    Address { address: String, reason: String },
    #[error("The server could not be reached: {0}.")]
    Unreachable(String),
    #[error("The certificates to trust could not be read: {0}. Name a file of them (PEM) with --ca-file.")]
    Trust(String),
    #[error(
        "The server's certificate is signed by nobody this machine trusts. If the address is right, name the signer's \
         certificate with --ca-file."
    )]
    UnknownSigner,
    #[error("The server's certificate is not valid: {0}. Check the address, and the clocks on both sides.")]
    Certificate(String),
    #[error("The server does not speak https. Is its address one with http://?")]
    NoHttps,
    #[error("{} ({})", told.detail, told.code)]
    Refused { status: u16, told: Told, retry_after: Option<Duration> },
    /// An answer that no Sightline gives, such as a proxy's own page.
    #[error("The server answered {status}{}. Is another program behind this address?", location.as_ref().map(|l| format!(" (go to {l})")).unwrap_or_default())]
    Unexpected { status: u16, location: Option<String>, retry_after: Option<Duration> },
    /// The analysis ended without a result.
    #[error("{} ({})", .0.detail, .0.code)]
    Analysis(Told),
    #[error("The connection to the server was lost again and again, the last time: {0}.")]
    Lost(String),
    #[error("The server does not keep the chunks it takes.")]
    Forgetful,
    #[error("The file was changed while it was being sent. Run the command again.")]
    Changed,
    #[error("{0}")]
    File(#[from] io::Error),
}

impl Failure {
    /// Whether the same request may succeed a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Lost(_) => true,
            // A damaged chunk was damaged on its way: it can be sent again. A full disk does not get emptier by asking.
            Self::Refused { status, told, .. } => told.code == "CHECKSUM_MISMATCH" || is_passing_status(*status),
            Self::Unexpected { status, .. } => is_passing_status(*status),
            _ => false,
        }
    }

    /// The pause that the server asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } | Self::Unexpected { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Unexpected { status, .. } => Some(*status),
            _ => None,
        }
    }
}

fn is_passing_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504)
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Unreachable("no answer in time".to_owned());
        }
        let cause = root_cause(&error);
        match tls_error(cause) {
            // A bad signature is that of another signer with the same name.
            Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) => {
                Self::UnknownSigner
            }
            Some(rustls::Error::InvalidCertificate(other)) => Self::Certificate(other.to_string()),
            Some(rustls::Error::InvalidMessage(_)) => Self::NoHttps,
            _ => Self::Unreachable(cause.to_string()),
        }
    }
}

/// The deepest cause: an HTTP library's own sentence says only that it failed.
pub fn root_cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}

/// TLS errors travel inside I/O errors inside I/O errors, none of which names what it holds as its source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut inside = error;
    while let Some(deeper) = inside.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        inside = deeper;
    }
    inside.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> Failure {
        Failure::Refused { status, told: Told { detail: "It is so.".into(), code: code.into() }, retry_after: None }
    }

    #[test]
    fn a_tls_error_is_found_inside_io_errors() {
        let refused = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let nested = io::Error::other(io::Error::other(refused.clone()));
        assert_eq!(tls_error(&nested), Some(&refused));
        assert_eq!(tls_error(&io::Error::other("no")), None);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(
            refused(503, "TOO_MANY_SESSIONS").is_passing()
                && refused(429, "X").is_passing()
                && refused(422, "CHECKSUM_MISMATCH").is_passing()
        );
        assert!(!refused(507, "DISK_FULL").is_passing() && !refused(409, "CHUNK_CONFLICT").is_passing());
        assert!(Failure::Unreachable("x".into()).is_passing());
        assert_eq!(refused(413, "FILE_TOO_LARGE").to_string(), "It is so. (FILE_TOO_LARGE)");
    }
}
