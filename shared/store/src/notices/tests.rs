use domain::id::{NoticeId, TenantId};
use jiff::SignedDuration;

use super::{NoticeClaim, NoticeClaimed, NoticeOutcome, NoticeRecorded};
use crate::{Store, Tables, TenantKey};

async fn store() -> Store {
    let database = testkit::database().await;
    Store::new(database.client, Tables { core: database.core, clicks: database.clicks, ops: database.ops })
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

/// A claim of a run, `minutes` after nine.
fn claim(run: &str, minutes: i64) -> NoticeClaim {
    let nine: jiff::Timestamp = "2026-09-14T09:00:00Z".parse().expect("instant");
    let at = nine + SignedDuration::from_mins(minutes);
    NoticeClaim {
        notice: NoticeId::of(&TenantId::default_tenant(), "payout_approved", "pay_1"),
        kind: "payout_approved".into(),
        subject: "pay_1".into(),
        run: run.into(),
        at,
        lease_until: at + SignedDuration::from_mins(2),
        forgotten_at: at + SignedDuration::from_hours(90 * 24),
    }
}

fn sent() -> NoticeOutcome {
    NoticeOutcome::Sent { message_id: "m-1".into() }
}

#[tokio::test]
async fn a_notice_is_claimed_by_one_run_at_a_time() {
    let store = store().await;
    assert_eq!(store.create_notice_claim(&tenant(), &claim("a", 0)).await.expect("answer"), NoticeClaimed::Yes);
    assert_eq!(
        store.create_notice_claim(&tenant(), &claim("b", 1)).await.expect("answer"),
        NoticeClaimed::AnotherIsSending
    );
}

#[tokio::test]
async fn the_same_run_claiming_again_holds_its_claim() {
    let store = store().await;
    for _ in 0..2 {
        assert_eq!(store.create_notice_claim(&tenant(), &claim("a", 0)).await.expect("answer"), NoticeClaimed::Yes);
    }
}

#[tokio::test]
async fn a_sent_notice_is_done_for_ever() {
    let store = store().await;
    store.create_notice_claim(&tenant(), &claim("a", 0)).await.expect("answer");
    let recorded = store.record_notice(&tenant(), &claim("a", 0), &sent(), claim("a", 0).at).await.expect("answer");
    assert_eq!(recorded, NoticeRecorded::Yes);
    assert_eq!(store.create_notice_claim(&tenant(), &claim("b", 60)).await.expect("answer"), NoticeClaimed::Done);
    let known = store.get_notice(&tenant(), &claim("a", 0).notice).await.expect("answer").expect("a notice");
    assert_eq!((known.state.as_str(), known.message_id.as_deref()), ("sent", Some("m-1")));
}

#[tokio::test]
async fn a_skipped_notice_is_done_too() {
    let store = store().await;
    store.create_notice_claim(&tenant(), &claim("a", 0)).await.expect("answer");
    let skipped = NoticeOutcome::Skipped { why: "no e-mail address" };
    store.record_notice(&tenant(), &claim("a", 0), &skipped, claim("a", 0).at).await.expect("answer");
    assert_eq!(store.create_notice_claim(&tenant(), &claim("b", 60)).await.expect("answer"), NoticeClaimed::Done);
}

#[tokio::test]
async fn a_lease_that_is_over_is_taken_over_and_the_late_run_learns_of_it() {
    let store = store().await;
    store.create_notice_claim(&tenant(), &claim("a", 0)).await.expect("answer");
    assert_eq!(store.create_notice_claim(&tenant(), &claim("b", 2)).await.expect("answer"), NoticeClaimed::Yes);
    let late = store.record_notice(&tenant(), &claim("a", 0), &sent(), claim("a", 3).at).await.expect("answer");
    assert_eq!(late, NoticeRecorded::TakenOver);
}

#[tokio::test]
async fn a_notice_that_was_given_back_is_free_at_once() {
    let store = store().await;
    store.create_notice_claim(&tenant(), &claim("a", 0)).await.expect("answer");
    store.replace_notice_lease(&tenant(), &claim("a", 0)).await.expect("answer");
    assert_eq!(store.create_notice_claim(&tenant(), &claim("b", 0)).await.expect("answer"), NoticeClaimed::Yes);
}
