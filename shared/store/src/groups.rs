//! Groups of partners: a name that enrolments and rules speak of, and the rate that new rules take for it.

use domain::id::GroupId;
use domain::rate::Rate;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::request::{self, Range, Written};
use crate::{Store, StoreError, TenantKey};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which, derived from its name.
    pub id: GroupId,
    /// What enrolments and rules call it; it never changes.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The rate that a new rule version takes for it where it says none.
    pub default_rate: Option<Rate>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised by every change.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct GroupItem {
    entity: String,
    v: u32,
    version: u64,
    group: GroupId,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_rate: Option<Rate>,
    created_at: Timestamp,
}

impl From<&Group> for GroupItem {
    fn from(group: &Group) -> Self {
        let Group { id, name, description, default_rate, created_at, version } = group.clone();
        Self { entity: "group".to_owned(), v: 1, version, group: id, name, description, default_rate, created_at }
    }
}

impl From<GroupItem> for Group {
    fn from(item: GroupItem) -> Self {
        let GroupItem { version, group, name, description, default_rate, created_at, .. } = item;
        Self { id: group, name, description, default_rate, created_at, version }
    }
}

impl Store {
    /// A group, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_group(&self, tenant: &TenantKey, group: &GroupId) -> Result<Option<Group>, StoreError> {
        let found: Option<GroupItem> = self.get(&self.tables.core, &tenant.group(group), "reading a group").await?;
        Ok(found.map(Group::from))
    }

    /// All groups of a tenant, by id: there are as many as people have words for.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_groups(&self, tenant: &TenantKey) -> Result<Vec<Group>, StoreError> {
        let pk = tenant.groups();
        let range = Range::prefix(&pk, GroupId::PREFIX);
        let found: Vec<GroupItem> = self.list_range(&self.tables.core, &range, "listing the groups").await?;
        Ok(found.into_iter().map(Group::from).collect())
    }

    /// A group in its first version, or over the version before. `ConditionFailed` when that is not what is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_group(&self, tenant: &TenantKey, after: &Group) -> Result<Written, StoreError> {
        let (core, key) = (&self.tables.core, tenant.group(&after.id));
        let put = match after.version {
            0 | 1 => request::put_new(core, &key, &GroupItem::from(after))?,
            later => request::replace(core, &key, &GroupItem::from(after), later - 1)?,
        };
        if self.put_alone(put, "changing a group").await? == Written::Yes {
            return Ok(Written::Yes);
        }
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let there = self.get_group(tenant, &after.id).await?;
        Ok(if there.as_ref() == Some(after) { Written::Yes } else { Written::ConditionFailed })
    }
}
