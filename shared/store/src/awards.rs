//! Awards: each begins, is withdrawn, is paid and ends in one transaction with the tally, the member and the ledger.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::{AuditEntry, ChainEnd};
use domain::award::{Award, Tally};
use domain::digest::Digest;
use domain::id::{AwardId, TenantId};
use domain::time::BusinessDay;
use serde::{Deserialize, Serialize};

use crate::entries::{EntryBooking, EntryWritten};
use crate::item::{self, Attributes};
use crate::keys::Key;
use crate::members::MemberChange;
use crate::request::{self, Range, Transacted, Written};
use crate::{Page, Store, StoreError, TenantKey};

/// The name under which the audit trail of a tenant's awards stands.
pub const AWARDS: &str = "awards";

/// The tally as it is stored, with the end of its audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTally {
    /// The tally.
    pub tally: Tally,
    /// The end of the chain; also its version.
    pub chain: ChainEnd,
}

impl Default for StoredTally {
    fn default() -> Self {
        Self { tally: Tally::default(), chain: ChainEnd::START }
    }
}

/// An award as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAward {
    /// The award.
    pub award: Award,
    /// How often it was written.
    pub version: u64,
}

/// A step of an award, with everything that it changes.
#[derive(Clone, Copy, Debug)]
pub struct AwardStep<'a> {
    /// The award's version as read; 0 where it begins.
    pub before: u64,
    /// The award after.
    pub after: &'a Award,
    /// The tally as it was read, as it becomes, and what the trail of awards says.
    pub tally: (&'a StoredTally, &'a Tally, &'a AuditEntry),
    /// The member, where they change.
    pub member: Option<MemberChange<'a>>,
    /// What it books.
    pub books: &'a [EntryBooking<'a>],
    /// The business day of it.
    pub booked_day: BusinessDay,
}

#[derive(Serialize, Deserialize)]
struct TallyItem {
    entity: String,
    v: u32,
    version: u64,
    tenant: TenantId,
    tally: Tally,
    audit_hash: Digest,
}

#[derive(Serialize, Deserialize)]
struct AwardItem {
    entity: String,
    v: u32,
    version: u64,
    tenant: TenantId,
    award: Award,
}

impl From<AwardItem> for StoredAward {
    fn from(item: AwardItem) -> Self {
        Self { award: item.award, version: item.version }
    }
}

impl Store {
    /// The tally of a tenant, strongly consistent; an empty one before the first look.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_award_tally(&self, tenant: &TenantKey) -> Result<StoredTally, StoreError> {
        let found: Option<TallyItem> =
            self.get(&self.tables.core, &tenant.award_tally(), "reading the tally of awards").await?;
        Ok(found.map_or_else(StoredTally::default, |item| {
            let no = u32::try_from(item.version).unwrap_or(u32::MAX);
            StoredTally { tally: item.tally, chain: ChainEnd { no, hash: item.audit_hash } }
        }))
    }

    /// Somebody has looked at the revenue: the tally, and the trail. `ConditionFailed` when it changed since it was read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_award_tally(
        &self,
        tenant: &TenantKey,
        (before, after, told): (&StoredTally, &Tally, &AuditEntry),
    ) -> Result<Written, StoreError> {
        let items = self.tally_changed(tenant, (before, after, told))?;
        Ok(match self.transact(items, "looking at the revenue for awards").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// An award, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_award(&self, tenant: &TenantKey, award: &AwardId) -> Result<Option<StoredAward>, StoreError> {
        let found: Option<AwardItem> = self.get(&self.tables.core, &tenant.award(award), "reading an award").await?;
        Ok(found.map(StoredAward::from))
    }

    /// A page of the tenant's awards by their ids, behind one; strongly consistent. There is one for each so much of
    /// revenue, so they are few.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_awards(
        &self,
        tenant: &TenantKey,
        after: Option<&AwardId>,
        limit: usize,
    ) -> Result<Page<StoredAward>, StoreError> {
        let pk = tenant.awards();
        let from = after.map_or_else(|| AwardId::PREFIX.to_owned(), |after| format!("{after}!"));
        let range = Range { pk: &pk, from, to: format!("{}~", AwardId::PREFIX), consistent: true };
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let (rows, more) = self.query_page(&self.tables.core, &range, None, Some(most), "listing awards").await?;
        let read = |row| item::read::<AwardItem>(row).map(StoredAward::from);
        let items: Result<Vec<StoredAward>, StoreError> = rows.into_iter().map(read).collect();
        let items = items?;
        let next = items.last().filter(|_| more.is_some()).map(|last| last.award.id.to_string());
        Ok(Page { items, next })
    }

    /// AWD-3: an award takes a step: it, the tally, the member, the audit and what is booked, in one transaction.
    /// `AlreadySeen`: it, the tally or the member is another than was read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_award(&self, tenant: &TenantKey, step: AwardStep<'_>) -> Result<EntryWritten, StoreError> {
        let core = &self.tables.core;
        let key = tenant.award(&step.after.id);
        let item = AwardItem {
            entity: "award".to_owned(),
            v: 1,
            version: step.before + 1,
            tenant: tenant.tenant().clone(),
            award: step.after.clone(),
        };
        let mut others = vec![match step.before {
            0 => request::put_new(core, &key, &item)?,
            version => request::replace(core, &key, &item, version)?,
        }];
        others.extend(self.tally_changed(tenant, step.tally)?);
        if let Some(change) = step.member {
            others.extend(self.member_changed(tenant, change)?);
        }
        self.book_entries(tenant, step.books, step.booked_day, others, "moving an award").await
    }

    fn tally_changed(
        &self,
        tenant: &TenantKey,
        (before, after, told): (&StoredTally, &Tally, &AuditEntry),
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (core, key) = (&self.tables.core, tenant.award_tally());
        let item = TallyItem {
            entity: "award_tally".to_owned(),
            v: 1,
            version: u64::from(told.no),
            tenant: tenant.tenant().clone(),
            tally: after.clone(),
            audit_hash: told.hash,
        };
        let put = match before.chain.no {
            0 => request::put_new(core, &key, &item)?,
            version => request::replace(core, &key, &item, u64::from(version))?,
        };
        Ok(vec![put, self.new_audit_entry(tenant, told)?])
    }
}

/// What the stream says of the tally of awards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallySeen {
    /// Whose.
    pub tenant: TenantId,
    /// The tally.
    pub tally: Tally,
}

/// Reads the image of a tally from the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not one that this code can have written.
pub fn read_tally_image(attributes: Attributes) -> Result<TallySeen, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let found: TallyItem = item::read(attributes)?;
    if !pk.starts_with(found.tenant.as_str()) {
        return Err(item::inconsistent(&Key { pk, sk }, "names another tenant"));
    }
    Ok(TallySeen { tenant: found.tenant, tally: found.tally })
}
