//! Pages of lists: an opaque cursor that any URL carries as it is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge::csv::Format;
use edge::page::Listed;
use edge::problem::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

const CURSOR_CHARS_MAX: usize = 512;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many rows, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    pub(crate) cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    pub(crate) format: Option<Format>,
}

/// A page that goes on behind a name.
pub(crate) fn listed<T>(data: Vec<T>, next: Option<String>) -> Listed<T> {
    Listed { data, next_cursor: next.map(|name| URL_SAFE_NO_PAD.encode(name)) }
}

/// The name behind which a page begins.
///
/// # Errors
/// 400 when the cursor was not given out by such a list.
pub(crate) fn after<T>(cursor: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
    let decoded = (cursor.len() <= CURSOR_CHARS_MAX).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
    let name = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|name| read(&name));
    name.map(Some).ok_or_else(|| Problem::bad_parameter("cursor", "not a cursor of this list"))
}

/// A place in a list, as plain text: what keys are made of and nothing else.
pub(crate) fn place(name: &str) -> Option<String> {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| name.to_owned())
}
