//! COM-22: by which volume it is measured what the bands of a counted month give back: that of the sales that bands gave
//! their rate, whoever found that out, and when.

use domain::fact::{Fact, SalePaid, SaleType};
use domain::id::RuleId;
use domain::rule::{BandMode, Bands, BasePolicy, Clause, Event, Limits, Reward, RuleVersion, Terms};
use world::World;

use super::adjusting::{FIRST, SECOND, THIRD, banded, book, program, rate, sale, terms, usd, visited, world_of};
use super::at;
use super::coming_back::give;
use super::recomputing::{applied, proposal, proposed};
use super::taken_back::{banded_by, behind_november, counted, is_total};

/// A clause for a customer's first sale alone.
fn first_sale_only(reward: Reward) -> Clause {
    let limits = Limits { max_months: None, max_occurrences: Some(1) };
    Clause { name: "the first".to_owned(), limits, ..Clause::simple(reward) }
}

/// A world with sales of November, each of a customer and a moment, which is counted.
async fn counted_of(terms: Terms, sales: &[(&str, &str, &str, &str)]) -> World {
    let world = world_of(terms).await;
    for (invoice, customer, paid, occurred_at) in sales {
        book(&world, &sale(&world, invoice, customer, paid, occurred_at)).await;
    }
    behind_november(world).await
}

#[tokio::test]
async fn com_22_a_sale_beyond_the_limit_of_a_banded_clause_is_no_part_of_its_volume() {
    let terms = Terms { clauses: vec![first_sale_only(Reward::Banded)], ..banded(BandMode::Retroactive) };
    // Each is booked by bands alone; the night finds that the second is beyond the limit.
    let sales = [("in_0", "cus_2", "10", FIRST), ("in_2", "cus_2", "6000", SECOND), ("in_1", "cus_1", "20000", FIRST)];
    let world = counted_of(terms, &sales).await;
    // 26,010 reach 30 %, and 20,010 of them are banded.
    is_total(&world, "6003.00").await;
    book(&world, &world.refund("re_2", "in_2", "6000")).await;
    is_total(&world, "6003.00").await;
    book(&world, &world.refund("re_1", "in_1", "20000")).await;
    is_total(&world, "3.00").await;
    book(&world, &world.refund("re_0", "in_0", "10")).await;
    is_total(&world, "0.00").await;
}

#[tokio::test]
async fn com_22_a_sale_that_only_the_night_finds_banded_tells_its_volume() {
    // In whatever order they come: the later one may be booked as the customer's first.
    for is_turned in [false, true] {
        let clauses = vec![first_sale_only(Reward::Percentage(rate("0.5"))), Clause::simple(Reward::Banded)];
        let terms = Terms { clauses, ..banded_by(["0", "0.25", "0.3"]) };
        let mut sales = [("in_0", "cus_1", "10", FIRST), ("in_2", "cus_1", "26000", SECOND)];
        if is_turned {
            sales.reverse();
        }
        let world = counted_of(terms, &sales).await;
        // 5.00 for the first, and 30 % of 26,000.
        is_total(&world, "7805.00").await;
        book(&world, &world.refund("re_1", "in_2", "13000")).await;
        is_total(&world, "3905.00").await;
        book(&world, &world.refund("re_2", "in_2", "13000")).await;
        is_total(&world, "5.00").await;
    }
}

