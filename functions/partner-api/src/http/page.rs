//! Lists: `{"data": […], "next_cursor": …}`, a limit and an opaque cursor.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge::csv::{self, Format};
use edge::problem::Problem;
use serde::Serialize;
use store::{Page, StoreError};
use utoipa::ToSchema;

const LIMIT_MAX: u32 = 500;
const LIMIT: u32 = 100;
const CURSOR_CHARS_MAX: usize = 512;
/// How many reads one page may take where few entries are wanted.
const READS_MAX: usize = 10;

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

/// What was gathered for a page of a list of which not everything is wanted.
pub(crate) struct Gathered<T, I> {
    /// What is wanted.
    pub(crate) items: Vec<T>,
    /// Behind which entry the next page begins, wanted or not; none on the last.
    pub(crate) next: Option<I>,
}

/// Reads on until a page is full, the list is at its end, or it was read so often as one request may: where few fit, a page
/// is shorter than asked for and says where to go on.
///
/// # Errors
/// The store is away.
pub(crate) async fn gather<T, I: Clone, R>(
    (limit, mut after): (usize, Option<I>),
    read: impl Fn(Option<I>) -> R,
    name: impl Fn(&T) -> I,
    is_wanted: impl Fn(&T) -> bool,
) -> Result<Gathered<T, I>, Problem>
where
    R: Future<Output = Result<Page<T>, StoreError>>,
{
    let mut items = Vec::new();
    for _ in 0..READS_MAX {
        let page = read(after.clone()).await?;
        let is_last = page.next.is_none();
        let mut found = page.items.into_iter();
        for one in found.by_ref() {
            after = Some(name(&one));
            if is_wanted(&one) {
                items.push(one);
            }
            if items.len() == limit {
                break;
            }
        }
        if is_last && found.next().is_none() {
            return Ok(Gathered { items, next: None });
        }
        if items.len() == limit {
            break;
        }
    }
    Ok(Gathered { items, next: after })
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
