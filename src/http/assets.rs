//! The web app, carried in the binary.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;

use super::problem;

/// Empty where the web app was not built before the binary.
#[derive(RustEmbed)]
#[folder = "frontend/dist"]
#[allow_missing = true]
struct WebApp;

/// The page may load only what the server itself has; pictures and films may also come from memory.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
     style-src 'self'; script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Every address that no other route takes.
pub async fn get(request: HttpRequest) -> HttpResponse {
    let path = request.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    file(path, &request).await
}

/// `GET` and `HEAD /docs`: the page that shows `/openapi.json`.
pub async fn docs(request: HttpRequest) -> HttpResponse {
    file("docs.html", &request).await
}

async fn file(path: &str, request: &HttpRequest) -> HttpResponse {
    match WebApp::get(path) {
        Some(file) => {
            // File names of the build hold a hash of their content; the page itself must be asked for each time.
            let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
            HttpResponse::Ok()
                .content_type(file.metadata.mimetype())
                .insert_header((header::CACHE_CONTROL, HeaderValue::from_static(caching)))
                .body(file.data.into_owned())
        }
        None if path == "index.html" => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body("Sightline is running, but this binary was built without its web app. Run scripts/setup, then build again.\n"),
        None => problem::not_found(request.clone()).await,
    }
}
