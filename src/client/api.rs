//! The server's endpoints, one request each. Nothing is tried again here.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::failure::{Failure, Told, root_cause};
use super::retry;
use super::source::{CHUNK_SIZE, Source};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The server is never silent for longer than 15 s: after this long a stream is dead.
const SILENCE: Duration = Duration::from_secs(45);
/// Most bytes of a problem that are read.
const LARGEST_ANSWER: usize = 1 << 20;

/// What of an upload is there.
#[derive(Clone, Debug, Deserialize)]
pub struct UploadState {
    pub received: Vec<[u64; 2]>,
    pub assembled: bool,
    pub state: String,
}

/// The answer to a chunk.
#[derive(Clone, Debug, Deserialize)]
pub struct Taken {
    #[serde(default)]
    pub want: Vec<[u64; 2]>,
}

pub struct Server {
    http: reqwest::Client,
    base: String,
}

impl Server {
    /// `address` as a user writes it: without a scheme it is `http://`. Certificates signed by those in `ca_file` are
    /// trusted beside those the system trusts.
    pub fn new(address: &str, ca_file: Option<&Path>) -> Result<Self, Failure> {
        let refused = |reason: String| Failure::Address { address: address.to_owned(), reason };
        let full = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let url = Url::parse(&full).map_err(|e| refused(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(refused("it must look like http://host:port".to_owned()));
        }
        let mut http = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(SILENCE).redirect(Policy::none());
        // Fails only where there is one already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        if url.scheme() == "http" {
            // Else a machine without certificates could not even speak plain HTTP.
            http = http.tls_certs_only([]);
        } else if let Some(file) = ca_file {
            http = http.tls_certs_merge(certificates(file)?);
        }
        let http = http.build().map_err(|e| Failure::Trust(root_cause(&e).to_string()))?;
        Ok(Self { http, base: url.as_str().trim_end_matches('/').to_owned() })
    }

    /// The address in one spelling.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET /api/uploads/{id}`
    pub async fn upload_state(&self, id: &str) -> Result<UploadState, Failure> {
        let request = self.http.get(format!("{}/api/uploads/{id}", self.base)).timeout(QUESTION_TIMEOUT);
        json(request.send().await?).await
    }

    /// `PUT /api/uploads/{id}/chunks/{index}`
    pub async fn put_chunk(&self, id: &str, index: u64, source: &Source, options: &[(&'static str, String)]) -> Result<Taken, Failure> {
        // At most 1 MiB: reading and hashing it is over before anything else would notice.
        let bytes = source.chunk(index)?;
        let sha256: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        let fields = [
            ("total_chunks", source.total_chunks().to_string()),
            ("chunk_size", CHUNK_SIZE.to_string()),
            ("file_size", source.size.to_string()),
            ("ext", source.ext.clone()),
            ("filename", source.filename.clone()),
            ("sha256", sha256),
        ];
        let request = self.http.put(format!("{}/api/uploads/{id}/chunks/{index}", self.base)).query(&fields).query(options);
        json(request.timeout(CHUNK_TIMEOUT).body(bytes).send().await?).await
    }

    /// `GET /api/stream-progress/{id}`, its body still to be read; none where nothing comes after the last event.
    pub async fn events(&self, id: &str, last_id: &str) -> Result<Option<Response>, Failure> {
        let mut request = self.http.get(format!("{}/api/stream-progress/{id}", self.base)).header("accept", "text/event-stream");
        if !last_id.is_empty() {
            request = request.header("last-event-id", last_id);
        }
        let response = accepted(request.send().await?).await?;
        let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        match response.status() {
            StatusCode::NO_CONTENT => Ok(None),
            _ if kind.starts_with("text/event-stream") => Ok(Some(response)),
            _ => Err(unexpected(&response)),
        }
    }

    /// A file of the server, its body still to be read. `path` is as the server tells it, or a whole address.
    pub async fn file(&self, path: &str) -> Result<Response, Failure> {
        let address = if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() };
        accepted(self.http.get(address).send().await?).await
    }
}

/// All certificates of a PEM file.
fn certificates(file: &Path) -> Result<Vec<Certificate>, Failure> {
    let unread = |reason: String| Failure::Trust(format!("{}: {reason}", file.display()));
    let text = std::fs::read(file).map_err(|e| unread(e.to_string()))?;
    let found = Certificate::from_pem_bundle(&text).map_err(|e| unread(root_cause(&e).to_string()))?;
    if found.is_empty() { Err(unread("there is no certificate in it".to_owned())) } else { Ok(found) }
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let response = accepted(response).await?;
    let not_ours = unexpected(&response);
    let text = response.bytes().await?;
    serde_json::from_slice(&text).map_err(|_| not_ours)
}

/// The response, if it is a success; else what the server tells.
async fn accepted(mut response: Response) -> Result<Response, Failure> {
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, retry_after, not_ours) = (response.status().as_u16(), retry_after(response.headers()), unexpected(&response));
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > LARGEST_ANSWER {
            return Err(not_ours);
        }
        body.extend_from_slice(&piece);
    }
    Err(serde_json::from_slice::<Told>(&body).map_or(not_ours, |told| Failure::Refused { status, told, retry_after }))
}

fn unexpected(response: &Response) -> Failure {
    let location = response.headers().get(LOCATION).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Failure::Unexpected { status: response.status().as_u16(), location, retry_after: retry_after(response.headers()) }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    retry::retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_write_them() {
        let base = |address| Server::new(address, None).map(|s| s.base().to_owned()).map_err(|e| e.to_string());
        assert_eq!(base("localhost:8080"), Ok("http://localhost:8080".into()));
        assert_eq!(base("http://h:1/"), Ok("http://h:1".into()));
        assert_eq!(base("http://h/sightline/"), Ok("http://h/sightline".into()));
        for bad in ["", "ftp://h", "http://", "http://h:99999", "http://h/?a=b"] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }
}
