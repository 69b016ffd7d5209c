//! People who sign in: found by their id and by the hash of their address. Address and name lie sealed.

mod admins;
mod of_partner;

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::digest::Digest;
use domain::id::UserId;
use domain::user::{Position, User, UserState};
use serde::{Deserialize, Serialize};

use crate::item::{self, number, text};
use crate::request::{self, Page, Transacted, UpdateBuilder};
use crate::{Store, StoreError, TenantKey};

/// The name under which an address is sealed; it belongs to (tenant, user's id, this).
pub const EMAIL: &str = "email";
/// The name under which a name is sealed.
pub const NAME: &str = "name";

/// A user with what is sealed of them.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptUser {
    /// Who.
    pub user: User,
    /// The sealed address.
    pub email_sealed: String,
    /// The sealed name; empty where none is known.
    pub name_sealed: String,
}

impl std::fmt::Debug for KeptUser {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "KeptUser({}, [sealed])", self.user.id)
    }
}

/// What became of an attempt to make a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserCreated {
    /// There is one now.
    Yes,
    /// The address is another user's, or the user was there before.
    AddressTaken,
    /// The deployment's first admin was made before, and is not made again.
    FirstAdminWasMade,
    /// As many people sign in for the partner as may.
    TooMany,
    /// The partner is being deleted, or was.
    PartnerGone,
}

/// What became of an attempt to change a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChanged {
    /// It is so now.
    Yes,
    /// Somebody changed the user meanwhile: read it again.
    ChangedMeanwhile,
    /// No other active admin would be left.
    LastAdmin,
    /// The partner for whom they would sign in is being deleted, or was.
    PartnerGone,
    /// As many people sign in for the partner as may.
    TooMany,
}

#[derive(Serialize, Deserialize)]
struct UserItem {
    entity: String,
    v: u32,
    version: u32,
    user: User,
    email_sealed: String,
    name_sealed: String,
}

#[derive(Serialize, Deserialize)]
struct AddressItem {
    entity: String,
    v: u32,
    user: UserId,
}

impl From<&KeptUser> for UserItem {
    fn from(kept: &KeptUser) -> Self {
        Self {
            entity: "user".to_owned(),
            v: 1,
            version: kept.user.version,
            user: kept.user.clone(),
            email_sealed: kept.email_sealed.clone(),
            name_sealed: kept.name_sealed.clone(),
        }
    }
}

impl From<UserItem> for KeptUser {
    fn from(item: UserItem) -> Self {
        Self { user: item.user, email_sealed: item.email_sealed, name_sealed: item.name_sealed }
    }
}

