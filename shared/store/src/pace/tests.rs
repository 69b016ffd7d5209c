//! The pace of keys over a database in memory.

use domain::id::TenantId;

use super::*;
use crate::Tables;

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn key(n: u128) -> KeyId {
    KeyId::from_ulid(n.into())
}

#[tokio::test]
async fn a_key_goes_so_often_within_a_minute_and_again_in_the_next() {
    let (store, _database) = store().await;
    let tenants = [TenantId::default_tenant(), TenantId::from_ulid(2_u128.into())].map(|id| TenantKey::from(&id));
    for (tenant, id, at, expected) in [
        (0, 1, "2026-09-01T12:00:00Z", Pace::Go),
        (0, 1, "2026-09-01T12:00:01.5Z", Pace::Go),
        (0, 1, "2026-09-01T12:00:15Z", Pace::Wait(45)),
        (0, 1, "2026-09-01T12:00:59.999Z", Pace::Wait(1)),
        (0, 2, "2026-09-01T12:00:59Z", Pace::Go),
        (1, 1, "2026-09-01T12:00:59Z", Pace::Go),
        (0, 1, "2026-09-01T12:01:00Z", Pace::Go),
    ] {
        let at = at.parse().expect("an instant");
        let pace = store.record_use(&tenants[tenant], &key(id), at, 2).await.expect("store");
        assert_eq!(pace, expected, "{tenant} {id} {at}");
    }
}

#[tokio::test]
async fn each_use_that_goes_costs_one_write_unit() {
    let (store, database) = store().await;
    let tenant = TenantKey::from(&TenantId::default_tenant());
    let at = "2026-09-01T12:00:00Z".parse().expect("an instant");
    for _ in 0..2 {
        database.reset_units();
        store.record_use(&tenant, &key(1), at, 2).await.expect("store");
        assert_eq!(database.reset_units().write_hundredths, 100);
    }
}
