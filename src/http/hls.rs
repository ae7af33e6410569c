//! The annotated video while it is being made, for players of HTTP Live Streaming.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use actix_web::http::header::{self, DispositionType, EntityTag, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::digest::Output;
use sha2::{Digest as _, Sha256};

use super::download::{BLOCK, Content, Download, Version, named};
use super::problem::ApiError;
use super::request;
use super::state::State;
use crate::error_code::ErrorCode;
use crate::media::fragments::Fragments;
use crate::media::hls;
use crate::processing::job::ENCODED;
use crate::sessions::session::SessionState;

/// `GET` and `HEAD /api/sessions/{session_id}/hls/{file}`: `index.m3u8` and what it names
pub async fn get(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let session = state.session(&request::path_session_id(&request)?)?;
    session.activity.touch();
    // Looked at before the file: what is complete grows no more.
    let ended = session.state() == SessionState::Complete;
    let path = session.folder().join(ENCODED);
    let name = request.match_info().query("file").to_owned();
    let Ok(Ok(Some(found))) = web::block(move || find(&path, &name, ended)).await else {
        return Err(ApiError::new(ErrorCode::ResultNotFound, "This part of the video is not there yet. Ask again in a moment."));
    };
    let mut answer = found.answer(&request);
    // Another run of the same session gives other bytes under the same names.
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(answer)
}

/// What goes by this name; none where it is not there, or not yet. Blocks.
fn find(path: &Path, name: &str, ended: bool) -> io::Result<Option<Download>> {
    let file = File::open(path)?;
    let fragments = Fragments::of(&file)?;
    if fragments.head.is_empty() {
        return Ok(None);
    }
    let part = match name {
        hls::PLAYLIST => {
            let text = hls::playlist(&fragments, ended);
            let digest = Sha256::digest(&text);
            return Ok(Some(download(name, "application/vnd.apple.mpegurl", Content::Text(text.into()), digest)));
        }
        hls::HEAD => Some(fragments.head),
        _ => hls::segment_index(name).and_then(|index| fragments.segments.get(index)).map(|segment| segment.bytes.clone()),
    };
    let Some(bytes) = part else { return Ok(None) };
    let digest = digest_of(&file, bytes.clone())?;
    Ok(Some(download(name, "video/mp4", Content::File(file, bytes), digest)))
}

/// Its version is told by its content: the file's own time and length change while it grows, and its parts do not.
fn download(name: &str, media_type: &'static str, content: Content, digest: Output<Sha256>) -> Download {
    let tag = EntityTag::new_strong(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect());
    let disposition = named(DispositionType::Inline, name.to_owned());
    Download { content, media_type, disposition, version: Version { tag, modified: None } }
}

fn digest_of(file: &File, bytes: Range<u64>) -> io::Result<Output<Sha256>> {
    let (mut digest, mut block, mut at) = (Sha256::new(), vec![0; BLOCK as usize], bytes.start);
    while at < bytes.end {
        let piece = &mut block[..(bytes.end - at).min(BLOCK) as usize];
        file.read_exact_at(piece, at)?;
        digest.update(&*piece);
        at += piece.len() as u64;
    }
    Ok(digest.finalize())
}
