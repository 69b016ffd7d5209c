//! Nights and visits over a real store.

use domain::time::{BusinessDay, Timestamp};
use edge::aws::{Aws, Service as Sdk};
use edge::config::Reader;
use serde_json::json;
use testkit::stub::{Service, Stub, stub};
use world::World;

use super::*;

mod adjusting;
mod capped;
mod coming_back;
mod counting;
mod crowded;
mod deaths;
mod ended;
mod freezing;
mod in_doubt;
mod late_periods;
mod latecomers;
mod measured;
mod occurrences;
mod orders;
mod recompute_steps;
mod recomputing;
mod scheduled;
mod suspended;
mod taken_back;
mod units;

/// When all of this is looked at.
const LATER: &str = "2026-12-31T00:00:00Z";

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("day")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn app(world: &World, stub: &Stub) -> App {
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
    ]);
    let aws = Aws::from(&mut reader);
    let visits = Sender::connect(&aws.service(Sdk::Sqs), "https://sqs.us-east-1.amazonaws.com/123456789012/visits");
    App::new(world.store.clone(), visits, Clock::fixed(at(LATER)))
}

async fn night(app: &App, scheduled_for: &str) -> Value {
    app.handle(json!({ "scheduled_for": scheduled_for })).await.expect("a night")
}

fn due(world: &World, business_date: &str) -> VisitDue {
    let (tenant, account) = (world.tenant.tenant().clone(), world.account());
    let business_date = day(business_date);
    let run = domain::id::RunId::of(&tenant, business_date);
    let (partner, currency) = (account.partner, account.currency);
    VisitDue { v: 1, tenant, partner, currency, business_date, run, program: None, recompute: None }
}

#[tokio::test]
async fn a_night_sends_each_live_account_one_visit_and_is_recorded_once() {
    let (world, stub) = (World::new().await, stub().await);
    world.earn("in_1", "29.70", day("2026-12-21")).await;
    let app = app(&world, &stub);
    assert_eq!(night(&app, "2026-11-22T02:00:00Z").await, json!({ "business_dates": ["2026-11-21"], "accounts": 1 }));
    assert_eq!(stub.messages().len(), 1);
    assert_eq!(night(&app, "2026-11-22T02:00:00Z").await, json!({ "business_dates": [], "accounts": 0 }));
    assert_eq!(stub.messages().len(), 1);
    let runs = world.store.list_runs(&world.tenant).await.expect("store");
    assert_eq!(
        runs.iter().map(|run| (run.business_date.to_string(), run.accounts)).collect::<Vec<_>>(),
        [("2026-11-21".to_owned(), 1)]
    );
}

#[tokio::test]
async fn missed_nights_are_caught_up_in_the_order_of_dates() {
    let (world, stub) = (World::new().await, stub().await);
    let app = app(&world, &stub);
    night(&app, "2026-11-22T02:00:00Z").await;
    let caught_up = night(&app, "2026-11-25T02:00:00Z").await;
    assert_eq!(caught_up["business_dates"], json!(["2026-11-22", "2026-11-23", "2026-11-24"]));
}

#[tokio::test]
async fn a_night_whose_visits_were_not_sent_is_begun_again() {
    let (world, stub) = (World::new().await, stub().await);
    world.earn("in_1", "29.70", day("2026-12-21")).await;
    let app = app(&world, &stub);
    stub.refuse(Some(Service::Sqs));
    assert!(app.handle(json!({ "scheduled_for": "2026-11-22T02:00:00Z" })).await.is_err());
    assert_eq!(world.store.list_runs(&world.tenant).await.expect("store"), []);
    stub.refuse(None);
    assert_eq!(night(&app, "2026-11-22T02:00:00Z").await["accounts"], json!(1));
}

#[tokio::test]
async fn a_visit_closes_when_eight_slots_have_matured_and_not_before() {
    let world = World::new().await;
    for n in 1..=8 {
        world.earn(&format!("in_{n}"), "1.00", day(&format!("2026-12-0{n}"))).await;
    }
    let closes = async || world.store.list_closes(&world.tenant, &world.account()).await.expect("store").len();
    visit::visit(&world.store, &world.tenant, &due(&world, "2026-12-06"), at(LATER)).await.expect("visited");
    assert_eq!(closes().await, 0);
    for _ in 0..2 {
        visit::visit(&world.store, &world.tenant, &due(&world, "2026-12-07"), at(LATER)).await.expect("visited");
        assert_eq!(closes().await, 1);
    }
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!((head.available, head.open.len()), (800, 0));
    world.verified().await;
}