impl Store {
    /// A user by id, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_user(&self, tenant: &TenantKey, user: &UserId) -> Result<Option<KeptUser>, StoreError> {
        let found: Option<UserItem> = self.get(&self.tables.core, &tenant.user(user), "reading a user").await?;
        Ok(found.map(KeptUser::from))
    }

    /// The user of an address, by its hash.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn find_user(&self, tenant: &TenantKey, email: &Digest) -> Result<Option<UserId>, StoreError> {
        let key = tenant.user_of_email(email);
        let found: Option<AddressItem> = self.get(&self.tables.core, &key, "looking for a user").await?;
        Ok(found.map(|found| found.user))
    }

    /// A page of users, newest first, older than `after`.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_users(
        &self,
        tenant: &TenantKey,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Page<KeptUser>, StoreError> {
        let before = after.map_or_else(|| format!("{}~", UserId::PREFIX), ToString::to_string);
        let found = self.list_backwards(&tenant.users(), (UserId::PREFIX, &before), limit, "listing users").await?;
        let items: Result<Vec<UserItem>, StoreError> = found.items.into_iter().map(item::read).collect();
        let items: Vec<KeptUser> = items?.into_iter().map(KeptUser::from).collect();
        let next = found.next.and_then(|_| items.last().map(|kept| kept.user.id.to_string()));
        Ok(Page { items, next })
    }

    /// A new user, with the address that leads to them, counted where they are an active admin.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_user(&self, tenant: &TenantKey, kept: &KeptUser) -> Result<UserCreated, StoreError> {
        self.put_user(tenant, kept, false).await
    }

    /// The deployment's first admin, once: a second time there is none, whoever asks and whatever became of the first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_first_admin(&self, tenant: &TenantKey, kept: &KeptUser) -> Result<UserCreated, StoreError> {
        self.put_user(tenant, kept, true).await
    }

    /// A new user and the address that leads to them, for a transaction.
    fn new_user(&self, tenant: &TenantKey, kept: &KeptUser) -> Result<Vec<TransactWriteItem>, StoreError> {
        let address = AddressItem { entity: "user_address".to_owned(), v: 1, user: kept.user.id.clone() };
        Ok(vec![
            request::put_new(&self.tables.core, &tenant.user(&kept.user.id), &UserItem::from(kept))?,
            request::put_new(&self.tables.core, &tenant.user_of_email(&kept.user.email), &address)?,
        ])
    }

    async fn put_user(&self, tenant: &TenantKey, kept: &KeptUser, is_first: bool) -> Result<UserCreated, StoreError> {
        if let Position::Partner { partner_id } = &kept.user.position {
            return self.put_partner_user(tenant, kept, partner_id).await;
        }
        let mut items = self.new_user(tenant, kept)?;
        let key = tenant.admins();
        if kept.user.is_active_admin() {
            let count = UpdateBuilder::new(&self.tables.core, &key)
                .set_if_absent("entity", text("admins"))
                .set_if_absent("v", number(1))
                .add("active", 1);
            let count = if is_first {
                count.set("first_admin", text(kept.user.id.as_str())).require("first_admin", None)
            } else {
                count
            };
            items.push(count.build_transact()?);
            items.extend(self.admin_entry(tenant, &kept.user.id, 1)?);
        }
        Ok(match self.transact(items, "creating a user").await? {
            Transacted::Yes => UserCreated::Yes,
            Transacted::ConditionFailed(places) if places == [2] => UserCreated::FirstAdminWasMade,
            Transacted::ConditionFailed(_) => UserCreated::AddressTaken,
        })
    }

    /// A user as they are now, over the version before, for a transaction.
    pub(crate) fn user_replaced(&self, tenant: &TenantKey, kept: &KeptUser) -> Result<TransactWriteItem, StoreError> {
        let before = u64::from(kept.user.version.saturating_sub(1));
        request::replace(&self.tables.core, &tenant.user(&kept.user.id), &UserItem::from(kept), before)
    }

    /// A user as they are now, over the version before; `admins` is by how many active admins there are more.
    ///
    /// POR-3: the last admin is held by the count, in the same transaction: two who remove one another at the same
    /// moment do not both succeed. Nobody comes to a partner that leaves.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_user(
        &self,
        tenant: &TenantKey,
        kept: &KeptUser,
        admins: i64,
    ) -> Result<UserChanged, StoreError> {
        // Nothing that could say otherwise is written with it.
        Ok(self.write_changed(tenant, (kept, admins), None).await?.unwrap_or(UserChanged::ChangedMeanwhile))
    }

    /// As [`Store::replace_user`], with something more in the transaction; `None` where that alone says no.
    async fn write_changed(
        &self,
        tenant: &TenantKey,
        (kept, admins): (&KeptUser, i64),
        more: Option<TransactWriteItem>,
    ) -> Result<Option<UserChanged>, StoreError> {
        let mut items = vec![self.user_replaced(tenant, kept)?];
        let key = tenant.admins();
        if admins != 0 {
            let count = UpdateBuilder::new(&self.tables.core, &key).add("active", admins);
            let count = if admins < 0 { count.require_above("active", number(1)) } else { count };
            items.push(count.build_transact()?);
        }
        items.extend(self.partner_user(tenant, kept)?);
        let partner_at = items.len();
        if let (Position::Partner { partner_id }, UserState::Active) = (&kept.user.position, kept.user.state) {
            items.push(self.does_not_leave(tenant, partner_id)?);
        }
        items.extend(self.admin_entry(tenant, &kept.user.id, admins)?);
        let more_at = items.len();
        items.extend(more);
        Ok(match self.transact(items, "changing a user").await? {
            Transacted::Yes => Some(UserChanged::Yes),
            Transacted::ConditionFailed(places) if places.contains(&0) => Some(UserChanged::ChangedMeanwhile),
            Transacted::ConditionFailed(places) if places.contains(&partner_at) => Some(UserChanged::PartnerGone),
            Transacted::ConditionFailed(places) if admins < 0 && places.contains(&1) => Some(UserChanged::LastAdmin),
            Transacted::ConditionFailed(places) if places == [more_at] => None,
            Transacted::ConditionFailed(_) => Some(UserChanged::ChangedMeanwhile),
        })
    }
}

#[cfg(test)]
mod tests;
