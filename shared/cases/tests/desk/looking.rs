//! Balances now and then, debts and their age, the journal, what is recognised.

use cases::desk::balances::{self, AccountBalance};
use cases::desk::recognition::recognised;
use cases::payouts::{Command as Payout, Requested};
use domain::recognition::Spread;
use domain::time::Timestamp;
use proptest::prelude::*;
use store::journal::Journalled;

use super::holding::pay;
use super::*;

/// What may happen to an account.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Earn(i32),
    Hold(usize),
    Release(usize),
    Reject(usize),
    Correct(i64),
    Pay,
    Cancel,
    Close,
    Pass(i64),
}

pub(super) fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (-2_i32..6).prop_map(Act::Earn),
        (0_usize..4).prop_map(Act::Hold),
        (0_usize..4).prop_map(Act::Release),
        (0_usize..4).prop_map(Act::Reject),
        (-40_i64..40).prop_map(Act::Correct),
        Just(Act::Pay),
        Just(Act::Cancel),
        Just(Act::Close),
        (1_i64..4).prop_map(Act::Pass),
    ]
}

pub(super) async fn act(world: &mut World, act: Act, n: usize) {
    match act {
        Act::Earn(after) => {
            // What is final takes nothing in: the recorder would go behind it.
            let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
            let due = day(world, after);
            let open = head.fence.is_none_or(|fence| fence < domain::slot::Slot::of_day(due));
            world.earn(&format!("in_{n}"), "12.34", if open { due } else { day(world, 1) }).await;
        }
        Act::Hold(of) | Act::Release(of) | Act::Reject(of) => {
            let word = match act {
                Act::Hold(_) => "hold",
                Act::Release(_) => "release",
                _ => "reject",
            };
            command(world, &format!("in_{of}"), word).await;
        }
        Act::Correct(0) => {}
        Act::Correct(minor) => {
            let wish = Wish::Correction { amount: Money::from_minor(minor, Currency::USD) };
            done(ask(world, u128::try_from(n).expect("small") + 1, wish).await);
        }
        Act::Pay | Act::Cancel => {
            if let Requested::Created(stored) = world.try_request_at(0).await.expect("an answer") {
                if matches!(act, Act::Pay) {
                    pay(world, &stored.payout.id).await;
                } else {
                    let cancel = Payout::Cancel { reason: "again".to_owned() };
                    world.command(&stored.payout.id, Role::Admin, "admin", cancel).await;
                }
            }
        }
        Act::Close => {
            let today = Zone::utc().day_of(world.now);
            cases::closing::close_matured(&world.store, &world.tenant, &world.account(), today).await.expect("closed");
        }
        Act::Pass(days) => world.pass_days(days),
    }
}

async fn now(world: &World) -> Vec<AccountBalance> {
    balances::now(&desk_of(world, "usr_ada").await, &world.partner).await.expect("store")
}

async fn as_of(world: &World, at: Timestamp) -> Vec<AccountBalance> {
    balances::as_of(&desk_of(world, "usr_ada").await, &world.partner, at).await.expect("store")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// LED-10: as of now it is the head; as of any instant before, it is what the head said then.
    #[test]
    fn the_balance_as_of_an_instant_is_what_the_head_said_then(acts in proptest::collection::vec(any_act(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut told: Vec<(Timestamp, Vec<AccountBalance>)> = Vec::new();
            for (n, one) in acts.iter().enumerate() {
                act(&mut world, *one, n).await;
                told.push((world.now, now(&world).await));
                world.now = Timestamp::from_millisecond(world.now.as_millisecond() + 1).expect("an instant");
            }
            for (at, then) in &told {
                let found = as_of(&world, *at).await;
                // An account that did not exist yet is told as nothing.
                let nothing = found.iter().all(|account| account.balance == domain::balance::Balance::nothing(Currency::USD));
                assert!(found == *then || (then.is_empty() && nothing), "as of {at}: {found:?}, and then {then:?}");
            }
            assert_eq!(as_of(&world, world.now).await, now(&world).await);
            world.verified().await;
        });
    }
}

