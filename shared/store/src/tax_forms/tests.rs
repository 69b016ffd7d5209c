use domain::audit::{Actor, ChainEnd, append};
use domain::role::Role;
use domain::tax::Given;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn partner() -> PartnerId {
    PartnerId::from_ulid(7_u128.into())
}

fn submitted(before: Option<&TaxForm>, end: ChainEnd, country: &str) -> (TaxForm, AuditEntry) {
    let by = Actor::new(Role::Partner, "par_7");
    let given = Given {
        kind: FormKind::W8ben,
        classification: None,
        tin: None,
        tin_fingerprint: None,
        content_fingerprint: Some(domain::digest::Digest::of_bytes(b"what it says")),
        country: country.to_owned(),
        signed_on: BusinessDay::parse("2026-01-01").expect("a day"),
        sealed: "sealed".to_owned(),
        under: country.to_owned(),
    };
    let step = TaxForm::submit(before, given, by, Timestamp::UNIX_EPOCH);
    let entry = append(end, &TaxForm::aggregate(&partner()), step.deed);
    (step.form, entry)
}

#[tokio::test]
async fn a_form_gives_way_to_another_once_and_is_kept_behind_it() {
    let (store, tenant) = (store().await, TenantKey::from(&TenantId::default_tenant()));
    let partner = partner();
    assert_eq!(store.get_tax_form(&tenant, &partner).await.expect("store"), None);
    let (first, told) = submitted(None, ChainEnd::START, "DE");
    let written = store.replace_tax_form(&tenant, &partner, None, &first, &told).await.expect("store");
    assert_eq!(written, Written::Yes);
    let (second, told) = submitted(Some(&first), told.end(), "AT");
    for expected in [Written::Yes, Written::ConditionFailed] {
        let written = store.replace_tax_form(&tenant, &partner, Some(&first), &second, &told).await.expect("store");
        assert_eq!(written, expected);
    }
    assert_eq!(store.get_tax_form(&tenant, &partner).await.expect("store"), Some(second));
    let kept: Option<TaxFormItem> =
        store.get(&store.tables.core, &tenant.tax_form_before(&partner, 1), "reading").await.expect("store");
    assert_eq!(kept.map(TaxForm::from), Some(first));
    let foreign = TenantKey::from(&TenantId::from_ulid(2_u128.into()));
    assert_eq!(store.get_tax_form(&foreign, &partner).await.expect("store"), None);
}
