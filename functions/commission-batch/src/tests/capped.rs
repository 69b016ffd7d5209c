//! COM-10 and COM-14 where months freeze: a cap over all partners whose accounts are counted one by one, and a milestone
//! that another month reaches than was booked.

use domain::currency::Currency;
use domain::fact::{Fact, SalePaid};
use domain::id::PartnerId;
use domain::line::{Account, Line, LineKind};
use domain::money::Money;
use domain::rule::{Caps, Clause, Limits, Metric, Milestone, Reward, Terms};
use queues::VisitDue;
use world::World;

use super::adjusting::{
    FIRST, SECOND, THIRD, book, furnish_second, program, rate, sale, second_partner, terms, usd, visited, world_of,
};
use super::{LATER, at, due};
use crate::visit;

fn capped(cap: &str) -> Terms {
    let caps = Caps { per_program_period: Some(usd(cap)), ..Caps::default() };
    Terms { caps, ..terms(Reward::Percentage(rate("0.2"))) }
}

/// The unit of the programme, as the night sends it, delivered once more.
async fn program_visited(world: &World, business_date: &str) {
    let visit_due = VisitDue { program: Some(program()), ..due(world, business_date) };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
}

async fn visited_of(world: &World, partner: &PartnerId, business_date: &str) {
    let visit_due = VisitDue { partner: partner.clone(), ..due(world, business_date) };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
}

/// A paid invoice of a customer whom another partner brought.
fn sale_of(world: &World, token: &str, (invoice, customer): (&str, &str), paid: &str, occurred_at: &str) -> Fact {
    let Fact::SalePaid(paid) = sale(world, invoice, customer, paid, occurred_at) else { unreachable!("a sale") };
    Fact::SalePaid(SalePaid { click_token: Some(token.to_owned()), ..paid })
}

async fn total_of(world: &World, partner: &PartnerId) -> String {
    let account = Account { partner: partner.clone(), currency: Currency::USD };
    world.store.get_head(&world.tenant, &account).await.expect("store").total().expect("in range").to_text()
}

async fn lines_of(world: &World, partner: &PartnerId) -> Vec<Line> {
    let account = Account { partner: partner.clone(), currency: Currency::USD };
    let first = domain::slot::Slot::of_day(super::day("2026-01-01"));
    world.store.list_lines_from(&world.tenant, &account, first, None).await.expect("store").0
}

