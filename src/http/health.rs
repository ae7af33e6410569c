//! Whether the server lives, is ready, and how it fares.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::problem::ApiError;
use super::state::State;

/// `GET /api/health`, `/livez` and `/healthz`
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`
pub async fn ready(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    state.readiness()?;
    let sandbox = state.analyses()?.resources().ffmpeg.sandbox();
    Ok(HttpResponse::Ok().json(json!({ "status": "ready", "sandbox": sandbox.word() })))
}
