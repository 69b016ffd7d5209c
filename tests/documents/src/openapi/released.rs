//! API-6: what was released stays. `docs/openapi-released.json` is the document of the last release, and changes with one
//! alone; whoever built upon it must be able to go on.

use serde_json::{Map, Value, json};

use super::{declared, limits, merged};
use crate::tree;

/// The document of the last release.
const RELEASED: &str = "docs/openapi-released.json";

/// Values of which the released document told nothing, and whose doors have asked for the same fields all along: to tell them
/// takes nothing away. What a door asked for is not to be seen in a document, so each place is named by a person; any other
/// free value may be given no field that is needed.
const ASKED_ALL_ALONG: [&str; 7] = [
    "POST /v1/webhooks/stripe body",
    "POST /v1/webhooks/stripe/{endpoint_id} body",
    "POST /v1/webhooks/lemon-squeezy body",
    "POST /v1/webhooks/lemon-squeezy/{endpoint_id} body",
    "POST /v1/webhooks/{endpoint_id} body",
    "PUT /v1/partners/{id}/tax-form body/address",
    "POST /v1/members/{id}/tax-info body/address",
];

/// Which way values go: callers send requests, and read answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Sent,
    Read,
}

/// Everything in the present document that breaks whoever was built upon the released one.
fn breaks(released: &Value, present: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, item) in members(&released["paths"]) {
        for (method, operation) in members(item) {
            let place = format!("{} {path}", method.to_ascii_uppercase());
            let now = &present["paths"][path][method];
            if now.is_null() {
                found.push(format!("{place}: gone"));
                continue;
            }
            let mut look = Look { released, present, found: &mut found };
            look.operation(&place, operation, now);
        }
    }
    found
}

struct Look<'a> {
    released: &'a Value,
    present: &'a Value,
    found: &'a mut Vec<String>,
}

impl Look<'_> {
    fn operation(&mut self, place: &str, then: &Value, now: &Value) {
        for parameter in items(&now["parameters"]) {
            let known = items(&then["parameters"]).any(|known| same_parameter(known, parameter));
            if !known && parameter["required"] == true {
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
                    self.schema(&place, &parameter["schema"], &known["schema"], Way::Sent, 0);
                }
            }
        }
        if now["requestBody"]["required"] == true && then["requestBody"]["required"] != true {
            self.found.push(format!("{place}: the body is needed now"));
        }
        self.contents(&format!("{place} body"), &then["requestBody"], &now["requestBody"], Way::Sent);
        for (status, response) in members(&then["responses"]).filter(|(status, _)| status.starts_with('2')) {
            let place = format!("{place} {status}");
            match now["responses"].get(status) {
                None => self.found.push(format!("{place}: never answered any more")),
                Some(known) => self.contents(&place, response, known, Way::Read),
            }
        }
    }

    fn contents(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        for (kind, content) in members(&then["content"]) {
            match now["content"].get(kind) {
                None => self.found.push(format!("{place}: no {kind} any more")),
                Some(known) => self.schema(place, &content["schema"], &known["schema"], way, 0),
            }
        }
    }

    fn schema(&mut self, place: &str, then: &Value, now: &Value, way: Way, depth: usize) {
        let (then, now) = (resolved(self.released, then), resolved(self.present, now));
        // Schemas that lead back to themselves were looked at before.
        if depth > 12 || then == now {
            return;
        }
        let (kinds_then, kinds_now) = (kinds(then), kinds(now));
        let (wide, narrow) = if way == Way::Sent { (&kinds_now, &kinds_then) } else { (&kinds_then, &kinds_now) };
        if !wide.is_empty() && narrow.iter().any(|kind| !wide.contains(kind)) {
            self.found.push(format!("{place}: was {kinds_then:?}, is {kinds_now:?}"));
        }
        self.words(place, then, now, way);
        self.limits(place, then, now, way);
        let (before, after) = (members(&then["properties"]), &now["properties"]);
        for (name, property) in before {
            match after.get(name) {
                None => self.found.push(format!("{place}/{name}: gone")),
                Some(known) => self.schema(&format!("{place}/{name}"), property, known, way, depth + 1),
            }
        }
        self.required(place, then, now, way);
        self.schema(&format!("{place}[]"), &then["items"], &now["items"], way, depth + 1);
    }

    /// What callers send may be needed no more than before; what they read must be there as before.
    fn required(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        let is_untold = then["type"] == "object" || then.as_object().is_some_and(Map::is_empty);
        let is_free = is_untold && then["properties"].is_null();
        if way == Way::Sent && is_free && ASKED_ALL_ALONG.contains(&place) {
            return;
        }
        let (had, has) = (&then["required"], &now["required"]);
        let (from, in_, word) =
            if way == Way::Sent { (has, had, "needed now") } else { (had, has, "may be missing now") };
        for name in items(from).filter(|name| !items(in_).any(|other| other == *name)) {
            self.found.push(format!("{place}/{}: {word}", name.as_str().unwrap_or_default()));
        }
    }

    /// A word that callers send stays taken. One that they read may be new: whoever reads a list of words is told so.
    fn words(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        if way == Way::Sent && now["enum"].is_array() {
            for word in items(&then["enum"]).filter(|word| !items(&now["enum"]).any(|known| known == *word)) {
                self.found.push(format!("{place}: {word} is not taken any more"));
            }
        }
    }

    fn limits(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        if way == Way::Read {
            return;
        }
        for (name, is_upper) in [
            ("maxLength", true),
            ("maximum", true),
            ("maxItems", true),
            ("minLength", false),
            ("minimum", false),
            ("minItems", false),
        ] {
            let (before, after) = (then[name].as_i64(), now[name].as_i64());
            let is_narrower = match (before, after) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(before), Some(after)) => (is_upper && after < before) || (!is_upper && after > before),
            };
            if is_narrower {
                self.found.push(format!("{place}: {name} was {before:?}, is {after:?}"));
            }
        }
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let named = schema["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
    named.unwrap_or(schema)
}

