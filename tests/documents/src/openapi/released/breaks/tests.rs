//! Each kind of break, planted in a document and told; and beside it what only grows, and breaks nobody.

use serde_json::{Value, json};

use super::breaks;

/// Where, what stands there instead (null: nothing), and what is told; nothing where it breaks nobody.
type Row = (&'static str, Value, &'static str);

const POST: &str = "/paths/~1things/post";

fn released() -> Value {
    let reference = |name: &str| json!({"schema": {"$ref": format!("#/components/schemas/{name}")}});
    let limit = json!({
        "name": "limit", "in": "query", "required": false,
        "schema": {"type": "integer", "minimum": 1, "maximum": 100},
    });
    json!({
        "paths": {"/things": {
            "post": {
                "security": [{"key": []}, {"session": []}],
                "parameters": [limit],
                "requestBody": {"content": {"application/json": reference("Asked"), "text/csv": {}}},
                "responses": {
                    "200": {"headers": {"ETag": {}}, "content": {"application/json": reference("Told"), "text/csv": {}}},
                    "404": {"$ref": "#/components/responses/NotFound"},
                },
            },
            "get": {"responses": {"200": {}}},
        }},
        "components": {
            "responses": {"NotFound": {"content": {"application/problem+json": reference("Problem")}}},
            "schemas": {
                "Asked": asked(), "Told": told(),
                "Inner": {"type": "object", "properties": {
                    "rate": {"type": "string", "maxLength": 6}, "again": {"$ref": "#/components/schemas/Inner"},
                }},
                "Problem": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}},
            },
        },
    })
}

fn asked() -> Value {
    json!({
        "type": "object", "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 9, "pattern": "^[a-z]+$"},
            "count": {"type": "integer", "minimum": 1, "maximum": 9},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "note": {"type": ["string", "null"]},
            "custom": {"type": "object"},
            "data": {},
            "tags": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "maxLength": 5}},
            "names": {
                "type": "object", "maxProperties": 4, "propertyNames": {"type": "string", "maxLength": 5},
                "additionalProperties": {"type": "string", "maxLength": 5},
            },
            "inner": {"$ref": "#/components/schemas/Inner"},
            "when": {"oneOf": [
                {"type": "object", "required": ["day"], "properties": {"day": {"type": "integer", "maximum": 28}}},
                {"type": "object", "required": ["week"], "properties": {"week": {"type": "string"}}},
                {"type": "null"},
            ]},
            "version": {"anyOf": [{"const": "*"}, {"type": "string", "pattern": "^[0-9]+$"}]},
        },
    })
}

fn told() -> Value {
    json!({
        "type": "object", "required": ["id", "state"],
        "properties": {
            "id": {"type": "string"},
            "state": {"type": "string", "enum": ["open", "shut"]},
            "at": {"type": "string", "format": "date-time"},
            "count": {"type": "integer", "format": "int32"},
            "note": {"type": ["string", "null"]},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
            "names": {"type": "object", "additionalProperties": {"type": "string"}},
            "who": {"allOf": [
                {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                {"type": "object", "properties": {"name": {"type": "string"}}},
            ]},
            "means": {"oneOf": [
                {
                    "type": "object", "required": ["rail", "account"],
                    "properties": {"rail": {"enum": ["bank"]}, "account": {"type": "string"}},
                },
                {"type": "object", "required": ["rail"], "properties": {"rail": {"enum": ["check"]}}},
            ]},
        },
    })
}

fn planted(pointer: &str, value: &Value) -> Value {
    let mut document = released();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let name = name.replace("~1", "/");
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer} leads nowhere")) {
        Value::Array(items) if value.is_null() => {
            items.remove(name.parse::<usize>().expect("a place in a list"));
        }
        Value::Array(items) => items[name.parse::<usize>().expect("a place in a list")] = value.clone(),
        Value::Object(members) if value.is_null() => {
            members.remove(&name).unwrap_or_else(|| panic!("{pointer} is not there"));
        }
        Value::Object(members) => {
            members.insert(name, value.clone());
        }
        other => panic!("{pointer} leads into {other}"),
    }
    document
}

