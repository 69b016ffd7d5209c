//! API-6: what was released stays. `docs/openapi-released.json` is what the document of the last release promises, and
//! changes with one alone; whoever built upon it must be able to go on.

mod breaks;

use serde_json::{Map, Value};

use self::breaks::breaks;
use super::{merged, pretty};
use crate::tree;

/// The document of the last release.
const RELEASED: &str = "docs/openapi-released.json";

/// The version that is built, and which of them the released document is.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Patterns that took the place of one that takes less, as a person has found: the released one, and the present one. No
/// machine says which of two patterns takes more, so that any other is told as a break.
const WIDER: [(&str, &str); 0] = [];

/// What the released document told wrongly, and no door ever took, as a person has found. It ends with the next release.
const NEVER_TAKEN: [&str; 2] = [
    "PUT /v1/revenue/payouts/policy body/schedule: day_of_month is not taken any more: \
     PUT /v1/revenue/payouts/policy body/schedule/*: no other is taken any more",
    "PUT /v1/revenue/payouts/policy body/schedule: weekly is not taken any more: \
     PUT /v1/revenue/payouts/policy body/schedule/*: no other is taken any more",
];

/// What a document says to people, and to whom it speaks: nobody's program depends on it.
const WORDS: [&str; 8] = ["description", "example", "examples", "summary", "tags", "title", "x-roles", "x-scopes"];

/// What a document promises: all of it but its words. The names of fields are no words, whatever they are.
fn promised(value: &Value, are_names: bool) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| are_names || !WORDS.contains(&name.as_str()));
            let told = kept.map(|(name, value)| (name.clone(), promised(value, !are_names && name == "properties")));
            Value::Object(told.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| promised(item, false)).collect(),
        plain => plain.clone(),
    }
}

fn released() -> Value {
    serde_json::from_str(&tree::read(RELEASED)).expect("the released document is JSON")
}

/// With `RELEASE_DOCS=1` the present document becomes the released one: behind the look alone, so that no release moves it
/// over a break.
#[test]
fn nothing_that_was_released_is_taken_away_or_narrowed() {
    let mut present = promised(&merged(), false);
    assert_eq!(breaks(&released(), &present, &WIDER), NEVER_TAKEN);
    if std::env::var_os("RELEASE_DOCS").is_some() {
        present["info"]["x-release"] = VERSION.into();
        std::fs::write(tree::root().join(RELEASED), pretty(&present)).expect("the released document is written");
    }
}

#[test]
fn the_released_document_is_that_of_the_version_which_is_built() {
    let told = released()["info"]["x-release"].clone();
    let how = "RELEASE_DOCS=1 cargo test -p documents nothing_that_was_released";
    assert_eq!(told, VERSION, "a new version promises all that it has: {how}");
}

#[test]
fn a_promise_is_all_of_a_document_but_its_words() {
    let document = serde_json::json!({
        "paths": {"/things": {"get": {"summary": "Things.", "x-roles": ["admin"], "security": [{"key": []}]}}},
        "components": {"schemas": {"Thing": {
            "description": "A thing.", "required": ["title"],
            "properties": {
                "title": {"type": "string", "example": "Moby Dick"},
                "properties": {"type": "object", "properties": {"tags": {"title": "Tags", "enum": ["title"]}}},
            },
        }}},
    });
    let told = serde_json::json!({
        "paths": {"/things": {"get": {"security": [{"key": []}]}}},
        "components": {"schemas": {"Thing": {
            "required": ["title"],
            "properties": {
                "title": {"type": "string"},
                "properties": {"type": "object", "properties": {"tags": {"enum": ["title"]}}},
            },
        }}},
    });
    assert_eq!(promised(&document, false), told);
    assert_eq!(breaks(&document, &told, &WIDER), Vec::<String>::new(), "and nobody breaks at a word");
}
