//! A close that one invocation cannot count goes on where it stopped, and ends as if it had never stopped.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use cases::closing::{Closed, Pace, close_matured, close_within};
use cases::error::CaseError;
use cases::payouts::{Asked, Requested, request_within};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::ledger::Close;
use domain::role::Role;
use domain::time::{BusinessDay, Zone};
use testkit::Fault;
use world::World;

/// How many lines the accounts here have.
const LINES: u64 = 10;

/// Three lines an invocation.
fn three() -> Pace<'static> {
    Pace { kept_each: 3, lines_max: 3, is_over: &|| false }
}

/// Never more than one page of four lines: the time is always over.
fn no_time() -> Pace<'static> {
    Pace { kept_each: 4, lines_max: u64::MAX, is_over: &|| true }
}

fn today(world: &World) -> BusinessDay {
    Zone::utc().day_of(world.now)
}

/// An account of ten matured lines in five slots.
async fn matured() -> World {
    let mut world = World::new().await;
    for n in 0..LINES {
        let day = today(&world).plus_days(i32::try_from(n / 2).expect("small")).expect("a day");
        world.earn(&format!("in_{n}"), "1.10", day).await;
    }
    world.pass_days(30);
    world
}

async fn close_of(world: &World, pace: Pace<'_>) -> Closed {
    close_within(&world.store, &world.tenant, &world.account(), today(world), pace).await.expect("store")
}

async fn closed_at_once() -> Close {
    let world = matured().await;
    let close = close_matured(&world.store, &world.tenant, &world.account(), today(&world)).await.expect("store");
    close.expect("something was to be closed")
}

#[tokio::test]
async fn a_close_counted_in_parts_is_the_close_counted_at_once() {
    let expected = closed_at_once().await;
    assert_eq!(expected.count, LINES);
    for (pace, parts) in [(three(), [3, 6, 9].as_slice()), (no_time(), &[4, 8])] {
        let world = matured().await;
        for lines in parts {
            assert_eq!(close_of(&world, pace).await, Closed::Partly { lines: *lines });
        }
        assert_eq!(close_of(&world, pace).await, Closed::Yes(expected.clone()));
        assert_eq!(close_of(&world, pace).await, Closed::Nothing);
        world.verified().await;
    }
}

#[tokio::test]
async fn what_was_counted_is_not_read_again() {
    let world = matured().await;
    assert_eq!(close_of(&world, three()).await, Closed::Partly { lines: 3 });
    world.database.reset_units();
    assert!(matches!(close_of(&world, Pace::unhurried()).await, Closed::Yes(_)));
    let resumed = world.database.units();
    let world = matured().await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    let last = head.last_matured(today(&world)).expect("a matured slot");
    world.store.raise_fence(&world.tenant, &world.account(), &head, last).await.expect("raised");
    world.database.reset_units();
    assert!(matches!(close_of(&world, Pace::unhurried()).await, Closed::Yes(_)));
    let whole = world.database.units();
    // Three lines of ten: the kept place costs one unit to read, and saves theirs.
    assert!(resumed.read_hundredths <= whole.read_hundredths, "{resumed:?} {whole:?}");
    assert_eq!(resumed.write_hundredths, whole.write_hundredths);
}

#[tokio::test]
async fn each_place_that_is_kept_costs_one_write_unit() {
    let world = matured().await;
    world.database.reset_units();
    let pace = Pace { kept_each: 2, lines_max: u64::MAX, is_over: &|| false };
    assert!(matches!(close_of(&world, pace).await, Closed::Yes(_)));
    // Five of the close, and one each two of ten lines: the database cannot know that nothing follows the last two.
    assert_eq!(world.database.units().write_hundredths, 500 + 500);
}

#[tokio::test]
async fn a_recount_that_dies_at_any_request_is_taken_up_and_ends_as_one_close() {
    let mut world = World::new().await;
    let pace = Pace { kept_each: 2, lines_max: u64::MAX, is_over: &|| false };
    let mut expected = Vec::new();
    // Ten requests make a close of five lines, two at a time.
    for fault in [Fault::Refuse, Fault::LoseAnswer] {
        for after in 0..10 {
            for n in 0..5 {
                world.earn(&format!("in_{fault:?}_{after}_{n}"), "1.10", today(&world)).await;
            }
            // Three, as the client tries three times.
            world.database.fail_after(after, 3, fault);
            let tried = close_within(&world.store, &world.tenant, &world.account(), today(&world), pace).await;
            world.database.heal();
            // A lost answer of the last step is an error of a close that is written.
            let again = close_within(&world.store, &world.tenant, &world.account(), today(&world), pace).await;
            let is_closed = |closed: &Result<Closed, _>| matches!(closed, Ok(Closed::Yes(_)));
            assert!(!(is_closed(&tried) && is_closed(&again)), "{fault:?} after {after}");
            expected.push((5, "5.50".to_owned()));
            let closes = world.store.list_closes(&world.tenant, &world.account()).await.expect("store");
            let told: Vec<_> = closes.iter().map(|close| (close.count, close.net.to_text())).collect();
            assert_eq!(told, expected, "{fault:?} after {after}");
            world.pass_days(1);
        }
    }
    world.verified().await;
}

