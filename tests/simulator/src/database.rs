//! DynamoDB in this process, as far as a simulation must own it: every item remembers its versions.
//!
//! The rows are maps, so that a read may be stale, an index may lag and the items of a transaction may become visible one
//! by one. A test sends the same requests to this and to dynoxide, which all other tests stand on, and compares the answers.

mod expression;
mod index;
mod read;
mod wire;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use index::Index;
pub use read::Lag;
pub use wire::Answer;
pub use write::{Committed, Visibility};

/// A value of an attribute, as DynamoDB's protocol writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// Text.
    S(String),
    /// A number, as text.
    N(String),
    /// Bytes, in base64.
    B(String),
    /// True or false.
    #[serde(rename = "BOOL")]
    Bool(bool),
    /// Nothing.
    #[serde(rename = "NULL")]
    Null(bool),
    /// A set of texts.
    #[serde(rename = "SS")]
    Texts(Vec<String>),
    /// A set of numbers.
    #[serde(rename = "NS")]
    Numbers(Vec<String>),
    /// A list.
    L(Vec<AttributeValue>),
    /// A map.
    M(BTreeMap<String, AttributeValue>),
}

/// An item.
pub type Item = BTreeMap<String, AttributeValue>;

/// A table: its name, and its indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// The name.
    pub name: &'static str,
    /// Its secondary indexes.
    pub indexes: &'static [IndexDefinition],
}

/// A secondary index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexDefinition {
    /// The name.
    pub name: &'static str,
    /// The attributes of its hash key and its range key.
    pub keys: (&'static str, &'static str),
    /// Does it hold the keys alone?
    pub keys_only: bool,
}

const fn index(name: &'static str, keys: (&'static str, &'static str), keys_only: bool) -> IndexDefinition {
    IndexDefinition { name, keys, keys_only }
}

/// The tables of template.yaml; a test compares them with it.
pub const TABLES: &[TableDefinition] = &[
    TableDefinition {
        name: "core",
        indexes: &[
            index("live", ("live_pk", "live_sk"), true),
            index("day-log", ("day_pk", "day_sk"), true),
            index("desk", ("desk_pk", "desk_sk"), true),
        ],
    },
    TableDefinition { name: "clicks", indexes: &[] },
    TableDefinition { name: "ops", indexes: &[] },
];

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The table.
    pub table: Arc<str>,
    /// The partition.
    pub pk: String,
    /// The place within it.
    pub sk: String,
}

/// What an item was, from the oldest to the newest; `None` is its absence.
#[derive(Clone, Debug, Default)]
struct Row {
    versions: Vec<(u64, Option<Arc<Item>>)>,
    /// The newest version belongs to a transaction that readers do not see yet.
    is_hidden: bool,
}

impl Row {
    /// The newest version, whether readers see it or not.
    fn committed(&self) -> Option<&Arc<Item>> {
        self.versions.last().and_then(|(_, item)| item.as_ref())
    }

    /// The newest version that readers see, no newer than a moment.
    fn seen_at(&self, moment: u64) -> Option<&Arc<Item>> {
        let shown = self.versions.len() - usize::from(self.is_hidden);
        let version = self.versions[..shown].iter().rev().find(|(at, _)| *at <= moment);
        version.and_then(|(_, item)| item.as_ref())
    }
}

#[derive(Default)]
struct Table {
    partitions: HashMap<String, BTreeMap<String, Row>>,
    indexes: Vec<Index>,
}

/// The tables.
pub struct Database {
    tables: HashMap<Arc<str>, Table>,
    /// Raised by every write.
    moment: u64,
    /// The most items on a page of a query.
    page_max: usize,
    /// Of transactions that were carried out in the last ten minutes.
    tokens: HashSet<String>,
    /// Tenants whose worlds are over and whose rows are still there, the oldest first.
    retired: VecDeque<String>,
}

