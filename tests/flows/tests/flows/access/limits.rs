//! The limits that docs/openapi.json tells are those that the running doors enforce: of each field and parameter one more
//! is refused by its name, and the limit itself is not.

use serde_json::{Map, Value, json};

use super::operations::{Operation, schemas};
use super::{Asked, Doors, Told, assert_none};

/// Fields whose limit hangs on another field: what is kept of an award is less than the award, and only what was not paid
/// has a reason.
const RELATED: [(&str, &str); 2] =
    [("/v1/revenue/payouts/award-policy", "/retention"), ("/v1/revenue/payouts/{id}/resolve", "/reason")];
/// How deep fields are looked for.
const DEPTH_MAX: usize = 4;

/// A field of a body, or a parameter of a query, with a value for it.
#[derive(Clone, Debug)]
struct Trial {
    /// A JSON pointer, or a parameter's name.
    place: String,
    value: Value,
    is_beyond: bool,
}

/// Everything that is tried of one schema, under a place.
fn trials(schema: &Value, place: &str, schemas: &Map<String, Value>, depth: usize) -> Vec<Trial> {
    let schema = resolved(schema, schemas);
    let mut found = of_value(schema, place, schemas);
    if depth < DEPTH_MAX {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            found.extend(trials(property, &format!("{place}/{name}"), schemas, depth + 1));
        }
    }
    found
}

/// The schema that is meant: behind a reference, and behind "or null".
fn resolved<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let mut either = schema["oneOf"].as_array().into_iter().flatten();
    let schema = either.find(|one| one["type"] != "null").unwrap_or(schema);
    let named = schema["$ref"].as_str().and_then(|name| schemas.get(name.rsplit('/').next()?));
    named.unwrap_or(schema)
}

fn of_value(schema: &Value, place: &str, schemas: &Map<String, Value>) -> Vec<Trial> {
    let trial = |value: Value, is_beyond| Trial { place: place.to_owned(), value, is_beyond };
    let is = |kind: &str| {
        schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!(kind)))
    };
    let mut found = Vec::new();
    if is("string") {
        found.extend(texts(schema).into_iter().map(|(value, is_beyond)| trial(value, is_beyond)));
    }
    if is("integer") {
        found.extend(
            schema["maximum"]
                .as_u64()
                .into_iter()
                .flat_map(|most| [trial(json!(most), false), trial(json!(most + 1), true)]),
        );
        found.extend(schema["minimum"].as_i64().map(|least| trial(json!(least - 1), true)));
    }
    if let Some(members) = schema["properties"].as_object().filter(|_| !place.is_empty()) {
        // An object is no list of its fields in their order.
        found.push(trial(members.values().map(|_| Value::Null).collect(), true));
    }
    if is("array") {
        let entry = |n: u64| entry(&schema["items"], n, schemas);
        let most = schema["maxItems"].as_u64();
        found.extend(most.map(|most| trial((0..=most).map(entry).collect(), true)));
        found.extend(schema["minItems"].as_u64().filter(|least| *least > 0).map(|_| trial(json!([]), true)));
    }
    found
}

/// An entry of a list, another one each time where it can be.
fn entry(schema: &Value, n: u64, schemas: &Map<String, Value>) -> Value {
    let schema = resolved(schema, schemas);
    match (&schema["enum"][0], schema["type"].as_str()) {
        (Value::Null, Some("string")) => json!(format!("entry{n}")),
        (Value::Null, _) => json!({}),
        (word, _) => word.clone(),
    }
}

/// Texts at the limit and beyond it.
fn texts(schema: &Value) -> Vec<(Value, bool)> {
    let mut found = Vec::new();
    if schema["enum"].is_array() || schema["pattern"].is_string() || !schema["format"].is_null() {
        // No form has it, and no word is it.
        found.push((json!("\u{1}"), true));
    }
    let filler = filler(schema);
    let of = |chars: u64| Value::from(filler.repeat(usize::try_from(chars).expect("a length")));
    if let Some(most) = schema["maxLength"].as_u64() {
        found.push((of(most + 1), true));
        // What has a form of its own is taken by its examples; here it is lengths that are asked for.
        if is_by_length(schema) {
            found.push((of(most), false));
        }
    }
    if let Some(least) = schema["minLength"].as_u64().filter(|least| *least > 0) {
        found.push((of(least - 1), true));
    }
    found
}

/// Is a text of one character, repeated, of the form?
fn is_by_length(schema: &Value) -> bool {
    let pattern = schema["pattern"].as_str().unwrap_or("^[^");
    schema["format"].is_null() && (pattern.starts_with("^[^") || pattern.starts_with("^(\\n|[^"))
}

