//! V13: a month is over for nobody as long as sales may still move in, in whatever order the accounts are visited.

use domain::currency::Currency;
use domain::fact::{Fact, SalePaid, SoldItem};
use domain::id::{PartnerId, SaleId};
use domain::line::{Account, Line, LineKind};
use domain::rule::{BandMode, Reward};
use queues::VisitDue;
use store::moving::Moving;
use testkit::stub::stub;
use world::World;

use super::adjusting::{
    FIRST, SECOND, banded, book, furnish_second, rate, sale, second_partner, terms, usd, visited, world_of,
};
use super::{LATER, app, at, due, night};
use crate::visit;

/// The second partner has a sale of November, and the first one another. Then it is told that the first one had brought
/// the customer of both.
async fn moving_world(paid: SalePaid, world: World) -> World {
    let token_of_other = furnish_second(&world, &second_partner()).await;
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token_of_other), ..paid })).await;
    book(&world, &sale(&world, "in_2", "cus_2", "10000", FIRST)).await;
    book(&world, &world.seen("cus_1", Some(&world.token))).await;
    world
}

fn first_sale(world: &World) -> SalePaid {
    let Fact::SalePaid(paid) = sale(world, "in_1", "cus_1", "15000", SECOND) else { unreachable!("a sale") };
    paid
}

async fn visited_of(world: &World, partner: &PartnerId, business_date: &str) {
    let visit_due = VisitDue { partner: partner.clone(), ..due(world, business_date) };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
}

async fn moving(world: &World) -> Vec<Moving> {
    world.store.list_moving(&world.tenant, None).await.expect("store")
}

/// In which month the first partner's part of a sale counts, and whether it is late there.
async fn counts_in(world: &World, invoice: &str) -> Vec<(Option<String>, bool)> {
    let lines = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    let own = |line: &&Line| line.trace.invoice == invoice && line.kind == LineKind::Earned;
    lines.iter().filter(own).map(|line| (line.trace.period.map(|month| month.to_string()), line.trace.late)).collect()
}

#[tokio::test]
async fn v13_the_first_night_after_weeks_moves_sales_before_their_month_is_over_in_any_order_of_visits() {
    for first_is_first in [true, false] {
        let world = world_of(banded(BandMode::Retroactive)).await;
        let world = moving_world(first_sale(&world), world).await;
        let mut partners = [world.partner.clone(), second_partner()];
        if !first_is_first {
            partners.reverse();
        }
        for _ in 0..2 {
            for partner in &partners {
                visited_of(&world, partner, "2026-12-03").await;
            }
            assert_eq!(counts_in(&world, "in_1").await, [(Some("2026-11".to_owned()), false)], "{first_is_first}");
            // The 25,000 of the month are at 30 %, and not the 10,000 of it at 25 %.
            assert_eq!(world.total().await, "7500.00", "{first_is_first}");
            assert_eq!(moving(&world).await, []);
        }
        world.verified().await;
    }
}

#[tokio::test]
async fn att_1_the_next_night_visits_whose_customer_is_anothers_though_nothing_was_booked_there() {
    let (world, stub) = (world_of(terms(Reward::Percentage(rate("0.3")))).await, stub().await);
    let token_of_other = furnish_second(&world, &second_partner()).await;
    let paid = SalePaid { click_token: Some(token_of_other), ..first_sale(&world) };
    book(&world, &Fact::SalePaid(paid)).await;
    visited_of(&world, &second_partner(), "2026-11-22").await;
    let app = app(&world, &stub);
    assert_eq!(night(&app, "2026-11-24T02:00:00Z").await["accounts"], 0, "everything is in order");
    for _ in 0..2 {
        book(&world, &world.seen("cus_1", Some(&world.token))).await;
    }
    let [row] = moving(&world).await.try_into().expect("one row");
    assert_eq!((row.partner, row.customer), (second_partner(), world::key("cus_1")));
    assert_eq!(night(&app, "2026-11-25T02:00:00Z").await["accounts"], 1);
    visited_of(&world, &second_partner(), "2026-11-24").await;
    assert_eq!((moving(&world).await, world.total().await), (Vec::new(), "4500.00".to_owned()));
    world.verified().await;
}

#[tokio::test]
async fn what_cannot_be_moved_holds_up_no_other_partners_month() {
    let world = world_of(terms(Reward::Percentage(rate("0.3")))).await;
    // 60 lines go and 60 come: one transaction does not take them.
    let items = (0..60).map(|n| SoldItem { product: format!("prod_{n}"), amount: usd("250") }).collect();
    let world = moving_world(SalePaid { items, ..first_sale(&world) }, world).await;
    visited(&world, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.counted.map(|month| month.to_string()), Some("2026-11".to_owned()));
    assert_eq!(moving(&world).await.len(), 1, "it is seen to once more the night after");
    world.verified().await;
}

#[tokio::test]
async fn a_sale_that_cannot_be_moved_keeps_no_other_from_moving_and_its_own_partners_month_is_counted() {
    let (world, second) = (world_of(terms(Reward::Percentage(rate("0.3")))).await, second_partner());
    let mut names = ["in_1", "in_3"];
    // The one that does not fit is met first.
    names.sort_by_key(|name| SaleId::of(&world::key(name)));
    let [large, small] = names;
    let token = furnish_second(&world, &second).await;
    for (name, items) in [(large, 60), (small, 1)] {
        let each = usd(if items == 1 { "15000" } else { "250" });
        let items = (0..items).map(|n| SoldItem { product: format!("prod_{n}"), amount: each }).collect();
        let Fact::SalePaid(paid) = sale(&world, name, &format!("cus_{name}"), "15000", SECOND) else { unreachable!() };
        book(&world, &Fact::SalePaid(SalePaid { items, click_token: Some(token.clone()), ..paid })).await;
        book(&world, &world.seen(&format!("cus_{name}"), Some(&world.token))).await;
    }
    let visit_due = VisitDue { partner: second.clone(), ..due(&world, "2026-12-03") };
    let told = visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await;
    assert!(told.is_err(), "an error unit says that one is left");
    assert_eq!(counts_in(&world, small).await, [(Some("2026-11".to_owned()), false)]);
    assert_eq!(counts_in(&world, large).await, []);
    let account = Account { partner: second, currency: Currency::USD };
    let head = world.store.get_head(&world.tenant, &account).await.expect("store");
    assert_eq!(head.counted.map(|month| month.to_string()), Some("2026-11".to_owned()));
    world.verified().await;
}
