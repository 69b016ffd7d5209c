//! A partner, or somebody who applied, hears of where they stand: once, with the reason.

use domain::application::{Application, ApplicationState};
use domain::id::{ApplicationId, NoticeId, TenantId};
use queues::{NewsDue, NoticeDue};
use store::applications::StoredApplication;
use store::partner_news::{PartnerNews, PartnerNewsKind};
use store::partners::record::{PartnerChange, PartnerRecord};
use store::partners::{Partner, PartnerStatus};

use super::*;

fn due_of(kind: PartnerNewsKind, news: NewsDue) -> NoticeDue {
    let tenant = TenantId::default_tenant();
    let notice = NoticeId::of(&tenant, kind.word(), &format!("{news:?}"));
    NoticeDue { notice, kind: kind.word().to_owned(), payout: None, news: Some(news), ..super::due("receipt_ready") }
}

/// A change of the partner with its news; the notice that follows.
async fn changed(world: &World, kind: PartnerNewsKind, status: PartnerStatus, reason: Option<&str>) -> NoticeDue {
    let store = &world.app.store;
    let before = store.get_partner_record(&world.tenant, &partner()).await.expect("read").expect("there");
    let person = Partner { status, ..before.partner.clone() };
    let reason = reason.map(ToOwned::to_owned);
    let after = PartnerRecord { partner: person, reason: reason.clone(), ..before.clone() }.raised();
    let news = PartnerNews { kind, program: None, reason, at: instant("2026-09-01T10:00:00Z") };
    let change = PartnerChange { news: Some(&news), ..PartnerChange::of(&before, &after) };
    assert_eq!(store.change_partner(&world.tenant, &change).await.expect("store"), store::Written::Yes);
    due_of(kind, NewsDue { partner: Some(partner()), application: None, version: after.version })
}

#[tokio::test]
async fn a_suspended_partner_is_told_why_and_that_it_is_over() {
    let world = World::new().await;
    let suspended =
        changed(&world, PartnerNewsKind::PartnerSuspended, PartnerStatus::Suspended, Some("Coupons.")).await;
    let back = changed(&world, PartnerNewsKind::PartnerReinstated, PartnerStatus::Active, None).await;
    for (message, due) in [("m", &suspended), ("n", &suspended), ("o", &back)] {
        world.app.handle(due.clone(), delivery(message, 1)).await.expect("told");
    }
    let mails = world.stub.mails();
    assert_eq!(mails.len(), 2, "each once");
    for told in ["<ana@example.org>", "is suspended", "The reason given: Coupons.", "1 September 2026"] {
        assert!(mails[0].contains(told), "{told} is not in {}", mails[0]);
    }
    assert!(mails[1].contains("active again"), "{}", mails[1]);
}

#[tokio::test]
async fn an_applicant_who_was_erased_hears_of_nothing() {
    let world = World::new().await;
    let program = domain::id::ProgramId::from_ulid(9_u128.into());
    let email = Digest::of_bytes(b"somebody");
    let id = ApplicationId::of(&program, &email);
    let application = Application {
        id: id.clone(),
        program,
        email,
        is_disposable: false,
        terms_version: None,
        applied_at: instant("2026-09-01T10:00:00Z"),
        state: ApplicationState::Pending,
    };
    let stored = StoredApplication { application, form_sealed: String::new(), version: 1 };
    let kind = PartnerNewsKind::ApplicationDeclined;
    let news = PartnerNews { kind, program: None, reason: None, at: instant("2026-09-01T10:00:00Z") };
    world.app.store.replace_application(&world.tenant, &stored, Some(&news)).await.expect("store");
    let due = due_of(kind, NewsDue { partner: None, application: Some(id), version: 1 });
    world.app.handle(due.clone(), delivery("m", 1)).await.expect("skipped");
    assert!(world.stub.mails().is_empty());
    assert_eq!(world.state(&due).await.as_deref(), Some("skipped"));
}

#[tokio::test]
async fn news_that_nobody_wrote_are_rejected() {
    let world = World::new().await;
    let due =
        due_of(PartnerNewsKind::PartnerApproved, NewsDue { partner: Some(partner()), application: None, version: 99 });
    assert!(world.app.handle(due, delivery("m", 1)).await.is_err());
}
