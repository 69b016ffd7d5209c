//! The door of whoever signs by Standard Webhooks.

use domain::id::EndpointId;
use domain::provider::Provider;

use super::doors::tenant;
use super::*;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A message and its headers.
struct Signed {
    id: String,
    at_s: i64,
    signature: String,
}

fn signed(id: &str, body: &[u8], secret: &str, off_s: i64) -> Signed {
    let at_s = NOW.parse::<jiff::Timestamp>().expect("a time").as_second() + off_s;
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let tag = hmac::sign(&key, &[format!("{id}.{at_s}.").as_bytes(), body].concat());
    Signed { id: id.to_owned(), at_s, signature: format!("v1,{}", STANDARD.encode(tag)) }
}

impl World {
    async fn send_standard(&self, at: &EndpointId, signed: &Signed, body: &[u8]) -> (StatusCode, Value) {
        let request = Request::post(format!("/v1/webhooks/{at}"))
            .header("webhook-id", &signed.id)
            .header("webhook-timestamp", signed.at_s)
            .header("webhook-signature", &signed.signature);
        self.answer(request.body(Body::from(body.to_vec())).expect("a request")).await
    }
}

fn fact() -> Vec<u8> {
    let fact = json!({
        "type": "sale_paid", "payment": "shop:order-1", "customer": "shop:casey", "paid": "99.00 EUR",
        "occurred_at": "2026-09-02T12:00:00Z",
    });
    fact.to_string().into_bytes()
}

#[tokio::test]
async fn a_signed_fact_is_stored_under_its_endpoint_and_message_id() {
    let world = World::new().await;
    let at = world.endpoint(Provider::Standard, 1, &[], KEY).await;
    let body = fact();
    let (status, answer) = world.send_standard(&at, &signed("msg_1", &body, KEY, 0), &body).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "received": true })));
    let [message] = world.sent().try_into().expect("one message");
    let expected_id = format!("{}.msg_1", at.own_part());
    assert_eq!((message.provider.as_str(), message.event_id.as_str()), ("standard", expected_id.as_str()));
    // The day is the fact's own: another attempt, signed anew, is the same event.
    assert_eq!(message.day, "20260902");
    let again = signed("msg_1", &body, KEY, 100);
    assert_eq!(world.send_standard(&at, &again, &body).await.0, StatusCode::OK);
    assert_eq!(
        world.sent()[1],
        FactReceived { correlation_id: world.sent()[1].correlation_id.clone(), ..message.clone() }
    );
    let stored = world.stored_of(&tenant(), ("standard", "20260902", &message.event_id)).await.expect("stored");
    assert_eq!(world.opened_of(&tenant(), &stored).await, body);
}

#[tokio::test]
async fn two_senders_of_one_tenant_may_use_the_same_ids() {
    let world = World::new().await;
    let (first, second) =
        (world.endpoint(Provider::Standard, 1, &[], KEY).await, world.endpoint(Provider::Standard, 2, &[], KEY).await);
    let body = fact();
    let other = body.iter().map(|byte| if *byte == b'9' { b'8' } else { *byte }).collect::<Vec<u8>>();
    for (at, body) in [(&first, &body), (&second, &other)] {
        assert_eq!(world.send_standard(at, &signed("msg_1", body, KEY, 0), body).await.0, StatusCode::OK);
    }
    let ids: Vec<String> = world.sent().into_iter().map(|message| message.event_id).collect();
    assert_eq!(ids, [format!("{}.msg_1", first.own_part()), format!("{}.msg_1", second.own_part())]);
}

