//! The track API: what a tenant's own server tells.

use std::collections::BTreeMap;

use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::fact::Fact;
use domain::id::{KeyId, UserId};
use domain::rate::Rate;
use domain::role::Role;
use domain::sales_tax::{Jurisdiction, Stacking, TaxBehavior, TaxRate};
use domain::time::BusinessDay;
use edge::auth::{hash_of, mint_from};
use store::api_keys::ApiKey;

use super::*;

impl World {
    /// A key of the default tenant, for a role.
    async fn key(&self, role: Role) -> String {
        let tenant = TenantId::default_tenant();
        let digest = domain::digest::Digest::of_bytes(role.word().as_bytes());
        let (number, text) = (digest.to_ulid(), mint_from(&tenant, digest.as_bytes()));
        let key = ApiKey {
            id: KeyId::from_ulid(number),
            tenant: tenant.clone(),
            role,
            subject: UserId::from_ulid(number).to_string(),
            name: "test".to_owned(),
            created_at: NOW.parse().expect("a time"),
            revoked_at: None,
            terms: Default::default(),
        };
        let hash = hash_of(text.reveal());
        self.store.create_api_key(&TenantKey::from(&tenant), &hash, &key).await.expect("stored");
        text.reveal().clone()
    }

    async fn track(&self, key: &str, noun: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(format!("/v1/track/{noun}"))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json");
        self.answer(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// The fact behind the n-th message.
    async fn told(&self, n: usize) -> Fact {
        let message = self.sent()[n].clone();
        let place = ("track", message.day.as_str(), message.event_id.as_str());
        let stored = self.stored_of(&message.tenant, place).await.expect("stored");
        serde_json::from_slice(&self.opened(&stored).await).expect("a fact")
    }
}

fn sale() -> Value {
    json!({"event_id": "sale-1", "amount": "99.00", "currency": "EUR", "customer_id": "casey", "occurred_at": "2026-09-02T12:00:00Z"})
}

#[tokio::test]
async fn what_a_tenants_server_tells_is_stored_as_a_fact_and_handed_on() {
    let world = World::new().await;
    let key = world.key(Role::Service).await;
    let rows = [
        ("sale", sale(), "sale_paid", "sale.sale-1"),
        (
            "refund",
            json!({"event_id": "r-1", "payment_id": "sale-1", "amount": "49.00", "currency": "EUR"}),
            "refund",
            "refund.r-1",
        ),
        (
            "signup",
            json!({"event_id": "s-1", "customer_id": "stripe:cus_1", "email": "a@b.example"}),
            "sign_up",
            "signup.s-1",
        ),
        ("lead", json!({"event_id": "l-1", "email": "Casey@Customer.example", "qualified": true}), "lead", "lead.l-1"),
    ];
    for (n, (noun, body, kind, stored_id)) in rows.iter().enumerate() {
        let (status, answer) = world.track(&key, noun, body).await;
        assert_eq!((status, &answer["event_id"]), (StatusCode::ACCEPTED, &body["event_id"]), "{noun}: {answer}");
        assert_eq!(world.sent()[n].event_id, *stored_id);
        let fact = serde_json::to_value(world.told(n).await).expect("JSON");
        assert_eq!(fact["type"], *kind);
        assert!(!fact.to_string().contains('@'), "an address is kept as a digest alone: {fact}");
    }
    let Fact::SalePaid(sale) = world.told(0).await else { panic!("a sale") };
    assert_eq!((sale.payment.as_str(), sale.invoice.as_str()), ("track:sale-1", "sale-1"));
    assert_eq!(sale.customer.map(|key| key.to_string()).as_deref(), Some("track:casey"));
    assert_eq!((sale.paid.to_text(), sale.total, sale.tax.minor()), ("99.00".to_owned(), sale.paid, 0));
    let Fact::Refund(refund) = world.told(1).await else { panic!("a refund") };
    assert_eq!((refund.refund.as_str(), refund.payment.as_str()), ("track:r-1", "track:sale-1"));
    let Fact::SignUp(sign_up) = world.told(2).await else { panic!("a sign-up") };
    assert_eq!(sign_up.customer.as_str(), "stripe:cus_1");
}

#[tokio::test]
async fn the_same_event_again_is_handed_on_again_and_other_content_is_a_conflict() {
    // ING-13
    let mut world = World::new().await;
    let key = world.key(Role::Service).await;
    let mut body = sale();
    body.as_object_mut().expect("an object").remove("occurred_at");
    assert_eq!(world.track(&key, "sale", &body).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.track(&key, "sale", &body).await.0, StatusCode::ACCEPTED, "without a time it is the same too");
    assert_eq!(world.sent().len(), 2);
    assert_eq!(world.sent()[0].event_id, world.sent()[1].event_id);
    // A day later, and with a time of weeks ago, it is that event still.
    world.app.clock = Clock::fixed(world.app.clock.now() + jiff::SignedDuration::from_hours(24));
    assert_eq!(world.track(&key, "sale", &body).await.0, StatusCode::ACCEPTED);
    assert_eq!((&world.sent()[2].event_id, &world.sent()[2].day), (&world.sent()[0].event_id, &world.sent()[0].day));
    let mut earlier = body.clone();
    earlier["occurred_at"] = json!("2026-08-01T00:00:00Z");
    assert_eq!(world.track(&key, "sale", &earlier).await.0, StatusCode::CONFLICT);
    body["amount"] = json!("98.00");
    assert_eq!(world.track(&key, "sale", &body).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_pointer_and_nothing_is_stored() {
    let world = World::new().await;
    let key = world.key(Role::Service).await;
    let with = |name: &str, value: Value| {
        let mut body = sale();
        body[name] = value;
        body
    };
    let rows = [
        ("sale", with("event_id", Value::Null), "/event_id", 400),
        ("sale", with("event_id", json!("a b")), "/event_id", 400),
        ("sale", with("event_id", json!("x".repeat(129))), "/event_id", 400),
        ("sale", with("amount", json!(99)), "/amount", 400),
        ("sale", with("amount", json!("99.001")), "/amount", 422),
        ("sale", with("amount", json!("-1.00")), "/amount", 400),
        ("sale", with("amount", json!("1e3")), "/amount", 400),
        ("sale", with("currency", json!("XYZ")), "/currency", 400),
        ("sale", with("tax", json!("100.00")), "/tax", 422),
        ("sale", with("occurred_at", json!("yesterday")), "/occurred_at", 400),
        ("sale", with("occurred_at", json!("2026-09-04T00:00:00Z")), "/occurred_at", 422),
        ("sale", with("payment_id", json!("a#b")), "/payment_id", 400),
        ("sale", with("payment_id", json!("")), "/payment_id", 400),
        ("sale", with("email", json!("nobody")), "/email", 400),
        ("sale", with("click_token", json!("x".repeat(401))), "/click_token", 400),
        ("sale", with("items", json!([{"product": "a", "amount": "1.00"}])), "/items", 422),
        ("sale", with("items", json!([{"product": "a", "amount": "-99.00"}])), "/items/0/amount", 400),
        ("sale", with("items", json!([{"product": "", "amount": "99.00"}])), "/items/0/product", 400),
        ("sale", with("sale_id", json!("misspelt")), "/sale_id", 400),
        ("refund", json!({"event_id": "r", "amount": "1.00", "currency": "EUR"}), "/payment_id", 400),
        (
            "refund",
            json!({"event_id": "r", "payment_id": "p", "amount": "1.00", "currency": "EUR", "item": -1}),
            "/item",
            400,
        ),
        ("signup", json!({"event_id": "s"}), "/customer_id", 400),
        ("lead", json!({"event_id": "l", "email": "a@b"}), "/email", 400),
        ("lead", json!({"email": "a@b.example"}), "/event_id", 400),
    ];
    // API-2: 422 where no schema tells: how many places a currency has, what adds up, what has yet to happen.
    for (noun, body, pointer, expected) in rows {
        let (status, problem) = world.track(&key, noun, &body).await;
        let pointers = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(status.as_u16(), expected, "{noun} {body}: {problem}");
        assert!(pointers.iter().any(|error| error["pointer"] == pointer), "{noun} {body}: {problem}");
    }
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn only_a_service_or_an_admin_tells() {
    let world = World::new().await;
    for (role, expected) in [
        (Role::Service, StatusCode::ACCEPTED),
        (Role::Admin, StatusCode::ACCEPTED),
        (Role::FinanceManager, StatusCode::FORBIDDEN),
        (Role::Partner, StatusCode::FORBIDDEN),
        (Role::Auditor, StatusCode::FORBIDDEN),
    ] {
        let key = world.key(role).await;
        assert_eq!(world.track(&key, "sale", &sale()).await.0, expected, "{role:?}");
    }
    assert_eq!(world.track("trb_forged", "sale", &sale()).await.0, StatusCode::UNAUTHORIZED);
    let request = Request::post("/v1/track/sale").header("content-type", "application/json");
    let (status, _) = world.answer(request.body(Body::from(sale().to_string())).expect("a request")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn with_store_or_queue_away_the_answer_is_503_and_the_event_comes_again() {
    let world = World::new().await;
    let key = world.key(Role::Service).await;
    world.set_queue_away(true);
    assert_eq!(world.track(&key, "sale", &sale()).await.0, StatusCode::SERVICE_UNAVAILABLE);
    world.set_queue_away(false);
    assert_eq!(world.track(&key, "sale", &sale()).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.sent().len(), 1);
}

#[tokio::test]
async fn a_sale_that_is_told_without_tax_takes_it_from_the_tenants_table() {
    // TAX-6
    let world = World::new().await;
    let key = world.key(Role::Service).await;
    let tenant = TenantKey::from(&TenantId::default_tenant());
    for (country, region, rate, from) in [
        ("DE", None, "0.16", "2026-07-01"),
        ("DE", None, "0.19", "2026-09-01"),
        ("US", Some("NY"), "0.04", "2026-01-01"),
    ] {
        let rate = TaxRate {
            place: Jurisdiction::parse(country, region).expect("a place"),
            name: "VAT".to_owned(),
            rate: Rate::parse(rate).expect("a rate"),
            behavior: TaxBehavior::Exclusive,
            has_reverse_charge: true,
            stacking: Stacking::InsteadOfCountry,
            from: BusinessDay::parse(from).expect("a day"),
        };
        let actor = Actor::new(Role::Admin, "usr_1");
        let deed = Deed {
            at: world.app.clock.now(),
            actor,
            action: "tax_rate.created",
            old: BTreeMap::new(),
            new: BTreeMap::new(),
        };
        let told = append(ChainEnd::START, rate.id().as_str(), deed);
        world.store.create_tax_rate(&tenant, &rate, &told).await.expect("stored");
    }
    let rows = [
        (json!({"country": "DE"}), "15.81"),
        (json!({"country": "de"}), "15.81"),
        (json!({"country": "DE", "occurred_at": "2026-08-31T23:59:59Z"}), "13.66"),
        (json!({"country": "DE", "tax": "0.00"}), "0.00"),
        (json!({"country": "DE", "total": "119.00"}), "19.00"),
        (json!({"country": "US"}), "0.00"),
        (json!({"country": "US", "region": "NY"}), "3.81"),
        (json!({"country": "FR"}), "0.00"),
        (json!({}), "0.00"),
    ];
    for (n, (more, tax)) in rows.iter().enumerate() {
        let mut body = sale();
        body["event_id"] = json!(format!("sale-{n}"));
        body.as_object_mut().expect("a sale").extend(more.as_object().expect("fields").clone());
        let (status, answer) = world.track(&key, "sale", &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{more}: {answer}");
        let Fact::SalePaid(sale) = world.told(n).await else { panic!("a sale") };
        assert_eq!(sale.tax.to_text(), *tax, "{more}");
    }
    let mut wrong = sale();
    wrong
        .as_object_mut()
        .expect("a sale")
        .extend([("country".to_owned(), json!("US")), ("region".to_owned(), json!("n"))]);
    let (status, problem) = world.track(&key, "sale", &wrong).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (StatusCode::BAD_REQUEST, &json!("/region")));
}

#[tokio::test]
async fn a_body_over_the_cap_is_413_and_nothing_is_handed_on() {
    // ING-12
    let world = World::new().await;
    let key = world.key(Role::Service).await;
    let mut body = sale();
    body["product_id"] = json!("p".repeat(raw_event::EVENT_BYTES_MAX));
    let (status, problem) = world.track(&key, "sale", &body).await;
    assert_eq!((status, &problem["status"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(413)));
    assert!(world.sent().is_empty());
}
