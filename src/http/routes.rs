//! The API as a table.

use std::rc::Rc;

use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route};

use super::negotiation::{Gives, negotiate};
use super::{analyze, assets, capabilities, events, health, hls, metrics, models, openapi, problem, results, sessions, tus, upload};
use crate::error_code::{ErrorCode, Problem};

/// An address, the kind of its answers, and what it does for each method.
struct Entry {
    path: &'static str,
    gives: Gives,
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
    use Gives::{Events, ItsOwn, Json};
    let (get, head, post, put, delete) = (Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE);
    let health = |path| at(path, Json, vec![(Method::GET, web::to(health::health))]);
    vec![
        at("/api/upload-chunk", Json, vec![(post.clone(), web::to(upload::post_chunk))]),
        at("/api/uploads/{session_id}", Json, vec![(get.clone(), web::to(upload::get_upload))]),
        at("/api/uploads/{session_id}/chunks/{index}", Json, vec![(put.clone(), web::to(upload::put_chunk))]),
        at("/files/", ItsOwn, vec![(Method::OPTIONS, web::to(tus::options)), (post.clone(), web::to(tus::creation::create))]),
        at(
            "/files/{session_id}",
            ItsOwn,
            vec![
                (Method::OPTIONS, web::to(tus::options)),
                (head.clone(), web::to(tus::upload::head)),
                (Method::PATCH, web::to(tus::upload::patch)),
                (delete.clone(), web::to(tus::upload::delete)),
                (post.clone(), web::to(tus::upload::overridden)),
            ],
        ),
        at("/api/stream-progress/{session_id}", Events, vec![(get.clone(), web::to(events::stream_progress))]),
        at("/api/analyze-assembled/{session_id}", Events, vec![(post.clone(), web::to(analyze::analyze_assembled))]),
        at("/api/analyze-stream", Events, vec![(post.clone(), web::to(analyze::analyze_stream))]),
        at("/api/analyze", Json, vec![(post.clone(), web::to(analyze::analyze))]),
        at("/api/sessions", Json, vec![(get.clone(), web::to(sessions::list))]),
        at("/api/sessions/{session_id}", Json, vec![(get.clone(), web::to(sessions::get)), (delete, web::to(sessions::delete))]),
        at(
            "/api/sessions/{session_id}/result.{ending}",
            ItsOwn,
            vec![(get.clone(), web::to(results::of_session)), (head.clone(), web::to(results::of_session))],
        ),
        at("/api/sessions/{session_id}/hls/{file}", ItsOwn, vec![(get.clone(), web::to(hls::get)), (head.clone(), web::to(hls::get))]),
        at("/api/models", Json, vec![(get.clone(), web::to(models::list))]),
        at("/api/models/defaults", Json, vec![(get.clone(), web::to(models::defaults)), (put, web::to(models::set_defaults))]),
        at("/api/models/{name}/load", Json, vec![(post.clone(), web::to(models::load))]),
        at("/api/models/{name}/unload", Json, vec![(post, web::to(models::unload))]),
        at("/api/capabilities", Json, vec![(get.clone(), web::to(capabilities::get))]),
        at("/uploads/results/{file}", ItsOwn, vec![(get.clone(), web::to(results::get)), (head.clone(), web::to(results::get))]),
        health("/api/health"),
        health("/livez"),
        health("/healthz"),
        at("/readyz", Json, vec![(get.clone(), web::to(health::ready))]),
        at("/metrics", ItsOwn, vec![(get.clone(), web::to(metrics::get))]),
        at("/openapi.json", Json, vec![(get.clone(), web::to(openapi::get)), (head.clone(), web::to(openapi::get))]),
        at("/docs", ItsOwn, vec![(get, web::to(assets::docs)), (head, web::to(assets::docs))]),
    ]
}

fn at(path: &'static str, gives: Gives, routes: Vec<(Method, Route)>) -> Entry {
    Entry { path, gives, routes }
}

/// Every address of the table, the kind of its answers, and its methods.
pub fn addresses() -> impl Iterator<Item = (&'static str, Gives, Vec<Method>)> {
    table().into_iter().map(|entry| (entry.path, entry.gives, methods(&entry.routes)))
}

fn methods(routes: &[(Method, Route)]) -> Vec<Method> {
    routes.iter().map(|(method, _)| method.clone()).collect()
}

/// A resource that answers other methods with 405 and the list of its own.
fn resource(Entry { path, gives, routes }: Entry) -> impl HttpServiceFactory {
    let methods = methods(&routes);
    let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    // An address that ends in a slash is found without it, too.
    let mut resource = match path.strip_suffix('/') {
        Some(bare) => web::resource(vec![path, bare]),
        None => web::resource(path),
    };
    for (method, route) in routes {
        resource = resource.route(route.method(method));
    }
    let resource = resource.default_service(web::to(move || {
        let allowed = allowed.clone();
        async move { not_allowed(&allowed) }
    }));
    let methods: Rc<[Method]> = methods.into();
    resource.wrap(from_fn(move |request, next| negotiate(gives, Rc::clone(&methods), request, next)))
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
