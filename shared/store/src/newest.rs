//! What a provider tells of one thing, each time whole: of all tellings the newest is kept, whatever order they come in.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent};
use crate::keys::Key;
use crate::request::{self, Range};
use crate::{Page, Store, StoreError, Written};

/// How often a telling that met another one is looked at again.
const TRIES_MAX: usize = 8;

#[derive(Serialize, Deserialize)]
struct NewestItem {
    entity: String,
    v: u32,
    version: u64,
    /// As JSON: what it says, and no more, comes back.
    told: String,
}

/// A telling as it is kept, and how often it was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<T> {
    /// The newest telling.
    pub told: T,
    /// Raised by every telling that held over the one before.
    pub version: u64,
}

/// What a kind of telling is called, and which of two holds.
pub(crate) struct Telling<T> {
    pub(crate) entity: &'static str,
    pub(crate) holds_over: fn(&T, &T) -> bool,
    pub(crate) doing: &'static str,
}

impl Store {
    /// Keeps a telling where it holds over the one that is kept; `false` when it does not.
    pub(crate) async fn record_newest<T: Serialize + DeserializeOwned>(
        &self,
        key: &Key,
        told: &T,
        telling: &Telling<T>,
    ) -> Result<bool, StoreError> {
        let text = serde_json::to_string(told).map_err(|why| inconsistent(key, why))?;
        let core = &self.tables.core;
        for _ in 0..TRIES_MAX {
            let known = self.get_newest::<T>(key, telling.doing).await?;
            let version = known.as_ref().map_or(0, |known| known.version);
            if known.is_some_and(|known| !(telling.holds_over)(told, &known.told)) {
                return Ok(false);
            }
            let item = NewestItem { entity: telling.entity.to_owned(), v: 1, version: version + 1, told: text.clone() };
            let put = if version == 0 {
                request::put_new(core, key, &item)?
            } else {
                request::replace(core, key, &item, version)?
            };
            if self.put_alone(put, telling.doing).await? == Written::Yes {
                return Ok(true);
            }
        }
        Err(StoreError::LostRace { doing: telling.doing })
    }

    /// What is kept at a place.
    pub(crate) async fn get_newest<T: DeserializeOwned>(
        &self,
        key: &Key,
        doing: &'static str,
    ) -> Result<Option<Kept<T>>, StoreError> {
        self.get_attributes(&self.tables.core, key, true, doing).await?.map(read).transpose()
    }

    /// A page of what is kept in a partition, in the order of its places, behind one.
    pub(crate) async fn list_kept<T: DeserializeOwned>(
        &self,
        pk: &str,
        after: Option<&str>,
        limit: usize,
        doing: &'static str,
    ) -> Result<Page<Kept<T>>, StoreError> {
        let from = after.map_or_else(|| "!".to_owned(), |after| format!("{after}!"));
        let range = Range { pk, from, to: "~".to_owned(), consistent: true };
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let (found, more) = self.query_page(&self.tables.core, &range, None, Some(most), doing).await?;
        let next = found.last().filter(|_| more.is_some()).map(|row| item::place_of(row).1);
        let items: Result<Vec<Kept<T>>, StoreError> = found.into_iter().map(read).collect();
        Ok(Page { items: items?, next })
    }
}

/// Reads a telling.
pub(crate) fn read<T: DeserializeOwned>(attributes: Attributes) -> Result<Kept<T>, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let found: NewestItem = item::read(attributes)?;
    let told = serde_json::from_str(&found.told).map_err(|why| inconsistent(&Key { pk, sk }, why))?;
    Ok(Kept { told, version: found.version })
}