#[tokio::test]
async fn com_10_what_counted_accounts_have_used_of_a_cap_over_all_is_not_given_again() {
    let world = world_of(capped("30.00")).await;
    let other = second_partner();
    let token = furnish_second(&world, &other).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    book(&world, &sale_of(&world, &token, ("in_9", "cus_9"), "100", SECOND)).await;
    let expected = ("20.00".to_owned(), "10.00".to_owned());
    program_visited(&world, "2026-12-03").await;
    assert_eq!((world.total().await, total_of(&world, &other).await), expected);
    // The first account is counted; the second one's visit has not come yet, and the programme's comes again.
    visited(&world, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.counted.map(|month| month.to_string()), Some("2026-11".to_owned()));
    for night in ["2026-12-03", "2026-12-04"] {
        program_visited(&world, night).await;
        assert_eq!((world.total().await, total_of(&world, &other).await), expected, "{night}");
    }
    visited_of(&world, &other, "2026-12-04").await;
    program_visited(&world, "2026-12-05").await;
    assert_eq!((world.total().await, total_of(&world, &other).await), expected);
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_of_a_month_whose_cap_over_all_is_counted_comes_late_to_every_account() {
    let mut world = world_of(capped("30.00")).await;
    let other = second_partner();
    let token = furnish_second(&world, &other).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_1", "100", SECOND)).await;
    program_visited(&world, "2026-12-03").await;
    visited(&world, "2026-12-03").await;
    assert_eq!(world.total().await, "30.00");
    // Nothing of November was the second partner's, and so nothing froze there.
    world.pass_days(14);
    book(&world, &sale_of(&world, &token, ("in_9", "cus_9"), "100", THIRD)).await;
    let lines = lines_of(&world, &other).await;
    let first = lines.first().expect("a line");
    let month = first.trace.period.map(|month| month.to_string());
    assert_eq!((first.trace.late, month), (true, Some("2026-12".to_owned())));
    // It uses up December's cap, of which 10.00 are left for another.
    book(&world, &sale(&world, "in_3", "cus_1", "100", "2026-12-05T00:00:00Z")).await;
    program_visited(&world, "2026-12-06").await;
    let totals = [world.total().await, total_of(&world, &other).await].map(|total| usd(&total));
    assert_eq!(Money::try_sum(totals.into_iter(), Currency::USD).expect("in range"), usd("60.00"));
    world.verified().await;
}

#[tokio::test]
async fn com_3_sales_that_move_to_a_partner_without_an_account_while_the_months_of_a_capped_programme_freeze_are_counted()
 {
    let limits = Limits { max_months: None, max_occurrences: Some(1) };
    let clause = Clause { limits, ..Clause::simple(Reward::Percentage(rate("0.2"))) };
    let world = world_of(Terms { clauses: vec![clause], ..capped("3000.00") }).await;
    let other = second_partner();
    let token = furnish_second(&world, &other).await;
    for (invoice, occurred_at) in [("in_1", SECOND), ("in_2", THIRD)] {
        let Fact::SalePaid(paid) = sale_of(&world, &token, (invoice, "cus_1"), "100", occurred_at) else {
            unreachable!()
        };
        book(&world, &Fact::SalePaid(SalePaid { subscription: Some("sub_1".to_owned()), ..paid })).await;
    }
    // The world's partner had brought the customer, and nothing was ever booked to them.
    book(&world, &world.seen("cus_1", Some(&world.token))).await;
    for _ in 0..2 {
        program_visited(&world, "2026-12-03").await;
        for partner in [&other, &world.partner] {
            visited_of(&world, partner, "2026-12-03").await;
        }
    }
    assert_eq!((world.total().await, total_of(&world, &other).await), ("20.00".to_owned(), "0.00".to_owned()));
    world.verified().await;
}

fn with_milestone() -> Terms {
    let milestone = Milestone {
        name: "Two sales".to_owned(),
        metric: Metric::Sales(2),
        currency: Currency::USD,
        bonus: Some(usd("25")),
        badge: None,
    };
    Terms { milestones: vec![milestone], ..terms(Reward::Percentage(rate("0.2"))) }
}

/// What the milestone's entries come to.
async fn of_milestone(world: &World) -> String {
    let lines = lines_of(world, &world.partner).await;
    let own = lines.iter().filter(|line| line.kind == LineKind::Entry).map(|line| line.amount);
    Money::try_sum(own, Currency::USD).expect("in range").to_text()
}

#[tokio::test]
async fn com_14_a_milestone_that_moves_to_a_later_month_before_its_own_freezes_is_paid_once() {
    let mut world = world_of(with_milestone()).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_1", "100", SECOND)).await;
    visited(&world, "2026-11-23").await;
    world.pass_days(11);
    book(&world, &sale(&world, "in_3", "cus_1", "100", "2026-12-01T13:00:00Z")).await;
    book(&world, &world.refund("re_1", "in_1", "100")).await;
    // November is open still; by what is left of it, December's sale is the second one.
    visited(&world, "2026-12-01").await;
    assert_eq!(of_milestone(&world).await, "25.00");
    for night in ["2026-12-03", "2026-12-04"] {
        visited(&world, night).await;
        assert_eq!(of_milestone(&world).await, "25.00", "{night}");
    }
    world.verified().await;
}

#[tokio::test]
async fn com_14_a_milestone_that_moves_to_an_earlier_month_before_that_freezes_stays_paid() {
    let mut world = world_of(with_milestone()).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    world.pass_days(11);
    book(&world, &sale(&world, "in_3", "cus_1", "100", "2026-12-01T13:00:00Z")).await;
    visited(&world, "2026-12-01").await;
    assert_eq!(of_milestone(&world).await, "25.00");
    // It comes after December's, and November is open still.
    book(&world, &sale(&world, "in_2", "cus_1", "100", SECOND)).await;
    visited(&world, "2026-12-01").await;
    assert_eq!(of_milestone(&world).await, "25.00");
    for night in ["2026-12-03", "2026-12-04"] {
        visited(&world, night).await;
        assert_eq!(of_milestone(&world).await, "25.00", "{night}");
    }
    world.verified().await;
}
