//! Corrections, debts given up, exchanges.

use domain::adjustment::{AdjustmentState, Refused};
use domain::audit::{ChainEnd, append};
use domain::digest::Digest;
use domain::entry::{EntryKind, kind_of};
use domain::fx::{FxRate, StoredRate};
use store::Written;

use super::*;

fn correction(text: &str) -> Wish {
    Wish::Correction { amount: usd(text) }
}

async fn decide(world: &World, who: &str, kind: &str, n: u128, yes: bool) -> Moved {
    let (desk, id) = (desk_of(world, who).await, AdjustmentId::from_ulid(n.into()));
    let stored = world.store.get_adjustment(&world.tenant, kind, &id).await.expect("store");
    let seen = stored.map_or(Digest::ZERO, |stored| stored.adjustment.seal());
    let answer = if yes {
        adjustments::approve(&desk, kind, &id, seen).await
    } else {
        adjustments::reject(&desk, kind, &id, "not so").await
    };
    answer.expect("an answer")
}

/// LED-7: a small correction is booked at once, a larger one by another person.
#[tokio::test]
async fn a_correction_is_booked_at_once_or_by_a_second_person() {
    let world = World::new().await;
    let small = done(ask(&world, 1, correction("100.00")).await);
    assert_eq!(small.adjustment.state, AdjustmentState::Booked { approved_by: None });
    assert_eq!(usd_balance(&world).await[2], "100.00");
    let large = done(ask(&world, 2, correction("-250.00")).await);
    assert_eq!(large.adjustment.state, AdjustmentState::Pending);
    assert_eq!(usd_balance(&world).await[2], "100.00", "it waits");
    assert_eq!(decide(&world, "usr_ada", "correction", 2, true).await, Moved::Refused(Refused::SamePerson));
    let booked = done(decide(&world, "usr_bob", "correction", 2, true).await);
    assert_eq!(booked.adjustment.state, AdjustmentState::Booked { approved_by: Some("usr_bob".to_owned()) });
    assert_eq!(usd_balance(&world).await[2], "-150.00");
    assert_eq!(
        decide(&world, "usr_bob", "correction", 2, true).await,
        Moved::Refused(Refused::WrongState { state: "booked" })
    );
    let lines = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    assert!(lines.iter().all(|line| kind_of(line) == Some(EntryKind::ManualAdjustment)), "{lines:?}");
    assert!(lines.iter().all(|line| line.trace.notes.contains(&"reason: a reason".to_owned())));
    world.verified().await;
}

#[tokio::test]
async fn what_is_rejected_books_nothing() {
    let world = World::new().await;
    done(ask(&world, 1, correction("500.00")).await);
    done(decide(&world, "usr_ada", "correction", 1, false).await);
    assert_eq!(world.lines().await, Vec::<String>::new());
    let refused = decide(&world, "usr_bob", "correction", 1, true).await;
    assert_eq!(refused, Moved::Refused(Refused::WrongState { state: "rejected" }));
    assert_eq!(decide(&world, "usr_bob", "correction", 9, true).await, Moved::NotFound);
    assert_eq!(decide(&world, "usr_bob", "write_off", 1, true).await, Moved::NotFound);
}

/// LED-7: who has seen another request has not said yes to this one.
#[tokio::test]
async fn a_yes_to_another_request_books_nothing() {
    let world = World::new().await;
    done(ask(&world, 1, correction("500.00")).await);
    let other = done(ask(&world, 2, correction("400.00")).await).adjustment.seal();
    let desk = desk_of(&world, "usr_bob").await;
    let answer = adjustments::approve(&desk, "correction", &AdjustmentId::from_ulid(1_u128.into()), other).await;
    assert_eq!(answer.expect("an answer"), Moved::Refused(Refused::SealDiffers));
    assert_eq!(world.lines().await, Vec::<String>::new());
}

