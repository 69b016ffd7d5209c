//! What should not be: wrong codes, signatures, bodies and amounts; a store that is down; a function without its
//! configuration. One cloud serves all that leave nothing behind.

use std::process::Command;

use domain::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tributary::demo::stripe::signature;

use crate::api::Asked;
use crate::operator::{binaries, dump};
use crate::world::{World, program_body, purchase};

async fn an_unknown_code_is_a_page_and_records_nothing(world: &World) {
    for code in ["no-such-code", "x", "UPPER_and_under", "dots..", "a b"] {
        let answer = world.api.click(&code.replace(' ', "%20"), "Mozilla/5.0 Gecko").await;
        assert_eq!(answer.status, 404, "{code}");
        assert!(answer.header("content-type").starts_with("text/html"), "{code}: {}", answer.text);
        assert_eq!(answer.cookie("trb_id"), None, "{code}");
    }
    assert!(dump(&world.cloud, "CLICKS_TABLE").await.is_empty());
}

async fn a_forged_or_stale_signature_is_refused_and_nothing_is_stored(world: &World) {
    let now = world.cloud.now().await;
    let event = purchase("mallory", "99.00", "", now).paid;
    let shifted = |by: i64| Timestamp::from_second(now.as_second() + by).expect("an instant");
    let stripped = world.secret.trim_start_matches("whsec_");
    let headers = [
        signature("whsec_of_somebody_else", &event, now),
        signature(stripped, &event, now),
        signature(&world.secret, &format!("{event} "), now),
        signature(&world.secret, &event, shifted(-310)),
        signature(&world.secret, &event, shifted(310)),
        signature(&world.secret, &event, now).replace("v1=", "v0="),
        String::new(),
        "t=1,v1=".to_owned(),
    ];
    for header in headers {
        let answer = world.api.stripe_signed(&header, &event).await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        answer.expect(401);
    }
    assert!(raw_events(world).await.is_empty());
}

async fn raw_events(world: &World) -> Vec<String> {
    dump(&world.cloud, "OPS_TABLE").await.into_keys().filter(|key| key.contains("#raw#")).collect()
}

