//! Holds, releases, rejections.

use cases::desk::holds::Refused;
use cases::payouts::Requested;
use domain::payout::Sent;
use domain::sale::HoldReason;

use super::*;

/// LED-2, LED-5: wherever the money of a sale is, a hold takes it there and a release brings it back.
#[tokio::test]
async fn a_hold_and_its_release_leave_the_balance_as_it_was() {
    for matures_in in [9, 0, -3] {
        let world = World::new().await;
        world.earn("in_1", "29.70", day(&world, matures_in)).await;
        world.earn("in_2", "5.00", day(&world, 9)).await;
        let before = usd_balance(&world).await;
        assert!(matches!(command(&world, "in_1", "hold").await, Changed::Done(_)));
        let held = usd_balance(&world).await;
        assert_eq!(held[1], "29.70", "{matures_in}: {held:?}");
        let pending = if matures_in > 0 { "5.00" } else { &before[0] };
        assert_eq!((held[0].as_str(), held[2].as_str()), (pending, "0.00"), "{matures_in}");
        world.verified().await;
        assert!(matches!(command(&world, "in_1", "release").await, Changed::Done(_)));
        assert_eq!(usd_balance(&world).await, before, "{matures_in}");
        world.verified().await;
    }
}

/// ledger.md: the hold of a line that was paid is taken from what is available, which may go below zero.
#[tokio::test]
async fn a_hold_of_what_was_paid_is_taken_from_what_is_available() {
    let mut world = World::new().await;
    world.earn("in_1", "60.00", day(&world, 0)).await;
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    pay(&world, &stored.payout.id).await;
    world.pass_days(1);
    world.earn("in_2", "10.00", day(&world, 0)).await;
    assert!(matches!(command(&world, "in_1", "hold").await, Changed::Done(_)));
    assert_eq!(usd_balance(&world).await, ["0.00", "60.00", "-50.00", "0.00", "60.00"]);
    world.verified().await;
    assert!(matches!(command(&world, "in_1", "release").await, Changed::Done(_)));
    assert_eq!(usd_balance(&world).await, ["0.00", "0.00", "10.00", "0.00", "60.00"]);
    world.verified().await;
}

pub(super) async fn pay(world: &World, id: &domain::id::PayoutId) {
    use cases::payouts::{Command, Moved};
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "r".to_owned() };
    let confirm = Command::Confirm { completed_at: world.now, reference: format!("paid {id}") };
    for (role, command) in [
        (Role::Admin, world.approval(id).await),
        (Role::FinanceManager, Command::MarkSent(sent)),
        (Role::FinanceManager, confirm),
    ] {
        assert!(matches!(world.command(id, role, role.word(), command).await, Moved::Done(_)));
    }
}

#[tokio::test]
async fn a_hold_outlives_its_slot_its_close_and_any_number_of_days() {
    let mut world = World::new().await;
    world.earn("in_1", "29.70", day(&world, 2)).await;
    world.earn("in_2", "5.00", day(&world, 2)).await;
    command(&world, "in_1", "hold").await;
    world.pass_days(90);
    let today = Zone::utc().day_of(world.now);
    cases::closing::close_matured(&world.store, &world.tenant, &world.account(), today).await.expect("closed");
    assert_eq!(usd_balance(&world).await, ["0.00", "29.70", "5.00", "0.00", "0.00"]);
    // Its own slot is final by now: what is released is due at once.
    command(&world, "in_1", "release").await;
    assert_eq!(usd_balance(&world).await, ["0.00", "0.00", "34.70", "0.00", "0.00"]);
    world.verified().await;
}

/// ledger.md: whoever stood still for days books behind the fence as it is by now. That is due, however old their clock is.
#[tokio::test]
async fn a_hold_by_whoever_stood_still_for_days_is_taken_from_what_is_due() {
    let mut world = World::new().await;
    world.earn("in_1", "29.70", day(&world, 5)).await;
    let began = world.now;
    world.pass_days(5);
    cases::closing::close_matured(&world.store, &world.tenant, &world.account(), day(&world, 0)).await.expect("closed");
    let actor = desk_of(&world, "usr_ada").await.actor;
    let slow = Desk::open(&world.store, &world.tenant, actor, began).await.expect("a desk");
    let held = holds::command(&slow, &sale_of("in_1"), &named("hold")).await.expect("an answer");
    assert!(matches!(held, Changed::Done(_)), "{held:?}");
    assert_eq!(usd_balance(&world).await, ["0.00", "29.70", "0.00", "0.00", "0.00"]);
    world.verified().await;
}

