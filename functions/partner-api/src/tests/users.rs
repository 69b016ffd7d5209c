//! POR-3: several people sign in for one partner: invited by an admin or by one of them, taken away, and nobody else's.

use domain::digest::Digest;
use domain::id::{KeyId, PartnerId, TenantId, UserId};
use domain::role::Role;
use domain::user::{Position, User, UserState};
use edge::auth::{hash_of, mint};
use serde_json::{Value, json};
use store::api_keys::{ApiKey, KeyTerms};
use store::users::{KeptUser, UserCreated};

use super::setup::{Bench, tenant};

/// A key of a user's own.
async fn own_key(bench: &Bench, id: &UserId) -> String {
    let user = bench.store.get_user(&tenant(), id).await.expect("store").expect("a user").user;
    let text = mint(tenant().tenant()).reveal().clone();
    let key = ApiKey {
        id: KeyId::from_ulid(edge::random::ulid(bench.now)),
        tenant: tenant().tenant().clone(),
        role: user.position.role(),
        subject: user.subject(),
        name: "own".to_owned(),
        created_at: bench.now,
        revoked_at: None,
        terms: KeyTerms { person: Some((user.id, user.epoch)), ..KeyTerms::default() },
    };
    bench.store.create_api_key(&tenant(), &hash_of(&text), &key).await.expect("key");
    text
}

/// A key of an admin who is a person.
pub(super) async fn admin_of(bench: &Bench) -> String {
    let id = UserId::from_ulid(1_u128.into());
    let user = User {
        id: id.clone(),
        position: Position::Admin,
        state: UserState::Active,
        email: Digest::of_bytes(b"admin"),
        epoch: 0,
        version: 1,
        created_at: bench.now,
        changed_at: bench.now,
    };
    let kept = KeptUser { user, email_sealed: "sealed".to_owned(), name_sealed: String::new() };
    assert_eq!(bench.store.create_user(&tenant(), &kept).await.expect("store"), UserCreated::Yes);
    own_key(bench, &id).await
}

async fn office() -> (Bench, String, String, String) {
    let bench = Bench::new().await;
    let admin = admin_of(&bench).await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    (bench, admin, program, partner)
}

fn of(partner: &str) -> String {
    format!("/v1/partners/{partner}/users")
}

fn ada(n: u32) -> Value {
    json!({"email": format!("ada{n}@partner.example"), "name": "Ada"})
}

