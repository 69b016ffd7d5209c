use domain::fact::Refund;
use domain::id::TenantId;
use domain::money::Money;
use serde_json::json;
use testkit::Database;

use super::*;
use crate::Tables;

fn key(text: &str) -> PaymentKey {
    PaymentKey::parse(text).expect("key")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

async fn store() -> (Database, Store) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let store = Store::new(database.client.clone(), tables);
    (database, store)
}

fn refund(minor: i64) -> Fact {
    Fact::Refund(Refund {
        refund: key("stripe:re_1"),
        payment: key("stripe:pi_1"),
        amount: Money::from_minor(minor, domain::currency::Currency::USD),
        item: Some(3),
        is_running_total: true,
        occurred_at: at("2026-11-21T12:00:00Z"),
    })
}

#[tokio::test]
async fn what_is_parked_comes_back_as_it_was_told_and_once() {
    let (_database, store) = store().await;
    let name = key("stripe:pi_1");
    let (first, second) = (at("2026-11-21T12:00:00Z"), at("2026-11-22T12:00:00Z"));
    for now in [first, second] {
        assert!(store.park(&tenant(), &name, &refund(500), now).await.expect("store"));
    }
    // The same refund, told otherwise, waits as well.
    assert!(store.park(&tenant(), &name, &refund(0), second).await.expect("store"));
    let mut parked = store.list_parked(&tenant(), &name).await.expect("store");
    parked.sort_by_key(|parked| parked.parked_at);
    let found: Vec<_> = parked.iter().map(|parked| (parked.fact.clone(), parked.parked_at)).collect();
    assert_eq!(found, [(refund(500), Some(first)), (refund(0), Some(second))]);
    for parked in &parked {
        for _ in 0..2 {
            store.unpark(&tenant(), parked).await.expect("store");
        }
    }
    assert_eq!(store.list_parked(&tenant(), &name).await.expect("store"), Vec::new());
    assert_eq!(store.list_waiting(&tenant(), None, 9).await.expect("store").items, Vec::new());
}

#[tokio::test]
async fn nothing_is_parked_under_a_name_that_leads_somewhere() {
    let (_database, store) = store().await;
    let (name, payment) = (key("stripe:pi_1"), key("stripe:in_1"));
    assert!(store.record_alias(&tenant(), &name, &payment).await.expect("store"));
    let now = at("2026-11-21T12:00:00Z");
    assert!(!store.park(&tenant(), &name, &refund(500), now).await.expect("store"));
    assert_eq!(store.list_parked(&tenant(), &name).await.expect("store"), Vec::new());
    assert_eq!(store.list_waiting(&tenant(), None, 9).await.expect("store").items, Vec::new());
}

#[tokio::test]
async fn a_refund_that_the_first_version_parked_is_found_and_taken_out() {
    let (_database, store) = store().await;
    let name = key("stripe:pi_1");
    let old = json!({
        "entity": "parked_refund", "v": 1, "version": 1, "refund": "stripe:re_1", "payment": "stripe:pi_1",
        "currency": "USD", "amount_minor": 500, "occurred_at": "2026-11-21T12:00:00Z",
    });
    let place = tenant().parked(&name, "stripe:re_1");
    store.put_new(&store.tables.core, &place, &old, "planting").await.expect("store");
    let parked = store.list_parked(&tenant(), &name).await.expect("store");
    let [found] = parked.as_slice() else { panic!("one: {parked:?}") };
    assert!(matches!(&found.fact, Fact::Refund(refund) if refund.amount.minor() == 500 && refund.item.is_none()));
    store.unpark(&tenant(), found).await.expect("store");
    assert_eq!(store.list_parked(&tenant(), &name).await.expect("store"), Vec::new());
}
