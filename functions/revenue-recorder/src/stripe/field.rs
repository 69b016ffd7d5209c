//! Reading of a JSON object field by field; what is wrong is named by its JSON pointer.

use domain::time::Timestamp;
use serde_json::Value;

use super::Untranslatable;

/// An object of the event, and where it stands.
pub(super) struct Fields<'a> {
    value: &'a Value,
    at: String,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        Self { value, at: String::new() }
    }

    pub(super) fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    pub(super) fn expected(&self, name: &str, expected: &'static str) -> Untranslatable {
        Untranslatable::Field { pointer: self.pointer(name), expected }
    }

    /// Is there anything but null?
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn object(&self, name: &str) -> Result<Self, Untranslatable> {
        self.optional_object(name).ok_or_else(|| self.expected(name, "an object"))
    }

    pub(super) fn optional_object(&self, name: &str) -> Option<Self> {
        let value = self.get(name).filter(|value| value.is_object())?;
        Some(Self { value, at: self.pointer(name) })
    }

    pub(super) fn list(&self, name: &str) -> Vec<Self> {
        let items = self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let at = |index| format!("{}/{index}", self.pointer(name));
        items.iter().enumerate().map(|(index, value)| Self { value, at: at(index) }).collect()
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, Untranslatable> {
        self.optional_text(name).ok_or_else(|| self.expected(name, "a text"))
    }

    pub(super) fn optional_text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Is it `true`? Absent, null and anything else are not.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true))
    }

    /// An id, or the id of the object that was expanded in its place; null and absent are none.
    pub(super) fn reference(&self, name: &str) -> Result<Option<&'a str>, Untranslatable> {
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
    pub(super) fn integer(&self, name: &str) -> Result<i64, Untranslatable> {
        self.get(name).and_then(Value::as_i64).ok_or_else(|| self.expected(name, "a whole number"))
    }

    /// A whole number; null and absent are none.
    pub(super) fn optional_integer(&self, name: &str) -> Result<Option<i64>, Untranslatable> {
        if self.has(name) { self.integer(name).map(Some) } else { Ok(None) }
    }

    /// Unix seconds.
    pub(super) fn time(&self, name: &str) -> Result<Timestamp, Untranslatable> {
        Timestamp::from_second(self.integer(name)?).map_err(|_| self.expected(name, "Unix seconds"))
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }
}
