use domain::id::TenantId;

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

fn attempt(run: &str, body: &str, at: &str) -> Attempt {
    let at: Timestamp = at.parse().expect("instant");
    Attempt {
        key_hash: Digest::of_bytes(b"k"),
        fingerprint: Digest::of_bytes(body.as_bytes()),
        run: run.to_owned(),
        at,
        lease_until: at + SignedDuration::from_secs(60),
    }
}

fn run_of(first: &Attempt) -> Claimed {
    Claimed::Run { first_at: first.at }
}

fn answer() -> SealedAnswer {
    SealedAnswer(vec![0, 1, 255])
}

#[tokio::test]
async fn each_attempt_finds_what_the_first_left_behind() {
    let (store, _database) = store().await;
    let first = attempt("r1", "a", "2026-09-01T00:00:00Z");
    let claimed = |attempt: Attempt| {
        let store = &store;
        async move { store.create_idempotent_run(&tenant(), &attempt).await.expect("store") }
    };
    assert_eq!(claimed(first.clone()).await, run_of(&first));
    assert_eq!(claimed(first.clone()).await, run_of(&first), "its own name is on it");
    let soon = "2026-09-01T00:00:59Z";
    assert_eq!(claimed(attempt("r2", "a", soon)).await, Claimed::Running);
    assert_eq!(claimed(attempt("r2", "b", soon)).await, Claimed::AnotherRequest);
    let late = "2026-09-01T00:01:00Z";
    assert_eq!(claimed(attempt("r3", "b", late)).await, Claimed::AnotherRequest);
    let third = attempt("r3", "a", late);
    assert_eq!(claimed(third.clone()).await, run_of(&first), "the first run's lease is over, and its instant stays");

    let answered = |by: Attempt| {
        let store = &store;
        async move { store.record_idempotent_answer(&tenant(), &by, &answer()).await.expect("store") }
    };
    answered(first).await;
    assert_eq!(claimed(attempt("r4", "a", late)).await, Claimed::Running, "the first lost its claim");
    answered(third.clone()).await;
    answered(third.clone()).await;
    store.release_idempotent_run(&tenant(), &third).await.expect("store");
    let next_day = "2026-09-02T00:00:59Z";
    assert_eq!(claimed(attempt("r5", "a", next_day)).await, Claimed::Answered(answer()));
    let forgotten = "2026-09-02T00:01:00Z";
    let sixth = attempt("r6", "b", forgotten);
    assert_eq!(claimed(sixth.clone()).await, run_of(&sixth), "after a day the key is free for another request");
}

#[tokio::test]
async fn a_claim_that_is_given_back_is_free_at_once() {
    let (store, _database) = store().await;
    let first = attempt("r1", "a", "2026-09-01T00:00:00Z");
    store.create_idempotent_run(&tenant(), &first).await.expect("store");
    for _ in 0..2 {
        store.release_idempotent_run(&tenant(), &first).await.expect("store");
    }
    let again = attempt("r2", "a", "2026-09-01T00:00:01Z");
    let claimed = store.create_idempotent_run(&tenant(), &again).await.expect("store");
    assert!(matches!(claimed, Claimed::Run { .. }));
}

#[tokio::test]
async fn what_a_run_did_behind_one_that_was_refused_is_dated_by_itself() {
    let (store, _database) = store().await;
    let first = attempt("r1", "a", "2026-09-01T00:00:00Z");
    store.create_idempotent_run(&tenant(), &first).await.expect("store");
    store.delete_idempotent_run(&tenant(), &first).await.expect("store");
    let second = attempt("r2", "a", "2026-09-01T20:00:00Z");
    let claimed = store.create_idempotent_run(&tenant(), &second).await.expect("store");
    assert_eq!(claimed, run_of(&second));
    // The first is told of its refusal once more, and takes nothing from the second.
    store.delete_idempotent_run(&tenant(), &first).await.expect("store");
    store.record_idempotent_answer(&tenant(), &second, &answer()).await.expect("store");
    store.delete_idempotent_run(&tenant(), &second).await.expect("store");
    let third =
        store.create_idempotent_run(&tenant(), &attempt("r3", "a", "2026-09-01T20:00:01Z")).await.expect("store");
    assert_eq!(third, Claimed::Answered(answer()), "an answer that is kept stays");
}

#[tokio::test]
async fn a_claim_whose_answer_got_lost_is_still_ours() {
    let (store, database) = store().await;
    // The write is done, its answer is lost, and the SDK's retry meets our own item.
    database.fail_next(1, testkit::Fault::LoseAnswer);
    let first = attempt("r1", "a", "2026-09-01T00:00:00Z");
    let claimed = store.create_idempotent_run(&tenant(), &first).await.expect("store");
    assert!(matches!(claimed, Claimed::Run { .. }));
}
