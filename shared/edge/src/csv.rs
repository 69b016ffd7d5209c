//! Lists as CSV, for `Accept: text/csv` or `?format=csv`.
//!
//! A spreadsheet runs a cell that begins like a formula: such text gets a quote before it. Numbers stay numbers.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::negotiation::{fit, note_format};
use crate::page::Listed;
use crate::problem::Problem;
use crate::telemetry::chain;

/// The header that carries `next_cursor` where the body has no place for it.
pub const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// What the caller wants a list to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `{"data": […], "next_cursor": …}`.
    Json,
    /// A header and a row each.
    Csv,
}

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        note_format(&parts.extensions);
        let query = parts.uri.query().unwrap_or_default();
        match query.split('&').find_map(|pair| pair.strip_prefix("format=")) {
            Some("csv") => return Ok(Self::Csv),
            Some("json") => return Ok(Self::Json),
            // API-11: whoever wants what there is not is told so, and not answered in another format.
            Some(_) => return Err(Problem::bad_parameter("format", "json or csv")),
            None => {}
        }
        let is_better = fit(&parts.headers, "text/csv") > fit(&parts.headers, "application/json");
        Ok(if is_better { Self::Csv } else { Self::Json })
    }
}

/// A page in the wanted format; `columns` are fields of the rows, in the order of the CSV.
///
/// # Errors
/// A row could not be written, which is our fault.
pub fn answer<T: Serialize>(
    format: Format,
    name: &str,
    columns: &[&str],
    page: Listed<T>,
) -> Result<Response, Problem> {
    if format == Format::Json {
        return Ok(Json(page).into_response());
    }
    let text = text_of(columns, &page.data).map_err(|error| {
        tracing::error!(reason = chain(&error), "list could not be written as CSV");
        Problem::internal()
    })?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}.csv\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    if let Some(value) = page.next_cursor.and_then(|cursor| HeaderValue::try_from(cursor).ok()) {
        headers.insert(NEXT_CURSOR, value);
    }
    Ok(response)
}

/// Rows as CSV (RFC 4180), with a header.
///
/// # Errors
/// A row does not serialise.
pub fn text_of<T: Serialize>(columns: &[&str], rows: &[T]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        let row = serde_json::to_value(row).map_err(|error| csv::Error::from(std::io::Error::from(error)))?;
        writer.write_record(columns.iter().map(|column| cell(row.get(column))))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text),
        Some(other) => harmless(&other.to_string()),
    }
}

fn harmless(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs && !is_number(text) { format!("'{text}") } else { text.to_owned() }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn text_that_a_spreadsheet_would_run_gets_a_quote_and_numbers_stay_numbers() {
        let rows = [
            json!({"name": "=1+1", "amount": "-5.00", "n": 3}),
            json!({"name": "-2+3|cmd", "amount": "250.50", "n": null}),
            json!({"name": "a \"b\", c\nd", "amount": "-", "other": "left out"}),
        ];
        let text = text_of(&["name", "amount", "n"], &rows).expect("csv");
        assert_eq!(text, "name,amount,n\r\n'=1+1,-5.00,3\r\n'-2+3|cmd,250.50,\r\n\"a \"\"b\"\", c\nd\",'-,\r\n");
    }

    #[tokio::test]
    async fn the_format_is_the_callers_wish() {
        for (uri, accept, expected) in [
            ("/x", "", Format::Json),
            ("/x", "application/json, text/csv", Format::Json),
            ("/x", "text/csv", Format::Csv),
            ("/x", "text/csv; charset=utf-8, */*", Format::Csv),
            ("/x?limit=1&format=csv", "", Format::Csv),
            ("/x?format=json", "text/csv", Format::Json),
        ] {
            let request = http::Request::builder().uri(uri).header(ACCEPT, accept).body(()).expect("request");
            let (mut parts, ()) = request.into_parts();
            assert_eq!(Format::from_request_parts(&mut parts, &()).await, Ok(expected), "{uri} {accept}");
        }
    }

    #[tokio::test]
    async fn a_format_that_there_is_not_is_400() {
        let request =
            http::Request::builder().uri("/x?format=xml").header(ACCEPT, "text/csv").body(()).expect("request");
        let (mut parts, ()) = request.into_parts();
        let told = Format::from_request_parts(&mut parts, &()).await.expect_err("no such format");
        assert_eq!((told.status().as_u16(), told.detail()), (400, "json or csv"));
    }

    proptest! {
        #[test]
        fn no_text_begins_a_formula_and_all_text_comes_back(texts in proptest::collection::vec(".{0,12}", 1..5)) {
            let rows: Vec<_> = texts.iter().map(|text| json!({"t": text})).collect();
            let csv = text_of(&["t"], &rows).expect("csv");
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv.as_bytes());
            let read: Vec<String> = reader.records().map(|row| row.expect("row")[0].to_owned()).collect();
            prop_assert_eq!(read.len(), texts.len());
            for (cell, text) in read.iter().zip(&texts) {
                let quoted = ["'", text].concat();
                prop_assert!(cell == text || *cell == quoted);
                prop_assert!(!cell.starts_with(['=', '+', '@', '\t', '\r']));
            }
        }
    }
}
