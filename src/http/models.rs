//! What can be chosen as detector and pose.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::problem::ApiError;
use super::state::State;

/// `GET /api/models`
pub async fn list(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let models = state.analyses()?.resources().catalog.models();
    Ok(HttpResponse::Ok().json(json!({ "models": models })))
}
