//! One request through the real routes: what came back, and what of its time was the store's.
#![expect(clippy::expect_used, reason = "a program that measures: what fails here ends it")]

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::header::ETAG;
use axum::http::{Request, StatusCode};
use domain::id::{KeyId, TenantId};
use domain::role::Role;
use edge::auth::{hash_of, mint};
use edge::clock::Clock;
use http_body_util::BodyExt;
use serde_json::Value;
use store::api_keys::{ApiKey, KeyTerms};
use store::{Store, TenantKey};
use testkit::{Database, Units};
use tower::ServiceExt;

/// What is allowed of the slowest request of a hundred, in the handler besides the store.
pub(crate) const HANDLER_MAX: Duration = Duration::from_millis(10);
/// The memory that a function which answers requests may take.
pub(crate) const MEMORY_KB_MAX: u64 = 128 * 1_024;

/// What came back, and what it took.
#[derive(Debug)]
pub(crate) struct Answer {
    /// How it was answered: well, or the run had ended.
    pub(crate) status: StatusCode,
    /// The body.
    pub(crate) json: Value,
    /// The version of what was answered, where it has one.
    pub(crate) etag: Option<String>,
    /// In the handler, besides the store.
    pub(crate) handler: Duration,
    /// While the store was asked.
    pub(crate) store: Duration,
    /// How many requests the store got.
    pub(crate) requests: usize,
    /// What they took of it.
    pub(crate) units: Units,
}

/// Asks once, with nothing beside it: the meter does not tell one request's waiting from another's. An answer that is no
/// success ends the run and is shown.
pub(crate) async fn ask(database: &Database, routes: &Router, what: &str, request: Request<Body>) -> Answer {
    let (sent, waited) = (database.requests(), database.waited());
    database.reset_units();
    let began = Instant::now();
    let (parts, body) = routes.clone().oneshot(request).await.expect("an answer").into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let took = began.elapsed();
    let store = database.waited().saturating_sub(waited);
    assert!(parts.status.is_success(), "{what}: {} {}", parts.status, String::from_utf8_lossy(&bytes));
    Answer {
        status: parts.status,
        json: serde_json::from_slice(&bytes).expect("JSON"),
        etag: parts.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned),
        handler: took.saturating_sub(store),
        store,
        requests: database.requests() - sent,
        units: database.units(),
    }
}

/// The median, and the slowest of a hundred.
pub(crate) fn median_and_p99(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    let at = |hundredth: usize| times.get((times.len() * hundredth / 100).min(last)).copied().unwrap_or_default();
    (at(50), at(99))
}

/// A key of its own for somebody of a role.
pub(crate) async fn key(store: &Store, (role, subject): (Role, &str), clock: Clock) -> String {
    let tenant = TenantId::default_tenant();
    let text = mint(&tenant).reveal().clone();
    let key = ApiKey {
        id: KeyId::from_ulid(edge::random::ulid(clock.now())),
        tenant: tenant.clone(),
        role,
        subject: subject.replace(' ', "_"),
        name: "bench".to_owned(),
        created_at: clock.now(),
        revoked_at: None,
        terms: KeyTerms::default(),
    };
    store.create_api_key(&TenantKey::from(&tenant), &hash_of(&text), &key).await.expect("a key");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_a_hundred_is_told_whatever_the_order_and_however_few_there_are() {
        let of = |times: &[u64]| median_and_p99(times.iter().copied().map(Duration::from_millis).collect());
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(of(&hundred), (Duration::from_millis(51), Duration::from_millis(100)));
        assert_eq!(of(&[7]), (Duration::from_millis(7), Duration::from_millis(7)));
        assert_eq!(of(&[]), (Duration::ZERO, Duration::ZERO));
    }
}
