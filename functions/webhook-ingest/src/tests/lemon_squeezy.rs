//! Lemon Squeezy's door.

use domain::provider::Provider;

use super::*;

const PATH: &str = "/v1/webhooks/lemon-squeezy";

fn lemon_event(case: &str) -> Vec<u8> {
    let path = format!("{}/../../events/webhook-ingest/lemon-squeezy/{case}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("an event file")
}

fn signed(body: &[u8], secret: &str) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body))
}

impl World {
    async fn send_lemon(&self, path: &str, signature: &str, name: Option<&str>, body: &[u8]) -> (StatusCode, Value) {
        let mut request = Request::post(path).header("x-signature", signature);
        if let Some(name) = name {
            request = request.header("x-event-name", name);
        }
        self.answer(request.body(Body::from(body.to_vec())).expect("a request")).await
    }

    async fn deliver_lemon(&self, body: &[u8]) -> StatusCode {
        self.send_lemon(PATH, &signed(body, LEMON_SECRET), None, body).await.0
    }
}

#[tokio::test]
async fn a_signed_event_is_stored_under_an_id_that_is_derived_from_what_it_says() {
    // ING-10
    let world = World::new().await;
    let body = lemon_event("order_created");
    let (status, answer) = world.send_lemon(PATH, &signed(&body, LEMON_SECRET), Some("order_created"), &body).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "received": true })));
    let [message] = world.sent().try_into().expect("one message");
    assert_eq!((message.provider.as_str(), message.day.as_str()), ("lemon_squeezy", "20260903"));
    assert!(message.event_id.starts_with("ls_") && message.event_id.len() == 35, "{}", message.event_id);
    let place = ("lemon_squeezy", message.day.as_str(), message.event_id.as_str());
    let stored = world.stored_of(&TenantId::default_tenant(), place).await.expect("stored");
    assert_eq!((stored.kind.as_str(), world.opened(&stored).await), ("order_created", body));
}

#[tokio::test]
async fn what_comes_again_has_the_same_id_and_what_changed_another() {
    // ING-10
    let world = World::new().await;
    let body = lemon_event("order_created");
    let mut changed: Vec<Vec<u8>> = vec![body.clone(), body.clone()];
    for (pointer, value) in [
        ("/data/attributes/updated_at", json!("2026-09-03T09:00:00.000000Z")),
        ("/data/attributes/status", json!("partial_refund")),
        ("/data/attributes/refunded_amount", json!(100)),
        ("/data/id", json!("2")),
        ("/meta/event_name", json!("order_refunded")),
    ] {
        let mut event: Value = serde_json::from_slice(&body).expect("JSON");
        *event.pointer_mut(pointer).expect("a field") = value;
        changed.push(event.to_string().into_bytes());
    }
    for body in &changed {
        assert_eq!(world.deliver_lemon(body).await, StatusCode::OK);
    }
    let ids: Vec<String> = world.sent().into_iter().map(|message| message.event_id).collect();
    assert_eq!(ids[0], ids[1]);
    let different: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(different.len(), changed.len() - 1, "{ids:?}");
}

#[tokio::test]
async fn what_the_shop_gave_its_check_out_is_kept_also_when_a_list_has_told_the_order_before() {
    // ING-10: the list of the API names the object alone.
    let world = World::new().await;
    let mut event: Value = serde_json::from_slice(&lemon_event("order_created")).expect("JSON");
    event["meta"]["custom_data"] = json!({"trb": "a token"});
    let webhook = event.to_string().into_bytes();
    event["meta"] = json!({"event_name": "order_created"});
    let listed = event.to_string().into_bytes();
    for body in [&listed, &webhook, &webhook, &listed] {
        assert_eq!(world.deliver_lemon(body).await, StatusCode::OK);
    }
    let sent = world.sent();
    let ids: Vec<&str> = sent.iter().map(|message| message.event_id.as_str()).collect();
    assert!(ids[0] != ids[1] && ids[1] == ids[2] && ids[0] == ids[3], "{ids:?}");
    for (message, body) in sent.iter().zip([&listed, &webhook]) {
        let place = ("lemon_squeezy", message.day.as_str(), message.event_id.as_str());
        let stored = world.stored_of(&TenantId::default_tenant(), place).await.expect("stored");
        assert_eq!(&world.opened(&stored).await, body);
    }
}