async fn a_signed_body_that_is_no_event_names_the_field(world: &World) {
    let rows = [
        ("{", ""),
        ("[]", "/id"),
        (r#"{"id": 7, "type": "invoice.paid", "created": 1}"#, "/id"),
        (r#"{"id": "evt_1", "created": 1}"#, "/type"),
        (r#"{"id": "evt_1", "type": "invoice.paid", "created": "yesterday"}"#, "/created"),
    ];
    for (body, pointer) in rows {
        assert_eq!(world.deliver(body).await.pointers(400), [pointer], "{body}");
    }
    // ING-12: signed by whom it should be: kept for whoever wants to know why, and handed on to nobody.
    let kept = raw_events(world).await;
    assert!(kept.len() == rows.len() && kept.iter().all(|key| key.contains(" / unreadable.")), "{kept:?}");
}

/// The programme of the other tests with one field changed.
fn program_with(pointer: &str, value: Value) -> Value {
    let mut body = program_body();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    body.pointer_mut(parent).expect("a parent")[name] = value;
    body
}

async fn a_wrong_field_is_named_by_its_pointer(world: &World) {
    let flat = |amount: Value| program_with("/rule", json!({"kind": "flat", "amount": amount}));
    let rows = [
        (program_with("/currency", json!("XXZ")), "/currency", 400),
        (program_with("/currency", json!(840)), "/currency", 400),
        (program_with("/name", json!("")), "/name", 400),
        (program_with("/time_zone", json!("Mars/Olympus")), "/time_zone", 422),
        (program_with("/hold_days", json!(366)), "/hold_days", 400),
        (program_with("/hold_days", json!(-1)), "/hold_days", 400),
        (program_with("/rule/rate", json!("1.5")), "/rule/rate", 400),
        (program_with("/rule/rate", json!("0.1234567")), "/rule/rate", 400),
        (flat(json!(25)), "/rule/amount", 400),
        (flat(json!("25.001")), "/rule/amount", 422),
        (flat(json!("-25.00")), "/rule/amount", 400),
        (flat(json!("1e3")), "/rule/amount", 400),
    ];
    for (body, pointer, status) in rows {
        let answer = world.api.send(Method::POST, "/v1/programs", asked(&world.admin, &body)).await;
        assert_eq!(answer.pointers(status), [pointer], "{body}");
    }
    let body = program_with("/hold_dais", json!(3));
    let answer = world.api.send(Method::POST, "/v1/programs", asked(&world.admin, &body)).await;
    assert_eq!(answer.status, 400, "a field that is not known is a typing mistake: {}", answer.text);
    let malformed = reqwest::Client::new()
        .post(format!("{}/v1/programs", world.api.url))
        .bearer_auth(&world.admin)
        .header("content-type", "application/json")
        .body("{\"name\": ");
    assert_eq!(malformed.send().await.expect("an answer").status(), 400);
}

fn asked<'a>(key: &'a str, body: &'a Value) -> Asked<'a> {
    Asked { key, once: None, body: Some(body) }
}

async fn a_request_that_moves_money_is_refused_before_anything_moves(world: &World) {
    let partner = world.partner("ada").await;
    let path = "/v1/revenue/payouts/request";
    let good = json!({"currency": "USD"});
    let answer = world.api.send(Method::POST, path, asked(&partner.key, &good)).await;
    assert_eq!(answer.pointers(400), ["Idempotency-Key"]);
    for (n, body) in
        [json!({"currency": 840}), json!({"currency": "usd!"}), json!({"currency": "ABC"})].iter().enumerate()
    {
        let answer = world.api.post(&partner.key, path, &format!("wrong-{n}"), body).await;
        assert_eq!(answer.pointers(400), ["/currency"], "{body}");
    }
    assert_eq!(world.api.post("", path, "nobody", &good).await.status, 401);
    assert_eq!(world.api.post("trb_forged", path, "forged", &good).await.status, 401);
    assert_eq!(world.api.post(&partner.key, path, "nothing", &good).await.status, 422, "there is nothing to pay");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_should_not_be_is_refused_by_name_and_leaves_nothing() {
    let world = World::new().await;
    let before = dump(&world.cloud, "CORE_TABLE").await;
    an_unknown_code_is_a_page_and_records_nothing(&world).await;
    a_forged_or_stale_signature_is_refused_and_nothing_is_stored(&world).await;
    a_signed_body_that_is_no_event_names_the_field(&world).await;
    a_wrong_field_is_named_by_its_pointer(&world).await;
    assert_eq!(dump(&world.cloud, "CORE_TABLE").await, before, "a refusal writes nothing");
    a_request_that_moves_money_is_refused_before_anything_moves(&world).await;
    world.rest().await;
    assert!(world.cloud.mail().await.is_empty());
}

#[test]
fn a_function_without_its_configuration_says_all_of_it_once_and_ends() {
    let rows = [
        ("click-tracker", &["STAGE", "CORE_TABLE", "STAGE_SECRET_ARN", "PUBLIC_URL", "AWS_REGION"] as &[&str]),
        ("webhook-ingest", &["OPS_TABLE", "FACTS_QUEUE_URL", "STAGE_SECRET_ARN", "SEALING_KEY_ARN"]),
        ("revenue-recorder", &["CORE_TABLE", "STAGE_SECRET_ARN", "SEALING_KEY_ARN"]),
        ("commission-batch", &["CORE_TABLE", "VISITS_QUEUE_URL"]),
        ("payout-approval", &["CORE_TABLE", "FILES_BUCKET"]),
        ("event-relay", &["NOTICES_QUEUE_URL", "REPORTS_QUEUE_URL"]),
        ("notifier", &["CORE_TABLE", "MAIL_FROM", "FILES_BUCKET", "SEALING_KEY_ARN"]),
        ("report-generator", &["CORE_TABLE", "FILES_BUCKET"]),
        ("partner-api", &["CORE_TABLE", "SEALING_KEY_ARN", "PUBLIC_URL"]),
    ];
    for (name, missing) in rows {
        let done = Command::new(binaries().join(name)).env_clear().output().expect("it runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{name}: {said}");
        for variable in missing {
            assert_eq!(said.matches(&format!("\n  {variable}: missing")).count(), 1, "{name} {variable}: {said}");
        }
    }
}
