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

fn of_partner(n: u128) -> KeptUser {
    kept(n, Position::Partner { partner_id: PartnerId::from_ulid(7_u128.into()) })
}

#[tokio::test]
async fn of_thirty_invited_at_once_as_many_sign_in_for_a_partner_as_may() {
    // POR-3
    let store = store().await;
    for n in 0..15 {
        assert_eq!(store.create_user(&here(), &of_partner(n)).await.expect("store"), UserCreated::Yes);
    }
    // Whoever was taken away makes room, also from the newest.
    let disabled = Wanted { position: None, state: Some(UserState::Disabled) };
    assert_eq!(change(&store, &of_partner(14), &disabled).await, UserChanged::Yes);
    let tries = (100..130).map(|n| {
        let store = store.clone();
        async move { store.create_user(&here(), &of_partner(n)).await }
    });
    let all = futures::future::join_all(tries).await;
    let count = |wanted: UserCreated| all.iter().filter(|made| made.as_ref().is_ok_and(|made| *made == wanted)).count();
    // A store that lost its race too often says so, and makes nobody.
    let lost = all.iter().filter(|made| made.is_err()).count();
    assert_eq!(count(UserCreated::Yes) + count(UserCreated::TooMany) + lost, 30);
    let partner = PartnerId::from_ulid(7_u128.into());
    let page = store.list_partner_users(&here(), &partner, None, 100).await.expect("store");
    let active = page.items.iter().filter(|kept| kept.user.state == UserState::Active).count();
    assert_eq!(active, 14 + count(UserCreated::Yes));
    assert_eq!(active, domain::user::PARTNER_USERS_MAX);
    let again = store.create_user(&here(), &of_partner(0)).await.expect("store");
    assert_eq!(again, UserCreated::AddressTaken, "who is one of the twenty is not one too many");
}

/// POR-15: however many come at once, from elsewhere and by invitation.
#[tokio::test]
async fn of_many_who_are_moved_and_invited_at_once_as_many_sign_in_for_a_partner_as_may() {
    let store = store().await;
    for n in 0..15 {
        assert_eq!(store.create_user(&here(), &of_partner(n)).await.expect("store"), UserCreated::Yes);
    }
    let partner = PartnerId::from_ulid(7_u128.into());
    for n in 50..58 {
        store.create_user(&here(), &kept(n, Position::Support)).await.expect("store");
    }
    let moved = (50..58).map(|n| {
        let (store, partner) = (store.clone(), partner.clone());
        async move {
            let before = kept(n, Position::Support);
            let wanted = Wanted { position: Some(of_partner(n).user.position), state: None };
            let by = UserId::from_ulid(99_u128.into());
            let changed = before.user.clone().change(&wanted, &by, Timestamp::UNIX_EPOCH).expect("allowed");
            assert_eq!(changed.user.comes_to(&before.user), Some(&partner));
            let after = KeptUser { user: changed.user, ..before };
            store.replace_joining_user(&here(), (&after, changed.admins), &partner).await.is_ok()
        }
    });
    let invited = (100..108).map(|n| {
        let store = store.clone();
        async move { store.create_user(&here(), &of_partner(n)).await.is_ok() }
    });
    futures::join!(futures::future::join_all(moved), futures::future::join_all(invited));
    let page = store.list_partner_users(&here(), &partner, None, 100).await.expect("store");
    assert_eq!(page.items.len(), domain::user::PARTNER_USERS_MAX);
}

#[tokio::test]
async fn nobody_is_invited_for_a_partner_who_leaves() {
    let store = store().await;
    let (partner, at) = (PartnerId::from_ulid(7_u128.into()), Timestamp::UNIX_EPOCH);
    store.begin_leaving(&here(), &partner, at).await.expect("store");
    assert_eq!(store.create_user(&here(), &of_partner(1)).await.expect("store"), UserCreated::PartnerGone);
    // Nor does anybody come to it who was there before.
    let sue = kept(2, Position::Support);
    store.create_user(&here(), &sue).await.expect("store");
    let moved = Wanted { position: Some(of_partner(2).user.position), state: None };
    assert_eq!(change(&store, &sue, &moved).await, UserChanged::PartnerGone);
    store.stop_leaving(&here(), &partner, at).await.expect("store");
    assert_eq!(change(&store, &sue, &moved).await, UserChanged::Yes);
    assert_eq!(store.create_user(&here(), &of_partner(1)).await.expect("store"), UserCreated::Yes);
}

