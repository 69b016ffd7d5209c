//! AWD-3, PAY-9: an award that was paid and whose money came back: released by two people it is paid again, once, or goes back
//! to the tenant.

use cases::awards::Payments;
use cases::desk::Desk;
use cases::desk::adjustments::{self, Asked as Wished, Moved as Changed, Wish};
use cases::payouts::returned::take_back;
use domain::adjustment::{AdjustmentState, Refused as NotChanged};
use domain::award::PaymentName;
use domain::id::AdjustmentId;
use domain::payout::PayoutState;
use store::awards::StoredAward;
use testkit::Fault;

use super::*;

/// How many stories are told, and of how many steps each.
const STORIES: u64 = 3;
const STEPS: u32 = 40;

async fn payments(world: &World, award: &Settled) -> Payments {
    Payments::of(&world.store, &world.tenant, &award.stored.award).await.expect("store")
}

async fn newest(world: &World, award: &Settled) -> StoredPayout {
    payments(world, award).await.newest().expect("a payment").payout.clone()
}

/// The newest payment of an award, approved by two, sent and arrived.
async fn arrive(world: &World, award: &Settled) -> StoredPayout {
    let payout = newest(world, award).await;
    for who in ["usr_ben", "usr_cat"] {
        step(world, Role::Admin, who, &payout, approval(&payout)).await;
    }
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: format!("wire {}", payout.payout.id) };
    let sent = step(world, Role::FinanceManager, "usr_fin", &payout, Command::MarkSent(sent)).await;
    let confirm = Command::Confirm { completed_at: world.now, reference: format!("bank {}", payout.payout.id) };
    step(world, Role::FinanceManager, "usr_fin", &sent, confirm).await
}

/// What of the newest payment had left comes back; whether this call booked it.
async fn come_back(world: &World, award: &Settled) -> bool {
    let stored = newest(world, award).await;
    let Some(back) = stored.payout.leaving() else { return false };
    let by = Actor::new(Role::FinanceManager, "usr_fin");
    let taken = take_back(&world.store, &world.tenant, stored, (&by, "R03 no account", back), world.now).await;
    taken.expect("an answer").is_some()
}

async fn desk<'a>(world: &'a World, who: &str) -> Desk<'a> {
    Desk::open(&world.store, &world.tenant, actor(who), world.now).await.expect("a desk")
}

async fn release(world: &World, n: u128, award: &Settled) -> Changed {
    let payout = newest(world, award).await.payout;
    let wished = Wished {
        id: AdjustmentId::from_ulid(n.into()),
        partner: payout.partner,
        wish: Wish::Release { payout: payout.id },
        reason: "a new account".to_owned(),
    };
    adjustments::ask(&desk(world, "usr_ada").await, &wished).await.expect("an answer")
}

async fn approve(world: &World, who: &str, n: u128) -> Option<Changed> {
    let id = AdjustmentId::from_ulid(n.into());
    let stored = world.store.get_adjustment(&world.tenant, "release", &id).await.expect("store")?;
    let seal = stored.adjustment.seal();
    Some(adjustments::approve(&desk(world, who).await, "release", &id, seal).await.expect("an answer"))
}

/// An award that was paid and came back, in a business that has one to give.
async fn came_back() -> (World, Settled) {
    let mut world = business("100000.00").await;
    member(&world, 1, 300).await;
    let begun = begin(&world, "usr_ada", "request 1").await;
    arrive(&world, &begun).await;
    world.pass_days(10);
    assert!(come_back(&world, &begun).await, "it comes back");
    assert!(!come_back(&world, &begun).await, "told twice it came back once");
    (world, begun)
}

/// Held and available of the member's payee.
async fn balance(world: &World, award: &Settled) -> (i64, i64) {
    let head = world.store.get_head(&world.tenant, &award.stored.award.account()).await.expect("store");
    (head.held, head.available_on(Zone::utc().day_of(world.now)).expect("in range").minor())
}

