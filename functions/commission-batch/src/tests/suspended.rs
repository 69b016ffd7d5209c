//! POR-9, PAY-16: a suspension stops what goes out to a partner. What was earned goes on maturing.

use cases::payouts::Requested;
use domain::fact::{Fact, SalePaid};
use domain::payout::schedule::Schedule;
use store::partners::PartnerStatus;

use super::adjusting::book;
use super::scheduled::{decide, none, payouts, runs};
use super::*;

#[tokio::test]
async fn what_a_suspended_partner_earned_matures_and_is_closed_and_is_paid_once_they_are_back() {
    let (mut world, stub) = (World::new().await, stub().await);
    for n in 1..=8 {
        world.earn(&format!("in_{n}"), "10.00", day(&format!("2026-12-0{n}"))).await;
    }
    // 30 % of it, thirty days later: while the partner is suspended.
    let token = Some(world.token.clone());
    book(&world, &Fact::SalePaid(SalePaid { click_token: token, ..world.paid("in_9", "cus_1", "100") })).await;
    decide(&world, Some(Schedule::DayOfMonth(9))).await;
    world.set_status(PartnerStatus::Suspended).await;
    let app = app(&world, &stub);
    assert_eq!(night(&app, "2026-12-08T02:00:00Z").await, json!({"business_dates": ["2026-12-07"], "accounts": 1}));
    for _ in 0..2 {
        visit::visit(&world.store, &world.tenant, &due(&world, "2026-12-07"), at(LATER)).await.expect("visited");
        assert_eq!(world.store.list_closes(&world.tenant, &world.account()).await.expect("store").len(), 1);
    }
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!((head.available, head.open.len()), (8_000, 1), "eight are closed, and one waits for its day");
    // PAY-16: the run of the schedule leaves the account out, and nobody can ask.
    night(&app, "2026-12-09T02:00:00Z").await;
    assert_eq!((runs(&world).await, payouts(&world).await), (vec![none()], vec![]));
    world.pass_days(29);
    assert_eq!(world.available().await, "80.00");
    world.pass_days(2);
    visit::visit(&world.store, &world.tenant, &due(&world, "2026-12-21"), at(LATER)).await.expect("visited");
    assert_eq!((world.available().await, world.total().await), ("110.00".to_owned(), "110.00".to_owned()));
    assert_eq!(world.request().await, Requested::PartnerNotActive);
    assert_eq!(payouts(&world).await, vec![], "nothing was paid");
    world.verified().await;
    world.set_status(PartnerStatus::Active).await;
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    assert_eq!(stored.payout.amount.to_text(), "110.00");
    world.verified().await;
}
