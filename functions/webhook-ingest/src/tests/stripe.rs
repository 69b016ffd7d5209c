//! Stripe's door.

use domain::audit::{Actor, ChainEnd, Told, append};
use domain::role::Role;
use domain::settings::{Retention, RetentionKind};

use super::*;

#[tokio::test]
async fn a_signed_event_is_stored_byte_for_byte_and_handed_on() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let (status, answer) = world.send("/v1/webhooks/stripe", Some(&signature(&body, SECRET, 0)), &body).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "received": true })));
    let expected = FactReceived {
        v: queues::VERSION,
        tenant: TenantId::default_tenant(),
        provider: "stripe".to_owned(),
        day: "20260903".to_owned(),
        event_id: id_of(&body),
        correlation_id: "correlation-1".to_owned(),
    };
    assert_eq!(world.sent(), [expected]);
    let stored = world.stored("20260903", &id_of(&body)).await.expect("stored");
    assert_eq!(world.opened(&stored).await, body);
    assert_eq!(stored.kind, "invoice.paid");
    assert_eq!(stored.expires_at.to_string(), "2026-10-03T08:00:10Z");
    // What is stored says nothing by itself.
    assert!(!stored.sealed.windows(8).any(|window| window == b"customer"));
}

#[tokio::test]
async fn an_event_is_kept_for_as_many_days_as_the_tenant_set() {
    // OPS-4
    let world = World::new().await;
    let tenant = TenantKey::from(&TenantId::default_tenant());
    let mut kept = store::settings::KeptSettings::default();
    kept.general.retention_days = Retention::new([(RetentionKind::RawEvents, 60)].into());
    let actor = Actor::new(Role::Admin, "usr_ada");
    let told = Told::new("settings", actor, NOW.parse().expect("a time"), "settings.set");
    let entry = append(ChainEnd::START, "settings", told.deed);
    world.store.replace_settings(&tenant, &kept, &entry).await.expect("store");
    let body = event("invoice.paid.basil");
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    let stored = world.stored("20260903", &id_of(&body)).await.expect("stored");
    assert_eq!(stored.expires_at.to_string(), "2026-11-02T08:00:10Z");
}

#[tokio::test]
async fn each_event_is_one_write_unit_and_one_request_to_the_store() {
    let world = World::new().await;
    // How long events are kept is asked of the tenant once a minute.
    world.app.kept_until(&TenantKey::from(&TenantId::default_tenant()), jiff::Timestamp::UNIX_EPOCH).await;
    for case in ["invoice.paid.basil-taxed", "invoice.paid.acacia", "checkout.session.completed.subscription"] {
        world.database.reset_units();
        let before = world.database.requests();
        assert_eq!(world.deliver(&event(case)).await, StatusCode::OK);
        assert_eq!(world.database.requests() - before, 1, "{case}");
        assert_eq!(world.database.reset_units().write_hundredths, 100, "{case}");
    }
}

#[tokio::test]
async fn an_event_that_comes_again_is_handed_on_again_and_changes_nothing() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let mut again: Value = serde_json::from_slice(&body).expect("JSON");
    again["pending_webhooks"] = json!(1);
    let again = serde_json::to_vec(&again).expect("JSON");
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    let stored = world.stored("20260903", &id_of(&body)).await;
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert_eq!(world.deliver(&again).await, StatusCode::OK);
    let sent = world.sent();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|message| *message == sent[0]));
    assert_eq!(world.stored("20260903", &id_of(&body)).await, stored);
}

#[tokio::test]
async fn another_body_under_a_known_id_is_stored_beside_the_first_and_handed_on() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let mut other: Value = serde_json::from_slice(&body).expect("JSON");
    other["data"]["object"]["amount_paid"] = json!(1);
    let other = serde_json::to_vec(&other).expect("JSON");
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert_eq!(world.deliver(&other).await, StatusCode::OK);
    let [first, second] = world.sent().try_into().expect("two messages");
    assert!(second.event_id.starts_with(&format!("{}#", first.event_id)), "{}", second.event_id);
    let beside = world.stored("20260903", &second.event_id).await.expect("stored");
    assert_eq!(world.opened(&beside).await, other);
    let first = world.stored("20260903", &first.event_id).await.expect("stored");
    assert_eq!(world.opened(&first).await, body);
}

