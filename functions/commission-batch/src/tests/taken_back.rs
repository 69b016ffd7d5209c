//! COM-22: what comes back of a sale whose month is counted, and what that takes off what the month made of it.

use cases::desk::{Desk, holds};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::fact::{DisputePhase, Fact, Refund};
use domain::id::{RuleId, SaleId};
use domain::money::Money;
use domain::month::Month;
use domain::role::Role;
use domain::rule::{Band, BandMode, Bands, Caps, Metric, Milestone, Reward, RuleVersion, Terms};
use world::World;

use super::adjusting::{FIRST, SECOND, banded, book, program, rate, sale, terms, usd, visited, world_of};
use super::at;
use super::recomputing::{applied, proposal, proposed};

/// Nights of December, one behind the other.
const NIGHTS: [&str; 3] = ["2026-12-15", "2026-12-16", "2026-12-17"];

/// A world with sales of November, which is counted.
pub(super) async fn counted(terms: Terms, sales: &[(&str, &str)]) -> World {
    let world = world_of(terms).await;
    for (invoice, paid) in sales {
        book(&world, &sale(&world, invoice, &format!("cus_of_{invoice}"), paid, FIRST)).await;
    }
    behind_november(world).await
}

/// A world whose November is counted; it is the middle of December.
pub(super) async fn behind_november(mut world: World) -> World {
    visited(&world, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.counted, Some(Month::parse("2026-11").expect("month")));
    world.pass_days(23);
    world
}

/// The total behind each of some nights: nothing is booked twice.
pub(super) async fn is_total(world: &World, expected: &str) {
    for night in NIGHTS {
        visited(world, night).await;
        assert_eq!(world.total().await, expected, "{night}");
    }
    world.verified().await;
}

#[tokio::test]
async fn com_22_bands_of_a_counted_month_go_with_the_sale_that_reached_them() {
    let world = counted(banded(BandMode::Retroactive), &[("in_1", "26000")]).await;
    // 20 % at once, and the month's 30 %.
    is_total(&world, "7800.00").await;
    book(&world, &world.refund("re_1", "in_1", "26000")).await;
    is_total(&world, "0.00").await;
}

#[tokio::test]
async fn com_22_of_each_part_that_comes_back_the_bands_give_back_theirs() {
    let world = counted(banded(BandMode::Retroactive), &[("in_1", "20000"), ("in_2", "6000")]).await;
    book(&world, &world.refund("re_1", "in_2", "2000")).await;
    // 24,000 are left at the 30 % that the month had reached.
    is_total(&world, "7200.00").await;
    book(&world, &world.refund("re_2", "in_1", "20000")).await;
    is_total(&world, "1200.00").await;
    book(&world, &world.refund("re_3", "in_2", "4000")).await;
    is_total(&world, "0.00").await;
}

#[tokio::test]
async fn com_22_a_refund_that_failed_after_all_gives_the_bands_again() {
    let world = counted(banded(BandMode::Retroactive), &[("in_1", "26000")]).await;
    let Fact::Refund(refund) = world.refund("re_1", "in_1", "26000") else { unreachable!("a refund") };
    book(&world, &Fact::Refund(refund.clone())).await;
    is_total(&world, "0.00").await;
    let nothing = Money::zero(Currency::USD);
    book(&world, &Fact::Refund(Refund { amount: nothing, ..refund })).await;
    is_total(&world, "7800.00").await;
}

#[tokio::test]
async fn com_22_what_comes_back_before_the_count_is_the_months_own_and_taken_off_once() {
    let mut world = world_of(banded(BandMode::Retroactive)).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "6000", SECOND)).await;
    visited(&world, "2026-11-24").await;
    book(&world, &world.refund("re_1", "in_2", "6000")).await;
    visited(&world, "2026-12-03").await;
    // 20,000 are left, at 25 %.
    assert_eq!(world.total().await, "5000.00");
    world.pass_days(23);
    is_total(&world, "5000.00").await;
    book(&world, &world.refund("re_2", "in_1", "10000")).await;
    is_total(&world, "2500.00").await;
}

/// An admin says that a sale never was one.
async fn reject(world: &World, invoice: &str) {
    let actor = Actor::new(Role::Admin, "usr_1");
    let desk = Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
    let reject = holds::Command::Reject { reason: "never valid".to_owned() };
    let rejected = holds::command(&desk, &SaleId::of(&world::key(invoice)), &reject).await.expect("an answer");
    assert!(matches!(rejected, holds::Changed::Done(_)), "{rejected:?}");
}

