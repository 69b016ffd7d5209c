//! A partner that leaves: while it is looked through, and ever after, nothing new is made for it.
//!
//! A deletion looks for a history and then deletes. What is made between the two would be nobody's. So it says first that
//! the partner leaves; whoever makes something for a partner asks for that in their own transaction; and what was made
//! before it was said is found by a second look.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::id::PartnerId;
use domain::time::{Timestamp, sortable};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::item::{number, text};
use crate::request::{self, UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

/// How long a deletion may take. One that died is behind it, and is taken back by whoever meets it.
const LEAVING: SignedDuration = SignedDuration::from_secs(60);
/// Since when a partner leaves; absent where a deletion was taken back.
const LEAVES_AT: &str = "leaves_at";

#[derive(Deserialize)]
struct LeavingItem {
    #[serde(default)]
    leaves_at: Option<String>,
}

impl Store {
    /// From now on nothing new is made for a partner. Of two who say so the later one goes on.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_leaving(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = tenant.leaving(partner);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", text("leaving_partner"))
            .set("v", number(1))
            .set(LEAVES_AT, text(sortable(at)));
        self.update(update.build()?, "beginning to delete a partner").await.map(|_| ())
    }

    /// The partner stays after all: what was begun at that instant is taken back, and nobody else's.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stop_leaving(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        at: Timestamp,
    ) -> Result<Written, StoreError> {
        self.take_back(tenant, partner, sortable(at)).await
    }

    /// Something was not made, because the partner leaves. Takes back a deletion that died; answers whether it did, so that
    /// it may be tried again.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn stop_dead_leaving(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let doing = "reading whether a partner leaves";
        let there: Option<LeavingItem> = self.get(&self.tables.core, &tenant.leaving(partner), doing).await?;
        let Some(since) = there.and_then(|there| there.leaves_at) else { return Ok(true) };
        let is_dead = now.checked_sub(LEAVING).is_ok_and(|before| since < sortable(before));
        if !is_dead || self.get_partner(tenant, partner).await?.is_none() {
            return Ok(false);
        }
        // A deletion that only slept finds that it was taken back, and deletes nothing.
        Ok(self.take_back(tenant, partner, since).await? == Written::Yes)
    }

    async fn take_back(&self, tenant: &TenantKey, partner: &PartnerId, since: String) -> Result<Written, StoreError> {
        let key = tenant.leaving(partner);
        let update =
            UpdateBuilder::new(&self.tables.core, &key).remove(LEAVES_AT).require(LEAVES_AT, Some(text(since)));
        self.update(update.build()?, "taking back that a partner is deleted").await
    }

    /// The condition that a partner does not leave, for the transaction that makes something for it.
    pub(crate) fn does_not_leave(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
    ) -> Result<TransactWriteItem, StoreError> {
        request::check(&self.tables.core, &tenant.leaving(partner), "attribute_not_exists(leaves_at)")
    }

    /// The condition that a partner leaves since an instant, for the transaction that deletes it.
    pub(super) fn leaves_since(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        at: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        request::check_is(&self.tables.core, &tenant.leaving(partner), (LEAVES_AT, text(sortable(at))))
    }
}
