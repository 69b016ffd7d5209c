//! Lists: `{"data": […], "next_cursor": …}`, a limit and an opaque cursor.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge::csv::{self, Format};
use edge::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

const LIMIT_MAX: u32 = 500;
const LIMIT: u32 = 100;
const CURSOR_CHARS_MAX: usize = 512;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The entries.
    pub(crate) data: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    pub(crate) next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// A page that goes on behind the entry of this name.
    pub(crate) fn new(data: Vec<T>, next: Option<&str>) -> Self {
        Self { data, next_cursor: next.map(|name| URL_SAFE_NO_PAD.encode(name)) }
    }
}

impl<T: Serialize> Listed<T> {
    /// The page as the caller wants it: JSON, or CSV of these columns.
    ///
    /// # Errors
    /// A row could not be written, which is our fault.
    pub(crate) fn answer(self, format: Format, name: &str, columns: &[&str]) -> Result<Response, Problem> {
        let Self { data, next_cursor } = self;
        csv::answer(format, name, columns, edge::page::Listed { data, next_cursor })
    }
}

/// How many entries a page has.
///
/// # Errors
/// 400 when it is not from 1 to 500.
pub(crate) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::bad_parameter("limit", format!("must be from 1 to {LIMIT_MAX}")));
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
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
