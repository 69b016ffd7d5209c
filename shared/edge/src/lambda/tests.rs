use std::sync::Mutex;

use serde_json::json;

use super::*;

#[derive(Deserialize)]
struct Message {
    n: u32,
}

fn batch(bodies: &[&str]) -> SqsEvent {
    let records: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(i, body)| {
            json!({
                "messageId": format!("m{i}"), "eventSource": "aws:sqs", "body": body,
                "attributes": {"ApproximateReceiveCount": "2"},
            })
        })
        .collect();
    serde_json::from_value(json!({ "Records": records })).expect("event")
}

fn failed(response: &SqsBatchResponse) -> Vec<&str> {
    response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
}

#[tokio::test]
async fn a_bad_record_never_fails_its_neighbours() {
    let seen = Mutex::new(Vec::new());
    let event = batch(&[r#"{"n":0}"#, "not json", r#"{"n":2}"#, r#"{"n":3}"#, r#"{"n":4}"#, r#"{"n":"five"}"#]);
    let response = sqs_batch(event, |message: Message, delivery: Delivery| {
        seen.lock().expect("seen").push((message.n, delivery.receive_count));
        async move {
            match message.n {
                2 => Err(Failure::retry("the store is away")),
                3 => panic!("a bug"),
                _ => Ok(()),
            }
        }
    })
    .await;
    assert_eq!(failed(&response), ["m1", "m2", "m3", "m5"]);
    assert_eq!(*seen.lock().expect("seen"), [(0, 2), (2, 2), (3, 2), (4, 2)]);
}

#[tokio::test]
async fn the_correlation_id_is_the_senders_or_the_messages() {
    let seen = Mutex::new(Vec::new());
    let event = batch(&[r#"{"n":0,"correlation_id":"c-7"}"#, r#"{"n":1}"#]);
    sqs_batch(event, |_: Message, delivery: Delivery| {
        seen.lock().expect("seen").push(delivery.correlation_id);
        async { Ok(()) }
    })
    .await;
    assert_eq!(*seen.lock().expect("seen"), ["c-7", "m1"]);
}

#[tokio::test]
async fn a_stream_stops_at_its_first_failure() {
    let record = |n: u32| {
        json!({
            "eventID": format!("e{n}"), "eventName": "INSERT", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1.0, "SequenceNumber": n.to_string(), "SizeBytes": 1,
                "Keys": {"pk": {"S": "a"}}, "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        })
    };
    let event = json!({ "Records": [record(1), record(2), record(3)] });
    let Ok(Trigger::Stream(event)) = Trigger::of(event) else { panic!("a stream") };
    let seen = Mutex::new(0);
    let response = stream_batch(event, |record| {
        *seen.lock().expect("seen") += 1;
        async move { if record.event_id == "e2" { Err(Failure::retry("away")) } else { Ok(()) } }
    })
    .await;
    assert_eq!((failed(&response), *seen.lock().expect("seen")), (vec!["2"], 2));
}

#[test]
fn triggers_are_told_apart_by_their_shape() {
    let queue = serde_json::to_value(batch(&["{}"])).expect("json");
    assert!(matches!(Trigger::of(queue), Ok(Trigger::Queue(_))));
    let Ok(Trigger::Schedule(scheduled)) = Trigger::of(json!({"scheduled_for": "2026-09-01T02:00:00Z"})) else {
        panic!("a schedule")
    };
    assert_eq!(scheduled.scheduled_for.to_string(), "2026-09-01T02:00:00Z");
    assert!(matches!(Trigger::of(json!({"mode": "dry_run"})), Ok(Trigger::Other(_))));
    assert!(Trigger::of(json!({"scheduled_for": "tomorrow"})).is_err());
}

async fn broken() -> Result<(), Error> {
    panic!("a bug of the loop")
}

#[tokio::test]
#[should_panic(expected = "a bug of the loop")]
async fn a_panic_of_the_loop_leaves_its_task() {
    let _ = in_a_task(broken()).await;
}

#[tokio::test]
async fn how_the_loop_ends_is_how_the_function_ends() {
    assert!(in_a_task(async { Ok(()) }).await.is_ok());
    let ended = in_a_task(async { Err("the runtime's API is away".into()) }).await;
    assert_eq!(ended.expect_err("an error").to_string(), "the runtime's API is away");
}

/// What a function of HTTP and a schedule answers to an event.
async fn answered(event: Value) -> Result<Value, Error> {
    let routes = Router::new().route("/v1/things", axum::routing::get(|| async { "things" }));
    let job = |scheduled: Scheduled| async move { Ok::<_, Error>(scheduled.scheduled_for.to_string()) };
    let payload = RawValue::from_string(event.to_string()).expect("JSON");
    http_or_schedule(routes, &job, LambdaEvent::new(payload, lambda_runtime::Context::default())).await
}

#[tokio::test]
async fn a_function_of_http_answers_its_schedule_beside_its_callers() {
    let at = "2026-09-01T02:00:00Z";
    assert_eq!(answered(serde_json::json!({"scheduled_for": at})).await.expect("done"), at);
    let request = |path: &str| {
        serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "scheduled_for=x", "headers": {},
            // Whatever a caller says stands in the body: it is no schedule.
            "body": "{\"scheduled_for\": \"2026-09-01T02:00:00Z\"}", "isBase64Encoded": false,
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d", "requestId": "r",
                "routeKey": "$default", "stage": "$default", "time": "t", "timeEpoch": 0,
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "u"},
            },
        })
    };
    for (path, status) in [("/v1/things", 200), ("/v1/nothing", 404)] {
        assert_eq!(answered(request(path)).await.expect("answered")["statusCode"], status, "{path}");
    }
    assert!(answered(serde_json::json!({"neither": "one"})).await.is_err());
}