#[tokio::test]
async fn an_award_that_came_back_is_released_by_two_people_and_paid_again_once() {
    let (world, award) = came_back().await;
    assert_eq!(balance(&world, &award).await, (7_570_000, 0));
    let settled = awards(&world, "machine").await.settle(award.stored.clone()).await.expect("settled");
    assert_eq!(
        settled.payout.expect("the first").payout.state.word(),
        "returned",
        "until people say so nothing is asked for"
    );
    let Changed::Done(waits) = release(&world, 1, &award).await else { panic!("it waits") };
    assert_eq!(waits.adjustment.state, AdjustmentState::Pending);
    assert_eq!(approve(&world, "usr_ada", 1).await, Some(Changed::Refused(NotChanged::SamePerson)));
    assert!(matches!(approve(&world, "usr_bob", 1).await, Some(Changed::Done(_))));

    let again = newest(&world, &award).await.payout;
    assert_eq!((again.state.word(), again.amount.to_text().as_str()), ("pending_approval", "75700.00"));
    let name = PaymentName::behind(award.stored.award.id.clone(), 1);
    assert_eq!((again.asked_under.clone(), again.approvers()), (name.to_string(), 2));
    assert_eq!(balance(&world, &award).await, (0, 0), "it is reserved");
    world.verified().await;
    let own = world.command(&again.id, Role::Admin, "usr_ada", Command::Approve { seal: again.seal }).await;
    assert_eq!(own, Moved::Refused(Refused::RequesterMayNotApprove));
    let kept = retention_of(&world.store, &world.tenant, &again).await.expect("store");
    assert!(kept.is_zero(), "the retention was kept of the first payment");

    let paid = arrive(&world, &award).await.payout;
    // TAX-2: by the form that holds at the payment: there is none.
    let net = paid.net.expect("parts");
    assert_eq!(
        (net.fee.to_text(), net.withheld.to_text(), net.net.to_text()),
        ("0.00".to_owned(), "18168.00".to_owned(), "57532.00".to_owned())
    );
    let AwardState::Paid { remove_on, .. } = award_state(&world, &award).await else { panic!("paid") };
    assert_eq!(remove_on, day("2027-12-01"), "the year begins with the payment that arrived");
    for _ in 0..2 {
        awards(&world, "machine")
            .await
            .settle_all()
            .await
            .expect("store")
            .into_iter()
            .for_each(|done| drop(done.expect("settled")));
    }
    assert_eq!((payments(&world, &award).await.all().len(), given(&world).await), (2, 1));
    assert!(matches!(release(&world, 2, &award).await, Changed::NothingHeld { .. }));
    world.verified().await;
}

#[tokio::test]
async fn what_came_back_of_an_award_and_is_not_paid_again_is_the_tenants_and_the_award_counts_no_longer() {
    let (world, award) = came_back().await;
    release(&world, 1, &award).await;
    approve(&world, "usr_bob", 1).await;
    let again = newest(&world, &award).await;
    let no = Command::Reject { reason: "nobody finds them".to_owned() };
    step(&world, Role::Admin, "usr_ben", &again, no).await;
    let state = award_state(&world, &award).await;
    let AwardState::Withdrawn { why, of } = state else { panic!("{state:?}") };
    assert_eq!((why.as_str(), of.map(|of| of.to_text()).as_deref()), ("nobody finds them", Some("75700.00")));
    assert_eq!((balance(&world, &award).await, given(&world).await), ((0, 0), 0));
    assert_eq!(waiting(&world).await, [member_id(1)]);
    world.verified().await;

    // No name of it pays anything any more; another award is another.
    for no in [0, 1, 2] {
        let name = PaymentName::behind(award.stored.award.id.clone(), no);
        assert_eq!(
            ask_under(&world, &award, name.to_string()).await,
            Requested::Held(vec![Hold::AwardPayee]),
            "{name}"
        );
    }
    let _looked = awards(&world, "machine").await.check().await.expect("a look");
    let second = begin(&world, "usr_ada", "request 2").await;
    let payout = second.payout.expect("a payout").payout;
    assert_eq!((payout.amount.to_text().as_str(), given(&world).await), ("100000.00", 1));
    assert_eq!(retention_of(&world.store, &world.tenant, &payout).await.expect("store").to_text(), "300.00");
    world.verified().await;
}

async fn ask_under(world: &World, award: &Settled, under: String) -> Requested {
    let account = award.stored.award.account();
    let by = actor("usr_ada");
    let asked = Asked { partner: account.partner, currency: account.currency, amount: None, by, under };
    request(&world.store, &world.tenant, &asked, world.now).await.expect("an answer")
}

#[tokio::test]
async fn a_membership_does_not_end_while_its_award_is_on_its_way_again() {
    let (mut world, award) = came_back().await;
    world.pass_days(400);
    assert_eq!(awards(&world, "machine").await.ending().await.expect("store").len(), 1);
    release(&world, 1, &award).await;
    approve(&world, "usr_bob", 1).await;
    assert_eq!(awards(&world, "machine").await.ending().await.expect("store").len(), 0);
    arrive(&world, &award).await;
    // The February of 2028 has a day more.
    world.pass_days(365);
    assert_eq!(awards(&world, "machine").await.ending().await.expect("store").len(), 0);
    world.pass_days(1);
    assert_eq!(awards(&world, "machine").await.ending().await.expect("store").len(), 1);
}

