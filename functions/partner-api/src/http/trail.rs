//! What the audit trail says of a change here: who, from where, and each field that changed.

use std::collections::BTreeMap;
use std::fmt::Display;

use domain::audit::{Actor, Deed, Told};
use domain::time::Timestamp;

/// What changed, field by field.
#[derive(Default)]
pub(crate) struct Changes {
    old: BTreeMap<String, String>,
    new: BTreeMap<String, String>,
}

impl Changes {
    /// A field as it was and as it is; nothing where it is the same.
    #[must_use]
    pub(crate) fn field(mut self, name: &str, old: impl Display, new: impl Display) -> Self {
        let (old, new) = (old.to_string(), new.to_string());
        if old != new {
            self.old.insert(name.to_owned(), old);
            self.new.insert(name.to_owned(), new);
        }
        self
    }

    /// A field that is new.
    #[must_use]
    pub(crate) fn added(mut self, name: &str, new: impl Display) -> Self {
        self.new.insert(name.to_owned(), new.to_string());
        self
    }

    /// A field that is no more.
    #[must_use]
    pub(crate) fn gone(mut self, name: &str, old: impl Display) -> Self {
        self.old.insert(name.to_owned(), old.to_string());
        self
    }

    /// A field that changed and that the trail does not repeat, because it is personal.
    #[must_use]
    pub(crate) fn sealed(mut self, name: &str, is_changed: bool) -> Self {
        if is_changed {
            self.new.insert(name.to_owned(), "changed".to_owned());
        }
        self
    }

    /// Is there nothing to tell?
    pub(crate) fn is_empty(&self) -> bool {
        self.new.is_empty()
    }

    /// The entry for the trail of a thing.
    pub(crate) fn told(self, aggregate: &str, action: &'static str, (actor, at): (Actor, Timestamp)) -> Told {
        let Self { old, new } = self;
        Told { aggregate: aggregate.to_owned(), deed: Deed { at, actor, action, old, new } }
    }
}

/// A list as one text.
pub(crate) fn joined(list: &[String]) -> String {
    list.join(", ")
}

/// A value that may be absent, as text.
pub(crate) fn or_none(value: Option<&impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}
