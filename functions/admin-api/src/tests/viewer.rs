//! The OpenAPI document and its viewer, as a browser asks for them.

use super::*;

async fn ask(path: &str) -> http::Response<Body> {
    let office = office().await;
    let request =
        http::Request::get(path).header("accept", "text/html,*/*;q=0.8").body(Body::empty()).expect("request");
    office.routes.clone().oneshot(request).await.expect("infallible")
}

#[tokio::test]
async fn the_page_of_the_document_loads_nothing_from_elsewhere() {
    for (path, kind) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/start.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
        ("/docs/favicon-32x32.png", "image/png"),
        ("/v1/openapi.json", "application/json"),
    ] {
        let answer = ask(path).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &kind.parse().expect("text")));
        let policy = answer.headers()["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("http"), "{path}: {policy}");
    }
    let page = axum::body::to_bytes(ask("/docs").await.into_body(), 1 << 20).await.expect("a page");
    let page = String::from_utf8_lossy(&page).into_owned();
    assert!(page.contains("src=\"/docs/swagger-ui-bundle.js\"") && !page.contains("//"), "{page}");
    assert_eq!(ask("/docs/other.js").await.status(), 404);
}

#[tokio::test]
async fn the_document_is_served_as_it_is_kept() {
    let served = axum::body::to_bytes(ask("/v1/openapi.json").await.into_body(), 8 << 20).await.expect("a document");
    let served: Value = serde_json::from_slice(&served).expect("JSON");
    assert_eq!(served["openapi"], "3.1.0");
    assert!(served["paths"]["/v1/openapi.json"]["get"].is_object());
}
