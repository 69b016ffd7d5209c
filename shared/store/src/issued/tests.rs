//! Subjects of another issuer over a database in memory.

use domain::id::{SessionId, TenantId};
use futures::future::join_all;
use jiff::SignedDuration;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client, tables)
}

fn here() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn session(user: u128, n: u128) -> Session {
    let at = Timestamp::from_second(60).expect("an instant");
    Session {
        id: SessionId::from_ulid(n.into()),
        user: UserId::from_ulid(user.into()),
        epoch: 0,
        hash: Digest::of_bytes(&n.to_be_bytes()),
        previous: None,
        form_salt: Digest::ZERO,
        program: "Firefox on Linux".to_owned(),
        created_at: at,
        seen_at: at,
        idle_until: at + SignedDuration::from_hours(12),
        absolute_until: at + SignedDuration::from_hours(24),
        second_factor_at: None,
        ended_at: None,
    }
}

fn issued(subject: &str, token: &str, is_first: bool) -> Issued {
    let until = Timestamp::from_second(600).expect("an instant");
    Issued { subject: Digest::of_bytes(subject.as_bytes()), token: Digest::of_bytes(token.as_bytes()), until, is_first }
}

#[tokio::test]
async fn of_many_who_use_one_token_at_once_one_signs_in() {
    let store = store().await;
    let token = issued("ada", "t1", true);
    let sessions: Vec<Session> = (1..=20).map(|n| session(1, n)).collect();
    let tenant = here();
    let told = join_all(sessions.iter().map(|session| store.begin_issued_session(&tenant, &token, session))).await;
    let begun = told.into_iter().filter(|one| matches!(one, Ok(IssuedSession::Begun))).count();
    assert_eq!(begun, 1);
    assert_eq!(store.list_sessions_of(&here(), &UserId::from_ulid(1_u128.into())).await.expect("store").len(), 1);
}

#[tokio::test]
async fn a_subject_and_a_user_are_tied_once_and_to_nobody_else() {
    let store = store().await;
    let begin = async |token: Issued, user: u128, n: u128| {
        store.begin_issued_session(&here(), &token, &session(user, n)).await.expect("store")
    };
    assert_eq!(begin(issued("ada", "t1", true), 1, 1).await, IssuedSession::Begun);
    assert_eq!(begin(issued("ada", "t1", true), 1, 2).await, IssuedSession::Used);
    assert_eq!(begin(issued("ada", "t2", false), 1, 3).await, IssuedSession::Begun);
    // Another subject that the issuer gave the same address, and the same subject for another user.
    assert_eq!(begin(issued("eve", "t3", true), 1, 4).await, IssuedSession::TiedOtherwise);
    assert_eq!(begin(issued("ada", "t4", true), 2, 5).await, IssuedSession::TiedOtherwise);
    assert_eq!(begin(issued("ada", "t5", false), 2, 6).await, IssuedSession::TiedOtherwise);
    let ada = Digest::of_bytes(b"ada");
    assert_eq!(store.find_user_of_subject(&here(), &ada).await.expect("store"), Some(UserId::from_ulid(1_u128.into())));
    let others = TenantKey::from(&TenantId::from_ulid(9_u128.into()));
    assert_eq!(store.find_user_of_subject(&others, &ada).await.expect("store"), None);
}
