//! Verify finds each broken law: one forged row a law, and the breach that it must tell of.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use cases::payouts::{Command, Moved, Requested};
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
    let confirm = Command::Confirm { completed_at: world.now, reference: "r".to_owned() };
    for (role, command) in [
        (Role::Admin, Command::Approve { seal: None }),
        (Role::FinanceManager, Command::MarkSent(sent)),
        (Role::FinanceManager, confirm),
    ] {
        assert!(matches!(world.command(id, role, role.word(), command).await, Moved::Done(_)));
    }
}

/// Sets one attribute of the first item of a partition whose sort key begins with a text.
async fn forge(world: &World, pk: &str, sk: &str, expression: &str, value: AttributeValue) {
    let tenant = world.tenant.tenant();
    let table = &world.database.core;
    let query =
        world.database.client.query().table_name(table).key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
    let query = query
        .expression_attribute_values(":pk", text(&format!("{tenant}#{pk}")))
        .expression_attribute_values(":sk", text(sk));
    let found = query.send().await.expect("a query").items.unwrap_or_default();
    let item = found.first().unwrap_or_else(|| panic!("nothing at {pk} / {sk}"));
    let key = HashMap::from(["pk", "sk"].map(|name| (name.to_owned(), item[name].clone())));
    let update = world.database.client.update_item().table_name(table).set_key(Some(key)).update_expression(expression);
    // Some names are words of DynamoDB's own.
    let update = ["hash", "lines", "action"].into_iter().fold(update, |update, name| {
        let alias = format!("#{name}");
        if expression.contains(&alias) { update.expression_attribute_names(alias, name) } else { update }
    });
    update.expression_attribute_values(":v", value).send().await.expect("forged");
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

async fn breached(world: &World) -> Vec<&'static str> {
    let verified = cases::verify::verify(&world.store, &world.tenant).await.expect("store");
    let mut laws: Vec<_> = verified.breaches.iter().map(|breach| breach.law).collect();
    laws.sort_unstable();
    laws.dedup();
    laws
}

#[tokio::test]
async fn an_account_that_nobody_forged_breaks_no_law() {
    let world = lived().await;
    world.verified().await;
    let verified = cases::verify::verify(&world.store, &world.tenant).await.expect("store");
    assert_eq!((verified.lines, verified.closes, verified.payouts), (3, 2, 2));
}

#[tokio::test]
async fn each_forged_row_breaks_its_law() {
    let world = lived().await;
    let account = format!("account#{}", world.partner);
    let audit = format!("audit#{}", domain::id::PayoutId::of(&world.partner, domain::currency::Currency::USD, 1));
    let sale = format!("sale#{}", domain::id::SaleId::of(&world::key("in_1")));
    let other = "0".repeat(64);
    let rows: [(&str, &str, &str, AttributeValue, &str); 13] = [
        (&account, "head#USD", "SET available = :v", number(1), "V3"),
        (&account, "head#USD", "SET settled = :v", number(5_999), "V14"),
        (&account, "head#USD", "SET held = :v", number(-1), "V14"),
        (&account, "head#USD", "SET covered = :v", text("261101.00"), "V5"),
        (&account, "head#USD", "REMOVE open_payout SET v = :v", number(1), "V14"),
        (&account, "USD#line#", "SET amount_minor = :v", number(6_001), "V14"),
        (&account, "USD#close#", "SET net_minor = :v", number(6_001), "V14"),
        (&account, "USD#close#", "SET #hash = :v", text(&other), "V14"),
        (&account, "USD#payout#", "SET amount_minor = :v", number(5_999), "V4"),
        (&account, "USD#payout#", "SET close_hash = :v", text(&other), "V4"),
        (&account, "USD#payout#", "SET #lines = :v", number(2), "V4"),
        (&audit, "00000002", "SET #action = :v", text("payout.rejected"), "V10"),
        (&sale, "sale", "SET #lines[0].reversed_minor = :v", number(1), "V7"),
    ];
    for (pk, sk, expression, value, law) in rows {
        let world = lived().await;
        forge(&world, pk, sk, expression, value).await;
        let broken = breached(&world).await;
        assert!(broken.contains(&law), "{sk} {expression} breaks {broken:?}");
    }
}

#[tokio::test]
async fn a_line_or_an_audit_entry_that_is_gone_is_missed() {
    for (pk, sk, law) in [("account", "USD#line#", "V14"), ("audit", "00000001", "V10")] {
        let world = lived().await;
        let id = domain::id::PayoutId::of(&world.partner, domain::currency::Currency::USD, 1);
        let pk = if pk == "account" { format!("account#{}", world.partner) } else { format!("audit#{id}") };
        let tenant = world.tenant.tenant();
        let range = world
            .database
            .client
            .query()
            .table_name(&world.database.core)
            .key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
        let range = range
            .expression_attribute_values(":pk", text(&format!("{tenant}#{pk}")))
            .expression_attribute_values(":sk", text(sk));
        let item = range.send().await.expect("a query").items.unwrap_or_default().remove(0);
        let key = HashMap::from(["pk", "sk"].map(|name| (name.to_owned(), item[name].clone())));
        world
            .database
            .client
            .delete_item()
            .table_name(&world.database.core)
            .set_key(Some(key))
            .send()
            .await
            .expect("gone");
        assert!(breached(&world).await.contains(&law), "{sk}");
    }
}
