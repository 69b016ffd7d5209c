//! COM-10: a month that a programme with a cap over all its partners has closed takes nothing more, however it comes there;
//! and COM-16: what cannot be counted is left out, and the others go on.

use cases::desk::reattribution::{Reattributed, Who, reattribute};
use cases::desk::{Desk, holds};
use cases::recompute::Decided;
use domain::attribution::Source;
use domain::fact::{Fact, SalePaid, SoldItem};
use domain::id::{PartnerId, SaleId};
use domain::line::Line;
use domain::rule::{Caps, Reward, Terms, VolumeBonus};
use queues::VisitDue;
use store::sales::{NewSale, SaleWritten};
use world::World;

use super::adjusting::{
    FIRST, SECOND, book, furnish_second, program, rate, sale, second_partner, terms, usd, visited, world_of,
};
use super::recomputing::{admin, advanced, applied, approved_by, pages, proposal, proposed};
use super::{LATER, at, day, due};
use crate::{night, visit};

const NOVEMBER: &str = "2026-11";

async fn capped_world() -> World {
    let caps = Caps { per_program_period: Some(usd("30.00")), ..Caps::default() };
    world_of(Terms { caps, ..terms(Reward::Percentage(rate("0.2"))) }).await
}

async fn close_november(world: &World) {
    let visit_due = VisitDue { program: Some(program()), ..due(world, "2026-12-03") };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
    let closing = world.store.get_program_closing(&world.tenant, &program()).await.expect("store");
    assert_eq!(closing.frozen.map(|month| month.to_string()), Some(NOVEMBER.to_owned()));
}

/// A partner's lines of a sale that were earned, in order.
async fn earned(world: &World, partner: &PartnerId, invoice: &str) -> Vec<(bool, Option<String>)> {
    let account = domain::line::Account { partner: partner.clone(), currency: domain::currency::Currency::USD };
    let lines = world.store.list_lines(&world.tenant, &account).await.expect("store");
    let own = |line: &&Line| line.trace.invoice == invoice && line.kind == domain::line::LineKind::Earned;
    lines.iter().filter(own).map(|line| (line.trace.late, line.trace.period.map(|month| month.to_string()))).collect()
}

fn late() -> Vec<(bool, Option<String>)> {
    vec![(true, Some("2026-12".to_owned()))]
}

#[tokio::test]
async fn com_10_who_is_found_to_have_brought_a_customer_after_the_cap_was_closed_gets_the_sale_late() {
    let (mut world, other) = (capped_world().await, second_partner());
    let token = furnish_second(&world, &other).await;
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "100", SECOND) else { unreachable!("a sale") };
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token), ..paid })).await;
    // The month is closed for all and not counted yet, and nothing of it was the first partner's.
    world
        .store
        .freeze_program(&world.tenant, &program(), domain::month::Month::parse(NOVEMBER).expect("month"))
        .await
        .expect("store");
    let met_earlier = world.seen("cus_1", Some(&world.token));
    world.pass_days(14);
    book(&world, &met_earlier).await;
    let visit_due = VisitDue { partner: other.clone(), ..due(&world, "2026-11-30") };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
    assert_eq!(earned(&world, &world.partner, "in_1").await, late());
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_that_a_person_credits_after_the_cap_was_closed_is_late_there() {
    let (mut world, other) = (capped_world().await, second_partner());
    furnish_second(&world, &other).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    close_november(&world).await;
    world.pass_days(14);
    let desk = Desk::open(&world.store, &world.tenant, admin("usr_1"), world.now).await.expect("a desk");
    let who = Who::Partner { partner: other.clone(), program: None };
    let given = reattribute(&desk, &SaleId::of(&world::key("in_1")), &who, "because").await.expect("decided");
    assert!(matches!(given, Reattributed::Done(_)), "{given:?}");
    assert_eq!(earned(&world, &other, "in_1").await, late());
    assert!(world.kept_sale("in_1").await.decision.credits().iter().all(|credit| credit.source == Source::Manual));
    world.verified().await;
}

#[tokio::test]
async fn com_10_a_sale_that_is_booked_as_its_month_is_closed_is_refused_and_comes_late() {
    // What a recorder makes of a sale that was assessed a moment before, and would commit a moment after.
    let (mut world, twin) = (capped_world().await, capped_world().await);
    book(&twin, &sale(&twin, "in_1", "cus_1", "100", FIRST)).await;
    let made = twin.kept_sale("in_1").await;
    let lines = twin.store.list_lines(&twin.tenant, &twin.account()).await.expect("store");
    close_november(&world).await;
    let open_in = [program()];
    let new = NewSale { sale: &made, lines: &lines, aliases: &[], open_in: &open_in, meets: None, review: None };
    assert_eq!(world.store.create_sale(&world.tenant, &new).await.expect("store"), SaleWritten::BehindFence);
    assert_eq!(world.total().await, "0.00", "nothing was written");
    world.pass_days(14);
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    assert_eq!(earned(&world, &world.partner, "in_1").await, late());
    world.verified().await;
}

