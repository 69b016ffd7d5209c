//! What the tax office is told: from payouts that were paid to the bytes of its files.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use cases::payouts::{Command, Requested};
use domain::audit::{Actor, ChainEnd, append};
use domain::digest::Digest;
use domain::id::{PartnerId, PayoutId, TenantId};
use domain::payee::PostalAddress;
use domain::payout::Sent;
use domain::role::Role;
use domain::tax::{Classification, FormContent, FormKind, Given, SEALED_AS, TaxForm, Tin, TinKind};
use domain::time::{BusinessDay, Timestamp};
use edge::aws::{Aws, Service as Sdk};
use edge::clock::Clock;
use edge::config::Reader;
use edge::sealing::{Belongs, Sealer};
use http::HeaderMap;
use queues::Sender;
use serde_json::{Value, json};
use tower::ServiceExt;
use world::World;

use super::billing::{Cloud, answer, serve};
use super::{CALLERS, bearer, create_key, foreign};
use crate::{App, routes};

mod filing;
mod handed_on;
mod years;

const YEAR: &str = "/v1/reports/tax-forms/2026";
/// When the year is over.
const AFTERWARDS: &str = "2027-01-15T12:00:00Z";

/// A deployment at the turn of the year.
struct Books {
    world: World,
    sealer: Sealer,
    routes: Router,
    /// The same before the year is over.
    earlier: Router,
    sent: AtomicU32,
    paid: u32,
}

/// What was answered.
#[derive(Debug)]
struct Told {
    status: u16,
    headers: HeaderMap,
    json: Value,
    text: String,
}

impl Told {
    fn kind(&self) -> (u16, &str) {
        let kind = self.json["type"].as_str().unwrap_or_default();
        (self.status, kind.rsplit(':').next().unwrap_or_default())
    }

    fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.json);
        self.json
    }
}

/// A header of the portal for 2026, as it may be: with the new boxes.
fn template(form: &str) -> String {
    let amount = if form == "1099-nec" {
        "Box 1a - Nonemployee compensation,Box 1b - Cash tips"
    } else {
        "Box 3 - Other Income"
    };
    format!(
        "Form Type,Tax Year,Payer Taxpayer ID Number,Recipient TIN Type,Recipient Taxpayer ID Number,Recipient First Name,\
         Recipient Last Name (Surname),Form Account Number,{amount},Box 4 - Federal income tax withheld"
    )
}

fn settings() -> Value {
    json!({
        "payer": {
            "tin_kind": "ein", "tin": "45-1234567", "business_name": "Acme Inc",
            "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "US"},
            "phone": "212-555-0100", "email": "tax@acme.example"
        },
        "templates": {"2026/1099-nec": template("1099-nec"), "2026/1099-misc": template("1099-misc")}
    })
}

async fn books() -> Books {
    let world = World::new().await;
    for (name, role, n) in CALLERS {
        create_key(&world, TenantId::default_tenant(), role, format!("usr_{name}"), n).await;
    }
    create_key(&world, foreign(), Role::Admin, "usr_eve".to_owned(), 1).await;
    let aws = serve(Router::new().fallback(answer).with_state(Cloud::default())).await;
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL", &aws),
    ]);
    let aws = Aws::from(&mut reader);
    let sealer = Sealer::connect(&aws.service(Sdk::Kms), "k");
    let visits = Sender::connect(&aws.service(Sdk::Sqs), "https://sqs.us-east-1.amazonaws.com/123456789012/visits");
    let open = |at| routes(App::new(world.store.clone(), visits.clone(), sealer.clone(), Clock::fixed(at)));
    let (routes, earlier) = (open(AFTERWARDS.parse().expect("an instant")), open(world.now));
    Books { world, sealer, routes, earlier, sent: AtomicU32::new(0), paid: 0 }
}

impl Books {
    async fn ask_of(&self, routes: &Router, who: &str, (method, path): (&str, &str), body: Value) -> Told {
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", bearer(who))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("key-{n}"));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = routes.clone().oneshot(request.body(body).expect("request")).await.expect("infallible");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Told { status, headers, json: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    async fn get(&self, who: &str, path: &str) -> Told {
        self.ask_of(&self.routes, who, ("GET", path), Value::Null).await
    }

    async fn post(&self, who: &str, path: &str, body: Value) -> Told {
        self.ask_of(&self.routes, who, ("POST", path), body).await
    }

    async fn decide(&self, settings: Value) {
        let path = "/v1/revenue/tax/settings";
        self.ask_of(&self.routes, "ada", ("PUT", path), settings).await.ok();
    }

