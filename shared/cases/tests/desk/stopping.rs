//! FRD-4: what stops a partner's payouts is looked at in the transaction in which the money goes out, not only before it.

use cases::payouts::{Command as Payouts, Moved, Requested};
use domain::audit::append;
use domain::fraud::policy::Policy;
use domain::fraud::review::{Deciding, Review, Verdict};
use domain::fraud::{Reason, Signal};
use domain::payout::Sent;
use store::Written;
use store::partner_news::{PartnerNews, PartnerNewsKind, Told};
use store::partners::PartnerStatus;
use store::payouts::{Stepped, StoredPayout};

use super::*;

/// A payout that is approved, and waits to be sent.
async fn approved(world: &World) -> StoredPayout {
    world.earn("in_1", "60.00", day(world, 0)).await;
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    let id = stored.payout.id;
    assert!(matches!(world.command(&id, Role::Admin, "ada", world.approval(&id).await).await, Moved::Done(_)));
    world.store.get_payout(&world.tenant, &id).await.expect("store").expect("a payout")
}

fn review(world: &World, cause: &str) -> Review {
    let signals: Vec<Signal> = Policy::default().signal(Reason::DuplicatePartner, "seen").into_iter().collect();
    Review::of_partner(&world.partner, cause, signals, world.now).expect("noticed")
}

fn sent(world: &World) -> Sent {
    Sent { sent_at: world.now, expected_arrival: None, reference: "wire 1".to_owned() }
}

/// The step as somebody takes it who has looked before anything was noticed.
async fn send_unseen(world: &World, stored: &StoredPayout) -> Stepped {
    let actor = Actor::new(Role::FinanceManager, "fin");
    let step = stored.payout.clone().mark_sent(actor, sent(world), world.now).expect("approved");
    let entry = append(stored.chain, stored.payout.id.as_str(), step.deed);
    let stepped = world.store.replace_payout(&world.tenant, stored.chain, &step.payout, step.head, &entry).await;
    stepped.expect("store")
}

async fn release(world: &World, review: &Review) {
    let by = Actor::new(Role::Admin, "ada");
    let (verdict, at) = (Verdict::Release, world.now);
    let deciding = Deciding { verdict, suspends: false, reason: "looked".to_owned(), told_partner: None, by, at };
    let ruled = cases::risk::decide(&world.store, &world.tenant, &review.id, &deciding).await.expect("an answer");
    assert!(matches!(ruled, cases::risk::Ruled::Done(_)), "{ruled:?}");
}

#[tokio::test]
async fn what_is_noticed_between_the_look_and_the_step_keeps_the_money_in() {
    let world = World::new().await;
    let stored = approved(&world).await;
    let reviews = [review(&world, "2026-11"), review(&world, "2026-12")];
    for review in &reviews {
        assert_eq!(world.store.create_review(&world.tenant, review).await.expect("store"), Written::Yes);
    }
    assert_eq!(send_unseen(&world, &stored).await, Stepped::Changed);
    let send = || Payouts::MarkSent(sent(&world));
    let id = &stored.payout.id;
    assert_eq!(world.command(id, Role::FinanceManager, "fin", send()).await, Moved::UnderReview);
    // One of two that stop it is decided: it is stopped still.
    release(&world, &reviews[0]).await;
    assert_eq!(send_unseen(&world, &stored).await, Stepped::Changed);
    release(&world, &reviews[1]).await;
    assert!(matches!(world.command(id, Role::FinanceManager, "fin", send()).await, Moved::Done(_)));
    world.verified().await;
}

/// PAY-16: each step towards the door asks anew, and the reason is told; behind the door nothing is stopped any more.
#[tokio::test]
async fn a_suspended_partners_payout_is_neither_asked_for_nor_approved_nor_sent() {
    use PartnerStatus::{Active, Suspended};
    let world = World::new().await;
    world.earn("in_1", "60.00", day(&world, 0)).await;
    world.set_status(Suspended).await;
    assert_eq!(world.request().await, Requested::PartnerNotActive);
    world.set_status(Active).await;
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    let id = stored.payout.id;
    world.set_status(Suspended).await;
    let approval = world.approval(&id).await;
    assert_eq!(world.command(&id, Role::Admin, "ada", approval.clone()).await, Moved::PartnerNotActive);
    world.set_status(Active).await;
    assert!(matches!(world.command(&id, Role::Admin, "ada", approval).await, Moved::Done(_)));
    world.set_status(Suspended).await;
    let send = || Payouts::MarkSent(sent(&world));
    assert_eq!(world.command(&id, Role::FinanceManager, "fin", send()).await, Moved::PartnerNotActive);
    world.set_status(Active).await;
    assert!(matches!(world.command(&id, Role::FinanceManager, "fin", send()).await, Moved::Done(_)));
    // What is at the bank is paid: a suspension now keeps no confirmation from being written down.
    world.set_status(Suspended).await;
    let confirm = Payouts::Confirm { completed_at: world.now, reference: "wire 1".to_owned() };
    assert!(matches!(world.command(&id, Role::FinanceManager, "fin", confirm).await, Moved::Done(_)));
    world.verified().await;
}

