use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::header::HeaderValue;
use serde::Deserialize;
use tower::ServiceExt;

use super::*;
use crate::body::{Body as Json, Query};
use crate::csv::Format;
use crate::http::{Cors, border};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default, rename = "limit")]
    _limit: Option<u32>,
}

#[derive(Deserialize)]
struct Anything {}

fn routes() -> Router {
    let csv = [(CONTENT_TYPE, "text/csv; charset=utf-8")];
    let routes = Router::new()
        .route("/one", get(|| async { axum::Json("one") }).post(|_: Json<Anything>| async { axum::Json("made") }))
        .route("/list", get(|Query(_): Query<Asked>| async { axum::Json("list") }))
        .route("/table", get(move |_: Format| async move { (csv, "a,b") }))
        .route("/nothing", post(|| async { http::StatusCode::NO_CONTENT }));
    border(routes.layer(axum::middleware::from_fn(negotiated)), Cors::Nobody)
}

async fn status(method: &str, path: &str, accept: Option<&str>) -> u16 {
    let mut request = http::Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    if let Some(accept) = accept {
        request = request.header(ACCEPT, accept);
    }
    let request = request.body(Body::from("{}")).expect("request");
    routes().oneshot(request).await.expect("infallible").status().as_u16()
}

#[tokio::test]
async fn an_answer_that_the_caller_does_not_take_is_406() {
    for (method, path, accept, expected) in [
        ("GET", "/one", None, 200),
        ("GET", "/one", Some(""), 200),
        ("GET", "/one", Some("*/*"), 200),
        ("GET", "/one", Some("text/html, application/*;q=0.1"), 200),
        ("GET", "/one", Some("APPLICATION/JSON"), 200),
        ("GET", "/one", Some("image/png"), 406),
        ("GET", "/one", Some("application/json;q=0, text/csv"), 406),
        ("GET", "/one", Some("*/*, application/json;q=0"), 406),
        ("GET", "/table", Some("text/csv"), 200),
        ("GET", "/table", Some("application/json"), 406),
        ("GET", "/table?format=csv", Some("application/json"), 200),
        ("POST", "/one", Some("application/json"), 200),
        ("POST", "/one", Some("text/csv"), 406),
        ("POST", "/nothing", None, 204),
    ] {
        assert_eq!(status(method, path, accept).await, expected, "{method} {path} {accept:?}");
    }
}

#[tokio::test]
async fn a_parameter_that_nobody_reads_is_400() {
    for (method, path, expected) in [
        ("GET", "/list?limit=3", 200),
        ("GET", "/list?limlt=3", 400),
        ("GET", "/one?limit=3", 400),
        ("GET", "/one?", 200),
        ("GET", "/table?format=csv", 200),
        ("GET", "/table?format=csv&more=1", 400),
        ("POST", "/one?dry=1", 400),
        ("POST", "/one", 200),
    ] {
        assert_eq!(status(method, path, None).await, expected, "{method} {path}");
    }
}

#[test]
fn the_best_fit_is_the_heaviest_then_the_most_exact_then_the_first() {
    for (accept, csv_is_better) in [
        ("text/csv", true),
        ("text/csv;q=0.4, application/json;q=0.5", false),
        ("application/json;q=0.4, text/csv;q=0.45", true),
        ("*/*", false),
        ("text/csv, */*", true),
        ("text/*, application/json", false),
        ("text/csv, application/json", true),
        ("application/json, text/csv", false),
        ("text/csv;q=nonsense", true),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        assert_eq!(fit(&headers, "text/csv") > fit(&headers, "application/json"), csv_is_better, "{accept}");
    }
}
