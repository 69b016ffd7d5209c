//! What is read of an event before it is stored: who it is, of which day, of which type, of whose store. All else is the
//! recorder's.

use domain::digest::Digest;
use domain::time::{BusinessDay, Timestamp, Zone};
use serde_json::Value;

/// The envelope of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The provider's id of it, or one derived from it.
    pub id: String,
    /// The provider's type of it.
    pub kind: String,
    /// The UTC day on which it happened there.
    pub day: BusinessDay,
    /// Digest of the type and the data object.
    pub hash: Digest,
    /// The store or account that it is of, where it names one.
    pub store: Option<String>,
}

/// Which field is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// JSON pointer of the field.
    pub pointer: &'static str,
    /// What should be there.
    pub detail: &'static str,
}

pub(crate) fn malformed(pointer: &'static str, detail: &'static str) -> Malformed {
    Malformed { pointer, detail }
}

/// The body as JSON; what is no object has no fields either, and is told so by the first one that is missing.
pub(crate) fn object_of(body: &[u8]) -> Result<Value, Malformed> {
    serde_json::from_slice(body).map_err(|_| malformed("", "not JSON"))
}

/// A field that becomes a part of keys and of log lines.
pub(crate) fn plain_text<'a>(object: &'a Value, name: &str, chars_max: usize) -> Option<&'a str> {
    let text = object.get(name)?.as_str()?;
    (is_plain(text) && text.len() <= chars_max).then_some(text)
}

/// Letters, digits, dots, dashes and underscores.
pub(crate) fn is_plain(text: &str) -> bool {
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !text.is_empty() && text.bytes().all(is_one)
}

/// The UTC day of an instant, of a year that keys can hold.
pub(crate) fn day_of(at: Timestamp) -> Option<BusinessDay> {
    let (year, month, date) = Zone::utc().day_of(at).parts();
    BusinessDay::new(year, month, date).ok()
}

/// The UTC day of Unix seconds.
pub(crate) fn day_of_second(second: i64) -> Option<BusinessDay> {
    day_of(Timestamp::from_second(second).ok()?)
}

/// Of the type and the data object: the envelope changes when an event is sent again, these do not.
pub(crate) fn hash(kind: &str, object: &Value) -> Digest {
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
