//! The update that records a visit. Its words are the same for every click, so they are written out beforehand.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::NewClick;
use crate::item::Attributes;
use crate::keys::Key;
use crate::wire::{Update, Value};

pub(super) const ENTITY: &str = "click";

/// Longest texts kept, in bytes: with all of them full, an item still is within one write unit.
const USER_AGENT_BYTES_MAX: usize = 256;
const LANGUAGE_BYTES_MAX: usize = 64;
const REFERRER_BYTES_MAX: usize = 96;
const COUNTRY_BYTES_MAX: usize = 2;
const REGION_BYTES_MAX: usize = 3;
const CITY_BYTES_MAX: usize = 48;
const CARRIED_VALUE_BYTES_MAX: usize = 64;
const CARRIED_BYTES_MAX: usize = 256;

/// What a visit does to its item, in the words of an update.
#[derive(Debug, PartialEq)]
pub(super) struct Sets {
    pub(super) expression: String,
    pub(super) names: Vec<(&'static str, &'static str)>,
    pub(super) values: Vec<(&'static str, Value)>,
}

/// Where an attribute of the first visit stands in an update.
#[derive(Clone, Copy)]
struct Slot {
    name: &'static str,
    value: &'static str,
    set: &'static str,
}

macro_rules! slots {
    ($($number:literal)*) => {
        [$(Slot {
            name: concat!("#f", $number),
            value: concat!(":f", $number),
            set: concat!(", #f", $number, " = if_not_exists(#f", $number, ", :f", $number, ")"),
        }),*]
    };
}

const ALWAYS: usize = 6;
const FIRSTS_MAX: usize = 16;

/// Written out once: each click would put some fifty texts together.
const SLOTS: [Slot; FIRSTS_MAX] = slots!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);

/// The expression that has them all.
pub(super) const EXPRESSION_BYTES_MAX: usize = 548;

/// Never count on another entity: the first slot is the entity's.
pub(super) const IS_CLICK: &str = "attribute_not_exists(pk) OR #f0 = :f0";

/// What stood before: nothing for a first visit, which is most of them, so that its answer is short to read.
pub(super) const ANSWERS: &str = "UPDATED_OLD";

impl Sets {
    /// As the wire carries it.
    pub(super) fn update<'a>(&'a self, table: &'a str, key: &'a Key) -> Update<'a> {
        Update {
            table_name: table,
            key,
            update_expression: &self.expression,
            condition_expression: IS_CLICK,
            expression_attribute_names: &self.names,
            expression_attribute_values: &self.values,
            return_values: ANSWERS,
        }
    }

    /// As the client takes them.
    pub(super) fn names_of_client(&self) -> HashMap<String, String> {
        self.names.iter().map(|(slot, name)| ((*slot).to_owned(), (*name).to_owned())).collect()
    }

    /// As the client takes them.
    pub(super) fn values_of_client(&self) -> Attributes {
        self.values.iter().map(|(slot, value)| ((*slot).to_owned(), of_client(value))).collect()
    }
}

fn of_client(value: &Value) -> AttributeValue {
    match value {
        Value::S(text) => AttributeValue::S(text.clone()),
        Value::N(digits) => AttributeValue::N(digits.clone()),
        Value::M(map) => AttributeValue::M(map.iter().map(|(name, value)| (name.clone(), of_client(value))).collect()),
    }
}

/// What stays as the first visit said it, and what each visit moves.
pub(super) fn of(click: NewClick<'_>, counter: &'static str) -> Sets {
    // Together as many as there are slots, and the compiler sees to it: none is left out.
    let always: [(&'static str, Value); ALWAYS] = [
        ("entity", text(ENTITY)),
        ("v", number(1)),
        ("partner", text(click.partner.as_str())),
        ("program", text(click.program.as_str())),
        ("first_ms", number(click.at.as_millisecond())),
        ("expires_at", number(click.expires_at.as_second())),
    ];
    let perhaps: [(&'static str, Option<Value>); FIRSTS_MAX - ALWAYS] = [
        ("agent", said(click.user_agent, USER_AGENT_BYTES_MAX)),
        ("lang", said(click.language, LANGUAGE_BYTES_MAX)),
        ("referrer", said(click.referrer_host, REFERRER_BYTES_MAX)),
        ("paid", click.paid_traffic.and_then(|name| said(name.to_owned(), LANGUAGE_BYTES_MAX))),
        ("device", click.device.and_then(|device| said(device.to_string(), LANGUAGE_BYTES_MAX))),
        ("country", said(click.place.country, COUNTRY_BYTES_MAX)),
        ("region", said(click.place.region, REGION_BYTES_MAX)),
        ("city", said(click.place.city, CITY_BYTES_MAX)),
        ("bot", click.bot.and_then(|why| said(why.to_owned(), LANGUAGE_BYTES_MAX))),
        ("carried", carried(click.carried)),
    ];
    let mut sets = Sets {
        expression: String::with_capacity(EXPRESSION_BYTES_MAX),
        names: Vec::with_capacity(FIRSTS_MAX + 1),
        values: Vec::with_capacity(FIRSTS_MAX + 2),
    };
    sets.expression.push_str("SET last_ms = :last");
    sets.values.push((":last", number(click.at.as_millisecond())));
    let said = perhaps.into_iter().filter_map(|(name, value)| Some((name, value?)));
    for (slot, (name, value)) in SLOTS.into_iter().zip(always.into_iter().chain(said)) {
        sets.expression.push_str(slot.set);
        sets.names.push((slot.name, name));
        sets.values.push((slot.value, value));
    }
    sets.expression.push_str(" ADD #hits :one");
    sets.names.push(("#hits", counter));
    sets.values.push((":one", number(1)));
    sets
}

fn text(value: &str) -> Value {
    Value::S(value.to_owned())
}

fn number(value: i64) -> Value {
    Value::N(value.to_string())
}

/// What was said, cut; nothing where nothing was.
fn said(value: String, bytes_max: usize) -> Option<Value> {
    (!value.is_empty()).then(|| Value::S(cut(value, bytes_max)))
}

/// At most so many bytes, never half a character.
fn cut(mut value: String, bytes_max: usize) -> String {
    let end = value.floor_char_boundary(bytes_max);
    value.truncate(end);
    value
}

/// What was carried: values cut, and left out what goes beyond the whole.
fn carried(carried: BTreeMap<String, String>) -> Option<Value> {
    let mut left = CARRIED_BYTES_MAX;
    let mut kept = BTreeMap::new();
    for (name, value) in carried {
        let value = cut(value, CARRIED_VALUE_BYTES_MAX);
        // Three bytes are DynamoDB's own overhead of a map's member.
        let size = name.len() + value.len() + 3;
        if let Some(rest) = left.checked_sub(size) {
            left = rest;
            kept.insert(name, Value::S(value));
        }
    }
    (!kept.is_empty()).then_some(Value::M(kept))
}