/// The rows of so many worlds that are over stay.
const RETIRED_MAX: usize = 3;
/// More items than any page of a test has: 1 MB of small ones.
const PAGE_MAX: usize = 1_000;

impl Database {
    /// Empty tables.
    #[must_use]
    pub fn new(definitions: &[TableDefinition]) -> Self {
        let tables = definitions.iter().map(|table| {
            let indexes = table.indexes.iter().map(Index::of).collect();
            (Arc::from(table.name), Table { partitions: HashMap::new(), indexes })
        });
        let (tokens, retired) = (HashSet::new(), VecDeque::new());
        Self { tables: tables.collect(), moment: 0, page_max: PAGE_MAX, tokens, retired }
    }

    /// From now on a page of a query holds so few items; `None` ends it.
    pub fn shorten_pages(&mut self, items: Option<usize>) {
        self.page_max = items.unwrap_or(PAGE_MAX);
    }

    /// Every newest item whose partition begins with a text, in order, hidden or not.
    #[must_use]
    pub fn committed(&self, beginning: &str) -> BTreeMap<Place, Arc<Item>> {
        let mut found = BTreeMap::new();
        for (name, table) in &self.tables {
            for (pk, rows) in table.partitions.iter().filter(|(pk, _)| pk.starts_with(beginning)) {
                for (sk, row) in rows {
                    if let Some(item) = row.committed() {
                        let place = Place { table: Arc::clone(name), pk: pk.clone(), sk: sk.clone() };
                        found.insert(place, Arc::clone(item));
                    }
                }
            }
        }
        found
    }

    /// What an item was before its newest version, and that version.
    #[must_use]
    pub fn last_two(&self, place: &Place) -> (Option<Arc<Item>>, Option<Arc<Item>>) {
        let Some(row) = self.row(place) else { return (None, None) };
        let before = row.versions.len().checked_sub(2).and_then(|at| row.versions.get(at));
        (before.and_then(|(_, item)| item.clone()), row.committed().cloned())
    }

    /// The newest items of one partition, in order, hidden or not.
    pub fn committed_partition(&self, table: &str, pk: &str) -> impl Iterator<Item = (&str, &Arc<Item>)> {
        let rows = self.tables.get(table).and_then(|table| table.partitions.get(pk)).into_iter().flatten();
        rows.filter_map(|(sk, row)| Some((sk.as_str(), row.committed()?)))
    }

    /// A tenant's world begins: nothing is left of an earlier one of the same tenant.
    pub fn begin(&mut self, tenant: &str) {
        self.retired.retain(|retired| retired != tenant);
        self.forget(tenant);
    }

    /// A tenant's world is over: its rows stay among those of the worlds behind it, until as many of them are over, too.
    pub fn retire(&mut self, tenant: &str) {
        self.retired.push_back(tenant.to_owned());
        if self.retired.len() > RETIRED_MAX
            && let Some(oldest) = self.retired.pop_front()
        {
            self.forget(&oldest);
        }
    }

    /// A tenant's rows and their past are forgotten.
    pub fn forget(&mut self, beginning: &str) {
        for table in self.tables.values_mut() {
            table.partitions.retain(|pk, _| !pk.starts_with(beginning));
            table.indexes.iter_mut().for_each(|index| index.forget(beginning));
        }
        self.tokens.clear();
    }

    /// Readers see an item of a transaction from now on.
    pub fn reveal(&mut self, place: &Place) {
        if let Some(row) = self.row_mut(place) {
            row.is_hidden = false;
        }
    }

    fn row(&self, place: &Place) -> Option<&Row> {
        self.tables.get(&place.table)?.partitions.get(&place.pk)?.get(&place.sk)
    }

    fn row_mut(&mut self, place: &Place) -> Option<&mut Row> {
        self.tables.get_mut(&place.table)?.partitions.get_mut(&place.pk)?.get_mut(&place.sk)
    }
}
