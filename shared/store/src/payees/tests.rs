use domain::audit::{Actor, ChainEnd, append};
use domain::digest::Digest;
use domain::id::MethodId;
use domain::payee::{Rail, Wish};
use domain::role::Role;
use domain::time::Timestamp;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn method(n: u128) -> Wish {
    Wish::New(Box::new(PayoutMethod {
        id: MethodId::from_ulid(n.into()),
        rail: Rail::Ach,
        currency: None,
        last_four: "6789".to_owned(),
        fingerprint: Digest::of_bytes(&n.to_be_bytes()),
        since: Timestamp::UNIX_EPOCH,
        set_by: "par_1".to_owned(),
        sealed: "sealed".to_owned(),
    }))
}

/// The next version, and the entry that tells of it; each by another author, so that no two entries are the same.
fn next(before: &PayoutMethods, wishes: Vec<Wish>, end: ChainEnd, by: &str) -> (PayoutMethods, AuditEntry) {
    let by = Actor::new(Role::Partner, by);
    let changed = before.change(wishes, by, Timestamp::UNIX_EPOCH).expect("fits").expect("a change");
    (changed.methods, append(end, &PayoutMethods::aggregate(&partner()), changed.deed))
}

fn partner() -> PartnerId {
    PartnerId::from_ulid(7_u128.into())
}

#[tokio::test]
async fn methods_give_way_to_others_once_and_are_their_tenants_alone() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    let none = store.get_payout_methods(&tenant, &partner()).await.expect("store");
    assert_eq!(none, PayoutMethods::default());
    let (first, entry) = next(&none, vec![method(1)], ChainEnd::START, "a");
    let write = |after, entry| {
        let (store, tenant) = (store.clone(), tenant.clone());
        async move { store.replace_payout_methods(&tenant, &partner(), &after, &entry).await.expect("store") }
    };
    assert_eq!(write(first.clone(), entry.clone()).await, Written::Yes);
    assert_eq!(write(first.clone(), entry.clone()).await, Written::ConditionFailed);
    let (second, after) = next(&first, vec![method(2)], entry.end(), "b");
    let (other, beside) = next(&first, vec![method(3)], entry.end(), "c");
    assert_eq!(write(second.clone(), after).await, Written::Yes);
    assert_eq!(write(other, beside).await, Written::ConditionFailed);
    assert_eq!(store.get_payout_methods(&tenant, &partner()).await.expect("store"), second);
    assert_eq!(store.list_audit(&tenant, &PayoutMethods::aggregate(&partner())).await.expect("store").len(), 2);
    let foreign = TenantKey::from(&TenantId::from_ulid(2_u128.into()));
    assert_eq!(store.get_payout_methods(&foreign, &partner()).await.expect("store"), PayoutMethods::default());
}

#[tokio::test]
async fn the_key_of_hashes_is_made_once() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    assert_eq!(store.get_fingerprint_key(&tenant).await.expect("store"), None);
    assert_eq!(store.create_fingerprint_key(&tenant, "one").await.expect("store"), Written::Yes);
    assert_eq!(store.create_fingerprint_key(&tenant, "two").await.expect("store"), Written::ConditionFailed);
    assert_eq!(store.get_fingerprint_key(&tenant).await.expect("store").as_deref(), Some("one"));
}