#[tokio::test]
async fn com_22_bands_go_with_a_counted_sale_that_is_rejected_or_lost_in_a_dispute_or_both() {
    for (is_lost, is_rejected) in [(true, false), (false, true), (true, true)] {
        let world = counted(banded(BandMode::Retroactive), &[("in_1", "26000")]).await;
        if is_lost {
            book(&world, &world.dispute("dp_1", "in_1", "26000", DisputePhase::Lost)).await;
            is_total(&world, "0.00").await;
        }
        if is_rejected {
            reject(&world, "in_1").await;
        }
        is_total(&world, "0.00").await;
    }
}

#[tokio::test]
async fn com_22_what_came_back_in_one_month_is_known_in_the_next() {
    let mut world = counted(banded(BandMode::Retroactive), &[("in_1", "26000")]).await;
    book(&world, &world.refund("re_1", "in_1", "13000")).await;
    is_total(&world, "3900.00").await;
    for night in ["2027-01-03", "2027-01-04"] {
        visited(&world, night).await;
        assert_eq!(world.total().await, "3900.00", "{night}");
    }
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.counted, Some(Month::parse("2026-12").expect("month")));
    world.pass_days(21);
    book(&world, &world.refund("re_2", "in_1", "6500")).await;
    for (night, expected) in [("2027-01-05", "1950.00"), ("2027-01-06", "1950.00")] {
        visited(&world, night).await;
        assert_eq!(world.total().await, expected, "{night}");
    }
    book(&world, &world.refund("re_3", "in_1", "6500")).await;
    for night in ["2027-01-07", "2027-01-08"] {
        visited(&world, night).await;
        assert_eq!(world.total().await, "0.00", "{night}");
    }
    world.verified().await;
}

/// Whenever parts of a month's sales come back, and in whatever parts: once all has, the month has earned nothing, and
/// on the way each cent that came back has taken its part with it.
#[tokio::test]
async fn com_22_a_month_of_which_all_came_back_has_earned_nothing_whenever_it_did() {
    for seed in 1..=6_u64 {
        let mut dice = seed.wrapping_mul(6_364_136_223_846_793_005);
        let mut roll = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % sides
        };
        let paid: Vec<(String, u64)> = (0..4).map(|n| (format!("in_{n}"), 100_000 + roll(900_000))).collect();
        let mut world = world_of(banded(BandMode::Retroactive)).await;
        let text = |minor: u64| Money::from_minor(i64::try_from(minor).expect("small"), Currency::USD).to_text();
        for (invoice, minor) in &paid {
            book(&world, &sale(&world, invoice, &format!("cus_{invoice}"), &text(*minor), FIRST)).await;
        }
        let mut parts: Vec<(String, u64)> = Vec::new();
        for (invoice, minor) in &paid {
            let (first, second) = (1 + roll(*minor / 3), 1 + roll(*minor / 3));
            parts.extend([first, second, minor - first - second].map(|part| (invoice.clone(), part)));
        }
        // One in three comes back within its month.
        let (mut early, mut late) = (Vec::new(), Vec::new());
        for part in parts {
            if roll(3) == 0 { early.push(part) } else { late.push(part) }
        }
        for (n, (invoice, minor)) in early.iter().enumerate() {
            book(&world, &world.refund(&format!("re_early_{n}"), invoice, &text(*minor))).await;
        }
        visited(&world, "2026-12-03").await;
        let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
        assert_eq!(head.counted, Some(Month::parse("2026-11").expect("month")), "{seed}");
        world.pass_days(23);
        for (n, (invoice, minor)) in late.iter().enumerate() {
            book(&world, &world.refund(&format!("re_late_{n}"), invoice, &text(*minor))).await;
            if roll(2) == 0 {
                visited(&world, NIGHTS[0]).await;
                assert!(!world.total().await.starts_with('-'), "{seed}: {n}");
            }
        }
        is_total(&world, "0.00").await;
    }
}

/// Nothing at once, and from 10,000 on a quarter, or three tenths, of the whole month.
fn nothing_at_first() -> Terms {
    banded_by(["0", "0.25", "0.3"])
}