/// Plants each row below a place, and holds what is found against what it says.
fn hold(below: &str, rows: impl IntoIterator<Item = Row>) {
    for (place, value, told) in rows {
        let pointer = format!("{below}/{place}");
        let found = breaks(&released(), &planted(&pointer, &value), &[("^[a-z]+$", "^[a-z0-9]+$")]);
        if told.is_empty() {
            assert_eq!(found, Vec::<String>::new(), "{pointer} = {value} breaks nobody");
        } else {
            let is_told = found.len() == 1 && found[0].contains(told);
            assert!(is_told, "{pointer} = {value} is to be told once, as {told:?}: {found:?}");
        }
    }
}

#[test]
fn a_door_that_is_gone_or_lets_fewer_in_is_a_break() {
    let rows = [
        ("paths/~1things/get", Value::Null, "GET /things: gone"),
        ("paths/~1things/get/security", json!([{"key": []}]), "needs credentials now"),
        ("paths/~1things/post/security", json!([{"session": []}]), "{\"key\":[]} lets nobody in"),
        ("paths/~1things/post/security", json!([{"key": []}, {"session": []}, {"machine": []}]), ""),
        ("paths/~1things/post/security", json!([{"session": []}, {}]), ""),
        ("paths/~1things/post/security", Value::Null, ""),
        ("paths/~1things/put", json!({"responses": {}}), ""),
        ("paths/~1others", json!({"get": {"responses": {}}}), ""),
    ];
    hold("", rows);
    assert_eq!(breaks(&released(), &planted("/paths", &json!({})), &[]).len(), 2, "both doors are gone");
}

#[test]
fn a_parameter_that_is_gone_needed_or_narrower_is_a_break() {
    let other = |is_required: bool| json!({"name": "programme", "in": "query", "required": is_required, "schema": {}});
    let limit = released().pointer("/paths/~1things/post/parameters/0").cloned().expect("a parameter");
    hold(
        POST,
        [
            ("parameters", json!([]), "the parameter \"limit\" is gone"),
            ("parameters", json!([limit, other(true)]), "the parameter \"programme\" is needed now"),
            ("parameters", json!([limit, other(false)]), ""),
            ("parameters/0/in", json!("header"), "the parameter \"limit\" is gone"),
            ("parameters/0/required", json!(true), "needed now"),
            ("parameters/0/schema/type", json!("boolean"), "was integer, is boolean"),
            ("parameters/0/schema/maximum", json!(99), "maximum was 100, is 99"),
            ("parameters/0/schema/maximum", json!(101), ""),
            ("parameters/0/schema/minimum", json!(2), "minimum was 1, is 2"),
            ("parameters/0/schema/minimum", json!(0), ""),
            ("parameters/0/schema/multipleOf", json!(10), "multipleOf was null, is 10"),
        ],
    );
}

#[test]
fn a_body_that_is_needed_or_a_kind_of_it_that_is_not_taken_is_a_break() {
    hold(
        POST,
        [
            ("requestBody/required", json!(true), "the body is needed now"),
            ("requestBody/required", json!(false), ""),
            ("requestBody/content/text~1csv", Value::Null, "no text/csv any more"),
            ("requestBody/content/text~1plain", json!({}), ""),
        ],
    );
}

#[test]
fn an_answer_that_is_gone_is_a_break() {
    hold(
        POST,
        [
            ("responses/200", Value::Null, "200: never answered any more"),
            ("responses/404", Value::Null, "404: never answered any more"),
            ("responses/404", json!({"description": "Not there."}), "no application/problem+json any more"),
            ("responses/409", json!({}), ""),
            ("responses/200/content/text~1csv", Value::Null, "no text/csv any more"),
            ("responses/200/content/text~1plain", json!({}), ""),
            ("responses/200/headers/ETag", Value::Null, "the header ETag is gone"),
            ("responses/200/headers/Location", json!({}), ""),
        ],
    );
    hold("/components/schemas/Problem", [("required", json!([]), "404/title: may be missing now")]);
}

