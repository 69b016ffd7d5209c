//! What browsers carry by themselves: the session's cookie, and what shows that a write was meant by its own page.
//!
//! A cookie goes along whoever wrote the form. So a write with the cookie needs the session's own token in a header that
//! no other page can set, and must not come from another page's origin.

use domain::digest::Digest;
use http::header::{COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::{Method, Uri};
use store::signed_in::Session;

use crate::problem::Problem;
use crate::telemetry::Secret;

/// The cookie's name. Browsers take a `__Host-` cookie only over TLS, for this host alone and for every path of it.
pub const COOKIE_NAME: &str = "__Host-tributary";
/// The header of the token that a write with the cookie needs.
pub const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The `Set-Cookie` of a session that ends in so many seconds; of none, where it is to be forgotten.
#[must_use]
pub fn set_cookie(text: Option<(&Secret<String>, i64)>) -> Option<HeaderValue> {
    let (value, max_age) = text.map_or(("", 0), |(text, seconds)| (text.reveal().as_str(), seconds.max(0)));
    let cookie = format!("{COOKIE_NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age}");
    let mut value = HeaderValue::try_from(cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The token of a session's forms: whoever has only the cookie's company cannot make it.
#[must_use]
pub fn csrf_of(session: &Session) -> Secret<String> {
    let parts = [b"form".as_slice(), session.form_salt.as_bytes(), session.id.as_str().as_bytes()];
    Secret::new(Digest::of(&parts).to_hex())
}

/// The session's cookie among those that were sent.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let sent = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = sent.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value).find(|value| !value.is_empty())
}

/// Does the method change nothing?
pub(super) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Was a write with the cookie meant by a page of this host that knows the session's token?
pub(super) fn check_write(headers: &HeaderMap, expected: &Secret<String>) -> Result<(), Problem> {
    check_origin(headers)?;
    let given = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    // Digests are compared, so the time that it takes says nothing about how much of the token was right.
    if Digest::of_bytes(given) != Digest::of_bytes(expected.reveal().as_bytes()) {
        let detail =
            "a write with the session's cookie needs the header X-CSRF-Token, as GET /v1/auth/session gives it";
        return Err(Problem::forbidden(detail).kind("csrf-token-needed"));
    }
    Ok(())
}

/// Was this sent by a page of this very host, or by no page at all?
///
/// # Errors
/// 403 where a page of another origin sent it.
pub fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_ours = match (text(&SEC_FETCH_SITE), text(&ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        // Where the browser does not say it, its origin must be the host that it asks.
        (None, Some(origin)) => {
            let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(ToString::to_string));
            let host = text(&HOST).unwrap_or_default();
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        }
        (None, None) => true,
    };
    if is_ours {
        return Ok(());
    }
    Err(Problem::forbidden("this was sent by a page of another origin").kind("cross-origin"))
}
