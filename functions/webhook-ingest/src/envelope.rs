//! What is read of an event before it is stored: who it is, of which day, of which type. All else is the recorder's.

use domain::digest::Digest;
use domain::time::{BusinessDay, Timestamp, Zone};
use serde_json::Value;

const EVENT_ID_CHARS_MAX: usize = 128;
const TYPE_CHARS_MAX: usize = 128;

/// The envelope of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) day: BusinessDay,
    pub(crate) hash: Digest,
}

/// Which field is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) pointer: &'static str,
    pub(crate) detail: &'static str,
}

impl Envelope {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let event: Value = serde_json::from_slice(body).map_err(|_| malformed("", "not JSON"))?;
        let id = text(&event, "id", EVENT_ID_CHARS_MAX).ok_or(malformed("/id", "an event id expected"))?;
        let kind = text(&event, "type", TYPE_CHARS_MAX).ok_or(malformed("/type", "an event type expected"))?;
        let day = event.get("created").and_then(Value::as_i64).and_then(day_of);
        Ok(Self {
            id: id.to_owned(),
            kind: kind.to_owned(),
            day: day.ok_or(malformed("/created", "Unix seconds expected"))?,
            hash: hash(kind, event.pointer("/data/object").unwrap_or(&Value::Null)),
        })
    }
}

fn malformed(pointer: &'static str, detail: &'static str) -> Malformed {
    Malformed { pointer, detail }
}

/// Letters, digits, dots and underscores: both become parts of keys and of log lines.
fn text<'a>(event: &'a Value, name: &str, chars_max: usize) -> Option<&'a str> {
    let text = event.get(name)?.as_str()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
    (plain && (1..=chars_max).contains(&text.len())).then_some(text)
}

/// The event's UTC day, of a year that keys can hold.
fn day_of(created_s: i64) -> Option<BusinessDay> {
    let day = Zone::utc().day_of(Timestamp::from_second(created_s).ok()?);
    let (year, month, date) = day.parts();
    BusinessDay::new(year, month, date).ok()
}

/// Of the type and the data object: the envelope changes when an event is sent again, these do not.
fn hash(kind: &str, object: &Value) -> Digest {
    let mut canonical = Vec::new();
    write_canonical(object, &mut canonical);
    Digest::of(&[kind.as_bytes(), &canonical])
}

/// JSON with the members of objects in order of their names, whatever order they came in.
fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            out.push(b'{');
            for (name, value) in members {
                out.extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
                out.push(b':');
                write_canonical(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_canonical(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        plain => out.extend_from_slice(plain.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests;
