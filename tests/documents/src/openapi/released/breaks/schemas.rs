//! What breaks between two schemas: of what is sent, whatever is not taken any more; of what is read, whatever is not there
//! any more, or is of another type.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Look, Way, items, members, references};

/// What limits a value, whether it does so from above, and values of which type.
const LIMITS: [(&str, bool, &str); 10] = [
    ("maxLength", true, "string"),
    ("minLength", false, "string"),
    ("maximum", true, "number"),
    ("exclusiveMaximum", true, "number"),
    ("minimum", false, "number"),
    ("exclusiveMinimum", false, "number"),
    ("maxItems", true, "array"),
    ("minItems", false, "array"),
    ("maxProperties", true, "object"),
    ("minProperties", false, "object"),
];

impl Look<'_> {
    pub(super) fn schema(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        if then == now && references(then).all(|name| self.same.contains(name)) {
            return;
        }
        let name = |schema: &Value| schema["$ref"].as_str().map(str::to_owned);
        let named = name(then).zip(name(now));
        let is_named = named.is_some();
        if let Some(pair) = named {
            if self.within.contains(&pair) {
                return;
            }
            self.within.push(pair);
        }
        let (thens, nows) = (alternatives(self.released, then), alternatives(self.present, now));
        match (thens.as_slice(), nows.as_slice()) {
            ([then], [now]) => self.plain(place, then, now, way),
            _ if way == Way::Sent => self.taken(place, &by_type(&thens), &by_type(&nows)),
            _ => self.answered(place, &by_type(&thens), &by_type(&nows)),
        }
        if is_named {
            self.within.pop();
        }
    }

    /// Whatever of several kinds could be sent is taken still, as one of the kinds of today.
    fn taken(&mut self, place: &str, thens: &[Value], nows: &[Value]) {
        for then in thens {
            let kind = kind_of(then);
            let tried = nows.iter().map(|now| (kind_of(now) != kind, self.tried(place, then, now, Way::Sent)));
            // One that takes it, or else the one that is meant to, or else the nearest.
            let nearest = tried.min_by_key(|(is_another, why)| (!why.is_empty(), *is_another, why.len()));
            let why = nearest.map(|(_, why)| why).unwrap_or_default();
            if !why.is_empty() {
                self.found.push(format!("{place}: {kind} is not taken any more: {}", why.join("; ")));
            }
        }
    }

    /// Whatever of several kinds is answered is what could be read before. Where there were several, there may be one more, as
    /// there may be a new word.
    fn answered(&mut self, place: &str, thens: &[Value], nows: &[Value]) {
        for now in nows {
            let kind = kind_of(now);
            let like: Vec<&Value> = thens.iter().filter(|then| thens.len() == 1 || kind_of(then) == kind).collect();
            let is_of_a_type = thens.iter().any(|then| is_within(kinds(now).as_ref(), kinds(then).as_ref()));
            if like.is_empty() && is_of_a_type {
                continue;
            }
            let nearest = like.into_iter().map(|then| self.tried(place, then, now, Way::Read)).min_by_key(Vec::len);
            let why = nearest.unwrap_or_else(|| vec!["of another type than before".to_owned()]);
            if !why.is_empty() {
                self.found.push(format!("{place}: {kind} is not as it was read: {}", why.join("; ")));
            }
        }
    }

    /// What would be found between these two.
    fn tried(&self, place: &str, then: &Value, now: &Value, way: Way) -> Vec<String> {
        let mut look = Look { within: self.within.clone(), found: Vec::new(), ..*self };
        look.plain(place, then, now, way);
        look.found
    }

    /// Two schemas of one kind each.
    fn plain(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        let (wide, narrow) = if way == Way::Sent { (now, then) } else { (then, now) };
        if !is_within(kinds(narrow).as_ref(), kinds(wide).as_ref()) {
            self.found.push(format!("{place}: was {}, is {}", type_of(then), type_of(now)));
            return;
        }
        if narrow["type"] == "null" {
            return;
        }
        self.format(place, then, now, way);
        if way == Way::Sent {
            self.words(place, then, now);
            self.pattern(place, then, now);
            self.limits(place, then, now);
        } else if !then["const"].is_null() && !now["const"].is_null() && then["const"] != now["const"] {
            self.found.push(format!("{place}: was always {}, is {}", then["const"], now["const"]));
        }
        // What may be anything takes each field that there was.
        let others = &now["additionalProperties"];
        let is_free = way == Way::Sent && now["properties"].is_null() && (others.is_null() || *others == true);
        for (name, property) in members(&then["properties"]).filter(|_| !is_free) {
            match now["properties"].get(name) {
                None => self.found.push(format!("{place}/{name}: gone")),
                Some(known) => self.schema(&format!("{place}/{name}"), property, known, way),
            }
        }
        self.required(place, then, now, way);
        self.others(place, then, now, way);
        self.entries(place, then, now, way);
    }

    /// Callers may be asked for no form that they were not; what they read as one must be of it.
    fn format(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        let (before, after) = (then["format"].as_str(), now["format"].as_str());
        let (held, other) = if way == Way::Sent { (after, before) } else { (before, after) };
        // Each small number is a large one, too.
        let is_wide = held == Some("int64") && (way == Way::Sent || other == Some("int32"));
        if held.is_some() && held != other && !is_wide {
            self.found.push(format!("{place}: format was {before:?}, is {after:?}"));
        }
    }

    /// A word that callers send stays taken. One that they read may be new.
    fn words(&mut self, place: &str, then: &Value, now: &Value) {
        let Some(taken) = words(now) else { return };
        match words(then) {
            None => self.found.push(format!("{place}: some words alone are taken now")),
            Some(known) => {
                for word in known.iter().filter(|word| !taken.contains(word)) {
                    self.found.push(format!("{place}: {word} is not taken any more"));
                }
            }
        }
    }

    fn pattern(&mut self, place: &str, then: &Value, now: &Value) {
        let (before, after) = (then["pattern"].as_str(), now["pattern"].as_str());
        let is_wider = before.zip(after).is_some_and(|pair| self.wider.contains(&pair));
        if after.is_some() && before != after && !is_wider && may_be(then, "string") {
            self.found.push(format!("{place}: pattern was {before:?}, is {after:?}"));
        }
    }

    fn limits(&mut self, place: &str, then: &Value, now: &Value) {
        for (name, is_upper, kind) in LIMITS.into_iter().filter(|(_, _, kind)| may_be(then, kind)) {
            let (before, after) = (limit(then, name), &now[name]);
            let is_narrower = match (whole(&before), whole(after)) {
                _ if after.is_null() || before == *after => false,
                // Nothing has less than no characters, entries or members.
                (None, Some(0)) if kind != "number" && !is_upper => false,
                (Some(before), Some(after)) => (is_upper && after < before) || (!is_upper && after > before),
                _ => true,
            };
            if is_narrower {
                self.found.push(format!("{place}: {name} was {before}, is {after}"));
            }
        }
        for name in ["multipleOf", "uniqueItems"] {
            if !now[name].is_null() && now[name] != false && now[name] != then[name] {
                self.found.push(format!("{place}: {name} was {}, is {}", then[name], now[name]));
            }
        }
    }

    /// What callers send may be needed no more than before; what they read must be there as before.
    fn required(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        let (had, has) = (&then["required"], &now["required"]);
        let (from, in_, word) =
            if way == Way::Sent { (has, had, "needed now") } else { (had, has, "may be missing now") };
        for name in items(from).filter(|name| !items(in_).any(|other| other == *name)) {
            self.found.push(format!("{place}/{}: {word}", name.as_str().unwrap_or_default()));
        }
    }

    /// Members that have no name in the document: callers that sent them still may; those that they read stay of their type.
    fn others(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        let place = format!("{place}/*");
        let (before, after) = (&then["additionalProperties"], &now["additionalProperties"]);
        match way {
            _ if !may_be(if way == Way::Sent { then } else { now }, "object") => {}
            Way::Sent if *after == false && *before != false => {
                self.found.push(format!("{place}: no other is taken any more"));
            }
            Way::Sent if after.is_object() && *before != false => self.schema(&place, before, after, way),
            Way::Read if before.is_object() && after.is_object() => self.schema(&place, before, after, way),
            Way::Read if before.is_object() => self.found.push(format!("{place}: may be anything now")),
            _ => {}
        }
        if way == Way::Sent && now["propertyNames"].is_object() && may_be(then, "object") {
            let text = json!({ "type": "string" });
            let names = if then["propertyNames"].is_null() { &text } else { &then["propertyNames"] };
            self.schema(&format!("{place} name"), names, &now["propertyNames"], way);
        }
    }

    fn entries(&mut self, place: &str, then: &Value, now: &Value, way: Way) {
        let (held, other) = if way == Way::Sent { (now, then) } else { (then, now) };
        if held["items"].is_object() && may_be(other, "array") {
            self.schema(&format!("{place}[]"), &then["items"], &now["items"], way);
        }
    }
}

