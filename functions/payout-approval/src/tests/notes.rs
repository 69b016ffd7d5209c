//! Notes beside a payout, and whom it waits for.

use domain::digest::Digest;
use domain::id::UserId;
use domain::user::{Position, User, UserState};
use store::users::KeptUser;

use super::*;

#[tokio::test]
async fn a_note_is_kept_once_for_the_desk_and_changes_nothing_of_the_payout() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    let before = world.get("ada", &format!("/{id}")).await.json;
    let path = format!("/{id}/notes");
    let text = json!({"text": "Asked the bank for the trace on Monday."});
    let first = world.ask_as("sue", "POST", &path, text.clone(), Some("once")).await;
    assert_eq!((first.status, &first.json["noted_by"]), (201, &json!("usr_sue")), "{first:?}");
    let again = world.ask_as("sue", "POST", &path, text, Some("once")).await;
    assert_eq!((again.status, &again.json), (201, &first.json));
    // A minute later: notes of one instant have no order among them.
    world.at("2026-09-15T12:01:00Z").ask("fin", "POST", &path, json!({"text": "It came."})).await;
    let page = world.get("aud", &format!("{path}?limit=1")).await.json;
    assert_eq!((&page["data"][0]["text"], page["data"].as_array().map(Vec::len)), (&json!("It came."), Some(1)));
    let next = page["next_cursor"].as_str().expect("another page");
    let rest = world.get("aud", &format!("{path}?limit=1&cursor={next}")).await.json;
    assert_eq!((&rest["data"][0], &rest["next_cursor"]), (&first.json, &Value::Null));
    assert_eq!(world.get("ada", &format!("/{id}")).await.json, before);
    let trail = world.store.list_audit(&tenant(), &format!("payout_note#{id}")).await.expect("store");
    assert_eq!(trail.iter().map(|entry| entry.actor.id.as_str()).collect::<Vec<_>>(), ["usr_sue", "usr_fin"]);
    assert!(trail.iter().all(|entry| !format!("{entry:?}").contains("bank")), "{trail:?}");
}

#[tokio::test]
async fn notes_are_for_the_desk_and_of_a_payout_that_is_there() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let id = world.requested("partner 1").await;
    let note = || json!({"text": "a note"});
    let rows = [
        ("ada", 201, 200),
        ("fin", 201, 200),
        ("sue", 201, 200),
        ("aud", 403, 200),
        ("partner 1", 403, 403),
        ("member", 403, 403),
        ("machine", 403, 403),
        ("nobody", 401, 401),
        ("foreign admin", 404, 404),
    ];
    for (who, written, read) in rows {
        let path = format!("/{id}/notes");
        assert_eq!(world.ask(who, "POST", &path, note()).await.status, written, "{who} writes");
        assert_eq!(world.get(who, &path).await.status, read, "{who} reads");
    }
    let other = id.replace("000001", "000009");
    assert_eq!(world.ask("ada", "POST", &format!("/{other}/notes"), note()).await.status, 404);
    for bad in [json!({"text": ""}), json!({"text": "a\u{7}"}), json!({"text": "x".repeat(1_001)}), json!({})] {
        assert_eq!(world.ask("ada", "POST", &format!("/{id}/notes"), bad).await.status, 400);
    }
}

async fn user(world: &World, n: u128, position: Position, state: UserState) -> String {
    let at = NOW.parse().expect("instant");
    let id = UserId::from_ulid(n.into());
    let email = Digest::of_bytes(&n.to_be_bytes());
    let user = User { id: id.clone(), position, state, email, epoch: 1, version: 1, created_at: at, changed_at: at };
    let kept = KeptUser { user, email_sealed: "sealed".to_owned(), name_sealed: "sealed".to_owned() };
    world.store.create_user(&tenant(), &kept).await.expect("store");
    id.to_string()
}

/// PAY-4: the desk sees whom a payout waits for; the partner does not.
#[tokio::test]
async fn a_payout_that_waits_names_the_admins_who_may_still_approve_it() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let one = user(&world, 1, Position::Admin, UserState::Active).await;
    let two = user(&world, 2, Position::Admin, UserState::Active).await;
    user(&world, 3, Position::FinanceManager, UserState::Active).await;
    user(&world, 4, Position::Admin, UserState::Disabled).await;
    let id = world.requested("partner 1").await;
    let shown = world.get("aud", &format!("/{id}")).await.json;
    assert_eq!(shown["pending_approvers"], json!([two, one]));
    assert!(world.get("partner 1", &format!("/{id}")).await.json["pending_approvers"].is_null());
    world.approve("ada", &id).await;
    assert!(world.get("aud", &format!("/{id}")).await.json["pending_approvers"].is_null());
    // After 72 hours the approvals have lapsed, and it waits again.
    let later = world.at("2026-09-19T12:00:00Z");
    assert_eq!(later.get("aud", &format!("/{id}")).await.json["pending_approvers"], json!([two, one]));
}