fn same_parameter(one: &Value, other: &Value) -> bool {
    one["name"] == other["name"] && one["in"] == other["in"]
}

fn kinds(schema: &Value) -> Vec<String> {
    let one = schema["type"].as_str().map(str::to_owned);
    one.into_iter().chain(items(&schema["type"]).filter_map(Value::as_str).map(str::to_owned)).collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[test]
fn nothing_that_was_released_is_taken_away_or_narrowed() {
    let mut released: Value = serde_json::from_str(&tree::read(RELEASED)).expect("the released document is JSON");
    // What was enforced in silence is told now: to say so takes nothing away. What a release has told stays as it told it.
    let mut schemas = released["components"]["schemas"].as_object().cloned().unwrap_or_default();
    limits::tell(&mut released["paths"], &mut schemas);
    // So does it to say that no header is null.
    for operation in released["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        let operations = operation.as_object_mut().into_iter().flat_map(Map::values_mut);
        let parameters = operations.filter_map(|operation| operation["parameters"].as_array_mut());
        parameters.flatten().for_each(declared::never_null);
    }
    released["components"]["schemas"] = Value::Object(schemas);
    assert_eq!(breaks(&released, &merged()), Vec::<String>::new());
}

#[test]
fn every_kind_of_break_is_found() {
    let schema = json!({
        "type": "object", "required": ["name"],
        "properties": {
            "name": {"type": "string", "maxLength": 9}, "kind": {"type": "string", "enum": ["a", "b"]},
            "note": {"type": ["string", "null"]}, "custom": {"type": "object"}, "data": {},
        },
    });
    let content = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}});
    let released = json!({
        "paths": {"/things": {"post": {
            "parameters": [{"name": "limit", "in": "query", "required": false, "schema": {"type": "integer"}}],
            "requestBody": content, "responses": {"200": content, "404": {}},
        }}},
        "components": {"schemas": {"Thing": schema}},
    });
    let thing = "/components/schemas/Thing";
    let body = "/paths/~1things/post";
    let rows = [
        ("", json!({"paths": {}}), 1),
        (
            body,
            json!({"parameters": released.pointer(body).expect("there")["parameters"], "requestBody": content, "responses": {}}),
            1,
        ),
        (&format!("{body}/parameters"), json!([]), 1),
        (&format!("{body}/parameters/0/required"), json!(true), 1),
        (&format!("{body}/parameters/0/schema/type"), json!("string"), 1),
        (&format!("{body}/responses/200"), json!({}), 1),
        // In what is sent and in what is read.
        (&format!("{thing}/properties/name"), json!({"type": "integer", "maxLength": 9}), 2),
        (
            &format!("{thing}/properties"),
            json!({"name": {"type": "string", "maxLength": 9}, "kind": {}, "custom": {}, "data": {}}),
            2,
        ),
        // In what is sent alone.
        (&format!("{thing}/required"), json!(["name", "note"]), 1),
        (&format!("{thing}/properties/name/maxLength"), json!(8), 1),
        (&format!("{thing}/properties/kind/enum"), json!(["a"]), 1),
        (&format!("{thing}/properties/note/type"), json!(["string"]), 1),
        (&format!("{thing}/properties/custom"), json!({"type": "object", "required": ["id"]}), 1),
        (&format!("{thing}/properties/data"), json!({"required": ["id"]}), 1),
        // In what is read alone.
        (&format!("{thing}/required"), json!([]), 1),
        (&format!("{thing}/properties/note/type"), json!(["string", "null", "integer"]), 1),
        // What grows breaks nobody.
        (&format!("{thing}/properties/kind/enum"), json!(["a", "b", "c"]), 0),
        (&format!("{thing}/properties/name/maxLength"), json!(10), 0),
        (&format!("{body}/responses/404"), json!({"description": "gone"}), 0),
    ];
    for (place, value, expected) in rows {
        let mut present = released.clone();
        *present.pointer_mut(place).expect("a place of the document") = value.clone();
        let found = breaks(&released, &present);
        assert_eq!(found.len(), expected, "{place} = {value}: {found:?}");
    }
}
