//! Chunks on their way in.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::budget::Share;
use super::digest;
use super::form::Form;
use super::pace;
use super::problem::ApiError;
use super::request;
use super::state::State;
use super::trace::Caller;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::SessionId;
use crate::ingest::checksum::{Algorithm, Checksum};
use crate::ingest::chunks::ChunkLedger;
use crate::options::AnalysisOptions;
use crate::processing::verdict;
use crate::sessions::journal::Description;
use crate::sessions::registry::Claim;
use crate::sessions::session::{Session, SessionState};
use crate::sessions::upload::UploadError;
use crate::video::Extension;

/// More chunks than this make bookkeeping larger than the file is worth.
const MAX_CHUNKS: u64 = 1_000_000;
const MAX_FILENAME: usize = 255;

/// What a chunk says of itself and of its file.
struct Chunk {
    session_id: SessionId,
    index: u64,
    /// When its request came.
    came: Instant,
    total: u64,
    extension: Extension,
    file_size: Option<u64>,
    chunk_size: Option<u64>,
    filename: Option<String>,
    sha256: Option<String>,
    /// What the body should be.
    digests: Vec<Checksum>,
    /// What the whole file should be.
    file_sha256: Option<Checksum>,
    options: AnalysisOptions,
}

#[derive(Serialize)]
struct Answer {
    session_id: SessionId,
    chunks_received: u64,
    assembled: bool,
    streaming: bool,
    /// Chunk ranges, both ends included, that the server would like next.
    want: Vec<[u64; 2]>,
}

/// `POST /api/upload-chunk`
pub async fn post_chunk(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    multipart: Multipart,
) -> Result<HttpResponse, ApiError> {
    let came = Instant::now();
    state.admit()?;
    let share = share(&state, &request)?;
    let mut form = Form::read(multipart, state.limits.chunk_bytes).await?;
    let bytes = form.file.take().ok_or_else(|| ApiError::field("file is missing."))?;
    let session_id = request::session_id(form.require("session_id")?)?;
    let index = request::number("chunk_index", form.require("chunk_index")?)?;
    let chunk = Chunk::read(session_id, index, came, form.fields())?;
    store(state, caller, chunk, bytes, share).await
}

/// `PUT /api/uploads/{session_id}/chunks/{index}`: the same with the chunk as raw body.
pub async fn put_chunk(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    mut body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let came = Instant::now();
    state.admit()?;
    let session_id = request::path_session_id(&request)?;
    let index = request::number("chunk_index", request.match_info().query("index"))?;
    let mut chunk = Chunk::read(session_id, index, came, &request::query(&request)?)?;
    chunk.digests = digest::read(&request, "Content-Digest")?;
    let share = share(&state, &request)?;
    let limit = state.limits.chunk_bytes;
    // All at once: a vector that grows is copied again and again.
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(limit.min(request::content_length(&request).unwrap_or(0))).map_err(|_| verdict::busy())?;
    while let Some(data) = body.next().await {
        let data = data.map_err(|e| pace::ended_early("The chunk did not arrive", &e))?;
        if bytes.len() + data.len() > limit {
            return Err(ApiError::new(ErrorCode::ChunkTooLarge, format!("The chunk is larger than {limit} bytes.")));
        }
        // Sixty-four chunks at once may be more than the process is given: one that has no room is refused, not all ended.
        bytes.try_reserve(data.len()).map_err(|_| verdict::busy())?;
        bytes.extend_from_slice(&data);
    }
    store(state, caller, chunk, bytes, share).await
}

/// Room in memory for the chunk of a request.
fn share(state: &State, request: &HttpRequest) -> Result<Share, Problem> {
    let most = state.limits.chunk_bytes;
    state.budget.take(request::content_length(request).map_or(most, |told| told.min(most)))
}

