//! An example of what a schema describes: of its own examples, where it has some, else something that a door takes.

use serde_json::{Map, Value, json};

/// Schemas that lead back to themselves end here.
const DEPTH_MAX: usize = 8;

/// What fields are called that mean the same everywhere, and what one of them looks like.
const BY_NAME: [(&str, &str); 22] = [
    ("currency", "USD"),
    ("from_currency", "EUR"),
    ("to_currency", "USD"),
    ("amount", "10.00"),
    ("total_amount", "10.00"),
    ("rate", "0.3"),
    ("email", "ada@example.com"),
    ("country", "DE"),
    ("time_zone", "Europe/Berlin"),
    ("name", "Ada Lovelace"),
    ("reason", "agreed with the partner"),
    ("destination", "https://shop.example/start"),
    ("url", "https://shop.example/hook"),
    ("partner_id", "par_01KSA104YMAFR7ZKSP7NEJD63W"),
    ("program_id", "prg_01KSA104XBVHA5AS3EDK1TFGWW"),
    ("member_id", "mem_01KSA104XBVHA5AS3EDK1TFGWW"),
    ("customer_id", "cus_01KSA104XBVHA5AS3EDK1TFGWW"),
    ("plan_id", "pln_01KSA104XBVHA5AS3EDK1TFGWW"),
    ("business_date", "2026-09-01"),
    ("seal", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
    ("rules_seal", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
    ("event_id", "evt_1"),
];

/// One value that the schema describes.
pub(super) fn example_of(schema: &Value, schemas: &Map<String, Value>) -> Value {
    example("", schema, schemas, DEPTH_MAX)
}

fn example(name: &str, schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let deeper = |schema: &Value| example(name, schema, schemas, depth - 1);
    for given in [&schema["example"], &schema["examples"][0], &schema["const"], &schema["default"]] {
        if !given.is_null() {
            return given.clone();
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let known = words.iter().find(|word| known(name).is_some_and(|known| *word == known));
        return known.or(words.first()).cloned().unwrap_or_default();
    }
    if let Some(referred) = schema["$ref"].as_str().and_then(|name| schemas.get(name.rsplit('/').next()?)) {
        return deeper(referred);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let objects = parts.iter().map(deeper).filter_map(|part| part.as_object().cloned());
        return Value::Object(objects.flatten().collect());
    }
    let either = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(one) = either.and_then(|either| either.iter().find(|one| one["type"] != "null")) {
        return deeper(one);
    }
    plain(name, schema, schemas, depth)
}

fn plain(name: &str, schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    match kind(schema) {
        "object" => object(schema, schemas, depth),
        "array" => json!([example(name, &schema["items"], schemas, depth - 1)]),
        "integer" | "number" => schema["minimum"].as_i64().map_or(json!(1), |least| json!(least.max(1))),
        "boolean" => json!(false),
        "string" => json!(text(name, schema)),
        _ => Value::Null,
    }
}

/// The first type that is not null.
fn kind(schema: &Value) -> &str {
    let several = schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str);
    schema["type"].as_str().or_else(|| several.into_iter().find(|kind| *kind != "null")).unwrap_or_default()
}

/// Whatever must be there, and whatever has an example of its own.
fn object(schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    let is_required = |name: &str| {
        schema["required"].as_array().is_some_and(|required| required.iter().any(|required| required == name))
    };
    let members = schema["properties"].as_object().into_iter().flatten();
    let members = members.filter(|(name, _)| is_required(name));
    Value::Object(members.map(|(name, schema)| (name.clone(), example(name, schema, schemas, depth - 1))).collect())
}

/// What one is like that is called so.
fn known(name: &str) -> Option<&'static str> {
    BY_NAME.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn text(name: &str, schema: &Value) -> String {
    let known = known(name).map(str::to_owned);
    let by_format = match schema["format"].as_str().unwrap_or_default() {
        "date-time" => Some("2026-09-01T00:00:00Z"),
        "date" => Some("2026-09-01"),
        "email" => Some("ada@example.com"),
        "uri" => Some("https://shop.example/"),
        _ if name.ends_with("_at") => Some("2026-09-01T00:00:00Z"),
        _ => None,
    };
    known.or(by_format.map(str::to_owned)).unwrap_or_else(|| "text".to_owned())
}
