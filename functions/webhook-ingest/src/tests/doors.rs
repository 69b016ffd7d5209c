//! Endpoints of tenants: whose an event is, what signs there, and what is nobody's.

use domain::id::EndpointId;
use domain::provider::Provider;
use store::endpoints::Endpoint;

use super::*;

pub(super) fn tenant() -> TenantId {
    TenantId::from_ulid(7_u128.into())
}

impl World {
    /// An endpoint of a tenant that is not the default one, with a secret under its name.
    pub(super) async fn endpoint(&self, provider: Provider, n: u128, stores: &[&str], secret: &str) -> EndpointId {
        let id = EndpointId::of(&tenant(), n.into());
        let name = format!("test/webhooks/{id}");
        self.put_secret(&name, &json!({ "current": secret }));
        let endpoint = Endpoint {
            id: id.clone(),
            provider,
            name: "shop".to_owned(),
            stores: stores.iter().map(|store| (*store).to_owned()).collect(),
            secret: name,
            created_at: NOW.parse().expect("a time"),
            disabled_at: None,
        };
        self.store.create_endpoint(&TenantKey::from(&tenant()), &endpoint).await.expect("stored");
        id
    }

    async fn send_to(&self, id: &str, secret: &str, body: &[u8]) -> StatusCode {
        self.send(&format!("/v1/webhooks/stripe/{id}"), Some(&signature(body, secret, 0)), body).await.0
    }
}

#[tokio::test]
async fn an_event_at_an_endpoint_is_of_the_tenant_that_the_endpoint_names() {
    let world = World::new().await;
    let id = world.endpoint(Provider::Stripe, 1, &[], "whsec_of_the_tenant").await;
    let body = event("invoice.paid.basil");
    assert_eq!(world.send_to(id.as_str(), "whsec_of_the_tenant", &body).await, StatusCode::OK);
    assert_eq!(world.sent().iter().map(|message| message.tenant.clone()).collect::<Vec<_>>(), [tenant()]);
    let place = ("stripe", "20260903", id_of(&body));
    let stored = world.stored_of(&tenant(), (place.0, place.1, &place.2)).await.expect("stored");
    assert_eq!(world.opened_of(&tenant(), &stored).await, body);
    assert_eq!(world.stored("20260903", &id_of(&body)).await, None, "not the default tenant's");
    // What is known costs one write and nothing else.
    let before = world.database.requests();
    assert_eq!(world.send_to(id.as_str(), "whsec_of_the_tenant", &body).await, StatusCode::OK);
    assert_eq!(world.database.requests() - before, 1);
}

