//! `GET /t.js`: the snippet for a merchant's pages. What is served is the source without its comments and margins.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};

const SOURCE: &str = include_str!("../../assets/t.js");

/// What is served, made once.
static SERVED: LazyLock<String> = LazyLock::new(|| without_comments(SOURCE));

/// Read the snippet.
///
/// A script for pages that partners link to. It needs no parameters: it is configured where it is placed.
#[utoipa::path(
    get,
    path = "/t.js",
    tag = "clicks",
    responses((status = 200, description = "the script", content_type = "text/javascript"))
)]
pub(super) async fn read() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=3600, stale-while-revalidate=86400"),
        // It may be loaded by pages that ask for it with CORS, for a checksum; it holds nothing of anybody.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    let resource_policy = [("cross-origin-resource-policy", "cross-origin")];
    (StatusCode::OK, headers, resource_policy, SERVED.as_str()).into_response()
}

/// Whole lines of comment go, and what stands before and behind a line.
fn without_comments(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.fold(String::new(), |served, line| served + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_snippet_is_below_two_kilobytes_as_gzip_sends_it() {
        // TRK-6. What deflate makes, and gzip's own 18 bytes.
        let bytes = miniz_oxide::deflate::compress_to_vec(SERVED.as_bytes(), 9).len() + 18;
        assert!(bytes < 2048, "{bytes} bytes");
    }

    #[test]
    fn comments_and_margins_are_not_served() {
        let source = "// why\n\n  a()\n    // why not\n  b('//c')\n";
        assert_eq!(without_comments(source), "a()\nb('//c')\n");
        assert!(SERVED.lines().all(|line| !line.starts_with("//")));
    }
}
