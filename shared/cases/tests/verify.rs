//! Verify finds each broken law: one forged row a law, and the breach that it must tell of.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

#[path = "verify/by_hand.rs"]
mod by_hand;
#[path = "verify/forged.rs"]
mod forged;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use cases::payouts::{Command, Moved, Requested};
use cases::verify::{Breach, Scope, Verified, record_of, verify_within};
use domain::payout::Sent;
use domain::role::Role;
use domain::time::Zone;
use world::World;

/// An account with two closed lines, a paid payout and an open one, and a line that waits.
async fn lived() -> World {
    let mut world = World::new().await;
    for (invoice, amount) in [("in_1", "60.00"), ("in_2", "40.00")] {
        let today = Zone::utc().day_of(world.now);
        world.earn(invoice, amount, today).await;
        let Requested::Created(stored) = world.request().await else { panic!("a payout") };
        if invoice == "in_1" {
            pay(&world, &stored.payout.id).await;
        }
        world.pass_days(1);
    }
    let later = Zone::utc().day_of(world.now).plus_days(9).expect("a day");
    world.earn("in_3", "7.00", later).await;
    world
}

async fn pay(world: &World, id: &domain::id::PayoutId) {
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "r".to_owned() };
    let confirm = Command::Confirm { completed_at: world.now, reference: format!("paid {id}") };
    for (role, command) in [
        (Role::Admin, world.approval(id).await),
        (Role::FinanceManager, Command::MarkSent(sent)),
        (Role::FinanceManager, confirm),
    ] {
        assert!(matches!(world.command(id, role, role.word(), command).await, Moved::Done(_)));
    }
}

/// The first item of a partition whose sort key begins with a text, if there is one.
async fn find(world: &World, pk: &str, sk: &str) -> Option<HashMap<String, AttributeValue>> {
    let tenant = world.tenant.tenant();
    let query = world.database.client.query().table_name(&world.database.core);
    let query = query
        .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
        .expression_attribute_values(":pk", text(&format!("{tenant}#{pk}")))
        .expression_attribute_values(":sk", text(sk));
    query.send().await.expect("a query").items.unwrap_or_default().into_iter().next()
}

/// The first item of a partition whose sort key begins with a text.
async fn item_of(world: &World, pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    find(world, pk, sk).await.unwrap_or_else(|| panic!("nothing at {pk} / {sk}"))
}

async fn key_of(world: &World, pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    let item = item_of(world, pk, sk).await;
    HashMap::from(["pk", "sk"].map(|name| (name.to_owned(), item[name].clone())))
}

/// Sets one attribute of an item.
async fn forge(world: &World, pk: &str, sk: &str, expression: &str, value: AttributeValue) {
    let key = key_of(world, pk, sk).await;
    let table = &world.database.core;
    let update = world.database.client.update_item().table_name(table).set_key(Some(key)).update_expression(expression);
    // Some names are words of DynamoDB's own, and some hold a dot.
    let names = [
        ("hash", "hash"),
        ("lines", "lines"),
        ("action", "action"),
        ("open", "p261202.00"),
        ("reference", "reference"),
        ("hold", "hold"),
    ];
    let update = names.into_iter().fold(update, |update, (alias, name)| {
        let alias = format!("#{alias}");
        if expression.contains(&alias) { update.expression_attribute_names(alias, name) } else { update }
    });
    update.expression_attribute_values(":v", value).send().await.expect("forged");
}

async fn remove(world: &World, pk: &str, sk: &str) {
    let key = key_of(world, pk, sk).await;
    let delete = world.database.client.delete_item().table_name(&world.database.core).set_key(Some(key));
    delete.send().await.expect("gone");
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn account(world: &World) -> String {
    format!("account#{}", world.partner)
}

fn sale(invoice: &str) -> String {
    format!("sale#{}", domain::id::SaleId::of(&world::key(invoice)))
}

fn audit(world: &World, payout: u32) -> String {
    format!("audit#{}", domain::id::PayoutId::of(&world.partner, domain::currency::Currency::USD, payout))
}

/// Everything, the journal of the days of these tests too.
async fn verified(world: &World) -> Verified {
    let day = |days| Zone::utc().day_of(world.now).plus_days(days).expect("a day");
    let scope = Scope { journal: Some((day(-2), day(0))) };
    verify_within(&world.store, &world.tenant, &scope).await.expect("store")
}

fn laws(verified: &Verified) -> Vec<&'static str> {
    let mut laws: Vec<_> = verified.breaches.iter().map(|breach| breach.law).collect();
    laws.sort_unstable();
    laws.dedup();
    laws
}

