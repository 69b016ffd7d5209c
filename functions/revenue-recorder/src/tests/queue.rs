//! A batch of the queue: good events are booked, each bad one is reported alone.

use aws_lambda_events::sqs::SqsEvent;
use cases::raw_event::{SEALED_FIELD, SEALED_SUBJECT, pack};
use domain::digest::Digest;
use domain::promotion::{Discount, Lasting, Off, Promotion, PromotionState};
use domain::rate::Rate;
use domain::time::BusinessDay;
use domain::touch::ClickKeys;
use edge::aws::{Aws, Service};
use edge::click_keys::Keys;
use edge::clock::Clock;
use edge::config::Reader;
use edge::sealing::{Belongs, Sealer};
use edge::secrets::NamedSecrets;
use serde_json::{Value, json};
use store::coupons::{Coupon, CouponCode};
use store::parked::WaitingFor;
use store::raw_events::{RawEvent, RawEventPlace, TroubleKind};
use testkit::stub::{Stub, stub};
use world::World;

use super::super::{App, TestEvents};

fn sealer(stub: &Stub) -> Sealer {
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
    ]);
    Sealer::connect(&Aws::from(&mut reader).service(Service::Kms), "key")
}

/// A recorder as it is shipped: of test mode it books nothing.
pub(super) fn app(world: &World, stub: &Stub) -> App {
    let keys = ClickKeys::new("a secret of at least some length", "");
    App::new(world.store.clone(), sealer(stub), keys, Clock::fixed(world.now), TestEvents::KeptOnly)
}

/// Stores an event of Stripe's as webhook-ingest does.
async fn store_event(world: &World, stub: &Stub, id: &str, body: &Value) {
    store_event_of(world, stub, ("stripe", id), body).await;
}

pub(super) async fn store_event_of(world: &World, stub: &Stub, (provider, id): (&str, &str), body: &Value) {
    let tenant = world.tenant.tenant().as_str();
    let belongs = Belongs { tenant, subject: SEALED_SUBJECT, field: SEALED_FIELD };
    let packed = pack(body.to_string().as_bytes()).expect("packed");
    let sealed = sealer(stub).seal(&belongs, &packed).await.expect("sealed").to_bytes();
    let day = BusinessDay::parse("2026-11-21").expect("day");
    let place = RawEventPlace { provider: provider.to_owned(), day, event_id: id.to_owned() };
    let (received_at, expires_at) = (world.now, world.now);
    let event =
        RawEvent { kind: "x".to_owned(), hash: Digest::of_bytes(id.as_bytes()), sealed, received_at, expires_at };
    world.store.record_raw_event(&world.tenant, &place, &event).await.expect("stored");
}

fn message(n: usize, event_id: &str) -> Value {
    message_of(n, "stripe", event_id)
}

pub(super) fn message_of(n: usize, provider: &str, event_id: &str) -> Value {
    let body = json!({
        "v": 1, "tenant": "ten_00000000000000000000000000", "provider": provider, "day": "20261121",
        "event_id": event_id, "correlation_id": "c",
    });
    record(n, &body.to_string())
}

fn record(n: usize, body: &str) -> Value {
    json!({"messageId": format!("m{n}"), "body": body, "attributes": {}, "messageAttributes": {}, "eventSource": "aws:sqs"})
}

/// A message that was handed out before.
fn again(mut record: Value) -> Value {
    record["attributes"] = json!({"ApproximateReceiveCount": "2"});
    record
}

pub(super) fn paid(world: &World, invoice: &str, customer: &str) -> Value {
    let at = world.now.as_second();
    json!({"id": format!("evt_{invoice}"), "object": "event", "type": "invoice.paid", "created": at, "data": {"object": {
        "id": invoice, "object": "invoice", "customer": customer, "currency": "usd", "amount_paid": 9900, "total": 9900,
        "total_excluding_tax": 9900, "status_transitions": {"paid_at": at},
    }}})
}

