//! Entries of accounts: each is one fact, one line and its account's head, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::{Actor, AuditEntry};
use domain::currency::Currency;
use domain::entry::{Entry, EntryKind};
use domain::id::{EntryId, PartnerId, ProgramId, RuleId};
use domain::line::{Account, Place};
use domain::money::Money;
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::number;
use crate::keys::Key;
use crate::request::{self, Transacted, UpdateBuilder};
use crate::{Store, StoreError, TenantKey};

/// What must still hold of the account's head when an entry is booked, beside that its slot is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadGuard {
    /// Nothing: the entry does not depend on what is there.
    Open,
    /// Nothing happened to the account since this version was read.
    Version(u64),
    /// No other adjustment was booked since this number was read; it is raised by one.
    AdjustNo(u64),
}

/// An entry to book, and what it depends on.
#[derive(Clone, Copy, Debug)]
pub struct EntryBooking<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// The account as it was read.
    pub guard: HeadGuard,
}

/// What became of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryWritten {
    /// They are booked.
    Yes,
    /// They were booked before; or what goes with them has changed.
    AlreadySeen,
    /// An account has changed since it was read, or a slot has become final: read again.
    AccountChanged,
}

#[derive(Serialize, Deserialize)]
struct EntryItem {
    entity: String,
    v: u32,
    key: String,
    kind: EntryKind,
    partner: PartnerId,
    currency: Currency,
    amount_minor: i64,
    /// A held one has no slot.
    slot: Option<Slot>,
    occurred_at: Timestamp,
    booked_at: Timestamp,
    by: Option<Actor>,
    reason: String,
    program: Option<ProgramId>,
    rule: Option<RuleId>,
    #[serde(default)]
    notes: Vec<String>,
    day_pk: String,
    day_sk: String,
}

impl EntryItem {
    fn into_entry(self) -> Entry {
        Entry {
            id: EntryId::of(&self.key),
            key: self.key,
            kind: self.kind,
            account: Account { partner: self.partner, currency: self.currency },
            amount: Money::from_minor(self.amount_minor, self.currency),
            place: self.slot.map_or(Place::Held, Place::Slot),
            occurred_at: self.occurred_at,
            booked_at: self.booked_at,
            by: self.by,
            reason: self.reason,
            program: self.program,
            rule: self.rule,
            notes: self.notes,
        }
    }
}

/// Reads an entry.
pub(crate) fn read(attributes: crate::item::Attributes) -> Result<Entry, StoreError> {
    crate::item::read::<EntryItem>(attributes).map(EntryItem::into_entry)
}

impl Store {
    /// One entry, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_entry(&self, tenant: &TenantKey, entry: &EntryId) -> Result<Option<Entry>, StoreError> {
        let found: Option<EntryItem> = self.get(&self.tables.core, &tenant.entry(entry), "reading an entry").await?;
        Ok(found.map(EntryItem::into_entry))
    }

    /// Some entries, strongly consistent, a hundred with one request; those that are not there are left out.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_entries(
        &self,
        tenant: &TenantKey,
        entries: &BTreeSet<EntryId>,
    ) -> Result<BTreeMap<EntryId, Entry>, StoreError> {
        let keys: Vec<Key> = entries.iter().map(|entry| tenant.entry(entry)).collect();
        let found = self.get_many_attributes(&keys, true, "reading entries").await?;
        found.into_iter().map(|attributes| read(attributes).map(|entry| (entry.id.clone(), entry))).collect()
    }

    /// Books one entry of a business day.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_entry(
        &self,
        tenant: &TenantKey,
        booking: EntryBooking<'_>,
        booked_day: BusinessDay,
    ) -> Result<EntryWritten, StoreError> {
        self.record_entries(tenant, &[booking], booked_day, Vec::new()).await
    }

    /// Books several entries of one business day, of one account or several, with the audit entries that tell of
    /// them: all in one transaction.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_entries(
        &self,
        tenant: &TenantKey,
        bookings: &[EntryBooking<'_>],
        booked_day: BusinessDay,
        told: Vec<AuditEntry>,
    ) -> Result<EntryWritten, StoreError> {
        let told: Result<Vec<_>, _> = told.iter().map(|entry| self.new_audit_entry(tenant, entry)).collect();
        self.book_entries(tenant, bookings, booked_day, told?, "booking entries of an account").await
    }

    /// As [`Store::record_entries`], with whatever else goes along.
    pub(crate) async fn book_entries(
        &self,
        tenant: &TenantKey,
        bookings: &[EntryBooking<'_>],
        booked_day: BusinessDay,
        others: Vec<TransactWriteItem>,
        doing: &'static str,
    ) -> Result<EntryWritten, StoreError> {
        let lines: Vec<_> = bookings.iter().map(|booking| (booking.entry.line(), booking.guard)).collect();
        let mut items = others;
        for booking in bookings {
            items.push(self.new_entry(tenant, booking.entry, booked_day)?);
        }
        let guard_of = |account: &Account| {
            let own = lines.iter().filter(|(line, _)| line.account() == *account).map(|(_, guard)| *guard);
            own.into_iter().find(|guard| *guard != HeadGuard::Open).unwrap_or(HeadGuard::Open)
        };
        let booked = lines.iter().map(|(line, _)| line);
        let booking = self.booking(tenant, booked, None, |account, update| guarded(update, guard_of(account)))?;
        items.extend(booking.lines);
        let heads_from = items.len();
        items.extend(booking.heads);
        Ok(match self.transact(items, doing).await? {
            Transacted::Yes => EntryWritten::Yes,
            // The facts' own word comes first: what is booked is booked, whatever the account says by now.
            Transacted::ConditionFailed(places) if places.iter().any(|place| *place < heads_from) => {
                EntryWritten::AlreadySeen
            }
            Transacted::ConditionFailed(_) => EntryWritten::AccountChanged,
        })
    }

    /// An entry, if it was not booked before.
    pub(crate) fn new_entry(
        &self,
        tenant: &TenantKey,
        entry: &Entry,
        booked_day: BusinessDay,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = self.entry_item(tenant, entry, booked_day);
        request::put_new(&self.tables.core, &tenant.entry(&entry.id), &item)
    }

    fn entry_item(&self, tenant: &TenantKey, entry: &Entry, booked_day: BusinessDay) -> EntryItem {
        let day = tenant.day_log(booked_day, entry.booked_at, entry.id.as_str());
        EntryItem {
            entity: "entry".to_owned(),
            v: 1,
            key: entry.key.clone(),
            kind: entry.kind,
            partner: entry.account.partner.clone(),
            currency: entry.account.currency,
            amount_minor: entry.amount.minor(),
            slot: match entry.place {
                Place::Slot(slot) => Some(slot),
                Place::Held => None,
            },
            occurred_at: entry.occurred_at,
            booked_at: entry.booked_at,
            by: entry.by.clone(),
            reason: entry.reason.clone(),
            program: entry.program.clone(),
            rule: entry.rule.clone(),
            notes: entry.notes.clone(),
            day_pk: day.pk,
            day_sk: day.sk,
        }
    }
}

/// A count of a head: absent is zero.
fn counted(n: u64) -> Option<aws_sdk_dynamodb::types::AttributeValue> {
    (n > 0).then(|| number(n))
}

fn guarded(update: UpdateBuilder<'_>, guard: HeadGuard) -> UpdateBuilder<'_> {
    match guard {
        HeadGuard::Open => update,
        HeadGuard::Version(version) => update.require("version", counted(version)),
        HeadGuard::AdjustNo(n) => update.require("adjust_no", counted(n)).set("adjust_no", number(n + 1)),
    }
}
