//! Reading requests: a body or a query that is not as declared is a 400 that names the field.

mod objects;
mod unsaid;
mod whole;

use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::negotiation::{all_read, note_query};
use crate::problem::{Problem, escaped};
use objects::Objects;
use unsaid::without_value;
use whole::whole;

/// The largest body that is read.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// A JSON body. Types carry `#[serde(deny_unknown_fields)]`, so that a misspelt field is named, not lost.
#[derive(Debug, Clone, Copy)]
pub struct Body<T>(pub T);

/// A JSON body that `garde` has found valid: all invalid fields are named at once.
#[derive(Debug, Clone, Copy)]
pub struct Checked<T>(pub T);

/// The query string.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

/// The parts of the path, for example `Segments<(String,)>` or `Segments<String>`.
#[derive(Debug, Clone, Copy)]
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type("the body must be application/json"));
        }
        let (parts, body) = request.into_parts();
        all_read(&parts)?;
        from_json(&read(Request::from_parts(parts, body)).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Problem> {
        let json = is_json(request.headers());
        let (parts, body) = request.into_parts();
        all_read(&parts)?;
        let bytes = read(Request::from_parts(parts, body)).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if !json {
            return Err(Problem::unsupported_media_type("the body must be application/json"));
        }
        from_json(&bytes).map(|body| Some(Self(body)))
    }
}

impl<T, S> FromRequest<S> for Checked<T>
where
    T: DeserializeOwned + garde::Validate,
    T::Context: Default,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Body(body) = <Body<T> as FromRequest<S>>::from_request(request, state).await?;
        body.validate()?;
        Ok(Self(body))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        note_query(&parts.extensions);
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.trim_start_matches("Failed to deserialize query string: ");
                Err(match text.split_once(": ") {
                    Some((name, why)) => Problem::bad_parameter(name, without_value(why)),
                    None => Problem::bad_parameter(named_in(text).unwrap_or_default(), text),
                })
            }
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // A path that does not parse names nothing that exists.
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(segments)) => Ok(Self(segments)),
            Err(_) => Err(Problem::not_found("no such resource")),
        }
    }
}

/// Reads JSON; the wrong field is named by its pointer. A list in place of an object is wrong at any depth.
///
/// # Errors
/// 400 with the pointer of the first wrong, missing or unknown field.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A list would be read as the fields in their order, which no caller means and any change of ours would break.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::bad_request("", "a JSON object is expected, not a list"));
    }
    let bytes = whole(bytes);
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut reader)).map_err(|error| {
        let detail = without_position(&without_value(&error.inner().to_string()));
        let mut pointer = pointer(error.path());
        // A missing field has no place of its own: serde names its parent, and the field in the message.
        if let Some(field) = detail.strip_prefix("missing field ").and_then(named_in) {
            pointer = format!("{pointer}/{}", escaped(field));
        }
        Problem::bad_request(pointer, detail)
    })?;
    reader.end().map_err(|error| Problem::bad_request("", without_position(&error.to_string())))?;
    Ok(value)
}

/// `null` where a value may be left out is the same as leaving it out: what is meant by neither. Used as
/// `#[serde(default, deserialize_with = "edge::body::or_default")]`.
///
/// # Errors
/// Whatever the value's own form refuses.
pub fn or_default<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: serde::Deserialize<'de> + Default,
    D: serde::Deserializer<'de>,
{
    <Option<T> as serde::Deserialize>::deserialize(from).map(Option::unwrap_or_default)
}

async fn read(request: Request) -> Result<axum::body::Bytes, Problem> {
    axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| Problem::too_large(BODY_BYTES_MAX))
}

fn is_json(headers: &http::HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn pointer(path: &Path) -> String {
    path.iter()
        .map(|step| match step {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escaped(key)),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

fn named_in(text: &str) -> Option<&str> {
    text.split('`').nth(1)
}

fn without_position(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests;