pub(super) async fn failed(app: &App, records: Vec<Value>) -> Vec<String> {
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
async fn a_promotion_code_that_is_told_by_its_id_alone_is_the_coupon_that_it_was_made_for() {
    // ATT-6: Stripe's events tell the id, and not the code, of what the customer typed.
    let (world, stub) = (World::new().await, stub().await);
    let off = Off::Share(Rate::parse("0.2").expect("a rate"));
    let promotion = Promotion::new("trb_1".to_owned(), Discount { off, lasting: Lasting::Once }, world.now);
    let coupon = Coupon {
        code: CouponCode::parse("ADA20").expect("a code"),
        partner: world.partner.clone(),
        program: world::program(),
        valid_from: world.now,
        valid_until: None,
        promotion: Some(promotion.clone()),
    };
    world.store.create_coupon(&world.tenant, &coupon).await.expect("made");
    let active = promotion.in_state(PromotionState::Active("promo_1Qx".to_owned())).expect("a change");
    world.store.replace_promotion(&world.tenant, &coupon, (&promotion, &active)).await.expect("active");
    let app = app(&world, &stub);
    for (invoice, id) in [("in_1", "promo_1Qx"), ("in_2", "promo_1QX"), ("in_3", "promo_other")] {
        let mut event = paid(&world, invoice, &format!("cus_{invoice}"));
        event["data"]["object"]["discounts"] = json!([{"object": "discount", "promotion_code": id}]);
        store_event(&world, &stub, &format!("evt_{invoice}"), &event).await;
        assert!(failed(&app, vec![message(1, &format!("evt_{invoice}"))]).await.is_empty());
    }
    assert_eq!(world.total().await, "29.70", "one of the three is this coupon's");
    let sale = world.kept_sale("in_1").await;
    assert_eq!(sale.traits.coupon.as_deref(), Some("ADA20"));
    world.verified().await;
}

#[tokio::test]
async fn the_event_files_hold_what_the_queue_sends() {
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    for (file, expected) in [
        (include_str!("../../../../events/revenue-recorder/facts.json"), 1),
        (include_str!("../../../../events/revenue-recorder/tracked-fact.json"), 1),
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

#[tokio::test]
async fn facts_told_in_our_own_words_go_the_same_way() {
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    let at = world.now;
    let facts = [
        json!({"type": "customer_seen", "event": "stripe:e_1", "customer": "stripe:cus_1", "click_token": world.token,
               "occurred_at": at}),
        json!({"type": "sale_paid", "payment": "stripe:in_1", "customer": "stripe:cus_1", "paid": "99.00 USD", "occurred_at": at}),
        json!({"type": "refund", "refund": "stripe:re_1", "payment": "stripe:in_1", "amount": "49.50 USD", "occurred_at": at}),
        json!({"type": "moon_risen"}),
    ];
    let mut records = Vec::new();
    for (n, fact) in facts.iter().enumerate() {
        store_event_of(&world, &stub, ("track", &format!("evt_{n}")), fact).await;
        records.push(message_of(n, "track", &format!("evt_{n}")));
    }
    store_event_of(&world, &stub, ("elsewhere", "evt_x"), &facts[1]).await;
    records.push(message_of(9, "elsewhere", "evt_x"));
    assert_eq!(failed(&app, records).await, ["m3", "m9"]);
    assert_eq!(world.total().await, "14.85");
    world.verified().await;
}

#[tokio::test]
async fn an_unknown_currency_or_an_amount_below_zero_waits_for_a_person_and_its_neighbours_are_booked() {
    let (world, stub) = (World::new().await, stub().await);
    super::book(&world, world.seen("cus_1", Some(&world.token))).await;
    let app = app(&world, &stub);
    let mut strange = paid(&world, "in_1", "cus_1");
    strange["data"]["object"]["currency"] = json!("xyz");
    let mut below = paid(&world, "in_2", "cus_1");
    below["data"]["object"]["amount_paid"] = json!(-1);
    let told = json!({"type": "sale_paid", "payment": "shop:1", "paid": "-1.00 USD", "occurred_at": world.now});
    store_event(&world, &stub, "evt_1", &strange).await;
    store_event(&world, &stub, "evt_2", &below).await;
    store_event(&world, &stub, "evt_3", &paid(&world, "in_3", "cus_1")).await;
    store_event_of(&world, &stub, ("track", "evt_4"), &told).await;
    for _ in 0..2 {
        let records =
            vec![message(1, "evt_1"), message(2, "evt_2"), message(3, "evt_3"), message_of(4, "track", "evt_4")];
        // The dead letters raise the alarm.
        assert_eq!(failed(&app, records).await, ["m1", "m2", "m4"]);
    }
    assert_eq!(world.total().await, "29.70");
    let waiting = world.store.list_waiting(&world.tenant, None, 10).await.expect("store").items;
    let told: Vec<(String, String)> = waiting
        .iter()
        .map(|waiting| match &waiting.what {
            WaitingFor::Person { event_id, reason, .. } => (event_id.clone(), reason.clone()),
            WaitingFor::Payment(payment) => panic!("{payment} is parked"),
        })
        .collect();
    let expected = [
        ("evt_1", "/data/object/currency: unknown currency"),
        ("evt_2", "/data/object/amount_paid: not an amount of the currency"),
        ("evt_4", "/paid: not an amount of the currency"),
    ];
    assert_eq!(told, expected.map(|(id, why)| (id.to_owned(), why.to_owned())));
    world.verified().await;
}

#[tokio::test]
async fn a_refund_or_a_dispute_whose_amount_would_be_guessed_waits_for_a_person_as_well() {
    // ING-8
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    let at = world.now.as_second();
    let event =
        |kind: &str, object: Value| json!({"id": "evt", "type": kind, "created": at, "data": {"object": object}});
    let refund = |amount: i64, currency: &str| {
        let status = "succeeded";
        json!({"id": "re_1", "amount": amount, "currency": currency, "payment_intent": "pi_1", "status": status})
    };
    let dispute = |amount: i64, currency: &str| {
        let status = "lost";
        json!({"id": "dp_1", "amount": amount, "currency": currency, "payment_intent": "pi_1", "status": status})
    };
    let rows = [
        (event("refund.created", refund(-1, "usd")), "/data/object/amount: not an amount of the currency"),
        (event("refund.created", refund(1, "xyz")), "/data/object/currency: unknown currency"),
        // Thousandths come in tens: this is finer than what Stripe can mean.
        (event("refund.created", refund(5_124, "kwd")), "/data/object/amount: not an amount of the currency"),
        (event("charge.dispute.closed", dispute(-1, "usd")), "/data/object/amount: not an amount of the currency"),
        (event("charge.dispute.closed", dispute(1, "xyz")), "/data/object/currency: unknown currency"),
    ];
    for (n, (event, why)) in rows.iter().enumerate() {
        let id = format!("evt_{n}");
        store_event(&world, &stub, &id, event).await;
        assert_eq!(failed(&app, vec![message(n, &id)]).await, [format!("m{n}")]);
        let waiting = world.store.list_waiting(&world.tenant, None, 10).await.expect("store").items;
        let told = waiting.iter().any(
            |one| matches!(&one.what, WaitingFor::Person { event_id, reason, .. } if *event_id == id && reason == why),
        );
        assert!(told, "{why} in {waiting:?}");
    }
}

#[tokio::test]
async fn what_a_person_mended_and_moved_back_is_booked_and_waits_no_more() {
    // ING-8: here the list says so of events that can be read, as if what reads them had been mended since.
    let (mut world, stub) = (World::new().await, stub().await);
    super::book(&world, world.seen("cus_1", Some(&world.token))).await;
    for (n, invoice) in ["in_1", "in_2", "in_3"].iter().enumerate() {
        let id = format!("evt_{n}");
        store_event(&world, &stub, &id, &paid(&world, invoice, "cus_1")).await;
        let place = RawEventPlace::parse("stripe", "20261121", &id).expect("a place");
        world.store.park_event(&world.tenant, &place, ("/currency", "c"), world.now).await.expect("store");
    }
    let waiting = |world: &World| {
        let (store, tenant) = (world.store.clone(), world.tenant.clone());
        async move { store.list_waiting(&tenant, None, 10).await.expect("store").items.len() }
    };
    // By the queue's own next try.
    assert_eq!(failed(&app(&world, &stub), vec![again(message(0, "evt_0"))]).await, Vec::<String>::new());
    assert_eq!(waiting(&world).await, 2);
    // From the dead letters: a new message, a day later.
    world.pass_days(1);
    let app = app(&world, &stub);
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, Vec::<String>::new());
    assert_eq!(waiting(&world).await, 1);
    // A second message of it finds nothing to take off, and that is no failure.
    assert_eq!(failed(&app, vec![message(1, "evt_1"), message(2, "evt_2")]).await, Vec::<String>::new());
    assert_eq!((waiting(&world).await, world.total().await), (0, "89.10".to_owned()));
    world.verified().await;
}

#[tokio::test]
async fn another_body_under_a_known_id_changes_no_sale_and_its_names_are_taken_over() {
    // ING-2, ING-4: both bodies are stored and handed on; the payment's own key makes them one sale.
    let (world, stub) = (World::new().await, stub().await);
    super::book(&world, world.seen("cus_1", Some(&world.token))).await;
    let app = app(&world, &stub);
    let first = paid(&world, "in_1", "cus_1");
    let mut second = first.clone();
    second["data"]["object"]["amount_paid"] = json!(100);
    second["data"]["object"]["payment_intent"] = json!("pi_1");
    store_event(&world, &stub, "evt_1", &first).await;
    store_event(&world, &stub, "evt_1#0badf00d", &second).await;
    super::book(&world, world.refund("re_1", "pi_1", "49.50")).await;
    let records = vec![message(0, "evt_1"), message(1, "evt_1#0badf00d"), message(2, "evt_1")];
    assert_eq!(failed(&app, records).await, Vec::<String>::new());
    assert_eq!(world.kept_sale("in_1").await.paid.to_text(), "99.00");
    assert_eq!(world.lines().await, ["29.70 261221.00 earned", "-14.85 261221.00 reversal"]);
    world.verified().await;
}

#[tokio::test]
async fn a_fact_of_more_lines_than_a_transaction_takes_goes_to_the_dead_letters_and_its_neighbours_are_booked() {
    let (world, stub) = (World::new().await, stub().await);
    super::book(&world, world.seen("cus_1", Some(&world.token))).await;
    let app = app(&world, &stub);
    let sale = |count: usize| {
        let item = |n: usize| json!({"product": format!("prod_{n}"), "amount": "1.00 USD"});
        json!({"type": "sale_paid", "payment": format!("shop:{count}"), "customer": "stripe:cus_1", "occurred_at": world.now,
               "paid": format!("{count}.00 USD"), "items": (0..count).map(item).collect::<Vec<_>>()})
    };
    for (n, count) in [80, 81, 1].into_iter().enumerate() {
        store_event_of(&world, &stub, ("track", &format!("evt_{n}")), &sale(count)).await;
    }
    let records = (0..3).map(|n| message_of(n, "track", &format!("evt_{n}"))).collect();
    assert_eq!(failed(&app, records).await, ["m1"]);
    assert_eq!(world.total().await, "24.30");
    assert_eq!(world.lines().await.len(), 81);
    world.verified().await;
}

#[tokio::test]
async fn an_event_of_one_tenant_is_not_found_by_a_message_of_another() {
    let (mut world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    store_event(&world, &stub, "evt_1", &paid(&world, "in_1", "cus_1")).await;
    world.move_to(2).await;
    let other = json!({
        "v": 1, "tenant": world.tenant.tenant().as_str(), "provider": "stripe", "day": "20261121", "event_id": "evt_1",
        "correlation_id": "c",
    });
    assert_eq!(failed(&app, vec![record(0, &other.to_string()), message(1, "evt_1")]).await, ["m0"]);
    let sale = domain::id::SaleId::of(&world::key("in_1"));
    assert!(world.store.get_sale(&world.tenant, &sale).await.expect("store").is_none());
}

#[tokio::test]
async fn a_refused_event_says_why_in_the_log_until_it_is_booked() {
    // ING-15
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    let event = paid(&world, "in_1", "cus_1");
    let mut wrong = event.clone();
    wrong["data"]["object"]["currency"] = json!("zzz");
    store_event(&world, &stub, "evt_1", &wrong).await;
    let day = BusinessDay::parse("2026-11-21").expect("day");
    let place = RawEventPlace { provider: "stripe".to_owned(), day, event_id: "evt_1".to_owned() };
    let trouble = || async {
        let found = world.store.get_delivered(&world.tenant, &place).await.expect("store").expect("stored");
        found.trouble.map(|trouble| trouble.reason)
    };
    assert_eq!(trouble().await, None);
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, ["m1"]);
    let reason = trouble().await.expect("a reason");
    assert!(reason.contains("/data/object/currency: unknown currency"), "{reason}");
    // Away is no reason: it passes by itself.
    world.database.fail_next(100, testkit::Fault::Refuse);
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, ["m1"]);
    world.database.heal();
    assert_eq!(trouble().await, Some(reason));
    // What reads it was mended: here its body is.
    replace_event(&world, &stub, &place, &event).await;
    assert_eq!(failed(&app, vec![again(message(1, "evt_1"))]).await, Vec::<String>::new());
    assert_eq!(trouble().await, None);
}

/// The stored body of an event becomes another one, as if the code that reads it had been mended.
async fn replace_event(world: &World, stub: &Stub, place: &RawEventPlace, body: &Value) {
    use aws_sdk_dynamodb::types::AttributeValue;
    let tenant = world.tenant.tenant().as_str();
    let belongs = Belongs { tenant, subject: SEALED_SUBJECT, field: SEALED_FIELD };
    let packed = pack(body.to_string().as_bytes()).expect("packed");
    let sealed = sealer(stub).seal(&belongs, &packed).await.expect("sealed").to_bytes();
    let pk = format!("{tenant}#raw#{}#{}", place.provider, place.day_text());
    let request = world.database.client.update_item().table_name(&world.database.ops);
    let request = request.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(place.event_id.clone()));
    let request = request.update_expression("SET sealed = :sealed");
    let sealed = AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(sealed));
    request.expression_attribute_values(":sealed", sealed).send().await.expect("replaced");
}