/// LED-4: the balance comes to zero, and the expense is an expense of its own.
#[tokio::test]
async fn a_debt_that_is_given_up_brings_the_available_balance_to_zero() {
    let world = World::new().await;
    world.earn("in_1", "7.00", day(&world, 9)).await;
    assert_eq!(
        ask(&world, 1, Wish::WriteOff { currency: Currency::USD }).await,
        Moved::NothingOwed { available: usd("0") }
    );
    done(ask(&world, 2, correction("-4.70")).await);
    let asked = done(ask(&world, 3, Wish::WriteOff { currency: Currency::USD }).await);
    assert_eq!(asked.adjustment.state, AdjustmentState::Pending, "however small it is");
    done(decide(&world, "usr_bob", "write_off", 3, true).await);
    assert_eq!(usd_balance(&world).await, ["7.00", "0.00", "0.00", "0.00", "0.00"]);
    let lines = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    let written_off = lines.iter().find(|line| kind_of(line) == Some(EntryKind::WriteOff)).expect("a line");
    let postings = domain::postings::of_line(written_off).expect("in range");
    assert_eq!(postings[0], (domain::postings::Book::WriteOffExpense, usd("-4.70")));
    world.verified().await;
}

#[tokio::test]
async fn a_debt_that_changed_since_is_not_the_one_that_was_approved() {
    let world = World::new().await;
    done(ask(&world, 1, correction("-4.70")).await);
    done(ask(&world, 2, Wish::WriteOff { currency: Currency::USD }).await);
    done(ask(&world, 3, correction("1.00")).await);
    assert_eq!(
        decide(&world, "usr_bob", "write_off", 2, true).await,
        Moved::BalanceDiffers { available: usd("-3.70") }
    );
    assert_eq!(usd_balance(&world).await[2], "-3.70");
}

fn rate(text: &str, at: &str) -> StoredRate {
    StoredRate {
        from: Currency::USD,
        to: Currency::JPY,
        rate: FxRate::parse(text).expect("a rate"),
        source: "ecb".to_owned(),
        at: at.parse().expect("an instant"),
    }
}

async fn store_rate(world: &World, rate: &StoredRate) -> Written {
    let deed = domain::audit::Deed {
        at: world.now,
        actor: desk_of(world, "usr_ada").await.actor,
        action: "fx_rate.stored",
        old: std::collections::BTreeMap::new(),
        new: std::collections::BTreeMap::new(),
    };
    let told = append(ChainEnd::START, &store::fx::trail_of(rate), deed);
    world.store.create_fx_rate(&world.tenant, rate, ("usr_ada", world.now), &told).await.expect("store")
}

fn yen() -> Account {
    Account { partner: domain::id::PartnerId::from_ulid(7_u128.into()), currency: Currency::JPY }
}

/// LED-6: one entry a currency, in one transaction, at a stored rate with its source and time.
#[tokio::test]
async fn an_exchange_is_a_pair_at_the_newest_stored_rate() {
    let world = World::new().await;
    let wish = || Wish::Exchange { out: usd("10.00"), into: Currency::JPY };
    done(ask(&world, 1, correction("25.00")).await);
    assert_eq!(ask(&world, 2, wish()).await, Moved::NoRate);
    for (text, at) in
        [("150", "2026-11-01T00:00:00Z"), ("149.555", "2026-11-20T16:00:00Z"), ("1", "2026-11-22T00:00:00Z")]
    {
        assert_eq!(store_rate(&world, &rate(text, at)).await, Written::Yes);
    }
    assert_eq!(store_rate(&world, &rate("151", "2026-11-01T00:00:00Z")).await, Written::ConditionFailed);
    let asked = done(ask(&world, 3, wish()).await);
    assert_eq!(asked.adjustment.state, AdjustmentState::Pending);
    assert_eq!(decide(&world, "usr_ada", "exchange", 3, true).await, Moved::Refused(Refused::SamePerson));
    done(decide(&world, "usr_bob", "exchange", 3, true).await);
    assert_eq!(usd_balance(&world).await[2], "15.00");
    assert_eq!(balance(&world, &yen()).await[2], "1496");
    let lines = world.store.list_lines(&world.tenant, &yen()).await.expect("store");
    let notes = &lines[0].trace.notes;
    for note in ["rate: 149.555", "source: ecb", "told: 2026-11-20T16:00:00.000Z"] {
        assert!(notes.contains(&note.to_owned()), "{note} in {notes:?}");
    }
    world.verified().await;
}