#[tokio::test]
async fn two_who_count_one_account_keep_the_further_place_and_close_it_once() {
    let expected = closed_at_once().await;
    let world = matured().await;
    let hurried = Pace { kept_each: 1, lines_max: 1, is_over: &|| false };
    let (store, tenant, account) = (&world.store, &world.tenant, world.account());
    let one = async {
        let mut closed = Vec::new();
        for _ in 0..12 {
            closed.push(close_within(store, tenant, &account, today(&world), hurried).await.expect("store"));
        }
        closed
    };
    let other = async {
        let mut closed = Vec::new();
        for _ in 0..5 {
            closed.push(close_within(store, tenant, &account, today(&world), three()).await.expect("store"));
        }
        closed
    };
    let (one, other) = tokio::join!(one, other);
    let closed: Vec<_> = one.into_iter().chain(other).filter(|closed| matches!(closed, Closed::Yes(_))).collect();
    assert_eq!(closed, [Closed::Yes(expected)]);
    world.verified().await;
}

#[tokio::test]
async fn a_place_kept_for_one_close_is_not_taken_for_the_next() {
    let mut world = matured().await;
    while !matches!(close_of(&world, three()).await, Closed::Yes(_)) {}
    let later = today(&world);
    for n in 0..LINES {
        world.earn(&format!("later_{n}"), "2.00", later).await;
    }
    world.pass_days(1);
    assert_eq!(close_of(&world, three()).await, Closed::Partly { lines: 3 });
    while !matches!(close_of(&world, three()).await, Closed::Yes(_)) {}
    let closes = world.store.list_closes(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(closes.iter().map(|close| close.count).collect::<Vec<_>>(), [LINES, LINES]);
    world.verified().await;
}

#[tokio::test]
async fn a_payout_of_an_account_that_is_still_counted_comes_when_it_is_asked_for_again() {
    let world = matured().await;
    let by = Actor::new(Role::Partner, world.partner.to_string());
    let (partner, under) = (world.partner.clone(), "a request".to_owned());
    let asked = Asked { partner, currency: Currency::USD, amount: None, by, under };
    let ask = async || request_within(&world.store, &world.tenant, &asked, world.now, three()).await.expect("store");
    for lines in [3, 6, 9] {
        assert_eq!(ask().await, Requested::Counting { lines });
    }
    let Requested::Created(stored) = ask().await else { panic!("a payout") };
    assert_eq!((stored.payout.lines, stored.payout.amount.to_text()), (LINES, "11.00".to_owned()));
    assert_eq!(ask().await, Requested::Created(stored));
    world.verified().await;
}

/// V4: of a transaction the head may be seen an instant before its close is. A close that is not there yet is not nothing: who
/// asks is told to ask again, and then it is counted.
#[tokio::test]
async fn a_close_that_cannot_be_read_yet_is_waited_for_and_never_left_out() {
    let world = matured().await;
    close_matured(&world.store, &world.tenant, &world.account(), today(&world)).await.expect("closed");
    let table = &world.database.core;
    let key = [
        ("pk", format!("{}#account#{}", world.tenant.tenant(), world.partner)),
        ("sk", "USD#close#00000001".to_owned()),
    ];
    let key = key.map(|(name, text)| (name.to_owned(), AttributeValue::S(text))).into();
    let delete = world.database.client.delete_item().table_name(table).set_key(Some(key));
    let close = delete.return_values(ReturnValue::AllOld).send().await.expect("gone").attributes;
    assert!(close.is_some(), "there was one");
    let asked = world.try_request_at(0).await;
    assert!(matches!(asked, Err(CaseError::Busy)), "{asked:?}");
    world.database.client.put_item().table_name(table).set_item(close).send().await.expect("there again");
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    assert_eq!(stored.payout.lines, LINES);
    world.verified().await;
}
