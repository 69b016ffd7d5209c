use std::collections::BTreeMap;

use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::id::TenantId;
use domain::rate::Rate;
use domain::role::Role;
use domain::sales_tax::{Stacking, TaxBehavior};
use domain::time::{BusinessDay, Timestamp};

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn rate(country: &str, region: Option<&str>, from: &str) -> TaxRate {
    TaxRate {
        place: Jurisdiction::parse(country, region).expect("a place"),
        name: "VAT".to_owned(),
        rate: Rate::parse("0.19").expect("a rate"),
        behavior: TaxBehavior::Exclusive,
        has_reverse_charge: true,
        stacking: Stacking::InsteadOfCountry,
        from: BusinessDay::parse(from).expect("a day"),
    }
}

fn told(rate: &TaxRate) -> AuditEntry {
    let actor = Actor::new(Role::Admin, "usr_ada");
    let (old, new) = (BTreeMap::new(), BTreeMap::new());
    let deed = Deed { at: Timestamp::UNIX_EPOCH, actor, action: "tax_rate.stored", old, new };
    append(ChainEnd::START, rate.id().as_str(), deed)
}

#[tokio::test]
async fn a_rate_of_a_place_and_a_day_is_stored_once() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    let first = rate("DE", None, "2007-01-01");
    assert_eq!(store.create_tax_rate(&tenant, &first, &told(&first)).await.expect("store"), Written::Yes);
    let other = TaxRate { rate: Rate::parse("0.2").expect("a rate"), ..first.clone() };
    assert_eq!(store.create_tax_rate(&tenant, &other, &told(&other)).await.expect("store"), Written::ConditionFailed);
    assert_eq!(store.get_tax_rate_like(&tenant, &other).await.expect("store"), Some(first));
}

#[tokio::test]
async fn a_country_has_its_own_rates_and_its_regions_and_nobody_elses() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    for rate in [
        rate("DE", None, "2020-07-01"),
        rate("DE", None, "2007-01-01"),
        rate("US", Some("NY"), "2010-01-01"),
        rate("US", Some("WA"), "2010-01-01"),
    ] {
        store.create_tax_rate(&tenant, &rate, &told(&rate)).await.expect("store");
    }
    let of = async |country: &str| {
        let place = Jurisdiction::parse(country, None).expect("a place");
        let found = store.list_tax_rates_of(&tenant, &place).await.expect("store");
        found.iter().map(|rate| format!("{} {}", rate.place, rate.from)).collect::<Vec<_>>()
    };
    assert_eq!(of("DE").await, ["DE 2007-01-01", "DE 2020-07-01"]);
    assert_eq!(of("US").await, ["US-NY 2010-01-01", "US-WA 2010-01-01"]);
    let page = store.list_tax_rates(&tenant, None, 3).await.expect("store");
    let rest = store.list_tax_rates(&tenant, page.next.as_deref(), 3).await.expect("store");
    assert_eq!((page.items.len(), rest.items.len(), rest.next), (3, 1, None));
    let foreign = TenantKey::from(&TenantId::from_ulid(2_u128.into()));
    assert!(store.list_tax_rates(&foreign, None, 10).await.expect("store").items.is_empty());
}
