//! What no function can say of its own operations alone: the answers of the layers around all doors, who may call, and
//! an example of each request and answer.

use std::collections::BTreeMap;

use domain::role::Role;
use domain::scope::Scope;
use serde_json::{Map, Value, json};

use super::declared::{declare, drop_null_bodies};
use super::examples::example_of;
use crate::access;

/// The functions whose doors have limits and negotiation around them (`edge::api`).
const API: [&str; 4] = ["admin-api", "partner-api", "payout-approval", "revenue-api"];
/// Refusals that are the same everywhere: status, name, title, and an example of what the detail says.
const REFUSALS: [(&str, &str, &str, &str, &str); 13] = [
    ("400", "BadRequest", "bad request", "bad-request", "missing field `name`"),
    ("401", "Unauthorized", "unauthorized", "unauthorized", "this API key is not valid"),
    ("403", "Forbidden", "forbidden", "forbidden", "the role auditor may not do this; admin may"),
    ("404", "NotFound", "not found", "not-found", "no such resource"),
    ("405", "MethodNotAllowed", "method not allowed", "method-not-allowed", "this path has no such method"),
    ("406", "NotAcceptable", "not acceptable", "not-acceptable", "the answer is application/json"),
    ("409", "Conflict", "conflict", "conflict", "the first request with this Idempotency-Key is still at work"),
    (
        "412",
        "Stale",
        "precondition failed",
        "precondition-failed",
        "this has changed since it was read: it was at version 3, it is at 4; read it again",
    ),
    ("413", "TooLarge", "content too large", "too-large", "the body is larger than 262144 bytes"),
    (
        "415",
        "UnsupportedMediaType",
        "unsupported media type",
        "unsupported-media-type",
        "the body must be application/json",
    ),
    (
        "422",
        "Unprocessable",
        "unprocessable content",
        "unprocessable",
        "this Idempotency-Key was used for another request",
    ),
    ("429", "TooManyRequests", "too many requests", "too-many-requests", "try again in 42 s"),
    ("503", "Unavailable", "unavailable", "unavailable", "the store did not answer; try again"),
];

/// What the layers around a function's doors answer besides.
pub(super) fn with_layers(function: &str, paths: &mut Value) {
    if !API.contains(&function) {
        return;
    }
    each_operation(paths, |_, _, operation| {
        let has_if_match = parameters(operation).any(|parameter| parameter["name"] == "If-Match");
        let is_for_callers = operation["security"].is_array();
        let responses = &mut operation["responses"];
        responses["406"] = refusal_of("Nothing that the caller accepts is what this answers.");
        if is_for_callers {
            responses["429"] = refusal_of("More calls than the caller may make; `Retry-After` says when to try again.");
        }
        if has_if_match {
            responses["412"] = refusal_of("It has changed since the caller read it; both versions are named.");
        }
    });
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

fn refusal_of(description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

/// Refusals in one place each, with an example; examples of requests and answers; who may call.
pub(super) fn complete(paths: &mut Map<String, Value>, components: &mut BTreeMap<String, Map<String, Value>>) {
    let access = access::table();
    let schemas = components.get("schemas").cloned().unwrap_or_default();
    let mut whole = Value::Object(std::mem::take(paths));
    each_operation(&mut whole, |method, path, operation| {
        declare(operation);
        drop_null_bodies(operation);
        if let Some(roles) = access.get(&format!("{} {path}", method.to_ascii_uppercase())) {
            operation["x-roles"] = json!(roles);
            operation["x-scopes"] = json!(scopes(method, path, roles));
        }
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            shorten(status, response);
            exemplify(&mut response["content"], &schemas);
        }
        if operation["requestBody"].is_object() {
            exemplify(&mut operation["requestBody"]["content"], &schemas);
        }
        unwrap_null(operation);
    });
    if let Value::Object(whole) = whole {
        *paths = whole;
    }
    let responses = REFUSALS.map(|(status, name, title, kind, detail)| {
        let status: u16 = status.parse().expect("a status");
        let mut response = refusal_of(title);
        response["content"]["application/problem+json"]["example"] = json!({
            "type": format!("urn:tributary:problem:{kind}"), "title": title, "status": status, "detail": detail,
            "instance": "/v1/programs", "correlation_id": "5f2d6c0e9b7a41d38c1e2f3a4b5c6d7e",
        });
        (name.to_owned(), response)
    });
    components.entry("responses".to_owned()).or_default().extend(responses);
}

/// API-4: the scopes by which a machine's key opens an operation; none where it needs a person, or no credentials.
fn scopes(method: &str, path: &str, roles: &[String]) -> Vec<String> {
    let is_for = |role: Role| roles.iter().any(|word| word == role.word());
    let needed = Scope::needed(&method.to_ascii_uppercase(), path).filter(|scope| scope.is_for_machines());
    // A machine passes where an admin does, and through its own doors.
    needed.filter(|_| is_for(Role::Admin) || is_for(Role::Service)).map(|scope| scope.to_string()).into_iter().collect()
}

/// A refusal that says nothing of its own is the shared one; another one keeps its words.
fn shorten(status: &str, response: &mut Value) {
    let Some(problem) = response["content"].get_mut("application/problem+json") else { return };
    problem["schema"] = json!({ "$ref": "#/components/schemas/Problem" });
    let shared = REFUSALS.iter().find(|(known, ..)| *known == status);
    if let Some((_, name, _, kind, detail)) = shared {
        let words = response["description"].as_str().unwrap_or_default().to_owned();
        response["content"]["application/problem+json"]["example"] = json!({
            "type": format!("urn:tributary:problem:{kind}"), "title": kind.replace('-', " "),
            "status": status.parse::<u16>().unwrap_or_default(), "detail": detail,
            "instance": "/v1/programs", "correlation_id": "5f2d6c0e9b7a41d38c1e2f3a4b5c6d7e",
        });
        if SHARED_WORDS.contains(&words.as_str()) {
            *response = json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
}

/// How `edge::openapi` describes refusals.
const SHARED_WORDS: [&str; 9] = [
    "Something in the request is not as declared.",
    "No credentials, or bad ones.",
    "The role may not do this.",
    "Not there, or somebody else's.",
    "Something that this needs is away; try again.",
    "The state of things does not allow it now, or the first request is still at work.",
    "The body is too large.",
    "The body is not JSON.",
    "Well formed and not possible, or the idempotency key was used for another request.",
];

/// Gives each JSON content an example, where its author has given none.
fn exemplify(content: &mut Value, schemas: &Map<String, Value>) {
    let json = content.as_object_mut().and_then(|content| content.get_mut("application/json"));
    let Some(json) = json.filter(|json| json["example"].is_null() && json["examples"].is_null()) else { return };
    json["example"] = example_of(&json["schema"], schemas);
}

/// Indexing above leaves a null where there was nothing.
fn unwrap_null(operation: &mut Value) {
    for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some(members) = response.as_object_mut().filter(|members| members.get("content") == Some(&Value::Null)) {
            members.remove("content");
        }
    }
}

fn each_operation(paths: &mut Value, mut what: impl FnMut(&str, &str, &mut Value)) {
    for (path, item) in paths.as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            what(method, path, operation);
        }
    }
}
