//! The OpenAPI document and its viewer. The viewer is Swagger UI out of a crate that carries its files: nothing of the
//! page is loaded from elsewhere, and its policy would let nothing be.

mod archive;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edge::body::Segments;
use edge::openapi::Bearer;
use edge::problem::Problem;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::OpenApi;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

use crate::App;

/// The document of all functions, as `UPDATE_DOCS=1 cargo test -p documents` writes it.
pub(super) const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");
const PAGE: &str = include_str!("viewer/page.html");
const START: &str = include_str!("viewer/start.js");

/// What the page may load: its own files, and the document. Swagger UI draws with pictures and styles within itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A new release brings new files.
const KEPT: &str = "public, max-age=300";

/// The paths of the document and its viewer: for everybody.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/v1/openapi.json", get(document)).route("/docs", get(page)).route("/docs/{file}", get(file))
}

#[derive(OpenApi)]
#[openapi(
    paths(document, page, file),
    modifiers(&Bearer),
    tags((name = "documents", description = "What this API is, for machines and for people."))
)]
struct Document;

/// The paths of this room.
pub(super) fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// This document.
///
/// OpenAPI 3.1 of every operation, with who may call it as `x-roles`.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    tag = "documents",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
pub(super) async fn document() -> Response {
    answer("application/json", DOCUMENT.as_bytes())
}

/// A page that shows this document.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "documents",
    responses((status = 200, description = "a page", body = String, content_type = "text/html"))
)]
pub(super) async fn page() -> Response {
    answer("text/html; charset=utf-8", PAGE.as_bytes())
}

/// A file of the page that shows this document.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    tag = "documents",
    params(("file" = String, Path, description = "the file's name")),
    responses(
        (status = 200, description = "a script, a style or a picture"),
        (status = 404, description = "no such file", body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn file(Segments(name): Segments<String>) -> Result<Response, Problem> {
    let kind = match name.as_str() {
        "start.js" => return Ok(answer("text/javascript; charset=utf-8", START.as_bytes())),
        "swagger-ui-bundle.js" => "text/javascript; charset=utf-8",
        "swagger-ui.css" => "text/css; charset=utf-8",
        "favicon-32x32.png" => "image/png",
        _ => return Err(Problem::not_found("no such file")),
    };
    // Packed as they lie in the crate, they need not be unpacked here: every browser does that.
    let packed = archive::gzip_of(SWAGGER_UI_VENDORED, &name).ok_or_else(|| {
        tracing::error!(file = name, "the viewer's file is not among those that its crate carries");
        Problem::internal()
    })?;
    let mut response = answer(kind, &packed);
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(response)
}

fn answer(kind: &'static str, bytes: &[u8]) -> Response {
    let mut response = bytes.to_vec().into_response();
    for (name, value) in [(CONTENT_TYPE, kind), (CACHE_CONTROL, KEPT), (CONTENT_SECURITY_POLICY, POLICY)] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
