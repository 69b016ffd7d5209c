//! `tributary tenant` and `tributary migrate`, as a shell runs them.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use std::collections::HashMap;
use std::process::{Command, Output};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::SaleId;
use store::migrate::MigrationProgress;
use world::World;

/// Milliseconds from the machine's time to the last days of the year in which the world earns.
fn offset_ms() -> String {
    let there: domain::time::Timestamp = "2026-12-24T12:00:00Z".parse().expect("an instant");
    let now = domain::time::Timestamp::now();
    (there.as_millisecond() - now.as_millisecond()).to_string()
}

fn tributary(world: &World, arguments: &[&str]) -> Output {
    let database = &world.database;
    Command::new(env!("CARGO_BIN_EXE_tributary"))
        .args(arguments)
        .env_clear()
        .envs([
            ("AWS_ENDPOINT_URL", database.endpoint.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("CORE_TABLE", &database.core),
            ("CLICKS_TABLE", &database.clicks),
            ("OPS_TABLE", &database.ops),
            ("CLOCK_OFFSET_MS", &offset_ms()),
        ])
        .output()
        .expect("the command runs")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_a_shell_makes_is_listed_with_its_zone_and_its_key_is_good() {
    let world = World::new().await;
    let made = said(&tributary(&world, &["tenant", "create", "--name", "Birch", "--ledger-zone", "Asia/Tokyo"]));
    let (id, key) = made.split_once('\n').expect("an id and a key");
    let listed = said(&tributary(&world, &["tenant", "list"]));
    assert!(listed.lines().any(|line| line.starts_with(id) && line.ends_with("\tAsia/Tokyo\tBirch")), "{listed}");
    let presented = edge::auth::PresentedKey::parse(key).expect("a key");
    assert_eq!(presented.tenant().as_str(), id);
    let kept = world.store.get_api_key(&store::TenantKey::from(presented.tenant()), presented.hash()).await;
    assert!(
        kept.expect("store").expect("kept").terms.expires_at.is_some(),
        "nobody can disable who it names, so it ends"
    );
    let wrong = tributary(&world, &["tenant", "create", "--name", "Birch", "--ledger-zone", "Nowhere"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--ledger-zone"), "{wrong:?}");
}

/// A sale of the world, put back into the form of the first version; the journal keeps its place.
async fn age(world: &World, invoice: &str) {
    let sale = world.kept_sale(invoice).await;
    let (client, core) = (&world.database.client, &world.database.core);
    let pk = AttributeValue::S(format!("{}#sale#{}", world.tenant.tenant(), sale.id));
    let sk = AttributeValue::S("sale".to_owned());
    let asked = client.get_item().table_name(core).key("pk", pk.clone()).key("sk", sk.clone());
    let today = asked.send().await.expect("reads").item.expect("a sale");
    let first = serde_json::json!({
        "entity": "sale", "v": 1, "version": sale.version, "id": sale.id, "payment": sale.payment, "customer": null,
        "occurred_at": sale.occurred_at, "booked_at": sale.booked_at, "booked_day": sale.booked_day, "currency": "USD",
        "paid_minor": 9900, "total_minor": 9900, "tax_minor": 0, "shipping_minor": 0, "event_type": "invoice_payment",
        "invoice": invoice, "lines": [], "refunded_minor": 0,
        "decision": {"decided": "nobody", "reason": "no_touch", "losers": []},
    });
    let mut item: HashMap<String, AttributeValue> = serde_dynamo::to_item(first).expect("an item");
    item.extend([("pk".to_owned(), pk), ("sk".to_owned(), sk)]);
    item.extend(["day_pk", "day_sk"].map(|name| (name.to_owned(), today[name].clone())));
    client.put_item().table_name(core).set_item(Some(item)).send().await.expect("put");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_release_wrote_is_written_anew_once_and_says_the_same() {
    let world = World::new().await;
    let day = domain::time::BusinessDay::parse("2026-12-21").expect("a day");
    for invoice in ["in_1", "in_2"] {
        world.earn(invoice, "29.70", day).await;
    }
    age(&world, "in_1").await;
    let before = world.kept_sale("in_1").await;
    let tenant = world.tenant.tenant();
    let dry = said(&tributary(&world, &["migrate", "--dry-run"]));
    assert_eq!(dry, format!("{tenant}: 2 looked at, 1 would be written anew"));
    assert_eq!(said(&tributary(&world, &["migrate"])), format!("{tenant}: 2 looked at, 1 written anew"));
    assert_eq!(world.kept_sale("in_1").await, before);
    assert_eq!(before.id, SaleId::of(&world::key("in_1")));
    let again = said(&tributary(&world, &["migrate", "--from-start"]));
    assert_eq!(again, format!("{tenant}: 2 looked at, 0 written anew"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_was_broken_off_goes_on_where_it_stood_and_a_pipe_hears_nothing_of_how_far_it_is() {
    let world = World::new().await;
    let day = domain::time::BusinessDay::parse("2026-12-21").expect("a day");
    for invoice in ["in_1", "in_2"] {
        world.earn(invoice, "29.70", day).await;
        age(&world, invoice).await;
    }
    // It was broken off behind the day of both: what it had counted by then is told, and nothing before it is looked at.
    let behind = world.kept_sale("in_2").await.booked_day.plus_days(1).expect("a day");
    let stood = MigrationProgress { day: behind, after: None, looked_at: 7, rewritten: 3 };
    world.store.record_migration(&world.tenant, &stood).await.expect("stored");
    let tenant = world.tenant.tenant();
    let output = tributary(&world, &["migrate"]);
    assert_eq!(said(&output), format!("{tenant}: 7 looked at, 3 written anew"));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("looked at"), "{output:?}");
    let whole = said(&tributary(&world, &["migrate", "--from-start"]));
    assert_eq!(whole, format!("{tenant}: 2 looked at, 2 written anew"));
}
