//! What others left half done or stuck: it holds up nobody else, and whoever comes next finishes it.

use cases::adjust::Night;
use cases::adjust::binding::rebind;
use cases::adjust::load::{Loaded, read_frames};
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
    let night = Night { store, tenant, frames: &frames, making, until: world.now };
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
    // ATT-8: the check-out that came between finds no sale that waits, so the night must not leave one behind.
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

/// A check-out under the partner's own address, or card as well.
fn own(world: &World, paid_from: Option<&str>) -> Fact {
    let Fact::CustomerSeen(seen) = world.seen("cus_1", Some(&world.token)) else { unreachable!("a check-out") };
    let buyer = Buyer { paid_from: paid_from.map(fingerprint_digest), ..Buyer::default() };
    Fact::CustomerSeen(CustomerSeen { email: domain::email::digest("pat@partner.example"), buyer, ..seen })
}

async fn review(world: &World) -> Review {
    let id = ReviewId::of_sale(&sale_of("in_1"));
    world.store.get_review(&world.tenant, &id).await.expect("store").expect("a review").review
}

async fn ruled(world: &World, verdict: Verdict) {
    let by = Actor { role: Role::Admin, id: "usr_ada".to_owned(), ip: None, user_agent: None };
    let reason = "looked at it".to_owned();
    let deciding = Deciding { verdict, suspends: false, reason, told_partner: None, by, at: world.now };
    let id = ReviewId::of_sale(&sale_of("in_1"));
    let ruled = decide(&world.store, &world.tenant, &id, &deciding).await.expect("an answer");
    assert!(matches!(ruled, Ruled::Done(_)), "{ruled:?}");
}

#[tokio::test]
async fn a_sale_that_is_decided_a_second_time_keeps_its_review() {
    // FRD-4: (what a person said of it before, what is noticed besides, held, signals, state, stops)
    let rows = [
        (None, None, "29.70", 1, "open", 0),
        (None, Some("account of pat"), "29.70", 2, "open", 1),
        (Some(Verdict::Watch), None, "29.70", 1, "watching", 0),
        (Some(Verdict::Release), Some("account of pat"), "0.00", 1, "released", 0),
    ];
    for (verdict, besides, held, signals, state, stops) in rows {
        let world = World::new().await;
        let marks = [
            Mark { kind: MarkKind::Email, digest: domain::email::digest("pat@partner.example").expect("an address") },
            Mark::of_fingerprint(MarkKind::Payout, "account of pat"),
        ];
        world.store.record_marks(&world.tenant, &world.partner, &marks, world.now).await.expect("recorded");
        book(&world, world.sale("in_1", "cus_1", "99.00")).await;
        book(&world, own(&world, None)).await;
        assert_eq!(world.kept_sale("in_1").await.hold, Some(HoldReason::Risk));
        if let Some(verdict) = verdict {
            ruled(&world, verdict).await;
        }
        night_finds_nobody(&world, "in_1", customer_version(&world).await).await;
        assert_eq!(world.total().await, "0.00");
        book(&world, own(&world, besides)).await;
        assert_eq!(world.total().await, "29.70", "{verdict:?} {besides:?}");
        let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
        assert_eq!(Money::from_minor(head.held, domain::currency::Currency::USD).to_text(), held, "{verdict:?}");
        let review = review(&world).await;
        let found = (review.findings[0].signals.len(), review.state.word());
        assert_eq!(found, (signals, state), "{verdict:?} {besides:?}");
        let stopped = world.store.list_stops(&world.tenant, &world.partner).await.expect("store");
        assert_eq!(stopped.len(), stops, "{verdict:?} {besides:?}");
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
        let left: Vec<i64> = sale.item_refunds.values().map(|money| money.minor()).filter(|minor| *minor != 0).collect();
        assert_eq!((sale.refunded.minor(), left), (0, Vec::new()), "{first:?} {last:?}");
        assert_eq!(world.total().await, "30.00", "{first:?} {last:?}");
        world.verified().await;
    }
}