/// What a schema takes, as plain schemas of which each is one way to be: references followed, what is all of several made
/// one, and what is one of several taken apart.
fn alternatives(document: &Value, schema: &Value) -> Vec<Value> {
    let Some(own) = schema.as_object() else { return vec![schema.clone()] };
    let mut rest = own.clone();
    for name in ["$ref", "allOf", "oneOf", "anyOf"] {
        rest.remove(name);
    }
    let mut all = vec![Value::Object(rest)];
    let named = schema["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
    for part in named.into_iter().chain(items(&schema["allOf"])) {
        all = each_with_each(&all, &alternatives(document, part));
    }
    for name in ["oneOf", "anyOf"].into_iter().filter(|name| schema[*name].is_array()) {
        let parts: Vec<Value> = items(&schema[name]).flat_map(|part| alternatives(document, part)).collect();
        all = each_with_each(&all, &parts);
    }
    all
}

/// Schemas of one type each.
fn by_type(schemas: &[Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for schema in schemas {
        let Some(types) = schema["type"].as_array() else {
            all.push(schema.clone());
            continue;
        };
        for one in types.iter().filter_map(Value::as_str) {
            let mut part = schema.clone();
            part["type"] = one.into();
            let kind = if one == "integer" { "number" } else { one };
            if let Some(words) = part.get_mut("enum").and_then(Value::as_array_mut) {
                words.retain(|word| type_of_word(word) == kind);
            }
            all.push(part);
        }
    }
    all
}

fn each_with_each(some: &[Value], others: &[Value]) -> Vec<Value> {
    some.iter().flat_map(|one| others.iter().map(move |other| both(one, other))).collect()
}

/// A schema of what both take.
fn both(one: &Value, other: &Value) -> Value {
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else { return other.clone() };
    let mut whole: Map<String, Value> = one.clone();
    for (name, value) in other {
        let Some(known) = whole.get_mut(name) else {
            whole.insert(name.clone(), value.clone());
            continue;
        };
        match (name.as_str(), known, value) {
            ("properties", Value::Object(known), Value::Object(more)) => known.extend(more.clone()),
            ("required", Value::Array(known), Value::Array(more)) => known.extend(more.iter().cloned()),
            // Null among the fields of an object: none of them is there.
            ("type", known, kind) if *known == "null" => *known = kind.clone(),
            _ => {}
        }
    }
    Value::Object(whole)
}

/// The types that a value may be of; none where it may be anything.
fn kinds(schema: &Value) -> Option<BTreeSet<&str>> {
    let told: BTreeSet<&str> =
        schema["type"].as_str().into_iter().chain(items(&schema["type"]).filter_map(Value::as_str)).collect();
    if !told.is_empty() {
        return Some(told);
    }
    words(schema).map(|words| words.into_iter().map(type_of_word).collect())
}

fn type_of_word(word: &Value) -> &'static str {
    match word {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Is whatever is of the first types of the second, too?
fn is_within(some: Option<&BTreeSet<&str>>, others: Option<&BTreeSet<&str>>) -> bool {
    let Some(others) = others else { return true };
    let is_there = |kind: &&str| others.contains(*kind) || (*kind == "integer" && others.contains("number"));
    some.is_some_and(|some| some.iter().all(is_there))
}

fn may_be(schema: &Value, kind: &str) -> bool {
    kinds(schema).is_none_or(|kinds| kinds.contains(kind) || (kind == "number" && kinds.contains("integer")))
}

/// The words that are all that a value may be.
fn words(schema: &Value) -> Option<Vec<&Value>> {
    let one = schema.get("const").map(|word| vec![word]);
    one.or_else(|| schema["enum"].as_array().map(|words| words.iter().collect()))
}

/// A limit, as it is told or as the words have it.
fn limit(schema: &Value, name: &str) -> Value {
    let lengths = || {
        let words = words(schema).unwrap_or_default();
        words.into_iter().filter_map(Value::as_str).map(|word| word.chars().count()).collect::<Vec<_>>()
    };
    let of_words = match name {
        "maxLength" => lengths().into_iter().max(),
        "minLength" => lengths().into_iter().min(),
        _ => None,
    };
    if schema[name].is_null() { of_words.map_or(Value::Null, Value::from) } else { schema[name].clone() }
}

fn whole(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

fn type_of(schema: &Value) -> String {
    let told = kinds(schema).map(|kinds| kinds.into_iter().collect::<Vec<_>>().join(" or "));
    told.unwrap_or_else(|| "anything".to_owned())
}

/// What one of several kinds is known by: the word of a field that must be there, its only field, or its type.
fn kind_of(schema: &Value) -> String {
    let is_needed = |name: &str| items(&schema["required"]).any(|one| one == name);
    let needed: Vec<(&String, &Value)> = members(&schema["properties"]).filter(|(name, _)| is_needed(name)).collect();
    let tag = needed.iter().find_map(|(name, property)| match words(property)?.as_slice() {
        [word] => Some(format!("{name} {word}")),
        _ => None,
    });
    let only = match needed.as_slice() {
        [(name, _)] if members(&schema["properties"]).count() == 1 => Some((*name).clone()),
        _ => None,
    };
    tag.or(only).unwrap_or_else(|| type_of(schema))
}
