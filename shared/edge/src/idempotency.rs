//! `Idempotency-Key`: a write that is sent twice runs once and is answered twice.
//!
//! The first run holds a lease. While it works, the same request is a 409; another request under the same key is a
//! 422. A run that crashed is taken over once its lease is over, so what it guards must itself stand being run twice.
//! Answers are kept for a day, save those that a second try may better: 202 (not there yet), 401 and 403 (not this caller,
//! or not before they have shown a second factor), 429 and 5xx. They may carry personal data, so each lies sealed under a
//! key that only the request itself yields (`kept`).

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::digest::Digest;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use store::idempotency::{Attempt, Claimed, SealedAnswer};
use store::{Store, TenantKey};
use ulid::Ulid;

use crate::auth::{Caller, Gate};
use crate::body::BODY_BYTES_MAX;
use crate::clock::Clock;
use crate::problem::Problem;
use crate::random;
use crate::telemetry::chain;
use kept::{AnswerSeal, KeptAnswer};

mod kept;

/// The header that names a write.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that is given again.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// What is put in place of a text that is shown once, where its answer is given again.
const NOT_AGAIN: &str = "";
/// How long a run is left alone: longer than any function's timeout.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const KEY_CHARS_MAX: usize = 255;
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, ETAG];

/// What the layer needs; put it into the function's state with `FromRef`.
#[derive(Clone)]
pub struct Idempotency {
    store: Store,
    clock: Clock,
}

impl Idempotency {
    /// Keeps answers in this store.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }
}

/// Of an answer that shows a secret: the field that has it. It is shown this once: the answer is kept without it, so
/// whoever reads the table and guesses the key finds none, and a second request is answered with an empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownOnce(pub &'static str);

/// What a write is minted from: an instant and, under an idempotency key, that key. A run that takes over from one that
/// crashed mints the same ids, and so finds what the first left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minting {
    at: Timestamp,
    source: Option<Digest>,
}

impl Minting {
    /// The instant of the write: of the first run, where there were several.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// An id for what the write makes; `what` tells several things of one write apart.
    #[must_use]
    pub fn ulid(&self, what: &str) -> Ulid {
        match self.source {
            Some(source) => random::ulid_from(self.at, source.then(what.as_bytes())),
            None => random::ulid(self.at),
        }
    }

    /// Bytes for what the write makes, that nobody can guess who does not know its idempotency key.
    #[must_use]
    pub fn bytes(&self, what: &str) -> [u8; 16] {
        let mut bytes = [0; 16];
        match self.source {
            Some(source) => bytes.copy_from_slice(&source.then(what.as_bytes()).as_bytes()[..16]),
            None => bytes = random::bytes(),
        }
        bytes
    }
}

impl<S> FromRequestParts<S> for Minting
where
    S: Send + Sync,
    Idempotency: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let fresh = || Self { at: Idempotency::from_ref(state).clock.now(), source: None };
        Ok(parts.extensions.get::<Self>().copied().unwrap_or_else(fresh))
    }
}

/// The layer for paths where money moves: a write without a key is a 400.
///
/// `routes.route_layer(axum::middleware::from_fn_with_state(app.clone(), edge::idempotency::required::<App>))`
///
/// # Errors
/// 400 without a key, 401 without a caller, 409 while the first runs, 422 on another body.
pub async fn required<S>(state: State<S>, request: Request, next: Next) -> Result<Response, Problem>
where
    S: Send + Sync + Clone,
    Gate: FromRef<S>,
    Idempotency: FromRef<S>,
{
    once(state, request, next, true).await
}

/// The layer for other writes: a key is honoured, and may be left out.
///
/// # Errors
/// As [`required`], save that no key is no error.
pub async fn honoured<S>(state: State<S>, request: Request, next: Next) -> Result<Response, Problem>
where
    S: Send + Sync + Clone,
    Gate: FromRef<S>,
    Idempotency: FromRef<S>,
{
    once(state, request, next, false).await
}