#[tokio::test]
async fn one_tenants_secret_opens_no_other_door() {
    let world = World::new().await;
    let id = world.endpoint(Provider::Stripe, 1, &[], "whsec_of_the_tenant").await;
    let other = world.endpoint(Provider::Stripe, 2, &[], "whsec_of_another").await;
    let body = event("invoice.paid.basil");
    for (at, secret) in [(&id, SECRET), (&id, "whsec_of_another"), (&other, "whsec_of_the_tenant")] {
        assert_eq!(world.send_to(at.as_str(), secret, &body).await, StatusCode::UNAUTHORIZED);
    }
    let at_the_bare_path = signature(&body, "whsec_of_the_tenant", 0);
    let (status, _) = world.send("/v1/webhooks/stripe", Some(&at_the_bare_path), &body).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_404_and_nothing_is_stored() {
    let world = World::new().await;
    let of_lemon = world.endpoint(Provider::LemonSqueezy, 1, &[], "signing-secret").await;
    let disabled = world.endpoint(Provider::Stripe, 2, &[], "whsec_x").await;
    let at = NOW.parse().expect("a time");
    let key = TenantKey::from(&tenant());
    world.store.record_endpoint_disabled(&key, &disabled, at).await.expect("stored");
    let nobody = EndpointId::of(&TenantId::from_ulid(99_u128.into()), 1_u128.into());
    let body = event("invoice.paid.basil");
    let long = "w".repeat(9_000);
    for id in [nobody.as_str(), of_lemon.as_str(), disabled.as_str(), "whk_1", "..", "%00", &long] {
        let status = world.send_to(id, "whsec_x", &body).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{id:.60}");
    }
    // Not there once is not there a moment later, and asks nobody.
    let before = world.database.requests();
    assert_eq!(world.send_to(nobody.as_str(), "whsec_x", &body).await, StatusCode::NOT_FOUND);
    assert_eq!(world.database.requests(), before);
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn an_event_of_another_account_than_the_endpoints_is_404_and_nothing_is_stored() {
    let world = World::new().await;
    let id = world.endpoint(Provider::Stripe, 1, &["acct_1"], "whsec_x").await;
    let mut body: Value = serde_json::from_slice(&event("invoice.paid.basil")).expect("JSON");
    for (account, expected) in [("acct_2", StatusCode::NOT_FOUND), ("acct_1", StatusCode::OK)] {
        body["account"] = json!(account);
        let text = body.to_string().into_bytes();
        assert_eq!(world.send_to(id.as_str(), "whsec_x", &text).await, expected, "{account}");
    }
    assert_eq!(world.sent().len(), 1);
}

/// An event as one of a connected account, or of the platform's own.
fn of_account(case: &str, account: Option<&str>) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(&event(case)).expect("JSON");
    body["account"] = json!(account);
    body.to_string().into_bytes()
}

#[tokio::test]
async fn what_a_connected_account_sells_is_404_and_not_stored_where_the_door_names_no_account() {
    // ING-16: whoever owns the account makes the events, and could be the very partner whose click token they carry.
    let world = World::new().await;
    let id = world.endpoint(Provider::Stripe, 1, &[], "whsec_x").await;
    let rows = [
        ("checkout.session.completed.one-off", StatusCode::NOT_FOUND),
        ("invoice.paid.basil", StatusCode::NOT_FOUND),
        ("refund.created", StatusCode::NOT_FOUND),
        ("charge.dispute.created", StatusCode::NOT_FOUND),
        ("customer.updated.with-token", StatusCode::NOT_FOUND),
        ("identity.verification_session.verified", StatusCode::NOT_FOUND),
        ("transfer.created", StatusCode::NOT_FOUND),
        ("checkout.session.expired", StatusCode::NOT_FOUND),
        ("payout.paid", StatusCode::OK),
        ("payout.failed", StatusCode::OK),
        ("account.updated", StatusCode::OK),
    ];
    for (case, expected) in rows {
        let body = of_account(case, Some("acct_of_a_partner"));
        let (before, sent) = (world.database.requests(), world.sent().len());
        assert_eq!(world.deliver(&body).await, expected, "{case} at the bare path");
        assert_eq!(world.send_to(id.as_str(), "whsec_x", &body).await, expected, "{case} at an endpoint");
        let taken_in = usize::from(expected == StatusCode::OK) * 2;
        assert_eq!(world.sent().len() - sent, taken_in, "{case}");
        // The endpoint itself is read once; nothing is asked or written beside that.
        assert!(taken_in > 0 || world.database.requests() - before <= 1, "{case}");
        assert_eq!(world.deliver(&of_account(case, None)).await, StatusCode::OK, "{case} of the platform's own");
    }
}

#[tokio::test]
async fn a_secret_that_is_replaced_opens_beside_the_one_before() {
    let mut world = World::new().await;
    let id = world.endpoint(Provider::Stripe, 1, &[], "whsec_old").await;
    let name = format!("test/webhooks/{id}");
    let body = event("invoice.paid.basil");
    assert_eq!(world.send_to(id.as_str(), "whsec_old", &body).await, StatusCode::OK);
    world.put_secret(&name, &json!({ "current": "whsec_new", "previous": "whsec_old" }));
    world.another_process();
    for secret in ["whsec_new", "whsec_old"] {
        assert_eq!(world.send_to(id.as_str(), secret, &body).await, StatusCode::OK, "{secret}");
    }
    world.put_secret(&name, &json!({ "current": "whsec_newest", "previous": "whsec_new" }));
    world.another_process();
    assert_eq!(world.send_to(id.as_str(), "whsec_old", &body).await, StatusCode::UNAUTHORIZED, "gone for good");
}

#[tokio::test]
async fn secrets_are_remembered_and_a_forger_does_not_spend_our_reads() {
    let world = World::new().await;
    let id = world.endpoint(Provider::Stripe, 1, &[], "whsec_x").await;
    let body = event("invoice.paid.basil");
    assert_eq!(world.send_to(id.as_str(), "whsec_x", &body).await, StatusCode::OK);
    let read = || world.neighbours.0.lock().expect("a lock").secrets_read;
    let before = read();
    for _ in 0..5 {
        assert_eq!(world.send_to(id.as_str(), "whsec_forged", &body).await, StatusCode::UNAUTHORIZED);
        assert_eq!(world.send_to(id.as_str(), "whsec_x", &body).await, StatusCode::OK);
    }
    assert_eq!(read(), before);
}

#[tokio::test]
async fn with_the_secret_or_the_endpoint_away_the_answer_is_503() {
    let mut world = World::new().await;
    let id = world.endpoint(Provider::Stripe, 1, &[], "whsec_x").await;
    let body = event("invoice.paid.basil");
    let name = format!("test/webhooks/{id}");
    let kept = world.neighbours.0.lock().expect("a lock").secrets.remove(&name);
    assert_eq!(world.send_to(id.as_str(), "whsec_x", &body).await, StatusCode::SERVICE_UNAVAILABLE);
    world.put_secret(&name, &serde_json::from_str(&kept.expect("a secret")).expect("JSON"));
    world.database.fail_next(10, Fault::ServerError);
    assert_eq!(world.send_to(id.as_str(), "whsec_x", &body).await, StatusCode::SERVICE_UNAVAILABLE);
    world.database.heal();
    world.another_process();
    assert_eq!(world.send_to(id.as_str(), "whsec_x", &body).await, StatusCode::OK);
    assert_eq!(world.sent().len(), 1);
}

#[tokio::test]
async fn a_stage_without_a_providers_secret_refuses_all_of_its_events() {
    let mut world = World::new().await;
    world.put_secret(STAGE_SECRET, &json!({ "click_token_key": "k" }));
    world.another_process();
    let body = event("invoice.paid.basil");
    assert_eq!(world.deliver(&body).await, StatusCode::UNAUTHORIZED);
    let empty = signature(&body, "", 0);
    assert_eq!(world.send("/v1/webhooks/stripe", Some(&empty), &body).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn headers_of_8_kb_and_of_no_text_are_refused_without_harm() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let long = "t=1,v1=".to_owned() + &"a".repeat(8_192);
    assert_eq!(world.send("/v1/webhooks/stripe", Some(&long), &body).await.0, StatusCode::UNAUTHORIZED);
    for bytes in [b"\xff\xfe\x80".as_slice(), b"t=1\tv1=x", "t=1,v1=\u{e4}".as_bytes()] {
        let value = http::HeaderValue::from_bytes(bytes).expect("a header");
        let request = Request::post("/v1/webhooks/stripe").header("stripe-signature", value);
        let (status, _) = world.answer(request.body(Body::from(body.clone())).expect("a request")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{bytes:?}");
    }
    assert!(world.sent().is_empty());
}