impl Chunk {
    fn read(session_id: SessionId, index: u64, came: Instant, fields: &[(String, String)]) -> Result<Self, ApiError> {
        let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let require = |name: &str| get(name).ok_or_else(|| ApiError::field(format!("{name} is missing.")));
        let number = |name: &str| get(name).map(|text| request::number(name, text)).transpose();
        let total = request::number("total_chunks", require("total_chunks")?)?;
        if total == 0 {
            return Err(ApiError::field("total_chunks must be at least 1."));
        }
        if index >= total {
            return Err(ApiError::field(format!("chunk_index is {index}, but total_chunks is {total}: indices start at 0.")));
        }
        let extension = require("ext")?
            .parse()
            .map_err(|e: crate::video::UnsupportedExtension| ApiError::new(ErrorCode::UnsupportedExtension, format!("{e}.")))?;
        let chunk_size = number("chunk_size")?;
        if chunk_size == Some(0) {
            return Err(ApiError::field("chunk_size must be at least 1."));
        }
        Ok(Self {
            session_id,
            index,
            came,
            total,
            extension,
            file_size: number("file_size")?,
            chunk_size,
            filename: get("filename").map(display_name).filter(|n| !n.is_empty()),
            sha256: get("sha256").map(str::to_ascii_lowercase),
            digests: Vec::new(),
            file_sha256: get("file_sha256").map(|text| sha256("file_sha256", text)).transpose()?,
            options: request::options(AnalysisOptions::default(), fields)?,
        })
    }

    /// Whether the sizes it tells fit together and to its bytes, asked before a session is begun by it.
    fn check_alone(&self, bytes: &[u8]) -> Result<(), UploadError> {
        let mut ledger = ChunkLedger::new(self.total, self.chunk_size, self.file_size);
        ledger.begin(self.index, bytes.len() as u64, Default::default())?;
        Ok(())
    }

    /// The file's size as far as this chunk tells it.
    fn implied_file_size(&self, length: usize) -> u64 {
        let chunk = self.chunk_size.unwrap_or(if self.index + 1 < self.total { length as u64 } else { 0 });
        self.file_size.unwrap_or(0).max(chunk.saturating_mul(self.total - 1))
    }
}

async fn store(state: web::Data<State>, caller: Caller, chunk: Chunk, bytes: Vec<u8>, share: Share) -> Result<HttpResponse, ApiError> {
    if chunk.total > MAX_CHUNKS || chunk.implied_file_size(bytes.len()) > state.limits.file_bytes {
        let detail = format!("The file is larger than {} bytes, the most this server takes.", state.limits.file_bytes);
        return Err(ApiError::new(ErrorCode::FileTooLarge, detail));
    }
    state.room_for(bytes.len() as u64)?;
    let answer = web::block(move || {
        // Here until the bytes are gone, whether or not the client still waits.
        let _share = share;
        store_blocking(&state, &caller, chunk, bytes)
    });
    let answer = answer.await;
    let answer = answer.map_err(|_| ApiError::new(ErrorCode::Internal, "The server is too busy to store the chunk. Send it again."))?;
    Ok(HttpResponse::Ok().json(answer?))
}

fn store_blocking(state: &State, caller: &Caller, mut chunk: Chunk, bytes: Vec<u8>) -> Result<Answer, ApiError> {
    if !std::mem::take(&mut chunk.digests).into_iter().all(|digest| digest.matches(&bytes)) {
        let detail = format!("Chunk {} does not match its Content-Digest. Send it again.", chunk.index);
        return Err(ApiError::new(ErrorCode::DigestMismatch, detail));
    }
    if let Some(expected) = &chunk.sha256 {
        let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        if digest != *expected {
            return Err(ApiError::new(
                ErrorCode::ChecksumMismatch,
                format!("Chunk {} does not match its sha256. Send it again.", chunk.index),
            ));
        }
    }
    let analyses = state.admit()?;
    analyses.check(&chunk.options)?;
    chunk.check_alone(&bytes)?;
    let session = session_of(state, caller, &chunk)?;
    if session.upload.tus().is_some() {
        return Err(ApiError::new(ErrorCode::SessionConflict, "The session is an upload by tus. Send its bytes to /files/."));
    }
    if !session.upload.is_resumable() {
        return Err(ApiError::new(
            ErrorCode::SessionConflict,
            "The session's file comes in one request and takes no chunks. Start a new session.",
        ));
    }
    if session.upload.total_chunks() != chunk.total || session.extension != chunk.extension {
        let detail = format!(
            "The session was begun with total_chunks {} and ext {}. Use them, or start a new session.",
            session.upload.total_chunks(),
            session.extension.as_str()
        );
        return Err(ApiError::new(ErrorCode::SessionConflict, detail));
    }
    if let (Some(told), Some(known)) = (chunk.file_size, session.upload.file_size())
        && told != known
    {
        let detail = format!("The session was begun with file_size {known}. Use it, or start a new session.");
        return Err(ApiError::new(ErrorCode::SessionConflict, detail));
    }
    session.activity.touch();
    state.counters.chunks.inc();
    state.counters.bytes.inc_by(bytes.len() as u64);
    session.upload.expect(chunk.file_sha256.into_iter().collect())?;
    let received = session.upload.take(chunk.index, bytes)?;
    analyses.start(&session)?;
    Ok(Answer {
        session_id: session.id.clone(),
        chunks_received: received.chunks,
        assembled: received.assembled,
        streaming: true,
        want: session.upload.wanted_ranges(),
    })
}

