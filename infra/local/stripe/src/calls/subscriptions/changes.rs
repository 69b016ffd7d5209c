//! Changing a subscription: another price, another quantity, pausing, an end, and what is paid for the difference.

use serde_json::{Value, json};

use super::{AUTOMATIC_TAX, Request, agree, item, living, own_card};
use crate::billing::{self, Line, share};
use crate::life;
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, may, may_clear, need};
use crate::state::{Task, number, text};
use crate::turn::{Turn, after, metadata};

pub(super) const PRORATIONS: &[&str] = &["always_invoice", "create_prorations", "none"];
const ITEM: &[Field] = &[
    may("id", Kind::Text),
    may("price", Kind::Text),
    may("quantity", Kind::Int),
    may("deleted", Kind::Bool),
    may("metadata", Kind::Metadata),
];
const PAUSE: &[Field] = &[
    need("behavior", Kind::Choice(&["keep_as_draft", "mark_uncollectible", "void"])),
    may("resumes_at", Kind::Second),
];
const DETAILS: &[Field] = &[may_clear("comment", Kind::Text), may_clear("feedback", Kind::Text)];

pub(super) const UPDATE: &[Field] = &[
    may("automatic_tax", Kind::Hash(AUTOMATIC_TAX)),
    may("billing_cycle_anchor", Kind::Choice(&["now", "unchanged"])),
    may_clear("cancel_at", Kind::Second),
    may("cancel_at_period_end", Kind::Bool),
    may("cancellation_details", Kind::Hash(DETAILS)),
    may("default_payment_method", Kind::Text),
    may_clear("description", Kind::Text),
    may("items", Kind::List(ITEM)),
    may("metadata", Kind::Metadata),
    may("off_session", Kind::Bool),
    may_clear("pause_collection", Kind::Hash(PAUSE)),
    may("payment_behavior", Kind::Choice(&["allow_incomplete", "default_incomplete", "error_if_incomplete"])),
    may("proration_behavior", Kind::Choice(PRORATIONS)),
    may("trial_end", Kind::SecondOr("now")),
];

/// The items as they will be.
fn items_after(turn: &mut Turn<'_>, request: &Request, before: &[Value]) -> Result<Vec<Value>, Refusal> {
    let mut items = before.to_vec();
    for (n, given) in request.get("items").as_array().into_iter().flatten().enumerate() {
        let place = format!("items[{n}]");
        let Some(id) = given["id"].as_str() else {
            if given["price"].as_str().is_none() {
                return Err(Refusal::missing(&format!("{place}[price]")));
            }
            let mut made = item(turn, given, &place)?;
            if let Some(first) = before.first() {
                for name in ["subscription", "current_period_start", "current_period_end"] {
                    made[name] = first[name].clone();
                }
            }
            items.push(made);
            continue;
        };
        let Some(at) = items.iter().position(|item| item["id"] == id) else {
            return Err(Refusal::no_such("subscription item", id, &format!("{place}[id]")));
        };
        if given["deleted"] == true {
            items.remove(at);
            continue;
        }
        if let Some(known) = items.get_mut(at) {
            let wanted = json!({"price": given["price"].as_str().unwrap_or_else(|| text(&known["price"], "id")),
                "quantity": given["quantity"].as_i64().or(known["quantity"].as_i64())});
            let changed = item(turn, &wanted, &place)?;
            known["price"] = changed["price"].clone();
            known["quantity"] = changed["quantity"].clone();
            known["metadata"] = metadata(&known["metadata"], given.get("metadata"));
        }
    }
    agree(&items)?;
    Ok(items)
}

/// What was paid for time that is not used: a credit for each item.
pub(super) fn unused(subscription: &Value, now: i64) -> Vec<Line> {
    let items = subscription["items"]["data"].as_array().into_iter().flatten();
    items.map(|item| part(item, now, true)).collect()
}

