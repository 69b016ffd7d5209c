//! What people did by hand: entries, exchanges, holds, and their trails.

use cases::desk::Desk;
use cases::desk::adjustments::{self, Asked, Moved as Adjusted, Wish};
use cases::desk::{holds, reattribution};
use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::digest::Digest;
use domain::fx::{FxRate, StoredRate};
use domain::id::{AdjustmentId, EntryId};
use domain::money::Money;

use super::forged::Forgery::{self, Gone, Set, Unset};
use super::forged::Row;
use super::*;

async fn desk_of<'a>(world: &'a World, who: &str) -> Desk<'a> {
    let actor = Actor::new(Role::Admin, who);
    Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk")
}

fn adjustment(n: u128) -> AdjustmentId {
    AdjustmentId::from_ulid(n.into())
}

async fn ask(world: &World, n: u128, wish: Wish) -> Digest {
    let (id, partner, reason) = (adjustment(n), world.partner.clone(), "a reason".to_owned());
    let asked = Asked { id, partner, wish, reason };
    let moved = adjustments::ask(&desk_of(world, "usr_ada").await, &asked).await.expect("an answer");
    let Adjusted::Done(stored) = moved else { panic!("{moved:?}") };
    stored.adjustment.seal()
}

fn rate() -> StoredRate {
    let at = "2026-11-20T16:00:00Z".parse().expect("an instant");
    let rate = FxRate::parse("150").expect("a rate");
    StoredRate { from: Currency::USD, to: Currency::JPY, rate, source: "ecb".to_owned(), at }
}

/// A correction, an exchange into yen, and a sale that a person holds.
async fn handled() -> World {
    let world = World::new().await;
    let usd = |text| Money::parse(text, Currency::USD).expect("an amount");
    let rate = rate();
    let nothing = std::collections::BTreeMap::new;
    let actor = desk_of(&world, "usr_ada").await.actor;
    let deed = Deed { at: world.now, actor, action: "fx_rate.stored", old: nothing(), new: nothing() };
    let told = append(ChainEnd::START, &store::fx::trail_of(&rate), deed);
    world.store.create_fx_rate(&world.tenant, &rate, ("usr_ada", world.now), &told).await.expect("store");
    ask(&world, 1, Wish::Correction { amount: usd("25.00") }).await;
    let seen = ask(&world, 2, Wish::Exchange { out: usd("10.00"), into: Currency::JPY }).await;
    let approved = adjustments::approve(&desk_of(&world, "usr_bob").await, "exchange", &adjustment(2), seen).await;
    assert!(matches!(approved, Ok(Adjusted::Done(_))), "{approved:?}");
    world.earn("in_1", "30.00", Zone::utc().day_of(world.now)).await;
    let sale = domain::id::SaleId::of(&world::key("in_1"));
    let command = holds::Command::Hold { reason: "looked odd".to_owned() };
    let held = holds::command(&desk_of(&world, "usr_ada").await, &sale, &command).await;
    assert!(matches!(held, Ok(holds::Changed::Done(_))), "{held:?}");
    world
}

fn entry(word: &str, n: u128) -> String {
    format!("entry#{}", EntryId::of(&format!("{word}/{}", adjustment(n))))
}

#[tokio::test]
async fn what_people_did_by_hand_and_nobody_forged_breaks_no_law() {
    let verified = verified(&handled().await).await;
    assert_eq!(verified.breaches, []);
    // The correction, both halves of the exchange, the sale's line and its two moves.
    assert_eq!((verified.accounts, verified.lines, verified.sales, verified.entries), (2, 6, 1, 3));
    assert_eq!(verified.facts, 4);
    assert!(verified.audit_entries >= 4, "{verified}");
}

fn change(kind: &str) -> String {
    format!("adjustments#{kind}")
}

/// As the other catalogue: title, law, row, forgery.
fn catalogue() -> Vec<(&'static str, &'static str, Row, Forgery)> {
    let row = |pk: String, sk: &'static str| Row::Of(pk, sk);
    let correction = || row(entry("manual_adjustment", 1), "entry");
    let trail = |n| row(format!("audit#{}", adjustment(n)), "00000001");
    let of_sale = || row(format!("audit#{}", domain::id::SaleId::of(&world::key("in_1"))), "00000001");
    vec![
        ("a correction that is booked at another amount", "V9", correction(), Set("amount_minor", number(2_600))),
        ("a correction that is booked to another account", "V9", correction(), Set("currency", text("JPY"))),
        ("a correction whose entry is gone", "V9", correction(), Gone),
        ("a correction that was asked for and never booked", "V9", row(change("correction"), "adj_"), Gone),
        ("a correction that still waits", "V9", row(change("correction"), "adj_"), Set("state", text("pending"))),
        ("a correction of another amount", "V9", row(change("correction"), "adj_"), Set("amount", text("26.00 USD"))),
        ("a correction for another reason", "V10", row(change("correction"), "adj_"), Set("reason", text("none"))),
        ("an exchange that nobody approved", "V9", row(change("exchange"), "adj_"), Unset("approved_by")),
        (
            "an exchange that who asked for it approved",
            "V9",
            row(change("exchange"), "adj_"),
            Set("approved_by", text("usr_ada")),
        ),
        ("an exchange of which one half is gone", "V1", row(entry("fx_in", 2), "entry"), Gone),
        ("a hold that was lifted without moving its money", "V7", Row::Sale("in_1", "sale"), Unset("hold")),
        ("the trail of a correction that is gone", "V10", trail(1), Gone),
        ("the trail of an exchange that begins later", "V10", trail(2), Gone),
        ("the trail of a hold that tells another deed", "V10", of_sale(), Set("action", text("commission.released"))),
        ("the trail of a hold that is gone", "V10", of_sale(), Gone),
        ("the trail of a rate that is gone", "V10", row(format!("audit#{}", rate_trail()), "00000001"), Gone),
    ]
}

fn rate_trail() -> String {
    store::fx::trail_of(&rate())
}

#[tokio::test]
async fn each_forged_row_of_what_people_did_is_told() {
    insta::assert_snapshot!(forged::report_of(&handled().await, catalogue()).await);
}

/// What a person decided of a sale without holding it is told as well, or it is a breach.
#[tokio::test]
async fn a_rejection_and_a_decision_by_hand_that_nobody_told_are_found() {
    let world = World::new().await;
    for invoice in ["in_1", "in_2"] {
        world.earn(invoice, "30.00", Zone::utc().day_of(world.now)).await;
    }
    let sale = |invoice| domain::id::SaleId::of(&world::key(invoice));
    let desk = desk_of(&world, "usr_ada").await;
    let reject = holds::Command::Reject { reason: "never was one".to_owned() };
    let rejected = holds::command(&desk, &sale("in_1"), &reject).await;
    assert!(matches!(rejected, Ok(holds::Changed::Done(_))), "{rejected:?}");
    let decided =
        reattribution::reattribute(&desk, &sale("in_2"), &reattribution::Who::Nobody, "an own customer").await;
    assert!(matches!(decided, Ok(reattribution::Reattributed::Done(_))), "{decided:?}");
    assert_eq!(verified(&world).await.breaches, []);
    for invoice in ["in_1", "in_2"] {
        let id = sale(invoice);
        remove(&world, &format!("audit#{id}"), "00000001").await;
        let told: Vec<String> = verified(&world).await.breaches.iter().map(ToString::to_string).collect();
        let expected = format!("audit of {id}: expected who did it, and why, found nothing");
        assert!(told.iter().any(|breach| breach.ends_with(&expected)), "{invoice}: {told:?}");
    }
}
