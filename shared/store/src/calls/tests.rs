//! Calls counted over a database in memory.

use domain::id::TenantId;
use futures::future::join_all;

use super::*;
use crate::Tables;

const THREE_A_MINUTE: Allowance = Allowance { kind: "user", calls_max: 3, window_s: 60 };

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn tenant(n: u128) -> TenantKey {
    TenantKey::from(&TenantId::from_ulid(n.into()))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

#[tokio::test]
async fn a_window_has_so_many_calls_and_each_says_how_many_are_left() {
    let (store, _database) = store().await;
    let allowed = |left| Counted::Allowed { left };
    let other = Allowance { kind: "approvals", ..THREE_A_MINUTE };
    let (first, late) = ("2026-09-01T12:00:00Z", "2026-09-01T12:00:59.999Z");
    for (tenant_n, who, allowance, now, expected) in [
        (1, "usr_1", THREE_A_MINUTE, first, allowed(2)),
        (1, "usr_1", THREE_A_MINUTE, first, allowed(1)),
        (1, "usr_1", THREE_A_MINUTE, late, allowed(0)),
        (1, "usr_1", THREE_A_MINUTE, late, Counted::TooMany),
        (1, "usr_1", other, late, allowed(2)),
        (1, "usr_2", THREE_A_MINUTE, late, allowed(2)),
        (2, "usr_1", THREE_A_MINUTE, late, allowed(2)),
        (1, "usr_1", THREE_A_MINUTE, "2026-09-01T12:01:00Z", allowed(2)),
    ] {
        let counted = store.record_call(&tenant(tenant_n), who, &allowance, at(now)).await.expect("store");
        assert_eq!(counted, expected, "{tenant_n} {who} {} {now}", allowance.kind);
    }
}

#[tokio::test]
async fn of_a_thousand_calls_at_once_exactly_the_allowed_pass() {
    let (store, _database) = store().await;
    let hundred = Allowance { kind: "user", calls_max: 100, window_s: 900 };
    let (tenant, now) = (tenant(1), at("2026-09-01T12:00:00Z"));
    let calls = (0..1_000).map(|_| store.record_call(&tenant, "usr_1", &hundred, now));
    let counted: Vec<_> = join_all(calls).await.into_iter().map(|call| call.expect("store")).collect();
    let mut left: Vec<u32> = counted
        .iter()
        .filter_map(|call| match call {
            Counted::Allowed { left } => Some(*left),
            Counted::TooMany => None,
        })
        .collect();
    left.sort_unstable();
    assert_eq!(left, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_call_costs_one_write_unit() {
    let (store, database) = store().await;
    let one = Allowance { calls_max: 1, ..THREE_A_MINUTE };
    database.reset_units();
    let counted = store.record_call(&tenant(1), "usr_1", &one, at("2026-09-01T12:00:00Z")).await;
    assert_eq!(counted.expect("store"), Counted::Allowed { left: 0 });
    assert_eq!(database.reset_units().write_hundredths, 100);
    // A refused write costs as much, and its answer says nothing of units: so each process remembers who has used theirs up.
    let counted = store.record_call(&tenant(1), "usr_1", &one, at("2026-09-01T12:00:00Z")).await;
    assert_eq!(counted.expect("store"), Counted::TooMany);
}

#[test]
fn every_second_lies_in_exactly_one_window() {
    for window_s in [1, 7, 60, 900] {
        let allowance = Allowance { kind: "user", calls_max: 1, window_s };
        let length = i64::from(window_s);
        for second in (0..4_000).chain(1_790_000_000..1_790_002_000) {
            let (began, left) = allowance.window(Timestamp::from_second(second).expect("an instant"));
            assert!(began % length == 0 && began <= second && second < began + length, "{window_s} {second}");
            assert_eq!(second + i64::from(left), began + length, "{window_s} {second}");
        }
    }
}
