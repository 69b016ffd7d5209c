use std::net::SocketAddr;

use axum::http::Request;
use serde_json::json;

use super::routes::Routes;
use super::{answer, payload};
use crate::template::Route;

fn routes() -> Routes {
    let row = |method: &str, path: &str, function: &str| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        function: function.to_owned(),
    };
    Routes::new(&[
        row("GET", "/r/{code}", "click"),
        row("POST", "/v1/clicks", "click"),
        row("ANY", "/v1/revenue/payouts/{proxy+}", "payout"),
        row("GET", "/v1/partners", "partner"),
        row("GET", "/v1/partners/{id}", "partner"),
        row("GET", "/v1/partners/me", "me"),
        row("ANY", "/v1/{proxy+}", "rest"),
    ])
}

#[test]
fn the_most_specific_route_is_taken() {
    let rows = [
        ("GET", "/r/abc", Some(("click", "GET /r/{code}"))),
        ("GET", "/r/", None),
        ("POST", "/r/abc", None),
        ("GET", "/r/abc/def", None),
        ("GET", "/v1/partners/me", Some(("me", "GET /v1/partners/me"))),
        ("GET", "/v1/partners/par_1", Some(("partner", "GET /v1/partners/{id}"))),
        ("POST", "/v1/partners", Some(("rest", "ANY /v1/{proxy+}"))),
        ("PUT", "/v1/revenue/payouts/a/b", Some(("payout", "ANY /v1/revenue/payouts/{proxy+}"))),
        ("GET", "/", None),
    ];
    for (method, path, expected) in rows {
        let found = routes().find(method, path);
        let found = found.as_ref().map(|found| (found.function.as_str(), found.key.as_str()));
        assert_eq!(found, expected, "{method} {path}");
    }
}

#[test]
fn a_request_becomes_a_version_2_payload() {
    let request = Request::builder()
        .method("POST")
        .uri("/r/a%20b?x=1&x=2&y=%C3%A9+z")
        .header("Host", "example.test")
        .header("Content-Type", "application/json")
        .header("Cookie", "a=1; b=2")
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .header("X-Forwarded-For", "9.9.9.9")
        .header("Idempotency-Key", axum::http::HeaderValue::from_bytes(b"\xd7").expect("a header"))
        .body(())
        .expect("a request");
    let (parts, ()) = request.into_parts();
    let routes = Routes::new(&[Route { method: "ANY".into(), path: "/r/{code}".into(), function: "f".into() }]);
    let found = routes.find("POST", "/r/a%20b").expect("found");
    let peer: SocketAddr = "10.0.0.7:1234".parse().expect("an address");
    let now = "2026-03-12T19:03:58Z".parse().expect("a time");
    let event = payload::build(&parts, b"{\"n\":1}", peer, &found, now);
    assert_eq!(event["rawPath"], "/r/a%20b");
    assert_eq!(event["rawQueryString"], "x=1&x=2&y=%C3%A9+z");
    assert_eq!(event["pathParameters"], json!({"code": "a b"}));
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": "é z"}));
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
    assert_eq!(event["headers"]["x-twice"], "1,2");
    assert_eq!(event["headers"]["idempotency-key"], "\u{d7}", "what is no ASCII is the function's to refuse");
    assert_eq!(event["headers"]["x-forwarded-for"], "9.9.9.9, 10.0.0.7");
    assert!(event["headers"].get("cookie").is_none());
    assert_eq!(event["body"], "{\"n\":1}");
    assert_eq!(event["isBase64Encoded"], false);
    assert_eq!(event["requestContext"]["time"], "12/Mar/2026:19:03:58 +0000");
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "10.0.0.7");
    let binary = payload::build(&parts, &[0xff, 0x00], peer, &found, now);
    assert_eq!((binary["isBase64Encoded"].clone(), binary["body"].clone()), (json!(true), json!("/wA=")));
}

#[test]
fn an_answer_becomes_a_response_or_is_refused() {
    let full = br#"{"statusCode":302,"headers":{"Location":"/x","content-length":"99"},"cookies":["a=1","b=2"],"body":"aGk=","isBase64Encoded":true}"#;
    let response = answer::read(full).expect("a response");
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "/x");
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert!(response.headers().get("content-length").is_none());
    let bare = answer::read(b"\"hello\"").expect("a bare string is a body");
    assert_eq!((bare.status().as_u16(), &bare.headers()["content-type"] == "application/json"), (200, true));
    for garbage in [&b"{"[..], b"", br#"{"statusCode":"x"}"#, br#"{"statusCode":99999}"#] {
        assert!(answer::read(garbage).is_err(), "{}", String::from_utf8_lossy(garbage));
    }
}