#[tokio::test]
async fn a_token_under_a_key_that_is_not_known_waits_once_for_the_key_and_is_then_believed_to_be_none() {
    // TRK-2: the key was replaced, and this process has asked for the keys a moment ago.
    let (world, stub) = (World::new().await, stub().await);
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
    ]);
    let secrets = NamedSecrets::connect(&Aws::from(&mut reader).service(Service::SecretsManager));
    let keep = |secret: &str| stub.put_secret("stage", &json!({"click_token_key": secret}).to_string());
    keep("another secret of at least some length");
    let app = App {
        store: world.store.clone(),
        sealer: sealer(&stub),
        keys: Keys::read(secrets, "stage".to_owned(), world.now).await.expect("keys"),
        clock: Clock::fixed(world.now),
        test_events: TestEvents::KeptOnly,
    };
    let mut checkout = paid(&world, "in_1", "cus_1");
    checkout["type"] = json!("checkout.session.completed");
    checkout["data"]["object"] = json!({
        "id": "cs_1", "object": "checkout.session", "mode": "subscription", "payment_status": "paid", "customer": "cus_1",
        "client_reference_id": world.token, "created": world.now.as_second(), "currency": "usd", "amount_total": 9900,
    });
    store_event(&world, &stub, "evt_1", &checkout).await;
    assert_eq!(failed(&app, vec![message(0, "evt_1")]).await, ["m0"], "it waits");
    keep("a secret of at least some length");
    let later = App { clock: Clock::fixed(world.now + jiff::SignedDuration::from_secs(180)), ..app };
    assert_eq!(failed(&later, vec![again(message(0, "evt_1"))]).await, Vec::<String>::new());
    super::book(&world, world.sale("in_2", "cus_1", "99.00")).await;
    assert_eq!(world.total().await, "29.70");
}