#[tokio::test]
async fn com_22_marginal_sales_of_a_month_are_no_part_of_the_volume_of_its_retroactive_ones() {
    let steps = ["0", "0.25", "0.3"];
    let retroactive = banded_by(steps);
    let bands = retroactive.bands.clone().map(|bands| Bands { mode: BandMode::Marginal, ..bands });
    let world = world_of(Terms { bands, ..retroactive.clone() }).await;
    let version = RuleVersion {
        id: RuleId::from_ulid(4_u128.into()),
        program: program(),
        effective_from: at("2026-11-22T00:00:00Z"),
        terms: retroactive,
    };
    world.store.create_rule(&world.tenant, &version).await.expect("a rule");
    book(&world, &sale(&world, "in_1", "cus_1", "9000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "17000", SECOND)).await;
    let world = behind_november(world).await;
    // The first slice is worth nothing, and 26,000 in all reach 30 % of 17,000.
    is_total(&world, "5100.00").await;
    book(&world, &world.refund("re_1", "in_1", "9000")).await;
    is_total(&world, "5100.00").await;
    book(&world, &world.refund("re_2", "in_2", "17000")).await;
    is_total(&world, "0.00").await;
}

#[tokio::test]
async fn com_22_bands_that_a_recompute_gave_for_a_plain_rate_go_with_the_sales() {
    // The same for the sale itself and 2,600.00 by the bands, or nothing for it and 7,800.00.
    for first in ["0.2", "0"] {
        let world = counted(terms(Reward::Percentage(rate("0.2"))), &[("in_1", "26000")]).await;
        is_total(&world, "5200.00").await;
        let stored = proposed(&world, &proposal(banded_by([first, "0.25", "0.3"]), FIRST)).await;
        assert_eq!(stored.recompute.shown.totals, [usd("2600.00")], "{first}");
        applied(&world).await;
        is_total(&world, "7800.00").await;
        book(&world, &world.refund("re_1", "in_1", "13000")).await;
        is_total(&world, "3900.00").await;
        book(&world, &world.refund("re_2", "in_1", "13000")).await;
        is_total(&world, "0.00").await;
    }
}

/// A month of one sale of 26,000, of which 6,000 is shipping, with bands of all of it.
async fn counted_gross() -> World {
    let base = BasePolicy { net_of_shipping: false, net_of_fees: false };
    let world = world_of(Terms { base, ..banded(BandMode::Retroactive) }).await;
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "26000", FIRST) else { unreachable!("a sale") };
    book(&world, &Fact::SalePaid(SalePaid { shipping: usd("6000"), ..paid })).await;
    behind_november(world).await
}

#[tokio::test]
async fn com_22_behind_a_recompute_of_another_base_all_of_the_bands_go_with_the_sales() {
    let world = counted_gross().await;
    is_total(&world, "7800.00").await;
    // 20,000 at 25 %.
    proposed(&world, &proposal(banded(BandMode::Retroactive), FIRST)).await;
    applied(&world).await;
    is_total(&world, "5000.00").await;
    book(&world, &world.refund("re_1", "in_1", "13000")).await;
    is_total(&world, "2500.00").await;
    book(&world, &world.refund("re_2", "in_1", "13000")).await;
    is_total(&world, "0.00").await;
}

#[tokio::test]
async fn com_22_a_recompute_of_another_base_leaves_what_had_come_back_as_it_was() {
    let mut world = counted_gross().await;
    book(&world, &world.refund("re_1", "in_1", "13000")).await;
    is_total(&world, "3900.00").await;
    // Of the sale 2,000.00 are left for 2,600.00, and 10,000 are worth 500.00 by bands where 13,000 were 650.00.
    proposed(&world, &proposal(banded(BandMode::Retroactive), FIRST)).await;
    applied(&world).await;
    is_total(&world, "3150.00").await;
    // A half of what was left.
    book(&world, &world.refund("re_2", "in_1", "6500")).await;
    is_total(&world, "1575.00").await;
    visited(&world, "2027-01-03").await;
    world.pass_days(21);
    book(&world, &world.refund("re_3", "in_1", "6500")).await;
    for night in ["2027-01-05", "2027-01-06"] {
        visited(&world, night).await;
        assert_eq!(world.total().await, "0.00", "{night}");
    }
    world.verified().await;
}

#[tokio::test]
async fn com_22_what_went_back_of_a_sale_before_it_left_takes_nothing_off_a_month_that_never_had_it() {
    for first in ["0", "0.2"] {
        let world = world_of(banded_by([first, "0.25", "0.3"])).await;
        book(&world, &sale(&world, "in_1", "cus_1", "10000", FIRST)).await;
        book(&world, &sale(&world, "in_2", "cus_2", "26000", SECOND)).await;
        book(&world, &world.refund("re_1", "in_2", "13000")).await;
        give(&world, "in_2", None).await;
        let world = behind_november(world).await;
        is_total(&world, "2500.00").await;
        give(&world, "in_2", Some(&world.partner.clone())).await;
        // In December 13,000 of it are left, at 25 %.
        is_total(&world, "5750.00").await;
        book(&world, &world.refund("re_2", "in_1", "10000")).await;
        is_total(&world, "3250.00").await;
    }
}

#[tokio::test]
async fn com_22_bands_that_a_recompute_took_back_for_a_plain_rate_go_with_the_sales_that_had_them() {
    // 26,000 reach 30 %. Of 13,000 that are left the month had a quarter, and has a fifth by the plain rate.
    let world = counted(banded(BandMode::Retroactive), &[("in_1", "26000")]).await;
    is_total(&world, "7800.00").await;
    book(&world, &world.refund("re_1", "in_1", "13000")).await;
    is_total(&world, "3900.00").await;
    proposed(&world, &proposal(terms(Reward::Percentage(rate("0.2"))), FIRST)).await;
    applied(&world).await;
    book(&world, &world.refund("re_2", "in_1", "13000")).await;
    is_total(&world, "0.00").await;
}

/// A half of a customer's first sale, and bands of the others.
fn first_by_half() -> Terms {
    let clauses = vec![first_sale_only(Reward::Percentage(rate("0.5"))), Clause::simple(Reward::Banded)];
    Terms { clauses, ..banded_by(["0", "0.25", "0.3"]) }
}

#[tokio::test]
async fn com_10_what_comes_back_as_counted_adds_to_the_volume_what_it_had_added() {
    let sales = [("in_0", "cus_1", "10", FIRST), ("in_2", "cus_1", "26000", SECOND)];
    let world = counted_of(first_by_half(), &sales).await;
    is_total(&world, "7805.00").await;
    for _ in 0..2 {
        give(&world, "in_2", None).await;
        is_total(&world, "5.00").await;
        give(&world, "in_2", Some(&world.partner.clone())).await;
        is_total(&world, "7805.00").await;
    }
    book(&world, &world.refund("re_2", "in_2", "13000")).await;
    is_total(&world, "3905.00").await;
    give(&world, "in_2", None).await;
    is_total(&world, "5.00").await;
    give(&world, "in_2", Some(&world.partner.clone())).await;
    is_total(&world, "3905.00").await;
    book(&world, &world.refund("re_3", "in_2", "13000")).await;
    is_total(&world, "5.00").await;
}

/// A month of one event of a name of one's own, by retroactive bands from such a rate on.
async fn counted_event(shares: [&str; 3]) -> World {
    let world = world_of(of_events(shares)).await;
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "26000", THIRD) else { unreachable!("an event") };
    book(&world, &Fact::SalePaid(SalePaid { event_type: SaleType::Custom, ..paid })).await;
    behind_november(world).await
}

