use domain::digest::Digest;
use domain::id::TenantId;
use domain::time::BusinessDay;

use super::{RawEvent, RawEventPlace, RawEventRecorded};
use crate::{Store, Tables, TenantKey};

fn place() -> RawEventPlace {
    let day = BusinessDay::new(2026, 9, 3).expect("a day");
    RawEventPlace { provider: "stripe".to_owned(), day, event_id: "evt_1".to_owned() }
}

fn event(body: &[u8]) -> RawEvent {
    RawEvent {
        kind: "invoice.paid".to_owned(),
        hash: Digest::of_bytes(body),
        sealed: body.to_vec(),
        received_at: "2026-09-03T07:00:00.123Z".parse().expect("a time"),
        expires_at: "2026-10-03T07:00:00Z".parse().expect("a time"),
    }
}

async fn store() -> (Store, TenantKey, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let tenant = TenantKey::from(&TenantId::default_tenant());
    (Store::new(database.client.clone(), tables), tenant, database)
}

#[tokio::test]
async fn an_event_is_new_once_and_already_seen_after_that() {
    let (store, tenant, _database) = store().await;
    assert_eq!(store.get_raw_event(&tenant, &place()).await.expect("reads"), None);
    for expected in [RawEventRecorded::New, RawEventRecorded::AlreadySeen, RawEventRecorded::AlreadySeen] {
        assert_eq!(store.record_raw_event(&tenant, &place(), &event(b"one")).await.expect("records"), expected);
    }
    assert_eq!(store.get_raw_event(&tenant, &place()).await.expect("reads"), Some(event(b"one")));
}

#[tokio::test]
async fn another_body_under_the_same_id_is_stored_beside_the_first() {
    let (store, tenant, _database) = store().await;
    let beside = RawEventPlace { event_id: format!("evt_1#{}", &event(b"two").hash.to_hex()[..8]), ..place() };
    store.record_raw_event(&tenant, &place(), &event(b"one")).await.expect("records");
    for _ in 0..2 {
        let answer = store.record_raw_event(&tenant, &place(), &event(b"two")).await.expect("records");
        assert_eq!(answer, RawEventRecorded::OtherBody(beside.clone()));
    }
    assert_eq!(store.get_raw_event(&tenant, &place()).await.expect("reads"), Some(event(b"one")));
    assert_eq!(store.get_raw_event(&tenant, &beside).await.expect("reads"), Some(event(b"two")));
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_already_seen_and_not_a_conflict() {
    let (store, tenant, database) = store().await;
    database.fail_next(1, testkit::Fault::LoseAnswer);
    let answer = store.record_raw_event(&tenant, &place(), &event(b"one")).await.expect("records");
    assert_eq!(answer, RawEventRecorded::AlreadySeen);
}

#[tokio::test]
async fn an_event_of_six_hundred_packed_bytes_is_one_write_unit() {
    let (store, tenant, database) = store().await;
    database.reset_units();
    // 184 bytes of wrapped key, 31 of seal and header.
    store.record_raw_event(&tenant, &place(), &event(&[7; 600 + 184 + 31])).await.expect("records");
    assert_eq!(database.reset_units().write_hundredths, 100);
}

#[test]
fn a_place_is_read_back_from_what_a_message_says() {
    let place = place();
    assert_eq!(place.day_text(), "20260903");
    assert_eq!(RawEventPlace::parse("stripe", &place.day_text(), "evt_1"), Some(place));
    for day in ["", "2026", "20261341", "2026-9-3", "2026090é"] {
        assert_eq!(RawEventPlace::parse("stripe", day, "evt_1"), None, "{day}");
    }
}
