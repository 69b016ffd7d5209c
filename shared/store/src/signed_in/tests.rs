//! Sessions over a database in memory.

use domain::id::TenantId;
use futures::future::join_all;

use super::*;
use crate::Tables;
use crate::sign_in::SignInLink;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client, tables)
}

fn here() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(n * 60).expect("an instant")
}

fn user() -> UserId {
    UserId::from_ulid(1_u128.into())
}

fn session(n: u128, at: Timestamp) -> Session {
    Session {
        id: SessionId::from_ulid(n.into()),
        user: user(),
        epoch: 0,
        hash: Digest::of_bytes(&n.to_be_bytes()),
        previous: None,
        form_salt: Digest::ZERO,
        program: "Firefox on Linux".to_owned(),
        created_at: at,
        seen_at: at,
        idle_until: at + SignedDuration::from_hours(12),
        absolute_until: at + SignedDuration::from_hours(30 * 24),
        second_factor_at: None,
        ended_at: None,
    }
}

async fn given_link(store: &Store) -> Digest {
    let hash = Digest::of_bytes(b"link");
    let link = SignInLink {
        user: user(),
        hash,
        token_sealed: Some("sealed".to_owned()),
        asked_at: minute(0),
        expires_at: minute(15),
    };
    store.record_sign_in_link(&here(), &link).await.expect("store");
    hash
}

#[tokio::test]
async fn of_fifty_who_use_a_link_at_once_one_signs_in() {
    let store = store().await;
    let link = given_link(&store).await;
    let tries = (0..50_u128).map(|n| {
        let store = store.clone();
        async move { store.begin_session(&here(), &link, &session(n, minute(1))).await.expect("store") }
    });
    let won = join_all(tries).await.into_iter().filter(|outcome| *outcome == Written::Yes).count();
    assert_eq!(won, 1);
    assert_eq!(store.list_sessions_of(&here(), &user()).await.expect("store").len(), 1);
    let link = store.get_sign_in_link(&here(), &user(), &link).await.expect("store").expect("there");
    assert_eq!(link.token_sealed, None, "the sealed token goes with the use");
}

#[tokio::test]
async fn a_link_opens_until_its_end_and_not_at_it() {
    for (at, expected) in [(minute(14), Written::Yes), (minute(15), Written::ConditionFailed)] {
        let store = store().await;
        let link = given_link(&store).await;
        assert_eq!(store.begin_session(&here(), &link, &session(1, at)).await.expect("store"), expected, "{at}");
        let there = store.get_session(&here(), (&user(), &session(1, at).id)).await.expect("store");
        assert_eq!(there.is_some(), expected == Written::Yes);
    }
}

#[tokio::test]
async fn a_rotated_session_is_known_by_its_new_text_and_for_a_moment_by_the_old() {
    let store = store().await;
    let link = given_link(&store).await;
    let old = session(1, minute(0));
    store.begin_session(&here(), &link, &old).await.expect("store");
    let new_hash = Digest::of_bytes(b"new");
    let rotation = Rotation {
        hash: new_hash,
        grace_until: minute(2),
        idle_until: minute(800),
        second_factor_at: Some(minute(1)),
        at: minute(1),
    };
    assert_eq!(store.rotate_session(&here(), &old, &rotation).await.expect("store"), Written::Yes);
    // A second refresh with the old text changes nothing: of two at once one wins.
    assert_eq!(store.rotate_session(&here(), &old, &rotation).await.expect("store"), Written::ConditionFailed);
    let now = store.get_session(&here(), (&user(), &old.id)).await.expect("store").expect("there");
    assert!(now.counts_for(&new_hash, minute(1)) && now.counts_for(&old.hash, minute(1)));
    assert!(now.counts_for(&new_hash, minute(2)) && !now.counts_for(&old.hash, minute(2)));
    assert!(!now.counts_for(&Digest::ZERO, minute(1)));
    assert_eq!((now.second_factor_at, now.form_salt), (Some(minute(1)), old.form_salt));
}

