//! What time does to a subscription: trials end, periods are renewed, failed payments are tried again, days come.

use serde_json::{Value, json};

use crate::billing;
use crate::state::{Task, number, text};
use crate::turn::{Turn, after};

/// How long a renewal's invoice is a draft.
const DRAFT_SECONDS: i64 = 3_600;
/// How many tasks one advance does at most: a bound, not a limit that tests reach.
const TASKS_MAX: usize = 100_000;

/// Does all that is due by a clock up to a second, in its order, each at its own time.
pub(crate) fn run_due(turn: &mut Turn<'_>, clock: Option<&str>, until: i64) {
    let asked = std::mem::take(&mut turn.asked);
    let before = turn.now;
    for _ in 0..TASKS_MAX {
        let Some(due) = turn.state.take_due(clock, until) else { break };
        turn.now = due.at;
        if let Some(clock) = clock {
            turn.set(clock, |it| it["frozen_time"] = json!(due.at));
        }
        run(turn, due.task, due.clock);
    }
    turn.now = before;
    turn.asked = asked;
}

fn run(turn: &mut Turn<'_>, task: Task, clock: Option<String>) {
    match task {
        Task::Renew(id) => renew(turn, &id, clock),
        Task::TrialWillEnd(id) => {
            let found = turn.state.get("subscription", &id).filter(|it| it["status"] == "trialing").cloned();
            if let Some(subscription) = found {
                turn.emit("customer.subscription.trial_will_end", &subscription, None);
            }
        }
        // A payment that fails has told so by its events; there is nobody to answer.
        Task::Finalize(id) => drop(billing::finalize(turn, &id)),
        Task::Retry(id) => drop(billing::attempt(turn, &id)),
        Task::Cancel(id) => end(turn, &id, "cancellation_requested"),
        Task::Collect(id) => {
            turn.update(&id, "customer.subscription.updated", |it| it["pause_collection"] = Value::Null);
        }
        Task::Expire(id) => expire(turn, &id),
    }
}

/// The subscription's own time of its present period.
pub(crate) fn period_of(subscription: &Value) -> (i64, i64) {
    let item = &subscription["items"]["data"][0];
    (number(item, "current_period_start"), number(item, "current_period_end"))
}

/// The interval of a subscription: that of its items.
pub(crate) fn interval_of(subscription: &Value) -> (String, i64) {
    let recurring = &subscription["items"]["data"][0]["price"]["recurring"];
    (text(recurring, "interval").to_owned(), recurring["interval_count"].as_i64().unwrap_or(1))
}

/// Every item has this period.
pub(crate) fn set_period(subscription: &mut Value, (from, to): (i64, i64)) {
    for item in subscription["items"]["data"].as_array_mut().into_iter().flatten() {
        item["current_period_start"] = json!(from);
        item["current_period_end"] = json!(to);
    }
}

/// The next period begins.
fn renew(turn: &mut Turn<'_>, id: &str, clock: Option<String>) {
    let Some(subscription) = turn.state.get("subscription", id).filter(|it| it["ended_at"].is_null()).cloned() else {
        return;
    };
    if subscription["cancel_at_period_end"] == true {
        return end(turn, id, "cancellation_requested");
    }
    let was_trial = subscription["status"] == "trialing";
    if was_trial && !has_card(turn, &subscription) {
        match subscription["trial_settings"]["end_behavior"]["missing_payment_method"].as_str() {
            Some("cancel") => return end(turn, id, "cancellation_requested"),
            Some("pause") => {
                let paused = turn.update(id, "customer.subscription.updated", |it| it["status"] = json!("paused"));
                turn.emit("customer.subscription.paused", &paused, None);
                return;
            }
            _ => {}
        }
    }
    let cycle = number(&subscription, "_cycle") + 1;
    let (interval, count) = interval_of(&subscription);
    let anchor = number(&subscription, "billing_cycle_anchor");
    let period = (after(anchor, (&interval, count), cycle), after(anchor, (&interval, count), cycle + 1));
    let renewed = turn.update(id, "customer.subscription.updated", |it| {
        it["_cycle"] = json!(cycle);
        set_period(it, period);
        if was_trial {
            it["status"] = json!("active");
        }
    });
    turn.state.plan(period.1, clock.clone(), Task::Renew(id.to_owned()));
    let lines = billing::lines_of(&renewed, false);
    let invoice = billing::draft(turn, &renewed, "subscription_cycle", lines);
    let invoice = text(&invoice, "id").to_owned();
    match subscription["pause_collection"]["behavior"].as_str() {
        Some("void") => drop(billing::close(turn, &invoice, "void")),
        Some("mark_uncollectible") => drop(billing::close(turn, &invoice, "uncollectible")),
        Some(_) => drop(turn.set(&invoice, |invoice| invoice["auto_advance"] = json!(false))),
        None => turn.state.plan(turn.now + DRAFT_SECONDS, clock, Task::Finalize(invoice)),
    }
}

