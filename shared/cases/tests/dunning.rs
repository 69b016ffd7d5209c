//! Reminders of payments that failed, over a real table.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use cases::dunning::{Reminded, remind};
use domain::currency::Currency;
use domain::money::Money;
use domain::subscription::{FailedPayment, FailedStanding};
use domain::time::Timestamp;
use jiff::SignedDuration;
use world::World;

fn failed(world: &World, invoice: &str, standing: FailedStanding) -> FailedPayment {
    FailedPayment {
        payment: world::key(invoice),
        customer: Some(world::key("cus_1")),
        subscription: None,
        amount: Money::from_minor(9_900, Currency::USD),
        attempts: 1,
        next_attempt_at: None,
        standing,
        reason: None,
        told_at: world.now,
    }
}

fn later(world: &World, days: i64) -> Timestamp {
    world.now.checked_add(SignedDuration::from_hours(24 * days)).expect("an instant")
}

async fn steps(world: &World, days: i64) -> u64 {
    remind(&world.store, &world.tenant, later(world, days)).await.expect("store").steps
}

#[tokio::test]
async fn a_customer_is_reminded_after_1_3_and_7_days_and_a_night_twice_changes_nothing() {
    let world = World::new().await;
    let told = failed(&world, "in_failed", FailedStanding::Open);
    world.store.record_failed_payment(&world.tenant, &told).await.expect("store");
    let mut taken = Vec::new();
    for day in 0..10 {
        taken.push(steps(&world, day).await);
        assert_eq!(steps(&world, day).await, 0, "the night of day {day} again");
    }
    assert_eq!(taken, [0, 1, 0, 1, 0, 0, 0, 1, 0, 0]);
}

#[tokio::test]
async fn a_payment_that_came_or_was_given_up_is_not_spoken_of() {
    let world = World::new().await;
    for (invoice, standing) in [("in_void", FailedStanding::Voided), ("in_lost", FailedStanding::Uncollectible)] {
        world.store.record_failed_payment(&world.tenant, &failed(&world, invoice, standing)).await.expect("store");
    }
    let open = failed(&world, "in_open", FailedStanding::Open);
    world.store.record_failed_payment(&world.tenant, &open).await.expect("store");
    let found = remind(&world.store, &world.tenant, world.now).await.expect("store");
    assert_eq!(found, Reminded { open: 1, steps: 0 });
}

#[tokio::test]
async fn what_failed_long_before_reminders_were_switched_on_is_counted_from_then() {
    let world = World::new().await;
    let old = FailedPayment { told_at: later(&world, -60), ..failed(&world, "in_old", FailedStanding::Open) };
    world.store.record_failed_payment(&world.tenant, &old).await.expect("store");
    // The first night notes it, the next reminds once; the last reminder is a week away.
    assert_eq!([steps(&world, 0).await, steps(&world, 0).await, steps(&world, 1).await], [0, 1, 0]);
    assert_eq!([steps(&world, 2).await, steps(&world, 6).await], [1, 1]);
}

#[tokio::test]
async fn a_payment_that_came_is_settled_by_the_night_and_not_looked_at_again() {
    let world = World::new().await;
    for invoice in ["in_paid", "in_renamed", "in_open"] {
        let told = failed(&world, invoice, FailedStanding::Open);
        world.store.record_failed_payment(&world.tenant, &told).await.expect("store");
    }
    world.earn("in_paid", "99.00", domain::time::Zone::utc().day_of(world.now)).await;
    // Paid under another name of the same payment.
    world.earn("ord_1", "99.00", domain::time::Zone::utc().day_of(world.now)).await;
    let (name, owner) = (world::key("in_renamed"), world::key("ord_1"));
    assert!(world.store.record_alias(&world.tenant, &name, &owner).await.expect("store"));
    let found = remind(&world.store, &world.tenant, world.now).await.expect("store");
    assert_eq!(found, Reminded { open: 1, steps: 0 });
    let standing = async |invoice: &str| {
        let kept = world.store.get_failed_payment(&world.tenant, &world::key(invoice)).await.expect("store");
        kept.expect("kept").told.standing
    };
    for (invoice, expected) in
        [("in_paid", FailedStanding::Paid), ("in_renamed", FailedStanding::Paid), ("in_open", FailedStanding::Open)]
    {
        assert_eq!(standing(invoice).await, expected, "{invoice}");
    }
    let open = world.store.list_open_payments(&world.tenant, None, 10).await.expect("store").items;
    assert_eq!(open, [world::key("in_open")]);
    // A late telling that it failed opens nothing.
    let late = FailedPayment { told_at: later(&world, 1), ..failed(&world, "in_paid", FailedStanding::Open) };
    assert!(!world.store.record_failed_payment(&world.tenant, &late).await.expect("store"));
    assert_eq!(world.store.list_open_payments(&world.tenant, None, 10).await.expect("store").items.len(), 1);
}