#[tokio::test]
async fn an_event_of_a_store_that_is_not_known_is_404_and_nothing_is_stored() {
    let world = World::new().await;
    let mut event: Value = serde_json::from_slice(&lemon_event("order_created")).expect("JSON");
    event["data"]["attributes"]["store_id"] = json!(2);
    let body = event.to_string().into_bytes();
    let before = world.database.requests();
    assert_eq!(world.deliver_lemon(&body).await, StatusCode::NOT_FOUND);
    assert_eq!(world.database.requests(), before);
    assert!(world.sent().is_empty());
    // At an endpoint that is for any store it is taken in.
    let id = world.endpoint(Provider::LemonSqueezy, 1, &[], "abcdef").await;
    let path = format!("{PATH}/{id}");
    assert_eq!(world.send_lemon(&path, &signed(&body, "abcdef"), None, &body).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_forged_signature_is_401_and_nothing_is_stored() {
    let world = World::new().await;
    let body = lemon_event("order_created");
    let before = world.database.requests();
    for signature in [String::new(), "x".to_owned(), signed(&body, "other secret"), signed(b"{}", LEMON_SECRET)] {
        let (status, _) = world.send_lemon(PATH, &signature, None, &body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{signature}");
    }
    assert_eq!(world.database.requests(), before);
}

#[tokio::test]
async fn a_header_that_names_another_event_is_400_and_the_event_is_kept() {
    // ING-12: the header is not signed.
    let world = World::new().await;
    let body = lemon_event("order_created");
    let (status, problem) = world.send_lemon(PATH, &signed(&body, LEMON_SECRET), Some("order_refunded"), &body).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (StatusCode::BAD_REQUEST, &json!("/meta/event_name")));
    assert!(world.sent().is_empty());
    let hash = domain::digest::Digest::of_bytes(&body).to_hex();
    let id = format!("unreadable.{}", &hash[..32]);
    let kept = world.stored_of(&TenantId::default_tenant(), ("lemon_squeezy", "20260903", &id)).await;
    assert!(kept.is_some());
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_400_with_the_fields_pointer() {
    let world = World::new().await;
    for (body, pointer) in [
        ("Hello, World!", ""),
        ("[]", "/meta/event_name"),
        (r#"{"meta":{}}"#, "/meta/event_name"),
        (r#"{"meta":{"event_name":"a b"}}"#, "/meta/event_name"),
        (r#"{"meta":{"event_name":"order_created"}}"#, "/data"),
        (r#"{"meta":{"event_name":"order_created"},"data":{"id":1}}"#, "/data/id"),
        (r#"{"meta":{"event_name":"order_created"},"data":{"id":"1"}}"#, "/data/type"),
    ] {
        let signature = signed(body.as_bytes(), LEMON_SECRET);
        let (status, problem) = world.send_lemon(PATH, &signature, None, body.as_bytes()).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (StatusCode::BAD_REQUEST, &json!(pointer)), "{body}");
    }
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn an_event_that_is_not_known_is_stored_and_goes_no_further() {
    let world = World::new().await;
    let mut event: Value = serde_json::from_slice(&lemon_event("order_created")).expect("JSON");
    event["meta"]["event_name"] = json!("moon_risen");
    assert_eq!(world.deliver_lemon(&event.to_string().into_bytes()).await, StatusCode::OK);
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_body_over_the_cap_is_413_and_nothing_is_stored() {
    // ING-12
    let world = World::new().await;
    let body = vec![b' '; raw_event::EVENT_BYTES_MAX + 1];
    let before = world.database.requests();
    let (status, problem) = world.send_lemon(PATH, &signed(&body, LEMON_SECRET), None, &body).await;
    assert_eq!((status, &problem["status"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(413)));
    assert_eq!(world.database.requests(), before);
    assert!(world.sent().is_empty());
}
