//! COM-21: what a late sale makes of the month that it counts in. Its own day lies before that month, and whoever reads the
//! month must find what was booked for it: or it would be booked again and again.

use domain::currency::Currency;
use domain::month::Month;
use domain::rule::{BandMode, Metric, Milestone, Reward, Terms};
use world::World;

use super::adjusting::{FIRST, SECOND, banded, book, rate, sale, terms, usd, visited, world_of};

/// A world whose holds are over at once, with a sale in November, which is counted; and in December one of November, late.
async fn with_a_late_sale(terms: Terms, paid: &str) -> World {
    let mut world = world_of(Terms { hold_days: 0, ..terms }).await;
    book(&world, &sale(&world, "in_1", "cus_1", "10", FIRST)).await;
    visited(&world, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.counted, Some(Month::parse("2026-11").expect("month")));
    world.pass_days(14);
    book(&world, &sale(&world, "in_2", "cus_2", paid, SECOND)).await;
    world
}

#[tokio::test]
async fn com_14_a_milestone_that_a_late_sale_reaches_is_booked_once() {
    let milestone = Milestone {
        name: "Two sales".to_owned(),
        metric: Metric::Sales(2),
        currency: Currency::USD,
        bonus: Some(usd("25")),
        badge: None,
    };
    let milestones = vec![milestone];
    let world = with_a_late_sale(Terms { milestones, ..terms(Reward::Percentage(rate("0.3"))) }, "10").await;
    for business_date in ["2026-12-06", "2026-12-07", "2027-01-03"] {
        visited(&world, business_date).await;
        assert_eq!(world.total().await, "31.00", "{business_date}");
    }
    world.verified().await;
}

#[tokio::test]
async fn com_7_bands_that_a_late_sale_reaches_are_booked_once_and_go_with_its_refund() {
    let world = with_a_late_sale(banded(BandMode::Retroactive), "10000").await;
    for business_date in ["2026-12-06", "2026-12-07"] {
        visited(&world, business_date).await;
        // 20 % of the first; of the second 25 %, of which a fifth was booked at once.
        assert_eq!(world.total().await, "2502.00", "{business_date}");
    }
    book(&world, &world.refund("re_1", "in_2", "10000")).await;
    visited(&world, "2026-12-08").await;
    assert_eq!(world.total().await, "2.00");
    world.verified().await;
}
