//! What this server takes and can do, for clients that would rather ask than try.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::state::State;
use super::tus;
use crate::video::Extension;

/// `GET /api/capabilities`
pub async fn get(state: web::Data<State>) -> HttpResponse {
    let limits = &state.limits;
    let (ready, ffmpeg) = (state.readiness(), state.ffmpeg.as_ref());
    let models = state.analyses().map(|analyses| analyses.resources().catalog.models()).unwrap_or_default();
    HttpResponse::Ok().json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "ready": ready.is_ok(),
        "problem": ready.err(),
        "extensions": Extension::ALL.map(Extension::as_str),
        "limits": {
            "chunk_bytes": limits.chunk_bytes,
            "in_flight_bytes": limits.in_flight_bytes,
            "file_bytes": limits.file_bytes,
            "frame_pixels": limits.frame_pixels,
            "sessions": limits.sessions,
            "running": limits.running,
            "sessions_per_minute": limits.sessions_per_minute,
            "idle_seconds": limits.idle_timeout.as_secs(),
        },
        "tus": { "version": tus::VERSION, "extensions": tus::EXTENSIONS.split(',').collect::<Vec<_>>(), "checksums": tus::checksum::names() },
        "ffmpeg": { "found": ffmpeg.is_ok(), "version": ffmpeg.ok(), "problem": ffmpeg.err() },
        "models": models,
    }))
}
