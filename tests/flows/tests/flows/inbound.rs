//! What comes in from outside: many webhooks with replays and forgeries, endpoints of tenants, the track API, the inbound
//! log, and what is pulled when a webhook was lost.

use std::collections::BTreeMap;

use domain::time::Timestamp;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use testkit::Cloud;
use tributary::demo::stripe::signature;

use crate::api::Asked;
use crate::operator::{assert_lawful, command, dead_letters, dump, tributary};
use crate::world::{World, purchase, text};

/// How many webhooks `make test` sends; `make webhooks` sends 10,000 of them.
const WEBHOOKS: usize = 120;
/// How many are under way at once.
const ABREAST: usize = 16;

/// What is sent: a body, and whether somebody forged it.
struct Sent {
    body: String,
    is_forged: bool,
}

/// A sequence that looks random and is the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).expect("small")
    }
}

/// So many webhooks in a random order: purchases of four events each, one in ten of all replayed, one in a hundred forged.
/// And what the partner has earned by them, in cents.
fn rush(count: usize, token: &str, at: Timestamp) -> (Vec<Sent>, i64) {
    let (mut dice, mut sent, mut earned) = (Dice(7), Vec::new(), 0_i64);
    let genuine = count - count / 10 - count / 100;
    for n in 0..genuine.div_ceil(4) {
        let cents = 100 + i64::try_from(dice.below(50_000)).expect("small");
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let bought = purchase(&format!("rush{n}"), &amount, token, at);
        let back = if n % 5 == 0 {
            1 + i64::try_from(dice.below(usize::try_from(cents).expect("small"))).expect("small")
        } else {
            0
        };
        let mut events = vec![bought.checkout, bought.paid, bought.payment];
        if back > 0 {
            events.push((bought.refund)(&format!("{}.{:02}", back / 100, back % 100)));
        }
        // 30 %, rounded half away from zero; of that what went back, rounded alike.
        let commission = (cents * 30 + 50) / 100;
        earned += commission - (2 * commission * back + cents) / (2 * cents);
        sent.extend(events.into_iter().map(|body| Sent { body, is_forged: false }));
    }
    for _ in 0..count / 10 {
        let body = sent[dice.below(sent.len())].body.clone();
        sent.push(Sent { body, is_forged: false });
    }
    for n in 0..(count / 100).max(1) {
        let body = purchase(&format!("forged{n}"), "9999.00", token, at).paid;
        sent.push(Sent { body, is_forged: true });
    }
    for place in (1..sent.len()).rev() {
        sent.swap(place, dice.below(place + 1));
    }
    (sent, earned)
}