fn of_events(shares: [&str; 3]) -> Terms {
    let clauses = vec![Clause { events: vec![Event::Custom], ..Clause::simple(Reward::Banded) }];
    Terms { clauses, ..banded_by(shares) }
}

#[tokio::test]
async fn com_22_bands_of_events_that_are_no_sales_go_with_them() {
    for first in ["0.2", "0"] {
        let world = counted_event([first, "0.25", "0.3"]).await;
        is_total(&world, "7800.00").await;
        book(&world, &world.refund("re_1", "in_1", "13000")).await;
        is_total(&world, "3900.00").await;
        book(&world, &world.refund("re_2", "in_1", "13000")).await;
        is_total(&world, "0.00").await;
    }
}

#[tokio::test]
async fn com_22_what_a_recompute_added_to_bands_of_events_that_are_no_sales_goes_with_them() {
    let world = counted_event(["0.2", "0.25", "0.3"]).await;
    is_total(&world, "7800.00").await;
    proposed(&world, &proposal(of_events(["0.2", "0.25", "0.4"]), FIRST)).await;
    applied(&world).await;
    is_total(&world, "10400.00").await;
    book(&world, &world.refund("re_1", "in_1", "13000")).await;
    is_total(&world, "5200.00").await;
    book(&world, &world.refund("re_2", "in_1", "13000")).await;
    is_total(&world, "0.00").await;
}