#[tokio::test]
async fn com_16_an_account_that_one_transaction_does_not_take_is_left_out_and_the_others_are_booked() {
    let (world, other) = (world_of(terms(Reward::Percentage(rate("0.2")))).await, second_partner());
    let token = furnish_second(&world, &other).await;
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "60", FIRST) else { unreachable!("a sale") };
    let items = (0..60).map(|n| SoldItem { product: format!("prod_{n}"), amount: usd("1") }).collect();
    book(&world, &Fact::SalePaid(SalePaid { items, ..paid })).await;
    let Fact::SalePaid(paid) = sale(&world, "in_2", "cus_2", "100", SECOND) else { unreachable!("a sale") };
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token), ..paid })).await;
    // By the other rules each item changes and has a bonus besides: 120 lines of one sale.
    let bonus = VolumeBonus { from: usd("0"), bonus: rate("0.5") };
    let wanted = Terms { volume_bonus: Some(bonus), ..terms(Reward::Percentage(rate("0.4"))) };
    let stored = proposed(&world, &proposal(wanted, "2026-11-01T00:00:00Z")).await;
    let shown = &stored.recompute.shown;
    assert_eq!((stored.recompute.state.word(), shown.left_out_count, shown.accounts), ("proposed", 1, 1));
    assert_eq!(shown.totals, [usd("40.00")]);
    let told = shown.left_out.first().expect("one is left out");
    assert_eq!(
        (&told.partner, told.reason.as_str()),
        (&world.partner, "120 lines at once are more than one transaction takes")
    );
    let after = applied(&world).await;
    assert_eq!(after.recompute.shown.left_out_count, 1);
    assert_eq!(world.total().await, "12.00", "as it was");
    let account = domain::line::Account { partner: other, currency: domain::currency::Currency::USD };
    let head = world.store.get_head(&world.tenant, &account).await.expect("store");
    assert_eq!(head.total().expect("in range"), usd("60.00"));
    world.verified().await;
}

#[tokio::test]
async fn com_16_an_account_that_was_left_out_stays_as_it_is_though_it_could_be_booked_by_then() {
    let world = world_of(terms(Reward::Percentage(rate("0.2")))).await;
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "60", FIRST) else { unreachable!("a sale") };
    let items = (0..60).map(|n| SoldItem { product: format!("prod_{n}"), amount: usd("1") }).collect();
    book(&world, &Fact::SalePaid(SalePaid { items, ..paid })).await;
    book(&world, &sale(&world, "in_2", "cus_2", "100", SECOND)).await;
    let bonus = VolumeBonus { from: usd("0"), bonus: rate("0.5") };
    let wanted = Terms { volume_bonus: Some(bonus), ..terms(Reward::Percentage(rate("0.4"))) };
    let stored = proposed(&world, &proposal(wanted, "2026-11-01T00:00:00Z")).await;
    assert_eq!((stored.recompute.shown.left_out_count, stored.recompute.shown.accounts), (1, 0));
    assert!(matches!(approved_by(&world, "usr_2").await, Decided::Yes(_)));
    // It is checked, and still left out; then what it was left out for is gone.
    assert_eq!(pages(&world, 1).await.recompute.state.word(), "applying");
    let desk = Desk::open(&world.store, &world.tenant, admin("usr_1"), world.now).await.expect("a desk");
    let reject = holds::Command::Reject { reason: "never valid".to_owned() };
    let rejected = holds::command(&desk, &SaleId::of(&world::key("in_1")), &reject).await.expect("an answer");
    assert!(matches!(rejected, holds::Changed::Done(_)), "{rejected:?}");
    assert_eq!(advanced(&world).await.recompute.state.word(), "applied");
    // Nobody has approved that the other sale gets 40 %.
    assert_eq!(world.total().await, "20.00");
    world.verified().await;
}

#[tokio::test]
async fn a_dry_run_whose_time_is_over_says_that_it_is_not_whole() {
    let world = world_of(terms(Reward::Percentage(rate("0.3")))).await;
    book(&world, &sale(&world, "in_1", "cus_1", "10", FIRST)).await;
    let asked = (day("2026-11-23"), at(LATER));
    for (is_over, expected) in [(true, (0, false)), (false, (1, true))] {
        let dry = night::dry_run(&world.store, &world.tenant, asked, &|| is_over).await.expect("looked at");
        assert_eq!((dry.accounts, dry.is_whole), expected);
    }
    visited(&world, "2026-11-23").await;
}
