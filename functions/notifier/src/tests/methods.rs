//! PAY-12: a partner hears of each change of where their money goes.

use domain::audit::{Actor, ChainEnd, append};
use domain::id::{MethodId, NoticeId, TenantId};
use domain::payee::{PayoutMethod, PayoutMethods, Rail, Wish};
use domain::role::Role;
use queues::{MethodsDue, NoticeDue};

use super::*;

fn changed() -> NoticeDue {
    let tenant = TenantId::default_tenant();
    let notice = NoticeId::of(&tenant, "payout_methods_changed", &format!("{}#1", partner()));
    let methods = Some(MethodsDue { partner: partner(), version: 1 });
    let kind = "payout_methods_changed".into();
    NoticeDue {
        v: 1,
        tenant,
        notice,
        kind,
        payout: None,
        report: None,
        reminder: None,
        methods,
        sign_in: None,
        news: None,
        authenticator: None,
    }
}

async fn set(world: &World) {
    let at = instant("2026-09-01T10:00:00Z");
    let method = PayoutMethod {
        id: MethodId::from_ulid(1_u128.into()),
        rail: Rail::Ach,
        currency: None,
        last_four: "6789".into(),
        fingerprint: Digest::of_bytes(b"an account"),
        since: at,
        set_by: "usr_1".into(),
        sealed: "sealed".into(),
    };
    let by = Actor::new(Role::Admin, "usr_1");
    let change = PayoutMethods::default().change(vec![Wish::New(Box::new(method))], by, at);
    let change = change.expect("fits").expect("a change");
    let entry = append(ChainEnd::START, &PayoutMethods::aggregate(&partner()), change.deed);
    let store = &world.app.store;
    store.replace_payout_methods(&world.tenant, &partner(), &change.methods, &entry).await.expect("store");
}

#[tokio::test]
async fn a_change_of_where_money_goes_is_told_at_the_known_address_once() {
    let world = World::new().await;
    set(&world).await;
    for message in ["m", "n"] {
        world.app.handle(changed(), delivery(message, 1)).await.expect("told");
    }
    let mails = world.stub.mails();
    assert_eq!(mails.len(), 1);
    for told in ["<ana@example.org>", "Where your payouts go has changed", "6789", "4 September 2026"] {
        assert!(mails[0].contains(told), "{told} is not in {}", mails[0]);
    }
    assert_eq!(world.state(&changed()).await.as_deref(), Some("sent"));
}

#[tokio::test]
async fn a_partner_without_an_address_hears_of_no_change() {
    let world = World::with_email("").await;
    set(&world).await;
    world.app.handle(changed(), delivery("m", 1)).await.expect("skipped");
    assert!(world.stub.mails().is_empty());
    assert_eq!(world.state(&changed()).await.as_deref(), Some("skipped"));
}