#[tokio::test]
async fn com_22_bands_go_with_sales_that_had_earned_nothing_beside_them() {
    let world = counted(nothing_at_first(), &[("in_1", "20000"), ("in_2", "6000")]).await;
    is_total(&world, "7800.00").await;
    book(&world, &world.refund("re_1", "in_2", "2000")).await;
    // 24,000 are left at the 30 % that the month had reached.
    is_total(&world, "7200.00").await;
    let Fact::Refund(refund) = world.refund("re_2", "in_1", "20000") else { unreachable!("a refund") };
    book(&world, &Fact::Refund(refund.clone())).await;
    is_total(&world, "1200.00").await;
    // It failed after all, and then did not.
    book(&world, &Fact::Refund(Refund { amount: Money::zero(Currency::USD), ..refund })).await;
    is_total(&world, "7200.00").await;
    book(&world, &world.refund("re_3", "in_1", "20000")).await;
    book(&world, &world.refund("re_4", "in_2", "4000")).await;
    is_total(&world, "0.00").await;
}

#[tokio::test]
async fn com_22_what_came_back_of_nothing_before_the_count_is_not_taken_off_again() {
    let mut world = world_of(nothing_at_first()).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "6000", SECOND)).await;
    book(&world, &world.refund("re_1", "in_2", "3000")).await;
    visited(&world, "2026-12-03").await;
    // 23,000 are left, at 25 %.
    assert_eq!(world.total().await, "5750.00");
    world.pass_days(23);
    is_total(&world, "5750.00").await;
    book(&world, &world.refund("re_2", "in_2", "3000")).await;
    is_total(&world, "5000.00").await;
    book(&world, &world.refund("re_3", "in_1", "20000")).await;
    is_total(&world, "0.00").await;
}

#[tokio::test]
async fn com_22_bands_go_with_a_sale_of_nothing_that_is_rejected_or_lost_and_stay_with_one_that_is_won() {
    for (phase, is_rejected, expected) in [
        (DisputePhase::Lost, false, "0.00"),
        (DisputePhase::Lost, true, "0.00"),
        (DisputePhase::Won, true, "0.00"),
        (DisputePhase::Won, false, "7800.00"),
    ] {
        let world = counted(nothing_at_first(), &[("in_1", "26000")]).await;
        book(&world, &world.dispute("dp_1", "in_1", "26000", DisputePhase::Opened)).await;
        is_total(&world, "7800.00").await;
        book(&world, &world.dispute("dp_1", "in_1", "26000", phase)).await;
        if is_rejected {
            reject(&world, "in_1").await;
        }
        is_total(&world, expected).await;
    }
}

#[tokio::test]
async fn com_22_of_bands_on_sales_of_nothing_what_came_back_in_one_month_is_known_in_the_next() {
    let mut world = counted(nothing_at_first(), &[("in_1", "26000")]).await;
    book(&world, &world.refund("re_1", "in_1", "13000")).await;
    is_total(&world, "3900.00").await;
    visited(&world, "2027-01-03").await;
    world.pass_days(21);
    book(&world, &world.refund("re_2", "in_1", "6500")).await;
    visited(&world, "2027-01-05").await;
    assert_eq!(world.total().await, "1950.00");
    book(&world, &world.refund("re_3", "in_1", "6500")).await;
    for night in ["2027-01-06", "2027-01-07"] {
        visited(&world, night).await;
        assert_eq!(world.total().await, "0.00", "{night}");
    }
    world.verified().await;
}

#[tokio::test]
async fn com_22_a_customers_cap_has_room_again_for_what_came_back_of_a_counted_month() {
    let caps = Caps { per_customer: Some(usd("100.00")), ..Caps::default() };
    let world = counted(Terms { caps, ..terms(Reward::Percentage(rate("0.5"))) }, &[("in_1", "400")]).await;
    is_total(&world, "100.00").await;
    book(&world, &world.refund("re_1", "in_1", "400")).await;
    is_total(&world, "0.00").await;
    book(&world, &sale(&world, "in_2", "cus_of_in_1", "300", "2026-12-14T10:00:00Z")).await;
    is_total(&world, "100.00").await;
    // Counted once, and not with each month that is counted behind it.
    visited(&world, "2027-01-03").await;
    book(&world, &sale(&world, "in_3", "cus_of_in_1", "300", "2027-01-02T10:00:00Z")).await;
    visited(&world, "2027-01-04").await;
    assert_eq!(world.total().await, "100.00");
    world.verified().await;
}

