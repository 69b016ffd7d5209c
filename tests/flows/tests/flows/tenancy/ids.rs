//! The ids of a tenant's things: found in what it is told itself, and put where a request names a thing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A parameter or field, and the prefix of the ids that it takes.
const NAMED: [(&str, &str); 15] = [
    ("partner_id", "par"),
    ("referrer_id", "par"),
    ("program_id", "prg"),
    ("application_id", "apl"),
    ("plan_id", "pln"),
    ("payout_id", "pay"),
    ("recompute_id", "rcp"),
    ("user_id", "usr"),
    ("member_id", "mem"),
    ("subscription_id", "sub"),
    ("subject", "par"),
    ("actor", "usr"),
    ("entity_id", "prg"),
    ("group_id", "grp"),
    ("payout_ids", "pay"),
];
/// What stands in a path before an id that no list of that path gives.
const BEHIND: [(&str, &str); 7] = [
    ("/v1/revenue/conversions", "sal"),
    ("/v1/revenue/commissions", "com"),
    ("/v1/partners/revenue/commissions", "com"),
    ("/v1/partners/revenue/payouts", "pay"),
    ("/v1/auth/sessions", "ses"),
    ("/v1/privacy", "par"),
    ("/v1/achievements", "ach"),
];
/// Parts of a path that name no thing of a tenant.
const SAME_FOR_ALL: [(&str, &str); 2] = [("year", "2026"), ("name", "night")];
const ULID_CHARS: usize = 26;

/// Ids by the prefix that they have, and by the list that gives them.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    by_prefix: BTreeMap<String, String>,
    by_list: BTreeMap<String, String>,
    /// Every id that was told.
    pub(super) all: BTreeSet<String>,
}

impl Ids {
    /// Keeps what an answer to a path tells.
    pub(super) fn learn(&mut self, path: &str, answer: &Value) {
        let first = &answer["data"][0];
        let names = if path.ends_with("/accounts") { &["customer_id"][..] } else { &["unique_code", "code", "id"] };
        let called = names.iter().find_map(|name| first[*name].as_str());
        if let Some(called) = called {
            self.by_list.entry(path.to_owned()).or_insert_with(|| called.to_owned());
        }
        self.learn_all(answer);
    }

    fn learn_all(&mut self, value: &Value) {
        match value {
            Value::String(text) if is_id(text) => {
                self.all.insert(text.clone());
                self.by_prefix.entry(text[..3].to_owned()).or_insert_with(|| text.clone());
                // A line of a sale bears the sale's own ULID.
                if let Some(rest) = text.strip_prefix("com_") {
                    self.by_prefix.entry("sal".to_owned()).or_insert_with(|| format!("sal_{}", &rest[..ULID_CHARS]));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_all(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.learn_all(field)),
            _ => {}
        }
    }

    /// The same kinds of things with ids that nothing has.
    pub(super) fn of_nobody(&self) -> Self {
        let unknown = |ids: &BTreeMap<String, String>| {
            ids.iter().map(|(place, id)| (place.clone(), unknown(id))).collect::<BTreeMap<_, _>>()
        };
        Self { by_prefix: unknown(&self.by_prefix), by_list: unknown(&self.by_list), all: BTreeSet::new() }
    }

    /// A text in which no id stands that a request may name.
    pub(super) fn without(&self, text: &str) -> String {
        let named = self.by_prefix.values().chain(self.by_list.values());
        named.fold(text.to_owned(), |text, id| text.replace(id.as_str(), "ID"))
    }

    /// A path with an id for each of its parameters, and which of them were not known.
    pub(super) fn filled(&self, path: &str) -> (String, Vec<String>) {
        let (mut filled, mut place, mut missing) = (String::new(), String::new(), Vec::new());
        for part in path.split('/').skip(1) {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            let id = name.map(|name| self.of_parameter(&place, name).ok_or(name));
            filled.push('/');
            match id {
                None => filled.push_str(part),
                Some(Ok(id)) => filled.push_str(id),
                Some(Err(name)) => missing.push(name.to_owned()),
            }
            place.push('/');
            place.push_str(part);
        }
        (filled, missing)
    }

    fn of_parameter(&self, place: &str, name: &str) -> Option<&str> {
        let same = SAME_FOR_ALL.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let behind = || BEHIND.iter().find(|(before, _)| *before == place).map(|(_, prefix)| *prefix);
        let known = |prefix: &str| self.by_prefix.get(prefix).map(String::as_str);
        let listed = || self.by_list.get(place).map(String::as_str);
        same.or_else(|| behind().and_then(known)).or_else(listed).or_else(|| prefix_of(name).and_then(known))
    }

    /// The value of a query's parameter, where it names a thing that is known.
    pub(super) fn of_query(&self, name: &str) -> Option<&str> {
        prefix_of(name).and_then(|prefix| self.by_prefix.get(prefix)).map(String::as_str)
    }

    /// A body in which each id is one of these.
    pub(super) fn named_in(&self, body: &Value, name: &str) -> Value {
        match body {
            Value::String(text) => {
                let prefix = if is_id(text) || is_prefix(text) { text.get(..3) } else { prefix_of(name) };
                let id = prefix.and_then(|prefix| self.by_prefix.get(prefix));
                Value::String(id.unwrap_or(text).clone())
            }
            Value::Array(items) => items.iter().map(|item| self.named_in(item, name)).collect(),
            Value::Object(fields) => {
                let called = |name: &String| if is_prefix(name) { self.by_prefix.get(&name[..3]) } else { None };
                let named = |(name, field): (&String, &Value)| {
                    (called(name).unwrap_or(name).clone(), self.named_in(field, name))
                };
                fields.iter().map(named).collect()
            }
            other => other.clone(),
        }
    }
}

pub(super) fn prefix_of(name: &str) -> Option<&'static str> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, prefix)| *prefix)
}

/// Three small letters and `_`: where an id of that kind is to stand.
fn is_prefix(text: &str) -> bool {
    text.strip_suffix('_').is_some_and(|kind| kind.len() == 3 && kind.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// Three small letters, `_`, and a ULID, behind which more may stand.
fn is_id(text: &str) -> bool {
    let Some((prefix, rest)) = text.split_once('_') else { return false };
    let ulid = rest.get(..ULID_CHARS);
    let is_ulid = ulid.is_some_and(|ulid| ulid.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()));
    prefix.len() == 3 && prefix.bytes().all(|byte| byte.is_ascii_lowercase()) && is_ulid
}

/// An id of the same shape that nothing has: what it is read from, such as a currency at its end, stays.
fn unknown(id: &str) -> String {
    if is_id(id) {
        let (prefix, rest) = id.split_at(4);
        return format!("{prefix}7ZZZZZZZZZZZZZZZZZZZZZZZZZ{}", &rest[ULID_CHARS..]);
    }
    match (id.split_once(':'), id.rsplit_once('.')) {
        (Some((provider, _)), _) => format!("{provider}:nobody"),
        (None, Some((place, _))) => format!("{place}.nobody"),
        (None, None) if id.bytes().any(|byte| byte.is_ascii_lowercase()) => "nobody".to_owned(),
        (None, None) => "NOBODY".to_owned(),
    }
}