fn ids(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().expect("a list");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_partner_invites_its_own_people_and_takes_them_away_again() {
    let (bench, admin, _, partner) = office().await;
    let first = bench.post(&admin, &of(&partner), &ada(1)).await.expect(201);
    let own = own_key(&bench, &UserId::parse(first["id"].as_str().expect("an id")).expect("an id")).await;
    assert_eq!(
        (&first["email"], &first["name"], &first["state"]),
        (&json!("ada1@partner.example"), &json!("Ada"), &json!("active"))
    );
    let second = bench.post_once(&own, &of(&partner), &ada(2), Some("once")).await.expect(201);
    assert_eq!(bench.post_once(&own, &of(&partner), &ada(2), Some("once")).await.expect(201), second, "once");
    let listed = bench.get(&own, &of(&partner)).await.expect(200);
    assert_eq!(ids(&listed).len(), 2);
    assert!(ids(&listed).contains(&second["id"].as_str().expect("an id").to_owned()));
    let id = UserId::parse(second["id"].as_str().expect("an id")).expect("an id");
    let kept = bench.store.get_user(&tenant(), &id).await.expect("store").expect("a user");
    assert_eq!(kept.user.subject(), partner, "they act for the partner");
    assert!(!kept.email_sealed.contains("ada"), "sealed");

    let path = format!("{}/{id}", of(&partner));
    assert_eq!(bench.delete(&own, &path).await.status, 204);
    assert_eq!(bench.delete(&own, &path).await.status, 204, "once more changes nothing");
    let after = bench.store.get_user(&tenant(), &id).await.expect("store").expect("a user").user;
    assert_eq!((after.state, after.epoch), (UserState::Disabled, kept.user.epoch + 1), "their sessions end");
    let trail = bench.store.list_audit(&tenant(), id.as_str()).await.expect("a trail");
    let told: Vec<(&str, &str)> = trail.iter().map(|entry| (entry.action.as_str(), entry.actor.id.as_str())).collect();
    assert_eq!(told.last(), Some(&("user.changed", partner.as_str())), "{told:?}");
}

#[tokio::test]
async fn nobody_reaches_the_people_of_another_partner_or_tenant_and_no_machine_any() {
    let (bench, admin, program, partner) = office().await;
    let other = bench.partner(&admin, &program).await;
    let user = bench.post(&admin, &of(&partner), &ada(1)).await.expect(201);
    let path = format!("{}/{}", of(&partner), user["id"].as_str().expect("an id"));
    let strange = bench.key(Role::Partner, &other).await;
    let elsewhere = bench.key_of(&TenantId::from_ulid(ulid::Ulid::from(7_u128)), Role::Admin, "usr_eve").await;
    for (who, status) in [
        (strange, 404),
        (elsewhere, 404),
        (bench.key(Role::Service, "shop").await, 403),
        (bench.key(Role::Support, "usr_2").await, 403),
        (bench.key(Role::Member, "mem_00000000000000000000000001").await, 403),
    ] {
        assert_eq!(bench.get(&who, &of(&partner)).await.status, status);
        assert_eq!(bench.post(&who, &of(&partner), &ada(3)).await.status, status);
        assert_eq!(bench.delete(&who, &path).await.status, status);
    }
    // Through a path of its own partner another partner's user is not there.
    let through = format!("{}/{}", of(&other), user["id"].as_str().expect("an id"));
    assert_eq!(bench.delete(&admin, &through).await.status, 404);
    let listed = bench.get(&admin, &of(&partner)).await.expect(200);
    assert_eq!((ids(&listed).len(), &listed["data"][0]["state"]), (1, &json!("active")));
    // An address is one user's, and who has it is not told.
    let taken = bench.post(&admin, &of(&other), &ada(1)).await.expect(409);
    assert!(taken["type"].as_str().is_some_and(|kind| kind.ends_with("address-taken")), "{taken}");
    assert_eq!(bench.post(&admin, &of(&other), &json!({"email": "no address"})).await.pointers(400), ["/email"]);
}

#[tokio::test]
async fn no_key_that_is_nobodys_own_reads_or_decides_who_signs_in() {
    let (bench, admin, _, partner) = office().await;
    let user = bench.post(&admin, &of(&partner), &ada(1)).await.expect(201);
    let path = format!("{}/{}", of(&partner), user["id"].as_str().expect("an id"));
    for (role, subject) in
        [(Role::Partner, partner.as_str()), (Role::Admin, "from a shell"), (Role::Auditor, "from a shell")]
    {
        let key = bench.key(role, subject).await;
        let read = bench.get(&key, &of(&partner)).await.expect(403);
        assert_eq!(read["type"], "urn:tributary:problem:person-needed", "{role:?}");
        if role != Role::Auditor {
            for refused in [bench.post(&key, &of(&partner), &ada(2)).await, bench.delete(&key, &path).await] {
                assert_eq!(refused.expect(403)["type"], "urn:tributary:problem:person-needed", "{role:?}");
            }
        }
    }
    let listed = bench.get(&admin, &of(&partner)).await.expect(200);
    assert_eq!((ids(&listed).len(), &listed["data"][0]["state"]), (1, &json!("active")), "nobody came or went");
}

#[tokio::test]
async fn twenty_people_sign_in_for_a_partner_and_its_users_keep_it_from_being_deleted() {
    let (bench, admin, _, partner) = office().await;
    for n in 0..20 {
        bench.post(&admin, &of(&partner), &ada(n)).await.expect(201);
    }
    let full = bench.post(&admin, &of(&partner), &ada(20)).await.expect(409);
    assert!(full["type"].as_str().is_some_and(|kind| kind.ends_with("too-many-users")), "{full}");
    let mut seen = Vec::new();
    let mut path = format!("{}?limit=7", of(&partner));
    for _ in 0..4 {
        let page = bench.get(&admin, &path).await.expect(200);
        seen.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{}?limit=7&cursor={cursor}", of(&partner));
    }
    assert_eq!(seen.len(), 20);
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first");
    bench.delete(&admin, &format!("{}/{}", of(&partner), seen[0])).await;
    bench.post(&admin, &of(&partner), &ada(20)).await.expect(201);
    let stays = bench.delete(&admin, &format!("/v1/partners/{partner}")).await.expect(409);
    assert!(stays["detail"].as_str().is_some_and(|why| why.contains("sign in")), "{stays}");
    let id = PartnerId::parse(&partner).expect("an id");
    assert!(bench.store.get_partner(&tenant(), &id).await.expect("store").is_some());
}

#[tokio::test]
async fn those_who_were_taken_away_make_no_room_beyond_twenty() {
    // POR-3: the newest are taken away, and stay the newest on the list.
    let (bench, admin, _, partner) = office().await;
    let mut made = Vec::new();
    for n in 0..20 {
        made.push(bench.post(&admin, &of(&partner), &ada(n)).await.expect(201)["id"].clone());
    }
    for id in made.iter().rev().take(2) {
        let path = format!("{}/{}", of(&partner), id.as_str().expect("an id"));
        assert_eq!(bench.delete(&admin, &path).await.status, 204);
    }
    for (n, status) in [(20, 201), (21, 201), (22, 409)] {
        assert_eq!(bench.post(&admin, &of(&partner), &ada(n)).await.status, status, "{n}");
    }
}
