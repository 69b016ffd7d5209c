use domain::id::TenantId;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn buyer(provider: &str, version: u64) -> BillingCustomer {
    let provider = PaymentKey::parse(provider).expect("a key");
    BillingCustomer {
        id: CustomerId::of(&provider),
        provider,
        email_sealed: "sealed".to_owned(),
        name_sealed: None,
        place: Jurisdiction::parse("DE", None).ok(),
        tax: TaxStanding::Business,
        card: None,
        created_at: Timestamp::UNIX_EPOCH,
        written_by: "01J".to_owned(),
        version,
    }
}

#[tokio::test]
async fn a_change_of_a_version_that_has_changed_is_refused() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    let first = buyer("stripe:cus_1", 1);
    assert_eq!(store.create_buyer(&tenant, &first).await.expect("store"), Written::Yes);
    assert_eq!(store.create_buyer(&tenant, &first).await.expect("store"), Written::ConditionFailed);
    let second = BillingCustomer { tax: TaxStanding::Exempt, version: 2, ..first.clone() };
    assert_eq!(store.replace_buyer(&tenant, &second).await.expect("store"), Written::Yes);
    let late = BillingCustomer { tax: TaxStanding::Consumer, version: 2, ..first };
    assert_eq!(store.replace_buyer(&tenant, &late).await.expect("store"), Written::ConditionFailed);
    assert_eq!(store.get_buyer(&tenant, &second.id).await.expect("store"), Some(second));
}

#[tokio::test]
async fn customers_are_listed_by_their_tenant_alone() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    for n in 0..3 {
        store.create_buyer(&tenant, &buyer(&format!("stripe:cus_{n}"), 1)).await.expect("store");
    }
    let first = store.list_buyers(&tenant, None, 2).await.expect("store");
    let behind = CustomerId::parse(first.next.as_deref().expect("another page")).expect("an id");
    let second = store.list_buyers(&tenant, Some(&behind), 2).await.expect("store");
    assert_eq!((first.items.len(), second.items.len(), second.next), (2, 1, None));
    let foreign = TenantKey::from(&TenantId::from_ulid(2_u128.into()));
    assert!(store.list_buyers(&foreign, None, 10).await.expect("store").items.is_empty());
}

#[test]
fn what_is_sealed_is_not_shown() {
    assert!(!format!("{:?}", buyer("stripe:cus_1", 1)).contains("\"sealed\""));
}
