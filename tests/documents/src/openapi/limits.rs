//! How long, how large and of which form what callers send may be: told once, here, for whatever a body or a query takes.

mod forms;
mod table;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::merged;

pub(super) use forms::words as words_of;

/// Says it of every schema that a body leads to, and of every parameter of a query.
pub(super) fn tell(paths: &mut Value, schemas: &mut Map<String, Value>) {
    for name in sent(paths, schemas) {
        let Some(schema) = schemas.get_mut(&name) else { continue };
        add_to_fields(&name, schema);
        // What is one of several kinds has its fields in each of them.
        let kinds = schema.get_mut("oneOf").and_then(Value::as_array_mut);
        kinds.into_iter().flatten().for_each(|kind| add_to_fields(&name, kind));
    }
    for (path, item) in paths.as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let place = format!("{} {path}", method.to_ascii_uppercase());
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                if parameter["in"] == "query"
                    && let Some(limit) = of_a_day(&parameter["schema"]).or_else(|| table::asked(&place, &name))
                {
                    join(&mut parameter["schema"], limit);
                }
            }
        }
    }
}

/// The names of the schemas that bodies of requests lead to.
fn sent(paths: &Value, schemas: &Map<String, Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let items = paths.as_object().into_iter().flat_map(Map::values);
    for operation in items.filter_map(Value::as_object).flat_map(Map::values) {
        follow(&operation["requestBody"], schemas, &mut found);
    }
    found
}

fn follow(from: &Value, schemas: &Map<String, Value>, found: &mut BTreeSet<String>) {
    for reference in super::all_under(from, "$ref").into_iter().filter_map(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        if found.insert(name.to_owned())
            && let Some(schema) = schemas.get(name)
        {
            follow(schema, schemas, found);
        }
    }
}

fn add_to_fields(of: &str, schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
    properties.for_each(|(field, schema)| add(of, field, schema));
}

/// The limits of a field, of the entries of a list and of the values of a map.
fn add(of: &str, field: &str, schema: &mut Value) {
    if let Some(limit) = table::limit(of, field).or_else(|| of_a_day(schema)) {
        join(schema, limit);
    }
    for (part, name) in [("items", format!("{field}[]")), ("additionalProperties", format!("{field}.*"))] {
        if schema[part].is_object() {
            add(of, &name, &mut schema[part]);
        }
    }
}

/// A calendar has days that no ledger has: those of the year 0000 are days to the format.
fn of_a_day(schema: &Value) -> Option<Value> {
    (schema["format"] == "date").then(forms::day)
}

/// Adds a limit; what the schema says itself stands.
fn join(schema: &mut Value, limit: Value) {
    let may_be_null = schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    let (Some(schema), Value::Object(limit)) = (schema.as_object_mut(), limit) else { return };
    for (name, mut value) in limit {
        if name == "enum"
            && may_be_null
            && let Some(words) = value.as_array_mut()
        {
            words.push(Value::Null);
        }
        // The least that a number's type says gives way, and that names of a map are texts.
        if matches!(name.as_str(), "minimum" | "propertyNames") || !schema.contains_key(&name) {
            schema.insert(name, value);
        }
    }
}

/// Is it said how far a value goes?
fn is_limited(schema: &Value) -> bool {
    let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    let says = |names: &[&str]| names.iter().any(|name| !schema[*name].is_null());
    kinds.iter().filter_map(Value::as_str).all(|kind| match kind {
        "string" => says(&["maxLength", "pattern", "enum", "const"]) || is_instant(schema),
        "integer" | "number" => says(&["maximum", "enum"]),
        "array" => says(&["maxItems"]),
        _ => true,
    })
}

fn is_instant(schema: &Value) -> bool {
    schema["format"] == "date-time" || schema["format"] == "date"
}

/// The parts of a schema that are not limited.
fn unlimited(name: &str, schema: &Value, found: &mut BTreeSet<String>) {
    if !is_limited(schema) {
        found.insert(name.to_owned());
    }
    for part in ["items", "additionalProperties"] {
        if schema[part].is_object() {
            unlimited(&format!("{name} {part}"), &schema[part], found);
        }
    }
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        unlimited(&format!("{name}/{field}"), property, found);
    }
    for kind in schema["oneOf"].as_array().into_iter().flatten() {
        unlimited(name, kind, found);
    }
}

#[test]
fn whatever_a_request_takes_says_how_far_it_goes() {
    let document = merged();
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let mut found = BTreeSet::new();
    for name in sent(&document["paths"], &schemas) {
        unlimited(&name, &schemas[&name], &mut found);
    }
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
                unlimited(&format!("{method} {path} {}", parameter["name"]), &parameter["schema"], &mut found);
            }
        }
    }
    assert_eq!(found, BTreeSet::new(), "texts, numbers and lists without a limit: openapi/limits/table.rs");
}
