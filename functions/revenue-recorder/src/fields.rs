//! Reading of a provider's JSON object field by field; what is wrong is named by its JSON pointer.

use domain::fact::{KeyError, PaymentKey};
use domain::provider::Provider;
use domain::time::Timestamp;
use serde_json::Value;
use thiserror::Error;

/// An event of a type that matters, of a shape that does not: it is kept, and a person must look.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum Untranslatable {
    /// A field is missing or of another type.
    #[error("{pointer}: {expected} expected")]
    Field {
        /// JSON pointer of the field within the event.
        pointer: String,
        /// What should be there.
        expected: &'static str,
    },
    /// An id that cannot be part of a key.
    #[error("{pointer}: not an id")]
    Id {
        /// JSON pointer of the field within the event.
        pointer: String,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
    /// A currency that we do not know.
    #[error("{pointer}: unknown currency")]
    Currency {
        /// JSON pointer of the field within the event.
        pointer: String,
    },
    /// An amount that the currency cannot hold.
    #[error("{pointer}: not an amount of the currency")]
    Amount {
        /// JSON pointer of the field within the event.
        pointer: String,
    },
}

/// An object of the event, and where it stands.
pub(crate) struct Fields<'a> {
    value: &'a Value,
    at: String,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Self {
        Self { value, at: String::new() }
    }

    pub(crate) fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    pub(crate) fn expected(&self, name: &str, expected: &'static str) -> Untranslatable {
        Untranslatable::Field { pointer: self.pointer(name), expected }
    }

    /// Is there anything but null?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn object(&self, name: &str) -> Result<Self, Untranslatable> {
        self.optional_object(name).ok_or_else(|| self.expected(name, "an object"))
    }

    pub(crate) fn optional_object(&self, name: &str) -> Option<Self> {
        let value = self.get(name).filter(|value| value.is_object())?;
        Some(Self { value, at: self.pointer(name) })
    }

    pub(crate) fn list(&self, name: &str) -> Vec<Self> {
        let items = self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let at = |index| format!("{}/{index}", self.pointer(name));
        items.iter().enumerate().map(|(index, value)| Self { value, at: at(index) }).collect()
    }

    /// How many entries a list has; none where there is no list.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.get(name).and_then(Value::as_array).map_or(0, Vec::len)
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Untranslatable> {
        self.optional_text(name).ok_or_else(|| self.expected(name, "a text"))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Is it `true`? Absent, null and anything else are not.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true))
    }

    /// An id, or the id of the object that was expanded in its place; null and absent are none.
    pub(crate) fn reference(&self, name: &str) -> Result<Option<&'a str>, Untranslatable> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(id)) => Ok(Some(id)),
            Some(Value::Object(expanded)) => match expanded.get("id") {
                Some(Value::String(id)) => Ok(Some(id)),
                _ => Err(self.expected(&format!("{name}/id"), "an id")),
            },
            Some(_) => Err(self.expected(name, "an id")),
        }
    }

    /// A whole number: `12.0` and `"12"` are none.
    pub(crate) fn integer(&self, name: &str) -> Result<i64, Untranslatable> {
        self.get(name).and_then(Value::as_i64).ok_or_else(|| self.expected(name, "a whole number"))
    }

    /// A whole number; null and absent are none.
    pub(crate) fn optional_integer(&self, name: &str) -> Result<Option<i64>, Untranslatable> {
        if self.has(name) { self.integer(name).map(Some) } else { Ok(None) }
    }

    /// An id that is a text in one place and a number in another; null and absent are none.
    pub(crate) fn number_or_text(&self, name: &str) -> Result<Option<String>, Untranslatable> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
            Some(_) => Err(self.expected(name, "an id")),
        }
    }

    /// Unix seconds.
    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, Untranslatable> {
        Timestamp::from_second(self.integer(name)?).map_err(|_| self.expected(name, "Unix seconds"))
    }

    /// RFC 3339.
    pub(crate) fn instant(&self, name: &str) -> Result<Timestamp, Untranslatable> {
        self.text(name)?.parse().map_err(|_| self.expected(name, "an instant"))
    }

    /// RFC 3339; null and absent are none.
    pub(crate) fn optional_instant(&self, name: &str) -> Result<Option<Timestamp>, Untranslatable> {
        if self.has(name) { self.instant(name).map(Some) } else { Ok(None) }
    }

    /// Unix seconds; null and absent are none.
    pub(crate) fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, Untranslatable> {
        if self.has(name) { self.time(name).map(Some) } else { Ok(None) }
    }

    /// A natural key of a provider's, made of an id that stands in a field.
    pub(crate) fn key_of(&self, provider: Provider, name: &str, id: &str) -> Result<PaymentKey, Untranslatable> {
        PaymentKey::parse(&format!("{}:{id}", provider.word()))
            .map_err(|source| Untranslatable::Id { pointer: self.pointer(name), source })
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }
}