fn session_of(state: &State, caller: &Caller, chunk: &Chunk) -> Result<Arc<Session>, ApiError> {
    let make = |folder: PathBuf| {
        state.counters.sessions.inc();
        let description = Description {
            version: Description::version(),
            extension: chunk.extension,
            filename: chunk.filename.clone(),
            total_chunks: chunk.total,
            chunk_size: chunk.chunk_size,
            file_size: chunk.file_size,
            tus: None,
            options: chunk.options.clone(),
            request_id: Some(caller.request_id.clone()),
            created_at_ms: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
        };
        Session::create(chunk.session_id.clone(), folder, description)
    };
    // The first chunk begins a file; any other one belongs to a session that may be gone.
    let claim = Claim { begun: (chunk.index == 0).then_some(chunk.came), replaces: 0 };
    state.session_or_new(&chunk.session_id, caller.address, claim, make)
}

/// A digest as 64 hexadecimal digits.
fn sha256(field: &str, text: &str) -> Result<Checksum, ApiError> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    let digest = pairs.collect::<Option<Vec<u8>>>().filter(|_| text.bytes().all(|b| b.is_ascii_hexdigit()));
    let checksum = digest.and_then(|digest| Checksum::new(Algorithm::Sha256, digest).ok());
    checksum.filter(|_| text.len() == 64).ok_or_else(|| ApiError::field(format!("{field} must be 64 hexadecimal digits.")))
}

/// A file's name as it may be shown: no folders, no control characters, not endless.
pub fn display_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(MAX_FILENAME).collect()
}

#[derive(Serialize)]
struct UploadAnswer {
    session_id: SessionId,
    total_chunks: u64,
    received: Vec<[u64; 2]>,
    chunks_received: u64,
    assembled: bool,
    state: SessionState,
}

/// `GET /api/uploads/{session_id}`: what a client needs to go on after an interruption.
pub async fn get_upload(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let id = request::path_session_id(&request)?;
    let session = state.session(&id)?;
    session.activity.touch();
    let received = session.upload.received();
    Ok(HttpResponse::Ok().json(UploadAnswer {
        session_id: id,
        total_chunks: session.upload.total_chunks(),
        received: session.upload.received_ranges(),
        chunks_received: received.chunks,
        assembled: received.assembled,
        state: session.state(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_folders_and_controls() {
        assert_eq!(display_name("C:\\videos\\my film.mp4"), "my film.mp4");
        assert_eq!(display_name("../../etc/passwd"), "passwd");
        assert_eq!(display_name("a\r\nb\0c.mp4"), "abc.mp4");
        assert_eq!(display_name(&"x".repeat(900)).len(), MAX_FILENAME);
    }

    #[test]
    fn a_chunks_fields_are_checked_one_by_one() {
        let read = |changed: (&str, &str)| {
            let mut fields = vec![("total_chunks", "3"), ("ext", ".mp4")];
            fields.retain(|(n, _)| *n != changed.0);
            fields.push(changed);
            let fields: Vec<_> = fields.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
            Chunk::read("s".parse().unwrap(), 2, Instant::now(), &fields).map(|_| ()).map_err(|e| e.0.code)
        };
        assert_eq!(read(("debug", "true")), Ok(()));
        for bad in [("total_chunks", "0"), ("total_chunks", "2"), ("total_chunks", "1e3"), ("total_chunks", "٣"), ("chunk_size", "0")] {
            assert_eq!(read(bad), Err(ErrorCode::InvalidField), "{bad:?}");
        }
        assert_eq!(read(("ext", ".exe")), Err(ErrorCode::UnsupportedExtension));
    }
}
