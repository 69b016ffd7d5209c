//! What others left half done or stuck: it holds up nobody else, and whoever comes next finishes it.

use cases::adjust::Night;
use cases::adjust::binding::rebind;
use cases::adjust::load::{Loaded, read_frames};
use cases::adjust::moving::Unsettled;
use cases::adjust::plan::Making;
use cases::risk::{Ruled, decide};
use domain::attribution::customer::Customer;
use domain::audit::Actor;
use domain::commission::EarningReason;
use domain::fact::{Buyer, CustomerSeen, SalePaid, SoldItem};
use domain::fraud::marks::{Mark, MarkKind, fingerprint_digest};
use domain::fraud::review::{Deciding, Review, Verdict};
use domain::id::{ReviewId, SaleId};
use domain::sale::{HoldReason, Sale};
use store::periods::ChangedSale;

use super::*;

/// The night decides a sale anew by a customer as it says it has read them: one whom nobody brought.
async fn night_finds_nobody(world: &World, invoice: &str, customer_version: u64) {
    let frames = read_frames(&world.store, &world.tenant).await.expect("store");
    let sale = world.kept_sale(invoice).await;
    let key = sale.customer.clone().expect("a customer");
    let mut loaded = Loaded::default();
    loaded.customers.insert(key, Customer { version: customer_version, ..Customer::default() });
    loaded.sales.insert(sale.id.clone(), sale);
    let zone = Zone::utc();
    let making = Making {
        now: world.now,
        today: zone.day_of(world.now),
        ledger_zone: &zone,
        by: "run_1",
        cause: EarningReason::Adjusted,
    };
    let (store, tenant) = (&world.store, &world.tenant);
    let night = Night { store, tenant, frames: &frames, making, until: world.now, unsettled: &Unsettled::default() };
    assert_eq!(rebind(&night, &loaded).await.expect("store"), 1);
}

async fn customer_version(world: &World) -> u64 {
    let known = world.store.get_customer(&world.tenant, &world::key("cus_1")).await.expect("store");
    known.expect("a customer").version
}

async fn undecided(world: &World) -> Vec<SaleId> {
    world.store.list_undecided(&world.tenant, &world::key("cus_1")).await.expect("store")
}

fn sale_of(invoice: &str) -> SaleId {
    SaleId::of(&world::key(invoice))
}

#[tokio::test]
async fn a_night_that_read_the_customer_before_somebody_met_them_decides_nothing() {
    // The check-out that came between finds no sale that waits, so the night must not leave one behind.
    let world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    let now = customer_version(&world).await;
    night_finds_nobody(&world, "in_1", now - 1).await;
    assert_eq!((world.total().await.as_str(), undecided(&world).await), ("29.70", Vec::new()));
    // As they are now, the night's word counts, and the sale waits.
    night_finds_nobody(&world, "in_1", now).await;
    assert_eq!((world.total().await.as_str(), undecided(&world).await), ("0.00", vec![sale_of("in_1")]));
    world.verified().await;
}

#[tokio::test]
async fn a_row_that_somebody_left_does_not_keep_a_sale_from_being_decided_anew() {
    let world = World::new().await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    book(&world, world.seen("cus_2", Some(&world.token))).await;
    book(&world, world.sale("in_2", "cus_2", "10.00")).await;
    let decision = world.kept_sale("in_2").await.decision;
    let before = world.kept_sale("in_1").await;
    let sale = Sale { decision, version: before.version + 1, ..before.clone() };
    let change = ChangedSale { before: before.version, sale, lines: Vec::new() };
    world.store.adjust_sales(&world.tenant, None, &[change]).await.expect("store");
    assert_eq!(undecided(&world).await, [sale_of("in_1")]);
    let now = customer_version(&world).await;
    night_finds_nobody(&world, "in_1", now).await;
    assert_eq!(world.kept_sale("in_1").await.decision.credits().len(), 0);
    assert_eq!(undecided(&world).await, [sale_of("in_1")]);
    world.verified().await;
}

