//! COM-16: what a dry run shows is what is booked, over random histories; and the life of a recompute.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use cases::recompute::{Decided, Desk, Proposal, advance, approve, draft, lines_of, propose, reject, show};
use domain::audit::Actor;
use domain::id::RecomputeId;
use domain::line::{Line, LineKind};
use domain::recompute::Refused;
use domain::role::Role;
use domain::rule::{BandMode, Caps, Metric, Milestone, Reward, Terms, VolumeBonus};
use domain::time::{Timestamp, Zone};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::recomputes::StoredRecompute;
use world::World;

use super::adjusting::{FIRST, SECOND, banded, book, make_rule, program, rate, sale, terms, usd, visited, world_of};
use super::{LATER, at};

pub(super) fn admin(id: &str) -> Actor {
    Actor::new(Role::Admin, id)
}

pub(super) fn id(n: u64) -> RecomputeId {
    RecomputeId::from_ulid(u128::from(n).into())
}

pub(super) fn desk<'a>(world: &'a World, zone: &'a Zone) -> Desk<'a> {
    Desk { store: &world.store, tenant: &world.tenant, zone, now: at(LATER) }
}

pub(super) fn proposal(terms: Terms, from: &str) -> Proposal {
    Proposal { program: program(), terms, from: at(from), to: None, reason: "a wrong rate".to_owned() }
}

pub(super) async fn proposed(world: &World, proposal: &Proposal) -> StoredRecompute {
    let zone = Zone::utc();
    let kept = propose(desk(world, &zone), proposal, (&id(1), &admin("usr_1"))).await.expect("store");
    kept.expect("a recompute");
    advanced(world).await
}

/// Worked through until a person is to decide, or all of it is booked.
pub(super) async fn advanced(world: &World) -> StoredRecompute {
    let zone = Zone::utc();
    advance(desk(world, &zone), (&program(), &id(1)), &|| false).await.expect("store").expect("a recompute")
}

/// Approved by somebody as what it shows.
pub(super) async fn approved_by(world: &World, who: &str) -> Decided {
    let zone = Zone::utc();
    let stored = world.store.get_recompute(&world.tenant, &program(), &id(1)).await.expect("store");
    let seal = stored.expect("a recompute").recompute.shown.seal;
    approve(desk(world, &zone), (&program(), &id(1)), (&admin(who), seal)).await.expect("store")
}

/// Approved by another admin, and booked to the end.
pub(super) async fn applied(world: &World) -> StoredRecompute {
    let approved = approved_by(world, "usr_2").await;
    assert!(matches!(approved, Decided::Yes(_)), "{approved:?}");
    let after = advanced(world).await;
    assert_eq!(after.recompute.state.word(), "applied");
    after
}

/// What a recompute booked: the lines that carry its id.
pub(super) async fn booked(world: &World) -> Vec<Line> {
    let note = format!("run: {}", id(1));
    let mut lines = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    lines.retain(|line| line.trace.notes.contains(&note));
    lines
}

/// Sale or period, part and amount: the same whether shown or booked.
pub(super) fn in_short(lines: &[Line]) -> Vec<String> {
    let mut rows: Vec<String> = lines
        .iter()
        .map(|line| {
            let of = line.origin.sale().map_or_else(
                || line.trace.notes.iter().find(|note| note.starts_with("of: ")).cloned().unwrap_or_default(),
                ToString::to_string,
            );
            format!("{of} {:?} {} {} {}", line.trace.part.kind, line.kind.word(), line.place.to_text(), line.amount)
        })
        .collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn com_16_a_frozen_month_gets_the_difference_of_the_rules_and_nothing_else() {
    let world = world_of(terms(Reward::Percentage(rate("0.2")))).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "100", SECOND)).await;
    book(&world, &world.refund("re_1", "in_2", "50")).await;
    visited(&world, "2026-12-03").await;
    assert_eq!(world.total().await, "30.00");
    let stored = proposed(&world, &proposal(terms(Reward::Percentage(rate("0.3"))), SECOND)).await;
    // Only the second sale is within the span: 10.00 more, half of which goes back.
    assert_eq!(stored.recompute.shown.totals, [usd("5.00")]);
    assert_eq!(world.total().await, "30.00");
    let zone = Zone::utc();
    let shown = lines_of(desk(&world, &zone), &stored.recompute, &[world.account()]).await.expect("store").planned;
    applied(&world).await;
    assert_eq!(world.total().await, "35.00");
    assert_eq!(in_short(&booked(&world).await), in_short(&shown));
    let left = show(desk(&world, &zone), &stored.recompute, &|| false).await.expect("store");
    assert_eq!((left.difference.lines, left.is_whole), (0, true));
    // Booked once, whatever comes later.
    advanced(&world).await;
    visited(&world, "2026-12-05").await;
    assert_eq!(world.total().await, "35.00");
    world.verified().await;
}

