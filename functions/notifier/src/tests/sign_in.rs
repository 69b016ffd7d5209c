//! POR-3: a link to sign in by reaches the address of its user, once, while it opens. POR-7: so does that an authenticator
//! counts.

use domain::id::{NoticeId, TenantId, UserId};
use domain::user::{Position, User, UserState};
use queues::{AuthenticatorDue, NoticeDue, SignInDue};
use store::sign_in::{SignInLink, TOKEN};
use store::users::{EMAIL, KeptUser};

use super::*;

const URL: &str = "https://go.example/v1/auth/magic-link?token=trl_x";

fn user() -> UserId {
    UserId::from_ulid(5_u128.into())
}

fn due() -> NoticeDue {
    let tenant = TenantId::default_tenant();
    let link = Digest::of_bytes(b"link");
    let notice = NoticeId::of(&tenant, "sign_in", &link.to_string());
    let sign_in = Some(SignInDue { user: user(), link });
    NoticeDue { notice, sign_in, payout: None, ..super::due("sign_in") }
}

async fn sealed(world: &World, field: &str, text: &str) -> String {
    let user = user();
    let belongs = Belongs { tenant: world.tenant.tenant().as_str(), subject: user.as_str(), field };
    world.app.sealer.seal_text(&belongs, text).await.expect("sealed").to_string()
}

async fn asked(world: &World, expires_at: Timestamp) {
    let at = instant("2026-01-01T00:00:00Z");
    let user = User {
        id: user(),
        position: Position::Admin,
        state: UserState::Active,
        email: Digest::ZERO,
        epoch: 0,
        version: 1,
        created_at: at,
        changed_at: at,
    };
    let email_sealed = sealed(world, EMAIL, "ada@example.org").await;
    let kept = KeptUser { user, email_sealed, name_sealed: String::new() };
    world.app.store.create_user(&world.tenant, &kept).await.expect("store");
    let token_sealed = Some(sealed(world, TOKEN, URL).await);
    let link =
        SignInLink { user: kept.user.id, hash: Digest::of_bytes(b"link"), token_sealed, asked_at: at, expires_at };
    world.app.store.record_sign_in_link(&world.tenant, &link).await.expect("store");
}

#[tokio::test]
async fn a_link_is_mailed_to_its_user_once() {
    let world = World::new().await;
    asked(&world, instant("2999-01-01T00:00:00Z")).await;
    for message in ["m", "n"] {
        world.app.handle(due(), delivery(message, 1)).await.expect("told");
    }
    let mails = world.stub.mails();
    assert_eq!(mails.len(), 1);
    // A long line is broken by an equals sign at its end, and an equals sign is written as one of hex.
    let whole = mails[0].replace("=\r\n", "").replace("=3D", "=");
    for told in ["<ada@example.org>", "Sign in to Northwind Affiliates", URL] {
        assert!(whole.contains(told), "{told} is not in {whole}");
    }
    assert_eq!(world.state(&due()).await.as_deref(), Some("sent"));
}

#[tokio::test]
async fn a_link_that_opens_nothing_any_more_is_not_mailed() {
    let world = World::new().await;
    asked(&world, instant("2026-01-01T00:15:00Z")).await;
    world.app.handle(due(), delivery("m", 1)).await.expect("skipped");
    assert!(world.stub.mails().is_empty());
    assert_eq!(world.state(&due()).await.as_deref(), Some("skipped"));
}

fn enrolled() -> NoticeDue {
    let tenant = TenantId::default_tenant();
    let notice = NoticeId::of(&tenant, "authenticator_confirmed", "one");
    let authenticator = Some(AuthenticatorDue { user: user(), created_at: instant("2026-01-01T00:00:00Z") });
    NoticeDue { notice, authenticator, payout: None, ..super::due("authenticator_confirmed") }
}

#[tokio::test]
async fn that_an_authenticator_counts_is_mailed_once_to_the_address_of_whose_it_is() {
    // POR-7
    let world = World::new().await;
    asked(&world, instant("2999-01-01T00:00:00Z")).await;
    for message in ["m", "n"] {
        world.app.handle(enrolled(), delivery(message, 1)).await.expect("told");
    }
    let mails = world.stub.mails();
    assert_eq!(mails.len(), 1);
    let whole = mails[0].replace("=\r\n", "");
    for told in ["<ada@example.org>", "An authenticator was added", "ask an admin at once"] {
        assert!(whole.contains(told), "{told} is not in {whole}");
    }
    assert_eq!(world.state(&enrolled()).await.as_deref(), Some("sent"));
}

#[tokio::test]
async fn of_whoever_is_gone_nobody_is_told() {
    let world = World::new().await;
    world.app.handle(enrolled(), delivery("m", 1)).await.expect("skipped");
    assert!(world.stub.mails().is_empty());
    assert_eq!(world.state(&enrolled()).await.as_deref(), Some("skipped"));
}
