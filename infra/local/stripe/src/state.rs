//! What the stand-in remembers: objects by id, what falls due, answers under idempotency keys, what is to be delivered.

use std::collections::BTreeMap;

use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::refusal::Refusal;

/// An object, and when it came among the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// `customer`, `subscription`, …
    pub(crate) kind: String,
    /// Its number among all.
    pub(crate) n: u64,
    /// The object; names that begin with `_` are the stand-in's own and never leave it.
    pub(crate) object: Value,
}

/// What happens to an object when its time has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Task {
    /// A subscription's period, or its trial, ends.
    Renew(String),
    /// Three days before a trial's end.
    TrialWillEnd(String),
    /// A draft becomes an invoice, and is paid.
    Finalize(String),
    /// A failed payment is tried again.
    Retry(String),
    /// A subscription ends on the day that was said.
    Cancel(String),
    /// Payments are collected again.
    Collect(String),
    /// A subscription whose first payment never came.
    Expire(String),
}

/// A task with its time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Due {
    /// The second.
    pub(crate) at: i64,
    /// Its number among all.
    pub(crate) n: u64,
    /// The test clock that it goes by, or the wall's.
    pub(crate) clock: Option<String>,
    /// What.
    pub(crate) task: Task,
}

/// An answer that is given again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// Hash of method, path and parameters.
    pub(crate) fingerprint: String,
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Value,
    /// The request that it answered first.
    pub(crate) request: String,
    /// When.
    pub(crate) at: i64,
}

/// An event on its way to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// The event.
    pub(crate) event: String,
    /// The endpoint.
    pub(crate) endpoint: String,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// When it is tried next.
    pub(crate) at: i64,
    /// Its number among all: the order of the events.
    pub(crate) n: u64,
}

/// Everything.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) objects: BTreeMap<String, Kept>,
    pub(crate) due: Vec<Due>,
    pub(crate) answers: BTreeMap<String, Answered>,
    pub(crate) deliveries: Vec<Delivery>,
    /// What the platform can send, by currency; a currency that is not here has no limit.
    #[serde(default)]
    pub(crate) balance: BTreeMap<String, i64>,
    pub(crate) seed: String,
    last: u64,
}

impl State {
    pub(crate) fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), ..Self::default() }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A new id: letters and digits that follow from the seed and the number, so that a run can be told again.
    pub(crate) fn mint(&mut self, prefix: &str, length: usize) -> String {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let n = self.next();
        let hash = digest::digest(&digest::SHA256, format!("{}{n}", self.seed).as_bytes());
        let letters = hash.as_ref().iter().map(|byte| char::from(DIGITS[usize::from(*byte) % DIGITS.len()]));
        let joint = if prefix.contains('_') { "" } else { "_" };
        format!("{prefix}{joint}{}", letters.take(length).collect::<String>())
    }

    /// Keeps a new object under the id that it has.
    pub(crate) fn create(&mut self, kind: &str, object: Value) -> Value {
        let id = text(&object, "id").to_owned();
        let n = self.next();
        self.objects.insert(id, Kept { kind: kind.to_owned(), n, object: object.clone() });
        object
    }

    /// An object of a kind.
    pub(crate) fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.objects.get(id).filter(|kept| kept.kind == kind).map(|kept| &kept.object)
    }

    /// An object that a request names in a parameter, or in its path (`id`).
    pub(crate) fn find(&self, kind: &str, id: &str, param: &str) -> Result<&Value, Refusal> {
        self.get(kind, id).ok_or_else(|| Refusal::no_such(kind, id, param))
    }

    /// Changes an object; the values of its fields before, where they differ.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut Value)) -> (Value, Map<String, Value>) {
        let Some(kept) = self.objects.get_mut(id) else { return (Value::Null, Map::new()) };
        let before = kept.object.clone();
        change(&mut kept.object);
        let after = kept.object.clone();
        let names = after.as_object().into_iter().flatten().map(|(name, _)| name);
        let differing = names.filter(|name| !name.starts_with('_') && before[name.as_str()] != after[name.as_str()]);
        let previous = differing.map(|name| (name.clone(), before[name.as_str()].clone())).collect();
        (after, previous)
    }

    /// All objects of a kind, newest first.
    pub(crate) fn list(&self, kind: &str) -> Vec<&Kept> {
        let mut found: Vec<&Kept> = self.objects.values().filter(|kept| kept.kind == kind).collect();
        found.sort_by_key(|kept| std::cmp::Reverse(kept.n));
        found
    }

    /// Something to be done at a second.
    pub(crate) fn plan(&mut self, at: i64, clock: Option<String>, task: Task) {
        let n = self.next();
        self.due.push(Due { at, n, clock, task });
    }

    /// What was planned is called off.
    pub(crate) fn call_off(&mut self, is_off: impl Fn(&Task) -> bool) {
        self.due.retain(|due| !is_off(&due.task));
    }

    /// The next task of a clock that is due at a second.
    pub(crate) fn take_due(&mut self, clock: Option<&str>, now: i64) -> Option<Due> {
        let of_clock = |due: &Due| due.clock.as_deref() == clock && due.at <= now;
        let (place, _) =
            self.due.iter().enumerate().filter(|(_, due)| of_clock(due)).min_by_key(|(_, due)| (due.at, due.n))?;
        Some(self.due.swap_remove(place))
    }
}

/// The text of a field; empty when there is none.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// The number of a field; nothing when there is none.
pub(crate) fn number(object: &Value, name: &str) -> i64 {
    object[name].as_i64().unwrap_or_default()
}

/// A list object.
pub(crate) fn listed(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({"object": "list", "url": url, "has_more": has_more, "data": data})
}

/// Without what is the stand-in's own.
pub(crate) fn shown(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| !name.starts_with('_'));
            Value::Object(fields.map(|(name, value)| (name.clone(), shown(value))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(shown).collect()),
        other => other.clone(),
    }
}
