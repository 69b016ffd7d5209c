//! Which users sign in for a partner: an entry with the partner for each of them, and the users themselves say whether it
//! still holds.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::id::{PartnerId, UserId};
use domain::user::Position;

use super::{KeptUser, UserItem};
use crate::keys::Key;
use crate::registry::{Entries, Entry, next_of};
use crate::request;
use crate::{Page, Store, StoreError, TenantKey};

impl Store {
    /// The entry of a user who signs in for a partner, for the transaction that makes them one.
    pub(super) fn partner_user(
        &self,
        tenant: &TenantKey,
        kept: &KeptUser,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let Position::Partner { partner_id } = &kept.user.position else { return Ok(None) };
        let key = tenant.partner_user(partner_id, &kept.user.id);
        request::put_over(&self.tables.core, &key, &Entry::of("partner_user")).map(Some)
    }

    /// A page of the users who sign in for a partner, newest first, older than `after`: also those who are disabled. Of
    /// somebody who is for another partner by now nothing is told.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_partner_users(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Page<KeptUser>, StoreError> {
        let doing = "listing the users of a partner";
        let entries = Entries { partitions: vec![tenant.partner_partition(partner)], prefix: "user#", doing };
        let ids = self.list_newest(&entries, after.map(UserId::as_str), limit + 1).await?;
        let users = ids.iter().take(limit).filter_map(|id| UserId::parse(id).ok());
        let keys: Vec<Key> = users.map(|id| tenant.user(&id)).collect();
        let found: Vec<UserItem> = self.get_many(&keys, doing).await?;
        let mut items: Vec<KeptUser> = found.into_iter().map(KeptUser::from).collect();
        items.retain(|kept| kept.user.position == Position::Partner { partner_id: partner.clone() });
        Ok(Page { items, next: next_of(&ids, limit) })
    }
}
