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
use edge::idempotency::Idempotency;
use serde_json::{Value, json};
use store::api_keys::ApiKey;
use store::{Store, Tables, TenantKey};
use tower::ServiceExt;

use crate::files::Files;
use crate::{App, routes};

mod awards;
mod bound;
mod counting;
mod doors;
mod filing;
mod given;
mod life;
mod lists;
mod notes;
mod parts;
mod persons;
mod retried;
mod runs;
mod seen;
mod table;
mod tables;
mod terms;

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

/// The callers of another tenant.
const FOREIGN: [(&str, Role, u8); 2] =
    [("foreign admin", Role::Admin, 1), ("foreign finance", Role::FinanceManager, 3)];

fn foreign() -> TenantId {
    TenantId::from_ulid(2_u128.into())
}

fn bearer(who: &str) -> String {
    let own = CALLERS.iter().map(|caller| (TenantId::default_tenant(), caller));
    let mut all = own.chain(FOREIGN.iter().map(|caller| (foreign(), caller)));
    let (tenant, (_, _, n)) = all.find(|(_, (name, _, _))| *name == who).expect("a caller");
    format!("Bearer {}", mint_from(&tenant, &[*n; 32]).reveal())
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
        given::key(&store, &TenantId::default_tenant(), role, &subject, n).await;
    }
    for (name, role, n) in FOREIGN {
        given::key(&store, &foreign(), role, &format!("usr_{name}"), n).await;
    }
    for n in [1, 2] {
        given::partner_profile(&store, &partner(n)).await;
    }
    let routes = routes(app(&store));
    World { store, database, routes, sent: Arc::default() }
}

fn app(store: &Store) -> App {
    let mut reader =
        Reader::from_map([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
    let files = Files::connect(&Aws::from(&mut reader).service(Service::S3), "files");
    App::new(store.clone(), files, Clock::fixed(NOW.parse().expect("instant")))
}

impl World {
    /// The function's state, for routes that differ from the usual.
    fn app(&self) -> App {
        app(&self.store)
    }

    /// Asks with a key of its own for each write.
    pub(crate) async fn ask(&self, who: &str, method: &str, path: &str, body: Value) -> Answer {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        self.ask_as(who, method, path, body, Some(&format!("key-{n}"))).await
    }

    pub(crate) async fn ask_as(&self, who: &str, method: &str, path: &str, body: Value, key: Option<&str>) -> Answer {
        let uri = if path.starts_with("/v1/") { path.to_owned() } else { format!("/v1/revenue/payouts{path}") };
        let mut request = http::Request::builder().method(method).uri(uri);
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

    /// The same deployment at another instant.
    pub(crate) fn at(&self, now: &str) -> Self {
        let app = App { clock: Clock::fixed(now.parse().expect("instant")), ..self.app() };
        let app = App { idempotency: Idempotency::new(self.store.clone(), app.clock), ..app };
        let (store, database) = (self.store.clone(), self.database.clone());
        Self { store, database, routes: routes(app), sent: self.sent.clone() }
    }

    /// What an approver says who has seen the payout as it is.
    pub(crate) async fn seal(&self, id: &str) -> Value {
        json!({"seal": self.get("aud", &format!("/{id}")).await.json["seal"]})
    }

    pub(crate) async fn approve(&self, who: &str, id: &str) -> Answer {
        let seal = self.seal(id).await;
        self.ask(who, "PUT", &format!("/{id}/approve"), seal).await
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
    for name in [
        "STAGE",
        "LOG_LEVEL",
        "CORE_TABLE",
        "CLICKS_TABLE",
        "OPS_TABLE",
        "FILES_BUCKET",
        "SEALING_KEY_ARN",
        "AWS_REGION",
    ] {
        assert!(faults.contains(name), "{name} in {faults}");
    }
}
