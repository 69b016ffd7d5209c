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

#[tokio::test]
async fn of_two_partners_who_are_to_have_one_customer_at_once_one_has_them_and_the_other_has_no_row() {
    // COM-17
    let store = store().await;
    let place = tenant();
    let (one, two) = (managed(1, "2026-11-01T00:00:00Z"), managed(2, "2026-11-01T00:00:00Z"));
    for _ in 0..8 {
        let both = tokio::join!(store.record_managed(&place, &one), store.record_managed(&place, &two));
        let written = [both.0.expect("an answer"), both.1.expect("an answer")];
        let won = written.iter().filter(|written| **written == Written::Yes).count();
        assert_eq!(won, 1, "{written:?}");
        let (winner, loser) = if written[0] == Written::Yes { (&one, &two) } else { (&two, &one) };
        assert_eq!(store.get_rival(&tenant(), loser).await.expect("read").as_ref(), Some(&winner.partner));
        let rows = store.list_managed(&tenant(), &loser.partner).await.expect("read");
        assert!(rows.iter().all(|row| row.until.is_some()), "{rows:?}");
        // Nor does whoever lost take them off the other's list.
        let off = Managed { until: Some(loser.from), ..loser.clone() };
        assert_eq!(store.record_managed(&tenant(), &off).await.expect("an answer"), Written::ConditionFailed);
        let left = Managed { until: Some(winner.from), ..winner.clone() };
        assert_eq!(store.record_managed(&tenant(), &left).await.expect("left"), Written::Yes);
    }
}
