//! Bearer keys: who presents one, by the hash of its text. The text itself is nowhere.

use domain::digest::Digest;
use domain::id::{KeyId, TenantId};
use domain::role::Role;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::text;
use crate::request::{UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

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
}

impl From<ApiKey> for Item {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, tenant, role, subject, name, created_at, revoked_at } = key;
        let entity = "api_key".to_owned();
        Self { entity, v: 1, id, tenant, role, subject, name, created_at, revoked_at }
    }
}

impl From<Item> for ApiKey {
    fn from(item: Item) -> Self {
        let Item { id, tenant, role, subject, name, created_at, revoked_at, .. } = item;
        Self { id, tenant, role, subject, name, created_at, revoked_at }
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
            let _: Written = self.record_tenant(tenant).await?;
        }
        let (key, item) = (tenant.api_key(hash), Item::from(api_key.clone()));
        Ok(match self.put_new(&self.tables.core, &key, &item, "creating an API key").await? {
            Written::Yes => ApiKeyCreated::Created,
            Written::ConditionFailed => ApiKeyCreated::AlreadyThere,
        })
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
