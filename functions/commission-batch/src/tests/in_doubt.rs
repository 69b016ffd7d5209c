//! FRD-4, LED-5: what a sale that is held or disputed would add to its month waits until that is decided, and the month with it.

use cases::desk::{Desk, holds};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::fact::{DisputePhase, Fact, SalePaid};
use domain::id::{LinkId, ProgramId, RuleId, SaleId};
use domain::month::Month;
use domain::role::Role;
use domain::rule::{BandMode, Caps, Metric, Milestone, Reward, RuleVersion, Terms};
use domain::sale::Clawback;
use domain::touch::{Touch, Touches, VisitorHash};
use queues::VisitDue;
use store::links::Link;
use store::programs::Program;
use world::World;

use super::adjusting::{
    FIRST, SECOND, banded, book, furnish_second, program, rate, sale, second_partner, terms, usd, visited, world_of,
};
use super::taken_back::{banded_by, is_total};
use super::{LATER, at, due};
use crate::visit;

/// Behind November, which is frozen by then.
const BEHIND: [&str; 2] = ["2026-12-03", "2026-12-04"];

/// What somebody at the desk says of a sale.
async fn say(world: &World, invoice: &str, command: holds::Command) {
    let actor = Actor::new(Role::Admin, "usr_1");
    let desk = Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
    let said = holds::command(&desk, &SaleId::of(&world::key(invoice)), &command).await.expect("an answer");
    assert!(matches!(said, holds::Changed::Done(_)), "{command:?}: {said:?}");
}

fn hold() -> holds::Command {
    holds::Command::Hold { reason: "to be looked at".to_owned() }
}

fn release() -> holds::Command {
    holds::Command::Release { reason: "looked at".to_owned() }
}

fn reject() -> holds::Command {
    holds::Command::Reject { reason: "never valid".to_owned() }
}

async fn counted(world: &World) -> Option<String> {
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    head.counted.map(|month| month.to_string())
}

/// November with a sale of 20,000 and one of 6,000, which somebody holds.
async fn with_a_held_sale(terms: Terms) -> World {
    let world = world_of(terms).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "6000", SECOND)).await;
    say(&world, "in_2", hold()).await;
    world
}

#[tokio::test]
async fn frd_4_what_bands_add_for_a_held_sale_waits_for_the_person_who_holds_it() {
    // Of what is held only the sale's own commission is booked; the other sale has the band that it reaches by itself.
    for (steps, while_held, all_of_it, without) in [
        (["0.2", "0.25", "0.3"], "6200.00", "7800.00", "5000.00"),
        (["0", "0.25", "0.3"], "5000.00", "7800.00", "5000.00"),
        // Bands that fall take off at once what they would take off.
        (["0.3", "0.25", "0.2"], "5200.00", "5200.00", "5000.00"),
    ] {
        for (decision, decided) in [(release(), all_of_it), (reject(), without)] {
            let mut world = with_a_held_sale(banded_by(steps)).await;
            for night in ["2026-11-24", "2026-11-25", BEHIND[0], BEHIND[1]] {
                visited(&world, night).await;
                assert_eq!(world.total().await, while_held, "{steps:?}, {night}");
            }
            assert_eq!(counted(&world).await, None, "{steps:?}: what waits is not over");
            world.pass_days(23);
            say(&world, "in_2", decision).await;
            is_total(&world, decided).await;
            assert_eq!(counted(&world).await.as_deref(), Some("2026-11"), "{steps:?}");
        }
    }
}

/// Has the night nothing to do with the account, within the month?
async fn is_at_rest(world: &World) -> bool {
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    !cases::adjust::is_due(&head, super::day("2026-11-25")).expect("a day")
}

