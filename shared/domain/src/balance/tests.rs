use super::*;
use crate::currency::Currency;
use crate::digest::Digest;
use crate::entry::{Entry, EntryKind};
use crate::id::{PartnerId, PayoutId};
use crate::line::Account;

const NOON: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn partner() -> PartnerId {
    PartnerId::from_ulid(7_u128.into())
}

fn dollars(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn as_of_noon() -> AsOf {
    let today = BusinessDay::parse("2026-11-21").expect("a day");
    AsOf::new(at(NOON), today, Slot::parse("261122.00").ok(), Balance::nothing(Currency::USD))
}

fn line(place: &str, booked_at: &str) -> Line {
    let account = Account { partner: partner(), currency: Currency::USD };
    let place = Slot::parse(place).map_or(Place::Held, Place::Slot);
    Entry::new("k".to_owned(), EntryKind::ManualAdjustment, account, dollars(100), place, at(booked_at)).line()
}

fn payout(state: PayoutState, requested_at: &str, moved_at: &str) -> Payout {
    Payout {
        id: PayoutId::of(&partner(), Currency::USD, 1),
        partner: partner(),
        amount: dollars(100),
        from: None,
        to: Slot::parse("261120.00").expect("a slot"),
        lines: 1,
        close_hash: Digest::ZERO,
        seal: Digest::ZERO,
        asked_under: "a request".to_owned(),
        requested_by: crate::audit::Actor::new(crate::role::Role::Admin, "a"),
        requested_at: at(requested_at),
        moved_at: at(moved_at),
        state,
        approvals: Vec::new(),
        terms: crate::payout::Terms::default(),
        net: None,
    }
}

/// Pending, held, available, reserved, settled.
fn minors(fold: &AsOf) -> [i64; 5] {
    let Balance { pending, held, available, reserved, settled } = fold.balance();
    [pending, held, available, reserved, settled].map(Money::minor)
}

#[test]
fn a_line_counts_from_its_booking_on_and_is_where_its_slot_is() {
    let (before, later) = ("2026-11-01T00:00:00Z", "2026-11-21T12:00:01Z");
    let rows = [
        ("261121.00", before, [0, 0, 100, 0, 0]),
        ("261121.00", NOON, [0, 0, 100, 0, 0]),
        ("261121.00", later, [0; 5]),
        // Closed already, although its day is to come where the instant is.
        ("261122.00", before, [0, 0, 100, 0, 0]),
        ("261123.00", before, [100, 0, 0, 0, 0]),
        ("held", before, [0, 100, 0, 0, 0]),
    ];
    for (place, booked_at, expected) in rows {
        let mut fold = as_of_noon();
        fold.line(&line(place, booked_at)).expect("in range");
        assert_eq!(minors(&fold), expected, "{place} {booked_at}");
    }
}

#[test]
fn a_payout_is_where_it_stood_at_the_instant() {
    let (before, later) = ("2026-11-20T00:00:00Z", "2026-11-21T12:00:01Z");
    let why = || "why".to_owned();
    let paid = || PayoutState::Paid { sent_at: at(before), completed_at: at(before), reference: why() };
    let returned = |completed_at| PayoutState::Returned {
        sent_at: at(before),
        completed_at: at(completed_at),
        reference: why(),
        returned_at: at(later),
        reason: why(),
    };
    let (under_way, settled, ended) = ([0, 0, -100, 100, 0], [0, 0, -100, 0, 100], [0; 5]);
    let rows = [
        (PayoutState::PendingApproval, later, later, [0; 5]),
        (PayoutState::PendingApproval, NOON, NOON, under_way),
        (paid(), before, NOON, settled),
        (paid(), before, later, under_way),
        // What came back is a line of its own: the payout left when it arrived, whenever it came back.
        (returned(NOON), before, later, settled),
        (returned(later), before, later, under_way),
        (PayoutState::Rejected { reason: why() }, before, before, ended),
        (PayoutState::Cancelled { reason: why() }, before, before, ended),
        (PayoutState::Failed { reason: why() }, before, before, ended),
        (PayoutState::Failed { reason: why() }, before, later, under_way),
    ];
    for (state, requested_at, moved_at, expected) in rows {
        let told = format!("{state:?} {requested_at} {moved_at}");
        let mut fold = as_of_noon();
        fold.payout(&payout(state, requested_at, moved_at)).expect("in range");
        assert_eq!(minors(&fold), expected, "{told}");
    }
}