#[tokio::test]
async fn a_session_ends_by_rest_by_age_and_by_hand_and_is_not_woken() {
    let store = store().await;
    let link = given_link(&store).await;
    let begun = session(1, minute(0));
    store.begin_session(&here(), &link, &begun).await.expect("store");
    assert!(begun.counts_for(&begun.hash, minute(719)) && !begun.counts_for(&begun.hash, minute(720)));
    let later = (minute(700), minute(1_400));
    assert_eq!(store.record_session_seen(&here(), &begun, later).await.expect("store"), Written::Yes);
    let seen = store.get_session(&here(), (&user(), &begun.id)).await.expect("store").expect("there");
    assert!(seen.counts_for(&begun.hash, minute(720)));
    let too_late = (minute(1_400), minute(9_000));
    assert_eq!(store.record_session_seen(&here(), &begun, too_late).await.expect("store"), Written::ConditionFailed);
    let (id, other) = (begun.id.clone(), SessionId::from_ulid(2_u128.into()));
    assert_eq!(store.end_session(&here(), (&user(), &id), minute(701)).await.expect("store"), Written::Yes);
    for id in [&id, &other] {
        let again = store.end_session(&here(), (&user(), id), minute(702)).await.expect("store");
        assert_eq!(again, Written::ConditionFailed);
    }
    let ended = store.get_session(&here(), (&user(), &id)).await.expect("store").expect("there");
    assert!(!ended.counts_for(&begun.hash, minute(702)));
    assert_eq!(store.record_session_seen(&here(), &begun, later).await.expect("store"), Written::ConditionFailed);
}

/// The numbers of a seed.
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// POR-3: whoever uses a link of a seed's user, when and how many at once as the seed says: it opens once, for its own user,
/// before its end, whenever anybody rightly uses it.
async fn opens_once(store: &Store, seed: u64) -> bool {
    let (mut dice, own) = (Dice::of(seed), UserId::from_ulid(u128::from(seed + 100).into()));
    let hash = Digest::of_bytes(&seed.to_be_bytes());
    let token_sealed = Some("sealed".to_owned());
    let link = SignInLink { user: own.clone(), hash, token_sealed, asked_at: minute(0), expires_at: minute(15) };
    store.record_sign_in_link(&here(), &link).await.expect("store");
    let (mut begun, mut may_begin, mut at) = (0, false, 0);
    for round in 0..5_u64 {
        at += i64::try_from(dice.below(6)).expect("small");
        let tries = (0..=dice.below(3)).map(|n| {
            let is_own = dice.below(4) > 0;
            may_begin |= is_own && at < 15;
            let user = if is_own { own.clone() } else { UserId::from_ulid(u128::from(seed + 200_100).into()) };
            let id = u128::from(seed * 1_000 + round * 10 + n);
            Session { user, ..session(id, minute(at)) }
        });
        let tries: Vec<Session> = tries.collect();
        let tenant = here();
        let all = join_all(tries.iter().map(|session| store.begin_session(&tenant, &hash, session))).await;
        for (session, outcome) in tries.iter().zip(all) {
            let is_begun = outcome.expect("store") == Written::Yes;
            begun += usize::from(is_begun);
            if is_begun && (session.user != own || at >= 15) {
                return false;
            }
        }
    }
    let there = store.list_sessions_of(&here(), &own).await.expect("store").len();
    begun == usize::from(may_begin) && there == begun
}

#[tokio::test]
async fn a_link_opens_once_for_its_own_user_before_its_end_whoever_uses_it_when() {
    let store = store().await;
    for seed in 0..60 {
        assert!(opens_once(&store, seed).await, "seed {seed}");
    }
}

/// The mistakes that this law is about.
#[cfg(feature = "planted")]
#[tokio::test]
async fn what_is_planted_in_the_use_of_a_link_is_found_within_a_thousand_stories() {
    use domain::planted::{Bug, plant};
    for bug in [Bug::LinkOpensAgain, Bug::LinkOpensPastItsEnd] {
        let store = store().await;
        plant(Some(bug));
        let mut found = false;
        for seed in 0..1_000 {
            found = !opens_once(&store, seed).await;
            if found {
                break;
            }
        }
        plant(None);
        assert!(found, "{bug:?}");
    }
}

#[test]
fn a_session_shows_nothing_that_opens() {
    let shown = format!("{:?}", session(1, minute(0)));
    assert!(!shown.contains(&Digest::of_bytes(&1_u128.to_be_bytes()).to_string()), "{shown}");
}
