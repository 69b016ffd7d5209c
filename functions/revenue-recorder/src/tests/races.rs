//! Many at once: bookings, refunds, closes, requests and steps of payouts on one account, in an order nobody chose.

use cases::closing;
use cases::payouts::{Asked, Command, Requested};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::PayoutId;
use domain::payout::Sent;
use domain::role::Role;
use domain::time::{Timestamp, Zone};
use futures::future::{BoxFuture, FutureExt, join_all};
use world::World;

use super::{book, try_book};

/// A sequence that looks random and is the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What one of many does.
#[derive(Clone, Debug)]
enum Deed {
    Sell(u64, u64),
    Refund(u64, u64, u64),
    Close,
    Ask(u64),
    Step(u32, u64),
}

fn draw(dice: &mut Dice, n: u64) -> Deed {
    match dice.roll(10) {
        0..=3 => Deed::Sell(n, 1 + dice.roll(90)),
        4..=5 => Deed::Refund(n, dice.roll(n + 1), 1 + dice.roll(60)),
        6 => Deed::Close,
        7 => Deed::Ask(n),
        _ => Deed::Step(1 + u32::try_from(dice.roll(3)).expect("small"), dice.roll(5)),
    }
}

fn doing<'a>(world: &'a World, deed: Deed) -> BoxFuture<'a, ()> {
    async move {
        match deed {
            Deed::Sell(n, amount) => {
                let _ = try_book(world, &world.sale(&format!("in_{n}"), "cus_1", &format!("{amount}.00"))).await;
            }
            Deed::Refund(n, of, amount) => {
                let refund = world.refund(&format!("re_{n}"), &format!("in_{of}"), &format!("{amount}.00"));
                let _ = try_book(world, &refund).await;
            }
            Deed::Close => {
                let today = Zone::utc().day_of(world.now);
                let _ = closing::close_matured(&world.store, &world.tenant, &world.account(), today).await;
            }
            Deed::Ask(n) => {
                let by = Actor::new(Role::Partner, world.partner.to_string());
                let (partner, currency) = (world.partner.clone(), Currency::USD);
                let asked = Asked { partner, currency, amount: None, by, under: n.to_string() };
                let _: Result<Requested, _> =
                    cases::payouts::request(&world.store, &world.tenant, &asked, world.now).await;
            }
            Deed::Step(payout, step) => {
                let id = PayoutId::of(&world.partner, Currency::USD, payout);
                // Who approves has seen it; one that is not there yet has no seal to be seen.
                let seen = world.store.get_payout(&world.tenant, &id).await.expect("store");
                let seal = seen.map_or(Digest::ZERO, |stored| stored.payout.seal);
                let (role, command) = step_of(step, (&id, seal), world.now);
                let by = Actor::new(role, role.word());
                let _ = cases::payouts::command(&world.store, &world.tenant, &id, &command, &by, world.now).await;
            }
        }
    }
    .boxed()
}

fn step_of(step: u64, (id, seal): (&PayoutId, Digest), at: Timestamp) -> (Role, Command) {
    match step {
        0 | 1 => (Role::Admin, Command::Approve { seal }),
        2 => (
            Role::FinanceManager,
            Command::MarkSent(Sent { sent_at: at, expected_arrival: None, reference: "r".to_owned() }),
        ),
        3 => (Role::FinanceManager, Command::Confirm { completed_at: at, reference: format!("paid {id}") }),
        _ => (Role::FinanceManager, Command::Fail { reason: "no".to_owned() }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_first_every_law_holds_after_every_rush() {
    let (mut closes, mut payouts, mut lines) = (0, 0, 0);
    for seed in 1..=9 {
        let mut dice = Dice(seed);
        let mut world = World::new().await;
        book(&world, world.seen("cus_1", Some(&world.token))).await;
        for rush in 0..8 {
            let deeds: Vec<Deed> = (0..12).map(|n| draw(&mut dice, rush * 12 + n)).collect();
            join_all(deeds.iter().map(|deed| doing(&world, deed.clone()))).await;
            let verified = cases::verify::verify(&world.store, &world.tenant).await.expect("store");
            assert_eq!(verified.breaches, Vec::new(), "seed {seed}, rush {rush}: {deeds:?}");
            world.pass_days(i64::try_from(dice.roll(20)).expect("small"));
            if rush == 7 {
                closes += verified.closes;
                payouts += verified.payouts;
                lines += verified.lines;
            }
        }
    }
    // Laws over nothing would hold as well.
    assert!(closes >= 6 && payouts >= 6 && lines >= 100, "{closes} closes, {payouts} payouts, {lines} lines");
}
