//! ING-19: what is of a provider's test mode is kept, and nothing comes of it, unless the deployment books it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use edge::config::Reader;
use serde_json::{Value, json};
use store::raw_events::{RawEventPlace, TroubleKind};
use testkit::stub::stub;
use world::World;

use super::super::{App, TestEvents};
use super::queue::{app, failed, message_of, paid, store_event_of};
use crate::config::{Config, VARIABLES};

/// Every event file of both providers, as an event of test mode: Stripe's say so already.
fn of_test_mode() -> Vec<(&'static str, Value)> {
    let mut events = Vec::new();
    for (provider, folder) in [("stripe", "stripe"), ("lemon_squeezy", "lemon-squeezy")] {
        let folder = format!("{}/../../events/webhook-ingest/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).expect("the events folder") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("an event file");
            let mut event: Value = serde_json::from_str(&text).expect("JSON");
            if provider == "lemon_squeezy" {
                event["meta"]["test_mode"] = json!(true);
            }
            events.push((provider, event));
        }
    }
    events
}

/// The table of record, row by row.
async fn record(world: &World) -> BTreeMap<String, HashMap<String, AttributeValue>> {
    let scan = world.database.client.scan().table_name(&world.database.core).send().await.expect("a scan");
    let place = |row: &HashMap<String, AttributeValue>| format!("{:?} {:?}", row.get("pk"), row.get("sk"));
    scan.items.unwrap_or_default().into_iter().map(|row| (place(&row), row)).collect()
}

async fn mark(world: &World, provider: &str, id: &str) -> Option<TroubleKind> {
    let place = RawEventPlace::parse(provider, "20261121", id).expect("a place");
    let found = world.store.get_delivered(&world.tenant, &place).await.expect("store").expect("stored");
    found.trouble.map(|trouble| trouble.kind)
}

#[tokio::test]
async fn of_no_event_of_test_mode_anything_is_booked_and_the_log_says_so() {
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    let before = record(&world).await;
    let events = of_test_mode();
    assert!(events.len() > 60, "{} events", events.len());
    for (n, (provider, event)) in events.iter().enumerate() {
        let id = format!("evt_{n}");
        store_event_of(&world, &stub, (provider, &id), event).await;
        assert_eq!(failed(&app, vec![message_of(n, provider, &id)]).await, Vec::<String>::new(), "{event}");
        assert_eq!(mark(&world, provider, &id).await, Some(TroubleKind::TestMode), "{event}");
        // V12: told again, or sent in again, it costs no write.
        world.database.reset_units();
        assert_eq!(failed(&app, vec![message_of(n, provider, &id)]).await, Vec::<String>::new(), "{event}");
        assert_eq!(world.database.units().write_hundredths, 0, "{event}");
    }
    assert_eq!(record(&world).await, before, "no sale, no refund, no dispute, nothing that is kept as it stands");
}

#[tokio::test]
async fn a_deployment_that_is_tried_out_books_events_of_test_mode_and_takes_the_mark_off() {
    let (world, stub) = (World::new().await, stub().await);
    super::book(&world, world.seen("cus_1", Some(&world.token))).await;
    let app = app(&world, &stub);
    for (n, (invoice, is_live)) in [("in_1", false), ("in_2", true)].into_iter().enumerate() {
        let mut event = paid(&world, invoice, "cus_1");
        event["livemode"] = json!(is_live);
        let id = format!("evt_{n}");
        store_event_of(&world, &stub, ("stripe", &id), &event).await;
        assert_eq!(failed(&app, vec![message_of(n, "stripe", &id)]).await, Vec::<String>::new());
    }
    assert_eq!(world.total().await, "29.70", "of the live one alone");
    let tried_out = App { test_events: TestEvents::Booked, ..app };
    assert_eq!(failed(&tried_out, vec![message_of(0, "stripe", "evt_0")]).await, Vec::<String>::new());
    assert_eq!(world.total().await, "59.40");
    assert_eq!(mark(&world, "stripe", "evt_0").await, None);
    world.verified().await;
}

#[test]
fn a_deployment_that_says_nothing_books_no_event_of_test_mode() {
    let read = |told: Option<&'static str>| {
        let needed = VARIABLES.iter().filter(|variable| variable.required);
        let needed = needed.map(|variable| (variable.name, variable.example));
        let by_lambda = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        let told = told.map(|told| ("TEST_MODE_EVENTS", told));
        Config::read(Reader::from_map(needed.chain(by_lambda).chain(told))).map(|config| config.test_events)
    };
    for (told, expected) in [
        (None, TestEvents::KeptOnly),
        (Some(""), TestEvents::KeptOnly),
        (Some("false"), TestEvents::KeptOnly),
        (Some("true"), TestEvents::Booked),
    ] {
        assert_eq!(read(told), Ok(expected), "{told:?}");
    }
    assert!(read(Some("perhaps")).is_err());
}