    /// From now on this partner earns.
    async fn turn_to(&mut self, n: u128) -> PartnerId {
        let partner = PartnerId::from_ulid(n.into());
        self.world.befriend(&partner).await;
        self.world.partner = partner.clone();
        partner
    }

    /// The partner earns an amount and is paid it, by hand, on a day of 2026.
    async fn pay(&mut self, amount: &str) -> PayoutId {
        self.paid += 1;
        let n = self.paid;
        let world = &self.world;
        // Each on a later day: what a payout took is final.
        let day = format!("2026-11-{}", 10 + n % 10);
        world.earn(&format!("in_{n}"), amount, BusinessDay::parse(&day).expect("a day")).await;
        let asked = world.try_request_at(i64::from(n)).await.expect("an answer");
        let Requested::Created(stored) = asked else { panic!("{asked:?}") };
        let id = stored.payout.id.clone();
        let yes = world.approval(&id).await;
        world.command(&id, Role::Admin, "ada", yes).await;
        let sent = Sent { sent_at: world.now, expected_arrival: None, reference: format!("TR-{n}") };
        world.command(&id, Role::FinanceManager, "fin", Command::MarkSent(sent)).await;
        let confirm = Command::Confirm { completed_at: world.now, reference: format!("TR-{n}") };
        world.command(&id, Role::FinanceManager, "fin", confirm).await;
        let word = world.store.get_payout(&world.tenant, &id).await.expect("store").expect("a payout").payout.state;
        assert_eq!(word.word(), "paid");
        id
    }

    /// The partner signs a W-9 with a number.
    async fn sign(&self, tin: &str, last_name: &str) {
        let (world, partner) = (&self.world, &self.world.partner);
        let tin = Tin::parse(TinKind::Ssn, tin).expect("a number");
        let address = PostalAddress {
            line1: "2 Side St".to_owned(),
            line2: None,
            city: "Boston".to_owned(),
            region: Some("MA".to_owned()),
            postal_code: "02101".to_owned(),
            country: "US".to_owned(),
        };
        let content = FormContent {
            first_name: Some("Ada".to_owned()),
            last_name: Some(last_name.to_owned()),
            business_name: None,
            tin: Some(tin.digits().to_owned()),
            foreign_tin: None,
            citizenship: None,
            address,
        };
        let belongs = Belongs { tenant: world.tenant.tenant().as_str(), subject: partner.as_str(), field: SEALED_AS };
        let plain = serde_json::to_string(&content).expect("json");
        let before = world.store.get_tax_form(&world.tenant, partner).await.expect("store");
        let given = Given {
            kind: FormKind::W9,
            classification: Some(Classification::Individual),
            tin_fingerprint: Some(Digest::of_bytes(tin.digits().as_bytes())),
            content_fingerprint: Some(Digest::of_bytes(plain.as_bytes())),
            tin: Some(tin),
            country: "US".to_owned(),
            signed_on: BusinessDay::parse("2026-01-02").expect("a day"),
            sealed: self.sealer.seal_text(&belongs, &plain).await.expect("sealed").to_string(),
            under: format!("{last_name} signs"),
        };
        let by = Actor::new(Role::Partner, partner.to_string());
        let step = TaxForm::submit(before.as_ref(), given, by, world.now);
        let aggregate = TaxForm::aggregate(partner);
        let end = world.store.get_chain_end(&world.tenant, &aggregate).await.expect("store");
        assert_eq!(end == ChainEnd::START, before.is_none());
        let entry = append(end, &aggregate, step.deed);
        let written = world
            .store
            .replace_tax_form(&world.tenant, partner, before.as_ref(), &step.form, &entry)
            .await
            .expect("store");
        assert_eq!(written, store::Written::Yes);
    }

    /// Counts the year, however many requests that takes.
    async fn count(&self, how: &str) -> Value {
        for _ in 0..100 {
            let told = self.post("fin", &format!("{YEAR}/{how}"), Value::Null).await;
            if told.status != 202 {
                return told.ok();
            }
        }
        panic!("the year is not counted after a hundred requests")
    }

    /// A file as rows: each the cells by their columns, and the last that it is.
    async fn file(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let told = self.get("fin", &format!("{YEAR}/files/{name}")).await;
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!(told.headers["x-content-sha256"], Digest::of_bytes(told.text.as_bytes()).to_hex());
        assert_eq!(told.headers["cache-control"], "no-store");
        let mut lines =
            told.text.trim_end().split("\r\n").map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().expect("a header");
        lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect()
    }

    fn at(&self) -> Timestamp {
        self.world.now
    }
}
