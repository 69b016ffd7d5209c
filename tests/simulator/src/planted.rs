//! Bugs on purpose, and whether the simulation finds each within so many worlds.
//!
//! Those of arithmetic and order are planted in the code, behind the feature `planted`. Those of a condition that is not
//! there, or of what should be one transaction and is not, are planted on the wire: the request goes out as the store
//! would have written it with the mistake. To add one: a line in [`BUGS`].

use std::collections::BTreeMap;

use domain::planted::{Bug, plant};
use serde_json::{Value, json};

use crate::run::{Broken, Until, run};

/// Where a bug is planted.
pub enum Where {
    /// In the code.
    Code(Bug),
    /// On the wire: what becomes of a request to the database.
    Wire(fn(&str, Value) -> Vec<(String, Value)>),
    /// Both.
    Both(Bug, fn(&str, Value) -> Vec<(String, Value)>),
}

/// A bug on purpose.
pub struct PlantedBug {
    /// Its name.
    pub name: &'static str,
    /// Where it is planted.
    pub at: Where,
}

/// Every planted bug.
pub const BUGS: &[PlantedBug] = &[
    code("event id as the guard", Bug::EventIdGuards),
    code("refund not cumulative", Bug::RefundNotCumulative),
    code("today's rate", Bug::TodaysRate),
    wire("no fence condition", no_fence),
    code("fence raised after the recount", Bug::FenceAfterRecount),
    wire("head update outside the transaction", head_apart),
    PlantedBug {
        name: "a reversal into a final slot",
        at: Where::Both(Bug::ReversalIntoFinalSlot, no_fence_of_reversals),
    },
    wire("a slot paid twice", paid_twice),
    code("a parked fact lost", Bug::ParkedFactLost),
    code("an approval not bound to the seal", Bug::ApprovalOfAnySeal),
    wire("lines written before the fact", lines_first),
    code("rounding per refund", Bug::RoundingPerRefund),
    wire("the tenant dropped from a key", no_tenant),
    wire("the tenant dropped from an index key", no_tenant_in_index),
    code("a hold released by time", Bug::HoldReleasedByTime),
    wire("eventually consistent recount", stale_recount),
    wire("end of payout without its guard", no_payout_guard),
    wire("cancel leaves the slots covered", cancel_covers),
    wire("refund without the sale's version", no_sale_version),
    wire("live removed without the version", no_live_version),
    wire("adjusting without its number", no_adjust_number),
    code("a running total added", Bug::RunningTotalAdded),
    code("the first invoice a second sale", Bug::FirstInvoiceTwice),
    code("a failed refund stands", Bug::FailedRefundStands),
    code("one's own approval counted", Bug::OwnApprovalCounts),
    code("paid by export", Bug::PaidByExport),
    code("a resend under a new key", Bug::ResentUnderNewKey),
    code("a paid payout asked for again", Bug::PaidAskedAgain),
    code("bands stay behind the count", Bug::BandsStay),
    PlantedBug {
        name: "a release into a final slot",
        at: Where::Both(Bug::ReleaseIntoFinalSlot, no_fence_of_releases),
    },
];

const fn code(name: &'static str, bug: Bug) -> PlantedBug {
    PlantedBug { name, at: Where::Code(bug) }
}

const fn wire(name: &'static str, rewrite: fn(&str, Value) -> Vec<(String, Value)>) -> PlantedBug {
    PlantedBug { name, at: Where::Wire(rewrite) }
}

/// What the self-test found of a bug.
pub struct Found {
    /// The bug's name.
    pub name: &'static str,
    /// The first world that broke a law, if any did.
    pub broken: Option<Broken>,
    /// How many worlds it took.
    pub worlds: u64,
}

/// Plants each bug in turn, and lets worlds happen until one breaks a law.
///
/// # Errors
/// A thread has died.
pub fn self_test(only: Option<&str>, worlds: u64, mut told: impl FnMut(&Found)) -> Result<bool, String> {
    let mut all = true;
    for bug in BUGS.iter().filter(|bug| only.is_none_or(|only| bug.name.contains(only))) {
        let (in_code, on_wire) = match bug.at {
            Where::Code(in_code) => (Some(in_code), None),
            Where::Wire(on_wire) => (None, Some(on_wire)),
            Where::Both(in_code, on_wire) => (Some(in_code), Some(on_wire)),
        };
        plant(in_code);
        crate::cloud::rewrite_on_the_wire(on_wire);
        let report = run(1, Until { worlds, time: None, first_broken: true }, |_| {})?;
        plant(None);
        crate::cloud::rewrite_on_the_wire(None);
        let found = Found { name: bug.name, broken: report.broken.first().cloned(), worlds: report.worlds };
        all &= found.broken.is_some();
        told(&found);
    }
    Ok(all)
}

/// As it is.
fn same(operation: &str, body: Value) -> Vec<(String, Value)> {
    vec![(operation.to_owned(), body)]
}

