//! The function from its border inward: real routes, a real table in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::commission::EarningReason;
use domain::fraud::policy::Policy;
use domain::fraud::review::{Review, Traces};
use domain::fraud::{Finding, Reason, Signal};
use domain::id::{KeyId, PartnerId, ReviewId, SaleId, TenantId};
use domain::retarget::{Booking, Marks, booked_targets, retarget};
use domain::role::Role;
use domain::sale::HoldReason;
use domain::time::Zone;
use edge::auth::{hash_of, mint_from};
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use queues::Sender;
use serde_json::{Value, json};
use store::TenantKey;
use store::api_keys::ApiKey;
use store::sales::{NewSale, SaleWritten};
use testkit::stub::Stub;
use tower::ServiceExt;
use world::World;

use crate::starter::Starter;
use crate::{App, routes};

mod audit;
mod deliveries;
mod doors;
mod events;
mod marks;
mod operating;
mod privacy;
mod replayed;
mod reviews;
mod sign_in;
mod tenants;
mod viewer;

/// A deployment with a partner and its people.
pub(crate) struct Office {
    pub(crate) world: World,
    routes: Router,
    sent: Arc<AtomicU32>,
    stub: Stub,
}

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

    /// The pointers of a 400.
    pub(crate) fn pointers(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        let rows = self.json["data"].as_array().unwrap_or_else(|| panic!("a list: {self:?}"));
        rows.iter().filter_map(|row| row["id"].as_str()).collect()
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

/// A tenant beside the one that everything here happens to.
fn elsewhere() -> TenantId {
    TenantId::from_ulid(99_u128.into())
}

fn bearer(who: &str) -> String {
    if who == "stranger" {
        return format!("Bearer {}", mint_from(&elsewhere(), &[99; 32]).reveal());
    }
    let (_, _, n) = CALLERS.into_iter().find(|(name, _, _)| *name == who).expect("a caller");
    format!("Bearer {}", mint_from(&TenantId::default_tenant(), &[n; 32]).reveal())
}

pub(crate) async fn office() -> Office {
    let world = World::new().await;
    let here = TenantId::default_tenant();
    let callers = CALLERS.map(|(name, role, n)| (here.clone(), name, role, n));
    for (tenant, name, role, n) in callers.into_iter().chain([(elsewhere(), "stranger", Role::Admin, 99)]) {
        let subject = if name == "partner" { world.partner.to_string() } else { format!("usr_{name}") };
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
        let text = mint_from(&tenant, &[n; 32]);
        let keys = TenantKey::from(&tenant);
        world.store.create_api_key(&keys, &hash_of(text.reveal()), &key).await.expect("store");
    }
    let stub = testkit::stub::stub().await;
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
    ]);
    let queue = format!("{}/000000000000/facts", stub.endpoint);
    let aws = Aws::from(&mut reader);
    let facts = Sender::connect(&aws.service(Service::Sqs), queue);
    let starter = Starter::connect(&aws.service(Service::Lambda), "stage-");
    let routes = routes(App::new(world.store.clone(), Clock::fixed(world.now), facts).starting(starter));
    Office { world, routes, sent: Arc::default(), stub }
}

pub(crate) fn as_shipped(reasons: &[Reason]) -> Vec<Signal> {
    reasons.iter().filter_map(|reason| Policy::default().signal(*reason, "what was seen")).collect()
}

impl Office {
    pub(crate) async fn ask(&self, who: &str, method: &str, path: &str, body: Value, key: Option<&str>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("/v1/risk{path}"));
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
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer { status, json: serde_json::from_str(&text).unwrap_or_default(), text, replayed }
    }

    /// Asks with a key of its own for each write.
    pub(crate) async fn write(&self, who: &str, method: &str, path: &str, body: Value) -> Answer {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        self.ask(who, method, path, body, Some(&format!("key-{n}"))).await
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, "GET", path, Value::Null, None).await
    }

    pub(crate) async fn decide(&self, who: &str, id: &ReviewId, decision: &str) -> Answer {
        let body = json!({"decision": decision, "reason": "looked at it"});
        self.write(who, "POST", &format!("/{id}/decide"), body).await
    }

    /// A sale that earned an amount and is held for a reason, with its review.
    pub(crate) async fn held(&self, invoice: &str, amount: &str, reasons: &[Reason]) -> ReviewId {
        let world = &self.world;
        world.earn(invoice, amount, Zone::utc().day_of(world.now)).await;
        let mut sale = world.kept_sale(invoice).await;
        let findings = vec![Finding { partner: world.partner.clone(), signals: as_shipped(reasons) }];
        let review = Review::of_sale(&sale.id, findings, Traces::default(), world.now).expect("noticed");
        let targets = booked_targets(&sale);
        sale.hold = review.holds_sale().then_some(HoldReason::Risk);
        sale.version += 1;
        let booking = Booking {
            now: world.now,
            today: Zone::utc().day_of(world.now),
            occurred_at: world.now,
            cause: EarningReason::Held,
            fence_of: &|_| None,
            marks_of: &|_| Marks::default(),
        };
        let lines = retarget(&mut sale, &targets, &booking).expect("lines");
        let actor = Actor::new(Role::Service, "test");
        let deed = Deed { at: world.now, actor, action: "held", old: Default::default(), new: Default::default() };
        let entry = append(ChainEnd::START, sale.id.as_str(), deed);
        let new = NewSale {
            sale: &sale,
            lines: &lines,
            aliases: &[],
            open_in: &[],
            meets: None,
            review: Some(store::risk::ReviewPart::Opened(&review)),
        };
        let before = sale.version - 1;
        let written = world.store.change_sale_by_hand(&world.tenant, before, &new, &entry, None).await.expect("store");
        assert_eq!(written, SaleWritten::Yes);
        review.id
    }

    /// A review of a partner.
    pub(crate) async fn noticed(&self, n: u128, reasons: &[Reason]) -> ReviewId {
        let partner = PartnerId::from_ulid(n.into());
        let review = Review::of_partner(&partner, "test", as_shipped(reasons), self.world.now).expect("noticed");
        self.world.store.create_review(&self.world.tenant, &review).await.expect("store");
        review.id
    }

    pub(crate) async fn held_now(&self) -> i64 {
        self.world.store.get_head(&self.world.tenant, &self.world.account()).await.expect("store").held
    }

    pub(crate) fn sale_of(invoice: &str) -> SaleId {
        SaleId::of(&world::key(invoice))
    }
}

#[test]
fn every_missing_variable_is_told_at_once() {
    let faults = crate::config::Config::read(Reader::from_map([("LOG_LEVEL", "loud")]));
    let faults = faults.err().expect("faults").to_string();
    for name in ["STAGE", "LOG_LEVEL", "CORE_TABLE", "CLICKS_TABLE", "OPS_TABLE", "AWS_REGION"] {
        assert!(faults.contains(name), "{name} in {faults}");
    }
}
