//! The version-2 payload of a request.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::routes::{Found, decoded};

pub(super) fn build(parts: &Parts, body: &[u8], peer: SocketAddr, found: &Found, now: Timestamp) -> Value {
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let host = header_text(&parts.headers, "host").unwrap_or_else(|| "localhost".to_owned());
    let agent = header_text(&parts.headers, "user-agent").unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": found.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers, peer),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "localapi",
            "domainName": host,
            "domainPrefix": host.split('.').next().unwrap_or_default(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer.ip().to_string(),
                "userAgent": agent,
            },
            "requestId": crate::ids::uuid(),
            "routeKey": found.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
    });
    if let Value::Object(event) = &mut event {
        add_optional(event, parts, body, found);
    }
    event
}

fn add_optional(event: &mut Map<String, Value>, parts: &Parts, body: &[u8], found: &Found) {
    let cookies: Vec<&str> = parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split("; "))
        .collect();
    if !cookies.is_empty() {
        event.insert("cookies".to_owned(), json!(cookies));
    }
    if let Some(query) = parts.uri.query().filter(|query| !query.is_empty()) {
        event.insert("queryStringParameters".to_owned(), json!(query_parameters(query)));
    }
    if !found.parameters.is_empty() {
        event.insert("pathParameters".to_owned(), json!(found.parameters));
    }
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(&parts.headers));
    event.insert("isBase64Encoded".to_owned(), json!(text.is_none() && !body.is_empty()));
    if !body.is_empty() {
        let body = text.map_or_else(|| STANDARD.encode(body), str::to_owned);
        event.insert("body".to_owned(), Value::String(body));
    }
}

/// API Gateway passes these as text, and everything else as base64.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = header_text(headers, "content-type").unwrap_or_default();
    let plain = header_text(headers, "content-encoding").is_none();
    let texts = ["text/", "application/json", "application/javascript", "application/xml"];
    plain && (texts.iter().any(|text| kind.starts_with(text)) || kind.contains("+json") || kind.contains("+xml"))
}

fn headers(given: &HeaderMap, peer: SocketAddr) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in given {
        if name == header::COOKIE {
            continue;
        }
        // Bytes that are no ASCII are handed on, a character each: a header that no text is, the function refuses.
        let value: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
        out.entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert(value);
    }
    let peer = peer.ip().to_string();
    let forwarded = match out.get("x-forwarded-for") {
        Some(before) => format!("{before}, {peer}"),
        None => peer,
    };
    out.insert("x-forwarded-for".to_owned(), forwarded);
    out.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    out
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")));
        out.entry(name)
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert(value);
    }
    out
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