/// The rest of a period of an item: taken, or given back.
fn part(item: &Value, now: i64, is_credit: bool) -> Line {
    let (from, to) = (number(item, "current_period_start"), number(item, "current_period_end"));
    let amount = share(billing::cost(item), (to - now).clamp(0, to - from), to - from);
    let quantity = item["quantity"].as_i64().unwrap_or(1);
    let name = item["price"]["nickname"].as_str().unwrap_or("Subscription");
    let word = if is_credit { "Unused" } else { "Remaining" };
    Line {
        amount: if is_credit { -amount } else { amount },
        description: format!("{word} time on {quantity} × {name}"),
        price: item["price"].clone(),
        quantity,
        period: (now, to),
        item: item["id"].as_str().map(str::to_owned),
        proration: None,
    }
}

/// The lines of a difference: what was before is given back, what is now is taken.
fn difference(before: &[Value], items: &[Value], now: i64) -> Vec<Line> {
    let same = |one: &Value, other: &Value| {
        one["id"] == other["id"] && one["price"]["id"] == other["price"]["id"] && one["quantity"] == other["quantity"]
    };
    let given_back = before.iter().filter(|old| !items.iter().any(|new| same(old, new)));
    let taken = items.iter().filter(|new| !before.iter().any(|old| same(old, new)));
    given_back.map(|old| part(old, now, true)).chain(taken.map(|new| part(new, now, false))).collect()
}

fn check(turn: &Turn<'_>, request: &Request) -> Result<(), Refusal> {
    for (name, at) in [
        ("cancel_at", request.int("cancel_at")),
        ("pause_collection[resumes_at]", request.get("pause_collection")["resumes_at"].as_i64()),
        ("trial_end", request.int("trial_end")),
    ] {
        if at.is_some_and(|at| at <= turn.now) {
            return Err(Refusal::bad(name, "Invalid timestamp: must be an integer Unix timestamp in the future."));
        }
    }
    if request.is("cancel_at_period_end") && request.int("cancel_at").is_some() {
        return Err(Refusal::bad(
            "cancel_at",
            "You may only specify one of these parameters: cancel_at, cancel_at_period_end.",
        ));
    }
    Ok(())
}

pub(super) fn update(turn: &mut Turn<'_>, request: &Request) -> Result<Value, Refusal> {
    let subscription = living(turn, request.id())?;
    let customer = turn.state.get("customer", text(&subscription, "customer")).cloned().unwrap_or_default();
    own_card(turn, request, &customer)?;
    check(turn, request)?;
    let before = subscription["items"]["data"].as_array().cloned().unwrap_or_default();
    let items = if request.has("items") { items_after(turn, request, &before)? } else { before.clone() };
    let interval = |items: &[Value]| items.first().map(|item| item["price"]["recurring"].clone());
    // Another interval begins another cycle, and is paid at once.
    let (old, new) = (interval(&before), interval(&items));
    let is_new_cycle = request.text("billing_cycle_anchor") == Some("now")
        || old.as_ref().map(|it| (&it["interval"], &it["interval_count"]))
            != new.as_ref().map(|it| (&it["interval"], &it["interval_count"]));
    let ends_trial = request.text("trial_end") == Some("now") && subscription["status"] == "trialing";
    let behavior = request.text("proration_behavior").unwrap_or("create_prorations").to_owned();
    let is_paid_for = subscription["status"] != "trialing" && behavior != "none";
    let lines = match (is_paid_for, is_new_cycle) {
        (false, _) => Vec::new(),
        (true, true) => unused(&subscription, turn.now),
        (true, false) => difference(&before, &items, turn.now),
    };
    let now = turn.now;
    let changed = turn.update(request.id(), "customer.subscription.updated", |it| {
        put(it, request, now);
        it["items"]["total_count"] = json!(items.len());
        it["items"]["data"] = json!(items);
        if is_new_cycle || ends_trial {
            let (word, count) = life::interval_of(it);
            it["billing_cycle_anchor"] = json!(now);
            it["_cycle"] = json!(0);
            life::set_period(it, (now, after(now, (&word, count), 1)));
        }
        if ends_trial {
            it["status"] = json!("active");
            it["trial_end"] = json!(now);
        }
    });
    replan(turn, request, &changed, is_new_cycle || ends_trial);
    for line in &lines {
        billing::pend(turn, &changed, line);
    }
    if is_new_cycle || ends_trial || (behavior == "always_invoice" && !lines.is_empty()) {
        let now_due = if is_new_cycle || ends_trial { billing::lines_of(&changed, false) } else { Vec::new() };
        let invoice = billing::draft(turn, &changed, "subscription_update", now_due);
        let _ = billing::finalize(turn, text(&invoice, "id"));
    }
    turn.state.find("subscription", request.id(), "id").cloned()
}

