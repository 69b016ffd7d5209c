//! POR-3: approvals compare persons, and ask for their second factor where the tenant does.

use domain::audit::{ChainEnd, Deed, append};
use domain::digest::Digest;
use domain::id::{SessionId, UserId};
use domain::time::Timestamp;
use domain::user::{Position, User, UserState};
use edge::auth::mint_session;
use jiff::SignedDuration;
use store::api_keys::KeyTerms;
use store::settings::KeptSettings;
use store::sign_in::SignInLink;
use store::signed_in::Session;
use store::users::KeptUser;

use super::*;

fn now() -> Timestamp {
    NOW.parse().expect("an instant")
}

async fn admin(world: &World, n: u128) -> UserId {
    let id = UserId::from_ulid(n.into());
    let user = User {
        id: id.clone(),
        position: Position::Admin,
        state: UserState::Active,
        email: Digest::of_bytes(&n.to_be_bytes()),
        epoch: 0,
        version: 1,
        created_at: now(),
        changed_at: now(),
    };
    let kept = KeptUser { user, email_sealed: "sealed".to_owned(), name_sealed: String::new() };
    world.store.create_user(&tenant(), &kept).await.expect("store");
    id
}

/// A key of a person: one of their own, or one from a shell that names them.
async fn key(world: &World, user: &UserId, n: u8, is_own: bool) -> String {
    let text = mint_from(tenant().tenant(), &[n; 32]);
    let terms = KeyTerms { person: is_own.then(|| (user.clone(), 0)), ..KeyTerms::default() };
    let key = ApiKey {
        id: KeyId::from_ulid(u128::from(n).into()),
        tenant: tenant().tenant().clone(),
        role: Role::Admin,
        subject: user.to_string(),
        name: "key".to_owned(),
        created_at: now(),
        revoked_at: None,
        terms,
    };
    world.store.create_api_key(&tenant(), &hash_of(text.reveal()), &key).await.expect("store");
    text.reveal().clone()
}

async fn session(world: &World, user: &UserId, second_factor_at: Option<Timestamp>) -> String {
    let id = SessionId::from_ulid(edge::random::ulid(now()));
    let text = mint_session(tenant().tenant(), user, &id);
    let link = Digest::of_bytes(id.as_str().as_bytes());
    let later = now() + SignedDuration::from_hours(1);
    let asked = SignInLink {
        user: user.clone(),
        hash: link,
        token_sealed: Some("sealed".to_owned()),
        asked_at: now(),
        expires_at: later,
    };
    world.store.record_sign_in_link(&tenant(), &asked).await.expect("store");
    let session = Session {
        id,
        user: user.clone(),
        epoch: 0,
        hash: hash_of(text.reveal()),
        previous: None,
        form_salt: Digest::ZERO,
        program: "a test".to_owned(),
        created_at: now(),
        seen_at: now(),
        idle_until: later,
        absolute_until: later,
        second_factor_at,
        ended_at: None,
    };
    world.store.begin_session(&tenant(), &link, &session).await.expect("store");
    text.reveal().clone()
}

