//! What changes of a link, and what it is at an instant.

use std::collections::BTreeMap;

use domain::audit::AuditEntry;
use domain::time::Timestamp;

use super::{DirectoryItem, Link, RecordItem};
use crate::item;
use crate::keys::{self, TenantKey};
use crate::request::{self, Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError};

/// What the owner of a link says of it beside where it leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkDetails {
    /// What its owner calls it.
    pub label: Option<String>,
    /// From when on visits count no more.
    pub expires_at: Option<Timestamp>,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// `sub1` to `sub5` of its own, for visitors who bring none.
    pub sub_ids: BTreeMap<String, String>,
    /// Did the tenant's own people pause it? Then its partner does not turn it on.
    pub is_paused_by_staff: bool,
    /// How often it was changed.
    pub version: u64,
}

/// What a link is at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkStatus {
    /// Visitors are sent on, and counted.
    Active,
    /// Visitors are told that there is no such link, until its owner turns it on again.
    Paused,
    /// Visitors are sent on, and not counted.
    Expired,
    /// Put away: visitors are told that there is no such link. Its history stays.
    Archived,
}

/// What of the record changes.
const ATTRIBUTES: [&str; 8] =
    ["destination", "active", "label", "expires_at", "archived_at", "sub_ids", "is_paused_by_staff", "version"];

impl LinkStatus {
    /// The word in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Expired => "expired",
            Self::Archived => "archived",
        }
    }
}

impl Link {
    /// What it is at an instant.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> LinkStatus {
        if self.details.archived_at.is_some() {
            LinkStatus::Archived
        } else if !self.active {
            LinkStatus::Paused
        } else if self.details.expires_at.is_some_and(|end| end <= now) {
            LinkStatus::Expired
        } else {
            LinkStatus::Active
        }
    }
}

impl Store {
    /// A link changes, and who did it is told, in one transaction: the record, if it is as it was read, and what the
    /// redirect reads. `ConditionFailed` when somebody changed it meanwhile. Code, owner, programme and rate stay.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_link(
        &self,
        tenant: &TenantKey,
        (before, after): (&Link, &Link),
        audit: &[AuditEntry],
    ) -> Result<Written, StoreError> {
        let (core, key) = (&self.tables.core, tenant.link(&after.id));
        let seen = before.details.version;
        // A link that was never changed has no version at all.
        let seen = (seen > 0).then(|| item::number(seen));
        let next = item::write(&key, &RecordItem::from(after))?;
        let mut update = UpdateBuilder::new(core, &key).require("code", Some(item::text(&before.code)));
        update = update.require("version", seen);
        for attribute in ATTRIBUTES {
            update = match next.get(attribute) {
                Some(value) => update.set(attribute, value.clone()),
                None => update.remove(attribute),
            };
        }
        let directory = DirectoryItem::of(tenant, after);
        let mut parts = vec![update.build_transact()?, request::put_over(core, &keys::code(&after.code), &directory)?];
        for entry in audit {
            parts.push(self.new_audit_entry(tenant, entry)?);
        }
        if self.transact(parts, "changing a link").await? == Transacted::Yes {
            return Ok(Written::Yes);
        }
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let there = self.get_link(tenant, &after.id).await?;
        Ok(if there.as_ref() == Some(after) && before != after { Written::Yes } else { Written::ConditionFailed })
    }
}
