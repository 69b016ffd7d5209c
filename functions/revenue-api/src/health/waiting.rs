//! What waits: events for a person, facts for their payment, payouts for an answer.

use domain::id::PayoutId;
use domain::payout::PayoutState;
use domain::time::Timestamp;
use store::parked::{Waiting, WaitingFor};

use super::{DAY_S, HOUR_S, Part, Readings, Standing, age_s, counted};

/// How long a fact may wait for its payment before the watchman calls a person.
const FACT_S_MAX: i64 = DAY_S;
/// How long a payout may be on its way to a rail, and how long the look for an outcome may be overdue.
const RAIL_S_MAX: i64 = HOUR_S;

/// Stored events that cannot be booked as they are.
pub(super) fn events(read: &Readings) -> Part {
    let of = |standing, reason: String| Part::new("events", standing, reason);
    let waiting: Vec<&Waiting> = read.events.items.iter().filter(|waiting| is_a_persons(waiting)).collect();
    let Some(oldest) = waiting.iter().map(|waiting| waiting.since).min() else {
        return of(Standing::Ok, "no event waits for a person".to_owned());
    };
    let is_more = read.events.next.is_some() && waiting.len() == read.events.items.len();
    let count = waiting.len() as u64;
    let events = counted(count, ("event", "events"), is_more);
    let reason = format!("{events} not to be booked without a person: GET /v1/webhooks/deliveries says why");
    of(Standing::Broken, reason).at(oldest).counting(count)
}

fn is_a_persons(waiting: &Waiting) -> bool {
    matches!(waiting.what, WaitingFor::Person { .. })
}

/// Facts whose payment was not told yet.
pub(super) fn facts(read: &Readings) -> Part {
    let of = |standing, reason: String| Part::new("facts", standing, reason);
    let parked: Vec<&Waiting> = read.facts.items.iter().filter(|waiting| !is_a_persons(waiting)).collect();
    let Some(oldest) = parked.iter().map(|waiting| waiting.since).min() else {
        return of(Standing::Ok, "no fact waits for its payment".to_owned());
    };
    let count = parked.len() as u64;
    let facts = counted(count, ("fact", "facts"), read.facts.next.is_some());
    let (standing, why) = if age_s(read.now, oldest) >= FACT_S_MAX {
        (Standing::Late, "for a day and more: `tributary backfill` brings what no webhook told")
    } else {
        (Standing::Ok, "for less than a day, as when a refund overtakes it")
    };
    of(standing, format!("{facts} without a payment as yet, {why}")).at(oldest).counting(count)
}

/// PAY-7: payouts of which nobody knows whether the money left.
pub(super) fn payouts(read: &Readings) -> Part {
    let of = |standing, reason: String| Part::new("payouts", standing, reason);
    let newest = &read.payouts.items;
    let stuck: Vec<Timestamp> = newest.iter().filter_map(|(id, state)| for_a_person(read, id, state)).collect();
    if let Some(oldest) = stuck.iter().min() {
        let count = stuck.len() as u64;
        let payouts = counted(count, ("payout", "payouts"), read.payouts.next.is_some());
        let reason =
            format!("{payouts} of which only a person can say what became: GET /v1/revenue/payouts, and resolve");
        return of(Standing::Broken, reason).at(*oldest).counting(count);
    }
    let looked_for = &read.attempts.items;
    let Some(oldest) = looked_for.iter().map(|attempt| attempt.begun_at).min() else {
        // Of the payouts behind the newest nothing is said.
        let reason = match read.payouts.next {
            None => "no outcome is unknown".to_owned(),
            Some(_) => format!("of the newest {} payouts no outcome is unknown", newest.len()),
        };
        return of(Standing::Ok, reason);
    };
    let count = looked_for.len() as u64;
    let outcomes = counted(count, ("outcome", "outcomes"), read.attempts.next.is_some());
    let is_overdue = looked_for.iter().any(|attempt| age_s(read.now, attempt.due_at()) > RAIL_S_MAX);
    let why = if is_overdue { "and the look for it is overdue: GET /v1/jobs" } else { "and looked for" };
    of(Standing::Late, format!("{outcomes} unknown, {why}")).at(oldest).counting(count)
}

/// Since when a payout waits for a person: its outcome is unknown and nobody looks for it any more, or it stays on its way.
fn for_a_person(read: &Readings, id: &PayoutId, state: &PayoutState) -> Option<Timestamp> {
    match state {
        PayoutState::OutcomeUnknown { since, .. } => {
            let is_looked_for = read.attempts.items.iter().any(|attempt| attempt.payout == *id);
            // Of more than a page of those that are looked for, some may be behind it.
            (!is_looked_for && read.attempts.next.is_none()).then_some(*since)
        }
        PayoutState::Submitting { since, .. } => (age_s(read.now, *since) > RAIL_S_MAX).then_some(*since),
        _ => None,
    }
}
