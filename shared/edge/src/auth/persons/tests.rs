use domain::digest::Digest;
use domain::id::TenantId;
use domain::user::{Position, User};
use http::{HeaderMap, HeaderValue, Method};
use store::users::{KeptUser, UserCreated};

use super::*;
use crate::auth::tests::{given, store};
use crate::clock::Clock;
use crate::telemetry::Secret;

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn user(position: Position, state: UserState, n: u128) -> KeptUser {
    let at = "2026-09-01T00:00:00Z".parse().expect("instant");
    let user = User {
        id: UserId::from_ulid(n.into()),
        position,
        state,
        email: Digest::of_bytes(&n.to_be_bytes()),
        epoch: 0,
        version: 1,
        created_at: at,
        changed_at: at,
    };
    KeptUser { user, email_sealed: "sealed".to_owned(), name_sealed: String::new() }
}

/// Who comes with a key, by a process that remembers nothing.
async fn who(store: &store::Store, key: &Secret<String>) -> Option<Role> {
    let clock = Clock::fixed("2026-09-01T00:00:00Z".parse().expect("instant"));
    let value = HeaderValue::try_from(format!("Bearer {}", key.reveal())).expect("a header");
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
    let caller = Gate::new(store.clone(), clock).caller(&Method::GET, "/v1/risk", &headers).await;
    caller.ok().map(|caller| caller.role)
}

#[tokio::test]
async fn a_shells_key_does_what_its_user_may_and_nothing_once_they_may_nothing() {
    // POR-3
    let (store, _database) = store().await;
    for (n, position, state, key, expected) in [
        (1, Position::Admin, UserState::Active, Role::Admin, Some(Role::Admin)),
        (2, Position::Auditor, UserState::Active, Role::Admin, Some(Role::Auditor)),
        (3, Position::Admin, UserState::Active, Role::Support, Some(Role::Support)),
        (4, Position::Support, UserState::Active, Role::FinanceManager, None),
        (5, Position::Admin, UserState::Disabled, Role::Admin, None),
    ] {
        let kept = user(position, state, u128::from(n));
        assert_eq!(store.create_user(&tenant(), &kept).await.expect("store"), UserCreated::Yes);
        let key = given(&store, key, kept.user.id.as_str(), n).await;
        assert_eq!(who(&store, &key).await, expected, "{n}");
    }
}

#[tokio::test]
async fn a_key_that_names_nobody_who_is_known_does_what_it_says() {
    let (store, _database) = store().await;
    let unknown = UserId::from_ulid(9_u128.into());
    let key = given(&store, Role::Admin, unknown.as_str(), 9).await;
    assert_eq!(who(&store, &key).await, Some(Role::Admin));
}

#[test]
fn what_two_roles_may_both_is_never_more_than_either() {
    assert_eq!(lower(Role::Admin, Role::Partner), None);
    assert_eq!(lower(Role::FinanceManager, Role::Support), None);
    assert_eq!(lower(Role::FinanceManager, Role::Auditor), Some(Role::Auditor));
    for one in Role::ALL {
        for other in Role::ALL {
            assert_eq!(lower(one, other), lower(other, one), "{one} {other}");
        }
    }
}
