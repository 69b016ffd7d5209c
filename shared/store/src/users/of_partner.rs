//! Which users sign in for a partner: an entry with the partner for each of them, and the users themselves say whether it
//! still holds.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::id::{PartnerId, UserId};
use domain::user::{PARTNER_USERS_MAX, Position, UserState};
use serde::Deserialize;

use super::{KeptUser, UserChanged, UserCreated, UserItem};
use crate::item::{self, number, text};
use crate::keys::Key;
use crate::registry::{Entries, Entry, next_of};
use crate::request::{self, Range, Transacted, UpdateBuilder};
use crate::{Page, Store, StoreError, TenantKey};

/// How often an invitation that met another one counts anew.
const TRIES_MAX: usize = 40;

/// What the sort keys of a partner's users begin with.
const USER: &str = "user#";

/// How often somebody was invited to sign in for a partner.
#[derive(Deserialize)]
struct InvitedItem {
    invitations: u64,
}

impl Store {
    /// A new user who signs in for a partner, if it does not leave and not as many do as may. They are counted, and with
    /// the user the number of invitations goes up from what it was before they were counted: of two at once one counts anew.
    pub(super) async fn put_partner_user(
        &self,
        tenant: &TenantKey,
        kept: &KeptUser,
        partner: &PartnerId,
    ) -> Result<UserCreated, StoreError> {
        let (core, doing) = (&self.tables.core, "creating a user of a partner");
        let key = tenant.invited(partner);
        for _ in 0..TRIES_MAX {
            let seen = self.get::<InvitedItem>(core, &key, doing).await?.map(|item| item.invitations);
            if self.count_others(tenant, partner, &kept.user.id).await? >= PARTNER_USERS_MAX {
                return Ok(UserCreated::TooMany);
            }
            let mut items = self.new_user(tenant, kept)?;
            items.push(self.does_not_leave(tenant, partner)?);
            items.push(self.invited_once_more(&key, seen)?);
            items.extend(self.partner_user(tenant, kept)?);
            match self.transact(items, doing).await? {
                Transacted::Yes => return Ok(UserCreated::Yes),
                Transacted::ConditionFailed(places) if places.iter().any(|place| *place < 2) => {
                    return Ok(UserCreated::AddressTaken);
                }
                Transacted::ConditionFailed(places) if places.contains(&2) => return Ok(UserCreated::PartnerGone),
                Transacted::ConditionFailed(_) => {}
            }
        }
        Err(StoreError::LostRace { doing })
    }

    /// A user who comes to a partner from elsewhere, or back to it, if not as many people sign in for it as may. Counted as
    /// new ones are; `admins` as [`Store::replace_user`] has it.
    ///
    /// # Errors
    /// The store does not answer, or too many came at once.
    pub async fn replace_joining_user(
        &self,
        tenant: &TenantKey,
        (kept, admins): (&KeptUser, i64),
        partner: &PartnerId,
    ) -> Result<UserChanged, StoreError> {
        let (core, doing) = (&self.tables.core, "moving a user to a partner");
        let key = tenant.invited(partner);
        for _ in 0..TRIES_MAX {
            let seen = self.get::<InvitedItem>(core, &key, doing).await?.map(|item| item.invitations);
            if self.count_others(tenant, partner, &kept.user.id).await? >= PARTNER_USERS_MAX {
                return Ok(UserChanged::TooMany);
            }
            let counted = self.invited_once_more(&key, seen)?;
            if let Some(changed) = self.write_changed(tenant, (kept, admins), Some(counted)).await? {
                return Ok(changed);
            }
        }
        Err(StoreError::LostRace { doing })
    }

    /// That somebody was let in for a partner once more than was seen.
    fn invited_once_more(&self, key: &Key, seen: Option<u64>) -> Result<TransactWriteItem, StoreError> {
        UpdateBuilder::new(&self.tables.core, key)
            .set("entity", text("invited"))
            .set("v", number(1))
            .add("invitations", 1)
            .require("invitations", seen.map(number))
            .build_transact()
    }

    /// How many people beside this one sign in for a partner, strongly consistent. Those who were taken away do not.
    async fn count_others(&self, tenant: &TenantKey, partner: &PartnerId, but: &UserId) -> Result<usize, StoreError> {
        let (pk, doing) = (tenant.partner_partition(partner), "counting the users of a partner");
        let entries = self.list_attributes(&self.tables.core, &Range::prefix(&pk, USER), doing).await?;
        let id_of = |place: String| place.strip_prefix(USER).and_then(|id| UserId::parse(id).ok());
        let ids = entries.iter().filter_map(|entry| id_of(item::place_of(entry).1)).filter(|id| id != but);
        let keys: Vec<Key> = ids.map(|id| tenant.user(&id)).collect();
        let found = self.get_many_attributes(&keys, true, doing).await?;
        let users: Result<Vec<UserItem>, StoreError> = found.into_iter().map(item::read).collect();
        let signs_in = |item: &&UserItem| {
            let is_of = matches!(&item.user.position, Position::Partner { partner_id } if partner_id == partner);
            is_of && item.user.state == UserState::Active
        };
        Ok(users?.iter().filter(signs_in).count())
    }

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
        let entries = Entries { partitions: vec![tenant.partner_partition(partner)], prefix: USER, doing };
        let ids = self.list_newest(&entries, after.map(UserId::as_str), limit + 1).await?;
        let users = ids.iter().take(limit).filter_map(|id| UserId::parse(id).ok());
        let keys: Vec<Key> = users.map(|id| tenant.user(&id)).collect();
        let found: Vec<UserItem> = self.get_many(&keys, doing).await?;
        let mut items: Vec<KeptUser> = found.into_iter().map(KeptUser::from).collect();
        items.retain(|kept| kept.user.position == Position::Partner { partner_id: partner.clone() });
        Ok(Page { items, next: next_of(&ids, limit) })
    }
}