#[test]
fn a_field_that_is_not_taken_as_before_is_a_break() {
    let mut stranger = asked();
    stranger["properties"]["stranger"] = json!({"type": "string"});
    let mut needed = stranger.clone();
    needed["required"] = json!(["name", "stranger"]);
    hold("/components/schemas", [("Asked", needed, "body/stranger: needed now"), ("Asked", stranger, "")]);
    hold(
        "/components/schemas/Asked",
        [
            ("required", json!(["name", "note"]), "body/note: needed now"),
            ("required", json!([]), ""),
            ("additionalProperties", json!(false), "no other is taken any more"),
            ("additionalProperties", json!(true), ""),
            ("properties/note", Value::Null, "body/note: gone"),
            ("properties/note/type", json!(["string"]), "was null or string, is string"),
            ("properties/note/type", json!(["string", "null", "integer"]), ""),
            ("properties/count/type", json!("number"), ""),
            ("properties/data", json!({"type": "string"}), "was anything, is string"),
            ("properties/custom", json!({"type": "object", "required": ["id"]}), "custom/id: needed now"),
            ("properties/custom", json!({}), ""),
            ("properties/kind/enum", json!(["a"]), "\"b\" is not taken any more"),
            ("properties/kind/enum", json!(["a", "b", "c"]), ""),
            ("properties/kind", json!({"type": "string", "maxLength": 1}), ""),
            ("properties/kind", json!({"type": "string", "minLength": 2}), "minLength was 1, is 2"),
            ("properties/note/enum", json!(["a", null]), "some words alone are taken now"),
            ("properties/note/format", json!("date"), "format was None, is Some(\"date\")"),
            ("properties/count/format", json!("int32"), "format was None, is Some(\"int32\")"),
            ("properties/count/format", json!("int64"), ""),
        ],
    );
}

#[test]
fn a_limit_that_is_narrower_is_a_break() {
    hold(
        "/components/schemas/Asked/properties",
        [
            ("name/maxLength", json!(8), "maxLength was 9, is 8"),
            ("name/maxLength", json!(10), ""),
            ("name/maxLength", Value::Null, ""),
            ("name/minLength", json!(3), "minLength was 2, is 3"),
            ("name/minLength", json!(1), ""),
            ("name/pattern", json!("^[a-y]+$"), "pattern was Some(\"^[a-z]+$\"), is Some(\"^[a-y]+$\")"),
            // Of this one a person has said that it takes more.
            ("name/pattern", json!("^[a-z0-9]+$"), ""),
            ("name/pattern", Value::Null, ""),
            ("note/pattern", json!("^[a-z]*$"), "pattern was None"),
            ("note/maxLength", json!(500), "maxLength was null, is 500"),
            ("note/minLength", json!(0), ""),
            ("count/maximum", json!(8), "maximum was 9, is 8"),
            ("count/minimum", json!(2), "minimum was 1, is 2"),
            ("count/exclusiveMinimum", json!(0), "exclusiveMinimum was null, is 0"),
            ("tags/maxItems", json!(2), "maxItems was 3, is 2"),
            ("tags/maxItems", json!(4), ""),
            ("tags/minItems", json!(2), "minItems was 1, is 2"),
            ("tags/minItems", json!(0), ""),
            ("tags/uniqueItems", json!(true), "uniqueItems was null, is true"),
            ("tags/uniqueItems", json!(false), ""),
            ("tags/items/maxLength", json!(4), "tags[]: maxLength was 5, is 4"),
            ("tags/items", json!({}), ""),
            ("names/maxProperties", json!(3), "maxProperties was 4, is 3"),
            ("names/propertyNames/maxLength", json!(4), "names/* name: maxLength was 5, is 4"),
            ("names/propertyNames", Value::Null, ""),
            ("custom/propertyNames", json!({"type": "string"}), ""),
            ("names/additionalProperties/maxLength", json!(4), "names/*: maxLength was 5, is 4"),
            ("names/additionalProperties", json!(true), ""),
            ("custom/additionalProperties", json!({"type": "string"}), "custom/*: was anything, is string"),
        ],
    );
}

/// It stands below `Asked`, which is as it was itself, and below itself.
#[test]
fn a_break_behind_schemas_that_did_not_change_is_found() {
    hold(
        "/components/schemas/Inner/properties",
        [
            ("rate/maxLength", json!(5), "body/inner/rate: maxLength was 6, is 5"),
            ("rate/maxLength", json!(7), ""),
            ("again", Value::Null, "body/inner/again: gone"),
        ],
    );
}

