//! `tributary verify`, as a shell runs it: it says what it walked, and its exit code says whether a law is broken.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use std::process::{Command, Output};

use aws_sdk_dynamodb::types::AttributeValue;
use world::World;

/// Milliseconds from the machine's time to a few days after the programme began: there is no journal to speak of yet.
fn offset_ms() -> String {
    let began: domain::time::Timestamp = "2026-01-05T12:00:00Z".parse().expect("an instant");
    let now = domain::time::Timestamp::now();
    (began.as_millisecond() - now.as_millisecond()).to_string()
}

/// The binary over the tables of a world.
fn verify(world: &World, arguments: &[&str]) -> Output {
    let database = &world.database;
    Command::new(env!("CARGO_BIN_EXE_tributary"))
        .arg("verify")
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
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn earned() -> World {
    let world = World::new().await;
    world.earn("in_1", "29.70", domain::time::BusinessDay::parse("2026-12-21").expect("a day")).await;
    world
}

/// A cent too many in the head of the world's account.
async fn forge(world: &World) {
    let update = world.database.client.update_item().table_name(&world.database.core);
    let update = update
        .key("pk", AttributeValue::S(format!("{}#account#{}", world.tenant.tenant(), world.partner)))
        .key("sk", AttributeValue::S("head#USD".to_owned()))
        .update_expression("SET available = :one")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    update.send().await.expect("forged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_ledger_ends_with_no_broken_law_and_exit_code_0() {
    let world = earned().await;
    let output = verify(&world, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let expected = "1 partners, 1 accounts, 1 lines, 1 sales, 0 entries, 0 facts, 0 closes, 0 payouts, 0 audit entries, 0 broken laws";
    assert_eq!(said(&output).trim(), expected);
    // LED-8: it is kept as a proof of the whole journal.
    let kept = world.store.get_proof(&world.tenant, store::proofs::Reach::Whole).await.expect("store").expect("kept");
    assert_eq!((kept.accounts, kept.lines, kept.broken), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_law_of_any_tenant_is_told_with_both_figures_and_the_exit_code_is_1() {
    let mut world = earned().await;
    let default = world.tenant.tenant().clone();
    world.move_to(5).await;
    world.store.record_tenant(&world.tenant).await.expect("a tenant");
    world.earn("in_2", "10.00", domain::time::BusinessDay::parse("2026-12-21").expect("a day")).await;
    forge(&world).await;
    let output = verify(&world, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = format!("V3 broken at {} USD, Available: expected 0, found 1", world.partner);
    assert!(said(&output).contains(&told), "{}", said(&output));
    assert!(said(&output).trim().ends_with("2 tenants, 2 broken laws"), "{}", said(&output));
    assert_eq!(verify(&world, &["--tenant", default.as_str()]).status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_neither_whole_nor_broken_but_exit_code_2() {
    let mut world = World::new().await;
    // Nobody listens there.
    world.database.endpoint = "http://127.0.0.1:9".to_owned();
    let output = verify(&world, &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!output.stderr.is_empty(), "{output:?}");
}
