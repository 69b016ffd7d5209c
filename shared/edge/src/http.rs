//! What every HTTP answer gets: correlation id, security headers, CORS, problems for unknown paths, one log line.

use std::net::IpAddr;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use tracing::Instrument;

use crate::body::BODY_BYTES_MAX;
use crate::clock::Stopwatch;
use crate::problem::Problem;
use crate::random;
use crate::viewer::Front;

/// The header that carries the correlation id both ways.
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

const USER_AGENT_CHARS_MAX: usize = 256;

/// Who may call from a page of another origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cors {
    /// Nobody: no CORS headers at all.
    Nobody,
    /// Any page, without credentials.
    AnyPage,
}

/// The id under which the logs know a request; in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationId(pub String);

/// From where and with what a request came, for the audit trail; never for logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The caller's address as the gateway saw it; behind the deployment's own distribution, as that one saw it.
    pub ip: Option<String>,
    /// The caller's program, cut to 256 characters.
    pub user_agent: Option<String>,
}

impl Origin {
    /// The network that limits are counted by: the address, of IPv6 its first 64 bits, for whoever has one has all the rest.
    pub fn network(&self) -> String {
        let Some(text) = self.ip.as_deref() else { return "unknown".to_owned() };
        match text.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            Ok(IpAddr::V4(ip)) => ip.to_string(),
            Err(_) => text.to_owned(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let viewer = parts.extensions.get::<Front>().and_then(|front| front.viewer(&parts.headers));
        let ip = match (viewer, parts.extensions.request_context_ref()) {
            (Some(viewer), _) => Some(viewer.to_string()),
            (None, Some(RequestContext::ApiGatewayV2(context))) => context.http.source_ip.clone(),
            (None, _) => None,
        };
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = agent.map(|text| text.chars().take(USER_AGENT_CHARS_MAX).collect());
        Ok(Self { ip, user_agent })
    }
}

/// Puts the border around a function's routes.
pub fn border(routes: Router, cors: Cors) -> Router {
    border_before(routes, cors, || async { Problem::not_found("no such path") })
}

/// The same around the function that the gateway hands to what no route takes: `elsewhere` answers that.
pub fn border_before<H, T>(routes: Router, cors: Cors, elsewhere: H) -> Router
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    routes
        .fallback(elsewhere)
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(cors, around))
}

/// Routes that pages of other origins may call, behind a border that lets no page in elsewhere. Each answers OPTIONS
/// itself: what is no route here does not pass through.
pub fn open_to_pages(routes: Router) -> Router {
    routes.layer(axum::middleware::from_fn(for_pages))
}

async fn for_pages(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add_cors(response.headers_mut());
    response
}

async fn around(State(cors): State<Cors>, mut request: Request, next: Next) -> Response {
    let correlation_id = correlation_id(&request);
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let preflight = cors == Cors::AnyPage
        && method == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    request.extensions_mut().insert(CorrelationId(correlation_id.clone()));
    let span = tracing::info_span!("request", correlation_id = %correlation_id);
    let watch = Stopwatch::start();
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).instrument(span.clone()).await
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.placed(&path, &correlation_id).body();
    }
    add_headers(response.headers_mut(), cors, &correlation_id);
    span.in_scope(|| {
        let (status, duration_ms) = (response.status().as_u16(), watch.elapsed_ms());
        tracing::debug!(method = method.as_str(), path, status, duration_ms, "request answered");
    });
    response
}

fn correlation_id(request: &Request) -> String {
    let given = request.headers().get(CORRELATION_ID).and_then(|value| value.to_str().ok());
    let harmless = |text: &&str| {
        (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if let Some(given) = given.filter(harmless) {
        return given.to_owned();
    }
    let from_lambda = request.extensions().lambda_context_ref().map(|context| context.request_id.clone());
    from_lambda.filter(|id| !id.is_empty()).unwrap_or_else(|| hex::encode(random::bytes::<16>()))
}

fn add_headers(headers: &mut HeaderMap, cors: Cors, correlation_id: &str) {
    if let Ok(value) = HeaderValue::from_str(correlation_id) {
        headers.insert(CORRELATION_ID, value);
    }
    let security = [
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    // A handler that has set one of them (a page, a script that may be cached) knows better.
    for (name, value) in security {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if cors == Cors::AnyPage {
        add_cors(headers);
    }
}

fn add_cors(headers: &mut HeaderMap) {
    let open = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, authorization, idempotency-key, x-correlation-id"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "x-correlation-id"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    for (name, value) in open {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests;
