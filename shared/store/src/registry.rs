//! Entries: items that say only that something is there, listed newest first.
//!
//! An entry holds nothing but its key, which ends in an id. What it names is read from its own item,
//! so that no copy can differ. A registry is entries of a kind spread over several partitions.

use std::collections::{BTreeMap, VecDeque};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures::future::try_join_all;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::keys::Key;
use crate::request::unavailable;
use crate::{Store, StoreError};

/// How many keys one BatchGetItem may name.
const BATCH_KEYS_MAX: usize = 100;
/// How often keys that DynamoDB left over are asked for again.
const BATCH_TRIES_MAX: u32 = 8;

/// The item behind an entry.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    entity: String,
    v: u32,
}

impl Entry {
    pub(crate) fn of(entity: &str) -> Self {
        Self { entity: entity.to_owned(), v: 1 }
    }
}

/// Which entries: partitions, and what the sort keys begin with before the id.
pub(crate) struct Entries {
    pub(crate) partitions: Vec<String>,
    pub(crate) prefix: &'static str,
    pub(crate) doing: &'static str,
}

/// One partition while it is being merged with the others.
struct Shard<'a> {
    pk: &'a str,
    ids: VecDeque<String>,
    /// Only ids before this one are still to be read.
    before: Option<String>,
    is_read_out: bool,
}

impl Store {
    /// Up to `limit` ids, newest first, older than `after`.
    pub(crate) async fn list_newest(
        &self,
        entries: &Entries,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        // Ids are spread evenly: a partition gives about its share, a little more saves second reads.
        let share = limit.div_ceil(entries.partitions.len().max(1)) + 4;
        let shard_of = |pk| Shard { pk, ids: VecDeque::new(), before: after.map(str::to_owned), is_read_out: false };
        let mut shards: Vec<Shard<'_>> = entries.partitions.iter().map(String::as_str).map(shard_of).collect();
        let mut merged = Vec::with_capacity(limit);
        while merged.len() < limit {
            let dry = shards.iter_mut().filter(|shard| shard.ids.is_empty() && !shard.is_read_out);
            try_join_all(dry.map(|shard| self.read_shard(entries, shard, share))).await?;
            // ULIDs sort by time: the newest of all is the greatest of the fronts.
            let newest = shards.iter_mut().max_by(|a, b| a.ids.front().cmp(&b.ids.front()));
            match newest.and_then(|shard| shard.ids.pop_front()) {
                Some(id) => merged.push(id),
                // A page may be empty and not the last.
                None if shards.iter().all(|shard| shard.is_read_out) => break,
                None => {}
            }
        }
        Ok(merged)
    }

    async fn read_shard(&self, entries: &Entries, shard: &mut Shard<'_>, limit: usize) -> Result<(), StoreError> {
        let prefix = entries.prefix;
        // `~` sorts behind every character of an id.
        let to = shard.before.as_ref().map_or_else(|| format!("{prefix}~"), |id| format!("{prefix}{id}"));
        // The end of a range is taken in, so one more is asked for, and the id itself is dropped.
        let query = self
            .db
            .query()
            .table_name(&self.tables.core)
            .projection_expression("sk")
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", item::text(shard.pk))
            .expression_attribute_values(":from", item::text(prefix_or_least(prefix)))
            .expression_attribute_values(":to", item::text(to))
            .scan_index_forward(false)
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX));
        let page = query.send().await.map_err(|error| unavailable(entries.doing, error))?;
        shard.is_read_out = page.last_evaluated_key.is_none_or(|key| key.is_empty());
        for attributes in page.items.unwrap_or_default() {
            let (_, sk) = item::place_of(&attributes);
            let id = sk.strip_prefix(prefix).unwrap_or(&sk).to_owned();
            if shard.before.as_ref() != Some(&id) {
                shard.ids.push_back(id);
            }
        }
        shard.before = shard.ids.back().cloned().or_else(|| shard.before.take());
        Ok(())
    }

    /// The items under these keys, in the order of the keys; what is not there is left out.
    pub(crate) async fn get_many<T: DeserializeOwned>(
        &self,
        keys: &[Key],
        doing: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        self.get_many_attributes(keys, false, doing).await?.into_iter().map(item::read).collect()
    }

    /// The items behind rows of an index that holds keys alone, in the order of the rows. An index of keys costs a unit
    /// when an item comes or moves in it, and none each time the item changes.
    pub(crate) async fn get_indexed(
        &self,
        rows: Vec<Attributes>,
        doing: &'static str,
    ) -> Result<Vec<Attributes>, StoreError> {
        let key_of = |row: &Attributes| {
            let (pk, sk) = item::place_of(row);
            Key { pk, sk }
        };
        let keys: Vec<Key> = rows.iter().map(key_of).collect();
        self.get_many_attributes(&keys, false, doing).await
    }

    /// The items under these keys as they are stored, in the order of the keys; what is not there is left out.
    pub(crate) async fn get_many_attributes(
        &self,
        keys: &[Key],
        consistent: bool,
        doing: &'static str,
    ) -> Result<Vec<Attributes>, StoreError> {
        self.get_many_from(&self.tables.core, keys, consistent, doing).await
    }

    /// The same of another table, a moment old.
    pub(crate) async fn get_many_of(
        &self,
        table: &str,
        keys: &[Key],
        doing: &'static str,
    ) -> Result<Vec<Attributes>, StoreError> {
        self.get_many_from(table, keys, false, doing).await
    }

    async fn get_many_from(
        &self,
        table: &str,
        keys: &[Key],
        consistent: bool,
        doing: &'static str,
    ) -> Result<Vec<Attributes>, StoreError> {
        let mut found = BTreeMap::new();
        for batch in keys.chunks(BATCH_KEYS_MAX) {
            let mut wanted: Vec<Attributes> = batch.iter().map(item::key_map).collect();
            for _ in 0..BATCH_TRIES_MAX {
                let (items, left) = self.get_batch(table, wanted, consistent, doing).await?;
                found.extend(items.into_iter().map(|attributes| (item::place_of(&attributes), attributes)));
                wanted = left;
                if wanted.is_empty() {
                    break;
                }
            }
            if !wanted.is_empty() {
                return Err(StoreError::LostRace { doing });
            }
        }
        Ok(keys.iter().filter_map(|key| found.remove(&(key.pk.clone(), key.sk.clone()))).collect())
    }

    async fn get_batch(
        &self,
        table: &str,
        wanted: Vec<Attributes>,
        consistent: bool,
        doing: &'static str,
    ) -> Result<(Vec<Attributes>, Vec<Attributes>), StoreError> {
        let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(consistent).build();
        let keys = keys.map_err(|error| unavailable(doing, error))?;
        let request = self.db.batch_get_item().request_items(table, keys);
        let answer = request.send().await.map_err(|error| unavailable(doing, error))?;
        let items = answer.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
        let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(table));
        Ok((items, left.map(|left| left.keys).unwrap_or_default()))
    }
}

/// The id behind which the next page begins, when one more than the page was found.
pub(crate) fn next_of(ids: &[String], limit: usize) -> Option<String> {
    if ids.len() > limit { ids.get(limit.checked_sub(1)?).cloned() } else { None }
}

/// A sort key may not be empty; a space sorts before every id.
fn prefix_or_least(prefix: &str) -> &str {
    if prefix.is_empty() { " " } else { prefix }
}