/// A check-out paid from the partner's own card or account.
fn own(world: &World, paid_from: &str) -> Fact {
    let Fact::CustomerSeen(seen) = world.seen("cus_1", Some(&world.token)) else { unreachable!("a check-out") };
    let buyer = Buyer { paid_from: Some(fingerprint_digest(paid_from)), ..Buyer::default() };
    Fact::CustomerSeen(CustomerSeen { buyer, ..seen })
}

async fn review(world: &World) -> Review {
    let id = ReviewId::of_sale(&sale_of("in_1"));
    world.store.get_review(&world.tenant, &id).await.expect("store").expect("a review").review
}

async fn ruled(world: &World, verdict: Verdict) {
    let by = Actor::new(Role::Admin, "usr_ada");
    let reason = "looked at it".to_owned();
    let deciding = Deciding { verdict, suspends: false, reason, told_partner: None, by, at: world.now };
    let id = ReviewId::of_sale(&sale_of("in_1"));
    let ruled = decide(&world.store, &world.tenant, &id, &deciding).await.expect("an answer");
    assert!(matches!(ruled, Ruled::Done(_)), "{ruled:?}");
}

#[tokio::test]
async fn a_sale_that_is_decided_a_second_time_keeps_its_review() {
    // FRD-4: (what a person said of it before, what it is paid from the second time, held, signals, state, stops)
    let (card, account) = ("card of pat", "account of pat");
    let rows = [
        (None, card, "29.70", 1, "open", 0),
        (None, account, "29.70", 2, "open", 1),
        (Some(Verdict::Watch), card, "29.70", 1, "watching", 0),
        (Some(Verdict::Release), account, "0.00", 1, "released", 0),
    ];
    for (verdict, paid_from, held, signals, state, stops) in rows {
        let world = World::new().await;
        let marks = [Mark::of_fingerprint(MarkKind::Card, card), Mark::of_fingerprint(MarkKind::Payout, account)];
        world.store.record_marks(&world.tenant, &world.partner, &marks, world.now).await.expect("recorded");
        book(&world, world.sale("in_1", "cus_1", "99.00")).await;
        book(&world, own(&world, card)).await;
        assert_eq!(world.kept_sale("in_1").await.hold, Some(HoldReason::Risk));
        if let Some(verdict) = verdict {
            ruled(&world, verdict).await;
        }
        night_finds_nobody(&world, "in_1", customer_version(&world).await).await;
        assert_eq!(world.total().await, "0.00");
        book(&world, own(&world, paid_from)).await;
        assert_eq!(world.total().await, "29.70", "{verdict:?} {paid_from}");
        let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
        assert_eq!(Money::from_minor(head.held, domain::currency::Currency::USD).to_text(), held, "{verdict:?}");
        let review = review(&world).await;
        let found = (review.findings[0].signals.len(), review.state.word());
        assert_eq!(found, (signals, state), "{verdict:?} {paid_from}");
        let stopped = world.store.list_stops(&world.tenant, &world.partner).await.expect("store");
        assert_eq!(stopped.len(), stops, "{verdict:?} {paid_from}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_sale_that_cannot_be_decided_holds_up_no_other_and_no_refund() {
    let world = World::new().await;
    let usd = |minor| Money::from_minor(minor, domain::currency::Currency::USD);
    let item = |n| SoldItem { product: format!("prod_{n}"), amount: usd(100) };
    let many = SalePaid { items: (0..81).map(item).collect(), ..world.paid("in_81", "cus_1", "81.00") };
    book(&world, Fact::SalePaid(many)).await;
    for n in 2..=6 {
        book(&world, world.sale(&format!("in_{n}"), "cus_1", "10.00")).await;
    }
    book(&world, world.refund("re_1", "in_1", "49.50")).await;
    let meets = SalePaid { click_token: Some(world.token.clone()), ..world.paid("in_1", "cus_1", "99.00") };
    let told = try_book(&world, &Fact::SalePaid(meets)).await;
    assert!(matches!(told, Err(BookingError::TooManyLines { lines: 81, .. })), "{told:?}");
    // Half of 29.70, and five times 3.00.
    assert_eq!((world.total().await.as_str(), undecided(&world).await), ("29.85", vec![sale_of("in_81")]));
    world.verified().await;
}

#[tokio::test]
async fn a_refund_that_failed_goes_back_to_where_it_was_told_whatever_its_last_word_says() {
    // ING-7: (the item of the first word, the item of the last)
    for (first, last) in [(Some(1), None), (None, Some(1)), (Some(1), Some(0)), (Some(0), Some(9))] {
        let world = World::new().await;
        book(&world, world.seen("cus_1", Some(&world.token))).await;
        let usd = |minor| Money::from_minor(minor, domain::currency::Currency::USD);
        let item = |minor| SoldItem { product: format!("prod_{minor}"), amount: usd(minor) };
        let items = vec![item(6_000), item(4_000)];
        book(&world, Fact::SalePaid(SalePaid { items, ..world.paid("in_1", "cus_1", "100.00") })).await;
        let Fact::Refund(refund) = world.refund("re_1", "in_1", "20.00") else { unreachable!("a refund") };
        let word = |amount, item| Fact::Refund(Refund { amount: usd(amount), item, ..refund.clone() });
        assert_eq!(book(&world, word(2_000, first)).await, Booked::Recorded);
        assert_eq!(world.total().await, "24.00", "{first:?}");
        assert_eq!(book(&world, word(0, last)).await, Booked::Recorded);
        let sale = world.kept_sale("in_1").await;
        let left: Vec<i64> =
            sale.item_refunds.values().map(|money| money.minor()).filter(|minor| *minor != 0).collect();
        assert_eq!((sale.refunded.minor(), left), (0, Vec::new()), "{first:?} {last:?}");
        assert_eq!(world.total().await, "30.00", "{first:?} {last:?}");
        world.verified().await;
    }
}

#[test]
fn what_may_pass_is_told_before_what_contradicts_and_else_the_first() {
    // ING-8: (what was known, what is told besides, what is said in the end)
    let contradicts = |name| BookingError::AliasTaken { payment: world::key(name) };
    let told = |known, told| BookingError::weightier(known, told).to_string();
    assert_eq!(told(None, contradicts("in_1")), contradicts("in_1").to_string());
    assert_eq!(told(Some(contradicts("in_1")), contradicts("in_2")), contradicts("in_1").to_string());
    assert_eq!(told(Some(contradicts("in_1")), BookingError::Busy), BookingError::Busy.to_string());
    assert_eq!(told(Some(BookingError::Busy), contradicts("in_1")), BookingError::Busy.to_string());
}

#[tokio::test]
async fn what_is_refused_for_good_hides_nothing_that_is_to_be_tried_again() {
    // A refund that contradicts its payment waits beside one that does not, while the store is away at any request.
    let (mut world, mut after) = (World::new().await, 0);
    loop {
        world.move_to(100 + u128::try_from(after).expect("small")).await;
        let Fact::Refund(wrong) = world.refund("re_0", "in_1", "1.00") else { unreachable!("a refund") };
        let wrong = Refund { amount: Money::from_minor(100, domain::currency::Currency::EUR), ..wrong };
        for fact in
            [world.seen("cus_1", Some(&world.token)), Fact::Refund(wrong), world.refund("re_1", "in_1", "49.50")]
        {
            book(&world, fact).await;
        }
        let requests = world.database.requests();
        world.database.fail_after(after, 3, testkit::Fault::Refuse);
        let told = try_book(&world, &world.sale("in_1", "cus_1", "99.00")).await.expect_err("one contradicts");
        let requests = world.database.requests() - requests;
        world.database.heal();
        if !told.may_pass() {
            assert_eq!(world.total().await, "14.85", "refused for good: {told}, after {after}");
        }
        if after >= requests {
            break;
        }
        after += 1;
    }
    assert!(after > 5, "the faults were in the way");
}