#[tokio::test]
async fn a_debt_is_listed_with_its_age_and_leaves_when_it_is_settled() {
    let mut world = World::new().await;
    world.earn("in_1", "60.00", day(&world, 0)).await;
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    pay(&world, &stored.payout.id).await;
    world.pass_days(1);
    let since = Zone::utc().day_of(world.now);
    command(&world, "in_1", "reject").await;
    world.pass_days(45);
    world.earn("in_2", "10.00", day(&world, 5)).await;
    let (debts, next) = balances::debts(&desk_of(&world, "usr_ada").await, None, 100).await.expect("store");
    assert_eq!(next, None);
    let [debt] = debts.as_slice() else { panic!("{debts:?}") };
    assert_eq!((debt.available, debt.pending, debt.since, debt.days), (usd("-60.00"), usd("10.00"), since, 45));
    world.earn("in_3", "60.00", day(&world, 0)).await;
    let (debts, _) = balances::debts(&desk_of(&world, "usr_ada").await, None, 100).await.expect("store");
    assert_eq!(debts, Vec::new());
}

#[tokio::test]
async fn the_journal_of_a_day_has_its_facts_in_order_and_in_pages() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for n in 0..7 {
        let mut later = World { now: world.now, ..World::new().await };
        later.store = world.store.clone();
        later.now = Timestamp::from_millisecond(world.now.as_millisecond() + n).expect("an instant");
        later.earn(&format!("in_{n}"), "1.00", day(&world, 9)).await;
        expected.push(Journalled::Sale(sale_of(&format!("in_{n}"))));
    }
    done(ask(&world, 1, Wish::Correction { amount: usd("1.00") }).await);
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..10 {
        let today = Zone::utc().day_of(world.now);
        let page = world.store.list_journal(&world.tenant, today, after.as_deref(), 3).await.expect("store");
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let sales: Vec<_> = seen.iter().filter(|fact| matches!(fact, Journalled::Sale(_))).cloned().collect();
    assert_eq!(sales, expected);
    assert_eq!((seen.len(), seen.iter().filter(|fact| matches!(fact, Journalled::Entry(_))).count()), (8, 1));
}

/// LED-11: subscriptions alone, net of tax, over the time that was paid.
#[tokio::test]
async fn the_sale_of_a_subscription_is_recognised_over_its_time() {
    let mut world = World::new().await;
    world.earn("in_1", "119.00", day(&world, 9)).await;
    world.earn("in_2", "5.00", day(&world, 9)).await;
    subscribed(&world, "in_1", Some("2026-12-11T00:00:00Z")).await;
    world.pass_days(40);
    let (months, left_out) = autumn(&world).await;
    assert_eq!(months, ["USD 2026-11-01 50.00 0.00 50.00", "USD 2026-12-01 50.00 0.00 0.00"]);
    assert_eq!(left_out, Vec::<String>::new(), "a single sale has no period to miss");
}

/// LED-11: what a customer paid and did not get back is revenue, whoever earns by it.
#[tokio::test]
async fn a_sale_whose_commission_was_rejected_is_recognised_all_the_same() {
    let mut world = World::new().await;
    world.earn("in_1", "119.00", day(&world, 9)).await;
    subscribed(&world, "in_1", Some("2026-12-11T00:00:00Z")).await;
    assert!(matches!(command(&world, "in_1", "reject").await, Changed::Done(_)));
    assert!(world.kept_sale("in_1").await.rejected);
    world.pass_days(40);
    let (months, _) = autumn(&world).await;
    assert_eq!(months, ["USD 2026-11-01 50.00 0.00 50.00", "USD 2026-12-01 50.00 0.00 0.00"]);
}

