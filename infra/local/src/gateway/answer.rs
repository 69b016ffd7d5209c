//! A function's answer as an HTTP response.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::template::Cors;

/// Reads the answer; anything that is JSON without a status code is a body of its own.
pub(super) fn read(bytes: &[u8]) -> Result<Response<Body>, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let Some(status) = value.get("statusCode") else {
        let text = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut response = Response::new(Body::from(text));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        return Ok(response);
    };
    let status = status.as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = Response::new(body(&value)?);
    *response.status_mut() = status.ok_or("statusCode is no status")?;
    let headers = response.headers_mut();
    copy_headers(value.get("headers"), headers)?;
    copy_headers(value.get("multiValueHeaders"), headers)?;
    for cookie in value.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        let cookie = cookie.as_str().and_then(|cookie| HeaderValue::from_str(cookie).ok());
        headers.append(header::SET_COOKIE, cookie.ok_or("a cookie is no text")?);
    }
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    Ok(response)
}

fn body(value: &Value) -> Result<Body, String> {
    let text = match value.get("body") {
        None | Some(Value::Null) => return Ok(Body::empty()),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if value.get("isBase64Encoded").and_then(Value::as_bool) == Some(true) {
        return STANDARD.decode(text).map(Body::from).map_err(|_| "the body is no base64".to_owned());
    }
    Ok(Body::from(text))
}

fn copy_headers(given: Option<&Value>, headers: &mut HeaderMap) -> Result<(), String> {
    for (name, value) in given.and_then(Value::as_object).into_iter().flatten() {
        let name: HeaderName = name.parse().map_err(|_| format!("{name:?} is no header"))?;
        // The length is that of the body which is sent, whoever counted it before.
        if name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING {
            continue;
        }
        let values = match value {
            Value::Array(values) => values.clone(),
            one => vec![one.clone()],
        };
        for (index, value) in values.iter().enumerate() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let value = HeaderValue::from_str(&text).map_err(|_| format!("{name}: no header value"))?;
            if index == 0 && name != header::SET_COOKIE {
                headers.insert(name.clone(), value);
            } else {
                headers.append(name.clone(), value);
            }
        }
    }
    Ok(())
}

/// The headers that let another origin read the response.
pub(super) fn allow(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    let Some(origin) = origin.and_then(|origin| origin.to_str().ok()) else { return };
    let any = cors.origins.iter().any(|one| one == "*");
    if !any && !cors.origins.iter().any(|one| one == origin) {
        return;
    }
    let allowed = if any { "*" } else { origin };
    if let Ok(value) = HeaderValue::from_str(allowed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
    }
    if cors.credentials {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if let Ok(value) = HeaderValue::from_str(&cors.exposed.join(","))
        && !cors.exposed.is_empty()
    {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, value);
    }
}
