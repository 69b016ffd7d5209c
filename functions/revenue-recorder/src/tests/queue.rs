//! A batch of the queue: good events are booked, each bad one is reported alone.

use aws_lambda_events::sqs::SqsEvent;
use cases::raw_event::{SEALED_FIELD, SEALED_SUBJECT, pack};
use domain::digest::Digest;
use domain::time::BusinessDay;
use domain::touch::ClickKeys;
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use edge::sealing::{Belongs, Sealer};
use serde_json::{Value, json};
use store::raw_events::{RawEvent, RawEventPlace};
use testkit::stub::{Stub, stub};
use world::World;

use super::super::App;

fn sealer(stub: &Stub) -> Sealer {
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
    ]);
    Sealer::connect(&Aws::from(&mut reader).service(Service::Kms), "key")
}

fn app(world: &World, stub: &Stub) -> App {
    let keys = ClickKeys::new("a secret of at least some length", "");
    App::new(world.store.clone(), sealer(stub), keys, Clock::fixed(world.now))
}

/// Stores an event as webhook-ingest does.
async fn store_event(world: &World, stub: &Stub, id: &str, body: &Value) {
    let tenant = world.tenant.tenant().as_str();
    let belongs = Belongs { tenant, subject: SEALED_SUBJECT, field: SEALED_FIELD };
    let packed = pack(body.to_string().as_bytes()).expect("packed");
    let sealed = sealer(stub).seal(&belongs, &packed).await.expect("sealed").to_bytes();
    let day = BusinessDay::parse("2026-11-21").expect("day");
    let place = RawEventPlace { provider: "stripe".to_owned(), day, event_id: id.to_owned() };
    let (received_at, expires_at) = (world.now, world.now);
    let event =
        RawEvent { kind: "x".to_owned(), hash: Digest::of_bytes(id.as_bytes()), sealed, received_at, expires_at };
    world.store.record_raw_event(&world.tenant, &place, &event).await.expect("stored");
}

fn message(n: usize, event_id: &str) -> Value {
    let body = json!({
        "v": 1, "tenant": "ten_00000000000000000000000000", "provider": "stripe", "day": "20261121",
        "event_id": event_id, "correlation_id": "c",
    });
    record(n, &body.to_string())
}

fn record(n: usize, body: &str) -> Value {
    json!({"messageId": format!("m{n}"), "body": body, "attributes": {}, "messageAttributes": {}, "eventSource": "aws:sqs"})
}

fn paid(world: &World, invoice: &str, customer: &str) -> Value {
    let at = world.now.as_second();
    json!({"id": format!("evt_{invoice}"), "object": "event", "type": "invoice.paid", "created": at, "data": {"object": {
        "id": invoice, "object": "invoice", "customer": customer, "currency": "usd", "amount_paid": 9900, "total": 9900,
        "total_excluding_tax": 9900, "status_transitions": {"paid_at": at},
    }}})
}

async fn failed(app: &App, records: Vec<Value>) -> Vec<String> {
    let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).expect("an event");
    let answer =
        edge::lambda::sqs_batch(event, |message, delivery| async move { app.handle(message, &delivery).await }).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[tokio::test]
async fn of_a_batch_exactly_the_bad_records_are_reported_and_the_good_are_booked() {
    let (world, stub) = (World::new().await, stub().await);
    super::book(&world, world.seen("cus_1", Some(&world.token))).await;
    let app = app(&world, &stub);
    store_event(&world, &stub, "evt_1", &paid(&world, "in_1", "cus_1")).await;
    store_event(&world, &stub, "evt_2", &json!({"type": "invoice.paid", "created": 1, "data": {"object": {}}})).await;
    store_event(&world, &stub, "evt_3", &paid(&world, "in_3", "cus_1")).await;
    let records = vec![
        record(0, "{not json"),
        message(1, "evt_1"),
        message(2, "evt_2"),
        message(3, "evt_not_stored"),
        message(4, "evt_3"),
        message(5, "evt_1"),
    ];
    assert_eq!(failed(&app, records).await, ["m0", "m2", "m3"]);
    assert_eq!(world.total().await, "59.40");
    world.verified().await;
}

#[tokio::test]
async fn the_event_files_hold_what_the_queue_sends() {
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    for (file, expected) in [
        (include_str!("../../../../events/revenue-recorder/facts.json"), 1),
        (include_str!("../../../../events/revenue-recorder/poison-among-facts.json"), 2),
    ] {
        let event: Value = serde_json::from_str(file).expect("JSON");
        let records = event["Records"].as_array().cloned().unwrap_or_default();
        assert_eq!(failed(&app, records).await.len(), expected, "the event is not stored here");
    }
}

#[tokio::test]
async fn a_store_that_is_away_leaves_every_record_in_the_queue() {
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    store_event(&world, &stub, "evt_1", &paid(&world, "in_1", "cus_1")).await;
    world.database.fail_next(100, testkit::Fault::Refuse);
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, ["m1"]);
    world.database.heal();
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, Vec::<String>::new());
}
