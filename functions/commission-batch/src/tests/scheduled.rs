//! Payouts that nights build by the tenant's schedule.

use cases::closing::Pace;
use cases::payout_runs::scheduled::build_due;
use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::money::Money;
use domain::payout::PayoutState;
use domain::payout::policy::{Band, PayoutPolicy};
use domain::payout::schedule::Schedule;
use domain::role::Role;
use store::payouts::StoredPayout;

use super::deaths::dies_after;
use super::*;

/// Payouts on a day of the month, or never; what is below 1,000.00 goes by itself where a person asks for it.
pub(super) async fn decide(world: &World, schedule: Option<Schedule>) {
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    let band = Band { automatic_below: Some(usd(100_000)), two_from: usd(10_000_000) };
    let policy = PayoutPolicy { bands: vec![band], schedule, ..PayoutPolicy::default() };
    let end = world.store.get_chain_end(&world.tenant, "payout_policy").await.expect("store");
    let actor = Actor::new(Role::Admin, "usr_ada");
    let (old, new) = Default::default();
    let entry = append(end, "payout_policy", Deed { at: world.now, actor, action: "payout_policy.set", old, new });
    assert!(end == ChainEnd::START || entry.no > 1);
    let written = world.store.replace_payout_policy(&world.tenant, &policy, &entry).await.expect("store");
    assert_eq!(written, store::Written::Yes);
}

pub(super) async fn runs(world: &World) -> Vec<(String, usize)> {
    let page = world.store.list_payout_runs(&world.tenant, None, 50).await.expect("store");
    page.items.iter().map(|run| (run.by.clone(), run.payouts.len())).collect()
}

pub(super) async fn payouts(world: &World) -> Vec<StoredPayout> {
    world.store.list_account_payouts(&world.tenant, &world.account()).await.expect("store")
}

fn one() -> (String, usize) {
    ("payout-schedule".to_owned(), 1)
}

pub(super) fn none() -> (String, usize) {
    ("payout-schedule".to_owned(), 0)
}

#[tokio::test]
async fn the_night_of_the_day_builds_payouts_once_and_leaves_them_to_a_person() {
    let (world, stub) = (World::new().await, stub().await);
    world.earn("in_1", "29.70", day("2026-11-10")).await;
    decide(&world, Some(Schedule::DayOfMonth(22))).await;
    let app = app(&world, &stub);
    night(&app, "2026-11-21T02:00:00Z").await;
    assert_eq!(runs(&world).await, []);
    for _ in 0..2 {
        night(&app, "2026-11-22T02:00:00Z").await;
        assert_eq!(runs(&world).await, [one()]);
    }
    night(&app, "2026-11-23T02:00:00Z").await;
    assert_eq!(runs(&world).await, [one()]);
    let built = payouts(&world).await;
    // PAY-1: a band that lets it go by itself lets go what a person asked for.
    assert_eq!(built.iter().map(|stored| &stored.payout.state).collect::<Vec<_>>(), [&PayoutState::PendingApproval]);
    assert_eq!((built[0].payout.amount.to_text(), built[0].payout.approvers()), ("29.70".to_owned(), 1));
    world.verified().await;
}

#[tokio::test]
async fn missed_days_are_made_up_for_by_one_run_and_nothing_before_the_schedule_is() {
    let (world, stub) = (World::new().await, stub().await);
    world.earn("in_1", "29.70", day("2026-11-10")).await;
    let app = app(&world, &stub);
    decide(&world, Some(Schedule::DayOfMonth(20))).await;
    night(&app, "2026-11-22T02:00:00Z").await;
    assert_eq!(runs(&world).await, [], "the twentieth was before anybody looked");
    decide(&world, Some(Schedule::DayOfMonth(24))).await;
    night(&app, "2026-11-27T02:00:00Z").await;
    assert_eq!(runs(&world).await, [one()]);
    // Without a schedule time goes by, too: what is set later does not look back.
    decide(&world, None).await;
    night(&app, "2026-11-29T02:00:00Z").await;
    decide(&world, Some(Schedule::DayOfMonth(28))).await;
    night(&app, "2026-11-30T02:00:00Z").await;
    assert_eq!(runs(&world).await, [one()]);
    night(&app, "2026-12-28T02:00:00Z").await;
    // The payout of before still waits: its account is left out.
    assert_eq!(runs(&world).await, [none(), one()]);
}