/// LED-11: a month is the same whether it is asked for alone or among others, however late a sale was booked.
#[tokio::test]
async fn what_is_booked_behind_a_month_is_of_the_month_in_which_it_served() {
    let mut world = World::new().await;
    world.pass_days(40);
    world.earn("in_1", "119.00", day(&world, 9)).await;
    subscribed(&world, "in_1", Some("2026-12-11T00:00:00Z")).await;
    // Without a period it is of no month that was over when it was booked.
    world.earn("in_2", "119.00", day(&world, 9)).await;
    subscribed(&world, "in_2", None).await;
    let desk = desk_of(&world, "usr_ada").await;
    let month = |text| BusinessDay::parse(text).expect("a day");
    let mut alone = Vec::new();
    for text in ["2026-11-01", "2026-12-01"] {
        let found = recognised(&desk, (month(text), month(text)), Spread::ByDay, 40).await.expect("store");
        let rows = found.months.iter().map(|((currency, month), figures)| {
            format!("{currency} {month} {} {} {}", figures.recognised, figures.contra, figures.deferred)
        });
        alone.push((rows.collect::<Vec<_>>(), found.without_period.len()));
    }
    let row = |text: &str, without_period| (vec![text.to_owned()], without_period);
    assert_eq!(alone, [row("USD 2026-11-01 50.00 0.00 50.00", 0), row("USD 2026-12-01 50.00 0.00 0.00", 1)]);
    assert_eq!(autumn(&world).await.0, [alone[0].0.clone(), alone[1].0.clone()].concat());
}

/// LED-11: Lemon Squeezy does not tell how long is paid for. What cannot be spread is told, not left out in silence.
#[tokio::test]
async fn sales_of_subscriptions_without_a_period_are_counted_apart() {
    let mut world = World::new().await;
    for invoice in ["in_1", "in_2", "in_3"] {
        world.earn(invoice, "119.00", day(&world, 9)).await;
    }
    subscribed(&world, "in_1", None).await;
    subscribed(&world, "in_2", None).await;
    subscribed(&world, "in_3", Some("2026-12-11T00:00:00Z")).await;
    world.pass_days(40);
    let (months, left_out) = autumn(&world).await;
    assert_eq!(months, ["USD 2026-11-01 50.00 0.00 50.00", "USD 2026-12-01 50.00 0.00 0.00"]);
    assert_eq!(left_out, ["USD 2 200.00"]);
}

/// Makes the sale of an invoice one of a subscription, with 19.00 of tax, from the 21st on; until when, if it is told.
async fn subscribed(world: &World, invoice: &str, until: Option<&str>) {
    let mut sale = world.kept_sale(invoice).await;
    sale.subscription = Some("sub_1".to_owned());
    sale.tax = usd("19.00");
    sale.period_start = Some("2026-11-21T00:00:00Z".parse().expect("an instant"));
    sale.period_end = until.map(|until| until.parse().expect("an instant"));
    let before = sale.version;
    sale.version += 1;
    let new = store::sales::NewSale { sale: &sale, lines: &[], aliases: &[], open_in: &[], meets: None, review: None };
    let desk = desk_of(world, "usr_ada").await;
    let deed = domain::audit::Deed {
        at: world.now,
        actor: desk.actor.clone(),
        action: "sale.corrected",
        old: std::collections::BTreeMap::new(),
        new: std::collections::BTreeMap::new(),
    };
    let told = domain::audit::append(domain::audit::ChainEnd::START, sale.id.as_str(), deed);
    let written = world.store.change_sale_by_hand(&world.tenant, before, &new, &told, None).await.expect("store");
    assert_eq!(written, store::sales::SaleWritten::Yes);
}

/// What October to December earn, and what is in no month.
async fn autumn(world: &World) -> (Vec<String>, Vec<String>) {
    let month = |text| BusinessDay::parse(text).expect("a day");
    let months = (month("2026-10-01"), month("2026-12-01"));
    let found = recognised(&desk_of(world, "usr_ada").await, months, Spread::ByDay, 20).await.expect("store");
    let rows = found.months.iter().map(|((currency, month), figures)| {
        format!("{currency} {month} {} {} {}", figures.recognised, figures.contra, figures.deferred)
    });
    let left_out =
        found.without_period.iter().map(|(currency, of)| format!("{currency} {} {}", of.sales, of.amount.to_text()));
    (rows.collect(), left_out.collect())
}
