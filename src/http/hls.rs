//! The annotated video while it is being made, for players of HTTP Live Streaming.

use std::fs::File;
use std::io;
use std::ops::Range;

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::ApiError;
use super::request;
use super::results::blocks;
use super::state::State;
use crate::error_code::ErrorCode;
use crate::media::fragments::Fragments;
use crate::media::hls;
use crate::processing::job::ENCODED;
use crate::sessions::session::SessionState;

enum Part {
    Playlist(String),
    Bytes(Range<u64>),
}

/// `GET /api/sessions/{session_id}/hls/{file}`: `index.m3u8` and what it names
pub async fn get(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let session = state.session(&request::path_session_id(&request)?)?;
    session.activity.touch();
    // Looked at before the file: what is complete grows no more.
    let ended = session.state() == SessionState::Complete;
    let path = session.folder().join(ENCODED);
    let name = request.match_info().query("file").to_owned();
    let part = web::block(move || {
        let file = File::open(path)?;
        Ok::<_, io::Error>(part(&Fragments::of(&file)?, &name, ended).map(|part| (part, file)))
    });
    let mut answer = HttpResponse::Ok();
    // Another run of the same session gives other bytes under the same names.
    answer.insert_header((header::CACHE_CONTROL, "no-cache"));
    match part.await {
        Ok(Ok(Some((Part::Playlist(text), _)))) => Ok(answer.content_type("application/vnd.apple.mpegurl").body(text)),
        Ok(Ok(Some((Part::Bytes(range), file)))) => {
            Ok(answer.content_type("video/mp4").body(SizedStream::new(range.end - range.start, blocks(file, range))))
        }
        _ => Err(ApiError::new(ErrorCode::ResultNotFound, "This part of the video is not there yet. Ask again in a moment.")),
    }
}

/// What goes by this name; none where it is not there, or not yet.
fn part(fragments: &Fragments, name: &str, ended: bool) -> Option<Part> {
    if fragments.head.is_empty() {
        return None;
    }
    match name {
        hls::PLAYLIST => Some(Part::Playlist(hls::playlist(fragments, ended))),
        hls::HEAD => Some(Part::Bytes(fragments.head.clone())),
        _ => fragments.segments.get(hls::segment_index(name)?).map(|s| Part::Bytes(s.bytes.clone())),
    }
}