fn put(it: &mut Value, request: &Request, now: i64) {
    crate::turn::copy(it, &request.params, &["default_payment_method", "description"]);
    it["metadata"] = metadata(&it["metadata"], request.params.get("metadata"));
    if let Some(enabled) = request.get("automatic_tax").get("enabled") {
        it["automatic_tax"]["enabled"] = enabled.clone();
    }
    if request.has("pause_collection") {
        let given = request.get("pause_collection");
        it["pause_collection"] = if given.is_null() {
            Value::Null
        } else {
            json!({"behavior": given["behavior"], "resumes_at": given["resumes_at"]})
        };
    }
    if let Value::Object(details) = request.get("cancellation_details") {
        for (name, value) in details {
            it["cancellation_details"][name] = value.clone();
        }
    }
    if request.has("cancel_at_period_end") {
        let ends = request.is("cancel_at_period_end");
        let (_, end) = life::period_of(it);
        it["cancel_at_period_end"] = json!(ends);
        it["cancel_at"] = if ends { json!(end) } else { Value::Null };
    }
    if request.has("cancel_at") {
        it["cancel_at"] = request.get("cancel_at").clone();
        it["cancel_at_period_end"] = json!(false);
    }
    if request.has("cancel_at") || request.has("cancel_at_period_end") {
        let ends = !it["cancel_at"].is_null();
        it["canceled_at"] = if ends { json!(now) } else { Value::Null };
        it["cancellation_details"]["reason"] = if ends { json!("cancellation_requested") } else { Value::Null };
    }
    if let Some(at) = request.int("trial_end") {
        it["trial_end"] = json!(at);
        it["trial_start"] = if it["trial_start"].is_null() { json!(now) } else { it["trial_start"].clone() };
        it["status"] = json!("trialing");
        it["billing_cycle_anchor"] = json!(at);
        it["_cycle"] = json!(-1);
        life::set_period(it, (now, at));
    }
}

/// What time will do, after a change.
fn replan(turn: &mut Turn<'_>, request: &Request, changed: &Value, is_new_cycle: bool) {
    let id = request.id().to_owned();
    let clock = changed["test_clock"].as_str().map(str::to_owned);
    if request.has("cancel_at") || request.has("cancel_at_period_end") {
        turn.state.call_off(|task| *task == Task::Cancel(id.clone()));
        if let (Some(at), false) = (changed["cancel_at"].as_i64(), changed["cancel_at_period_end"] == true) {
            turn.state.plan(at, clock.clone(), Task::Cancel(id.clone()));
        }
    }
    if request.has("pause_collection") {
        turn.state.call_off(|task| *task == Task::Collect(id.clone()));
        if let Some(at) = changed["pause_collection"]["resumes_at"].as_i64() {
            turn.state.plan(at, clock.clone(), Task::Collect(id.clone()));
        }
    }
    if is_new_cycle || request.int("trial_end").is_some() {
        turn.state.call_off(|task| matches!(task, Task::Renew(it) | Task::TrialWillEnd(it) if *it == id));
        let (_, end) = life::period_of(changed);
        if changed["status"] == "trialing" {
            turn.state.plan((end - 3 * 86_400).max(turn.now), clock.clone(), Task::TrialWillEnd(id.clone()));
        }
        turn.state.plan(end, clock, Task::Renew(id));
    }
}
