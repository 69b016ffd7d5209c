//! Settings over a database in memory.

use domain::audit::{Actor, AuditEntry, ChainEnd, Deed, append};
use domain::fraud::policy::Policy;
use domain::id::TenantId;
use domain::role::Role;

use super::*;
use crate::Tables;

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn entry(end: ChainEnd, aggregate: &str) -> AuditEntry {
    let actor = Actor::new(Role::Admin, "usr_ada");
    let at = "2026-09-01T00:00:00Z".parse().expect("instant");
    append(end, aggregate, Deed { at, actor, action: "settings.set", old: Default::default(), new: Default::default() })
}

fn named(name: &str, version: u64) -> KeptSettings {
    let general = TenantSettings { name: name.to_owned(), ..TenantSettings::default() };
    KeptSettings { general, version, ..KeptSettings::default() }
}

#[tokio::test]
async fn settings_are_set_in_the_version_that_was_seen_and_by_nobody_else() {
    let (store, _database) = store().await;
    assert_eq!(store.get_kept_settings(&tenant()).await.expect("reads"), KeptSettings::default());
    let first = entry(ChainEnd::START, "settings");
    assert_eq!(store.replace_settings(&tenant(), &named("Acme", 0), &first).await.expect("writes"), Written::Yes);
    assert_eq!(store.get_kept_settings(&tenant()).await.expect("reads"), named("Acme", 1));
    assert_eq!(store.get_tenant_settings(&tenant()).await.expect("reads").name, "Acme");
    let second = entry(first.end(), "settings");
    for (late, told) in [(named("Late", 0), &second), (named("Late", 2), &second), (named("Late", 1), &first)] {
        let written = store.replace_settings(&tenant(), &late, told).await.expect("answers");
        assert_eq!(written, Written::ConditionFailed, "{late:?}");
    }
    assert_eq!(store.get_kept_settings(&tenant()).await.expect("reads"), named("Acme", 1));
}

#[tokio::test]
async fn settings_and_points_of_fraud_lie_together_and_neither_loses_the_other() {
    let (store, _database) = store().await;
    let policy = Policy { quick_sale_seconds: 44, ..Policy::default() };
    let told = entry(ChainEnd::START, "risk_policy");
    store.replace_risk_policy(&tenant(), &policy, &told).await.expect("writes");
    assert_eq!(store.get_kept_settings(&tenant()).await.expect("reads"), KeptSettings::default());
    let zone = Zone::parse("Europe/Berlin").expect("a zone");
    let kept = KeptSettings { ledger_zone: zone.clone(), four_eyes_above: 50, ..named("Acme", 0) };
    store.replace_settings(&tenant(), &kept, &entry(ChainEnd::START, "settings")).await.expect("writes");
    let all = store.get_settings(&tenant()).await.expect("reads");
    assert_eq!((all.risk, all.ledger_zone, all.four_eyes_above), (policy, zone, 50));
}

#[tokio::test]
async fn a_tenant_is_created_once_with_its_settings_and_its_trail() {
    let (store, _database) = store().await;
    let id = TenantId::from_ulid(7_u128.into());
    let (keys, at) = (TenantKey::from(&id), "2026-09-01T00:00:00Z".parse().expect("instant"));
    let told = entry(ChainEnd::START, id.as_str());
    assert_eq!(store.create_tenant(&keys, &named("Birch", 0), at, &told).await.expect("writes"), Written::Yes);
    let again = store.create_tenant(&keys, &named("Other", 0), at, &told).await.expect("answers");
    assert_eq!(again, Written::ConditionFailed);
    assert_eq!(store.get_kept_settings(&keys).await.expect("reads"), named("Birch", 1));
    assert_eq!(store.list_audit(&keys, id.as_str()).await.expect("reads"), [told]);
    assert_eq!(store.list_tenants().await.expect("reads"), [TenantId::default_tenant(), id.clone()]);
    let found = store.get_registered_tenant(&keys).await.expect("reads");
    assert_eq!(found.map(|found| (found.id, found.created_at)), Some((id, Some(at))));
    let unknown = TenantKey::from(&TenantId::from_ulid(8_u128.into()));
    assert_eq!(store.get_registered_tenant(&unknown).await.expect("reads"), None);
}
