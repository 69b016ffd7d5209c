//! Figures over spans: whatever happened, they are what the lines themselves come to, and cost what is open.

use cases::figures::{self, Books, Found};
use domain::figures::{Figures, Span, Tally};
use domain::line::{Line, Place};
use domain::payout::{Payout, PayoutState};
use domain::time::Timestamp;
use proptest::prelude::*;

use super::looking::{act, any_act};
use super::*;

async fn asked(world: &World, span: Span, part_lines: usize) -> Figures {
    let (account, zone) = (world.account(), Zone::utc());
    let books = Books { store: &world.store, tenant: &world.tenant, account: &account, zone: &zone, part_lines };
    match figures::of(books, span, &|| false).await.expect("store") {
        Found::Whole(figures) => *figures,
        other => panic!("{other:?}"),
    }
}

/// Sale by sale, by the payouts that have arrived: net, count, and what is unpaid, told by rules of their own.
fn recounted(lines: &[Line], payouts: &[Payout], span: Span) -> Option<(i64, u64, i64)> {
    let (mut net, mut count, mut unpaid) = (0, 0, 0);
    for told in world::figures::told(lines)?.iter().filter(|told| span.holds(told.at)) {
        (net, count) = (net + told.minor, count + u64::from(told.is_one));
        let is_paid = payouts.iter().any(|payout| {
            let Place::Slot(slot) = told.place else { return false };
            matches!(payout.state, PayoutState::Paid { .. }) && payout.from < Some(slot) && slot <= payout.to
        });
        unpaid += if is_paid { 0 } else { told.minor };
    }
    Some((net, count, unpaid))
}

async fn holds(world: &World, span: Span, part_lines: usize) {
    let lines = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    let payouts = world.store.list_account_payouts(&world.tenant, &world.account()).await.expect("store");
    let payouts: Vec<Payout> = payouts.into_iter().map(|stored| stored.payout).collect();
    let found = asked(world, span, part_lines).await;
    let total = found.total().expect("in range");
    if let Some(expected) = recounted(&lines, &payouts, span) {
        assert_eq!((total.net, total.count, found.unpaid), expected, "{span:?} in parts of {part_lines}");
    }
    // What was left out came to nothing, so over all time it is what the account ever had.
    let always = Span { from: Timestamp::UNIX_EPOCH, to: "2099-01-01T00:00:00Z".parse().expect("instant") };
    let all = asked(world, always, part_lines).await.total().expect("in range").net;
    assert_eq!(Money::from_minor(all, Currency::USD).to_text(), world.total().await);
}

/// Hours since the world began, to the odd millisecond.
fn instant(begun: Timestamp, ms: i64) -> Timestamp {
    Timestamp::from_millisecond(begun.as_millisecond() + ms).expect("an instant")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    /// POR-1: a figure is what the lines come to, to the cent, whenever it is asked for and however closes are cut.
    #[test]
    fn por_1_a_figure_is_what_the_lines_come_to_whatever_happened(
        acts in prop::collection::vec(any_act(), 1..22),
        spans in prop::collection::vec((-86_400_000_i64..2_000_000_000, 1_i64..1_500_000_000), 1..4),
        part_lines in 1_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new().await;
            let begun = world.now;
            for (n, one) in acts.iter().enumerate() {
                act(&mut world, *one, n).await;
                world.now = instant(world.now, 1);
                if n % 5 == 2 {
                    let (from, length) = spans[n % spans.len()];
                    holds(&world, Span { from: instant(begun, from), to: instant(begun, from + length) }, part_lines).await;
                }
            }
            for (from, length) in &spans {
                let span = Span { from: instant(begun, *from), to: instant(begun, from + length) };
                holds(&world, span, part_lines).await;
            }
        });
    }
}

/// Twelve sales of twelve days, closed in two closes.
async fn closed_twice() -> World {
    let mut world = World::new().await;
    for n in 0..12 {
        world.earn(&format!("in_{n}"), "10", day(&world, 1)).await;
        world.pass_days(1);
        if n == 5 || n == 11 {
            let today = Zone::utc().day_of(world.now);
            let closed = cases::closing::close_matured(&world.store, &world.tenant, &world.account(), today).await;
            assert_eq!(closed.expect("store").expect("a close").count, 6);
        }
    }
    world
}

fn whole_days(world: &World) -> Span {
    let zone = Zone::utc();
    let start = |days| zone.start_of(day(world, days)).expect("in range");
    Span { from: start(-20), to: start(1) }
}

#[tokio::test]
async fn what_is_closed_is_read_once_and_never_again() {
    let world = closed_twice().await;
    let span = whole_days(&world);
    assert_eq!(asked(&world, span, 4).await.total().expect("in range").count, 12);
    world.database.reset_units();
    assert_eq!(asked(&world, span, 4).await.total().expect("in range").count, 12);
    let again = world.database.units();
    assert_eq!(again.write_hundredths, 0);
    // Head, parts and the open lines: three reads, whatever was closed.
    assert!(again.read_hundredths <= 400, "{again:?}");
}

#[tokio::test]
async fn counting_that_time_cut_short_goes_on_where_it_was() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let world = closed_twice().await;
    let (account, zone, span) = (world.account(), Zone::utc(), whole_days(&world));
    let books = Books { store: &world.store, tenant: &world.tenant, account: &account, zone: &zone, part_lines: 2 };
    let mut asked_for = 0;
    let found = loop {
        // Time for two parts, and no more.
        let parts = AtomicUsize::new(0);
        let is_over = || parts.fetch_add(1, Ordering::Relaxed) >= 2;
        asked_for += 1;
        match figures::of(books, span, &is_over).await.expect("store") {
            Found::Counting => {}
            other => break other,
        }
    };
    // Six parts and more, two a time.
    assert!((3..=5).contains(&asked_for), "asked {asked_for} times");
    let Found::Whole(found) = found else { panic!("{found:?}") };
    assert_eq!(found.total().expect("in range"), Tally { net: 12_000, earned: 12_000, count: 12 });
}

#[tokio::test]
async fn two_who_count_the_same_close_at_once_find_the_same() {
    let world = closed_twice().await;
    let span = whole_days(&world);
    let (one, other) = futures::join!(asked(&world, span, 3), asked(&world, span, 3));
    assert_eq!(one, other);
    assert_eq!(one, asked(&world, span, 3).await);
}
