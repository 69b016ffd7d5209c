//! The units of a night: one bad account is one error, a tenant's night is its own, a record misses nothing.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::TenantId;
use domain::line::Account;
use domain::rule::{BandMode, Reward};
use queues::VisitDue;
use serde_json::json;
use store::TenantKey;
use store::runs::{RunReport, RunStatus, UnitOf};
use testkit::stub::{Stub, stub};
use world::World;

use super::adjusting::{FIRST, SECOND, banded, book, furnish_second, rate, sale, second_partner, terms, usd, world_of};
use super::deaths::dies_after;
use super::{App, LATER, app, at, day, due, night};
use crate::visit;

/// Visits all that were sent, as the queue hands them out; a record that fails stays there.
async fn deliver(app: &App, stub: &Stub) -> usize {
    let mut failed = 0;
    for (_, body) in stub.messages() {
        let record = json!({ "messageId": "m", "eventSource": "aws:sqs", "body": body });
        let answer = app.handle(json!({ "Records": [record] })).await.expect("an answer");
        failed += answer["batchItemFailures"].as_array().map_or(0, Vec::len);
    }
    failed
}

async fn report(world: &World, business_date: &str) -> RunReport {
    let run = world.store.get_run(&world.tenant, day(business_date)).await.expect("store").expect("a run");
    cases::night::with_report(&world.store, &world.tenant, run).await.expect("in range").report.expect("a report")
}

/// Forges an attribute of an account's head.
async fn forge(world: &World, account: &Account, attribute: &str, value: AttributeValue) {
    let key = HashMap::from([
        ("pk".to_owned(), super::text(&format!("{}#account#{}", world.tenant.tenant(), account.partner))),
        ("sk".to_owned(), super::text(&format!("head#{}", account.currency))),
    ]);
    let update = world.database.client.update_item().table_name(&world.database.core).set_key(Some(key));
    let update = update.update_expression("SET #a = :v").expression_attribute_names("#a", attribute);
    update.expression_attribute_values(":v", value).send().await.expect("forged");
}

/// Two partners with a sale each.
async fn of_two() -> (World, Account) {
    let world = world_of(terms(Reward::Percentage(rate("0.3")))).await;
    book(&world, &sale(&world, "in_1", "cus_1", "10", FIRST)).await;
    let other = second_partner();
    let token = furnish_second(&world, &other).await;
    let domain::fact::Fact::SalePaid(paid) = sale(&world, "in_2", "cus_2", "10", SECOND) else {
        unreachable!("a sale")
    };
    let paid = domain::fact::SalePaid { click_token: Some(token), ..paid };
    book(&world, &domain::fact::Fact::SalePaid(paid)).await;
    let account = Account { partner: other, currency: domain::currency::Currency::USD };
    (world, account)
}

#[tokio::test]
async fn one_bad_account_is_an_error_of_the_record_and_the_others_are_done() {
    let (unreadable, unbelievable) = (super::text("ninety"), AttributeValue::N("7".to_owned()));
    for (attribute, value) in [("available", unreadable), ("fence", unbelievable)] {
        let ((world, other), stub) = (of_two().await, stub().await);
        forge(&world, &other, attribute, value).await;
        let app = app(&world, &stub);
        assert_eq!(night(&app, "2026-11-24T02:00:00Z").await["accounts"], json!(2), "{attribute}");
        assert_eq!(deliver(&app, &stub).await, 1, "{attribute}");
        let report = report(&world, "2026-11-23").await;
        assert_eq!((report.status, report.done, report.unanswered), (RunStatus::CompletedWithErrors, 1, 0));
        let errors: Vec<_> = report.errors.iter().map(|error| (error.unit.clone(), error.partner.clone())).collect();
        assert_eq!(errors, [(format!("{}#USD", other.partner), Some(other.partner.clone()))], "{attribute}");
        assert!(report.errors[0].reason.contains("cannot be read"), "{}", report.errors[0].reason);
        let dry = cases::night::dry_run(&world.store, &world.tenant, (day("2026-11-23"), at(LATER)), &|| false).await;
        let errors = dry.expect("shown").errors;
        assert_eq!(errors.iter().map(|error| error.partner.clone()).collect::<Vec<_>>(), [Some(other.partner.clone())]);
    }
}

