//! The salts of days: random, the deployment's, never read 48 hours after their day began, and then deleted.

use domain::time::Timestamp;
use domain::touch::{SALT_BYTES, day_of};
use serde::{Deserialize, Serialize};

use crate::item::{inconsistent, key_map};
use crate::keys::{Key, TenantKey};
use crate::request::{Range, Written, unavailable};
use crate::{Store, StoreError};

#[derive(Serialize, Deserialize)]
struct SaltItem {
    entity: String,
    v: u32,
    salt: String,
    expires_at: i64,
}

/// Of a salt, all that its deletion needs.
#[derive(Deserialize)]
struct Kept {
    sk: String,
    expires_at: i64,
}

/// The random bytes of a salt.
pub type SaltBytes = [u8; SALT_BYTES];

const KEPT_S: i64 = 48 * 60 * 60;
const DAY_S: i64 = 24 * 60 * 60;

impl Store {
    /// The salt of the UTC day of an instant; `fresh` becomes it when there is none yet. Of several that bring one at
    /// the same time the first wins, and all get that one.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn salt_of_day(&self, at: Timestamp, fresh: SaltBytes) -> Result<SaltBytes, StoreError> {
        let doing = "reading the salt of a day";
        let key = TenantKey::salt(&day_of(at));
        if let Some(item) = self.get::<SaltItem>(&self.tables.ops, &key, doing).await? {
            return read(&key, &item);
        }
        let item = SaltItem {
            entity: "salt".to_owned(),
            v: 1,
            salt: hex::encode(fresh),
            expires_at: at.as_second() - at.as_second().rem_euclid(DAY_S) + KEPT_S,
        };
        if self.put_new(&self.tables.ops, &key, &item, "creating the salt of a day").await? == Written::Yes {
            return Ok(fresh);
        }
        let there: Option<SaltItem> = self.get(&self.tables.ops, &key, doing).await?;
        there.map_or(Err(StoreError::LostRace { doing }), |item| read(&key, &item))
    }

    /// TRK-3: deletes every salt whose day began 48 hours ago or earlier, and says how many. Time to live alone may take
    /// days longer.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn delete_old_salts(&self, now: Timestamp) -> Result<u32, StoreError> {
        let doing = "deleting the salts of days past";
        let pk = TenantKey::salts();
        // Days sort as they follow: two digits of a century come first in all of them.
        let found: Vec<Kept> = self.list_range(&self.tables.ops, &Range::prefix(&pk, "2"), doing).await?;
        let mut deleted = 0;
        for kept in found.iter().filter(|kept| kept.expires_at <= now.as_second()) {
            let request = self.db.delete_item().table_name(&self.tables.ops);
            let request = request.set_key(Some(key_map(&TenantKey::salt(&kept.sk))));
            request.send().await.map_err(|error| unavailable(doing, error))?;
            deleted += 1;
        }
        Ok(deleted)
    }
}

fn read(key: &Key, item: &SaltItem) -> Result<SaltBytes, StoreError> {
    let mut bytes = [0; SALT_BYTES];
    hex::decode_to_slice(&item.salt, &mut bytes).map_err(|error| inconsistent(key, error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