/// Is there anything to pay with?
pub(crate) fn has_card(turn: &Turn<'_>, subscription: &Value) -> bool {
    let customer = turn.state.get("customer", text(subscription, "customer"));
    let theirs = customer.map(|customer| customer["invoice_settings"]["default_payment_method"].clone());
    !subscription["default_payment_method"].is_null() || theirs.is_some_and(|card| !card.is_null())
}

/// The subscription ends.
pub(crate) fn end(turn: &mut Turn<'_>, id: &str, reason: &str) {
    let Some(subscription) = turn.state.get("subscription", id).filter(|it| it["ended_at"].is_null()).cloned() else {
        return;
    };
    let is_of_it = |task: &Task| match task {
        Task::Renew(it) | Task::TrialWillEnd(it) | Task::Cancel(it) | Task::Collect(it) | Task::Expire(it) => it == id,
        Task::Finalize(_) | Task::Retry(_) => false,
    };
    turn.state.call_off(is_of_it);
    let drafts: Vec<String> = invoices_of(turn, &subscription, "draft");
    for draft in drafts {
        turn.state.call_off(|task| *task == Task::Finalize(draft.clone()));
        turn.set(&draft, |invoice| invoice["auto_advance"] = json!(false));
    }
    let now = turn.now;
    let ended = turn.set(id, |it| {
        it["status"] = json!("canceled");
        it["ended_at"] = json!(now);
        it["cancel_at_period_end"] = json!(false);
        if it["canceled_at"].is_null() {
            it["canceled_at"] = json!(now);
        }
        if it["cancellation_details"]["reason"].is_null() {
            it["cancellation_details"]["reason"] = json!(reason);
        }
    });
    turn.emit("customer.subscription.deleted", &ended, None);
}

/// The ids of a subscription's invoices in a status.
pub(crate) fn invoices_of(turn: &Turn<'_>, subscription: &Value, status: &str) -> Vec<String> {
    turn.state
        .list("invoice")
        .into_iter()
        .filter(|kept| kept.object["_subscription"] == subscription["id"] && kept.object["status"] == status)
        .map(|kept| text(&kept.object, "id").to_owned())
        .collect()
}

/// The first payment never came: the subscription is over before it began.
fn expire(turn: &mut Turn<'_>, id: &str) {
    let Some(subscription) = turn.state.get("subscription", id).filter(|it| it["status"] == "incomplete").cloned()
    else {
        return;
    };
    for invoice in invoices_of(turn, &subscription, "open") {
        billing::close(turn, &invoice, "void");
    }
    turn.state.call_off(|task| matches!(task, Task::Renew(it) | Task::Cancel(it) if it == id));
    let now = turn.now;
    turn.update(id, "customer.subscription.updated", |it| {
        it["status"] = json!("incomplete_expired");
        it["ended_at"] = json!(now);
    });
}