async fn send(world: &World, sent: &Sent, at: Timestamp) {
    let secret = if sent.is_forged { "whsec_of_somebody_else" } else { &world.secret };
    let answer = world.api.stripe_signed(&signature(secret, &sent.body, at), &sent.body).await;
    assert_eq!(answer.status, if sent.is_forged { 401 } else { 200 }, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_webhooks_with_replays_and_forgeries_end_in_exactly_the_right_ledger() {
    let count = std::env::var("WEBHOOKS").ok().and_then(|text| text.parse().ok()).unwrap_or(WEBHOOKS);
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let token = world.click(&partner).await;
    // Stripe tells seconds: a purchase in the second of its click would seem to come before it.
    world.cloud.advance("1h").await;
    let (sent, earned) = rush(count, &token, world.cloud.now().await);
    for abreast in sent.chunks(ABREAST) {
        let at = world.cloud.now().await;
        futures::future::join_all(abreast.iter().map(|sent| send(&world, sent, at))).await;
    }
    world.cloud.wait_idle(std::time::Duration::from_secs(60 + count as u64 / 5)).await;
    let balance = world.balance(&partner).await;
    assert_eq!(text(&balance["pending"]), format!("{}.{:02}", earned / 100, earned % 100), "{balance}");
    let core = dump(&world.cloud, "CORE_TABLE").await;
    assert!(!core.keys().any(|key| key.contains("forged")), "nothing that was forged is anywhere");
    assert!(dead_letters(&world.cloud).await.is_empty());
    assert_lawful(&world.cloud).await;
}

/// The id and the secret that `endpoint create` has printed.
async fn endpoint(cloud: &Cloud, arguments: &[&str]) -> (String, String) {
    let mut all = vec!["endpoint", "create", "--name", "shop"];
    all.extend(arguments);
    let said = tributary(cloud, &all).await;
    let mut lines = said.lines();
    let id = lines.next().expect("an id").to_owned();
    let secret = said.lines().find_map(|line| line.strip_prefix("secret, shown once: ")).expect("a secret");
    (id, secret.to_owned())
}

fn lemon(case: &str, token: &str) -> String {
    let path = format!("{}/../../events/webhook-ingest/lemon-squeezy/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let body = std::fs::read_to_string(path).expect("an event file");
    body.replace("AVgBoGQ6zAABnwECAwQFBgcICQoLDA0ODxESExQVFhcYGRobHB0eHyAhIiMkJSYn", token)
}

async fn send_lemon(world: &World, id: &str, secret: &str, body: &str) -> u16 {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let request = world
        .cloud
        .client()
        .post(format!("{}/v1/webhooks/lemon-squeezy/{id}", world.api.url))
        .header("x-signature", hex::encode(hmac::sign(&key, body.as_bytes())))
        .body(body.to_owned());
    request.send().await.expect("an answer").status().as_u16()
}

/// Every instant of an event is today's.
fn today(body: &str, now: Timestamp) -> String {
    let day = now.to_string();
    let (day, _) = day.split_once('T').expect("an instant");
    body.replace("2026-09-03T08", &format!("{day}T00"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_lemon_squeezy_is_one_sale_through_an_endpoint_of_its_own() {
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let token = world.click(&partner).await;
    let (id, secret) = endpoint(&world.cloud, &["--provider", "lemon-squeezy", "--store", "1"]).await;
    // The click was just now: the purchase is told as of tomorrow, so that it comes after it.
    world.cloud.advance("24h").await;
    let now = world.cloud.now().await;
    for case in ["subscription_payment_success.initial", "order_created", "subscription_created"] {
        let body = today(&lemon(case, &token), now);
        assert_eq!(send_lemon(&world, &id, &secret, &body).await, 200, "{case}");
        assert_eq!(send_lemon(&world, &id, "another secret", &body).await, 401, "{case}");
    }
    world.rest().await;
    assert_eq!(text(&world.balance(&partner).await["pending"]), "29.70");
    let of_another = lemon("order_created", &token).replace("\"store_id\": 1", "\"store_id\": 2");
    assert_eq!(send_lemon(&world, &id, &secret, &of_another).await, 404);
    let log = world.api.get(&world.admin, "/v1/webhooks/deliveries?provider=lemon_squeezy").await.expect(200);
    let statuses: Vec<&Value> = log["data"].as_array().expect("a list").iter().map(|row| &row["status"]).collect();
    assert_eq!(statuses.len(), 3);
    // Which of the three the queue hands out first is open: one that came before its payment had to wait for it.
    assert!(statuses.iter().all(|status| [&json!("handed_on"), &json!("booked")].contains(status)), "{statuses:?}");
    let listed = tributary(&world.cloud, &["endpoint", "list"]).await;
    assert!(listed.contains(&id) && listed.contains("open") && !listed.contains(&secret), "{listed}");
    rotate(&world, &id, &secret).await;
    tributary(&world.cloud, &["endpoint", "disable", &id]).await;
    assert_lawful(&world.cloud).await;
}

/// OPS-3: another secret takes the place of an endpoint's, which the audit tells, and neither of the two.
async fn rotate(world: &World, id: &str, before: &str) {
    let said = tributary(&world.cloud, &["endpoint", "rotate", id]).await;
    let after = said.lines().find_map(|line| line.strip_prefix("secret, shown once: ")).expect("a secret");
    assert_ne!(after, before);
    let told = world.api.get(&world.admin, &format!("/v1/audit?entity_id={id}")).await.expect(200);
    let entries = told["data"].as_array().expect("a list");
    let actions: Vec<String> = entries.iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions, ["endpoint.rotated", "endpoint.created"]);
    let redacted = json!({"secret": "[redacted]"});
    assert_eq!((&entries[0]["old"], &entries[0]["new"]), (&redacted, &redacted));
    assert!(!told.to_string().contains(before) && !told.to_string().contains(after), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tenants_own_server_tells_is_booked_and_what_was_refused_is_sent_in_again() {
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let token = world.click(&partner).await;
    let key = tributary(&world.cloud, &["key", "create", "--role", "service", "--name", "shop"]).await;
    let sale = json!({"event_id": "sale-1", "amount": "99.00", "currency": "USD", "customer_id": "casey", "click_token": token});
    let refund = json!({"event_id": "refund-1", "payment_id": "sale-1", "amount": "49.50", "currency": "USD"});
    for (noun, body) in [("refund", &refund), ("sale", &sale), ("sale", &sale)] {
        let asked = Asked { key: &key, once: None, body: Some(body) };
        world.api.send(Method::POST, &format!("/v1/track/{noun}"), asked).await.expect(202);
        world.rest().await;
    }
    assert_eq!(text(&world.balance(&partner).await["pending"]), "14.85");
    // In another currency than its sale's: refused for good, and the log says why.
    let wrong = json!({"event_id": "refund-2", "payment_id": "sale-1", "amount": "1.00", "currency": "EUR"});
    let asked = Asked { key: &key, once: None, body: Some(&wrong) };
    world.api.send(Method::POST, "/v1/track/refund", asked).await.expect(202);
    world.rest().await;
    let log = world.api.get(&world.admin, "/v1/webhooks/deliveries?status=refused").await.expect(200);
    let rows = log["data"].as_array().expect("a list");
    assert_eq!(rows.len(), 1, "{log}");
    assert!(text(&rows[0]["reason"]).contains("another currency than its payment"), "{log}");
    let id = text(&rows[0]["id"]);
    let path = format!("/v1/webhooks/deliveries/{id}/replay");
    world.api.post(&world.admin, &path, "again", &Value::Null).await.expect(202);
    world.rest().await;
    assert_lawful(&world.cloud).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_webhook_would_have_told_is_pulled_and_sent_in() {
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let token = world.click(&partner).await;
    world.cloud.advance("1h").await;
    let bought = purchase("casey", "99.00", &token, world.cloud.now().await);
    // Only the check-out came; what was paid was lost on the way.
    world.deliver(&bought.checkout).await.expect(200);
    world.rest().await;
    let back = (bought.refund)("49.50");
    let events: Vec<Value> = [&back, &bought.payment, &bought.paid, &bought.checkout]
        .into_iter()
        .map(|body| serde_json::from_str(body).expect("JSON"))
        .collect();
    let api =
        stand_in(BTreeMap::from([("/v1/events", json!({"object": "list", "data": events, "has_more": false}))])).await;
    let said = backfill(&world, &api, &["--provider", "stripe", "--dry-run"]).await;
    assert!(said.starts_with("4 looked at, nothing sent in; payments: 0 match, 1 do not; "), "{said}");
    assert!(said.contains("events of money that went back and is not booked: 1\n"), "{said}");
    assert!(said.contains("stripe:in_casey  missing_in_ledger: there USD 99.00, here nothing"), "{said}");
    let said = backfill(&world, &api, &["--provider", "stripe"]).await;
    assert!(said.starts_with("4 looked at, 3 sent in, 0 refused"), "{said}");
    world.rest().await;
    assert_eq!(text(&world.balance(&partner).await["pending"]), "14.85");
    let said = backfill(&world, &api, &["--provider", "stripe"]).await;
    assert!(said.starts_with("4 looked at, 0 sent in, 0 refused; payments: 1 match, 0 do not"), "{said}");
    assert!(!said.contains("went back"), "{said}");
    assert_lawful(&world.cloud).await;
}

/// A provider's API that knows a few lists, and everything else is empty.
async fn stand_in(lists: BTreeMap<&'static str, Value>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = move |uri: axum::http::Uri| {
        let mut list = lists.get(uri.path()).cloned();
        // Lemon Squeezy's: only what is of that store.
        let asked = uri.query().unwrap_or_default().split('&').find_map(|part| part.strip_prefix("filter[store_id]="));
        if let (Some(store), Some(data)) = (asked, list.as_mut().and_then(|list| list["data"].as_array_mut())) {
            let store: u64 = store.parse().expect("a store's number");
            data.retain(|object| object["attributes"]["store_id"] == store);
        }
        async move { axum::Json(list.unwrap_or_else(|| json!({"data": []}))) }
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    url
}

async fn backfill(world: &World, api: &str, arguments: &[&str]) -> String {
    let since = Timestamp::from_second(world.cloud.now().await.as_second() - 86_400).expect("instant").to_string();
    let mut all = command(&world.cloud, "tributary").await;
    all.args(["backfill", "--since", &since, "--url", &world.api.url]).args(arguments);
    all.env("STRIPE_API_URL", api).env("STRIPE_API_KEY", "sk_test_1");
    all.env("LEMON_SQUEEZY_API_URL", api).env("LEMON_SQUEEZY_API_KEY", "key");
    let done = tokio::task::spawn_blocking(move || all.output().expect("tributary runs")).await.expect("runs");
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lemon_squeezy_dropped_is_pulled_from_its_lists() {
    let world = World::new().await;
    let partner = world.partner("ada").await;
    let token = world.click(&partner).await;
    world.cloud.advance("24h").await;
    let now = world.cloud.now().await;
    let data = |case: &str| {
        let event: Value = serde_json::from_str(&today(&lemon(case, &token), now)).expect("JSON");
        event["data"].clone()
    };
    // Of everything nothing came yet; the webhook of the order, with the click token, comes when the lists were pulled.
    let store = data("order_created")["attributes"]["store_id"].to_string();
    let (id, secret) = endpoint(&world.cloud, &["--provider", "lemon-squeezy", "--store", &store]).await;
    let order = today(&lemon("order_created", &token), now);
    let mut anothers = data("order_created");
    anothers["id"] = json!("7777");
    anothers["attributes"]["store_id"] = json!(77);
    let mut renewal = data("subscription_payment_success.initial");
    renewal["id"] = json!("9002");
    renewal["attributes"]["billing_reason"] = json!("renewal");
    let api = stand_in(BTreeMap::from([
        ("/v1/subscriptions", json!({"data": [data("subscription_created")]})),
        ("/v1/orders", json!({"data": [data("order_created"), anothers]})),
        ("/v1/subscription-invoices", json!({"data": [renewal, data("subscription_payment_success.initial")]})),
    ]))
    .await;
    let arguments = ["--provider", "lemon-squeezy", "--endpoint", &id];
    let said = backfill(&world, &api, &arguments).await;
    assert!(said.starts_with("4 looked at, 4 sent in, 0 refused; payments: 0 match, 3 do not"), "{said}");
    world.rest().await;
    assert_eq!(world.balance(&partner).await, Value::Null, "no list tells of a click, so there is no account yet");
    assert_eq!(send_lemon(&world, &id, &secret, &order).await, 200);
    world.rest().await;
    assert_eq!(text(&world.balance(&partner).await["pending"]), "59.40");
    let said = backfill(&world, &api, &arguments).await;
    assert!(said.contains("payments: 3 match, 0 do not"), "{said}");
    assert_lawful(&world.cloud).await;
}