#[tokio::test]
async fn frd_4_whoever_holds_a_sale_of_nothing_takes_back_what_it_had_added_in_the_next_night() {
    // Nothing at once: neither the hold nor the release, the dispute nor its end moves a line.
    let world = world_of(banded_by(["0", "0.25", "0.3"])).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "6000", SECOND)).await;
    visited(&world, "2026-11-23").await;
    assert_eq!(world.total().await, "7800.00");
    assert!(is_at_rest(&world).await);
    say(&world, "in_2", hold()).await;
    assert!(!is_at_rest(&world).await, "the night looks at whom it wakes");
    visited(&world, "2026-11-24").await;
    assert_eq!(world.total().await, "5000.00", "held");
    assert!(is_at_rest(&world).await);
    say(&world, "in_2", release()).await;
    assert!(!is_at_rest(&world).await);
    visited(&world, "2026-11-25").await;
    assert_eq!(world.total().await, "7800.00", "released");
    for (night, phase, expected) in
        [("2026-11-26", DisputePhase::Opened, "5000.00"), ("2026-11-27", DisputePhase::Won, "7800.00")]
    {
        book(&world, &world.dispute("dp_1", "in_2", "6000", phase)).await;
        assert!(!is_at_rest(&world).await, "{phase:?}");
        visited(&world, night).await;
        assert_eq!((world.total().await.as_str(), is_at_rest(&world).await), (expected, true), "{phase:?}");
    }
    world.verified().await;
}

