use domain::attribution::customer::Customer;
use domain::id::TenantId;

use super::*;
use crate::Tables;
use crate::customers::CustomerChange;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(n.into())
}

/// A customer's change that may move sales of these.
async fn change(store: &Store, before: Option<u64>, moves: &[PartnerId]) -> Written {
    let key = PaymentKey::parse("stripe:cus_1").expect("key");
    let after = Customer { version: before.unwrap_or(0) + 1, ..Customer::default() };
    let change = CustomerChange { key: &key, before, after: Some(&after), relies_on: &[], moves };
    store.record_customer(&tenant(), &change).await.expect("the store")
}

#[tokio::test]
async fn whose_sales_may_move_is_listed_until_somebody_who_saw_the_last_change_has_looked() {
    let store = store().await;
    assert_eq!(change(&store, None, &[partner(1), partner(2)]).await, Written::Yes);
    let all = store.list_moving(&tenant(), None).await.expect("listed");
    assert_eq!(all.iter().map(|moving| moving.partner.clone()).collect::<Vec<_>>(), [partner(1), partner(2)]);
    let seen = store.list_moving(&tenant(), Some(&partner(2))).await.expect("listed");
    assert_eq!(seen, all[1..]);
    // The customer changes once more while somebody looks: it is looked at once more.
    assert_eq!(change(&store, Some(1), &[partner(2)]).await, Written::Yes);
    assert_eq!(store.settle_moving(&tenant(), &seen[0]).await.expect("answered"), Written::ConditionFailed);
    let seen = store.list_moving(&tenant(), Some(&partner(2))).await.expect("listed");
    for _ in 0..2 {
        assert_eq!(store.settle_moving(&tenant(), &seen[0]).await.expect("answered"), Written::Yes);
    }
    let left = store.list_moving(&tenant(), None).await.expect("listed");
    assert_eq!(left, all[..1]);
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_no_row() {
    let store = store().await;
    assert_eq!(change(&store, Some(3), &[partner(1)]).await, Written::ConditionFailed);
    assert_eq!(store.list_moving(&tenant(), None).await.expect("listed"), []);
}

#[tokio::test]
async fn what_one_transaction_does_not_take_is_refused_by_name_and_not_sent() {
    let store = store().await;
    let many: Vec<PartnerId> = (0..100).map(partner).collect();
    let key = PaymentKey::parse("stripe:cus_1").expect("key");
    let after = Customer { version: 1, ..Customer::default() };
    let change = CustomerChange { key: &key, before: None, after: Some(&after), relies_on: &[], moves: &many };
    let refused = store.record_customer(&tenant(), &change).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { items: 101, .. })), "{refused:?}");
    assert_eq!(store.get_customer(&tenant(), &key).await.expect("answered"), None);
}
