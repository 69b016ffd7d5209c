//! The calls: a table of paths, each with the parameters that it takes.

mod cards;
mod catalog;
mod checkout;
mod clocks;
mod customers;
mod endpoints;
mod invoices;
mod payments;
mod promotions;
mod subscriptions;
mod tax;
mod transfers;

pub(crate) use cards::decline_of;

use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::schema::Field;
use crate::state::{listed, text};
use crate::turn::Turn;

/// A call as it came: the ids of its path, and its parameters as they were read.
#[derive(Debug)]
pub(crate) struct Request {
    /// The path.
    pub(crate) path: String,
    /// What stands for `{id}` in the path, in order.
    pub(crate) ids: Vec<String>,
    /// The parameters.
    pub(crate) params: Value,
}

impl Request {
    /// The first id of the path.
    pub(crate) fn id(&self) -> &str {
        self.ids.first().map(String::as_str).unwrap_or_default()
    }

    /// A text, if it was given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }

    /// A number, if it was given.
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.params.get(name).and_then(Value::as_i64)
    }

    /// Was it given, even empty?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.params.get(name).is_some()
    }

    /// Was `true` given?
    pub(crate) fn is(&self, name: &str) -> bool {
        self.params.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whatever was given; null when nothing was.
    pub(crate) fn get(&self, name: &str) -> &Value {
        &self.params[name]
    }
}

/// What a call does.
pub(crate) type Call = fn(&mut Turn<'_>, &Request) -> Result<Value, Refusal>;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) fields: &'static [Field],
    pub(crate) call: Call,
    /// Does it answer a list, with its paging?
    pub(crate) is_list: bool,
}

const fn route(method: &'static str, path: &'static str, fields: &'static [Field], call: Call) -> Route {
    Route { method, path, fields, call, is_list: false }
}

const fn list(path: &'static str, fields: &'static [Field], call: Call) -> Route {
    Route { method: "GET", path, fields, call, is_list: true }
}

/// The row of a request, with what its path holds for `{id}`.
pub(crate) fn find(method: &str, path: &str) -> Option<(Route, Vec<String>)> {
    let rows = [
        customers::ROUTES,
        catalog::ROUTES,
        cards::ROUTES,
        subscriptions::ROUTES,
        invoices::ROUTES,
        payments::ROUTES,
        checkout::ROUTES,
        endpoints::ROUTES,
        clocks::ROUTES,
        tax::ROUTES,
        transfers::ROUTES,
        promotions::ROUTES,
    ];
    rows.into_iter().flatten().filter(|row| row.method == method).find_map(|row| Some((*row, ids(row.path, path)?)))
}

fn ids(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (wanted, given): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    if wanted.len() != given.len() {
        return None;
    }
    let mut ids = Vec::new();
    for (step, text) in wanted.into_iter().zip(given) {
        // `/v1/subscriptions/search` is another call than `/v1/subscriptions/{id}`.
        if step == "{id}" && !text.is_empty() && text != "search" {
            ids.push(text.to_owned());
        } else if step != text {
            return None;
        }
    }
    Some(ids)
}

/// A page of a kind, newest first, of those that fit.
pub(crate) fn page(
    turn: &Turn<'_>,
    request: &Request,
    kind: &str,
    fits: impl Fn(&Value) -> bool,
) -> Result<Value, Refusal> {
    let limit = request.int("limit").unwrap_or(10);
    if !(1..=100).contains(&limit) {
        let message = format!("This value must be between 1 and 100 (inclusive): {limit}");
        return Err(Refusal::bad("limit", message));
    }
    let limit = usize::try_from(limit).unwrap_or(100);
    let place = |name: &str| -> Result<Option<u64>, Refusal> {
        let Some(id) = request.text(name) else { return Ok(None) };
        turn.state.find(kind, id, name)?;
        Ok(turn.state.objects.get(id).map(|kept| kept.n))
    };
    let (after, before) = (place("starting_after")?, place("ending_before")?);
    let range = request.get("created");
    let found = turn.state.list(kind).into_iter().filter(|kept| {
        kept.object["deleted"] != true && in_range(&kept.object["created"], range) && fits(&kept.object)
    });
    let found: Vec<(u64, &Value)> = found.map(|kept| (kept.n, &kept.object)).collect();
    let (rows, more) = match before {
        // Backwards: the rows just newer than the one that is named.
        Some(n) => {
            let newer: Vec<_> = found.iter().filter(|row| row.0 > n).collect();
            let from = newer.len().saturating_sub(limit);
            (newer.into_iter().skip(from).map(|row| row.1.clone()).collect::<Vec<_>>(), from > 0)
        }
        None => {
            let older: Vec<_> = found.iter().filter(|row| after.is_none_or(|n| row.0 < n)).collect();
            let more = older.len() > limit;
            (older.into_iter().take(limit).map(|row| row.1.clone()).collect(), more)
        }
    };
    Ok(listed(&request.path, rows, more))
}

fn in_range(created: &Value, range: &Value) -> bool {
    let at = created.as_i64().unwrap_or_default();
    match range {
        Value::Number(second) => second.as_i64() == Some(at),
        Value::Object(bounds) => bounds.iter().all(|(name, bound)| {
            let bound = bound.as_i64().unwrap_or_default();
            match name.as_str() {
                "gt" => at > bound,
                "gte" => at >= bound,
                "lt" => at < bound,
                _ => at <= bound,
            }
        }),
        _ => true,
    }
}

/// Is a parameter that filters left out, or what the field says?
pub(crate) fn fits(request: &Request, name: &str, field: &Value) -> bool {
    !request.has(name) || request.get(name) == field
}

/// What a deleted object answers.
pub(crate) fn deleted(object: &Value) -> Value {
    json!({"id": text(object, "id"), "object": text(object, "object"), "deleted": true})
}