fn filler(schema: &Value) -> &'static str {
    match schema["pattern"].as_str() {
        Some(pattern) if pattern.starts_with("^[^") || pattern.starts_with("^(\\n|[^") || pattern.contains("a-z") => {
            "a"
        }
        Some(pattern) if pattern.contains("A-Z") => "A",
        Some(_) => "1",
        None => "a",
    }
}

/// The body with one field as it is tried; `None` where the example has no place for it.
fn with(body: &Value, trial: &Trial) -> Option<Value> {
    let mut body = body.clone();
    let (parent, name) = trial.place.rsplit_once('/')?;
    body.pointer_mut(parent)?.as_object_mut()?.insert(name.to_owned(), trial.value.clone());
    Some(body)
}

/// Does a refusal name the place, or what it stands in or leads to?
fn names(told: &Told, place: &str) -> bool {
    let errors = told.body["errors"].as_array().into_iter().flatten();
    let mut named = errors.filter_map(|error| error["pointer"].as_str().or(error["parameter"].as_str()));
    named.any(|named| named.starts_with(place) || (!named.is_empty() && place.starts_with(named)))
}

/// What is wrong with an answer to a trial.
fn fault(operation: &Operation, trial: &Trial, told: &Told) -> Option<String> {
    // API-2: what the document tells of a field is a form, and a form is 400; 422 is of what no schema tells. What is looked
    // for first and is not there, or cannot be now, is told before the field is read.
    let is_right = if trial.is_beyond {
        (400..500).contains(&told.status) && !(told.status == 422 && names(told, &trial.place))
    } else {
        !is_refused(trial, told)
    };
    if is_right || RELATED.contains(&(operation.path.as_str(), trial.place.as_str())) {
        return None;
    }
    let shown: String = trial.value.to_string().chars().take(40).collect();
    let what = if trial.is_beyond { "beyond, and not refused as a form" } else { "the limit, and refused" };
    Some(format!("{operation} {} = {shown}: {what}: {} {}", trial.place, told.status, told.body["errors"]))
}

/// Is the very place named?
fn is_its_own(trial: &Trial, told: &Told) -> bool {
    let mut errors = told.body["errors"].as_array().into_iter().flatten();
    errors.any(|error| error["pointer"] == trial.place.as_str() || error["parameter"] == trial.place.as_str())
}

/// Is the value refused by the name of its field: as a form, or by the very place for what no form tells?
fn is_refused(trial: &Trial, told: &Told) -> bool {
    (told.status == 400 && names(told, &trial.place)) || (told.status == 422 && is_its_own(trial, told))
}

#[tokio::test]
async fn a_limit_that_is_told_is_the_limit_that_is_enforced() {
    let doors = Doors::open().await;
    let schemas = schemas();
    let (mut wrong, mut refused, mut asked) = (Vec::new(), 0_u32, 0_u32);
    for operation in doors.guarded() {
        let Some(key) = doors.key_for(operation).filter(|_| !operation.is_of_a_person()) else { continue };
        let operation = doors.of_things_that_are(operation);
        for (request, trial) in requests(&operation, key, &schemas) {
            let told = doors.ask(&operation, request).await;
            asked += 1;
            refused += u32::from(trial.is_beyond && is_refused(&trial, &told));
            wrong.extend(fault(&operation, &trial, &told));
        }
    }
    assert_none("limits", &wrong);
    assert!(refused > 300, "only {refused} of {asked} requests were refused by name");
}

/// Every trial of an operation with its request.
fn requests<'a>(operation: &Operation, key: &'a str, schemas: &Map<String, Value>) -> Vec<(Asked<'a>, Trial)> {
    let asked = Asked { key: Some(key), ..Asked::default() };
    let mut found = Vec::new();
    for trial in trials(&operation.schema, "", schemas, 0) {
        let body = operation.body.as_ref().and_then(|body| with(body, &trial));
        found.extend(body.map(|body| (Asked { body: Some(body.to_string()), ..asked.clone() }, trial)));
    }
    for (name, schema) in &operation.parameters {
        for trial in of_value(schema, name, schemas)
            .into_iter()
            .filter(|trial| trial.value.is_string() || trial.value.is_number())
        {
            let value =
                trial.value.as_str().map_or_else(|| trial.value.to_string(), |text| text.replace('\u{1}', "%01"));
            // Beside what is needed, and instead of it where it is the same.
            let needed = operation.query.trim_start_matches('?').split('&');
            let needed = needed.filter(|pair| !pair.is_empty() && !pair.starts_with(&format!("{name}=")));
            let pairs: Vec<String> = needed.map(str::to_owned).chain([format!("{name}={value}")]).collect();
            found.push((Asked { query: Some(format!("?{}", pairs.join("&"))), ..asked.clone() }, trial));
        }
    }
    found
}
