//! A secondary index: every place that ever was in it, checked against the item as a reader sees it.

use std::collections::{BTreeSet, HashMap};

use super::{AttributeValue, IndexDefinition, Item};

/// An index, which may lag behind its table as much as a reader is told.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) range: String,
    pub(super) keys_only: bool,
    /// By hash key: range key, partition, sort key.
    ever: HashMap<String, BTreeSet<(String, String, String)>>,
}

impl Index {
    /// An empty index.
    pub(super) fn of(definition: &IndexDefinition) -> Self {
        let IndexDefinition { name, keys: (hash, range), keys_only } = *definition;
        let [name, hash, range] = [name, hash, range].map(str::to_owned);
        Self { name, hash, range, keys_only, ever: HashMap::new() }
    }

    /// Takes note of an item that was written.
    pub(super) fn note(&mut self, (pk, sk): (&str, &str), item: &Item) {
        if let (Some(hash), Some(range)) = (text(item, &self.hash), text(item, &self.range)) {
            let place = (range.to_owned(), pk.to_owned(), sk.to_owned());
            self.ever.entry(hash.to_owned()).or_default().insert(place);
        }
    }

    /// Every place that ever was under a hash key, in order of the range key.
    pub(super) fn places(&self, hash: &str) -> impl DoubleEndedIterator<Item = &(String, String, String)> {
        self.ever.get(hash).into_iter().flatten()
    }

    pub(super) fn forget(&mut self, beginning: &str) {
        self.ever.retain(|hash, _| !hash.starts_with(beginning));
    }
}

/// A text attribute of an item.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}
