//! Sign-in links over a database in memory; their use is told with sessions.

use domain::time::Timestamp;
use jiff::SignedDuration;

use super::*;
use crate::Tables;

async fn store() -> (Store, testkit::Database) {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    (Store::new(database.client.clone(), tables), database)
}

fn link(n: u8) -> SignInLink {
    SignInLink {
        user: UserId::from_ulid(1_u128.into()),
        hash: Digest::of_bytes(&[n]),
        token_sealed: Some("sealed".to_owned()),
        asked_at: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(15),
    }
}

#[tokio::test]
async fn a_link_is_found_by_its_own_hash_and_by_no_other_and_only_by_its_tenant() {
    let (store, _database) = store().await;
    let here = TenantKey::from(&TenantId::default_tenant());
    let known = link(1);
    assert_eq!(store.record_sign_in_link(&here, &known).await.expect("store"), Written::Yes);
    assert_eq!(store.record_sign_in_link(&here, &known).await.expect("store"), Written::ConditionFailed);
    assert_eq!(store.get_sign_in_link(&here, &known.user, &known.hash).await.expect("store"), Some(known.clone()));
    for n in 2..40 {
        let other = store.get_sign_in_link(&here, &known.user, &link(n).hash).await.expect("store");
        assert_eq!(other, None, "{n}");
    }
    let elsewhere = TenantKey::from(&TenantId::from_ulid(2_u128.into()));
    assert_eq!(store.get_sign_in_link(&elsewhere, &known.user, &known.hash).await.expect("store"), None);
}

#[tokio::test]
async fn an_address_of_nobody_costs_what_a_known_one_costs() {
    let (store, database) = store().await;
    let here = TenantKey::from(&TenantId::default_tenant());
    database.reset_units();
    store.record_sign_in_link(&here, &link(1)).await.expect("store");
    let known = (database.reset_units().write_hundredths, database.requests());
    let nobody = Digest::of_bytes(b"nobody");
    let asked = (&link(1).hash, "sealed");
    store.record_sign_in_of_nobody(&here, &nobody, asked, Timestamp::UNIX_EPOCH).await.expect("store");
    let unknown = (database.reset_units().write_hundredths, database.requests());
    assert_eq!((known.0, known.1 + 1), unknown);
}

#[test]
fn a_link_and_what_is_read_of_it_say_nothing_of_the_token() {
    assert_eq!(format!("{:?}", link(1)), format!("SignInLink({}, [sealed])", link(1).user));
}