/// The writes of a request: of a transaction each of its items, else the request itself.
fn writes(body: &mut Value) -> Vec<&mut Value> {
    if body.get("TransactItems").is_none() {
        return vec![body];
    }
    let items = body.get_mut("TransactItems").and_then(Value::as_array_mut).into_iter().flatten();
    items.filter_map(|item| item.as_object_mut()?.values_mut().find(|write| write.is_object())).collect()
}

fn key_part<'a>(write: &'a Value, name: &str) -> &'a str {
    let of = |object: &str| write.pointer(&format!("/{object}/{name}/S")).and_then(Value::as_str);
    of("Key").or_else(|| of("Item")).unwrap_or_default()
}

fn is_head(write: &Value) -> bool {
    key_part(write, "sk").starts_with("head#")
}

/// Takes a condition's parts out that name an attribute.
fn without_condition_on(write: &mut Value, attribute: &str) {
    let names = write.get("ExpressionAttributeNames").and_then(Value::as_object);
    let alias = names.and_then(|names| names.iter().find(|(_, name)| *name == attribute)).map(|(alias, _)| alias);
    let alias = alias.map_or_else(|| attribute.to_owned(), Clone::clone);
    let condition = write.get("ConditionExpression").and_then(Value::as_str).unwrap_or_default();
    let names_it = |part: &str| {
        part.split(|sign: char| !(sign.is_ascii_alphanumeric() || "#_:".contains(sign))).any(|word| word == alias)
    };
    let left: Vec<&str> = condition.split(" AND ").filter(|part| !names_it(part)).collect();
    let left = left.join(" AND ");
    if let Some(write) = write.as_object_mut() {
        if left.is_empty() {
            write.remove("ConditionExpression");
        } else {
            write.insert("ConditionExpression".to_owned(), json!(left));
        }
    }
}

/// The attribute that an update means becomes another one, which nobody reads.
fn elsewhere(write: &mut Value, attribute: &str) {
    let names = write.get_mut("ExpressionAttributeNames").and_then(Value::as_object_mut).into_iter().flatten();
    names.filter(|(_, name)| *name == attribute).for_each(|(_, name)| *name = json!("elsewhere"));
}

fn updates(write: &Value, attribute: &str) -> bool {
    let names = write.get("ExpressionAttributeNames").and_then(Value::as_object);
    names.is_some_and(|names| names.values().any(|name| name == attribute))
}

fn no_fence(operation: &str, mut body: Value) -> Vec<(String, Value)> {
    let is_booking = |write: &Value| is_head(write) && !updates(write, "closed");
    writes(&mut body)
        .into_iter()
        .filter(|write| is_booking(write))
        .for_each(|write| without_condition_on(write, "fence"));
    same(operation, body)
}

/// A head loses its fence where the first slot that is used is that of a planted line: of its lines no other one is then
/// behind the fence. What the fence is, no request says.
fn no_fence_of(operation: &str, mut body: Value, is_planted: fn(&Value) -> bool) -> Vec<(String, Value)> {
    let mut all = writes(&mut body);
    // By the place of the head: the first slot, and whether it is another line's alone.
    let mut first: BTreeMap<(String, String), (String, bool)> = BTreeMap::new();
    for line in &all {
        let Some((currency, rest)) = key_part(line, "sk").split_once("#line#") else { continue };
        let slot = rest.split('#').next().unwrap_or_default();
        let head = (key_part(line, "pk").to_owned(), format!("head#{currency}"));
        let used = (slot.to_owned(), !is_planted(line));
        let known = first.entry(head).or_insert_with(|| used.clone());
        if used < *known {
            *known = used;
        }
    }
    for head in &mut all {
        let place = (key_part(head, "pk").to_owned(), key_part(head, "sk").to_owned());
        if first.get(&place).is_some_and(|(_, is_of_another)| !is_of_another) {
            without_condition_on(head, "fence");
        }
    }
    same(operation, body)
}

/// Is a write a line of this kind?
fn is_of_kind(write: &Value, kind: &str) -> bool {
    write.pointer("/Item/kind/S").and_then(Value::as_str) == Some(kind)
}

/// The fence lets reversals through.
fn no_fence_of_reversals(operation: &str, body: Value) -> Vec<(String, Value)> {
    no_fence_of(operation, body, |line| is_of_kind(line, "reversal"))
}

/// The fence lets through what was held: of the pair, the half that adds to a slot.
fn no_fence_of_releases(operation: &str, body: Value) -> Vec<(String, Value)> {
    no_fence_of(operation, body, |line| {
        let minor = line.pointer("/Item/amount_minor/N").and_then(Value::as_str);
        is_of_kind(line, "hold_move") && minor.is_some_and(|minor| !minor.starts_with('-'))
    })
}

