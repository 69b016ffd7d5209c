//! Links: the record, the directory that the redirect reads, and the lists that find a link again.
//!
//! A link is four items of one transaction: the record, the directory entry under its code (the one key without a
//! tenant, so that a redirect needs no credential), an entry among its partner's links and one in the registry.

mod change;

use std::collections::BTreeMap;

use domain::audit::AuditEntry;
use domain::id::{LinkId, PartnerId, ProgramId, TenantId};
use domain::rate::Rate;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keys::{self, Key, TenantKey};
use crate::registry::{Entries, Entry, next_of};
use crate::request::{self, Transacted};
use crate::{Page, Store, StoreError};

pub use change::{LinkDetails, LinkStatus};

/// A link: a code that sends visitors on and names the partner who sent them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Which link.
    pub id: LinkId,
    /// The word behind `/r/`, in lower case, unique in the deployment.
    pub code: String,
    /// Whose link.
    pub partner: PartnerId,
    /// The programme whose rules apply to its sales.
    pub program: ProgramId,
    /// Where visitors go.
    pub destination: String,
    /// How long a click counts, in days; the programme's when the link was made.
    pub window_days: u16,
    /// A rate of its own, above the programme's rule.
    pub commission_rate: Option<Rate>,
    /// Whether visitors are sent on.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// What its owner may say of it later.
    pub details: LinkDetails,
}

/// What the redirect needs to know of a link, in one small read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    /// Whose programme it belongs to.
    pub tenant: TenantId,
    /// Which link.
    pub link: LinkId,
    /// Whose link.
    pub partner: PartnerId,
    /// The programme.
    pub program: ProgramId,
    /// Where visitors go.
    pub destination: String,
    /// How long a click counts, in days.
    pub window_days: u16,
    /// Whether visitors are sent on.
    pub active: bool,
    /// From when on visits count no more.
    pub expires_at: Option<Timestamp>,
    /// Parameters of the link's own, where the visitor brings none of that name.
    pub sub_ids: BTreeMap<String, String>,
}

impl LinkTarget {
    /// Do visits count at an instant? Those through a link that has expired do not.
    #[must_use]
    pub fn counts_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// What became of a link that was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkCreated {
    /// It is there, and it is this one.
    Created,
    /// Another link of the deployment has the code.
    CodeTaken,
    /// Its partner is being deleted, or was.
    PartnerGone,
}

/// Where the condition that the partner stays stands in the transaction that makes a link.
const LEAVING_PLACE: usize = 4;

#[derive(Serialize, Deserialize)]
struct RecordItem {
    entity: String,
    v: u32,
    link: LinkId,
    code: String,
    partner: PartnerId,
    program: ProgramId,
    destination: String,
    window_days: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commission_rate: Option<Rate>,
    active: bool,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sub_ids: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "is_not")]
    is_paused_by_staff: bool,
    /// How often it was changed; absent: never.
    #[serde(default, skip_serializing_if = "is_zero")]
    version: u64,
}

fn is_not(flag: &bool) -> bool {
    !*flag
}

fn is_zero(version: &u64) -> bool {
    *version == 0
}

#[derive(Serialize, Deserialize)]
struct DirectoryItem {
    entity: String,
    v: u32,
    tenant: TenantId,
    link: LinkId,
    partner: PartnerId,
    program: ProgramId,
    destination: String,
    window_days: u16,
    active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sub_ids: BTreeMap<String, String>,
}

impl From<&Link> for RecordItem {
    fn from(link: &Link) -> Self {
        Self {
            entity: "link".to_owned(),
            v: 1,
            link: link.id.clone(),
            code: link.code.clone(),
            partner: link.partner.clone(),
            program: link.program.clone(),
            destination: link.destination.clone(),
            window_days: link.window_days,
            commission_rate: link.commission_rate,
            active: link.active,
            created_at: link.created_at,
            label: link.details.label.clone(),
            expires_at: link.details.expires_at,
            archived_at: link.details.archived_at,
            sub_ids: link.details.sub_ids.clone(),
            is_paused_by_staff: link.details.is_paused_by_staff,
            version: link.details.version,
        }
    }
}

impl From<RecordItem> for Link {
    fn from(item: RecordItem) -> Self {
        Self {
            id: item.link,
            code: item.code,
            partner: item.partner,
            program: item.program,
            destination: item.destination,
            window_days: item.window_days,
            commission_rate: item.commission_rate,
            active: item.active,
            created_at: item.created_at,
            details: LinkDetails {
                label: item.label,
                expires_at: item.expires_at,
                archived_at: item.archived_at,
                sub_ids: item.sub_ids,
                is_paused_by_staff: item.is_paused_by_staff,
                version: item.version,
            },
        }
    }
}

impl DirectoryItem {
    fn of(tenant: &TenantKey, link: &Link) -> Self {
        Self {
            entity: "link_directory".to_owned(),
            v: 1,
            tenant: tenant.tenant().clone(),
            link: link.id.clone(),
            partner: link.partner.clone(),
            program: link.program.clone(),
            destination: link.destination.clone(),
            window_days: link.window_days,
            active: link.active,
            expires_at: link.details.expires_at,
            sub_ids: link.details.sub_ids.clone(),
        }
    }
}

