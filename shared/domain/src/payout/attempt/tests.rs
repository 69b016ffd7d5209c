use super::*;
use crate::currency::Currency;
use crate::id::{MethodId, PartnerId};
use crate::payee::Rail;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

const BEGUN: &str = "2026-11-21T00:00:00Z";

fn attempt(no: u32) -> Attempt {
    let payout = PayoutId::of(&PartnerId::from_ulid(7_u128.into()), Currency::USD, 1);
    Attempt {
        payout,
        no,
        amount: Money::from_minor(25_050, Currency::USD),
        payee: Payee { method: MethodId::from_ulid(1_u128.into()), rail: Rail::StripeConnect },
        destination: Digest::of_bytes(b"acct_1"),
        seal: Digest::ZERO,
        begun_at: at(BEGUN),
        called_at: at(BEGUN),
        tries: 1,
        is_looked_for: false,
        ended: None,
    }
}

/// PAY-7: under the same key within the time in which the rail knows it, never behind that, and one at a time.
#[test]
fn a_rail_is_asked_again_only_while_it_knows_the_key_and_nobody_else_asks() {
    let refused = Ended::Refused { reason: "no such account".to_owned() };
    let rows = [
        ("2026-11-21T00:00:01Z", Next::Wait),
        ("2026-11-21T00:01:59.999Z", Next::Wait),
        ("2026-11-21T00:02:00Z", Next::LookThenAsk),
        ("2026-11-21T19:59:59.999Z", Next::LookThenAsk),
        ("2026-11-21T20:00:00Z", Next::Look),
        ("2026-11-23T00:00:00Z", Next::Look),
        // A clock that went backwards proves nothing about the rail's memory.
        ("2026-11-20T23:59:59Z", Next::Look),
    ];
    for (now, expected) in rows {
        assert_eq!(attempt(1).next(at(now)), expected, "{now}");
        assert_eq!(attempt(1).end(refused.clone()).next(at(now)), Next::Nothing, "{now}");
    }
    // Another try does not make the key any younger.
    let late = attempt(1).again(at("2026-11-21T19:00:00Z"));
    assert_eq!(late.next(at("2026-11-21T20:30:00Z")), Next::Look);
}

#[test]
fn another_attempt_begins_only_where_the_one_before_was_refused_for_certain() {
    let refused = |no| attempt(no).end(Ended::Refused { reason: "balance".to_owned() });
    let paid = attempt(2).end(Ended::Paid { reference: "tr_1".to_owned() });
    assert_eq!(next_no(&[]), Ok(1));
    assert_eq!(next_no(&[refused(1)]), Ok(2));
    assert_eq!(next_no(&[refused(1), refused(2)]), Ok(3));
    assert_eq!(next_no(&[attempt(1)]), Err(Refused::AttemptStands { attempt: 1 }));
    assert_eq!(next_no(&[refused(1), attempt(2)]), Err(Refused::AttemptStands { attempt: 2 }));
    assert_eq!(next_no(&[refused(1), paid]), Err(Refused::AttemptStands { attempt: 2 }));
}

#[test]
fn tries_grow_rarer_and_never_rarer_than_four_hours() {
    let waits: Vec<i64> = (1..=9)
        .map(|tries| Attempt { tries, ..attempt(1) })
        .map(|tried| (tried.due_at().as_second() - tried.called_at.as_second()) / 60)
        .collect();
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 240, 240, 240]);
    assert_eq!(Attempt { tries: u32::MAX, ..attempt(1) }.due_at(), at("2026-11-21T04:00:00Z"));
}

#[test]
fn every_try_is_the_same_request_and_another_attempt_is_another() {
    let first = attempt(1);
    let again = first.again(at("2026-11-21T03:00:00Z"));
    assert_eq!(Attempt::name(&first.payout, first.no), Attempt::name(&again.payout, again.no));
    assert_eq!((again.amount, again.destination, again.seal), (first.amount, first.destination, first.seal));
    assert_eq!((again.tries, again.begun_at), (2, first.begun_at));
    assert_ne!(Attempt::name(&first.payout, 1), Attempt::name(&first.payout, 2));
}

#[test]
fn people_say_that_nothing_was_paid_only_when_the_rail_has_been_left_alone_for_a_while() {
    for (now, expected) in
        [("2026-11-21T00:14:59.999Z", false), ("2026-11-21T00:15:00Z", true), ("2026-11-20T23:00:00Z", false)]
    {
        assert_eq!(attempt(1).is_quiet(at(now)), expected, "{now}");
    }
}

#[test]
fn what_has_ended_is_looked_for_no_longer() {
    let looked_for = attempt(1).looked_for(true);
    assert!(looked_for.is_looked_for);
    assert!(!looked_for.end(Ended::Paid { reference: "tr_1".to_owned() }).is_looked_for);
}

#[test]
fn another_try_is_looked_for_from_its_own_time_on_and_twice_as_late() {
    let again = attempt(1).again(at("2026-11-21T03:00:00Z"));
    assert_eq!((again.tries, again.begun_at, again.called_at), (2, at(BEGUN), at("2026-11-21T03:00:00Z")));
    let wait = |attempt: &Attempt| attempt.due_at().as_millisecond() - attempt.called_at.as_millisecond();
    assert_eq!(wait(&again), 2 * wait(&attempt(1)));
}
