//! One id from a request to the end of what it gave rise to: whoever has the correlation id of an answer finds by it what
//! was taken in, and what the recorder booked of it behind the queue.

use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tributary::demo::stripe::signature;

use crate::api::read;
use crate::operator::tributary;
use crate::world::{REST_MAX, World, purchase, text};

const POLL: Duration = Duration::from_millis(20);

/// Sends a request under an id, which is on its answer.
async fn send_as(id: &str, request: RequestBuilder, status: u16) {
    let answer = read(request.header("x-correlation-id", id)).await.expect("an answer");
    assert_eq!((answer.status, answer.header("x-correlation-id")), (status, id), "{}", answer.text);
}

/// What a function logged under an id with these words. A line comes to the log a moment behind the work.
async fn lines(world: &World, function: &str, id: &str, words: &str) -> Vec<Value> {
    let path = world.cloud.folder().join(format!("data/logs/{function}.log"));
    let began = Instant::now();
    loop {
        let log = std::fs::read_to_string(&path).expect("a log");
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of_the_id = lines.filter(|line| line["correlation_id"] == id && line["message"] == words);
        let found: Vec<Value> = of_the_id.collect();
        if !found.is_empty() {
            return found;
        }
        assert!(began.elapsed() < REST_MAX, "{function} says nothing of {id:?} as {words:?}:\n{log}");
        tokio::time::sleep(POLL).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_request_is_on_the_recorders_line_of_what_was_booked() {
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let token = world.click(&partner).await;
    world.cloud.advance("1h").await;
    let now = world.cloud.now().await;
    let client = world.cloud.client();
    let paid = purchase("casey", "99.00", &token, now).paid;
    let webhook = client
        .post(format!("{}/v1/webhooks/stripe", world.api.url))
        .header("content-type", "application/json")
        .header("stripe-signature", signature(&world.secret, &paid, now))
        .body(paid.clone());
    send_as("follow-the-webhook", webhook, 200).await;
    let key = tributary(&world.cloud, &["key", "create", "--role", "service", "--name", "shop"]).await;
    let sale = json!({"event_id": "sale-1", "amount": "49.00", "currency": "USD", "customer_id": "dana", "click_token": token});
    let tracked = client
        .post(format!("{}/v1/track/sale", world.api.url))
        .bearer_auth(&key)
        .header("content-type", "application/json")
        .body(sale.to_string());
    send_as("follow-the-sale", tracked, 202).await;
    world.rest().await;

    let mut events = Vec::new();
    for id in ["follow-the-webhook", "follow-the-sale"] {
        let taken_in = lines(&world, "webhook-ingest", id, "webhook taken in").await;
        let booked = lines(&world, "revenue-recorder", id, "fact booked").await;
        // What it says is of this request's event, and of no other's.
        let event = text(&taken_in[0]["event.id"]);
        let is_its_own = |line: &&Value| line["event.id"] == event.as_str();
        let strangers: Vec<&Value> = taken_in.iter().chain(&booked).filter(|line| !is_its_own(line)).collect();
        assert!(strangers.is_empty(), "{id}: {strangers:?}");
        events.push(event);
    }
    let sent: Value = serde_json::from_str(&paid).expect("JSON");
    assert_eq!(events[0], text(&sent["id"]));
    assert_ne!(events[0], events[1]);
}
