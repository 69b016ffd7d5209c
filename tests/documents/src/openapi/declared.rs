//! What is the same wherever it stands, and is enforced in one place for all: the length of a page, the shape of an
//! Idempotency-Key and of an ETag, lists as CSV.

use serde_json::{Value, json};

/// Parameters that mean the same at every door: name, and what its schema says besides. Enforced by `edge::page`,
/// `edge::idempotency` and `edge::revision`.
fn known(name: &str, is_required: bool) -> Option<Value> {
    Some(match name {
        "limit" => json!({ "minimum": 1, "maximum": edge::page::LIMIT_MAX }),
        "Idempotency-Key" => json!({ "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
        "If-Match" => seen(is_required),
        _ => return None,
    })
}

/// What `If-Match` may say. An empty one is neither: RFC 9110 lets a list of no ETags stand, and no version of anything
/// meets it; whoever sends it has lost what they read. Where it is required, `*` would say nothing of what was seen.
fn seen(is_required: bool) -> Value {
    let version =
        json!({ "pattern": "^\"[0-9]{1,19}\"$", "description": "The ETag as it was answered.", "examples": ["\"3\""] });
    let any = json!({ "const": "*", "description": "Whatever version there is." });
    if is_required { version } else { json!({ "anyOf": [any, version] }) }
}

/// Says it of an operation.
pub(super) fn declare(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        never_null(parameter);
        let is_required = parameter["required"] == true;
        if let Some(Value::Object(more)) = known(&name, is_required) {
            let Some(schema) = parameter["schema"].as_object_mut() else { continue };
            for (name, value) in more {
                // A list with shorter pages says so itself; the least that a number's type says gives way.
                if name != "maximum" || !schema.contains_key(&name) {
                    schema.insert(name, value);
                }
            }
        }
    }
    told_once(operation);
    let has_format = |parameter: &Value| parameter["name"] == "format" && parameter["in"] == "query";
    if operation["parameters"].as_array().is_some_and(|parameters| parameters.iter().any(has_format)) {
        list_as_csv(&mut operation["responses"]["200"]);
    }
}

/// A header or a part of an address is left out, or is text: none of them is null.
pub(super) fn never_null(parameter: &mut Value) {
    let kinds = parameter["schema"]["type"].as_array().cloned().unwrap_or_default();
    if let (2, Some(kind)) = (kinds.len(), kinds.iter().find(|kind| *kind != "null")) {
        parameter["schema"]["type"] = kind.clone();
    }
}

/// A parameter that two places tell of is one: the schema that names what it is stands.
fn told_once(operation: &mut Value) {
    let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else { return };
    let named: Vec<Value> = parameters.iter().filter(|one| one["schema"]["$ref"].is_string()).cloned().collect();
    let is_again = |one: &Value| {
        named.iter().any(|other| other["name"] == one["name"] && other["in"] == one["in"] && other != one)
    };
    parameters.retain(|one| !is_again(one));
}

/// A list whose format can be asked for is CSV as well.
fn list_as_csv(response: &mut Value) {
    let Some(content) = response["content"].as_object_mut() else { return };
    let csv = json!({ "schema": { "type": "string", "description": "A header, then a row each (RFC 4180)." } });
    content.entry("text/csv").or_insert(csv);
}

/// A body that may be left out is absent then; no door reads `null`.
pub(super) fn drop_null_bodies(operation: &mut Value) {
    let json = operation.pointer_mut("/requestBody/content/application~1json");
    let Some(content) = json.and_then(Value::as_object_mut) else { return };
    let either = content.get("schema").and_then(|schema| schema["oneOf"].as_array().cloned()).unwrap_or_default();
    let bodies: Vec<&Value> = either.iter().filter(|one| one["type"] != "null").collect();
    if let (2, [body]) = (either.len(), bodies.as_slice()) {
        let body = (*body).clone();
        content.insert("schema".to_owned(), body);
    }
}