#[test]
fn one_of_several_kinds_that_is_not_taken_any_more_is_a_break() {
    let kinds = |name: &str| released().pointer(&format!("/components/schemas/Asked/properties/{name}")).cloned();
    let when = kinds("when").expect("a field")["oneOf"].clone();
    let week = json!({"oneOf": [when[1], when[2]]});
    let year = json!({"oneOf": [when[2], when[1], when[0], {"type": "object", "required": ["year"]}]});
    hold(
        "/components/schemas/Asked/properties",
        [
            ("when", week, "when: day is not taken any more"),
            ("when", year, ""),
            ("when/oneOf/2", Value::Null, "when: null is not taken any more"),
            (
                "when/oneOf/0/properties/day/maximum",
                json!(27),
                "day is not taken any more: POST /things body/when/day: maximum",
            ),
            ("when/oneOf/0/properties/day/maximum", json!(31), ""),
            ("when", json!({}), ""),
            ("version/anyOf/0", Value::Null, "version: string is not taken any more"),
            ("version/anyOf/1/pattern", json!("^[1-9]+$"), "version: string is not taken any more"),
            ("version", json!({"type": "string"}), ""),
            // What was one schema may become one of several.
            ("note", json!({"oneOf": [{"type": "null"}, {"type": "string"}, {"type": "integer"}]}), ""),
            ("note", json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}), "note: null is not taken any more"),
            ("kind", json!({"oneOf": [{"type": "string", "enum": ["b", "a"]}, {"type": "null"}]}), ""),
            ("count", json!({"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 0, "maximum": 9}]}), ""),
        ],
    );
}

#[test]
fn what_is_answered_and_not_as_it_was_read_is_a_break() {
    hold(
        "/components/schemas/Told",
        [
            ("required", json!(["id"]), "200/state: may be missing now"),
            ("required", json!(["id", "state", "at"]), ""),
            ("properties/note", Value::Null, "200/note: gone"),
            ("properties/more", json!({"type": "string"}), ""),
            ("properties/id/type", json!("integer"), "was string, is integer"),
            ("properties/id/type", json!(["string", "null"]), "was string, is null or string"),
            ("properties/note/type", json!("string"), ""),
            ("properties/note", json!({}), "was null or string, is anything"),
            // Whoever reads a list of words is told that there may be more.
            ("properties/state/enum", json!(["open", "shut", "ajar"]), ""),
            ("properties/state/enum", json!(["open"]), ""),
            ("properties/id/maxLength", json!(3), ""),
            ("properties/at/format", Value::Null, "format was Some(\"date-time\"), is None"),
            ("properties/count/format", json!("int64"), "format was Some(\"int32\"), is Some(\"int64\")"),
            ("properties/id/format", json!("uuid"), ""),
            ("properties/lines/items/properties", json!({}), "200/lines[]/id: gone"),
            ("properties/names/additionalProperties/type", json!("integer"), "names/*: was string, is integer"),
            ("properties/names/additionalProperties", Value::Null, "names/*: may be anything now"),
            ("additionalProperties", json!(false), ""),
        ],
    );
}

#[test]
fn what_is_answered_as_one_of_several_kinds_may_grow_by_a_kind_and_lose_nothing() {
    let paper = json!({"type": "object", "required": ["rail"], "properties": {"rail": {"enum": ["paper"]}}});
    let means = told()["properties"]["means"]["oneOf"].clone();
    let more = json!({"oneOf": [paper, means[1], means[0]]});
    let text = json!({"oneOf": [means[0], means[1], {"type": "string"}]});
    hold(
        "/components/schemas/Told/properties",
        [
            ("means", more, ""),
            ("means", text, "means: string is not as it was read"),
            // Of what is a bank's no check may take the place.
            ("means/oneOf/0/properties/account", Value::Null, "means/account: gone"),
            ("means/oneOf/0/required", json!(["rail"]), "means/account: may be missing now"),
            ("means/oneOf/1", Value::Null, ""),
            ("who/allOf/1/properties/name", Value::Null, "who/name: gone"),
            ("who/allOf/0/required", json!([]), "who/id: may be missing now"),
            ("who/allOf/1/required", json!(["name"]), ""),
            (
                "who",
                json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}),
                "",
            ),
        ],
    );
}
