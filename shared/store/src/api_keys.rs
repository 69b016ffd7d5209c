//! Bearer keys: who presents one, by the hash of its text. The text itself is nowhere.

use std::collections::BTreeMap;

use domain::digest::Digest;
use domain::id::{KeyId, TenantId, UserId};
use domain::role::Role;
use domain::scope::Scopes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{number, text};
use crate::keys::Key;
use crate::request::{Page, Range, Transacted, UpdateBuilder, Written, put_new};
use crate::{Store, StoreError, TenantKey, item};

/// Housekeeping: the note of a key that nobody uses goes after so long.
const USE_KEPT_S: i64 = 400 * 86_400;

/// A key as it is known to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id, for lists and logs.
    pub id: KeyId,
    /// The tenant whose key it is.
    pub tenant: TenantId,
    /// What its bearer may do.
    pub role: Role,
    /// Who its bearer is: the id of a partner or a user, or a machine's name.
    pub subject: String,
    /// What a person calls it.
    pub name: String,
    /// When it was minted.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// What confines it.
    pub terms: KeyTerms,
}

/// What confines a key beside its role; nothing, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTerms {
    /// A machine's: what it opens. None is a machine's key from a shell, which opens what is made for machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scopes>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// A person's own key: whose, and under which number of their rights. It ends when those change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<(UserId, u32)>,
    /// Who made it, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
}

/// What became of an attempt to create a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyCreated {
    /// It is there now.
    Created,
    /// A key of this hash was there already; nothing was changed.
    AlreadyThere,
}

/// What became of an attempt to revoke a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyRevoked {
    /// It is revoked, now or before.
    Revoked,
    /// There is no such key.
    NotThere,
}

#[derive(Serialize, Deserialize)]
struct Item {
    entity: String,
    v: u32,
    id: KeyId,
    tenant: TenantId,
    role: Role,
    subject: String,
    name: String,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
    #[serde(default)]
    terms: KeyTerms,
}

/// A key's place in the list of keys: where the key itself is.
#[derive(Serialize, Deserialize)]
struct ListedItem {
    entity: String,
    v: u32,
    hash: Digest,
}

/// When a key was last used, roughly.
#[derive(Deserialize)]
struct UsedItem {
    sk: String,
    used_at_ms: i64,
}

impl From<ApiKey> for Item {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, tenant, role, subject, name, created_at, revoked_at, terms } = key;
        let entity = "api_key".to_owned();
        Self { entity, v: 1, id, tenant, role, subject, name, created_at, revoked_at, terms }
    }
}

impl From<Item> for ApiKey {
    fn from(item: Item) -> Self {
        let Item { id, tenant, role, subject, name, created_at, revoked_at, terms, .. } = item;
        Self { id, tenant, role, subject, name, created_at, revoked_at, terms }
    }
}

impl Store {
    /// The key with this hash (SHA-256 of its text).
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_api_key(&self, tenant: &TenantKey, hash: &Digest) -> Result<Option<ApiKey>, StoreError> {
        // Eventually consistent: a new key works a moment later, at half the price of each look-up.
        let (key, doing) = (tenant.api_key(hash), "reading an API key");
        let item: Option<Item> = self.get_eventually(&self.tables.core, &key, doing).await?;
        Ok(item.map(ApiKey::from))
    }

