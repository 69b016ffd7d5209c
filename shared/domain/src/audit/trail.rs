//! Many chains read as one: an export, or the entries of a day. What was changed, taken out, put in, moved or cut off is
//! told, with the place where it first shows.

use std::collections::BTreeMap;
use std::fmt;

use super::{AuditEntry, ChainEnd, hash_of};
use crate::digest::Digest;

/// What does not fit, and where it first shows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Breach {
    /// The thing whose chain is broken.
    pub aggregate: String,
    /// The number of the first entry that is not as it must be.
    pub no: u32,
    /// What is wrong with it, in words.
    pub what: &'static str,
    /// The hash that must be there.
    pub expected: Digest,
    /// The hash that is there; zeros where nothing is.
    pub found: Digest,
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { aggregate, no, what, expected, found } = self;
        write!(out, "entry {no} of {aggregate}: {what}; expected {expected}, found {found}")
    }
}

/// Checks one entry against the one before it; zeros stand before the first.
///
/// # Errors
/// What does not fit.
pub fn check_entry(before: ChainEnd, entry: &AuditEntry) -> Result<ChainEnd, Breach> {
    let breach =
        |no: u32, what, expected, found| Err(Breach { aggregate: entry.aggregate.clone(), no, what, expected, found });
    let counted = hash_of(entry);
    if entry.no > before.no + 1 {
        return breach(before.no + 1, "an entry is missing before the next one", entry.previous, Digest::ZERO);
    }
    if entry.no <= before.no {
        return breach(entry.no, "an entry is there twice, or out of its order", before.hash, entry.hash);
    }
    if entry.previous != before.hash {
        return breach(entry.no, "it does not follow the entry before it", before.hash, entry.previous);
    }
    if counted != entry.hash {
        return breach(entry.no, "it was changed after it was written", counted, entry.hash);
    }
    Ok(entry.end())
}

/// Where the reading of many chains has come to: how many entries, and a hash over all of them in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrailEnd {
    /// How many entries were read.
    pub entries: u64,
    /// The hash over their hashes, in the order in which they were read.
    pub hash: Digest,
}

impl TrailEnd {
    /// Before the first entry.
    pub const START: Self = Self { entries: 0, hash: Digest::ZERO };

    /// After one more entry.
    #[must_use]
    pub fn then(self, entry: &AuditEntry) -> Self {
        Self { entries: self.entries + 1, hash: self.hash.then(entry.hash.as_bytes()) }
    }
}

/// The reading of many chains, oldest entries first.
#[derive(Clone, Debug)]
pub struct Trail {
    ends: BTreeMap<String, ChainEnd>,
    end: TrailEnd,
    begins_anywhere: bool,
}

impl Trail {
    /// Of everything: each chain must begin with its first entry.
    #[must_use]
    pub fn whole() -> Self {
        Self { ends: BTreeMap::new(), end: TrailEnd::START, begins_anywhere: false }
    }

    /// Of some days only: a chain may have begun before them. That its entries of these days are all there, only the end of
    /// the reading proves.
    #[must_use]
    pub fn of_some_days() -> Self {
        Self { begins_anywhere: true, ..Self::whole() }
    }

    /// Reads the next entry.
    ///
    /// # Errors
    /// What does not fit.
    pub fn read(&mut self, entry: &AuditEntry) -> Result<(), Breach> {
        let before = match self.ends.get(&entry.aggregate) {
            Some(end) => *end,
            None if self.begins_anywhere && entry.no > 1 => ChainEnd { no: entry.no - 1, hash: entry.previous },
            None => ChainEnd::START,
        };
        let end = check_entry(before, entry)?;
        self.ends.insert(entry.aggregate.clone(), end);
        self.end = self.end.then(entry);
        Ok(())
    }

    /// How many chains were met.
    #[must_use]
    pub fn chains(&self) -> usize {
        self.ends.len()
    }

    /// How far it has come: equal to what was counted elsewhere, or something is missing at the end.
    #[must_use]
    pub fn end(&self) -> TrailEnd {
        self.end
    }
}

#[cfg(test)]
mod tests;