#[tokio::test]
async fn forged_stale_and_early_messages_are_401_and_nothing_is_stored() {
    let world = World::new().await;
    let at = world.endpoint(Provider::Standard, 1, &[], KEY).await;
    let body = fact();
    let other_key = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let cases = [
        signed("msg_1", &body, other_key, 0),
        signed("msg_1", b"{}", KEY, 0),
        signed("msg_1", &body, KEY, -301),
        signed("msg_1", &body, KEY, 301),
        Signed { id: "msg_2".to_owned(), ..signed("msg_1", &body, KEY, 0) },
        Signed { at_s: 0, ..signed("msg_1", &body, KEY, 0) },
    ];
    for case in cases {
        let (status, _) = world.send_standard(&at, &case, &body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{} {}", case.id, case.at_s);
    }
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_signed_body_that_is_no_fact_is_400_and_kept() {
    let world = World::new().await;
    let at = world.endpoint(Provider::Standard, 1, &[], KEY).await;
    for (body, pointer) in [("{", ""), ("{}", "/type"), (r#"{"type": "a b"}"#, "/type")] {
        let signed = signed("msg_1", body.as_bytes(), KEY, 0);
        let (status, problem) = world.send_standard(&at, &signed, body.as_bytes()).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (StatusCode::BAD_REQUEST, &json!(pointer)), "{body}");
        let hash = domain::digest::Digest::of_bytes(body.as_bytes()).to_hex();
        let id = format!("unreadable.{}", &hash[..32]);
        assert!(world.stored_of(&tenant(), ("standard", "20260903", &id)).await.is_some(), "{body}");
    }
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_fact_of_days_to_come_is_400_and_kept_and_one_of_tomorrow_is_taken() {
    // ING-18
    let world = World::new().await;
    let at = world.endpoint(Provider::Standard, 1, &[], KEY).await;
    let now: jiff::Timestamp = NOW.parse().expect("a time");
    for (n, (ahead_s, expected)) in [(86_400, StatusCode::OK), (86_401, StatusCode::BAD_REQUEST)].iter().enumerate() {
        let occurred_at = now + jiff::SignedDuration::from_secs(*ahead_s);
        let fact = json!({"type": "sale_paid", "payment": "shop:1", "paid": "1.00 EUR", "occurred_at": occurred_at});
        for (m, body) in [fact.clone(), json!({"type": "sale_paid", "data": fact})].iter().enumerate() {
            let body = body.to_string().into_bytes();
            let signed = signed(&format!("msg_{n}_{m}"), &body, KEY, 0);
            let (status, problem) = world.send_standard(&at, &signed, &body).await;
            assert_eq!(status, *expected, "{ahead_s}: {problem}");
            if *expected == StatusCode::BAD_REQUEST {
                assert_eq!(problem["errors"][0]["pointer"], "/occurred_at");
            }
        }
    }
    assert_eq!(world.sent().len(), 2);
}

#[tokio::test]
async fn an_id_that_no_key_can_hold_is_known_by_its_digest() {
    let world = World::new().await;
    let at = world.endpoint(Provider::Standard, 1, &[], KEY).await;
    let body = fact();
    for _ in 0..2 {
        let signed = signed("msg#1 with blanks", &body, KEY, 0);
        assert_eq!(world.send_standard(&at, &signed, &body).await.0, StatusCode::OK);
    }
    let [first, second] = world.sent().try_into().expect("two messages");
    assert_eq!(first.event_id, second.event_id);
    assert!(!first.event_id.contains('#'));
}

#[tokio::test]
async fn a_list_beside_the_endpoints_is_no_endpoint() {
    let world = World::new().await;
    for list in ["deliveries", "endpoints"] {
        let (status, _) = world.send(&format!("/v1/webhooks/{list}"), None, b"{}").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{list}");
    }
}

#[tokio::test]
async fn a_body_over_the_cap_is_413_and_nothing_is_stored() {
    // ING-12
    let world = World::new().await;
    let at = world.endpoint(Provider::Standard, 1, &[], KEY).await;
    let body = vec![b' '; raw_event::EVENT_BYTES_MAX + 1];
    let (status, problem) = world.send_standard(&at, &signed("msg_1", &body, KEY, 0), &body).await;
    assert_eq!((status, &problem["status"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(413)));
    // Not even among what was signed and could not be read.
    let hash = domain::digest::Digest::of_bytes(&body).to_hex();
    let kept = world.stored_of(&tenant(), ("standard", "20260903", &format!("unreadable.{}", &hash[..32]))).await;
    assert!(kept.is_none() && world.sent().is_empty());
}