/// A member whose award was paid, whose membership ended, and who waits for another one.
async fn waits_again() -> (World, Settled) {
    let mut world = business("250000.00").await;
    member(&world, 1, 300).await;
    let first = begin(&world, "usr_ada", "request 1").await;
    arrive(&world, &first).await;
    world.pass_days(366);
    let keeper = awards(&world, "machine").await;
    for ending in keeper.ending().await.expect("store") {
        keeper.end_membership(ending).await.expect("it ends");
    }
    let by = (actor("usr_ada"), world.now);
    change(&world, 1, "back", |member| member.reactivate(None, by.clone())).await;
    let _looked = keeper.check().await.expect("a look");
    (world, first)
}

/// Money that comes back behind the end of the membership, of a member who was given another award since: it waits for that.
#[tokio::test]
async fn what_came_back_is_not_released_beside_another_award_of_the_same_member() {
    let (world, first) = waits_again().await;
    let second = begin(&world, "usr_ada", "request 2").await;
    assert!(come_back(&world, &first).await);
    assert!(matches!(release(&world, 1, &first).await, Changed::NothingHeld { .. }));
    arrive(&world, &second).await;
    assert!(matches!(release(&world, 2, &first).await, Changed::Done(_)));
    approve(&world, "usr_bob", 2).await;
    let paid = arrive(&world, &first).await.payout;
    assert_eq!((paid.amount.to_text().as_str(), award_state(&world, &first).await.word()), ("75700.00", "ended"));
    world.verified().await;
}

/// The payee has one account: what is there of one award does not leave under another's name.
#[tokio::test]
async fn what_is_released_beside_another_award_leaves_under_its_own_name_alone() {
    let (world, first) = waits_again().await;
    assert!(come_back(&world, &first).await);
    release(&world, 1, &first).await;
    let second = begin(&world, "usr_ada", "request 2").await;
    approve(&world, "usr_bob", 1).await;
    // One is rejected, and what follows of it has not happened yet when the other is looked at.
    let no = Command::Reject { reason: "not this year".to_owned() };
    let rejected = world.command(&newest(&world, &second).await.payout.id, Role::Admin, "usr_ben", no).await;
    assert!(matches!(rejected, Moved::Done(_)), "{rejected:?}");
    awards(&world, "machine").await.settle(stored_award(&world, &first).await).await.expect("settled");
    assert_eq!(newest(&world, &first).await.payout.amount.to_text(), "75700.00");
    arrive(&world, &first).await;
    awards(&world, "machine").await.settle(stored_award(&world, &second).await).await.expect("settled");
    assert_eq!(award_state(&world, &second).await.word(), "withdrawn");
    assert_eq!(balance(&world, &first).await, (0, 0));
    world.verified().await;
}

async fn stored_award(world: &World, award: &Settled) -> StoredAward {
    let stored = world.store.get_award(&world.tenant, &award.stored.award.id).await.expect("store");
    stored.expect("an award")
}

#[tokio::test]
async fn what_is_released_is_asked_for_once_wherever_the_release_died() {
    for (fault, first_at) in [(Fault::Refuse, 0), (Fault::LoseAnswer, 1)] {
        let (mut died, (mut world, _)) = (0, came_back().await);
        // Each request meets one of the two faults, up to the first run that needs no more of them.
        for after in (first_at..80).step_by(2) {
            // Each time a tenant of its own, where nothing has happened yet.
            world.move_to(u128::try_from(after).expect("small") + 2).await;
            furnish(&world, "100000.00").await;
            member(&world, 1, 300).await;
            let award = begin(&world, "usr_ada", "one").await;
            arrive(&world, &award).await;
            assert!(come_back(&world, &award).await);
            release(&world, 1, &award).await;
            let id = AdjustmentId::from_ulid(1_u128.into());
            let stored = world.store.get_adjustment(&world.tenant, "release", &id).await.expect("store");
            let seal = stored.expect("it waits").adjustment.seal();
            let bob = desk(&world, "usr_bob").await.under("approve".to_owned());
            let before = world.database.requests();
            world.database.fail_after(after, 100, fault);
            let first = adjustments::approve(&bob, "release", &id, seal).await;
            let asked = world.database.requests() - before;
            world.database.heal();
            world.database.forget_answers().await;
            died += u32::from(first.is_err());
            // Whoever asks again is answered, and the daily round goes on where the first run died.
            let again = adjustments::approve(&bob, "release", &id, seal).await.expect("an answer");
            assert!(matches!(again, Changed::Done(_)), "{fault:?} after {after}: {again:?}");
            for settled in awards(&world, "machine").await.settle_all().await.expect("store") {
                settled.expect("settled");
            }
            let there = payments(&world, &award).await;
            assert_eq!(there.all().len(), 2, "{fault:?} after {after}");
            assert_eq!(newest(&world, &award).await.payout.amount.to_text(), "75700.00");
            world.verified().await;
            if asked <= after {
                break;
            }
        }
        assert!(died > 0, "{fault:?} met {died} requests");
    }
}