#[tokio::test]
async fn com_16_above_the_threshold_a_second_admin_approves_and_a_rejected_one_is_never_booked() {
    let world = world_of(terms(Reward::Percentage(rate("0.2")))).await;
    book(&world, &sale(&world, "in_1", "cus_1", "2000", FIRST)).await;
    let stored = proposed(&world, &proposal(terms(Reward::Percentage(rate("0.3"))), FIRST)).await;
    assert_eq!(stored.recompute.shown.moved, [usd("200.00")]);
    assert_eq!(approved_by(&world, "usr_1").await, Decided::Refused(Refused::SamePerson));
    let zone = Zone::utc();
    let rejected = reject(desk(&world, &zone), (&program(), &id(1)), &admin("usr_2")).await.expect("store");
    assert!(matches!(rejected, Decided::Yes(_)), "{rejected:?}");
    let late = approved_by(&world, "usr_2").await;
    assert_eq!(late, Decided::Refused(Refused::WrongState { state: "rejected" }));
    advanced(&world).await;
    visited(&world, "2026-11-23").await;
    assert_eq!(world.total().await, "400.00");
}

#[tokio::test]
async fn com_16_a_month_that_would_freeze_while_a_recompute_is_under_way_waits_for_it() {
    let world = world_of(terms(Reward::Percentage(rate("0.2")))).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    proposed(&world, &proposal(terms(Reward::Percentage(rate("0.3"))), FIRST)).await;
    // Approved and checked, and it died before the first page was booked.
    approved_by(&world, "usr_2").await;
    pages(&world, 1).await;
    visited(&world, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!((head.frozen.is_some(), head.counted), (true, None));
    assert_eq!(advanced(&world).await.recompute.state.word(), "applied");
    visited(&world, "2026-12-04").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.counted, head.frozen);
    assert_eq!(world.total().await, "30.00");
    world.verified().await;
}

/// Works on so many pages, and no more.
pub(super) async fn pages(world: &World, pages: usize) -> StoredRecompute {
    let (zone, asked) = (Zone::utc(), AtomicUsize::new(0));
    let is_over = || asked.fetch_add(1, Ordering::Relaxed) >= pages;
    advance(desk(world, &zone), (&program(), &id(1)), &is_over).await.expect("store").expect("a recompute")
}

/// A history: sales by day, customer and amount, refunds of them, and business dates on which nights came between.
#[derive(Clone, Debug)]
struct Story {
    before: Terms,
    after: Terms,
    from_day: u8,
    sales: Vec<(u8, u8, u16, Option<u16>)>,
    nights: Vec<u8>,
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let plain = (1_u32..9).prop_map(|tenths| terms(Reward::Percentage(rate(&format!("0.{tenths}")))));
    let bonus = Just(Terms {
        volume_bonus: Some(VolumeBonus { from: usd("300"), bonus: rate("0.25") }),
        ..terms(Reward::Percentage(rate("0.3")))
    });
    let capped = (1_u32..60).prop_map(|cap| Terms {
        caps: Caps { per_partner_period: Some(usd(&format!("{cap}.50"))), ..Caps::default() },
        ..terms(Reward::Percentage(rate("0.3")))
    });
    let capped_by_customer = (1_u32..60).prop_map(|cap| Terms {
        caps: Caps { per_customer: Some(usd(&format!("{cap}.50"))), ..Caps::default() },
        ..terms(Reward::Percentage(rate("0.3")))
    });
    let milestone = (1_u64..6).prop_map(|count| Terms {
        milestones: vec![Milestone {
            name: "Some sales".to_owned(),
            metric: Metric::Sales(count),
            currency: domain::currency::Currency::USD,
            bonus: Some(usd("25")),
            badge: None,
        }],
        ..terms(Reward::Percentage(rate("0.3")))
    });
    prop_oneof![
        plain,
        bonus,
        capped,
        capped_by_customer,
        milestone,
        Just(banded(BandMode::Marginal)),
        Just(banded(BandMode::Retroactive)),
    ]
}

fn any_story() -> impl Strategy<Value = Story> {
    let sale = (0_u8..25, 0_u8..4, 1_u16..30_000, prop::option::of(1_u16..30_000));
    let sales = prop::collection::vec(sale, 1..6);
    (any_terms(), any_terms(), 0_u8..25, sales, prop::collection::vec(0_u8..16, 0..3))
        .prop_map(|(before, after, from_day, sales, nights)| Story { before, after, from_day, sales, nights })
}

fn day_of(day: u8, hour: u8) -> String {
    let start: Timestamp = at("2026-11-22T00:00:00Z");
    let hours = i64::from(day) * 24 + i64::from(hour);
    Timestamp::from_millisecond(start.as_millisecond() + hours * 3_600_000).expect("instant").to_string()
}

async fn tell(world: &World, story: &Story) {
    make_rule(world, story.before.clone()).await;
    let mut nights = story.nights.iter();
    for (n, (day, customer, dollars, refund)) in story.sales.iter().enumerate() {
        let invoice = format!("in_{n}");
        let fact = sale(world, &invoice, &format!("cus_{customer}"), &dollars.to_string(), &day_of(*day, 1 + n as u8));
        book(world, &fact).await;
        if let Some(refund) = refund {
            book(world, &world.refund(&format!("re_{n}"), &invoice, &refund.min(dollars).to_string())).await;
        }
        if let Some(night) = nights.next() {
            // Up to the seventh of December: some come after November froze.
            visited(world, &day_of(*night, 0)[..10]).await;
        }
    }
}

