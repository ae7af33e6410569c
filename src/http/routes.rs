//! The API as a table.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route};

use super::{analyze, assets, events, health, models, problem, results, sessions, upload};
use crate::error_code::{ErrorCode, Problem};

pub fn routes(config: &mut ServiceConfig) {
    let (get, head, post, put, delete) = (Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE);
    let table = [
        at("/api/upload-chunk", vec![(post.clone(), web::to(upload::post_chunk))]),
        at("/api/uploads/{session_id}", vec![(get.clone(), web::to(upload::get_upload))]),
        at("/api/uploads/{session_id}/chunks/{index}", vec![(put, web::to(upload::put_chunk))]),
        at("/api/stream-progress/{session_id}", vec![(get.clone(), web::to(events::stream_progress))]),
        at("/api/analyze-assembled/{session_id}", vec![(post.clone(), web::to(analyze::analyze_assembled))]),
        at("/api/analyze-stream", vec![(post.clone(), web::to(analyze::analyze_stream))]),
        at("/api/analyze", vec![(post, web::to(analyze::analyze))]),
        at("/api/sessions", vec![(get.clone(), web::to(sessions::list))]),
        at("/api/sessions/{session_id}", vec![(get.clone(), web::to(sessions::get)), (delete, web::to(sessions::delete))]),
        at("/api/models", vec![(get.clone(), web::to(models::list))]),
        at("/uploads/results/{file}", vec![(get.clone(), web::to(results::get)), (head, web::to(results::get))]),
        at("/api/health", vec![(get.clone(), web::to(health::health))]),
        at("/livez", vec![(get.clone(), web::to(health::health))]),
        at("/readyz", vec![(get.clone(), web::to(health::ready))]),
        at("/metrics", vec![(get, web::to(health::metrics))]),
    ];
    for resource in table {
        config.service(resource);
    }
    config.default_service(web::route().to(assets_or_nothing));
}

/// A resource that answers other methods with 405 and the list of its own.
fn at(path: &str, routes: Vec<(Method, Route)>) -> Resource {
    let allowed = routes.iter().map(|(m, _)| m.as_str()).collect::<Vec<_>>().join(", ");
    let mut resource = web::resource(path);
    for (method, route) in routes {
        resource = resource.route(route.method(method));
    }
    resource.default_service(web::to(move || {
        let allowed = allowed.clone();
        async move { not_allowed(&allowed) }
    }))
}

fn not_allowed(allowed: &str) -> HttpResponse {
    let problem = Problem::new(ErrorCode::MethodNotAllowed, format!("This address takes {allowed}."));
    let mut response = problem::response(&problem);
    if let Ok(value) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

async fn assets_or_nothing(request: actix_web::HttpRequest) -> HttpResponse {
    match *request.method() {
        Method::GET | Method::HEAD => assets::get(request).await,
        _ => problem::not_found(request).await,
    }
}