#[tokio::test]
async fn an_account_that_nobody_forged_breaks_no_law() {
    let world = lived().await;
    world.verified().await;
    let verified = verified(&world).await;
    assert_eq!(verified.breaches, []);
    assert_eq!((verified.lines, verified.sales, verified.facts), (3, 3, 3));
    assert_eq!((verified.closes, verified.payouts, verified.audit_entries), (2, 2, 5));
    assert_eq!(
        verified.to_string(),
        "1 partners, 1 accounts, 3 lines, 3 sales, 0 entries, 3 facts, 2 closes, 2 payouts, 5 audit entries, 0 broken laws"
    );
}

#[tokio::test]
async fn a_sale_whose_line_is_gone_with_all_its_traces_is_found_by_the_journal() {
    let world = lived().await;
    let (pk, line) = (account(&world), "USD#line#261202.00");
    remove(&world, &pk, line).await;
    forge(&world, &pk, "head#USD", "REMOVE #open SET v = :v", number(1)).await;
    // The account by itself is whole.
    world.verified().await;
    let verified = verified(&world).await;
    assert_eq!(laws(&verified), ["V7"], "{verified}");
    let breach = &verified.breaches[0];
    assert!(breach.entry.contains(domain::id::SaleId::of(&world::key("in_3")).as_str()), "{breach}");
    assert_eq!((breach.found.as_str(), &breach.account), ("None", &Some(world.account())), "{breach}");
}

#[tokio::test]
async fn an_attributed_sale_without_a_line_is_found_by_the_journal() {
    let world = lived().await;
    let (pk, line) = (account(&world), "USD#line#261202.00");
    remove(&world, &pk, line).await;
    forge(&world, &pk, "head#USD", "REMOVE #open SET v = :v", number(1)).await;
    forge(&world, &sale("in_3"), "sale", "SET #lines = :v", AttributeValue::L(Vec::new())).await;
    world.verified().await;
    let verified = verified(&world).await;
    assert_eq!(laws(&verified), ["V9"], "{verified}");
}

#[tokio::test]
async fn a_line_without_its_sale_is_found() {
    let world = lived().await;
    remove(&world, &sale("in_2"), "sale").await;
    let verified = verified(&world).await;
    assert_eq!(laws(&verified), ["V9"], "{verified}");
}

#[tokio::test]
async fn a_breach_is_told_with_account_entry_and_both_figures() {
    let world = lived().await;
    forge(&world, &account(&world), "head#USD", "SET available = :v", number(1)).await;
    let verified = verified(&world).await;
    let told = verified.breaches.iter().find(|breach| breach.law == "V3").expect("a breach");
    let expected = format!("V3 broken at {} USD, Available: expected 0, found 1", world.partner);
    assert_eq!(told.to_string(), expected);
    assert!(verified.to_string().ends_with(&format!("{} broken laws", verified.broken())), "{verified}");
}

#[test]
fn an_account_that_moved_all_the_while_is_not_proved() {
    let walked = |moving| Verified { moving, ..Verified::default() };
    assert!(walked(0).is_intact());
    assert!(!walked(1).is_intact());
    assert_eq!(walked(1).broken(), 0);
}

#[test]
fn a_proof_that_is_neither_intact_nor_broken_takes_no_other_proofs_place() {
    let at = "2026-11-21T12:00:00Z".parse().expect("an instant");
    let text = || "1".to_owned();
    let breach = || Breach { law: "V3", account: None, entry: text(), expected: text(), found: text() };
    for (moving, broken, kept) in [(0, 0, true), (0, 1, true), (1, 1, true), (1, 0, false)] {
        let breaches = std::iter::repeat_with(breach).take(broken).collect();
        let record = record_of(&Verified { moving, breaches, ..Verified::default() }, at);
        assert_eq!(record.is_some(), kept, "{moving} {broken}");
        let law = record.and_then(|record| record.law);
        assert_eq!(law.as_deref(), (broken > 0).then_some("V3"), "{moving} {broken}");
    }
}