/// Other steps of retroactive bands, from nothing, 10,000 and 25,000 on.
pub(super) fn banded_by(shares: [&str; 3]) -> Terms {
    let step = |(from, share): (&str, &str)| Band { from: usd(from), rate: rate(share) };
    let steps = ["0", "10000", "25000"].into_iter().zip(shares).map(step).collect();
    Terms { bands: Some(Bands { mode: BandMode::Retroactive, steps }), ..banded(BandMode::Retroactive) }
}

#[tokio::test]
async fn com_22_behind_a_recompute_what_comes_back_takes_the_same_part_of_the_bands() {
    let world = counted(banded(BandMode::Retroactive), &[("in_1", "20000"), ("in_2", "6000")]).await;
    book(&world, &world.refund("re_1", "in_2", "6000")).await;
    // 20,000 are left at the 30 % that the month had reached: 4,000.00, and 2,000.00 by the bands.
    is_total(&world, "6000.00").await;
    // Ten in a hundred more in each band: 2,000.00 for the sale that is left, and what the bands add stays.
    let stored = proposed(&world, &proposal(banded_by(["0.3", "0.35", "0.4"]), FIRST)).await;
    assert_eq!(stored.recompute.shown.totals, [usd("2000.00")]);
    applied(&world).await;
    is_total(&world, "8000.00").await;
    // A half of what is left: 3,000.00 of the sale, and 1,000.00 of the bands.
    book(&world, &world.refund("re_2", "in_1", "10000")).await;
    is_total(&world, "4000.00").await;
    book(&world, &world.refund("re_3", "in_1", "10000")).await;
    is_total(&world, "0.00").await;
}

#[tokio::test]
async fn com_22_what_a_recompute_added_to_bands_goes_with_what_was_left_of_their_month() {
    let mut world = counted(banded(BandMode::Retroactive), &[("in_1", "20000"), ("in_2", "6000")]).await;
    book(&world, &world.refund("re_1", "in_2", "6000")).await;
    is_total(&world, "6000.00").await;
    // What is left is worth 30 % for 25 %: 1,000.00 more for it by the bands, and nothing for what came back.
    let stored = proposed(&world, &proposal(banded_by(["0.2", "0.3", "0.4"]), FIRST)).await;
    assert_eq!(stored.recompute.shown.totals, [usd("1000.00")]);
    applied(&world).await;
    is_total(&world, "7000.00").await;
    // A half of that: 2,000.00 of the sale, 1,000.00 of the month's bands, and 500.00 of what was added.
    book(&world, &world.refund("re_2", "in_1", "10000")).await;
    is_total(&world, "3500.00").await;
    visited(&world, "2027-01-03").await;
    world.pass_days(21);
    book(&world, &world.refund("re_3", "in_1", "10000")).await;
    for night in ["2027-01-05", "2027-01-06"] {
        visited(&world, night).await;
        assert_eq!(world.total().await, "0.00", "{night}");
    }
    world.verified().await;
}

#[tokio::test]
async fn com_22_bands_that_only_a_recompute_gave_a_month_go_with_its_sales() {
    // 9,000 reach no band, and by other steps they do.
    let world = counted(banded(BandMode::Retroactive), &[("in_1", "9000")]).await;
    is_total(&world, "1800.00").await;
    let steps = vec![Band { from: usd("0"), rate: rate("0.2") }, Band { from: usd("5000"), rate: rate("0.3") }];
    let bands = Some(Bands { mode: BandMode::Retroactive, steps });
    proposed(&world, &proposal(Terms { bands, ..banded(BandMode::Retroactive) }, FIRST)).await;
    applied(&world).await;
    is_total(&world, "2700.00").await;
    book(&world, &world.refund("re_1", "in_1", "3000")).await;
    is_total(&world, "1800.00").await;
    book(&world, &world.refund("re_2", "in_1", "6000")).await;
    is_total(&world, "0.00").await;
}

/// Retroactive bands under a cap on what is paid for a customer.
fn banded_up_to(per_customer: &str) -> Terms {
    let caps = Caps { per_customer: Some(usd(per_customer)), ..Caps::default() };
    Terms { caps, ..banded(BandMode::Retroactive) }
}