#[tokio::test]
async fn led_5_a_dispute_that_takes_nothing_of_a_reward_takes_what_the_sale_had_reached() {
    // The flat reward stands whatever goes back; the milestone of the revenue does not.
    let milestone = Milestone { name: "Much".to_owned(), metric: Metric::Revenue(usd("10000")), ..star() };
    let flat = Terms { flat_refund: Clawback::Keep, milestones: vec![milestone], ..terms(Reward::Flat(usd("5"))) };
    let world = world_of(flat).await;
    book(&world, &sale(&world, "in_1", "cus_1", "6000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "6000", SECOND)).await;
    visited(&world, "2026-11-23").await;
    assert_eq!((world.total().await.as_str(), is_at_rest(&world).await), ("35.00", true));
    book(&world, &world.dispute("dp_1", "in_2", "3000", DisputePhase::Opened)).await;
    assert!(!is_at_rest(&world).await);
    visited(&world, "2026-11-24").await;
    assert_eq!(world.total().await, "10.00");
    book(&world, &world.dispute("dp_1", "in_2", "3000", DisputePhase::Won)).await;
    visited(&world, "2026-11-25").await;
    assert_eq!(world.total().await, "35.00");
    world.verified().await;
}

#[tokio::test]
async fn frd_4_what_is_held_of_a_later_month_holds_up_no_count_of_an_earlier_one() {
    let mut world = world_of(banded(BandMode::Retroactive)).await;
    book(&world, &sale(&world, "in_1", "cus_1", "26000", FIRST)).await;
    world.pass_days(12);
    book(&world, &sale(&world, "in_2", "cus_2", "26000", "2026-12-03T01:00:00Z")).await;
    say(&world, "in_2", hold()).await;
    visited(&world, "2026-12-03").await;
    assert_eq!(counted(&world).await.as_deref(), Some("2026-11"));
    // 7,800.00 of November, and what the sale of December has by itself.
    assert_eq!(world.total().await, "13000.00");
}

#[tokio::test]
async fn frd_4_what_a_held_sale_would_add_uses_up_no_customers_cap() {
    let caps = Caps { per_customer: Some(usd("5500.00")), ..Caps::default() };
    let world = world_of(Terms { caps, ..banded(BandMode::Retroactive) }).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_1", "6000", SECOND)).await;
    say(&world, "in_2", hold()).await;
    // 4,000.00 and 1,200.00 at once; with both the cap leaves 300.00, and without the second the first is worth 1,000.00 more.
    for (night, expected) in [("2026-11-24", "5500.00"), (BEHIND[0], "5500.00")] {
        visited(&world, night).await;
        assert_eq!(world.total().await, expected, "{night}");
    }
    say(&world, "in_2", reject()).await;
    visited(&world, BEHIND[1]).await;
    assert_eq!(world.total().await, "5000.00");
    assert_eq!(counted(&world).await.as_deref(), Some("2026-11"));
    world.verified().await;
}

#[tokio::test]
async fn led_5_what_bands_add_for_a_disputed_sale_waits_for_the_bank() {
    // Of 6,000, or of two thirds of it: 20,000 and 22,000 are beyond doubt, at 25 %.
    for (asked, while_open, lost) in [("6000", "6200.00", "5000.00"), ("4000", "6300.00", "5500.00")] {
        for (phase, decided) in [(DisputePhase::Won, "7800.00"), (DisputePhase::Lost, lost)] {
            let world = world_of(banded(BandMode::Retroactive)).await;
            book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
            book(&world, &sale(&world, "in_2", "cus_2", "6000", SECOND)).await;
            book(&world, &world.dispute("dp_1", "in_2", asked, DisputePhase::Inquiry)).await;
            visited(&world, "2026-11-24").await;
            assert_eq!(world.total().await, "7800.00", "a question puts nothing in doubt");
            book(&world, &world.dispute("dp_1", "in_2", asked, DisputePhase::Opened)).await;
            for night in ["2026-11-25", BEHIND[0], BEHIND[1]] {
                visited(&world, night).await;
                assert_eq!(world.total().await, while_open, "{asked}, {night}");
            }
            assert_eq!(counted(&world).await, None, "{asked}");
            book(&world, &world.dispute("dp_1", "in_2", asked, phase)).await;
            is_total(&world, decided).await;
            assert_eq!(counted(&world).await.as_deref(), Some("2026-11"), "{asked}");
        }
    }
}

/// Two sales are worth 25.00 more.
fn star() -> Milestone {
    Milestone {
        name: "Two sales".to_owned(),
        metric: Metric::Sales(2),
        currency: Currency::USD,
        bonus: Some(usd("25")),
        badge: Some("two".to_owned()),
    }
}

fn two_sales() -> Terms {
    Terms { milestones: vec![star()], ..terms(Reward::Percentage(rate("0.1"))) }
}

#[tokio::test]
async fn com_14_a_milestone_that_only_a_held_sale_reaches_waits_for_the_person_who_holds_it() {
    for (decision, decided) in [(release(), "2625.00"), (reject(), "2000.00")] {
        let mut world = with_a_held_sale(two_sales()).await;
        for night in ["2026-11-24", BEHIND[0], BEHIND[1]] {
            visited(&world, night).await;
            assert_eq!(world.total().await, "2600.00", "{night}");
        }
        assert_eq!(reached(&world).await, 0);
        world.pass_days(23);
        say(&world, "in_2", decision).await;
        is_total(&world, decided).await;
        assert_eq!(reached(&world).await, usize::from(decided == "2625.00"));
    }
}

async fn reached(world: &World) -> usize {
    let partner = &world.account().partner;
    cases::achievements::reached(&world.store, &world.tenant, partner).await.expect("what was reached").len()
}

#[tokio::test]
async fn com_14_a_milestone_that_others_reach_as_well_waits_for_nobody() {
    let world = with_a_held_sale(two_sales()).await;
    book(&world, &sale(&world, "in_3", "cus_3", "1000", "2026-11-24T10:00:00Z")).await;
    visited(&world, "2026-11-25").await;
    assert_eq!((world.total().await.as_str(), reached(&world).await), ("2725.00", 1));
}

#[tokio::test]
async fn frd_4_by_rules_that_add_nothing_to_a_month_a_held_sale_holds_up_no_count() {
    for simple in [terms(Reward::Percentage(rate("0.1"))), banded(BandMode::Marginal)] {
        let world = with_a_held_sale(simple).await;
        visited(&world, BEHIND[0]).await;
        assert_eq!(counted(&world).await.as_deref(), Some("2026-11"));
    }
}

#[tokio::test]
async fn frd_4_a_cap_over_all_partners_is_shared_out_until_the_held_sale_of_one_is_decided() {
    let caps = Caps { per_program_period: Some(usd("8000.00")), ..Caps::default() };
    let mut world = with_a_held_sale(Terms { caps, ..banded(BandMode::Retroactive) }).await;
    let other = second_partner();
    furnish_second(&world, &other).await;
    let november = Month::parse("2026-11").expect("month");
    for (night, expected) in [(BEHIND[0], None), (BEHIND[1], None), ("2026-12-15", Some(november))] {
        if expected.is_some() {
            world.pass_days(23);
            say(&world, "in_2", release()).await;
        }
        let of_all = VisitDue { program: Some(program()), ..due(&world, night) };
        visit::visit(&world.store, &world.tenant, &of_all, at(LATER)).await.expect("visited");
        visited(&world, night).await;
        let closing = world.store.get_program_closing(&world.tenant, &program()).await.expect("store");
        assert_eq!(closing.counted.filter(|month| *month >= november), expected, "{night}");
        assert_eq!(world.total().await, if expected.is_some() { "7800.00" } else { "6200.00" }, "{night}");
    }
    world.verified().await;
}

/// Another programme of the tenant under other terms, and the token of a click on a link of the partner's there.
async fn second_program(world: &World, of_program: Terms) -> String {
    let of = ProgramId::from_ulid(20_u128.into());
    let first = world.store.get_program(&world.tenant, &program()).await.expect("store").expect("a programme");
    let made = Program { id: of.clone(), name: "Second".to_owned(), ..first };
    let version = RuleVersion {
        id: RuleId::from_ulid(20_u128.into()),
        program: of.clone(),
        effective_from: at("2026-01-01T00:00:00Z"),
        terms: of_program,
    };
    world.store.create_program(&world.tenant, &made, &version).await.expect("a programme");
    let link = Link {
        id: LinkId::from_ulid(20_u128.into()),
        code: "second".to_owned(),
        partner: world.account().partner,
        program: of,
        destination: "https://shop.example/".to_owned(),
        window_days: 30,
        commission_rate: None,
        active: true,
        created_at: world.now,
        details: Default::default(),
    };
    world.store.create_link(&world.tenant, &link).await.expect("a link");
    let visitor = VisitorHash::from_bytes([3; 8]);
    world.sign(&Touches::from(Touch { at: at("2026-11-20T12:00:00Z"), link: link.id, visitor }))
}

#[tokio::test]
async fn frd_4_a_programme_with_a_cap_over_all_waits_for_what_keeps_an_account_of_it_open_elsewhere() {
    // Held in its own month, or in the one behind it.
    for days in [2, 11] {
        waits_elsewhere(days).await;
    }
}

async fn waits_elsewhere(held_after_days: i64) {
    let caps = Caps { per_program_period: Some(usd("9000.00")), ..Caps::default() };
    let mut world = world_of(Terms { caps, ..banded(BandMode::Retroactive) }).await;
    let token = second_program(&world, two_sales()).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "6000", SECOND)).await;
    let Fact::SalePaid(elsewhere) = sale(&world, "in_9", "cus_9", "100", FIRST) else { unreachable!("a sale") };
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token), ..elsewhere })).await;
    world.pass_days(held_after_days);
    say(&world, "in_9", hold()).await;
    let night = async |world: &World, night: &str| {
        let of_all = VisitDue { program: Some(program()), ..due(world, night) };
        visit::visit(&world.store, &world.tenant, &of_all, at(LATER)).await.expect("visited");
        visited(world, night).await;
        world.total().await
    };
    for date in BEHIND {
        assert_eq!(night(&world, date).await, "7810.00", "{date}");
        assert_eq!(counted(&world).await, None, "{date}");
    }
    // It was not counted meanwhile: what goes back takes its part of the bands.
    world.pass_days(23 - held_after_days);
    book(&world, &world.refund("re_1", "in_2", "6000")).await;
    assert_eq!(night(&world, "2026-12-15").await, "5010.00");
    say(&world, "in_9", release()).await;
    for date in ["2026-12-16", "2026-12-17"] {
        assert_eq!(night(&world, date).await, "5010.00", "{date}");
    }
    assert_eq!(counted(&world).await.as_deref(), Some("2026-11"));
    world.verified().await;
}