impl From<DirectoryItem> for LinkTarget {
    fn from(item: DirectoryItem) -> Self {
        let DirectoryItem { tenant, link, partner, program, destination, window_days, active, .. } = item;
        let (expires_at, sub_ids) = (item.expires_at, item.sub_ids);
        Self { tenant, link, partner, program, destination, window_days, active, expires_at, sub_ids }
    }
}

impl Store {
    /// Where a code leads, by one eventually consistent read of half a unit; `None` when nobody has
    /// the code.
    ///
    /// # Errors
    /// The store does not answer, or the entry cannot be read.
    pub async fn get_link_by_code(&self, code: &str) -> Result<Option<LinkTarget>, StoreError> {
        let doing = "reading where a code leads";
        let item: Option<DirectoryItem> = self.get_eventually(&self.tables.core, &keys::code(code), doing).await?;
        Ok(item.map(LinkTarget::from))
    }

    /// A link.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_link(&self, tenant: &TenantKey, link: &LinkId) -> Result<Option<Link>, StoreError> {
        let item: Option<RecordItem> = self.get(&self.tables.core, &tenant.link(link), "reading a link").await?;
        Ok(item.map(Link::from))
    }

    /// Makes a link: record, directory entry, partner's entry and registry entry, or none of them.
    ///
    /// # Errors
    /// The store does not answer, or the id is another link's.
    pub async fn create_link(&self, tenant: &TenantKey, link: &Link) -> Result<LinkCreated, StoreError> {
        self.create_link_told(tenant, link, &[]).await
    }

    /// Makes a link as [`Self::create_link`] does, and tells who did it in the same transaction.
    ///
    /// # Errors
    /// As [`Self::create_link`].
    pub async fn create_link_told(
        &self,
        tenant: &TenantKey,
        link: &Link,
        audit: &[AuditEntry],
    ) -> Result<LinkCreated, StoreError> {
        let doing = "creating a link";
        let (core, directory) = (&self.tables.core, keys::code(&link.code));
        let mut parts = vec![
            request::put_new(core, &tenant.link(&link.id), &RecordItem::from(link))?,
            request::put_new(core, &directory, &DirectoryItem::of(tenant, link))?,
            request::put_new(core, &tenant.partner_link(&link.partner, &link.id), &Entry::of("partner_link"))?,
            request::put_new(core, &tenant.link_registered(&link.id), &Entry::of("link_entry"))?,
            self.does_not_leave(tenant, &link.partner)?,
        ];
        for entry in audit {
            parts.push(self.new_audit_entry(tenant, entry)?);
        }
        let Transacted::ConditionFailed(places) = self.transact(parts, doing).await? else {
            return Ok(LinkCreated::Created);
        };
        // The code is another's; or an SDK retry met what its own first try had written: read it.
        match self.get::<DirectoryItem>(core, &directory, doing).await? {
            Some(there) if there.link == link.id => Ok(LinkCreated::Created),
            Some(_) => Ok(LinkCreated::CodeTaken),
            None if places.contains(&LEAVING_PLACE) => Ok(LinkCreated::PartnerGone),
            None => Err(StoreError::LostRace { doing }),
        }
    }

    /// One page of the tenant's links, newest first, older than `after`.
    ///
    /// # Errors
    /// The store does not answer, or a link cannot be read.
    pub async fn list_links(
        &self,
        tenant: &TenantKey,
        after: Option<&LinkId>,
        limit: usize,
    ) -> Result<Page<Link>, StoreError> {
        let partitions = (0..keys::SHARDS).map(|shard| tenant.link_registry(shard)).collect();
        let range = Entries { partitions, prefix: "", doing: "listing links" };
        self.page_of_links(tenant, range, after, limit).await
    }

    /// One page of a partner's links, newest first, older than `after`.
    ///
    /// # Errors
    /// The store does not answer, or a link cannot be read.
    pub async fn list_partner_links(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        after: Option<&LinkId>,
        limit: usize,
    ) -> Result<Page<Link>, StoreError> {
        let partitions = vec![tenant.partner_partition(partner)];
        let range = Entries { partitions, prefix: "link#", doing: "listing a partner's links" };
        self.page_of_links(tenant, range, after, limit).await
    }

    async fn page_of_links(
        &self,
        tenant: &TenantKey,
        entries: Entries,
        after: Option<&LinkId>,
        limit: usize,
    ) -> Result<Page<Link>, StoreError> {
        let ids = self.list_newest(&entries, after.map(LinkId::as_str), limit + 1).await?;
        let keys: Vec<Key> =
            ids.iter().take(limit).filter_map(|id| LinkId::parse(id).ok()).map(|id| tenant.link(&id)).collect();
        let items: Vec<RecordItem> = self.get_many(&keys, entries.doing).await?;
        let links = items.into_iter().map(Link::from).collect();
        Ok(Page { items: links, next: next_of(&ids, limit) })
    }
}

#[cfg(test)]
mod tests;
