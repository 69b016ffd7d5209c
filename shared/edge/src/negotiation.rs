//! What a caller wants to read, and what they may ask for: `Accept` that nothing fits is 406, a parameter that nobody
//! reads is 400.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{Extensions, HeaderMap, Method};

use crate::problem::Problem;

/// How well a type fits what a caller accepts: by its weight, by how exactly it is named, by how early.
pub(crate) type Fit = (u16, u8, Reverse<usize>);

/// How well `essence` (such as `text/csv`) fits; `None` when the caller does not take it.
pub(crate) fn fit(headers: &HeaderMap, essence: &str) -> Option<Fit> {
    let texts: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let text = texts.join(",");
    // Whoever says nothing takes anything.
    let text = if text.trim().is_empty() { "*/*" } else { text.as_str() };
    let (kind, _) = essence.split_once('/')?;
    let ranges = text.split(',').enumerate().filter_map(|(place, range)| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?.to_ascii_lowercase();
        let exactness = match name.as_str() {
            "*/*" | "*" => 0,
            name if name.strip_suffix("/*") == Some(kind) => 1,
            name if name == essence => 2,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((exactness, weight.map_or(1_000, thousandths), place))
    });
    // RFC 9110 12.5.1: the range that names a type most exactly says what it weighs.
    let (exactness, weight, place) = ranges.max_by_key(|(exactness, _, place)| (*exactness, Reverse(*place)))?;
    (weight > 0).then_some((weight, exactness, Reverse(place)))
}

/// `0.5` as 500; nonsense weighs as much as nothing said.
fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, fraction.parse::<u16>()) {
        ("0", Ok(fraction)) => fraction,
        _ => 1_000,
    }
}

/// Who has read the query of a request.
#[derive(Clone, Debug, Default)]
struct Read {
    query: Arc<AtomicBool>,
    format: Arc<AtomicBool>,
}

/// The door reads the whole query, and refuses by itself what it does not know.
pub(crate) fn note_query(extensions: &Extensions) {
    if let Some(read) = extensions.get::<Read>() {
        read.query.store(true, Ordering::Relaxed);
    }
}

/// The door reads `format` of the query.
pub(crate) fn note_format(extensions: &Extensions) {
    if let Some(read) = extensions.get::<Read>() {
        read.format.store(true, Ordering::Relaxed);
    }
}

/// Refuses parameters of a query that no extractor has read; asked once all of them have run.
pub(crate) fn all_read(parts: &Parts) -> Result<(), Problem> {
    let Some(read) = parts.extensions.get::<Read>() else { return Ok(()) };
    refuse_unread(parts.uri.query(), read)
}

fn refuse_unread(query: Option<&str>, read: &Read) -> Result<(), Problem> {
    if read.query.load(Ordering::Relaxed) {
        return Ok(());
    }
    let names = query.unwrap_or_default().split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    let takes_format = read.format.load(Ordering::Relaxed);
    let mut unread = names.filter(|name| !(name.is_empty() || takes_format && *name == "format"));
    unread.next().map_or(Ok(()), |name| Err(Problem::bad_parameter(name, "no such parameter here")))
}

/// The layer before every door that answers JSON.
///
/// What a write answers is JSON, and is refused before anything is written; what a read answers is looked at when it is
/// there, since a list may be CSV and a receipt a file.
pub async fn negotiated(mut request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let query = request.uri().query().map(str::to_owned);
    let read = Read::default();
    request.extensions_mut().insert(read.clone());
    if !is_read && fit(&headers, "application/json").is_none() {
        return Problem::not_acceptable("the answer is application/json").into_response();
    }
    let response = next.run(request).await;
    if !is_read || !response.status().is_success() {
        return response;
    }
    if let Err(problem) = refuse_unread(query.as_deref(), &read) {
        return problem.into_response();
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // `?format=` is the plainer wish of the two.
    let is_asked_for = query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("format=")));
    if essence.is_empty() || is_asked_for || fit(&headers, &essence).is_some() {
        return response;
    }
    Problem::not_acceptable(format!("the answer is {essence}")).into_response()
}

#[cfg(test)]
mod tests;