#[tokio::test]
async fn nobody_exchanges_more_than_is_available() {
    let world = World::new().await;
    store_rate(&world, &rate("150", "2026-11-01T00:00:00Z")).await;
    done(ask(&world, 1, correction("25.00")).await);
    let wish = |text| Wish::Exchange { out: usd(text), into: Currency::JPY };
    assert_eq!(ask(&world, 2, wish("25.01")).await, Moved::BalanceDiffers { available: usd("25.00") });
    done(ask(&world, 3, wish("20.00")).await);
    done(ask(&world, 4, wish("20.00")).await);
    done(decide(&world, "usr_bob", "exchange", 3, true).await);
    // Both were possible when they were asked for; the second no more.
    let second = decide(&world, "usr_bob", "exchange", 4, true).await;
    assert_eq!(second, Moved::BalanceDiffers { available: usd("5.00") });
    assert_eq!(ask(&world, 5, wish("0.00")).await, Moved::TooSmall);
    assert_eq!(balance(&world, &yen()).await[2], "3000");
    world.verified().await;
}

/// The answers of two approvals at once: one is booked, and the account is debited once.
#[tokio::test]
async fn two_approvals_at_once_book_once() {
    let world = World::new().await;
    let seen = done(ask(&world, 1, correction("500.00")).await).adjustment.seal();
    let (one, other) = (desk_of(&world, "usr_bob").await, desk_of(&world, "usr_eve").await);
    let id = AdjustmentId::from_ulid(1_u128.into());
    let (first, second) = tokio::join!(
        adjustments::approve(&one, "correction", &id, seen),
        adjustments::approve(&other, "correction", &id, seen)
    );
    let mut booked = [first.expect("an answer"), second.expect("an answer")]
        .into_iter()
        .filter(|moved| matches!(moved, Moved::Done(_)))
        .count();
    assert_eq!(std::mem::take(&mut booked), 1);
    assert_eq!(usd_balance(&world).await[2], "500.00");
    let told = world.store.list_audit(&world.tenant, id.as_str()).await.expect("store");
    assert_eq!(
        told.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
        ["adjustment.requested", "adjustment.approved"]
    );
    world.verified().await;
}

#[tokio::test]
async fn a_lost_answer_of_any_request_ends_in_one_correction() {
    for passing in 0..6 {
        let world = World::new().await;
        let desk = desk_of(&world, "usr_ada").await;
        let asked = Asked {
            id: AdjustmentId::from_ulid(1_u128.into()),
            partner: world.partner.clone(),
            wish: correction("5.00"),
            reason: "a reason".to_owned(),
        };
        world.database.fail_after(passing, 1, testkit::Fault::LoseAnswer);
        let first = adjustments::ask(&desk, &asked).await;
        world.database.heal();
        let again = adjustments::ask(&desk, &asked).await.expect("an answer");
        assert!(matches!(again, Moved::Done(_)), "{passing}: {first:?} then {again:?}");
        assert_eq!(world.lines().await, ["5.00 261121.00 entry"], "{passing}");
        world.verified().await;
    }
}

#[tokio::test]
async fn lists_are_newest_first_and_pages_follow_each_other() {
    let world = World::new().await;
    for n in 1..=5_u128 {
        done(ask(&world, n, correction("1.00")).await);
    }
    let (mut seen, mut before) = (Vec::new(), None);
    for _ in 0..4 {
        let page = world.store.list_adjustments(&world.tenant, "correction", before.as_ref(), 2).await.expect("store");
        seen.extend(page.items.iter().map(|stored| u128::from(stored.adjustment.id.ulid())));
        let Some(next) = page.next else { break };
        before = AdjustmentId::parse(&next).ok();
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    let others = world.store.list_adjustments(&world.tenant, "exchange", None, 2).await.expect("store");
    assert_eq!(others.items, Vec::new());
}
