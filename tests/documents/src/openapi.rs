//! `docs/openapi.json`: what the HTTP functions answer, in one document; and the routes of template.yaml.

mod complete;
mod declared;
mod examples;
mod limits;
mod payees;
mod released;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use edge::csv::Format;
use local::template::{Place, Template};
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::tree;

type Operation = (String, String, String);

fn documents() -> BTreeMap<&'static str, Value> {
    let of = |document| serde_json::to_value(document).expect("an OpenAPI document is JSON");
    BTreeMap::from([
        ("admin-api", of(admin_api::openapi())),
        ("click-tracker", of(click_tracker::openapi())),
        ("partner-api", of(partner_api::openapi())),
        ("payout-approval", of(payout_approval::openapi())),
        ("revenue-api", of(revenue_api::openapi())),
        ("webhook-ingest", of(webhook_ingest::openapi())),
    ])
}

/// Takes in members, and refuses two different things under one name.
fn unite(into: &mut Map<String, Value>, from: &Value, what: &str) {
    for (name, value) in from.as_object().into_iter().flatten() {
        if let Some(there) = into.get(name) {
            assert_eq!(there, value, "two functions mean different things by the {what} {name}");
        }
        into.insert(name.clone(), value.clone());
    }
}

pub(crate) fn merged() -> Value {
    let mut paths = Map::new();
    let mut components: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    // A type that only a parameter names is not collected by the macros.
    let format = serde_json::to_value(Format::schema()).expect("a schema is JSON");
    components.entry("schemas".to_owned()).or_default().insert(Format::name().into_owned(), format);
    let mut tags = BTreeMap::new();
    for (function, document) in documents() {
        let mut own = named(&document["paths"]);
        complete::with_layers(function, &mut own);
        // One path may be two functions': each has methods of its own there.
        for (path, item) in own.as_object().into_iter().flatten() {
            let known = paths.entry(path.clone()).or_insert_with(|| json!({}));
            unite(known.as_object_mut().expect("a path is an object"), item, path);
        }
        for (kind, members) in document["components"].as_object().into_iter().flatten() {
            unite(components.entry(kind.clone()).or_default(), members, kind);
        }
        for tag in document["tags"].as_array().into_iter().flatten() {
            tags.insert(tag["name"].to_string(), tag.clone());
        }
    }
    describe(&mut paths, &components["schemas"]);
    let mut whole = Value::Object(paths);
    limits::tell(&mut whole, components.entry("schemas".to_owned()).or_default());
    let mut paths = whole.as_object().cloned().expect("paths are an object");
    complete::complete(&mut paths, &mut components);
    // Texts are sorted here, so that the file does not depend on how a map of JSON was compiled.
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tributary",
            "version": "1",
            "description": "Clicks, sales, commissions and payouts. Amounts are decimal texts beside their currency; instants are RFC 3339 in UTC; refusals are application/problem+json.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths.into_iter().collect::<BTreeMap<_, _>>(),
        "components": components,
        "tags": tags.into_values().collect::<Vec<_>>(),
    })
}

/// Says what a response is, where its function does not: what it answers says so itself.
fn describe(paths: &mut Map<String, Value>, schemas: &Map<String, Value>) {
    let items = paths.values_mut().filter_map(Value::as_object_mut);
    let operations = items.flat_map(Map::values_mut);
    let responses = operations.filter_map(|operation| operation["responses"].as_object_mut()).flat_map(Map::values_mut);
    for response in responses.filter(|response| response["description"].is_null()) {
        let name = response.pointer("/content/application~1json/schema/$ref").and_then(Value::as_str);
        let schema = name.and_then(|name| schemas.get(name.rsplit('/').next()?));
        response["description"] = schema.map_or(Value::Null, |schema| schema["description"].clone());
    }
}

/// The paths, with a name for each operation that no other has: `get_partners_by_id`.
fn named(paths: &Value) -> Value {
    let mut paths = paths.clone();
    for (path, item) in paths.as_object_mut().into_iter().flatten() {
        let words: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty() && *part != "v1")
            .map(|part| {
                part.strip_prefix('{')
                    .map_or_else(|| part.to_owned(), |name| format!("by_{}", name.trim_end_matches('}')))
            })
            .collect();
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            operation["operationId"] = format!("{method}_{}", words.join("_").replace('-', "_")).into();
        }
    }
    paths
}

fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).expect("JSON is text") + "\n"
}

pub(crate) fn operations_in_code() -> BTreeSet<Operation> {
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let mut found = BTreeSet::new();
    for (function, document) in documents() {
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for method in item.as_object().into_iter().flat_map(Map::keys).filter(|key| methods.contains(&key.as_str()))
            {
                found.insert((method.to_ascii_uppercase(), path.clone(), function.to_owned()));
            }
        }
    }
    found
}

/// The routes of the template. Where GET is answered, HEAD is too: it is a route there and no operation of its own.
fn operations_in_template() -> BTreeSet<Operation> {
    let template = Template::read(&tree::root().join("template.yaml")).expect("template.yaml reads");
    let plan = template.plan(&Place::default()).expect("template.yaml is understood");
    let routes: BTreeSet<Operation> =
        plan.routes.into_iter().map(|route| (route.method, route.path, route.function)).collect();
    let is_shadow = |(method, path, function): &Operation| {
        method == "HEAD" && routes.contains(&("GET".to_owned(), path.clone(), function.clone()))
    };
    // Nor is the route of what no other takes.
    routes.iter().filter(|route| !is_shadow(route) && route.1 != "/$default").cloned().collect()
}

#[test]
fn the_openapi_document_is_what_the_functions_declare() {
    tree::compare("docs/openapi.json", &pretty(&merged()));
}

#[test]
fn the_routes_of_the_template_are_the_paths_of_the_code() {
    let (code, template) = (operations_in_code(), operations_in_template());
    let only_in_code: Vec<_> = code.difference(&template).collect();
    let only_in_template: Vec<_> = template.difference(&code).collect();
    assert!(
        only_in_code.is_empty() && only_in_template.is_empty(),
        "only in code: {only_in_code:?}\nonly in template.yaml: {only_in_template:?}"
    );
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_does() {
    let mut names = BTreeSet::new();
    for (path, item) in merged()["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            assert!(operation["summary"].is_string(), "{method} {path} does not say what it does");
            let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            assert!(names.insert(name.to_owned()), "{method} {path}: another operation is called {name} too");
        }
    }
}

/// Every value under a key, wherever it stands.
fn all_under<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| if name == key { vec![value] } else { all_under(value, key) })
            .collect(),
        Value::Array(items) => items.iter().flat_map(|item| all_under(item, key)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_response_says_what_it_is() {
    let document = merged();
    for reference in all_under(&document, "$ref").into_iter().filter_map(Value::as_str) {
        let is_there = document.pointer(reference.trim_start_matches('#')).is_some();
        assert!(is_there, "{reference} is not in the document");
    }
    for responses in all_under(&document["paths"], "responses") {
        for (status, response) in responses.as_object().into_iter().flatten() {
            let says = response["description"].is_string() || response["$ref"].is_string();
            assert!(says, "a response {status} does not say what it is: {response}");
        }
    }
}
