//! The active admins: counted, and listed by an entry each, in the transactions that make somebody one or take it away.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::id::UserId;
use serde::Deserialize;

use super::{KeptUser, UserItem};
use crate::item;
use crate::keys::Key;
use crate::registry::Entry;
use crate::request::{self, Range};
use crate::{Store, StoreError, TenantKey};

/// How many users one question to the store answers, and how many are asked before the walk ends.
const PAGE: i32 = 250;
const PAGES_MAX: usize = 400;

/// How many active admins there are: counted with each user that is made or changed.
#[derive(Deserialize)]
struct AdminsItem {
    #[serde(default)]
    active: i64,
}

impl Store {
    /// The entry of a user who comes to be an active admin, or is one no longer, for the transaction that does it: `admins`
    /// is by how many active admins there are more.
    pub(crate) fn admin_entry(
        &self,
        tenant: &TenantKey,
        user: &UserId,
        admins: i64,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let (core, key) = (&self.tables.core, tenant.admin_listed(user));
        match admins {
            0 => Ok(None),
            1.. => request::put_over(core, &key, &Entry::of("admin_listed")).map(Some),
            // Whoever became one before there was a list has no entry.
            _ => request::delete_any(core, &key).map(Some),
        }
    }

    /// The active admins, newest first; strongly consistent.
    ///
    /// Each has an entry, and their own items say whether it still holds. Where the entries are fewer than the count, some
    /// of them were made before there was a list: those are looked for among all users, once, and listed.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_active_admins(&self, tenant: &TenantKey) -> Result<Vec<UserId>, StoreError> {
        let count: Option<AdminsItem> = self.get(&self.tables.core, &tenant.admins(), "counting the admins").await?;
        // Nobody was an admin without being counted: without a count there never was one.
        let count = count.map_or(0, |admins| usize::try_from(admins.active).unwrap_or(0));
        let listed = self.listed_admins(tenant).await?;
        if listed.len() >= count {
            return Ok(listed);
        }
        let found = self.walked_admins(tenant, count).await?;
        for user in found.iter().filter(|user| !listed.contains(user)) {
            // Somebody may have taken it away meanwhile: the entry says nothing then, as the user does not.
            if let Some(entry) = self.admin_entry(tenant, user, 1)? {
                self.put_alone(entry, "listing an admin of before").await?;
            }
        }
        Ok(found)
    }

    /// Those who have an entry and are active admins.
    async fn listed_admins(&self, tenant: &TenantKey) -> Result<Vec<UserId>, StoreError> {
        let (pk, doing) = (tenant.admins_listed(), "listing the admins");
        let entries = self.list_attributes(&self.tables.core, &Range::prefix(&pk, UserId::PREFIX), doing).await?;
        let ids = entries.iter().filter_map(|entry| UserId::parse(&item::place_of(entry).1).ok());
        let keys: Vec<Key> = ids.map(|id| tenant.user(&id)).collect();
        let users = self.get_many_attributes(&keys, true, doing).await?;
        let mut admins = Vec::new();
        for attributes in users.into_iter().rev() {
            let kept = KeptUser::from(item::read::<UserItem>(attributes)?);
            admins.extend(kept.user.is_active_admin().then_some(kept.user.id));
        }
        Ok(admins)
    }

    /// Those among all users, the oldest first: admins are made before the partners' people are, and the walk ends with the
    /// last one that is counted, or behind 100,000 users.
    pub(super) async fn walked_admins(&self, tenant: &TenantKey, count: usize) -> Result<Vec<UserId>, StoreError> {
        let pk = tenant.users();
        let (range, mut admins, mut start) = (Range::prefix(&pk, UserId::PREFIX), Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let doing = "looking for the admins of before";
            let (page, next) = self.query_page(&self.tables.core, &range, start, Some(PAGE), doing).await?;
            for attributes in page {
                let kept = KeptUser::from(item::read::<UserItem>(attributes)?);
                admins.extend(kept.user.is_active_admin().then_some(kept.user.id));
            }
            if next.is_none() || admins.len() >= count {
                break;
            }
            start = next;
        }
        admins.reverse();
        Ok(admins)
    }
}
