//! The function from its border inward: real routes, a real table in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use domain::audit::Actor;
use domain::id::{KeyId, LinkId, PartnerId, ProgramId, RuleId, TenantId};
use domain::role::Role;
use edge::auth::{hash_of, mint_from};
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use serde_json::{Value, json};
use store::api_keys::ApiKey;
use store::{Store, Tables, TenantKey};
use tower::ServiceExt;

use crate::files::Files;
use crate::{App, routes};

mod doors;
mod given;
mod life;
mod lists;

/// When everything here happens: a month after the lines have matured.
const NOW: &str = "2026-09-15T12:00:00Z";

/// A deployment with two partners and a desk.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) database: testkit::Database,
    routes: Router,
    sent: Arc<AtomicU32>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) replayed: bool,
}

impl Answer {
    /// The status, and for a problem the last part of its type.
    pub(crate) fn told(&self) -> (u16, &str) {
        let kind = self.json["type"].as_str().unwrap_or_default();
        (self.status, kind.rsplit(':').next().unwrap_or_default())
    }
}

pub(crate) fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

pub(crate) fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(ulid::Ulid::from(n))
}

/// The callers: a role, a subject and the byte that its key is made of.
const CALLERS: [(&str, Role, u8); 9] = [
    ("ada", Role::Admin, 1),
    ("bob", Role::Admin, 2),
    ("fin", Role::FinanceManager, 3),
    ("sue", Role::Support, 4),
    ("aud", Role::Auditor, 5),
    ("partner 1", Role::Partner, 6),
    ("partner 2", Role::Partner, 7),
    ("member", Role::Member, 8),
    ("machine", Role::Service, 9),
];

fn bearer(who: &str) -> String {
    let (_, _, n) = CALLERS.into_iter().find(|(name, _, _)| *name == who).expect("a caller");
    let text = mint_from(&TenantId::default_tenant(), &[n; 32]);
    format!("Bearer {}", text.reveal())
}

pub(crate) async fn world() -> World {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let store = Store::new(database.client.clone(), tables);
    for (name, role, n) in CALLERS {
        let subject = match name {
            "partner 1" => partner(1).to_string(),
            "partner 2" => partner(2).to_string(),
            name => format!("usr_{name}"),
        };
        given::key(&store, role, &subject, n).await;
    }
    for n in [1, 2] {
        given::partner_profile(&store, &partner(n)).await;
    }
    let mut reader =
        Reader::from_map([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
    let files = Files::connect(&Aws::from(&mut reader).service(Service::S3), "files");
    let clock = Clock::fixed(NOW.parse().expect("instant"));
    let routes = routes(App::new(store.clone(), files, clock));
    World { store, database, routes, sent: Arc::default() }
}

impl World {
    /// Asks with a key of its own for each write.
    pub(crate) async fn ask(&self, who: &str, method: &str, path: &str, body: Value) -> Answer {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        self.ask_as(who, method, path, body, Some(&format!("key-{n}"))).await
    }

    pub(crate) async fn ask_as(&self, who: &str, method: &str, path: &str, body: Value, key: Option<&str>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("/v1/revenue/payouts{path}"));
        if who != "nobody" {
            request = request.header("authorization", bearer(who));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = request.header("content-type", "application/json").body(body).expect("request");
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        let replayed = response.headers().contains_key("idempotent-replayed");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        Answer { status, json: serde_json::from_slice(&bytes).unwrap_or_default(), replayed }
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask_as(who, "GET", path, Value::Null, None).await
    }

    /// The list as CSV, and where the next page begins.
    async fn csv(&self, who: &str, query: &str) -> (String, Option<String>) {
        let request = http::Request::builder()
            .uri(format!("/v1/revenue/payouts{query}"))
            .header("authorization", bearer(who))
            .body(Body::empty())
            .expect("request");
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
        let next = response.headers().get("x-next-cursor").map(|next| next.to_str().expect("text").to_owned());
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        (String::from_utf8(bytes.to_vec()).expect("text"), next)
    }

    /// A partner asks for what is available; the id of the payout.
    pub(crate) async fn requested(&self, who: &str) -> String {
        let answer = self.ask(who, "POST", "/request", json!({"currency": "USD"})).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json["id"].as_str().expect("an id").to_owned()
    }
}

#[test]
fn every_missing_variable_is_told_at_once() {
    let faults = crate::config::Config::read(Reader::from_map([("LOG_LEVEL", "loud")]));
    let faults = faults.err().expect("faults").to_string();
    for name in ["STAGE", "LOG_LEVEL", "CORE_TABLE", "CLICKS_TABLE", "OPS_TABLE", "FILES_BUCKET", "AWS_REGION"] {
        assert!(faults.contains(name), "{name} in {faults}");
    }
}
