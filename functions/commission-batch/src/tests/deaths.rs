//! Visits that die anywhere, race each other, or find facts in any order: the same net in the end.

use std::future::Future;
use std::task::Poll;

use domain::fact::Fact;
use domain::rule::{BandMode, Metric, Milestone, Terms};
use queues::VisitDue;
use world::World;

use super::adjusting::{FIRST, SECOND, THIRD, banded, book, sale, usd, visited, world_of};
use super::{LATER, at, due};
use crate::visit;

/// Polls so often, and then drops the work as a function that dies does: what was sent may or may not arrive.
pub(super) async fn dies_after<F: Future>(work: F, polls: usize) -> bool {
    let mut work = std::pin::pin!(work);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        work.as_mut().poll(context).map(|_| true)
    })
    .await
}

fn with_milestone() -> Terms {
    let milestone = Milestone {
        name: "Three sales".to_owned(),
        metric: Metric::Sales(3),
        currency: domain::currency::Currency::USD,
        bonus: Some(usd("25")),
        badge: None,
    };
    Terms { milestones: vec![milestone], ..banded(BandMode::Retroactive) }
}

#[tokio::test]
async fn a_visit_that_dies_anywhere_is_finished_by_the_next() {
    let world = world_of(with_milestone()).await;
    let mut died = 0;
    for n in 0..16_i64 {
        book(&world, &sale(&world, &format!("in_{n}"), &format!("cus_{n}"), "3000", FIRST)).await;
        let visit_due: VisitDue = due(&world, "2026-11-23");
        let cut = usize::try_from(n * 2 + 1).expect("small");
        let whole = dies_after(visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)), cut).await;
        died += usize::from(!whole);
        visited(&world, "2026-11-23").await;
        let sales = n + 1;
        let percent = if sales * 3000 >= 25_000 {
            30
        } else if sales * 3000 >= 10_000 {
            25
        } else {
            20
        };
        let bonus = if sales >= 3 { 25 } else { 0 };
        assert_eq!(world.total().await, format!("{}.00", sales * 30 * percent + bonus), "{sales} sales, cut at {cut}");
    }
    assert!(died >= 8, "only {died} visits died");
    world.verified().await;
    // The freeze, cut again and again until one comes through.
    for cut in 1..80 {
        let visit_due: VisitDue = due(&world, "2026-12-03");
        if dies_after(visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)), cut).await {
            break;
        }
    }
    visited(&world, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!((head.counted.map(|month| month.to_string()), head.open_period), (Some("2026-11".to_owned()), None));
    assert_eq!(world.total().await, "14425.00");
    let counts = world
        .store
        .list_program_counts(&world.tenant, &world.account(), [&super::adjusting::program()])
        .await
        .expect("store");
    assert_eq!(counts.first().map(|count| (count.within.sales, count.within.customers)), Some((16, 16)));
    world.verified().await;
}

#[tokio::test]
async fn of_two_visits_at_once_the_second_reads_again() {
    let world = world_of(with_milestone()).await;
    for (invoice, occurred_at) in [("in_1", FIRST), ("in_2", SECOND), ("in_3", THIRD)] {
        book(&world, &sale(&world, invoice, "cus_1", "9000", occurred_at)).await;
    }
    let visit_due: VisitDue = due(&world, "2026-11-23");
    let visit_once = || visit::visit(&world.store, &world.tenant, &visit_due, at(LATER));
    let (one, two, three) = tokio::join!(visit_once(), visit_once(), visit_once());
    for outcome in [one, two, three] {
        outcome.expect("visited");
    }
    assert_eq!(world.total().await, "8125.00");
    world.verified().await;
}

#[tokio::test]
async fn v13_the_same_facts_in_any_order_with_duplicates_end_in_the_same_net() {
    let facts = |world: &World| -> Vec<Fact> {
        vec![
            sale(world, "in_1", "cus_1", "9000", FIRST),
            sale(world, "in_2", "cus_2", "9000", SECOND),
            sale(world, "in_3", "cus_3", "8000", THIRD),
            world.refund("re_1", "in_1", "4000"),
            world.refund("re_2", "in_3", "8000"),
        ]
    };
    let mut expected = None;
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 0, 4, 2, 1], [1, 4, 0, 3, 2], [2, 1, 3, 4, 0]] {
        let world = world_of(with_milestone()).await;
        let facts = facts(&world);
        for (place, fact) in order.iter().enumerate() {
            book(&world, &facts[*fact]).await;
            book(&world, &facts[order[0]]).await;
            if place % 2 == 0 {
                visited(&world, "2026-11-23").await;
            }
        }
        visited(&world, "2026-11-24").await;
        let mut nets = vec![world.total().await];
        for invoice in ["in_1", "in_2", "in_3"] {
            let sale = world.kept_sale(invoice).await;
            let net: i64 =
                sale.lines.iter().map(|line| line.amount.minor()).fold(0_i64, |sum, minor| sum.saturating_add(minor));
            nets.push(net.to_string());
        }
        assert_eq!(*expected.get_or_insert(nets.clone()), nets, "{order:?}");
        world.verified().await;
    }
    // 14,000 are left: 25 % of them, and no milestone.
    assert_eq!(expected.and_then(|nets| nets.first().cloned()), Some("3500.00".to_owned()));
}
