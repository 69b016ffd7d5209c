//! Reads: one item, a batch, a page of a partition or of an index.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::json;

use super::expression::{Condition, Operand, Reader, Words};
use super::index::{Index, text};
use super::wire::{Answer, BatchAnswer, BatchRequest, GetAnswer, GetRequest, LeftKeys, QueryAnswer, QueryRequest};
use super::{AttributeValue, Database, Item, Place, Table};

/// How far behind what is written a reader is who does not insist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Writes that an eventually consistent read has not seen.
    pub reads: u64,
    /// Writes that an index has not seen.
    pub index: u64,
}

/// How far behind a reader is who always is.
const STALE_WRITES: u64 = 3;

/// The key of an item: partition and place.
pub(super) fn key_of(item: &Item) -> Option<(&str, &str)> {
    Some((text(item, "pk")?, text(item, "sk")?))
}

/// Reads a request, or says what is wrong with it.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| Answer::not_understood(&format!("reading the request: {error}")))
}

/// What a query asks: one value of the hash key, a range of the other.
struct Asked {
    hash: String,
    from: Bound<String>,
    to: Bound<String>,
}

impl Database {
    /// GetItem.
    #[must_use]
    pub fn get(&self, body: &[u8], lag: Lag) -> Answer {
        let request: GetRequest = match parse(body) {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let moment = self.moment_for(request.consistent_read, lag);
        let found = match self.place(&request.table_name, &request.key) {
            Ok(place) => self.row(&place).and_then(|row| row.seen_at(moment)),
            Err(refused) => return refused,
        };
        let Some(item) = found else { return Answer::ok(&json!({})) };
        let names = &request.expression_attribute_names;
        match shown(item, request.projection_expression.as_deref(), names) {
            Ok(item) => Answer::ok(&GetAnswer { item }),
            Err(why) => Answer::not_understood(&why),
        }
    }

    /// BatchGetItem. From the second key on, `left_over` of them may be left to be asked again.
    #[must_use]
    pub fn get_batch(&self, body: &[u8], lag: Lag, left_over: usize) -> Answer {
        let request: BatchRequest = match parse(body) {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let (mut responses, mut unprocessed_keys) = (BTreeMap::new(), BTreeMap::new());
        for (table, wanted) in &request.request_items {
            let moment = self.moment_for(wanted.consistent_read, lag);
            let answered = wanted.keys.len().saturating_sub(left_over).max(1).min(wanted.keys.len());
            let (asked, left) = wanted.keys.split_at(answered);
            let mut items: Vec<&Item> = Vec::new();
            for key in asked {
                match self.place(table, key) {
                    Ok(place) => items.extend(self.row(&place).and_then(|row| row.seen_at(moment)).map(AsRef::as_ref)),
                    Err(refused) => return refused,
                }
            }
            responses.insert(table.as_str(), items);
            if !left.is_empty() {
                unprocessed_keys.insert(table.as_str(), LeftKeys { keys: left });
            }
        }
        Answer::ok(&BatchAnswer { responses, unprocessed_keys })
    }

    /// Query: a page of a partition, or of an index.
    #[must_use]
    pub fn query(&self, body: &[u8], lag: Lag) -> Answer {
        let request: QueryRequest = match parse(body) {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        if request.filter_expression.is_some() {
            return Answer::not_understood("filters are not simulated");
        }
        let Some(table) = self.tables.get(request.table_name.as_str()) else {
            return Answer::error("ResourceNotFoundException", json!({}));
        };
        let index = match &request.index_name {
            None => None,
            Some(name) => match table.indexes.iter().find(|index| index.name == *name) {
                Some(index) => Some(index),
                None => return Answer::not_understood("no such index"),
            },
        };
        let asked = match asked(&request, index) {
            Ok(asked) => asked,
            Err(why) => return Answer::not_understood(&why),
        };
        let lag = if request.always_stale { Lag { reads: STALE_WRITES, ..lag } } else { lag };
        let found = match index {
            None => self.in_partition(table, &asked, self.moment_for(request.consistent_read, lag)),
            Some(index) => self.in_index(table, index, &asked, self.moment.saturating_sub(lag.index)),
        };
        self.page(&request, index, found)
    }

    fn in_partition(&self, table: &Table, asked: &Asked, moment: u64) -> Vec<Arc<Item>> {
        let Some(rows) = table.partitions.get(&asked.hash) else { return Vec::new() };
        if is_empty(&asked.from, &asked.to) {
            return Vec::new();
        }
        let range = rows.range::<String, _>((asked.from.as_ref(), asked.to.as_ref()));
        range.filter_map(|(_, row)| row.seen_at(moment).cloned()).collect()
    }

    fn in_index(&self, table: &Table, index: &Index, asked: &Asked, moment: u64) -> Vec<Arc<Item>> {
        let found = index.places(&asked.hash).filter_map(|(range, pk, sk)| {
            let item = table.partitions.get(pk)?.get(sk)?.seen_at(moment)?;
            let is_there = text(item, &index.hash) == Some(asked.hash.as_str())
                && text(item, &index.range) == Some(range.as_str());
            let is_asked = (asked.from.as_ref(), asked.to.as_ref());
            (is_there && std::ops::RangeBounds::<String>::contains(&is_asked, range)).then(|| Arc::clone(item))
        });
        found.collect()
    }

    fn page(&self, request: &QueryRequest, index: Option<&Index>, mut found: Vec<Arc<Item>>) -> Answer {
        let order = |item: &Item| {
            let own = key_of(item).map(|(pk, sk)| (pk.to_owned(), sk.to_owned()));
            (index.and_then(|index| text(item, &index.range).map(str::to_owned)), own)
        };
        let is_backward = request.scan_index_forward == Some(false);
        if is_backward {
            found.reverse();
        }
        if let Some(start) = &request.exclusive_start_key {
            let start = order(start);
            found.retain(|item| if is_backward { order(item) < start } else { order(item) > start });
        }
        let limit = request.limit.unwrap_or(usize::MAX).min(self.page_max).max(1);
        let is_full = found.len() >= limit;
        found.truncate(limit);
        let last = found.last().filter(|_| is_full).map(|item| key_alone(item, index));
        let keys_only = index.is_some_and(|index| index.keys_only);
        let names = &request.expression_attribute_names;
        let items: Result<Vec<Cow<'_, Item>>, String> = found
            .iter()
            .map(|item| {
                if !keys_only {
                    return shown(item, request.projection_expression.as_deref(), names);
                }
                let alone = key_alone(item, index);
                shown(&alone, request.projection_expression.as_deref(), names).map(|item| Cow::Owned(item.into_owned()))
            })
            .collect();
        match items {
            Ok(items) => {
                let count = items.len();
                Answer::ok(&QueryAnswer { count, scanned_count: count, items, last_evaluated_key: last })
            }
            Err(why) => Answer::not_understood(&why),
        }
    }

    fn moment_for(&self, consistent: Option<bool>, lag: Lag) -> u64 {
        if consistent == Some(true) { u64::MAX } else { self.moment.saturating_sub(lag.reads) }
    }

    /// The place that a key names.
    pub(super) fn place(&self, table: &str, key: &Item) -> Result<Place, Answer> {
        let Some((table, _)) = self.tables.get_key_value(table) else {
            return Err(Answer::error("ResourceNotFoundException", json!({})));
        };
        match key_of(key) {
            Some((pk, sk)) if !pk.is_empty() && !sk.is_empty() => {
                Ok(Place { table: Arc::clone(table), pk: pk.to_owned(), sk: sk.to_owned() })
            }
            _ => Err(Answer::not_understood("a key is missing or empty")),
        }
    }
}

/// The key attributes alone: the table's, and the index's where one was asked.
fn key_alone(item: &Item, index: Option<&Index>) -> Item {
    let names = ["pk", "sk"].into_iter().chain(index.into_iter().flat_map(|index| [&*index.hash, &*index.range]));
    names.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
}

fn shown<'a>(item: &'a Item, projection: Option<&str>, names: &super::wire::Names) -> Result<Cow<'a, Item>, String> {
    let Some(projection) = projection else { return Ok(Cow::Borrowed(item)) };
    let words = Words { names, values: &None };
    let mut reader = Reader::of(projection)?;
    let mut shown = Item::new();
    loop {
        let path = reader.path()?;
        let name = words.name(&path)?;
        shown.extend(item.get(name).map(|value| (name.to_owned(), value.clone())));
        if reader.is_at_end() {
            return Ok(Cow::Owned(shown));
        }
        reader.expect(",")?;
    }
}

fn asked(request: &QueryRequest, index: Option<&Index>) -> Result<Asked, String> {
    let words = Words { names: &request.expression_attribute_names, values: &request.expression_attribute_values };
    let (hash_name, range_name) = index.map_or(("pk", "sk"), |index| (&*index.hash, &*index.range));
    let mut asked = Asked { hash: String::new(), from: Bound::Unbounded, to: Bound::Unbounded };
    let mut left = vec![Condition::parse(&request.key_condition_expression)?];
    while let Some(condition) = left.pop() {
        if let Condition::And(one, other) = condition {
            left.extend([*one, *other]);
            continue;
        }
        asked.take(condition, words, (hash_name, range_name))?;
    }
    if asked.hash.is_empty() { Err("no hash key in the condition".to_owned()) } else { Ok(asked) }
}

impl Asked {
    fn take(&mut self, clause: Condition, words: Words<'_>, (hash, range): (&str, &str)) -> Result<(), String> {
        let text = |operand: &Operand| match operand {
            Operand::Value(name) => match words.value(name)? {
                AttributeValue::S(text) => Ok(text.clone()),
                other => Err(format!("{other:?}: a key is a text")),
            },
            other => Err(format!("{other:?}: not simulated in a condition on keys")),
        };
        let named = |operand: &Operand, wanted: &str| match operand {
            Operand::Attribute(path) => words.name(path).is_ok_and(|name| name == wanted),
            _ => false,
        };
        match clause {
            Condition::Compare(key, "=", value) if named(&key, hash) => self.hash = text(&value)?,
            Condition::Compare(key, operator, value) if named(&key, range) => {
                let value = text(&value)?;
                match operator {
                    "=" => (self.from, self.to) = (Bound::Included(value.clone()), Bound::Included(value)),
                    "<" => self.to = Bound::Excluded(value),
                    "<=" => self.to = Bound::Included(value),
                    ">" => self.from = Bound::Excluded(value),
                    ">=" => self.from = Bound::Included(value),
                    other => return Err(format!("{other}: no condition on a key")),
                }
            }
            Condition::Between(key, low, high) if named(&key, range) => {
                (self.from, self.to) = (Bound::Included(text(&low)?), Bound::Included(text(&high)?));
            }
            Condition::BeginsWith(key, beginning) if named(&key, range) => {
                let beginning = text(&beginning)?;
                self.to = Bound::Excluded(format!("{beginning}\u{10FFFF}"));
                self.from = Bound::Included(beginning);
            }
            other => return Err(format!("{other:?}: no condition on the keys of the index")),
        }
        Ok(())
    }
}

fn is_empty(from: &Bound<String>, to: &Bound<String>) -> bool {
    match (from, to) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from >= to,
        _ => false,
    }
}