/// The items of a transaction that fit go out by themselves, before or after the others.
fn apart(body: &Value, fits: impl Fn(&Value) -> bool) -> Option<(Value, Value)> {
    let items = body.get("TransactItems").and_then(Value::as_array)?;
    let of = |item: &Value| {
        item.as_object().and_then(|item| item.values().find(|write| write.is_object())).is_some_and(&fits)
    };
    let (one, other): (Vec<Value>, Vec<Value>) = items.iter().cloned().partition(of);
    if one.is_empty() || other.is_empty() {
        return None;
    }
    Some((json!({ "TransactItems": one }), json!({ "TransactItems": other })))
}

fn head_apart(operation: &str, body: Value) -> Vec<(String, Value)> {
    match apart(&body, |write| is_head(write) && !updates(write, "closed") && !updates(write, "open_payout")) {
        Some((heads, others)) => vec![(operation.to_owned(), others), (operation.to_owned(), heads)],
        None => same(operation, body),
    }
}

fn lines_first(operation: &str, body: Value) -> Vec<(String, Value)> {
    match apart(&body, |write| {
        key_part(write, "sk").contains("#line#")
            || is_head(write) && !updates(write, "closed") && !updates(write, "open_payout")
    }) {
        Some((lines, others)) if body.to_string().contains("#line#") => {
            vec![(operation.to_owned(), lines), (operation.to_owned(), others)]
        }
        _ => same(operation, body),
    }
}

fn paid_twice(operation: &str, mut body: Value) -> Vec<(String, Value)> {
    writes(&mut body).into_iter().filter(|write| is_head(write)).for_each(|write| elsewhere(write, "paid"));
    same(operation, body)
}

fn no_payout_guard(operation: &str, mut body: Value) -> Vec<(String, Value)> {
    for write in writes(&mut body) {
        if is_head(write) && updates(write, "open_payout") && !updates(write, "payout_no") {
            without_condition_on(write, "open_payout");
        } else if key_part(write, "sk").contains("#payout#") {
            without_condition_on(write, "version");
        } else if key_part(write, "pk").contains("#audit#") {
            without_condition_on(write, "pk");
        }
    }
    same(operation, body)
}

fn cancel_covers(operation: &str, mut body: Value) -> Vec<(String, Value)> {
    for write in writes(&mut body) {
        if is_head(write) && updates(write, "open_payout") && !updates(write, "payout_no") {
            elsewhere(write, "covered");
        }
    }
    same(operation, body)
}

fn no_sale_version(operation: &str, mut body: Value) -> Vec<(String, Value)> {
    for write in writes(&mut body) {
        if key_part(write, "sk") == "sale" {
            without_condition_on(write, "version");
        }
    }
    same(operation, body)
}

/// Two visits at once: the number of the adjusting is what keeps the second one out, in the head and in the keys.
fn no_adjust_number(operation: &str, mut body: Value) -> Vec<(String, Value)> {
    let adjusts = |write: &Value| is_head(write) && updates(write, "adjust_no");
    let mut all = writes(&mut body);
    if all.iter().any(|write| adjusts(write)) {
        for write in &mut all {
            if is_head(write) {
                without_condition_on(write, "adjust_no");
            } else if key_part(write, "sk") != "sale"
                && let Some(write) = write.as_object_mut()
            {
                write.remove("ConditionExpression");
            }
        }
    }
    same(operation, body)
}

fn no_live_version(operation: &str, mut body: Value) -> Vec<(String, Value)> {
    if operation == "UpdateItem" && is_head(&body) && updates(&body, "live_pk") {
        without_condition_on(&mut body, "version");
        if let Some(body) = body.as_object_mut() {
            body.remove("ConditionExpression");
        }
    }
    same(operation, body)
}

/// Of the partition of sales.
fn no_tenant(operation: &str, body: Value) -> Vec<(String, Value)> {
    without_tenant(operation, body, "sale#")
}

/// Of the index of live accounts: no other key or value begins with a tenant and `live#`.
fn no_tenant_in_index(operation: &str, body: Value) -> Vec<(String, Value)> {
    without_tenant(operation, body, "live#")
}

/// `ten_…#sale#…` becomes `sale#…`, in reads and writes alike: who wrote it so would look for it so.
fn without_tenant(operation: &str, body: Value, kind: &str) -> Vec<(String, Value)> {
    let text = body.to_string();
    let Some(at) = text.find(&format!("#{kind}")) else { return same(operation, body) };
    let from = text.get(..at).and_then(|before| before.rfind("ten_"));
    let tenant = from.and_then(|from| text.get(from..=at)).unwrap_or_default().to_owned();
    let without = text.replace(&format!("{tenant}{kind}"), kind);
    vec![(operation.to_owned(), serde_json::from_str(&without).unwrap_or(body))]
}

fn stale_recount(operation: &str, mut body: Value) -> Vec<(String, Value)> {
    if operation == "Query" && body.to_string().contains("#line#") {
        body["ConsistentRead"] = json!(false);
        body["AlwaysStale"] = json!(true);
    }
    same(operation, body)
}