async fn once<S>(State(state): State<S>, request: Request, next: Next, required: bool) -> Result<Response, Problem>
where
    S: Send + Sync + Clone,
    Gate: FromRef<S>,
    Idempotency: FromRef<S>,
{
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    // Who asks comes first: a stranger learns nothing of keys.
    let caller = Caller::from_request_parts(&mut parts, &state).await?;
    let key = match (key_of(&parts.headers)?, required) {
        (Some(key), _) => key,
        (None, false) => return Ok(next.run(Request::from_parts(parts, body)).await),
        (None, true) => {
            return Err(Problem::bad_parameter("Idempotency-Key", "this path needs the header Idempotency-Key"));
        }
    };
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::too_large(BODY_BYTES_MAX))?;
    let idempotency = Idempotency::from_ref(&state);
    let at = idempotency.clock.now();
    // The query is of the request: asked of another partner, it is another one. Without a query this is the path alone.
    let asked = parts.uri.path_and_query().map_or(parts.uri.path(), PathAndQuery::as_str);
    let attempt = Attempt {
        key_hash: Digest::of(&[caller.key_id.as_str().as_bytes(), key.as_bytes()]),
        fingerprint: Digest::of(&[parts.method.as_str().as_bytes(), asked.as_bytes(), &bytes]),
        run: hex::encode(random::bytes::<16>()),
        at,
        lease_until: at.saturating_add(LEASE).unwrap_or(at),
    };
    let tenant = caller.tenant_key();
    let seal = AnswerSeal::of(&attempt, key.as_bytes(), &bytes);
    match idempotency.store.create_idempotent_run(&tenant, &attempt).await? {
        Claimed::Run { first_at } => {
            let source = Digest::of(&[attempt.key_hash.as_bytes(), attempt.fingerprint.as_bytes()]);
            parts.extensions.insert(Minting { at: first_at, source: Some(source) });
        }
        Claimed::Answered(sealed) => return seal.open(&sealed).map(again).ok_or_else(Problem::internal),
        Claimed::Running => {
            return Err(Problem::conflict("the first request with this Idempotency-Key is still at work")
                .kind("idempotency-in-progress")
                .retry_after(1));
        }
        Claimed::AnotherRequest => {
            return Err(Problem::unprocessable("this Idempotency-Key was used for another request")
                .kind("idempotency-key-reused"));
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    Ok(idempotency.keep(&tenant, &attempt, &seal, response).await)
}

impl Idempotency {
    async fn keep(&self, tenant: &TenantKey, attempt: &Attempt, seal: &AnswerSeal, mut response: Response) -> Response {
        let status = response.status();
        // A refusal gets its path and correlation id only at the border: keep it as it is now.
        let problem = response.extensions_mut().remove::<Problem>();
        let shown_once = response.extensions_mut().remove::<ShownOnce>();
        let (parts, body) = response.into_parts();
        let Ok(bytes) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
            return Problem::internal().into_response();
        };
        let text = match shown_once {
            Some(shown_once) => without(shown_once, &bytes),
            None => String::from_utf8(bytes.to_vec()).ok(),
        };
        let outcome = match text.filter(|_| is_worth_keeping(status)) {
            // What they do later is done then: dated by that try, and not by the one that was refused.
            None if is_refused(status) => self.store.delete_idempotent_run(tenant, attempt).await,
            None => self.store.release_idempotent_run(tenant, attempt).await,
            Some(body) => {
                let headers = KEPT_HEADERS
                    .iter()
                    .filter_map(|name| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned())))
                    .collect();
                let kept = KeptAnswer { status: status.as_u16(), headers, body };
                match seal.seal(&kept) {
                    Some(sealed) => self.keep_stubbornly(tenant, attempt, &sealed).await,
                    None => self.store.release_idempotent_run(tenant, attempt).await,
                }
            }
        };
        if let Err(error) = outcome {
            // What was done is done; the same request will find it done when it runs again after the lease.
            tracing::warn!(reason = %chain(&error), "answer not kept under its idempotency key");
        }
        let mut response = Response::from_parts(parts, Body::from(bytes));
        if let Some(problem) = problem {
            response.extensions_mut().insert(problem);
        }
        response
    }

    async fn keep_stubbornly(
        &self,
        tenant: &TenantKey,
        attempt: &Attempt,
        kept: &SealedAnswer,
    ) -> Result<(), store::StoreError> {
        match self.store.record_idempotent_answer(tenant, attempt, kept).await {
            Ok(()) => Ok(()),
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                self.store.record_idempotent_answer(tenant, attempt, kept).await
            }
        }
    }
}

/// The answer without what is shown once; None where it cannot be taken out, and nothing is kept then.
fn without(ShownOnce(field): ShownOnce, bytes: &[u8]) -> Option<String> {
    let mut body: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let shown = body.as_object_mut()?.get_mut(field)?;
    *shown = serde_json::Value::from(NOT_AGAIN);
    serde_json::to_string(&body).ok()
}

/// Whoever was refused for what they may not do, or not yet, did nothing, and may come again: with a second factor, say, as
/// the refusal itself asks them to.
fn is_refused(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn is_worth_keeping(status: StatusCode) -> bool {
    let may_be_bettered = matches!(status, StatusCode::ACCEPTED | StatusCode::TOO_MANY_REQUESTS);
    !status.is_server_error() && !may_be_bettered && !is_refused(status)
}

fn again(kept: KeptAnswer) -> Response {
    // A refusal that is given again gets this request's path and correlation id at the border.
    let problem = serde_json::from_str::<Problem>(&kept.body).ok();
    let mut response = Response::new(Body::from(kept.body));
    if let Some(problem) = problem {
        response.extensions_mut().insert(problem);
    }
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn key_of(headers: &http::HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let visible = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !visible || text.len() > KEY_CHARS_MAX {
        return Err(Problem::bad_parameter("Idempotency-Key", "1 to 255 visible ASCII characters, without spaces"));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests;
