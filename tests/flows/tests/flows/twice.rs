//! A whole life, and then every message and every request of it once more: nothing changes.

use std::collections::BTreeMap;

use domain::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::Asked;
use crate::operator::{assert_lawful, batch, dead_letters, dump};
use crate::world::{Partner, World, purchase, text};

/// A life that can be told again word by word.
struct Life {
    partner: Partner,
    events: Vec<String>,
    nights: Vec<Timestamp>,
    /// Requests as they were sent: method, key, path, Idempotency-Key, body; and what was answered.
    requests: Vec<(Method, String, String, String, Value, Value)>,
}

async fn ask(world: &World, life: &mut Life, request: (Method, &str, &str, &str), body: Value) -> Value {
    let (method, key, path, once) = request;
    let asked = Asked { key, once: Some(once), body: Some(&body) };
    let answer = world.api.send(method.clone(), path, asked).await;
    assert!((200..300).contains(&answer.status), "{path}: {}", answer.text);
    life.requests.push((method, key.to_owned(), path.to_owned(), once.to_owned(), body, answer.body.clone()));
    answer.body
}

async fn live(world: &World) -> Life {
    let World { cloud, admin, finance, .. } = world;
    // From noon, twelve hours after the payout are another day, and its answers are still kept.
    let noon_s = (cloud.now().await.as_second() / 86_400 + 1) * 86_400 + 43_200;
    cloud.set_clock(Timestamp::from_second(noon_s).expect("an instant")).await;
    let partner = world.partner("ada").await;
    let token = world.click(&partner).await;
    cloud.advance("1h").await;
    let bought = purchase("casey", "99.00", &token, cloud.now().await);
    let events = vec![bought.paid, bought.checkout, bought.payment, (bought.refund)("33.00")];
    for event in &events {
        world.deliver(event).await.expect(200);
    }
    world.rest().await;
    let night = pass_night(world, "744h").await;
    let mut life = Life { partner, events, nights: vec![night], requests: Vec::new() };
    let key = life.partner.key.clone();
    let path = "/v1/revenue/payouts/request";
    let asked = ask(world, &mut life, (Method::POST, &key, path, "ask"), json!({"currency": "USD"})).await;
    assert_eq!(asked["total_amount"], "19.80", "30 % of 99.00 less a third");
    let path = |step: &str| format!("/v1/revenue/payouts/{}/{step}", text(&asked["id"]));
    let seal = json!({"seal": asked["seal"]});
    ask(world, &mut life, (Method::PUT, admin, &path("approve"), "yes"), seal).await;
    let sent = json!({"sent_at": night.to_string(), "payment_reference": "SEPA-1"});
    ask(world, &mut life, (Method::POST, finance, &path("mark-sent"), "sent"), sent).await;
    let arrived = json!({"completed_at": night.to_string(), "payment_reference": "BANK-1"});
    ask(world, &mut life, (Method::POST, finance, &path("confirm"), "arrived"), arrived).await;
    world.rest().await;
    // A night after it lets the account rest: a visit looks at the account as it is, not as it was.
    life.nights.push(pass_night(world, "12h").await);
    life
}

/// Some time passes, and a night is worked through.
async fn pass_night(world: &World, by: &str) -> Timestamp {
    world.cloud.advance(by).await;
    let night = world.cloud.now().await;
    world.cloud.tick_for("commission-batch", night).await;
    world.rest().await;
    night
}

/// Every payout and report as the stream shows an item that is new: the relay sends each notice and report again.
fn stream_of(core: &BTreeMap<String, Value>) -> Value {
    let told = |item: &&Value| ["payout", "report"].iter().any(|entity| item["entity"]["S"] == *entity);
    let record = |item: &Value| {
        json!({
            "eventID": "again", "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1", "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/core/stream/1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_789_464_601, "Keys": {"pk": item["pk"], "sk": item["sk"]},
                "NewImage": item, "SequenceNumber": "1", "SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        })
    };
    json!({"Records": core.values().filter(told).map(record).collect::<Vec<_>>()})
}

/// The visit of a night and the facts of the stored events, once more.
async fn repeat_messages(world: &World, life: &Life, core: &BTreeMap<String, Value>) {
    let tenant = domain::id::TenantId::default_tenant();
    let ops = dump(&world.cloud, "OPS_TABLE").await;
    let mut facts = Vec::new();
    for key in ops.keys().filter(|key| key.contains("#raw#stripe#")) {
        let (pk, id) = key.split_once(" / ").expect("a key");
        let day = pk.rsplit('#').next().expect("a day");
        facts.push(json!({"v": 1, "tenant": tenant.as_str(), "provider": "stripe", "day": day, "event_id": id, "correlation_id": "again"}));
    }
    assert_eq!(facts.len(), life.events.len(), "each event is stored once: {:?}", ops.keys());
    let run = core.values().rfind(|item| item["entity"]["S"] == "run").expect("a night's record");
    let visit = json!({
        "v": 1, "tenant": tenant.as_str(), "partner": life.partner.id, "currency": "USD",
        "business_date": run["business_date"]["S"].as_str().or(run["sk"]["S"].as_str()), "run": run["id"]["S"],
    });
    for (function, event) in
        [("revenue-recorder", batch(&facts)), ("commission-batch", batch(&[visit])), ("event-relay", stream_of(core))]
    {
        let answer = world.cloud.invoke(function, &event).await;
        assert_eq!(answer["batchItemFailures"], json!([]), "{function}: {answer}");
        world.rest().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_and_every_request_done_twice_changes_nothing() {
    let world = World::new().await;
    let life = live(&world).await;
    let core = dump(&world.cloud, "CORE_TABLE").await;
    let (files, mail) = (world.cloud.files().await, world.cloud.mail().await.len());

    for event in &life.events {
        world.deliver(event).await.expect(200);
        world.rest().await;
    }
    for night in &life.nights {
        world.cloud.tick_for("commission-batch", *night).await;
        world.rest().await;
    }
    for (method, key, path, once, body, answered) in &life.requests {
        let asked = Asked { key, once: Some(once), body: Some(body) };
        let again = world.api.send(method.clone(), path, asked).await;
        assert_eq!(again.header("idempotent-replayed"), "true", "{path}");
        assert_eq!(&again.body, answered, "{path}");
    }
    repeat_messages(&world, &life, &core).await;

    let after = dump(&world.cloud, "CORE_TABLE").await;
    let changed = after.iter().filter(|(key, item)| core.get(*key) != Some(*item));
    let changed: Vec<_> = changed.map(|(key, item)| format!("{key}: {:?} became {item}", core.get(key))).collect();
    assert!(changed.is_empty() && after.len() == core.len(), "{changed:#?}");
    assert_eq!((world.cloud.files().await, world.cloud.mail().await.len()), (files, mail), "nothing is sent twice");
    assert!(dead_letters(&world.cloud).await.is_empty());
    assert_lawful(&world.cloud).await;
}
