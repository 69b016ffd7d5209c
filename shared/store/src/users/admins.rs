//! The active admins among all users.

use domain::id::UserId;
use serde::Deserialize;

use super::{KeptUser, UserItem};
use crate::item;
use crate::request::Range;
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
    /// The active admins, newest first; strongly consistent.
    ///
    /// They are looked for among all users, the oldest first: admins are made before the partners' people are, and the walk
    /// ends with the last one that is counted, or behind 100,000 users: an admin who was made behind them is missed.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_active_admins(&self, tenant: &TenantKey) -> Result<Vec<UserId>, StoreError> {
        let count: Option<AdminsItem> = self.get(&self.tables.core, &tenant.admins(), "counting the admins").await?;
        // Of users that were made before admins were counted nobody knows how many there are: all are looked at.
        let count = count.map_or(usize::MAX, |admins| usize::try_from(admins.active).unwrap_or(usize::MAX));
        let pk = tenant.users();
        let (range, mut admins, mut start) = (Range::prefix(&pk, UserId::PREFIX), Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let doing = "listing the admins";
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