/// The law itself: shown to the cent what is then booked, and booked once.
async fn holds(world: &World, story: &Story) {
    tell(world, story).await;
    let stored = proposed(world, &proposal(story.after.clone(), &day_of(story.from_day, 0))).await;
    let before = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    let zone = Zone::utc();
    let shown = lines_of(desk(world, &zone), &stored.recompute, &[world.account()]).await.expect("store").planned;
    assert_eq!(
        world.store.list_lines(&world.tenant, &world.account()).await.expect("store"),
        before,
        "a dry run writes nothing"
    );
    applied(world).await;
    let lines = booked(world).await;
    assert_eq!(in_short(&lines), in_short(&shown));
    assert_eq!(lines.len() as u64, stored.recompute.shown.lines);
    let total = lines.iter().map(|line| line.amount.minor()).fold(0_i64, |sum, minor| sum.saturating_add(minor));
    let shown = stored
        .recompute
        .shown
        .totals
        .iter()
        .map(|total| total.minor())
        .fold(0_i64, |sum, minor| sum.saturating_add(minor));
    assert_eq!(total, shown);
    assert!(lines.iter().all(|line| line.kind != LineKind::HoldMove));
    // Booked: another dry run of it shows nothing, and the night agrees.
    let left = lines_of(desk(world, &zone), &stored.recompute, &[world.account()]).await.expect("store");
    assert_eq!((in_short(&left.planned), in_short(&left.booked)), (Vec::new(), in_short(&lines)));
    let total = world.total().await;
    visited(world, &day_of(15, 0)[..10]).await;
    assert_eq!(world.total().await, total, "the night changes what the recompute booked");
}

/// Two more laws: the rules that hold anyway change nothing, whatever was frozen, went back and came late; and where
/// nothing was counted yet, other rules for the whole past end as if they had always held.
async fn same_rules_change_nothing_and_others_end_as_if_always(world: &mut World, story: &Story, tenant: u128) {
    world.move_to(tenant).await;
    tell(world, story).await;
    visited(world, &day_of(15, 0)[..10]).await;
    let zone = Zone::utc();
    let who = admin("usr_1");
    let own = proposal(story.before.clone(), &day_of(0, 0));
    let same = draft(desk(world, &zone), &own, (&id(2), &who)).await.expect("store").expect("a recompute");
    let shown = show(desk(world, &zone), &same, &|| false).await.expect("store").difference;
    assert_eq!((shown.lines, shown.totals), (0, Vec::new()), "the same rules make a difference");
    let early = Story { nights: story.nights.iter().map(|night| night % 9).collect(), ..story.clone() };
    world.move_to(tenant + 1).await;
    tell(world, &early).await;
    proposed(world, &proposal(story.after.clone(), &day_of(0, 0))).await;
    applied(world).await;
    let recomputed = world.total().await;
    world.move_to(tenant + 2).await;
    tell(world, &Story { before: story.after.clone(), ..early }).await;
    visited(world, &day_of(9, 0)[..10]).await;
    assert_eq!(world.total().await, recomputed, "as if they had always held");
}

#[test]
fn com_16_the_same_rules_change_nothing_and_others_end_as_if_they_had_always_held() {
    each_story(12, |world, story, n| {
        Box::pin(same_rules_change_nothing_and_others_end_as_if_always(world, story, 1_000 + u128::from(n) * 3))
    });
}

#[test]
fn com_16_the_difference_shown_equals_the_lines_booked_to_the_cent() {
    each_story(stories(40), |world, story, n| {
        Box::pin(async move {
            world.move_to(u128::from(n)).await;
            holds(world, story).await;
        })
    });
}

/// How many stories are told: more where somebody has the time, `make dry-runs`.
#[expect(clippy::disallowed_methods, reason = "whoever runs the test may ask for more, and no function reads this")]
fn stories(usual: u32) -> u32 {
    std::env::var("STORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

type Told<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Holds a law over so many stories, each in a tenant of its own.
fn each_story(cases: u32, law: impl for<'a> Fn(&'a mut World, &'a Story, u64) -> Told<'a>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let world = std::cell::RefCell::new(runtime.block_on(World::new()));
    let tenants = AtomicU64::new(1);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&any_story(), |story| {
        let n = tenants.fetch_add(1, Ordering::Relaxed);
        let mut world = world.borrow_mut();
        let told = std::panic::AssertUnwindSafe(|| runtime.block_on(law(&mut world, &story, n)));
        std::panic::catch_unwind(told).map_err(|cause| {
            let text = cause.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
            TestCaseError::fail(text)
        })
    });
    assert_eq!(outcome.map_err(|error| error.to_string()), Ok(()));
}
