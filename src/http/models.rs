//! Models: what there is, what is loaded, and which ones clients get who name none.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::pace;
use super::problem::ApiError;
use super::state::State;
use crate::error_code::{ErrorCode, Problem};
use crate::processing::processor;
use crate::processing::session_run::Analyses;
use crate::vision::manifest::Task;
use crate::vision::{Catalog, CatalogError};

/// Bytes of a body that names models.
const LARGEST_BODY: usize = 4096;

/// `GET /api/models`: the models as they lie in the folder now
pub async fn list(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let catalog = catalog(state.analyses()?);
    let list = move || {
        catalog.look();
        catalog.list()
    };
    Ok(HttpResponse::Ok().json(aside(list).await?))
}

/// `POST /api/models/{name}/load`: answers when it is loaded and has run once
pub async fn load(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    change(&state, &request, |catalog, name| catalog.prepare(name, 0).map(drop)).await
}

/// `POST /api/models/{name}/unload`
pub async fn unload(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    change(&state, &request, Catalog::unload).await
}

/// `GET /api/models/defaults`
pub async fn defaults(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let catalog = catalog(state.analyses()?);
    let defaults = move || {
        catalog.look();
        catalog.defaults()
    };
    Ok(HttpResponse::Ok().json(aside(defaults).await?))
}

/// `PUT /api/models/defaults`: answers when each model that is named has run once
pub async fn set_defaults(state: web::Data<State>, body: web::Payload) -> Result<HttpResponse, ApiError> {
    let catalog = catalog(state.admit()?);
    let choices = choices(&read(body).await?)?;
    let _turn = state.loading.lock().await;
    let chosen = aside(move || catalog.choose_defaults(&choices).map(|()| catalog.defaults())).await?;
    Ok(HttpResponse::Ok().json(chosen.map_err(refused)?))
}

/// Does something to the model of the path, and tells how it is then.
async fn change(
    state: &State,
    request: &HttpRequest,
    change: impl FnOnce(&Catalog, &str) -> Result<(), CatalogError> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let catalog = catalog(state.admit()?);
    let name = request.match_info().query("name").to_owned();
    let _turn = state.loading.lock().await;
    let changed = aside(move || change(&catalog, &name).and_then(|()| catalog.summary(&name))).await?;
    Ok(HttpResponse::Ok().json(changed.map_err(|error| match error {
        // What is not there is told of the address here, not of a field.
        CatalogError::Unknown { .. } => ApiError::new(ErrorCode::ModelNotFound, refused(error).0.detail),
        other => refused(other),
    })?))
}

fn catalog(analyses: &Analyses) -> Arc<Catalog> {
    Arc::clone(&analyses.resources().catalog)
}

/// Does what waits for disk or processor on a thread that may wait.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    web::block(work)
        .await
        .map_err(|_| Problem::new(ErrorCode::Internal, "The models could not be looked after. The server's log has more."))
}

fn refused(error: CatalogError) -> ApiError {
    ApiError(processor::refusal(&error.into()))
}

async fn read(mut body: web::Payload) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(data) = body.next().await {
        let data = data.map_err(|e| pace::ended_early("The body did not arrive", &e))?;
        if bytes.len() + data.len() > LARGEST_BODY {
            return Err(unreadable());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Which model for which task; none leaves it to the server. A task that is not named stays as it is.
fn choices(body: &[u8]) -> Result<Vec<(Task, Option<String>)>, ApiError> {
    let fields: Map<String, Value> = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let choice = |(name, value): (String, Value)| {
        let task = match name.as_str() {
            "detect" => Task::Detect,
            "pose" => Task::Pose,
            _ => return Err(ApiError::field(format!("{name} is no task: there are detect and pose."))),
        };
        match value {
            Value::Null => Ok((task, None)),
            Value::String(model) => Ok((task, Some(model))),
            _ => Err(ApiError::field(format!("{name} must be a model's name, or null."))),
        }
    };
    fields.into_iter().map(choice).collect()
}

fn unreadable() -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, r#"The body must be a small JSON object, such as {"detect": "yolox-nano"}."#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_named_by_task() {
        let read = |body: &str| choices(body.as_bytes()).map_err(|e| e.0.code);
        assert_eq!(read(r#"{"detect": "a", "pose": null}"#), Ok(vec![(Task::Detect, Some("a".into())), (Task::Pose, None)]));
        assert_eq!(read("{}"), Ok(vec![]));
        for (body, code) in [
            ("", ErrorCode::InvalidRequest),
            ("[]", ErrorCode::InvalidRequest),
            (r#""a""#, ErrorCode::InvalidRequest),
            (r#"{"detector": "a"}"#, ErrorCode::InvalidField),
            (r#"{"pose": 3}"#, ErrorCode::InvalidField),
        ] {
            assert_eq!(read(body), Err(code), "{body}");
        }
    }
}
