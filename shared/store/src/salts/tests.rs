use domain::time::Timestamp;

use crate::{Store, Tables};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

#[tokio::test]
async fn the_first_salt_of_a_day_is_everybodys_and_another_day_has_another() {
    let (store, _database) = store().await;
    let (morning, evening) = (at("2026-11-21T00:00:00Z"), at("2026-11-21T23:59:59Z"));
    assert_eq!(store.salt_of_day(morning, [1; 32]).await.expect("store"), [1; 32]);
    assert_eq!(store.salt_of_day(evening, [2; 32]).await.expect("store"), [1; 32]);
    assert_eq!(store.salt_of_day(at("2026-11-22T00:00:00Z"), [3; 32]).await.expect("store"), [3; 32]);
}

#[tokio::test]
async fn of_processes_that_begin_a_day_together_all_get_one_salt() {
    let (store, _database) = store().await;
    let now = at("2026-11-21T00:00:00Z");
    let salts = futures::future::join_all((1..=8).map(|n| store.salt_of_day(now, [n; 32]))).await;
    let salts: Vec<_> = salts.into_iter().map(|salt| salt.expect("store")).collect();
    assert!(salts.iter().all(|salt| *salt == salts[0]), "{salts:?}");
}

#[tokio::test]
async fn a_salt_is_deleted_48_hours_after_its_day_began_and_not_before() {
    // TRK-3
    let (store, _database) = store().await;
    let day = at("2026-11-21T13:00:00Z");
    store.salt_of_day(day, [1; 32]).await.expect("store");
    assert_eq!(store.delete_old_salts(at("2026-11-22T23:59:59Z")).await.expect("store"), 0);
    assert_eq!(store.salt_of_day(day, [2; 32]).await.expect("store"), [1; 32]);
    assert_eq!(store.delete_old_salts(at("2026-11-23T00:00:00Z")).await.expect("store"), 1);
    assert_eq!(store.delete_old_salts(at("2026-11-23T00:00:00Z")).await.expect("store"), 0);
    assert_eq!(store.salt_of_day(day, [2; 32]).await.expect("store"), [2; 32], "the first is gone for good");
}