#[tokio::test]
async fn a_night_whose_units_all_fail_has_failed_and_the_next_record_is_its_own() {
    let (world, stub) = (world_of(terms(Reward::Percentage(rate("0.3")))).await, stub().await);
    book(&world, &sale(&world, "in_1", "cus_1", "10", FIRST)).await;
    forge(&world, &world.account(), "available", super::text("ninety")).await;
    let app = app(&world, &stub);
    night(&app, "2026-11-24T02:00:00Z").await;
    assert_eq!(deliver(&app, &stub).await, 1);
    assert_eq!(report(&world, "2026-11-23").await.status, RunStatus::Failed);
    // Mended, the same message does what is to be done, and the error is none any more.
    forge(&world, &world.account(), "available", AttributeValue::N("0".to_owned())).await;
    assert_eq!(deliver(&app, &stub).await, 0);
    let mended = report(&world, "2026-11-23").await;
    assert_eq!((mended.status, mended.errors.len(), mended.done), (RunStatus::Completed, 0, 1));
}

#[tokio::test]
async fn a_schedule_delivered_twice_changes_nothing() {
    let ((world, _), stub) = (of_two().await, stub().await);
    let app = app(&world, &stub);
    night(&app, "2026-11-23T02:00:00Z").await;
    deliver(&app, &stub).await;
    night(&app, "2026-11-24T02:00:00Z").await;
    let runs = world.store.list_runs(&world.tenant).await.expect("store");
    let sent = stub.messages().len();
    night(&app, "2026-11-24T02:00:00Z").await;
    assert_eq!(world.store.list_runs(&world.tenant).await.expect("store"), runs);
    assert_eq!(stub.messages().len(), sent);
}

#[tokio::test]
async fn a_visit_that_died_before_it_answered_is_in_the_record_with_all_that_it_booked() {
    let mut died = 0;
    for cut in 1..60 {
        let (world, stub) = (world_of(banded(BandMode::Retroactive)).await, stub().await);
        book(&world, &sale(&world, "in_1", "cus_1", "25000", FIRST)).await;
        let app = app(&world, &stub);
        night(&app, "2026-11-24T02:00:00Z").await;
        let visit_due: VisitDue = due(&world, "2026-11-23");
        let whole = dies_after(visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)), cut).await;
        deliver(&app, &stub).await;
        let report = report(&world, "2026-11-23").await;
        assert_eq!((report.status, report.done, report.lines), (RunStatus::Completed, 1, 1), "cut at {cut}");
        assert_eq!(report.totals, [usd("2500.00")], "cut at {cut}");
        if whole {
            break;
        }
        died += 1;
    }
    assert!(died >= 3, "it died only {died} times");
}

#[tokio::test]
async fn every_tenant_that_ever_got_a_key_has_its_night() {
    let stub = stub().await;
    let world = World::new().await;
    book(&world, &sale(&world, "in_1", "cus_1", "10", FIRST)).await;
    let tenant = TenantId::from_ulid(77_u128.into());
    let mut moved = World::new().await;
    (moved.database, moved.store) = (world.database.clone(), world.store.clone());
    moved.move_to(77).await;
    book(&moved, &sale(&moved, "in_1", "cus_1", "20", FIRST)).await;
    let app = app(&world, &stub);
    // Nobody has a key of it yet.
    assert_eq!(night(&app, "2026-11-23T02:00:00Z").await["accounts"], json!(1));
    moved.store.record_tenant(&TenantKey::from(&tenant)).await.expect("store");
    assert_eq!(world.store.list_tenants().await.expect("store").len(), 2);
    let nights = night(&app, "2026-11-24T02:00:00Z").await;
    assert_eq!(nights["business_dates"], json!(["2026-11-23"]));
    let of_other: Vec<VisitDue> = stub
        .messages()
        .iter()
        .map(|message| serde_json::from_str::<VisitDue>(&message.1).expect("a visit"))
        .filter(|due| due.tenant == tenant)
        .collect();
    assert_eq!(of_other.len(), 1);
    deliver(&app, &stub).await;
    for one in [&world, &moved] {
        let unit = UnitOf::Account { partner: one.partner.clone(), currency: domain::currency::Currency::USD };
        let run = domain::id::RunId::of(one.tenant.tenant(), day("2026-11-23"));
        let answered = one.store.get_unit(&one.tenant, &run, &unit).await.expect("store");
        assert!(answered.is_some(), "{}", one.tenant.tenant());
        assert_eq!(report(one, "2026-11-23").await.status, RunStatus::Completed);
    }
}
