use edge::config::Reader;
use edge::lambda::stream_batch;
use testkit::stub::{Service, Stub, stub};

use crate::App;
use crate::config::Config;

async fn relay() -> (App, Stub) {
    let stub = stub().await;
    let reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
        ("NOTICES_QUEUE_URL", "https://sqs/notices"),
        ("REPORTS_QUEUE_URL", "https://sqs/reports"),
        ("PAYOUTS_QUEUE_URL", "https://sqs/payouts"),
    ]);
    (App::connect(&Config::read(reader).expect("a configuration")), stub)
}

/// An event of a stream with the records of these files, in order.
fn event(cases: &[&str]) -> serde_json::Value {
    let records: Vec<serde_json::Value> = cases
        .iter()
        .map(|case| {
            let path = format!("{}/../../events/event-relay/{case}.json", env!("CARGO_MANIFEST_DIR"));
            let mut event: serde_json::Value =
                serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
            event["Records"][0].take()
        })
        .collect();
    serde_json::json!({ "Records": records })
}

/// The sequence numbers that the relay reports as failed.
async fn failures(app: &App, event: &serde_json::Value) -> Vec<String> {
    let event = serde_json::from_value(event.clone()).expect("an event of a stream");
    let answer = stream_batch(event, |record| app.handle(record)).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[tokio::test]
async fn each_message_goes_to_its_queue() {
    let (app, stub) = relay().await;
    assert!(
        failures(&app, &event(&["payout-requested", "payout-sent", "payout-paid", "receipt-made"])).await.is_empty()
    );
    let sent: Vec<String> = stub.messages().into_iter().map(|(queue, body)| format!("{queue} {body}")).collect();
    insta::assert_snapshot!(sent.join("\n"));
}

#[tokio::test]
async fn a_queue_that_is_away_holds_the_stream_at_the_record() {
    let (app, stub) = relay().await;
    let event = event(&["first-of-two-approvals", "payout-paid", "receipt-made"]);
    stub.refuse(Some(Service::Sqs));
    let held_at = event["Records"][1]["dynamodb"]["SequenceNumber"].as_str().expect("a number");
    assert_eq!(failures(&app, &event).await, [held_at]);
    stub.refuse(None);
    assert!(failures(&app, &event).await.is_empty());
    assert_eq!(stub.messages().len(), 2);
}

#[tokio::test]
async fn a_record_that_does_not_parse_is_reported_and_those_before_it_are_told() {
    let (app, stub) = relay().await;
    let mut event = event(&["payout-requested", "payout-paid"]);
    event["Records"][1]["dynamodb"]["NewImage"]["id"]["S"] = "pay_nonsense".into();
    let bad = event["Records"][1]["dynamodb"]["SequenceNumber"].as_str().expect("a number");
    assert_eq!(failures(&app, &event).await, [bad]);
    assert_eq!(stub.messages().len(), 1);
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let faults = Config::read(Reader::from_map([("STAGE", "test")])).err().expect("faults").to_string();
    for name in crate::config::VARIABLES.iter().map(|variable| variable.name) {
        assert!(faults.contains(name), "{name} is not in: {faults}");
    }
}
