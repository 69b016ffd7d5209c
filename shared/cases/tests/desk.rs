//! The ledger's desk over a real table: every move by hand, its audit, and what the balance says of it.
#![expect(clippy::expect_used, reason = "what a test stands on and is not there fails the test")]

#[path = "desk/adjusting.rs"]
mod adjusting;
#[path = "desk/claiming.rs"]
mod claiming;
#[path = "desk/figuring.rs"]
mod figuring;
#[path = "desk/holding.rs"]
mod holding;
#[path = "desk/looking.rs"]
mod looking;
#[path = "desk/releasing.rs"]
mod releasing;
#[path = "desk/signing_up.rs"]
mod signing_up;
#[path = "desk/stopping.rs"]
mod stopping;

use cases::desk::Desk;
use cases::desk::adjustments::{self, Asked, Moved, Wish};
use cases::desk::holds::{self, Changed, Command};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::id::{AdjustmentId, SaleId};
use domain::line::Account;
use domain::money::Money;
use domain::role::Role;
use domain::time::{BusinessDay, Zone};
use store::adjustments::StoredAdjustment;
use world::World;

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("money")
}

fn sale_of(invoice: &str) -> SaleId {
    SaleId::of(&world::key(invoice))
}

fn day(world: &World, after: i32) -> BusinessDay {
    Zone::utc().day_of(world.now).plus_days(after).expect("a day")
}

async fn desk_of<'a>(world: &'a World, who: &str) -> Desk<'a> {
    let actor = Actor::new(Role::Admin, who);
    Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk")
}

async fn command(world: &World, invoice: &str, word: &str) -> Changed {
    let desk = desk_of(world, "usr_ada").await;
    holds::command(&desk, &sale_of(invoice), &named(word)).await.expect("an answer")
}

fn named(word: &str) -> Command {
    let reason = "looked at it".to_owned();
    match word {
        "hold" => Command::Hold { reason },
        "release" => Command::Release { reason },
        "reject" => Command::Reject { reason },
        other => panic!("{other} is no command"),
    }
}

async fn ask(world: &World, n: u128, wish: Wish) -> Moved {
    let asked = Asked {
        id: AdjustmentId::from_ulid(n.into()),
        partner: world.partner.clone(),
        wish,
        reason: "a reason".to_owned(),
    };
    adjustments::ask(&desk_of(world, "usr_ada").await, &asked).await.expect("an answer")
}

fn done(moved: Moved) -> StoredAdjustment {
    let Moved::Done(stored) = moved else { panic!("{moved:?}") };
    *stored
}

/// Pending, held, available, reserved, settled.
async fn balance(world: &World, account: &Account) -> [String; 5] {
    let head = world.store.get_head(&world.tenant, account).await.expect("store");
    let today = Zone::utc().day_of(world.now);
    let balance = cases::desk::balances::of_head(&head, today).expect("in range");
    [balance.pending, balance.held, balance.available, balance.reserved, balance.settled].map(Money::to_text)
}

async fn usd_balance(world: &World) -> [String; 5] {
    balance(world, &world.account()).await
}
