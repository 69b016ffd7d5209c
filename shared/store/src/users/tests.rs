//! Users over a database in memory.

use domain::id::{PartnerId, TenantId};
use domain::time::Timestamp;
use domain::user::{Position, UserState, Wanted};

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

fn kept(n: u128, position: Position) -> KeptUser {
    let user = User {
        id: UserId::from_ulid(n.into()),
        position,
        state: UserState::Active,
        email: Digest::of_bytes(&n.to_be_bytes()),
        epoch: 0,
        version: 1,
        created_at: Timestamp::UNIX_EPOCH,
        changed_at: Timestamp::UNIX_EPOCH,
    };
    KeptUser { user, email_sealed: "sealed".to_owned(), name_sealed: String::new() }
}

async fn change(store: &Store, kept: &KeptUser, wanted: &Wanted) -> UserChanged {
    let by = UserId::from_ulid(99_u128.into());
    let changed = kept.user.clone().change(wanted, &by, Timestamp::UNIX_EPOCH).expect("allowed");
    let new = KeptUser { user: changed.user, ..kept.clone() };
    store.replace_user(&here(), &new, changed.admins).await.expect("store")
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_address_in_its_own_tenant_alone() {
    let store = store().await;
    let ada = kept(1, Position::Admin);
    assert_eq!(store.create_user(&here(), &ada).await.expect("store"), UserCreated::Yes);
    assert_eq!(store.create_user(&here(), &ada).await.expect("store"), UserCreated::AddressTaken);
    assert_eq!(store.get_user(&here(), &ada.user.id).await.expect("store"), Some(ada.clone()));
    assert_eq!(store.find_user(&here(), &ada.user.email).await.expect("store"), Some(ada.user.id.clone()));
    let elsewhere = TenantKey::from(&TenantId::from_ulid(2_u128.into()));
    assert_eq!(store.get_user(&elsewhere, &ada.user.id).await.expect("store"), None);
    assert_eq!(store.find_user(&elsewhere, &ada.user.email).await.expect("store"), None);
}

#[tokio::test]
async fn two_users_never_have_one_address() {
    let store = store().await;
    let ada = kept(1, Position::Admin);
    let mut other = kept(2, Position::Support);
    other.user.email = ada.user.email;
    store.create_user(&here(), &ada).await.expect("store");
    assert_eq!(store.create_user(&here(), &other).await.expect("store"), UserCreated::AddressTaken);
    assert_eq!(store.get_user(&here(), &other.user.id).await.expect("store"), None);
}

#[tokio::test]
async fn the_first_admin_is_made_once_whatever_becomes_of_the_first() {
    let store = store().await;
    let first = kept(1, Position::Admin);
    assert_eq!(store.create_first_admin(&here(), &first).await.expect("store"), UserCreated::Yes);
    store.create_user(&here(), &kept(2, Position::Admin)).await.expect("store");
    let disabled = Wanted { state: Some(UserState::Disabled), position: None };
    assert_eq!(change(&store, &first, &disabled).await, UserChanged::Yes);
    let again = kept(3, Position::Admin);
    assert_eq!(store.create_first_admin(&here(), &again).await.expect("store"), UserCreated::FirstAdminWasMade);
}

#[tokio::test]
async fn two_admins_who_remove_one_another_at_once_do_not_both_succeed() {
    // POR-3
    for (no, wanted) in [
        Wanted { state: Some(UserState::Disabled), position: None },
        Wanted { position: Some(Position::Auditor), state: None },
        Wanted { position: Some(Position::Partner { partner_id: PartnerId::from_ulid(1_u128.into()) }), state: None },
    ]
    .into_iter()
    .enumerate()
    {
        let store = store().await;
        let (ada, bob) = (kept(1, Position::Admin), kept(2, Position::Admin));
        store.create_user(&here(), &ada).await.expect("store");
        store.create_user(&here(), &bob).await.expect("store");
        let (one, other) = tokio::join!(change(&store, &ada, &wanted), change(&store, &bob, &wanted));
        let mut both = [one, other];
        both.sort_by_key(|outcome| *outcome == UserChanged::Yes);
        assert_eq!(both, [UserChanged::LastAdmin, UserChanged::Yes], "{no}");
    }
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused() {
    let store = store().await;
    let sue = kept(1, Position::Support);
    store.create_user(&here(), &sue).await.expect("store");
    let auditor = Wanted { position: Some(Position::Auditor), state: None };
    assert_eq!(change(&store, &sue, &auditor).await, UserChanged::Yes);
    assert_eq!(change(&store, &sue, &auditor).await, UserChanged::ChangedMeanwhile);
}

#[tokio::test]
async fn users_are_listed_newest_first_page_by_page() {
    let store = store().await;
    for n in 1..=5 {
        store.create_user(&here(), &kept(n, Position::Support)).await.expect("store");
    }
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..4 {
        let page = store.list_users(&here(), after.as_ref(), 2).await.expect("store");
        seen.extend(page.items.into_iter().map(|kept| kept.user.id));
        match page.next {
            Some(next) => after = Some(UserId::parse(&next).expect("an id")),
            None => break,
        }
    }
    let expected: Vec<UserId> = (1..=5_u128).rev().map(|n| UserId::from_ulid(n.into())).collect();
    assert_eq!(seen, expected);
}