#[tokio::test]
async fn a_close_that_died_after_the_fence_is_finished_by_the_next_visit() {
    let world = World::new().await;
    world.earn("in_1", "1.00", day("2026-12-01")).await;
    let (tenant, account) = (&world.tenant, world.account());
    let head = world.store.get_head(tenant, &account).await.expect("store");
    let to = head.last_matured(day("2026-12-01")).expect("a matured slot");
    world.store.raise_fence(tenant, &account, &head, to).await.expect("raised");
    visit::visit(&world.store, tenant, &due(&world, "2026-12-01"), at(LATER)).await.expect("visited");
    let head = world.store.get_head(tenant, &account).await.expect("store");
    assert!(!head.close_is_unfinished());
    assert_eq!(head.available, 100);
    world.verified().await;
}

#[tokio::test]
async fn an_account_at_rest_leaves_the_nightly_visits_and_a_booking_brings_it_back() {
    let world = World::new().await;
    world.earn("in_1", "0.00", day("2026-11-01")).await;
    for _ in 0..2 {
        let closed =
            cases::closing::close_matured(&world.store, &world.tenant, &world.account(), day("2026-11-21")).await;
        assert!(closed.is_ok());
        // Not before its month is frozen: until then other sales may change what it earned.
        visit::visit(&world.store, &world.tenant, &due(&world, "2026-12-03"), at(LATER)).await.expect("visited");
        assert_eq!(world.store.list_live_accounts(&world.tenant).await.expect("store"), []);
    }
    world.earn("in_2", "1.00", day("2026-12-01")).await;
    assert_eq!(world.store.list_live_accounts(&world.tenant).await.expect("store"), [world.account()]);
    world.verified().await;
}

#[tokio::test]
async fn a_line_that_differs_from_its_head_stops_the_account_and_is_a_persons() {
    let world = World::new().await;
    world.earn("in_1", "1.00", day("2026-12-01")).await;
    let key = std::collections::HashMap::from([
        ("pk".to_owned(), text(&format!("{}#account#{}", world.tenant.tenant(), world.partner))),
        ("sk".to_owned(), text("head#USD")),
    ]);
    let update = world.database.client.update_item().table_name(&world.database.core).set_key(Some(key));
    let update = update.update_expression("ADD #slot :one").expression_attribute_names("#slot", "p261201.00");
    update
        .expression_attribute_values(":one", aws_sdk_dynamodb::types::AttributeValue::N("1".to_owned()))
        .send()
        .await
        .expect("forged");
    let refused = cases::closing::close_matured(&world.store, &world.tenant, &world.account(), day("2026-12-01")).await;
    assert!(matches!(refused, Err(cases::error::CaseError::Breach { .. })), "{refused:?}");
    let verified = cases::verify::verify(&world.store, &world.tenant).await.expect("store");
    assert!(verified.breaches.iter().any(|breach| breach.law == "V14"), "{verified}");
    assert!(verified.breaches.iter().any(|breach| breach.law == "V3"), "{verified}");
}

fn text(value: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned())
}

#[tokio::test]
async fn a_night_to_come_is_refused_and_a_visit_closes_nothing_of_it() {
    let (world, stub) = (World::new().await, stub().await);
    for n in 1..=8 {
        world.earn(&format!("in_{n}"), "1.00", day(&format!("2027-02-0{n}"))).await;
    }
    let refused = app(&world, &stub).handle(json!({ "scheduled_for": "2027-03-01T02:00:00Z" })).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("to come")));
    assert_eq!(world.store.list_runs(&world.tenant).await.expect("store"), []);
    visit::visit(&world.store, &world.tenant, &due(&world, "2027-03-01"), at(LATER)).await.expect("visited");
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!((head.open.len(), head.fence), (8, None));
}

#[tokio::test]
async fn an_event_of_no_known_kind_is_refused_with_what_to_give() {
    let (world, stub) = (World::new().await, stub().await);
    let refused = app(&world, &stub).handle(json!({ "hello": 1 })).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("scheduled_for")));
    assert_eq!(at("2026-11-21T12:00:00Z"), world.now);
}

#[tokio::test]
async fn the_event_files_are_worked_through() {
    let (world, stub) = (World::new().await, stub().await);
    for n in 1..=8 {
        world.earn(&format!("in_{n}"), "1.00", day(&format!("2026-12-0{n}"))).await;
    }
    let app = app(&world, &stub);
    let schedule = include_str!("../../../events/commission-batch/schedule.json");
    let night = app.handle(serde_json::from_str(schedule).expect("JSON")).await.expect("a night");
    assert_eq!(night["accounts"], json!(1));
    let visits = include_str!("../../../events/commission-batch/visits.json");
    let answer = app.handle(serde_json::from_str(visits).expect("JSON")).await.expect("visits");
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(world.store.list_closes(&world.tenant, &world.account()).await.expect("store").len(), 1);
}