/// What happens to an award, in any order.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Approve(&'static str),
    Reject,
    Send,
    Confirm,
    Fail,
    ComeBack,
    AskRelease,
    ApproveReleases,
    Settle,
    Grasp,
    Day,
}

/// What would lead on from where the newest payout stands.
fn onward(state: &PayoutState, draw: u64) -> Happens {
    match state {
        PayoutState::PendingApproval => Happens::Approve(if draw.is_multiple_of(2) { "usr_ben" } else { "usr_cat" }),
        PayoutState::Approved => Happens::Send,
        PayoutState::Submitted { .. } => Happens::Confirm,
        PayoutState::Paid { .. } => Happens::ComeBack,
        PayoutState::Returned { .. } if draw.is_multiple_of(2) => Happens::AskRelease,
        PayoutState::Returned { .. } => Happens::ApproveReleases,
        _ => Happens::Settle,
    }
}

const ANY: [Happens; 11] = [
    Happens::Approve("usr_ada"),
    Happens::Reject,
    Happens::Send,
    Happens::Confirm,
    Happens::Fail,
    Happens::ComeBack,
    Happens::AskRelease,
    Happens::ApproveReleases,
    Happens::Settle,
    Happens::Grasp,
    Happens::Day,
];

/// Whoever may not is refused, and whoever is too early or too late, too: the laws are asked behind each.
async fn happen(world: &mut World, award: &Settled, happens: Happens, asked: &mut u128) {
    let payout = newest(world, award).await;
    let (id, seal) = (payout.payout.id.clone(), payout.payout.seal);
    let reference = format!("of {id}");
    let (role, who, command) = match happens {
        Happens::Approve(who) => (Role::Admin, who, Command::Approve { seal }),
        Happens::Reject => (Role::Admin, "usr_cyd", Command::Reject { reason: "no".to_owned() }),
        Happens::Send => {
            let sent = Sent { sent_at: world.now, expected_arrival: None, reference };
            (Role::FinanceManager, "usr_fin", Command::MarkSent(sent))
        }
        Happens::Confirm => (Role::FinanceManager, "usr_fin", Command::Confirm { completed_at: world.now, reference }),
        Happens::Fail => (Role::FinanceManager, "usr_fin", Command::Fail { reason: "refused".to_owned() }),
        Happens::ComeBack => {
            let _booked: bool = come_back(world, award).await;
            return;
        }
        Happens::AskRelease => {
            *asked += 1;
            return drop(release(world, *asked, award).await);
        }
        Happens::ApproveReleases => {
            for n in 1..=*asked {
                drop(approve(world, "usr_bob", n).await);
            }
            return;
        }
        Happens::Settle => {
            let machine = awards(world, "machine").await;
            let (one, two) = tokio::join!(machine.settle_all(), machine.settle_all());
            return drop((one.expect("store"), two.expect("store")));
        }
        Happens::Grasp => {
            for no in 0..4 {
                let name = PaymentName::behind(award.stored.award.id.clone(), no);
                drop(ask_under(world, award, name.to_string()).await);
            }
            return;
        }
        Happens::Day => return world.pass_days(1),
    };
    if let Moved::Done(stored) = world.command(&id, role, who, command).await {
        let by = Actor::new(role, who);
        follow(&world.store, &world.tenant, &stored.payout, (&by, world.now)).await.expect("the award follows");
    }
}

/// V1 to V14 behind every step, and never more out than was given: whoever does what, in any order.
#[tokio::test]
async fn whatever_happens_to_an_award_it_is_paid_once_and_every_law_holds() {
    let mut most = 0;
    for story in 1..=STORIES {
        let mut draw = story.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut world = business("100000.00").await;
        member(&world, 1, 300).await;
        let (award, mut asked) = (begin(&world, "usr_ada", "request 1").await, 0);
        for step in 0..STEPS {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (lot, any) = (draw >> 33, usize::try_from((draw >> 40) % 11).expect("small"));
            let state = newest(&world, &award).await.payout.state;
            let happens = if lot % 10 < 8 { onward(&state, draw >> 50) } else { ANY[any] };
            happen(&mut world, &award, happens, &mut asked).await;
            let there = payments(&world, &award).await;
            let out = there.all().iter().map(|payment| match payment.payout.payout.state {
                PayoutState::Paid { .. } => payment.payout.payout.amount.minor(),
                // What had left came back; what was kept of it is not there to be paid again.
                PayoutState::Returned { .. } => {
                    let net = payment.payout.payout.net.expect("parts");
                    net.fee.minor() + net.withheld.minor()
                }
                _ => 0,
            });
            assert!(out.fold(0, i64::saturating_add) <= 10_000_000, "story {story} step {step} {happens:?}: {there:?}");
            world.verified().await;
            most = most.max(there.all().len());
        }
    }
    assert!(most > 2, "no story came to a third payment");
}
