//! The API as a table.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route};

use super::{analyze, assets, events, health, models, openapi, problem, results, sessions, tus, upload};
use crate::error_code::{ErrorCode, Problem};

/// An address and what it does for each method.
struct Entry {
    path: &'static str,
    routes: Vec<(Method, Route)>,
}

/// Registers the table; all other addresses are the web app's.
pub fn routes(config: &mut ServiceConfig) {
    for entry in table() {
        config.service(resource(entry));
    }
    config.default_service(web::route().to(assets_or_nothing));
}

fn table() -> Vec<Entry> {
    let (get, head, post, put, delete) = (Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE);
    vec![
        at("/api/upload-chunk", vec![(post.clone(), web::to(upload::post_chunk))]),
        at("/api/uploads/{session_id}", vec![(get.clone(), web::to(upload::get_upload))]),
        at("/api/uploads/{session_id}/chunks/{index}", vec![(put, web::to(upload::put_chunk))]),
        at("/files/", vec![(Method::OPTIONS, web::to(tus::options)), (post.clone(), web::to(tus::creation::create))]),
        at(
            "/files/{session_id}",
            vec![
                (Method::OPTIONS, web::to(tus::options)),
                (head.clone(), web::to(tus::upload::head)),
                (Method::PATCH, web::to(tus::upload::patch)),
                (delete.clone(), web::to(tus::upload::delete)),
                (post.clone(), web::to(tus::upload::overridden)),
            ],
        ),
        at("/api/stream-progress/{session_id}", vec![(get.clone(), web::to(events::stream_progress))]),
        at("/api/analyze-assembled/{session_id}", vec![(post.clone(), web::to(analyze::analyze_assembled))]),
        at("/api/analyze-stream", vec![(post.clone(), web::to(analyze::analyze_stream))]),
        at("/api/analyze", vec![(post, web::to(analyze::analyze))]),
        at("/api/sessions", vec![(get.clone(), web::to(sessions::list))]),
        at("/api/sessions/{session_id}", vec![(get.clone(), web::to(sessions::get)), (delete, web::to(sessions::delete))]),
        at("/api/models", vec![(get.clone(), web::to(models::list))]),
        at("/uploads/results/{file}", vec![(get.clone(), web::to(results::get)), (head.clone(), web::to(results::get))]),
        at("/api/health", vec![(get.clone(), web::to(health::health))]),
        at("/livez", vec![(get.clone(), web::to(health::health))]),
        at("/readyz", vec![(get.clone(), web::to(health::ready))]),
        at("/metrics", vec![(get.clone(), web::to(health::metrics))]),
        at("/openapi.json", vec![(get.clone(), web::to(openapi::get)), (head.clone(), web::to(openapi::get))]),
        at("/docs", vec![(get, web::to(assets::docs)), (head, web::to(assets::docs))]),
    ]
}

fn at(path: &'static str, routes: Vec<(Method, Route)>) -> Entry {
    Entry { path, routes }
}

/// Every address of the table with its methods.
pub fn addresses() -> impl Iterator<Item = (&'static str, Vec<Method>)> {
    table().into_iter().map(|entry| (entry.path, entry.routes.into_iter().map(|(method, _)| method).collect()))
}

/// A resource that answers other methods with 405 and the list of its own.
fn resource(Entry { path, routes }: Entry) -> Resource {
    let allowed = routes.iter().map(|(m, _)| m.as_str()).collect::<Vec<_>>().join(", ");
    // An address that ends in a slash is found without it, too.
    let mut resource = match path.strip_suffix('/') {
        Some(bare) => web::resource(vec![path, bare]),
        None => web::resource(path),
    };
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
