//! What breaks whoever was built upon an earlier document: all that they send must be taken as before, and what they read
//! must be there as before. What grows breaks nobody: new operations, fields that may be left out, wider limits, and new
//! words in answers, of which whoever reads a list of words is told.

mod schemas;
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::openapi::all_under;

/// Which way values go: callers send requests, and read answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Sent,
    Read,
}

/// Everything in the present document that breaks whoever was built upon the released one. `wider` are the patterns of which
/// a person has said that the second takes all that the first takes.
pub(super) fn breaks(released: &Value, present: &Value, wider: &[(&str, &str)]) -> Vec<String> {
    let same = same_schemas(released, present);
    let mut look = Look { released, present, same: &same, wider, within: Vec::new(), found: Vec::new() };
    for (path, item) in members(&released["paths"]) {
        for (method, operation) in members(item) {
            let place = format!("{} {path}", method.to_ascii_uppercase());
            match present["paths"][path].get(method) {
                None => look.found.push(format!("{place}: gone")),
                Some(now) => look.operation(&place, operation, now),
            }
        }
    }
    look.found
}

/// The named schemas that mean the same in both: they are equal, and so is all that they lead to.
fn same_schemas(released: &Value, present: &Value) -> BTreeSet<String> {
    let (then, now) = (&released["components"]["schemas"], &present["components"]["schemas"]);
    let equal = members(then).filter(|(name, schema)| now.get(name.as_str()) == Some(*schema));
    let mut same: BTreeSet<String> = equal.map(|(name, _)| name.clone()).collect();
    loop {
        let others: Vec<String> = same
            .iter()
            .filter(|name| !references(&then[name.as_str()]).all(|named| same.contains(named)))
            .cloned()
            .collect();
        if others.is_empty() {
            return same;
        }
        same.retain(|name| !others.contains(name));
    }
}

/// The names of the schemas that a schema leads to at once.
fn references(schema: &Value) -> impl Iterator<Item = &str> {
    all_under(schema, "$ref").into_iter().filter_map(Value::as_str).filter_map(|name| name.rsplit('/').next())
}

struct Look<'a> {
    released: &'a Value,
    present: &'a Value,
    /// The named schemas that mean the same in both documents.
    same: &'a BTreeSet<String>,
    wider: &'a [(&'a str, &'a str)],
    /// The named schemas that are being compared: some lead back to themselves.
    within: Vec<(String, String)>,
    found: Vec<String>,
}

impl Look<'_> {
    fn operation(&mut self, place: &str, then: &Value, now: &Value) {
        self.security(place, then, now);
        self.parameters(place, then, now);
        if now["requestBody"]["required"] == true && then["requestBody"]["required"] != true {
            self.found.push(format!("{place}: the body is needed now"));
        }
        self.contents(&format!("{place} body"), &then["requestBody"], &now["requestBody"], Way::Sent);
        for (status, response) in members(&then["responses"]) {
            let place = format!("{place} {status}");
            let Some(known) = now["responses"].get(status) else {
                self.found.push(format!("{place}: never answered any more"));
                continue;
            };
            let (response, known) = (resolved(self.released, response), resolved(self.present, known));
            for (name, _) in members(&response["headers"]).filter(|(name, _)| known["headers"][name.as_str()].is_null())
            {
                self.found.push(format!("{place}: the header {name} is gone"));
            }
            self.contents(&place, response, known, Way::Read);
        }
    }

    /// Who came in without credentials, or by one kind of them, still does.
    fn security(&mut self, place: &str, then: &Value, now: &Value) {
        let is_open = |operation: &Value| {
            let mut ways = items(&operation["security"]).peekable();
            ways.peek().is_none() || ways.any(|one| one.as_object().is_some_and(Map::is_empty))
        };
        if is_open(now) {
            return;
        }
        if is_open(then) {
            self.found.push(format!("{place}: needs credentials now"));
        }
        for one in items(&then["security"]).filter(|one| !items(&now["security"]).any(|other| other == *one)) {
            self.found.push(format!("{place}: {one} lets nobody in any more"));
        }
    }

    fn parameters(&mut self, place: &str, then: &Value, now: &Value) {
        for parameter in items(&now["parameters"]) {
            let is_known = items(&then["parameters"]).any(|known| same_parameter(known, parameter));
            if !is_known && parameter["required"] == true {
                self.found.push(format!("{place}: the parameter {} is needed now", parameter["name"]));
            }
        }
        for parameter in items(&then["parameters"]) {
            match items(&now["parameters"]).find(|known| same_parameter(known, parameter)) {
                None => self.found.push(format!("{place}: the parameter {} is gone", parameter["name"])),
                Some(known) => {
                    let place = format!("{place} {}", parameter["name"]);
                    if known["required"] == true && parameter["required"] != true {
                        self.found.push(format!("{place}: needed now"));
                    }
                    self.schema(&place, &parameter["schema"], &known["schema"], Way::Sent);
                }
            }
        }
    }

    fn contents(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        for (kind, content) in members(&then["content"]) {
            match now["content"].get(kind) {
                None => self.found.push(format!("{place}: no {kind} any more")),
                Some(known) => self.schema(place, &content["schema"], &known["schema"], way),
            }
        }
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let named = value["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
    named.unwrap_or(value)
}

fn same_parameter(one: &Value, other: &Value) -> bool {
    one["name"] == other["name"] && one["in"] == other["in"]
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
