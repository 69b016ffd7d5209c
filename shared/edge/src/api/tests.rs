use axum::body::Body;
use axum::routing::get;
use tower::ServiceExt;

use super::*;

#[tokio::test]
async fn a_door_that_closes_says_since_when_and_until_when() {
    let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
    let routes = Router::new().route("/old", get(|| async { "old" }));
    let routes = closing(routes, at("2026-09-01T00:00:00Z"), at("2026-11-30T12:30:00Z"));
    let request = http::Request::get("/old").body(Body::empty()).expect("request");
    let response = routes.oneshot(request).await.expect("infallible");
    assert_eq!(response.headers()[DEPRECATION], "@1788220800");
    assert_eq!(response.headers()[SUNSET], "Mon, 30 Nov 2026 12:30:00 GMT");
}
