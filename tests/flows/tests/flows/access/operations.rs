//! The operations of docs/openapi.json, each with a request that its door can read.

use std::fmt;

use reqwest::Method;
use serde_json::{Map, Value};

use crate::operator::root;

/// Ids of the right shape that nobody has, by the folder in which they stand.
const IDS: [(&str, &str); 3] = [("partners", "par"), ("programs", "prg"), ("members", "mem")];

/// What is behind the prefix of an id that nobody has.
pub(crate) const NOBODYS: &str = "01KSA104YMAFR7ZKSP7NEJD63W";

/// One operation, and how it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// With ids of the right shape.
    pub(crate) asked_path: String,
    /// Parameters that it needs, with the question mark.
    pub(crate) query: String,
    /// The example that the document gives.
    pub(crate) body: Option<Value>,
    /// What bodies are like.
    pub(crate) schema: Value,
    /// What may be asked for, by name.
    pub(crate) parameters: Vec<(String, Value)>,
    pub(crate) roles: Vec<String>,
    /// API-4: the scopes by which a machine's key opens it.
    pub(crate) scopes: Vec<String>,
    pub(crate) statuses: Vec<u16>,
    pub(crate) name: String,
    pub(crate) takes_once: bool,
    pub(crate) needs_once: bool,
    /// It must be said which version was seen.
    pub(crate) needs_version: bool,
    /// Its answers are negotiated: it is one of the four functions of the API.
    pub(crate) is_of_api: bool,
}

impl Operation {
    /// Does it ask for somebody who signed in, or for a key of a person's own?
    pub(crate) fn is_of_a_person(&self) -> bool {
        ["/v1/auth/", "/v1/api-keys", "/v1/partners/{id}/users"].iter().any(|of| self.path.starts_with(of))
    }

    /// Nobody needs credentials.
    pub(crate) fn is_open(&self) -> bool {
        self.roles.iter().any(|role| role == "everybody")
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.method, self.path)
    }
}

fn document() -> Value {
    let text = std::fs::read_to_string(root().join("docs/openapi.json")).expect("docs/openapi.json");
    serde_json::from_str(&text).expect("JSON")
}

/// The schemas of the document, by name.
pub(crate) fn schemas() -> Map<String, Value> {
    document()["components"]["schemas"].as_object().cloned().expect("schemas")
}

/// Every operation of the document.
pub(crate) fn all() -> Vec<Operation> {
    let document = document();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            operations.push(read(path, method, operation));
        }
    }
    operations
}

fn read(path: &str, method: &str, operation: &Value) -> Operation {
    let parameters = || operation["parameters"].as_array().into_iter().flatten();
    let once = parameters().find(|parameter| parameter["name"] == "Idempotency-Key");
    let version = parameters().find(|parameter| parameter["name"] == "If-Match");
    let needed = parameters().filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
    let needed: Vec<String> = needed.map(pair).collect();
    let statuses = operation["responses"].as_object().expect("responses").keys();
    let statuses: Vec<u16> = statuses.filter_map(|status| status.parse().ok()).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let asked = parameters().filter(|parameter| parameter["in"] == "query");
    let words = |name: &str| operation[name].as_array().into_iter().flatten().map(text).collect();
    Operation {
        method: Method::from_bytes(method.to_ascii_uppercase().as_bytes()).expect("a method"),
        path: path.to_owned(),
        asked_path: asked_path(path),
        query: if needed.is_empty() { String::new() } else { format!("?{}", needed.join("&")) },
        body: operation.pointer("/requestBody/content/application~1json/example").cloned(),
        schema: operation.pointer("/requestBody/content/application~1json/schema").cloned().unwrap_or_default(),
        parameters: asked.map(|parameter| (text(&parameter["name"]), parameter["schema"].clone())).collect(),
        roles: words("x-roles"),
        scopes: words("x-scopes"),
        is_of_api: statuses.contains(&406),
        statuses,
        name: text(&operation["operationId"]),
        takes_once: once.is_some(),
        needs_version: version.is_some_and(|version| version["required"] == true),
        needs_once: once.is_some_and(|once| once["required"] == true),
    }
}

fn pair(parameter: &Value) -> String {
    let name = parameter["name"].as_str().unwrap_or_default();
    let example = [&parameter["example"], &parameter["schema"]["example"]].into_iter().find(|value| !value.is_null());
    let value = match example {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "2026-09".to_owned(),
    };
    format!("{name}={value}")
}

/// Each parameter as an id that nobody has.
fn asked_path(path: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        let folder = parts.last().map(String::as_str).unwrap_or_default();
        let prefix = IDS.iter().find(|(known, _)| *known == folder).map_or("abc", |(_, prefix)| *prefix);
        let id = format!("{prefix}_{NOBODYS}");
        parts.push(if part.starts_with('{') { id } else { part.to_owned() });
    }
    parts.join("/")
}
