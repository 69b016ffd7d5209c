//! Changes by hand: asked for, approved and booked, each step one transaction with its audit entry.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use domain::adjustment::{Adjustment, AdjustmentState, Change};
use domain::audit::{Actor, AuditEntry, ChainEnd};
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{AdjustmentId, PartnerId};
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::entries::{EntryBooking, EntryWritten};
use crate::keys::Key;
use crate::request::{self, Transacted};
use crate::sales::{NewSale, SaleWritten};
use crate::{Page, Store, StoreError, TenantKey, item};

/// An adjustment as it is stored, with the end of its audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAdjustment {
    /// The adjustment.
    pub adjustment: Adjustment,
    /// The end of its audit chain; also its version.
    pub chain: ChainEnd,
}

#[derive(Serialize, Deserialize)]
struct AdjustmentItem {
    entity: String,
    v: u32,
    version: u64,
    id: AdjustmentId,
    partner: PartnerId,
    #[serde(flatten)]
    change: Change,
    reason: String,
    requested_by: Actor,
    requested_at: Timestamp,
    moved_at: Timestamp,
    #[serde(flatten)]
    state: AdjustmentState,
    audit_no: u32,
    audit_hash: Digest,
}

impl AdjustmentItem {
    fn new(adjustment: &Adjustment, chain: ChainEnd) -> Self {
        Self {
            entity: "adjustment".to_owned(),
            v: 1,
            version: u64::from(chain.no),
            id: adjustment.id.clone(),
            partner: adjustment.partner.clone(),
            change: adjustment.change.clone(),
            reason: adjustment.reason.clone(),
            requested_by: adjustment.requested_by.clone(),
            requested_at: adjustment.requested_at,
            moved_at: adjustment.moved_at,
            state: adjustment.state.clone(),
            audit_no: chain.no,
            audit_hash: chain.hash,
        }
    }
}

impl From<AdjustmentItem> for StoredAdjustment {
    fn from(item: AdjustmentItem) -> Self {
        let chain = ChainEnd { no: item.audit_no, hash: item.audit_hash };
        let adjustment = Adjustment {
            id: item.id,
            partner: item.partner,
            change: item.change,
            reason: item.reason,
            requested_by: item.requested_by,
            requested_at: item.requested_at,
            moved_at: item.moved_at,
            state: item.state,
        };
        Self { adjustment, chain }
    }
}

/// A step of an adjustment that is to be written.
#[derive(Clone, Copy, Debug)]
pub struct AdjustmentStep<'a> {
    /// Its audit chain as read: also its version. Before the first step there is none.
    pub before: ChainEnd,
    /// The adjustment after.
    pub after: &'a Adjustment,
    /// The audit entry of the step.
    pub told: &'a AuditEntry,
    /// What it books; empty as long as it waits.
    pub books: &'a [EntryBooking<'a>],
    /// The business day of it.
    pub booked_day: BusinessDay,
}

impl Store {
    /// One adjustment of a kind, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_adjustment(
        &self,
        tenant: &TenantKey,
        kind: &str,
        id: &AdjustmentId,
    ) -> Result<Option<StoredAdjustment>, StoreError> {
        let key = Key::new(tenant.adjustments(kind), id.as_str());
        let found: Option<AdjustmentItem> = self.get(&self.tables.core, &key, "reading an adjustment").await?;
        Ok(found.map(StoredAdjustment::from))
    }

    /// A page of the adjustments of a kind, newest first, older than one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_adjustments(
        &self,
        tenant: &TenantKey,
        kind: &str,
        before: Option<&AdjustmentId>,
        limit: usize,
    ) -> Result<Page<StoredAdjustment>, StoreError> {
        let pk = tenant.adjustments(kind);
        let before = before.map_or_else(|| format!("{}~", AdjustmentId::PREFIX), ToString::to_string);
        let found = self.list_backwards(&pk, (AdjustmentId::PREFIX, &before), limit, "listing adjustments").await?;
        let items: Result<Vec<_>, StoreError> = found
            .items
            .into_iter()
            .map(|attributes| item::read::<AdjustmentItem>(attributes).map(StoredAdjustment::from))
            .collect();
        let items = items?;
        let next = found.next.and_then(|_| items.last().map(|stored| stored.adjustment.id.to_string()));
        Ok(Page { items, next })
    }

    /// An adjustment takes a step: it, its audit entry, and the entries that it books, in one transaction.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_adjustment(
        &self,
        tenant: &TenantKey,
        step: AdjustmentStep<'_>,
    ) -> Result<EntryWritten, StoreError> {
        let core = &self.tables.core;
        let key = Key::new(tenant.adjustments(step.after.change.word()), step.after.id.as_str());
        let item = AdjustmentItem::new(step.after, step.told.end());
        let adjustment = match step.before.no {
            0 => request::put_new(core, &key, &item)?,
            version => request::replace(core, &key, &item, u64::from(version))?,
        };
        let others = vec![adjustment, self.new_audit_entry(tenant, step.told)?];
        self.book_entries(tenant, step.books, step.booked_day, others, "moving an adjustment").await
    }

    /// A person changes a sale: it in its version, its new lines and their heads, and the audit entry, in one
    /// transaction. One that `waited` with its customer waits no more.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn change_sale_by_hand(
        &self,
        tenant: &TenantKey,
        before: u64,
        new: &NewSale<'_>,
        told: &AuditEntry,
        waited: Option<&PaymentKey>,
    ) -> Result<SaleWritten, StoreError> {
        let mut others = vec![self.new_audit_entry(tenant, told)?];
        if let Some(customer) = waited {
            others.push(self.undecided_no_more(tenant, customer, &new.sale.id)?);
            others.push(self.listed_part(tenant, customer, &new.sale.id)?);
        }
        others.extend(self.woken_by(tenant, new.sale, new.lines)?);
        self.change_sale(tenant, before, new, others, "changing a sale by hand").await
    }

    /// Something is told that changes no row of its own: an audit entry alone; `false` when its number is taken.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_told(&self, tenant: &TenantKey, told: &AuditEntry) -> Result<bool, StoreError> {
        let items = vec![self.new_audit_entry(tenant, told)?];
        Ok(self.transact(items, "telling the audit trail").await? == Transacted::Yes)
    }

    /// The last audit entry of a thing, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_last_told(&self, tenant: &TenantKey, aggregate: &str) -> Result<Option<AuditEntry>, StoreError> {
        let key = tenant.audit(aggregate, 0);
        let found = self.list_backwards(&key.pk, ("0", "9"), 1, "reading the end of an audit trail").await?;
        found.items.into_iter().next().map(crate::audit::read).transpose()
    }
}
