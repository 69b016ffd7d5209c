//! The function from its border inward: real routes, a real table in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use domain::id::{KeyId, PartnerId, TenantId};
use domain::role::Role;
use domain::time::{BusinessDay, Timestamp, Zone};
use edge::auth::{hash_of, mint_from};
use edge::aws::{Aws, Service as Sdk};
use edge::clock::Clock;
use edge::config::Reader;
use edge::sealing::Sealer;
use queues::Sender;
use serde_json::{Value, json};
use store::TenantKey;
use store::api_keys::ApiKey;
use testkit::stub::{Stub, stub};
use tower::ServiceExt;

use crate::{App, routes};

mod billing;
mod doors;
mod hasty;
mod health;
mod leads;
mod life;
mod lists;
mod looks;
mod reconciliation;
mod retried;
mod taxes;
mod tenants;

/// A deployment with a partner and a desk.
pub(crate) struct Desk {
    pub(crate) world: world::World,
    pub(crate) stub: Stub,
    routes: Router,
    /// The same, when the lease of a run that died is over.
    later: Router,
    /// The same, that waits for nothing.
    hasty: Router,
    sent: Arc<AtomicU32>,
}

/// Longer than a run that died keeps its idempotency key.
const LEASE_OVER_MS: i64 = 120_000;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) text: String,
    pub(crate) replayed: bool,
}

impl Answer {
    /// The status, and for a problem the last part of its type.
    pub(crate) fn told(&self) -> (u16, &str) {
        let kind = self.json["type"].as_str().unwrap_or_default();
        (self.status, kind.rsplit(':').next().unwrap_or_default())
    }

    /// The fields of each row of a list, as text.
    pub(crate) fn rows(&self, fields: &[&str]) -> Vec<String> {
        let rows = self.json["data"].as_array().unwrap_or_else(|| panic!("a list: {self:?}"));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        rows.iter().map(|row| fields.iter().map(|field| text(&row[*field])).collect::<Vec<_>>().join(" ")).collect()
    }
}

/// The callers: a role, a subject and the byte that its key is made of.
const CALLERS: [(&str, Role, u8); 9] = [
    ("ada", Role::Admin, 1),
    ("bob", Role::Admin, 2),
    ("fin", Role::FinanceManager, 3),
    ("sue", Role::Support, 4),
    ("aud", Role::Auditor, 5),
    ("partner", Role::Partner, 6),
    ("member", Role::Member, 7),
    ("machine", Role::Service, 8),
    ("operator", Role::Operator, 9),
];

/// The admin of another tenant.
const FOREIGN: &str = "foreign";

fn foreign() -> TenantId {
    TenantId::from_ulid(2_u128.into())
}

fn bearer(who: &str) -> String {
    if who == FOREIGN {
        return format!("Bearer {}", mint_from(&foreign(), &[1; 32]).reveal());
    }
    let (_, _, n) = CALLERS.into_iter().find(|(name, _, _)| *name == who).expect("a caller");
    format!("Bearer {}", mint_from(&TenantId::default_tenant(), &[n; 32]).reveal())
}

async fn create_key(world: &world::World, tenant: TenantId, role: Role, subject: String, n: u8) {
    let text = mint_from(&tenant, &[n; 32]);
    let key = ApiKey {
        id: KeyId::from_ulid(u128::from(n).into()),
        tenant: tenant.clone(),
        role,
        subject,
        name: "test".to_owned(),
        created_at: world.now,
        revoked_at: None,
        terms: Default::default(),
    };
    let tenant = TenantKey::from(&tenant);
    world.store.create_api_key(&tenant, &hash_of(text.reveal()), &key).await.expect("store");
}

/// A desk over a world as it is.
pub(crate) async fn desk_over(world: world::World) -> Desk {
    let stub = stub().await;
    for (name, role, n) in CALLERS {
        let subject = if name == "partner" { world.partner.to_string() } else { format!("usr_{name}") };
        create_key(&world, TenantId::default_tenant(), role, subject, n).await;
    }
    create_key(&world, foreign(), Role::Admin, "usr_eve".to_owned(), 1).await;
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
    ]);
    let aws = Aws::from(&mut reader);
    let visits = Sender::connect(&aws.service(Sdk::Sqs), "https://sqs.us-east-1.amazonaws.com/123456789012/visits");
    let sealer = Sealer::connect(&aws.service(Sdk::Kms), "a key");
    let app = |now| App::new(world.store.clone(), visits.clone(), sealer.clone(), Clock::fixed(now));
    let hasty = routes(app(world.now).with_patience(Duration::ZERO));
    let later = Timestamp::from_millisecond(world.now.as_millisecond() + LEASE_OVER_MS).expect("an instant");
    let (routes, later) = (routes(app(world.now)), routes(app(later)));
    Desk { world, stub, routes, later, hasty, sent: Arc::default() }
}

pub(crate) async fn desk() -> Desk {
    desk_over(world::World::new().await).await
}

impl Desk {
    /// Asks with a key of its own for each write.
    pub(crate) async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        self.ask(who, "POST", path, body, Some(&format!("key-{n}"))).await
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, "GET", path, Value::Null, None).await
    }

    pub(crate) async fn ask(&self, who: &str, method: &str, path: &str, body: Value, key: Option<&str>) -> Answer {
        self.ask_of(&self.routes, who, (method, path, body), key).await
    }

    /// Asks when the lease of a run that died is over.
    pub(crate) async fn ask_later(&self, who: &str, path: &str, body: Value, key: &str) -> Answer {
        self.ask_of(&self.later, who, ("POST", path, body), Some(key)).await
    }

    /// Asks where no work has time to end.
    pub(crate) async fn ask_hastily(&self, method: &str, path: &str, key: &str) -> Answer {
        self.ask_of(&self.hasty, "fin", (method, path, Value::Null), Some(key)).await
    }

    async fn ask_of(
        &self,
        routes: &Router,
        who: &str,
        (method, path, body): (&str, &str, Value),
        key: Option<&str>,
    ) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("/v1/revenue{path}"));
        if who != "nobody" {
            request = request.header("authorization", bearer(who));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = request.header("content-type", "application/json").body(body).expect("request");
        let response = routes.clone().oneshot(request).await.expect("infallible");
        let replayed = response.headers().contains_key("idempotent-replayed");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer { status, json: serde_json::from_str(&text).unwrap_or_default(), text, replayed }
    }

    fn day(&self, after: i32) -> BusinessDay {
        Zone::utc().day_of(self.world.now).plus_days(after).expect("a day")
    }

    /// The only row of the partner's balances in a currency: available, pending, held.
    pub(crate) async fn balance(&self, currency: &str) -> String {
        let path = format!("/balances?partner_id={}", self.world.partner);
        let rows = self.get("fin", &path).await.rows(&["currency", "available", "pending", "held"]);
        rows.into_iter().find(|row| row.starts_with(currency)).unwrap_or_default()
    }

    /// A correction that somebody asks for.
    pub(crate) async fn correct(&self, who: &str, amount: &str) -> Answer {
        let body = json!({
            "partner_id": self.world.partner, "amount": amount, "currency": "USD", "reason": "goodwill",
        });
        self.post(who, "/adjustments", body).await
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
        "VISITS_QUEUE_URL",
        "SEALING_KEY_ARN",
        "AWS_REGION",
    ] {
        assert!(faults.contains(name), "{name} in {faults}");
    }
}

/// A partner whom nobody knows.
fn stranger() -> PartnerId {
    PartnerId::from_ulid(99_u128.into())
}