#[tokio::test]
async fn a_rejected_sale_earns_nothing_wherever_its_money_was() {
    for first in ["", "hold"] {
        for matures_in in [9, -3] {
            let world = World::new().await;
            world.earn("in_1", "29.70", day(&world, matures_in)).await;
            if !first.is_empty() {
                command(&world, "in_1", first).await;
            }
            assert!(matches!(command(&world, "in_1", "reject").await, Changed::Done(_)));
            assert_eq!(usd_balance(&world).await, ["0.00"; 5], "{first} {matures_in}");
            assert!(matches!(command(&world, "in_1", "reject").await, Changed::Already(_)));
            for word in ["hold", "release"] {
                assert_eq!(command(&world, "in_1", word).await, Changed::Refused(Refused::Rejected));
            }
            world.verified().await;
        }
    }
}

#[tokio::test]
async fn a_step_that_is_taken_again_changes_nothing() {
    let world = World::new().await;
    world.earn("in_1", "29.70", day(&world, 9)).await;
    assert!(matches!(command(&world, "in_1", "release").await, Changed::Already(_)));
    command(&world, "in_1", "hold").await;
    let held = world.lines().await;
    assert!(matches!(command(&world, "in_1", "hold").await, Changed::Already(_)));
    assert_eq!(world.lines().await, held);
    assert_eq!(command(&world, "in_9", "hold").await, Changed::NotFound);
}

/// FRD-4: only its review decides what signals of fraud hold.
#[tokio::test]
async fn what_signals_of_fraud_hold_is_not_released_or_rejected_here() {
    let world = World::new().await;
    world.earn("in_1", "29.70", day(&world, 9)).await;
    let mut sale = world.kept_sale("in_1").await;
    sale.hold = Some(HoldReason::Risk);
    for (word, expected) in
        [("hold", Ok(true)), ("release", Err(Refused::HeldForRisk)), ("reject", Err(Refused::HeldForRisk))]
    {
        assert_eq!(holds::decide(&mut sale.clone(), &named(word)), expected, "{word}");
    }
    sale.lines.clear();
    assert_eq!(holds::decide(&mut sale, &named("hold")), Err(Refused::NoCommission));
}

#[tokio::test]
async fn each_step_is_told_and_chained() {
    let world = World::new().await;
    world.earn("in_1", "29.70", day(&world, 9)).await;
    for word in ["hold", "release", "reject"] {
        command(&world, "in_1", word).await;
    }
    let id = sale_of("in_1").to_string();
    let told = world.store.list_audit(&world.tenant, &id).await.expect("store");
    let actions: Vec<_> = told.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["commission.held", "commission.released", "commission.rejected"]);
    assert_eq!(told[0].new["reason"], "looked at it");
    assert_eq!((told[1].old["hold"].as_str(), told[1].new["hold"].as_str()), ("manual", "none"));
    assert!(domain::audit::check_chain(&id, &told).is_ok());
}

/// ING-5: a lost answer at any request, and the step sent again, are one step.
#[tokio::test]
async fn a_lost_answer_of_any_request_to_the_store_ends_in_one_hold() {
    for passing in 0..6 {
        let world = World::new().await;
        world.earn("in_1", "29.70", day(&world, 9)).await;
        let desk = desk_of(&world, "usr_ada").await;
        world.database.fail_after(passing, 1, testkit::Fault::LoseAnswer);
        let first = holds::command(&desk, &sale_of("in_1"), &named("hold")).await;
        world.database.heal();
        let again = holds::command(&desk, &sale_of("in_1"), &named("hold")).await.expect("an answer");
        assert!(matches!(again, Changed::Already(_)), "{passing}: {first:?} then {again:?}");
        assert_eq!(usd_balance(&world).await[1], "29.70", "{passing}");
        let told = world.store.list_audit(&world.tenant, sale_of("in_1").as_str()).await.expect("store");
        assert_eq!(told.len(), 1, "{passing}");
        world.verified().await;
    }
}

#[tokio::test]
async fn two_people_at_once_are_one_hold() {
    let world = World::new().await;
    world.earn("in_1", "29.70", day(&world, 9)).await;
    let (one, other) = (desk_of(&world, "usr_ada").await, desk_of(&world, "usr_bob").await);
    let (id, hold) = (sale_of("in_1"), named("hold"));
    let (first, second) = tokio::join!(holds::command(&one, &id, &hold), holds::command(&other, &id, &hold));
    let outcomes = [first.expect("an answer"), second.expect("an answer")];
    let count = |done: bool| outcomes.iter().filter(|outcome| matches!(outcome, Changed::Done(_)) == done).count();
    assert_eq!((count(true), count(false)), (1, 1), "{outcomes:?}");
    assert_eq!(usd_balance(&world).await, ["0.00", "29.70", "0.00", "0.00", "0.00"]);
    world.verified().await;
}