/// PAY-16: whoever is suspended between the look and the step has a payout that does not go out, and can be taken back.
#[tokio::test]
async fn a_suspension_between_the_look_and_the_step_keeps_the_money_in() {
    let world = World::new().await;
    let stored = approved(&world).await;
    world.set_status(PartnerStatus::Suspended).await;
    assert_eq!(send_unseen(&world, &stored).await, Stepped::Changed);
    // An approval that was on its way when the suspension came is taken, and leads nowhere: it is one more step to undo.
    let kept = world.store.get_payout(&world.tenant, &stored.payout.id).await.expect("store").expect("a payout");
    assert_eq!(kept.payout.state.word(), "approved");
    let fail = Payouts::Fail { reason: "suspended".to_owned() };
    let failed = world.command(&stored.payout.id, Role::FinanceManager, "fin", fail).await;
    let out = matches!(failed, Moved::Done(_));
    assert!(out || matches!(failed, Moved::Refused(_)), "{failed:?}");
    world.set_status(PartnerStatus::Active).await;
    if !out {
        assert_eq!(send_unseen(&world, &stored).await, Stepped::Yes);
    }
    world.verified().await;
}

/// FRD-5, PAY-16: a rejection that suspends changes the same item that its own stop is counted in.
#[tokio::test]
async fn a_rejection_that_suspends_ends_its_own_stop_and_leaves_the_partner_stopped() {
    let world = World::new().await;
    let stored = approved(&world).await;
    let review = review(&world, "2026-11");
    assert_eq!(world.store.create_review(&world.tenant, &review).await.expect("store"), Written::Yes);
    let by = Actor::new(Role::Admin, "ada");
    let (verdict, at) = (Verdict::Reject, world.now);
    let deciding = Deciding { verdict, suspends: true, reason: "fraud".to_owned(), told_partner: None, by, at };
    let ruled = cases::risk::decide(&world.store, &world.tenant, &review.id, &deciding).await.expect("an answer");
    assert!(matches!(ruled, cases::risk::Ruled::Done(_)), "{ruled:?}");
    assert_eq!(world.store.list_stops(&world.tenant, &world.partner).await.expect("store"), []);
    assert_eq!(send_unseen(&world, &stored).await, Stepped::Changed);
    world.set_status(PartnerStatus::Active).await;
    assert_eq!(send_unseen(&world, &stored).await, Stepped::Yes);
    world.verified().await;
}

/// FRD-4: whoever is suspended by a decision about signals of fraud is told by mail, in the words that are for them and no
/// others; and once.
#[tokio::test]
async fn a_rejection_that_suspends_tells_the_partner_and_not_what_was_noticed() {
    let world = World::new().await;
    let before = world.store.get_partner_record(&world.tenant, &world.partner).await.expect("store").expect("there");
    let decided = |review: Review| {
        let world = &world;
        async move {
            assert_eq!(world.store.create_review(&world.tenant, &review).await.expect("store"), Written::Yes);
            let by = Actor::new(Role::Admin, "ada");
            let (verdict, at) = (Verdict::Reject, world.now);
            let reason = "the same card as three others".to_owned();
            let deciding = Deciding { verdict, suspends: true, reason, told_partner: None, by, at };
            for _ in 0..2 {
                let ruled = cases::risk::decide(&world.store, &world.tenant, &review.id, &deciding).await;
                assert!(matches!(ruled.expect("an answer"), cases::risk::Ruled::Done(_)));
            }
        }
    };
    let news = |version: u64| {
        let (world, told) = (&world, Told::Partner(world.partner.clone()));
        async move { world.store.get_partner_news(&world.tenant, &told, version).await.expect("store") }
    };
    decided(review(&world, "2026-11")).await;
    let expected = PartnerNews { kind: PartnerNewsKind::PartnerSuspended, program: None, reason: None, at: world.now };
    assert_eq!(news(before.version + 1).await, Some(expected));
    // A second decision finds them suspended: nothing is told twice.
    decided(review(&world, "2026-12")).await;
    assert_eq!(news(before.version + 2).await, None);
    let after = world.store.get_partner_record(&world.tenant, &world.partner).await.expect("store").expect("there");
    assert_eq!((after.partner.status, after.version), (PartnerStatus::Suspended, before.version + 2));
}
