use axum::body::Body;
use axum::routing::{get, post};
use tower::ServiceExt;

use super::*;

fn routes(cors: Cors) -> Router {
    let own = [(header::CACHE_CONTROL, "public, max-age=300")];
    let routes = Router::new()
        .route("/here", get(|| async { "here" }))
        .route("/script", get(move || async move { (own, "script") }))
        .route("/large", post(|_: axum::body::Bytes| async { "read" }))
        .route("/refused", get(|| async { Problem::conflict("not now") }));
    border(routes, cors)
}

async fn ask(cors: Cors, method: &str, path: &str, headers: &[(&str, &str)]) -> (Response, serde_json::Value) {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = routes(cors).oneshot(request.body(Body::empty()).expect("request")).await.expect("infallible");
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("body");
    let json = serde_json::from_slice(&bytes).unwrap_or_default();
    (Response::from_parts(parts, Body::empty()), json)
}

#[tokio::test]
async fn an_unknown_path_and_an_unknown_method_are_problems() {
    let (response, problem) = ask(Cors::Nobody, "GET", "/nowhere", &[]).await;
    assert_eq!((response.status().as_u16(), problem["instance"].as_str()), (404, Some("/nowhere")));
    let (response, problem) = ask(Cors::Nobody, "DELETE", "/here", &[]).await;
    assert_eq!((response.status().as_u16(), problem["status"].as_u64()), (405, Some(405)));
}

#[tokio::test]
async fn a_problem_carries_the_path_and_the_callers_correlation_id() {
    let (response, problem) = ask(Cors::Nobody, "GET", "/refused", &[("x-correlation-id", "caller-1234")]).await;
    assert_eq!(problem["correlation_id"], "caller-1234");
    assert_eq!(problem["instance"], "/refused");
    assert_eq!(response.headers()[CORRELATION_ID], "caller-1234");
}

#[tokio::test]
async fn a_correlation_id_that_could_spoil_a_log_is_replaced() {
    let (response, _) = ask(Cors::Nobody, "GET", "/here", &[("x-correlation-id", "a b\"c; drop")]).await;
    assert_eq!(response.headers()[CORRELATION_ID].len(), 32);
}

#[tokio::test]
async fn security_headers_are_on_every_answer_and_a_handlers_own_stay() {
    let (response, _) = ask(Cors::Nobody, "GET", "/here", &[]).await;
    assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let (response, _) = ask(Cors::Nobody, "GET", "/script", &[]).await;
    assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=300");
}

#[tokio::test]
async fn a_preflight_is_answered_only_where_any_page_may_call() {
    let asks = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
    let (response, _) = ask(Cors::AnyPage, "OPTIONS", "/large", &asks).await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let (response, _) = ask(Cors::Nobody, "OPTIONS", "/large", &asks).await;
    assert_eq!(response.status(), 405);
}

#[test]
fn whoever_has_one_address_of_a_network_of_ipv6_has_them_all() {
    let network = |ip: &str| Origin { ip: Some(ip.to_owned()), user_agent: None }.network();
    assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    assert_ne!(network("192.0.2.7"), network("192.0.2.8"));
    assert_eq!(Origin::default().network(), "unknown");
}

#[tokio::test]
async fn an_origin_is_the_gateways_word_and_the_viewers_behind_our_own_distribution_alone() {
    let secret = crate::telemetry::Secret::new("the key".to_owned());
    let front = Front::new(crate::secrets::Rotating { current: secret, previous: None });
    let told = [("cloudfront-viewer-address", "198.51.100.10:46532"), ("x-tributary-edge-key", "the key")];
    for (is_behind, headers, expected) in
        [(true, &told[..], "198.51.100.10"), (true, &told[..1], "203.0.113.7"), (false, &told[..], "203.0.113.7")]
    {
        let mut request =
            headers.iter().fold(http::Request::builder(), |request, (name, value)| request.header(*name, *value));
        if is_behind {
            request = request.extension(front.clone());
        }
        let mut context = lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext::default();
        context.http.source_ip = Some("203.0.113.7".to_owned());
        let request = request.extension(RequestContext::ApiGatewayV2(context)).body(()).expect("request");
        let (mut parts, ()) = request.into_parts();
        let origin = Origin::from_request_parts(&mut parts, &()).await.expect("infallible");
        assert_eq!(origin.ip.as_deref(), Some(expected), "{is_behind} {headers:?}");
    }
}
