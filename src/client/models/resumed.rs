//! A file from any server, fetched on from where an earlier try stopped.

use std::fs::{File, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};

use super::FetchError;
use crate::client::connection::connection;
use crate::client::failure::Failure;
use crate::client::retry::persist;

/// Times that a connection may be lost or refused: each goes on where the last one stopped.
const ATTEMPTS: u32 = 4;
const REDIRECTS: usize = 5;

/// Fetches into `part`, which may hold the beginning already; no more than `most` bytes. Whether they are the right ones is for the
/// caller to see.
pub async fn download(
    address: &str,
    part: &Path,
    most: u64,
    ca_file: Option<&Path>,
    progress: &(impl Fn(u64, Option<u64>) + Sync),
) -> Result<(), FetchError> {
    let refused = |reason: String| Failure::Address { address: address.to_owned(), reason };
    let url = Url::parse(address).map_err(|e| refused(e.to_string()))?;
    let http = connection(url.scheme(), ca_file, Policy::limited(REDIRECTS))?;
    let mut file = File::options().create(true).append(true).open(part)?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => FetchError::Busy,
        TryLockError::Error(error) => error.into(),
    })?;
    let fetched = persist(ATTEMPTS, async || {
        let have = file.seek(SeekFrom::End(0))?;
        let mut request = http.get(url.clone());
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let mut response = request.send().await?;
        let mut done = match response.status() {
            StatusCode::PARTIAL_CONTENT if begins_at(&response, have) => have,
            // All of it was there, or it is another file now: the digest tells.
            StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => return Ok(Ok(())),
            status if status.is_success() => {
                file.set_len(0)?;
                0
            }
            status => return Err(Failure::Unexpected { status: status.as_u16(), location: None, retry_after: None }),
        };
        let total = response.content_length().map(|rest| done + rest);
        while let Some(bytes) = response.chunk().await? {
            done += bytes.len() as u64;
            if done > most {
                file.set_len(0)?;
                return Ok(Err(FetchError::TooLarge { from: address.to_owned(), most }));
            }
            file.write_all(&bytes)?;
            progress(done, total);
        }
        Ok(Ok(()))
    });
    match fetched.await {
        Ok(outcome) => outcome,
        Err(Failure::Unexpected { status, .. }) => Err(FetchError::Refused { address: address.to_owned(), status }),
        Err(other) => Err(other.into()),
    }
}

/// Whether a part goes on where ours ends.
fn begins_at(response: &Response, have: u64) -> bool {
    let told = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    told.is_some_and(|range| range.starts_with(&format!("bytes {have}-")))
}
