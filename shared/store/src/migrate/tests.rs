//! Items as older versions wrote them, migrated over a database in memory.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{LinkId, PartnerId, ProgramId, RuleId, TenantId};
use serde_json::{Value, json};

use super::*;
use crate::Tables;
use crate::keys::Key;

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn key(text: &str) -> PaymentKey {
    PaymentKey::parse(text).expect("a key")
}

fn winner() -> Value {
    json!({
        "partner": PartnerId::from_ulid(7_u128.into()), "program": ProgramId::from_ulid(1_u128.into()),
        "link": LinkId::from_ulid(9_u128.into()), "clicked_at": "2026-11-10T11:00:00Z",
    })
}

/// A sale of the first version, of a customer of the first version, with something in it that no version knows.
fn first_sale(payment: &PaymentKey) -> Value {
    let line = json!({
        "n": 1, "partner": PartnerId::from_ulid(7_u128.into()), "slot": "261221.00", "amount_minor": 2970,
        "reversed_minor": 0, "is_flat": false, "rule": RuleId::from_ulid(2_u128.into()), "reverses": null,
    });
    json!({
        "entity": "sale", "v": 1, "version": 2, "id": SaleId::of(payment), "payment": payment,
        "customer": "stripe:cus_1", "occurred_at": "2026-11-21T12:00:00Z", "booked_at": "2026-11-21T12:00:03Z",
        "booked_day": "2026-11-21", "currency": "USD", "paid_minor": 9900, "total_minor": 9900, "tax_minor": 0,
        "shipping_minor": 0, "event_type": "invoice_payment", "invoice": "in_1", "lines": [line], "refunded_minor": 0,
        "decision": {"decided": "partner", "winner": winner(), "losers": []}, "mark": "kept",
    })
}

fn first_customer() -> Value {
    json!({"entity": "customer", "v": 1, "met_at": "2026-11-10T12:00:00Z", "winner": winner()})
}

async fn put(store: &Store, key: &Key, value: Value) {
    let mut item: HashMap<String, AttributeValue> = serde_dynamo::to_item(value).expect("an item");
    item.extend(item::key_map(key));
    store.db.put_item().table_name(&store.tables.core).set_item(Some(item)).send().await.expect("put");
}

async fn stored(store: &Store, key: &Key) -> Attributes {
    let found = store.get_attributes(&store.tables.core, key, true, "looking").await.expect("reads");
    found.expect("it is there")
}

#[tokio::test]
async fn a_sale_and_its_customer_of_the_first_version_say_the_same_in_todays() {
    let (store, _database) = store().await;
    let (payment, buyer) = (key("stripe:in_1"), key("stripe:cus_1"));
    let (sale, tenant) = (SaleId::of(&payment), tenant());
    put(&store, &tenant.sale(&sale), first_sale(&payment)).await;
    put(&store, &tenant.customer(&buyer), first_customer()).await;
    let (said, known) = (
        store.get_sale(&tenant, &sale).await.expect("reads"),
        store.get_customer(&tenant, &buyer).await.expect("reads"),
    );
    let before = stored(&store, &tenant.sale(&sale)).await;
    let dry = store.migrate_sale(&tenant, &sale, Writing::DryRun).await.expect("reads");
    assert_eq!(dry, (Migrated::Rewritten, Some(buyer.clone())));
    assert_eq!(stored(&store, &tenant.sale(&sale)).await, before, "a dry run writes nothing");
    let done = store.migrate_sale(&tenant, &sale, Writing::Yes).await.expect("writes");
    assert_eq!(done, (Migrated::Rewritten, Some(buyer.clone())));
    assert_eq!(store.migrate_customer(&tenant, &buyer, Writing::Yes).await.expect("writes"), Migrated::Rewritten);
    assert_eq!(store.get_sale(&tenant, &sale).await.expect("reads"), said);
    let known = known.map(|known| domain::attribution::customer::Customer { version: 1, ..known });
    assert_eq!(store.get_customer(&tenant, &buyer).await.expect("reads"), known);
    let after = stored(&store, &tenant.sale(&sale)).await;
    assert_eq!(after.get("v"), Some(&AttributeValue::N("2".to_owned())));
    assert_eq!(after.get("mark"), Some(&AttributeValue::S("kept".to_owned())), "what no version knows stays");
    assert!(!after.contains_key("booked_day"), "what only the first version says is gone");
    // Again nothing is left to do.
    assert_eq!(store.migrate_sale(&tenant, &sale, Writing::Yes).await.expect("reads").0, Migrated::AsToday);
    assert_eq!(store.migrate_customer(&tenant, &buyer, Writing::Yes).await.expect("reads"), Migrated::AsToday);
}

#[tokio::test]
async fn an_item_that_another_wrote_meanwhile_stays_as_that_one_wrote_it() {
    let (store, _database) = store().await;
    let (payment, tenant) = (key("stripe:in_1"), tenant());
    let place = tenant.sale(&SaleId::of(&payment));
    put(&store, &place, first_sale(&payment)).await;
    let old = stored(&store, &place).await;
    let mut new = old.clone();
    new.insert("v".to_owned(), item::number(2));
    // Somebody books a refund in between.
    let mut raced = first_sale(&payment);
    raced["version"] = json!(3);
    put(&store, &place, raced).await;
    let there = stored(&store, &place).await;
    let outcome = store.rewrite((old, &OF_FIRST_SALES), new, Writing::Yes).await.expect("answers");
    assert_eq!(outcome, Migrated::Overtaken);
    assert_eq!(stored(&store, &place).await, there);
}

#[tokio::test]
async fn how_far_a_migration_is_is_kept_for_each_tenant() {
    let (store, _database) = store().await;
    let other = TenantKey::from(&TenantId::from_ulid(7_u128.into()));
    assert_eq!(store.get_migration(&tenant()).await.expect("reads"), None);
    let day = BusinessDay::parse("2026-11-21").expect("a day");
    let first = MigrationProgress { day, after: None, looked_at: 0, rewritten: 0 };
    let second = MigrationProgress { after: Some("place".to_owned()), looked_at: 7, ..first.clone() };
    for progress in [&first, &second] {
        store.record_migration(&tenant(), progress).await.expect("writes");
        assert_eq!(store.get_migration(&tenant()).await.expect("reads").as_ref(), Some(progress));
    }
    assert_eq!(store.get_migration(&other).await.expect("reads"), None);
    let nothing = store.migrate_sale(&other, &SaleId::of(&key("stripe:in_1")), Writing::Yes).await.expect("reads");
    assert_eq!(nothing, (Migrated::NotThere, None));
}
