//! The shape of every list: `{"data": […], "next_cursor": …}`, `?limit=` from 1 to 500, 100 by default.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// How long a page is when nobody says.
pub const LIMIT_DEFAULT: u32 = 100;
/// How long a page may be.
pub const LIMIT_MAX: u32 = 500;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listed<T> {
    /// What is on this page.
    pub data: Vec<T>,
    /// Give it as `?cursor=` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// The length of a page, as asked for.
///
/// # Errors
/// 400 outside 1 to 500.
pub fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::bad_parameter("limit", format!("from 1 to {LIMIT_MAX}")));
    }
    usize::try_from(limit).map_err(|_| Problem::bad_parameter("limit", "too large"))
}

/// A cursor in a query; an empty one is none, in every list: `#[serde(default, deserialize_with = "edge::page::cursor")]`.
///
/// # Errors
/// None: any text is one, and the list says whether it is its own.
pub fn cursor<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let given: Option<String> = serde::Deserialize::deserialize(from)?;
    Ok(given.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Asked {
        #[serde(default, deserialize_with = "cursor")]
        cursor: Option<String>,
    }

    #[test]
    fn an_empty_cursor_is_none_in_every_list() {
        let read = |query: &str| {
            let uri: http::Uri = format!("/list?{query}").parse().expect("an address");
            axum::extract::Query::<Asked>::try_from_uri(&uri).expect("a query").0.cursor
        };
        assert_eq!((read("cursor="), read(""), read("cursor=abc")), (None, None, Some("abc".to_owned())));
    }

    #[test]
    fn a_page_has_1_to_500_rows_and_100_by_default() {
        assert_eq!(limit(None).ok(), Some(100));
        assert_eq!((limit(Some(1)).ok(), limit(Some(500)).ok()), (Some(1), Some(500)));
        assert!(limit(Some(0)).is_err() && limit(Some(501)).is_err());
    }
}