#[tokio::test]
async fn com_10_what_a_counted_months_bands_paid_for_a_customer_uses_up_their_cap() {
    // 900.00 and 1,000.00 for the sales, the second cut; 10,500 reach 25 %: of 225.00 more for the first customer 100.00 fit.
    let world = counted(banded_up_to("1000"), &[("in_1", "4500"), ("in_2", "6000")]).await;
    is_total(&world, "2000.00").await;
    book(&world, &sale(&world, "in_3", "cus_of_in_1", "1000", "2026-12-14T10:00:00Z")).await;
    is_total(&world, "2000.00").await;
    // Counted once, and kept with each month behind it.
    visited(&world, "2027-01-03").await;
    book(&world, &sale(&world, "in_4", "cus_of_in_1", "1000", "2027-01-02T10:00:00Z")).await;
    for night in ["2027-01-04", "2027-01-05"] {
        visited(&world, night).await;
        assert_eq!(world.total().await, "2000.00", "{night}");
    }
    world.verified().await;
}

#[tokio::test]
async fn com_10_of_what_bands_paid_for_a_customer_a_cap_has_room_again_for_what_came_back() {
    // 20 % at once, and the month's 25 %.
    let world = counted(banded_up_to("3000"), &[("in_1", "10000")]).await;
    is_total(&world, "2500.00").await;
    // 1,000.00 for it, of which 500.00 fit.
    book(&world, &sale(&world, "in_2", "cus_of_in_1", "5000", "2026-12-14T10:00:00Z")).await;
    is_total(&world, "3000.00").await;
    book(&world, &world.refund("re_1", "in_1", "5000")).await;
    // A half is left of the first month, and all of the second fits.
    is_total(&world, "2250.00").await;
    book(&world, &world.refund("re_2", "in_1", "5000")).await;
    is_total(&world, "1000.00").await;
    visited(&world, "2027-01-03").await;
    // 15,000 at 20 %, and 25 % by the month: 2,000.00 fit.
    book(&world, &sale(&world, "in_3", "cus_of_in_1", "15000", "2027-01-02T10:00:00Z")).await;
    for night in ["2027-01-04", "2027-01-05"] {
        visited(&world, night).await;
        assert_eq!(world.total().await, "3000.00", "{night}");
    }
    world.verified().await;
}

#[tokio::test]
async fn com_22_a_counted_sale_that_came_back_uses_up_no_occurrence() {
    let mut once = terms(Reward::Percentage(rate("0.5")));
    for clause in &mut once.clauses {
        clause.limits.max_occurrences = Some(1);
    }
    let world = counted(once, &[("in_1", "100")]).await;
    is_total(&world, "50.00").await;
    book(&world, &world.refund("re_1", "in_1", "100")).await;
    is_total(&world, "0.00").await;
    book(&world, &sale(&world, "in_2", "cus_of_in_1", "60", "2026-12-14T10:00:00Z")).await;
    is_total(&world, "30.00").await;
    visited(&world, "2027-01-03").await;
    book(&world, &sale(&world, "in_3", "cus_of_in_1", "60", "2027-01-02T10:00:00Z")).await;
    visited(&world, "2027-01-04").await;
    assert_eq!(world.total().await, "30.00");
    world.verified().await;
}

#[tokio::test]
async fn com_14_a_milestone_that_is_made_later_counts_what_was_sold_before() {
    let world = counted(terms(Reward::Percentage(rate("0.3"))), &[("in_1", "10")]).await;
    let milestone = Milestone {
        name: "Three sales".to_owned(),
        metric: Metric::Sales(3),
        currency: Currency::USD,
        bonus: Some(usd("25")),
        badge: None,
    };
    let version = RuleVersion {
        id: RuleId::from_ulid(4_u128.into()),
        program: program(),
        effective_from: at("2027-01-01T00:00:00Z"),
        terms: Terms { milestones: vec![milestone], ..terms(Reward::Percentage(rate("0.3"))) },
    };
    book(&world, &sale(&world, "in_2", "cus_2", "10", "2026-12-14T10:00:00Z")).await;
    visited(&world, "2027-01-03").await;
    // Two months are counted before there is a milestone at all.
    world.store.create_rule(&world.tenant, &version).await.expect("a rule");
    book(&world, &sale(&world, "in_3", "cus_2", "10", "2027-01-02T10:00:00Z")).await;
    for night in ["2027-01-04", "2027-01-05"] {
        visited(&world, night).await;
        assert_eq!(world.total().await, "34.00", "{night}");
    }
}