#[tokio::test]
async fn an_event_that_nobody_acts_on_is_stored_and_goes_no_further() {
    let world = World::new().await;
    let body = event("checkout.session.expired");
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert!(world.sent().is_empty());
    let stored = world.stored("20260904", &id_of(&body)).await.expect("stored");
    assert_eq!(world.opened(&stored).await, body);
}

#[tokio::test]
async fn a_forged_stale_or_missing_signature_is_401_and_nothing_is_stored() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    let cases = [
        None,
        Some(String::new()),
        Some(signature(&body, "whsec_other", 0)),
        Some(signature(&body, SECRET, -301)),
        Some(signature(&body, SECRET, 301)),
        Some(signature(b"another body", SECRET, 0)),
    ];
    let before = world.database.requests();
    for header in cases {
        let (status, problem) = world.send("/v1/webhooks/stripe", header.as_deref(), &body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{header:?}");
        assert_eq!(problem["status"], 401);
    }
    assert_eq!(world.database.requests(), before);
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_400_with_the_fields_pointer() {
    let world = World::new().await;
    for (body, pointer) in [("{", ""), ("{}", "/id"), (r#"{"id":"evt_1","type":"a","created":"x"}"#, "/created")] {
        let header = signature(body.as_bytes(), SECRET, 0);
        let (status, problem) = world.send("/v1/webhooks/stripe", Some(&header), body.as_bytes()).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (StatusCode::BAD_REQUEST, &json!(pointer)));
        // ING-12: it is kept for whoever wants to know why.
        let hash = domain::digest::Digest::of_bytes(body.as_bytes()).to_hex();
        let kept = world.stored("20260903", &format!("unreadable.{}", &hash[..32])).await.expect("kept");
        assert_eq!((kept.kind.as_str(), world.opened(&kept).await), ("unreadable", body.as_bytes().to_vec()));
    }
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_second_is_the_same_however_a_whole_number_is_written() {
    let world = World::new().await;
    for (id, second) in [("evt_1", "1788422400"), ("evt_2", "1788422400.0")] {
        let body = format!(r#"{{"id":"{id}","type":"invoice.paid","created":{second},"data":{{"object":{{}}}}}}"#);
        assert_eq!(world.deliver(body.as_bytes()).await, StatusCode::OK);
        assert!(world.stored("20260903", id).await.is_some(), "{second}");
    }
    let body = br#"{"id":"evt_3","type":"invoice.paid","created":1788422400.5}"#;
    assert_eq!(world.deliver(body).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_over_the_cap_is_413() {
    let world = World::new().await;
    let body = vec![b' '; raw_event::EVENT_BYTES_MAX + 1];
    let (status, problem) = world.send("/v1/webhooks/stripe", Some(&signature(&body, SECRET, 0)), &body).await;
    assert_eq!((status, &problem["status"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(413)));
}

#[tokio::test]
async fn a_large_event_is_taken_in_as_long_as_it_packs() {
    let world = World::new().await;
    let event = |filler: String| {
        let body = json!({"id": "evt_1", "type": "invoice.paid", "created": 1_788_422_400, "data": {"object": {"filler": filler}}});
        body.to_string().into_bytes()
    };
    let large = event("a line of an invoice, again and again; ".repeat(25_000));
    assert!(large.len() > 900_000);
    assert_eq!(world.deliver(&large).await, StatusCode::OK);
    let stored = world.stored("20260903", "evt_1").await.expect("stored");
    assert_eq!(world.opened(&stored).await, large);
    // What does not pack cannot be stored, however often it is sent.
    let mut digest = domain::digest::Digest::of_bytes(b"noise");
    let mut noise = String::new();
    while noise.len() < 900_000 {
        digest = digest.then(b"more");
        noise.push_str(&STANDARD.encode(digest.as_bytes()));
    }
    assert_eq!(world.deliver(&event(noise)).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn with_the_store_away_the_answer_is_503_and_nothing_is_handed_on() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    world.database.fail_next(10, Fault::ServerError);
    assert_eq!(world.deliver(&body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(world.sent().is_empty());
    world.database.heal();
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert_eq!(world.sent().len(), 1);
}

#[tokio::test]
async fn with_the_queue_away_the_answer_is_503_and_the_event_coming_again_is_handed_on() {
    let world = World::new().await;
    let body = event("invoice.paid.basil");
    world.set_queue_away(true);
    assert_eq!(world.deliver(&body).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(world.stored("20260903", &id_of(&body)).await.is_some());
    world.set_queue_away(false);
    assert_eq!(world.deliver(&body).await, StatusCode::OK);
    assert_eq!(world.sent().len(), 1);
}