/// PAY-4: those who may approve are all named, however many people of partners there are, and each time by few questions.
#[tokio::test]
async fn the_active_admins_are_found_among_however_many_users_by_three_questions() {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let store = Store::new(database.client.clone(), tables);
    let named = || async { store.list_active_admins(&here()).await.expect("store") };
    assert_eq!(named().await, []);
    let (first, last) = (kept(1, Position::Admin), kept(2_000, Position::Admin));
    store.create_user(&here(), &first).await.expect("store");
    for n in 2..300 {
        store.create_user(&here(), &kept(n, Position::Support)).await.expect("store");
    }
    store.create_user(&here(), &last).await.expect("store");
    let before = database.requests();
    assert_eq!(named().await, [last.user.id.clone(), first.user.id.clone()]);
    assert_eq!(database.requests() - before, 3, "the count, the entries, and the users behind them");
    assert_eq!(
        change(&store, &first, &Wanted { state: Some(UserState::Disabled), ..Wanted::default() }).await,
        UserChanged::Yes
    );
    assert_eq!(named().await, [last.user.id]);
    let elsewhere = TenantKey::from(&TenantId::from_ulid(2_u128.into()));
    assert_eq!(store.list_active_admins(&elsewhere).await.expect("store"), []);
}

/// An admin of before there was a list: without an entry, and counted.
async fn forget(store: &Store, user: &KeptUser) {
    let entry = request::delete_existing(&store.tables.core, &here().admin_listed(&user.user.id)).expect("a delete");
    store.put_alone(entry, "forgetting an admin").await.expect("store");
}

#[tokio::test]
async fn admins_of_before_there_was_a_list_are_looked_for_once_and_listed() {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let store = Store::new(database.client.clone(), tables);
    let (old, new) = (kept(1, Position::Admin), kept(400, Position::Admin));
    store.create_user(&here(), &old).await.expect("store");
    forget(&store, &old).await;
    for n in 2..300 {
        store.create_user(&here(), &kept(n, Position::Support)).await.expect("store");
    }
    store.create_user(&here(), &new).await.expect("store");
    for (looked, questions) in [("the first time", 6), ("from then on", 3)] {
        let before = database.requests();
        let named = store.list_active_admins(&here()).await.expect("store");
        assert_eq!(named, [new.user.id.clone(), old.user.id.clone()], "{looked}");
        assert_eq!(database.requests() - before, questions, "{looked}");
    }
    // One who is none any more has an entry that says nothing.
    let support = Wanted { position: Some(Position::Support), state: None };
    assert_eq!(change(&store, &old, &support).await, UserChanged::Yes);
    store
        .put_alone(store.admin_entry(&here(), &old.user.id, 1).expect("an entry").expect("one"), "x")
        .await
        .expect("store");
    assert_eq!(store.list_active_admins(&here()).await.expect("store"), [new.user.id]);
}

/// The law of the list: after any story it names those whom a walk over all users finds.
#[tokio::test]
async fn after_any_story_the_list_of_admins_is_what_a_walk_over_all_users_finds() {
    for seed in 1..=12_u64 {
        let (store, mut random) = (store().await, seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut next = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let mut users: Vec<KeptUser> = Vec::new();
        for step in 0..40_u128 {
            let position = if next(2) == 0 { Position::Admin } else { Position::Auditor };
            if users.is_empty() || next(3) == 0 {
                let user = kept(step + 1, position);
                store.create_user(&here(), &user).await.expect("store");
                // Some were made by a function that knew no list.
                if user.user.is_active_admin() && next(4) == 0 {
                    forget(&store, &user).await;
                }
                users.push(user);
            } else {
                let n = usize::try_from(next(users.len() as u64)).expect("small");
                let state = if next(3) == 0 { UserState::Disabled } else { UserState::Active };
                step_of(&store, &mut users[n], (next(5), &Wanted { position: Some(position), state: Some(state) }))
                    .await;
            }
            let walked = store.walked_admins(&here(), usize::MAX).await.expect("store");
            assert_eq!(store.list_active_admins(&here()).await.expect("store"), walked, "seed {seed}, step {step}");
        }
    }
}

/// A user is changed, or erased; whoever is the last admin stays.
async fn step_of(store: &Store, user: &mut KeptUser, (what, wanted): (u64, &Wanted)) {
    let (by, at) = (UserId::from_ulid(99_u128.into()), Timestamp::UNIX_EPOCH);
    let wanted = if what == 0 { &Wanted { state: Some(UserState::Disabled), position: None } } else { wanted };
    let changed = user.user.clone().change(wanted, &by, at).expect("allowed");
    let after = KeptUser { user: changed.user, ..user.clone() };
    let is_written = if what == 0 {
        let asked = crate::privacy::Asked { at, by: by.to_string() };
        store.erase_user(&here(), (user, &after), &asked).await.expect("store") == crate::Written::Yes
    } else {
        store.replace_user(&here(), &after, changed.admins).await.expect("store") == UserChanged::Yes
    };
    if is_written {
        *user = after;
    }
}
