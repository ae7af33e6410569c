//! How servers are reached: whom to trust, how long to wait.

use std::path::Path;
use std::time::Duration;

use reqwest::Certificate;
use reqwest::redirect::Policy;

use super::failure::{Failure, root_cause};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A Sightline is never silent for longer than 15 s: after this long a stream is dead.
const SILENCE: Duration = Duration::from_secs(45);

/// A client for addresses of this scheme. Certificates signed by those in `ca_file` are trusted beside those the system trusts.
pub fn connection(scheme: &str, ca_file: Option<&Path>, redirects: Policy) -> Result<reqwest::Client, Failure> {
    let mut http = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(SILENCE).redirect(redirects);
    // Fails only where there is one already, which will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if scheme == "http" {
        // Else a machine without certificates could not even speak plain HTTP.
        http = http.tls_certs_only([]);
    } else if let Some(file) = ca_file {
        http = http.tls_certs_merge(certificates(file)?);
    }
    http.build().map_err(|e| Failure::Trust(root_cause(&e).to_string()))
}

/// All certificates of a PEM file.
fn certificates(file: &Path) -> Result<Vec<Certificate>, Failure> {
    let unread = |reason: String| Failure::Trust(format!("{}: {reason}", file.display()));
    let text = std::fs::read(file).map_err(|e| unread(e.to_string()))?;
    let found = Certificate::from_pem_bundle(&text).map_err(|e| unread(root_cause(&e).to_string()))?;
    if found.is_empty() { Err(unread("there is no certificate in it".to_owned())) } else { Ok(found) }
}
