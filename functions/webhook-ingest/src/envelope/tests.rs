use domain::provider::Provider;
use http::HeaderMap;

use super::{Envelope, Malformed};
use crate::provider::{Message, sender};

fn parse(json: &str) -> Result<Envelope, Malformed> {
    let at = "2026-09-03T08:00:10Z".parse().expect("a time");
    let message = Message { headers: &HeaderMap::new(), body: json.as_bytes(), at };
    sender(Provider::Stripe).expect("a sender").envelope(&message)
}

const GOOD: &str = r#"{"id":"evt_1","type":"invoice.paid","created":1788422400,"pending_webhooks":2,"data":{"object":{"a":1,"b":[{"c":null}]}}}"#;

#[test]
fn the_day_is_the_utc_day_on_which_the_provider_made_the_event() {
    let envelope = parse(&GOOD.replace("1788422400", "1788479999")).expect("an envelope");
    assert_eq!((envelope.id.as_str(), envelope.kind.as_str()), ("evt_1", "invoice.paid"));
    assert_eq!(envelope.day.to_string(), "2026-09-03");
}

#[test]
fn another_envelope_around_the_same_object_has_the_same_hash() {
    let again = r#"{"type":"invoice.paid","id":"evt_1","created":1788422400,"pending_webhooks":0,
        "data":{"object":{"b":[{"c":null}],"a":1},"previous_attributes":{}}}"#;
    assert_eq!(parse(again).expect("an envelope").hash, parse(GOOD).expect("an envelope").hash);
}

#[test]
fn another_object_or_type_has_another_hash() {
    let hash = |json: &str| parse(json).expect("an envelope").hash;
    for changed in [
        GOOD.replace("\"a\":1", "\"a\":2"),
        GOOD.replace("\"a\":1", "\"a\":\"1\""),
        GOOD.replace("invoice.paid", "invoice.voided"),
        GOOD.replace("[{\"c\":null}]", "[]"),
        GOOD.replace("\"a\":1,\"b\"", "\"a\":{},\"b\""),
    ] {
        assert_ne!(hash(&changed), hash(GOOD), "{changed}");
    }
}

#[test]
fn what_is_no_event_is_named_by_its_pointer() {
    let long = "x".repeat(129);
    let cases = [
        (String::new(), ""),
        ("{".to_owned(), ""),
        ("[".repeat(1000), ""),
        ("[]".to_owned(), "/id"),
        (GOOD.replace("evt_1", ""), "/id"),
        (GOOD.replace("evt_1", "evt#1"), "/id"),
        (GOOD.replace("evt_1", &long), "/id"),
        (GOOD.replace("\"evt_1\"", "1"), "/id"),
        (GOOD.replace("invoice.paid", "invoice paid"), "/type"),
        (GOOD.replace("1788422400", "\"now\""), "/created"),
        (GOOD.replace("1788422400", "1788422400.5"), "/created"),
        (GOOD.replace("1788422400", "-99999999999"), "/created"),
        (GOOD.replace("1788422400", "9223372036854775807"), "/created"),
    ];
    for (json, pointer) in cases {
        assert_eq!(parse(&json).map_err(|malformed| malformed.pointer), Err(pointer), "{json}");
    }
}
