//! The event files: what API Gateway sends, through the Lambda adapter.

use super::*;

/// A file with this caller's key.
fn event_file(case: &str, who: &str) -> http::Request<Body> {
    let path = format!("{}/../../events/admin-api/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let mut event: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("an event file")).expect("json");
    event["headers"]["authorization"] = json!(bearer(who));
    let request = lambda_http::request::from_str(&event.to_string()).expect("an event of API Gateway");
    request.map(|body| Body::from(body.to_vec()))
}

#[tokio::test]
async fn every_event_file_is_answered_as_its_name_says() {
    let office = office().await;
    for (case, who, status) in [
        ("reviews", "ada", 200),
        ("reviews", "partner", 403),
        ("decide", "ada", 404),
        ("decide", "sue", 403),
        ("mark", "ada", 422),
        ("mark", "sue", 403),
        ("policy", "ada", 200),
        ("policy", "fin", 403),
    ] {
        let response = office.routes.clone().oneshot(event_file(case, who)).await.expect("infallible");
        assert_eq!(response.status().as_u16(), status, "{case} by {who}");
    }
    // The audit trail has the address that the gateway saw.
    let trail = office.world.store.list_audit(&office.world.tenant, "risk_policy").await.expect("store");
    assert_eq!(trail[0].actor.ip.as_deref(), Some("203.0.113.7"));
}