#[tokio::test]
async fn the_log_says_what_waits_and_for_what_and_nothing_of_what_is_booked() {
    // ING-15
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    let at = world.now.as_second();
    let refund = json!({"id": "evt_2", "object": "event", "type": "refund.created", "created": at, "data": {"object": {
        "id": "re_1", "object": "refund", "amount": 100, "currency": "usd", "charge": "ch_1", "payment_intent": "pi_1",
        "status": "succeeded", "created": at,
    }}});
    store_event(&world, &stub, "evt_1", &paid(&world, "in_1", "cus_1")).await;
    store_event(&world, &stub, "evt_2", &refund).await;
    let marked = async |id: &str| {
        let place = RawEventPlace::parse("stripe", "20261121", id).expect("a place");
        let found = world.store.get_delivered(&world.tenant, &place).await.expect("store").expect("stored");
        found.trouble.map(|trouble| trouble.kind)
    };
    // The event is read, and then the store is away for as often as the client tries.
    world.database.fail_after(1, 3, testkit::Fault::Refuse);
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, ["m1"]);
    assert_eq!(marked("evt_1").await, Some(TroubleKind::Waiting));
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, Vec::<String>::new());
    assert_eq!(marked("evt_1").await, None);
    // A try that died in the middle left no mark: the next one leaves it, and takes it off.
    world.database.fail_after(2, 3, testkit::Fault::Refuse);
    assert_eq!(failed(&app, vec![again(message(1, "evt_1"))]).await, ["m1"]);
    assert_eq!(marked("evt_1").await, Some(TroubleKind::Waiting));
    assert_eq!(failed(&app, vec![again(message(1, "evt_1"))]).await, Vec::<String>::new());
    assert_eq!(marked("evt_1").await, None);
    assert_eq!(failed(&app, vec![message(2, "evt_2")]).await, Vec::<String>::new());
    let payment = domain::fact::PaymentKey::parse("stripe:pi_1").expect("a key");
    let parked = Some(TroubleKind::Parked { payment });
    assert_eq!(marked("evt_2").await, parked);
    // V12: told again, before its payment and after, it is left as it is; who reads it asks for the payment.
    for payment_is_there in [false, true] {
        if payment_is_there {
            super::book(&world, world.alias("in_1", "pi_1")).await;
        }
        world.database.reset_units();
        assert_eq!(failed(&app, vec![message(2, "evt_2")]).await, Vec::<String>::new());
        assert_eq!(world.database.units().write_hundredths, 0, "{payment_is_there}");
        assert_eq!(marked("evt_2").await, parked);
    }
}

#[tokio::test]
async fn an_event_that_is_booked_at_once_is_not_written_to() {
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    store_event(&world, &stub, "evt_1", &paid(&world, "in_1", "cus_1")).await;
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, Vec::<String>::new());
    world.database.reset_units();
    assert_eq!(failed(&app, vec![message(1, "evt_1")]).await, Vec::<String>::new());
    assert_eq!(world.database.units().write_hundredths, 0);
}
