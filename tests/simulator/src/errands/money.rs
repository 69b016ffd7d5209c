//! Corrections, exchanges and debts given up: asked for by one person, approved by another.

use cases::desk::Desk;
use cases::desk::adjustments::{Asked, Moved, Wish, approve, ask};
use domain::adjustment::{AdjustmentState, Change};
use domain::currency::Currency;
use domain::id::AdjustmentId;
use domain::money::Money;
use domain::role::Role;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use store::adjustments::StoredAdjustment;

use super::{Errand, Office, Told, person};
use crate::dice::Dice;
use crate::plan::{DAY_MS, Plan, START_MS};

fn drawn(plan: &mut Plan, dice: &mut Dice, name: &'static str, amount: i64) {
    let number = plan.number();
    let partner = Some(dice.place(plan.partners.len()));
    let currency = *dice.pick(&["usd", "usd", "eur", "jpy"]);
    let at_ms = plan.burst_after(START_MS + dice.between(plan.days / 4, plan.days) * DAY_MS, dice);
    plan.send(name, at_ms, Errand { number, partner, amount, currency, ..Errand::new() });
}

pub(super) fn draw_correction(plan: &mut Plan, dice: &mut Dice) {
    // Some need no second person, some take more than there is.
    let amount = if dice.percent(30) { dice.between(-20_000, -1) } else { dice.between(1, 20_000) };
    drawn(plan, dice, "correction", amount);
}

pub(super) fn draw_exchange(plan: &mut Plan, dice: &mut Dice) {
    let amount = dice.between(1, 2_000);
    drawn(plan, dice, "exchange", amount);
}

pub(super) fn draw_write_off(plan: &mut Plan, dice: &mut Dice) {
    drawn(plan, dice, "write-off", 0);
}

fn currency(errand: &Errand) -> Result<Currency, String> {
    Currency::parse(&errand.currency.to_ascii_uppercase()).map_err(|error| error.to_string())
}

pub(super) fn correct(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    let wish = |errand: &Errand| Ok(Wish::Correction { amount: Money::from_minor(errand.amount, currency(errand)?) });
    run(office, errand, wish).boxed_local()
}

pub(super) fn exchange(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    let wish = |errand: &Errand| {
        let out = currency(errand)?;
        let into = if out == Currency::USD { Currency::EUR } else { Currency::USD };
        Ok(Wish::Exchange { out: Money::from_minor(errand.amount, out), into })
    };
    run(office, errand, wish).boxed_local()
}

pub(super) fn write_off(office: Office, errand: Errand) -> LocalBoxFuture<'static, Result<Told, String>> {
    run(office, errand, |errand| Ok(Wish::WriteOff { currency: currency(errand)? })).boxed_local()
}

async fn run(office: Office, errand: Errand, wish: fn(&Errand) -> Result<Wish, String>) -> Result<Told, String> {
    let partner = errand.partner_id()?.ok_or("whose?")?;
    let id = AdjustmentId::from_ulid((5_000 + u128::from(errand.number)).into());
    let asked = Asked { id: id.clone(), partner, wish: wish(&errand)?, reason: "because".to_owned() };
    let store = &office.store;
    let open = |who| Desk::open(store, &office.tenant, who, office.now);
    let first = open(person(Role::Admin, "admin")).await.map_err(|error| error.to_string())?;
    let stored = match ask(&first, &asked).await.map_err(|error| error.to_string())? {
        Moved::Done(stored) => stored,
        refused => return Ok(Told::plainly(refused)),
    };
    if stored.adjustment.state != AdjustmentState::Pending {
        return Ok(booked(&stored));
    }
    let second = open(person(Role::FinanceManager, "finance")).await.map_err(|error| error.to_string())?;
    let kind = stored.adjustment.change.word();
    Ok(match approve(&second, kind, &id, stored.adjustment.seal()).await.map_err(|error| error.to_string())? {
        Moved::Done(stored) => booked(&stored),
        refused => Told::plainly(refused),
    })
}

/// What it adds to accounts, if it is in the ledger.
fn booked(stored: &StoredAdjustment) -> Told {
    let adjustment = &stored.adjustment;
    let of = |money: Money, minor: i64| {
        (adjustment.partner.to_string(), money.currency().code().to_owned(), i128::from(minor))
    };
    let booked = match (&adjustment.state, &adjustment.change) {
        (AdjustmentState::Booked { .. }, Change::Correction { amount } | Change::WriteOff { amount }) => {
            vec![of(*amount, amount.minor())]
        }
        (AdjustmentState::Booked { .. }, Change::Exchange { out, into, .. }) => {
            vec![of(*out, -out.minor()), of(*into, into.minor())]
        }
        _ => Vec::new(),
    };
    Told { booked, ..Told::plainly(adjustment.state.word()) }
}