#[tokio::test]
async fn a_schedule_whose_function_dies_anywhere_is_built_by_the_next_as_if_nothing_had_been() {
    let world = World::new().await;
    world.earn("in_1", "29.70", day("2026-11-10")).await;
    decide(&world, Some(Schedule::DayOfMonth(22))).await;
    let (store, tenant) = (&world.store, &world.tenant);
    let build = |text: &'static str| build_due(store, tenant, at(text), at(text), Pace::unhurried(), &|| false);
    assert_eq!(build("2026-11-21T02:00:00Z").await.expect("looked"), None);
    let mut died = 0;
    for cut in 1..200 {
        if dies_after(build("2026-11-22T02:00:00Z"), cut).await {
            break;
        }
        died += 1;
    }
    assert!(died >= 10, "only {died} died");
    assert_eq!(build("2026-11-22T02:00:00Z").await.expect("looked"), None);
    assert_eq!((runs(&world).await, payouts(&world).await.len()), (vec![one()], 1));
    assert_eq!(store.get_built_through(tenant).await.expect("store").map(|built| built.day), Some(day("2026-11-22")));
    world.verified().await;
}

#[tokio::test]
async fn what_the_time_does_not_allow_goes_on_where_it_stopped() {
    let world = World::new().await;
    let other = domain::id::PartnerId::from_ulid(8_u128.into());
    world.earn("in_1", "29.70", day("2026-11-10")).await;
    world.befriend(&other).await;
    let mut second = World { partner: other, ..world };
    second.earn("in_2", "10.00", day("2026-11-10")).await;
    second.pass_days(0);
    decide(&second, Some(Schedule::DayOfMonth(22))).await;
    let (store, tenant) = (&second.store, &second.tenant);
    let build = |text: &'static str| build_due(store, tenant, at(text), at(text), Pace::unhurried(), &|| true);
    build("2026-11-21T02:00:00Z").await.expect("looked");
    let first = build("2026-11-22T02:00:00Z").await.expect("looked").expect("due");
    assert_eq!((first.payouts, first.is_whole), (1, false));
    let second_time = build_due(store, tenant, at("2026-11-22T02:00:00Z"), at(LATER), Pace::unhurried(), &|| false);
    let second_time = second_time.await.expect("looked").expect("due");
    assert_eq!((second_time.runs, second_time.payouts, second_time.is_whole), (2, 2, true));
    assert_eq!(runs(&second).await, [one(), one()]);
}

/// An account whose lines are more than the time allows is nobody to pass by: the schedule would not come to it again for a month.
#[tokio::test]
async fn an_account_that_is_still_counted_is_built_by_whoever_goes_on() {
    let world = World::new().await;
    for n in 1..=7 {
        world.earn(&format!("in_{n}"), "1.00", day("2026-11-10")).await;
    }
    decide(&world, Some(Schedule::DayOfMonth(22))).await;
    let (store, tenant) = (&world.store, &world.tenant);
    let pace = Pace { kept_each: 3, lines_max: 3, is_over: &|| false };
    let build = |text: &'static str| build_due(store, tenant, at(text), at(text), pace, &|| true);
    build("2026-11-21T02:00:00Z").await.expect("looked");
    for _ in 0..2 {
        let made = build("2026-11-22T02:00:00Z").await.expect("looked").expect("due");
        assert_eq!((made.payouts, made.is_whole), (0, false));
        assert_eq!(runs(&world).await, [], "nothing is kept of a run that looked at nobody");
    }
    // The next night makes up for it.
    let made = build("2026-11-23T02:00:00Z").await.expect("looked").expect("due");
    assert_eq!((made.due, made.payouts, made.is_whole), (day("2026-11-22"), 1, true));
    assert_eq!(
        (runs(&world).await, payouts(&world).await[0].payout.amount.to_text()),
        (vec![one()], "7.00".to_owned())
    );
    world.verified().await;
}

/// Whoever was looked at before it is kept in a run, and the next begins with it.
#[tokio::test]
async fn a_run_ends_before_an_account_that_is_still_counted() {
    let world = World::new().await;
    let other = domain::id::PartnerId::from_ulid(8_u128.into());
    world.earn("in_0", "29.70", day("2026-11-10")).await;
    world.befriend(&other).await;
    let second = World { partner: other.clone(), ..world };
    for n in 1..=7 {
        second.earn(&format!("in_{n}"), "1.00", day("2026-11-10")).await;
    }
    decide(&second, Some(Schedule::DayOfMonth(22))).await;
    let (store, tenant) = (&second.store, &second.tenant);
    let pace = Pace { kept_each: 3, lines_max: 3, is_over: &|| false };
    let build = |text: &'static str| build_due(store, tenant, at(text), at(text), pace, &|| false);
    build("2026-11-21T02:00:00Z").await.expect("looked");
    let first = build("2026-11-22T02:00:00Z").await.expect("looked").expect("due");
    assert_eq!((first.runs, first.payouts, first.is_whole), (1, 1, false));
    let again = build("2026-11-22T02:00:00Z").await.expect("looked").expect("due");
    assert_eq!((again.runs, again.payouts, again.is_whole), (2, 2, true));
    assert_eq!(runs(&second).await, [one(), one()]);
    assert_eq!(payouts(&second).await[0].payout.amount.to_text(), "7.00");
}