async fn approve(world: &World, text: &str, id: &str) -> Answer {
    let body = world.seal(id).await;
    let n = world.sent.fetch_add(1, Ordering::SeqCst);
    let request = http::Request::builder()
        .method("PUT")
        .uri(format!("/v1/revenue/payouts/{id}/approve"))
        .header("authorization", format!("Bearer {text}"))
        .header("idempotency-key", format!("person-{n}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    let response = world.routes.clone().oneshot(request.expect("request")).await.expect("infallible");
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
    Answer { status, json: serde_json::from_slice(&bytes).unwrap_or_default(), replayed: false }
}

#[tokio::test]
async fn a_person_with_two_keys_and_a_session_is_one_who_approves() {
    let world = world().await;
    given::balance(&world, 1, "100000.00").await;
    let id = world.requested("partner 1").await;
    let (eve, bob) = (admin(&world, 50).await, admin(&world, 51).await);
    let ways =
        [session(&world, &eve, None).await, key(&world, &eve, 60, true).await, key(&world, &eve, 61, false).await];
    let first = approve(&world, &ways[0], &id).await;
    assert_eq!((first.status, &first.json["status"]), (200, &json!("pending_approval")), "{first:?}");
    for way in &ways {
        let again = approve(&world, way, &id).await;
        assert_ne!(again.json["status"], json!("approved"), "{again:?}");
    }
    let second = approve(&world, &key(&world, &bob, 62, true).await, &id).await;
    assert_eq!((second.status, &second.json["status"]), (200, &json!("approved")), "{second:?}");
}

async fn ask_for_second_factor(world: &World) {
    let mut kept = KeptSettings::default();
    kept.general.totp_for_approvals = true;
    let actor = Actor::new(Role::Admin, "usr_ada");
    let deed = Deed { at: now(), actor, action: "settings.set", old: Default::default(), new: Default::default() };
    let entry = append(ChainEnd::START, "settings", deed);
    world.store.replace_settings(&tenant(), &kept, &entry).await.expect("store");
}

#[tokio::test]
async fn where_the_tenant_asks_for_it_an_override_and_a_void_need_a_second_factor_too() {
    let world = world().await;
    ask_for_second_factor(&world).await;
    let eve = admin(&world, 50).await;
    let (without, with) = (session(&world, &eve, None).await, session(&world, &eve, Some(now())).await);
    for (text, expected) in [(&key(&world, &eve, 60, true).await, 403), (&without, 403), (&with, 404)] {
        for path in ["/v1/revenue/payout-runs/run_1/override", "/v1/revenue/payouts/files/pfl_1/void"] {
            let n = world.sent.fetch_add(1, Ordering::SeqCst);
            let request = http::Request::builder()
                .method("POST")
                .uri(path)
                .header("authorization", format!("Bearer {text}"))
                .header("idempotency-key", format!("person-{n}"))
                .header("content-type", "application/json")
                .body(Body::from(json!({"reason": "it was not uploaded"}).to_string()));
            let response = world.routes.clone().oneshot(request.expect("request")).await.expect("infallible");
            assert_eq!(response.status().as_u16(), expected, "{path}");
        }
    }
}

#[tokio::test]
async fn where_the_tenant_asks_for_it_whoever_changes_the_bands_needs_a_second_factor() {
    let world = world().await;
    ask_for_second_factor(&world).await;
    let eve = admin(&world, 50).await;
    let (without, with) = (session(&world, &eve, None).await, session(&world, &eve, Some(now())).await);
    let bands = json!({"bands": [{"currency": "USD", "two_from": "900000.00", "automatic_below": "800000.00"}]});
    for (text, expected) in [(&key(&world, &eve, 60, true).await, 403), (&without, 403), (&with, 200)] {
        let n = world.sent.fetch_add(1, Ordering::SeqCst);
        let request = http::Request::builder()
            .method("PUT")
            .uri("/v1/revenue/payouts/policy")
            .header("authorization", format!("Bearer {text}"))
            .header("idempotency-key", format!("person-{n}"))
            .header("content-type", "application/json")
            .body(Body::from(bands.to_string()));
        let response = world.routes.clone().oneshot(request.expect("request")).await.expect("infallible");
        assert_eq!(response.status().as_u16(), expected);
        let stands = world.store.get_payout_policy(&tenant()).await.expect("store");
        assert_eq!(stands.bands.is_empty(), expected != 200);
    }
}

#[tokio::test]
async fn where_the_tenant_asks_for_it_an_approval_needs_a_fresh_second_factor() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    ask_for_second_factor(&world).await;
    let eve = admin(&world, 50).await;
    let stale = now() - SignedDuration::from_mins(15);
    let refused = [
        key(&world, &eve, 60, true).await,
        session(&world, &eve, None).await,
        session(&world, &eve, Some(stale)).await,
    ];
    for way in refused {
        assert_eq!(approve(&world, &way, &id).await.told(), (403, "second-factor-needed"));
    }
    let fresh = session(&world, &eve, Some(stale + SignedDuration::from_mins(1))).await;
    let approved = approve(&world, &fresh, &id).await;
    assert_eq!((approved.status, &approved.json["status"]), (200, &json!("approved")), "{approved:?}");
}
