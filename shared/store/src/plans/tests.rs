use domain::currency::Currency;
use domain::id::TenantId;
use domain::money::Money;
use domain::plan::PlanTier;
use domain::subscription::{Every, Interval};
use domain::time::Timestamp;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn plan(n: u128) -> Plan {
    Plan {
        id: PlanId::from_ulid(n.into()),
        name: format!("Plan {n}"),
        currency: Currency::USD,
        is_tax_inclusive: n.is_multiple_of(2),
        product: "prod_1".to_owned(),
        tiers: vec![PlanTier {
            name: "basic".to_owned(),
            amount: Money::from_minor(9_900, Currency::USD),
            every: Every { interval: Interval::Month, count: 1 },
            trial_days: Some(14),
            price: "price_1".to_owned(),
        }],
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_plan_is_made_once_and_the_same_again_is_the_one_that_is_there() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    for _ in 0..2 {
        assert_eq!(store.create_plan(&tenant, &plan(1)).await.expect("store"), Written::Yes);
    }
    let other = Plan { name: "Another".to_owned(), ..plan(1) };
    assert_eq!(store.create_plan(&tenant, &other).await.expect("store"), Written::ConditionFailed);
    assert_eq!(store.get_plan(&tenant, &plan(1).id).await.expect("store"), Some(plan(1)));
}

#[tokio::test]
async fn plans_are_listed_page_by_page_and_only_their_tenants() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    for n in 1..=5 {
        store.create_plan(&tenant, &plan(n)).await.expect("store");
    }
    let mut seen = Vec::new();
    let mut after = None;
    for _ in 0..4 {
        let page = store.list_plans(&tenant, after.as_ref(), 2).await.expect("store");
        seen.extend(page.items.into_iter().map(|plan| plan.name));
        let Some(next) = page.next else { break };
        after = Some(PlanId::parse(&next).expect("an id"));
    }
    assert_eq!(seen, ["Plan 1", "Plan 2", "Plan 3", "Plan 4", "Plan 5"]);
    let foreign = TenantKey::from(&TenantId::from_ulid(2_u128.into()));
    assert!(store.list_plans(&foreign, None, 10).await.expect("store").items.is_empty());
    assert_eq!(store.get_plan(&foreign, &plan(1).id).await.expect("store"), None);
}
