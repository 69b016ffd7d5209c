//! Reviews and marks over a database in memory.

use domain::audit::{Actor, ChainEnd, append};
use domain::fraud::marks::{Mark, MarkKind, Session};
use domain::fraud::policy::Policy;
use domain::fraud::review::{Deciding, Review, Step, Verdict};
use domain::fraud::{Reason, Signal};
use domain::id::{PartnerId, ReviewId, TenantId};
use domain::role::Role;
use domain::time::Timestamp;
use domain::touch::{DeviceHash, VisitorHash};

use super::*;
use crate::{Store, Tables, TenantKey, Written};

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn partner(n: u128) -> PartnerId {
    PartnerId::from_ulid(n.into())
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn review(n: u128, reason: Reason, minute: u32) -> Review {
    let opened_at = at(&format!("2026-11-21T10:{minute:02}:00Z"));
    let signals: Vec<Signal> = Policy::default().signal(reason, "").into_iter().collect();
    Review::of_partner(&partner(n), "2026-11", signals, opened_at).expect("noticed")
}

fn decided(review: &Review, verdict: Verdict, by: &str) -> Step {
    let by = Actor::new(Role::Admin, by);
    let deciding = Deciding {
        verdict,
        suspends: false,
        reason: "looked".to_owned(),
        told_partner: None,
        by,
        at: at("2026-11-23T09:00:00Z"),
    };
    review.clone().decide(deciding).expect("undecided")
}

async fn decide(store: &Store, before: &StoredReview, verdict: Verdict, by: &str) -> SaleWritten {
    let step = decided(&before.review, verdict, by);
    let entry = append(ChainEnd::START, step.review.id.as_str(), step.deed);
    let decided = DecidedReview { before, after: &step.review, entry: &entry, sale: None, suspended: &[] };
    store.decide_review(&tenant(), &decided).await.expect("answers")
}

async fn ids_in(store: &Store, state: &str) -> Vec<ReviewId> {
    let page = store.list_reviews(&tenant(), state, 10, None).await.expect("lists");
    page.items.into_iter().map(|stored| stored.review.id).collect()
}

#[tokio::test]
async fn a_review_is_opened_once_and_read_back_whole() {
    let (store, _database) = store().await;
    let review = review(1, Reason::DuplicatePartner, 0);
    assert_eq!(store.create_review(&tenant(), &review).await.expect("writes"), Written::Yes);
    assert_eq!(store.create_review(&tenant(), &review).await.expect("answers"), Written::ConditionFailed);
    let stored = store.get_review(&tenant(), &review.id).await.expect("reads").expect("is there");
    assert_eq!((stored.review.clone(), stored.version), (review.clone(), 1));
    assert_eq!(ids_in(&store, "open").await, std::slice::from_ref(&review.id));
    assert_eq!(store.list_stops(&tenant(), &partner(1)).await.expect("reads"), [review.id]);
    assert_eq!(store.list_stops(&tenant(), &partner(2)).await.expect("reads"), []);
}

#[tokio::test]
async fn reviews_are_listed_by_state_newest_first_and_page_by_page() {
    let (store, _database) = store().await;
    let reviews: Vec<Review> =
        (1..=5).map(|n| review(n, Reason::DuplicatePartner, u32::try_from(n).expect("small"))).collect();
    for review in &reviews {
        store.create_review(&tenant(), review).await.expect("writes");
    }
    store.create_review(&tenant(), &review(9, Reason::Velocity, 9)).await.expect("writes");
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.list_reviews(&tenant(), "open", 2, after.as_ref()).await.expect("lists");
        seen.extend(page.items.into_iter().map(|stored| stored.review));
        match page.next {
            Some(next) => after = Some(ReviewPlace::parse(&next).expect("a place")),
            None => break,
        }
    }
    assert_eq!(seen, reviews.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(ids_in(&store, "watching").await.len(), 1);
    let other = TenantKey::from(&TenantId::from_ulid(1_u128.into()));
    assert_eq!(store.list_reviews(&other, "open", 10, None).await.expect("lists").items, []);
    for bad in ["", "x", "~", "2026~rsk_1", "~rsk_00000000000000000000000001"] {
        assert_eq!(ReviewPlace::parse(bad), None, "{bad}");
    }
}

#[tokio::test]
async fn of_two_who_decide_what_they_have_read_one_wins() {
    let (store, _database) = store().await;
    let review = review(1, Reason::DuplicatePartner, 0);
    store.create_review(&tenant(), &review).await.expect("writes");
    let read = store.get_review(&tenant(), &review.id).await.expect("reads").expect("is there");
    assert_eq!(decide(&store, &read, Verdict::Release, "usr_ada").await, SaleWritten::Yes);
    assert_eq!(decide(&store, &read, Verdict::Reject, "usr_bob").await, SaleWritten::AlreadySeen);
    assert_eq!(ids_in(&store, "released").await, std::slice::from_ref(&review.id));
    assert_eq!((ids_in(&store, "open").await, ids_in(&store, "rejected").await), (vec![], vec![]));
    // What it stopped goes on, and the trail has one entry: nothing of the second decision is written.
    assert_eq!(store.list_stops(&tenant(), &partner(1)).await.expect("reads"), []);
    let trail = store.list_audit(&tenant(), review.id.as_str()).await.expect("lists");
    assert_eq!(trail.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["risk.released"]);
}

#[tokio::test]
async fn watching_keeps_what_is_stopped() {
    let (store, _database) = store().await;
    let review = review(1, Reason::DuplicatePartner, 0);
    store.create_review(&tenant(), &review).await.expect("writes");
    let read = store.get_review(&tenant(), &review.id).await.expect("reads").expect("is there");
    assert_eq!(decide(&store, &read, Verdict::Watch, "usr_ada").await, SaleWritten::Yes);
    assert_eq!(store.list_stops(&tenant(), &partner(1)).await.expect("reads"), [review.id]);
}

#[tokio::test]
async fn a_graver_review_takes_the_place_of_the_one_that_was_read() {
    let (store, _database) = store().await;
    let mild = review(1, Reason::Velocity, 0);
    store.create_review(&tenant(), &mild).await.expect("writes");
    let read = store.get_review(&tenant(), &mild.id).await.expect("reads").expect("is there");
    assert_eq!(store.list_stops(&tenant(), &partner(1)).await.expect("reads"), []);
    let grave = review(1, Reason::RefundRate, 0);
    assert_eq!(store.replace_review(&tenant(), &read, &grave).await.expect("writes"), Written::Yes);
    assert_eq!(store.replace_review(&tenant(), &read, &grave).await.expect("answers"), Written::ConditionFailed);
    assert_eq!(store.list_stops(&tenant(), &partner(1)).await.expect("reads"), std::slice::from_ref(&grave.id));
    assert_eq!((ids_in(&store, "open").await, ids_in(&store, "watching").await), (vec![grave.id], vec![]));
}

#[tokio::test]
async fn marks_are_recorded_any_number_of_times_and_find_their_partners() {
    let (store, _database) = store().await;
    let email = Mark { kind: MarkKind::Email, digest: domain::email::digest("pat@partner.example").expect("digest") };
    let card = Mark::of_fingerprint(MarkKind::Card, "card");
    let now = at("2026-11-21T10:00:00Z");
    for _ in 0..2 {
        store.record_marks(&tenant(), &partner(1), &[email, card], now).await.expect("records");
    }
    store.record_marks(&tenant(), &partner(2), &[email], now).await.expect("records");
    store.record_marks(&tenant(), &partner(3), &[], now).await.expect("records nothing");
    let mut marks = store.list_marks(&tenant(), &partner(1)).await.expect("lists");
    marks.sort();
    assert_eq!(marks, [email, card]);
    assert_eq!(store.list_marked(&tenant(), &email).await.expect("lists"), [partner(1), partner(2)]);
    assert_eq!(store.list_marked(&tenant(), &card).await.expect("lists"), [partner(1)]);
    let other = TenantKey::from(&TenantId::from_ulid(1_u128.into()));
    assert_eq!(store.list_marked(&other, &email).await.expect("lists"), []);
}

#[tokio::test]
async fn where_a_partner_worked_from_is_forgotten_after_its_time_whenever_the_table_does() {
    let (store, _database) = store().await;
    let worked_at = at("2026-11-21T10:00:00Z");
    let expires_at = at("2026-11-23T10:00:00Z");
    let device = DeviceHash::parse("0123456789abcdef");
    let with = Session::of(worked_at, VisitorHash::from_bytes([1; 8]), device);
    let without = Session::of(worked_at, VisitorHash::from_bytes([2; 8]), None);
    for session in [&with, &without, &with] {
        store.record_session(&tenant(), &partner(1), session, expires_at).await.expect("records");
    }
    let now = at("2026-11-23T09:59:59Z");
    assert_eq!(store.list_sessions(&tenant(), &partner(1), now).await.expect("lists"), [with, without]);
    assert_eq!(store.list_sessions(&tenant(), &partner(1), expires_at).await.expect("lists"), []);
    assert_eq!(store.list_sessions(&tenant(), &partner(2), now).await.expect("lists"), []);
}

#[tokio::test]
async fn points_are_kept_in_the_settings_and_the_trail_says_who_set_them() {
    let (store, _database) = store().await;
    assert_eq!(store.get_settings(&tenant()).await.expect("reads").risk, Policy::default());
    let policy = Policy { points: [(Reason::QuickSale, 44)].into(), ..Policy::default() };
    let by = Actor::new(Role::Admin, "usr_ada");
    let deed = domain::audit::Deed {
        at: at("2026-11-21T10:00:00Z"),
        actor: by,
        action: "risk.policy_set",
        old: std::collections::BTreeMap::new(),
        new: std::collections::BTreeMap::from([("policy".to_owned(), policy.to_json())]),
    };
    let entry = append(ChainEnd::START, "risk_policy", deed);
    assert_eq!(store.replace_risk_policy(&tenant(), &policy, &entry).await.expect("writes"), Written::Yes);
    let again = store.replace_risk_policy(&tenant(), &Policy::default(), &entry).await.expect("answers");
    assert_eq!(again, Written::ConditionFailed, "another set them meanwhile");
    let settings = store.get_settings(&tenant()).await.expect("reads");
    assert_eq!((settings.risk, settings.ledger_zone.name()), (policy, "UTC"));
}
