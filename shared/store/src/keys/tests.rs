use domain::currency::Currency;
use domain::line::{Origin, Place};

use super::*;

fn account() -> Account {
    Account { partner: PartnerId::from_ulid(7_u128.into()), currency: Currency::USD }
}

#[test]
fn lines_between_takes_the_last_slot_in_and_leaves_the_first_out() {
    let tenant = TenantKey::from(&TenantId::default_tenant());
    let slot = |text: &str| Slot::parse(text).expect("slot");
    let sale = Origin::Sale(SaleId::from_ulid(u128::MAX.into()));
    let sk = |text: &str| tenant.line(&account(), Place::Slot(slot(text)), &sale, 9999).sk;
    let (from, to) = TenantKey::lines_between(&account(), Some(slot("261120.00")), slot("261121.00"));
    let inside = |sk: &str| from.as_str() <= sk && sk <= to.as_str();
    assert!(!inside(&sk("261120.00")));
    assert!(inside(&sk("261120.01")));
    assert!(inside(&sk("261121.00")));
    assert!(!inside(&sk("261121.01")));
    assert!(!inside(&tenant.line(&account(), Place::Held, &sale, 1).sk));
}

#[test]
fn the_keys_of_two_tenants_never_meet() {
    let one = TenantKey::from(&TenantId::default_tenant());
    let two = TenantKey::from(&TenantId::from_ulid(1_u128.into()));
    let sale = SaleId::from_ulid(7_u128.into());
    assert_ne!(one.sale(&sale).pk, two.sale(&sale).pk);
    assert!(one.sale(&sale).pk.starts_with(one.tenant().as_str()));
    assert_ne!(one.live(&account()).pk, two.live(&account()).pk);
}
