use domain::id::TenantId;
use ulid::Ulid;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn managed(partner: u128, from: &str) -> Managed {
    Managed {
        partner: PartnerId::from_ulid(Ulid::from(partner)),
        program: ProgramId::from_ulid(Ulid::from(1_u128)),
        customer: PaymentKey::parse("stripe:cus_1").expect("key"),
        from: from.parse().expect("instant"),
        until: None,
    }
}

#[tokio::test]
async fn a_customer_on_a_list_is_the_partners_and_leaves_it_by_a_day() {
    // COM-17
    let store = store().await;
    let listed = managed(1, "2026-11-01T00:00:00Z");
    assert_eq!(store.record_managed(&tenant(), &listed).await.expect("listed"), Written::Yes);
    assert_eq!(store.list_managed(&tenant(), &listed.partner).await.expect("read"), std::slice::from_ref(&listed));
    let left = Managed { until: Some("2026-11-15T00:00:00Z".parse().expect("instant")), ..listed };
    assert_eq!(store.record_managed(&tenant(), &left).await.expect("left"), Written::Yes);
    assert_eq!(store.list_managed(&tenant(), &left.partner).await.expect("read"), std::slice::from_ref(&left));
    let customer = store.get_customer(&tenant(), &left.customer).await.expect("read").expect("there");
    let at = |text: &str| customer.assigned_at(text.parse().expect("instant")).is_some();
    assert!(at("2026-11-14T23:59:59Z") && !at("2026-11-15T00:00:00Z"));
    assert_eq!(customer.version, 2);
}
