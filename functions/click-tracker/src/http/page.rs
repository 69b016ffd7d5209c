//! The two pages that a visitor may see instead of a destination.

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, RETRY_AFTER};

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// No such link.
pub(super) fn unknown() -> Response {
    page(StatusCode::NOT_FOUND, "This link leads nowhere", "It may have been mistyped, or it is no longer in use.")
}

/// The link cannot be read now.
pub(super) fn unavailable() -> Response {
    let says = "We cannot look this link up right now. Nothing is wrong on your side: please try again in a minute.";
    let mut response = page(StatusCode::SERVICE_UNAVAILABLE, "Please try again", says);
    response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("60"));
    response
}

/// Nothing of the request is in it.
fn page(status: StatusCode, title: &str, says: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n\
         <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;\
         margin:20vh auto 0;padding:0 1.5rem}}h1{{font-size:1.5rem}}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n<p>{says}</p>\n</body>\n</html>\n"
    );
    (status, [(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response()
}