    /// Keeps a new key under its hash.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_api_key(
        &self,
        tenant: &TenantKey,
        hash: &Digest,
        api_key: &ApiKey,
    ) -> Result<ApiKeyCreated, StoreError> {
        // A tenant is one from its first key on, and what runs by a schedule serves it before anybody can use the key.
        if *tenant.tenant() != TenantId::default_tenant() {
            // What is to be told is told with the key, and not with this.
            let _: Written = Self { telling: None, ..self.clone() }.record_tenant(tenant).await?;
        }
        let item = Item::from(api_key.clone());
        let listed = ListedItem { entity: "api_key_listed".to_owned(), v: 1, hash: *hash };
        let items = vec![
            put_new(&self.tables.core, &tenant.api_key(hash), &item)?,
            put_new(&self.tables.core, &tenant.listed_api_key(&api_key.id), &listed)?,
        ];
        Ok(match self.transact(items, "creating an API key").await? {
            Transacted::Yes => ApiKeyCreated::Created,
            Transacted::ConditionFailed(_) => ApiKeyCreated::AlreadyThere,
        })
    }

    /// The hash of a key's text, by the key's id.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn find_api_key(&self, tenant: &TenantKey, id: &KeyId) -> Result<Option<Digest>, StoreError> {
        let key = tenant.listed_api_key(id);
        let listed: Option<ListedItem> = self.get(&self.tables.core, &key, "looking for an API key").await?;
        Ok(listed.map(|listed| listed.hash))
    }

    /// A page of keys, newest first, older than `after`.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_api_keys(
        &self,
        tenant: &TenantKey,
        after: Option<&KeyId>,
        limit: usize,
    ) -> Result<Page<ApiKey>, StoreError> {
        let doing = "listing API keys";
        let pk = tenant.listed_api_keys();
        let before = after.map_or_else(|| format!("{}~", KeyId::PREFIX), ToString::to_string);
        let found = self.list_backwards(&pk, (KeyId::PREFIX, &before), limit, doing).await?;
        let listed: Result<Vec<ListedItem>, StoreError> = found.items.into_iter().map(item::read).collect();
        let keys: Vec<Key> = listed?.iter().map(|listed| tenant.api_key(&listed.hash)).collect();
        let items: Vec<Item> = self.get_many(&keys, doing).await?;
        let items: Vec<ApiKey> = items.into_iter().map(ApiKey::from).collect();
        let next = found.next.and_then(|_| items.last().map(|key| key.id.to_string()));
        Ok(Page { items, next })
    }

    /// Notes that a key was used: for people who wonder whether they may revoke it, to the hour.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_api_key_used(&self, tenant: &TenantKey, id: &KeyId, at: Timestamp) -> Result<(), StoreError> {
        let key = tenant.api_key_used(id);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("entity", text("api_key_used"))
            .set("v", number(1))
            .set("used_at_ms", number(at.as_millisecond()))
            .set("expires_at", number(at.as_second().saturating_add(USE_KEPT_S)))
            // Notes of several processes come in any order: the latest stands.
            .require_below("used_at_ms", number(at.as_millisecond()))
            .build()?;
        self.update(update, "noting the use of an API key").await.map(|_| ())
    }

    /// When keys were last used, of those from one id to another.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_api_keys_used(
        &self,
        tenant: &TenantKey,
        (from, to): (&KeyId, &KeyId),
    ) -> Result<BTreeMap<KeyId, Timestamp>, StoreError> {
        let pk = tenant.api_keys_used();
        let range = Range { pk: &pk, from: from.to_string(), to: to.to_string(), consistent: false };
        let found: Vec<UsedItem> = self.list_range(&self.tables.ops, &range, "listing the uses of API keys").await?;
        let read =
            |item: UsedItem| Some((KeyId::parse(&item.sk).ok()?, Timestamp::from_millisecond(item.used_at_ms).ok()?));
        Ok(found.into_iter().filter_map(read).collect())
    }

    /// Records that a key is revoked; its bearers are refused within a minute. The first time stands.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_api_key_revoked(
        &self,
        tenant: &TenantKey,
        hash: &Digest,
        at: Timestamp,
    ) -> Result<ApiKeyRevoked, StoreError> {
        let (key, doing) = (tenant.api_key(hash), "revoking an API key");
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("revoked_at", text(at.to_string()))
            .require("entity", Some(text("api_key")))
            .require("revoked_at", None)
            .build()?;
        if self.update(update, doing).await? == Written::Yes {
            return Ok(ApiKeyRevoked::Revoked);
        }
        let there: Option<Item> = self.get(&self.tables.core, &key, doing).await?;
        Ok(there.map_or(ApiKeyRevoked::NotThere, |_| ApiKeyRevoked::Revoked))
    }
}

#[cfg(test)]
mod tests;
