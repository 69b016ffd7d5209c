//! Partners: profile, enrolments, and the registry that finds every one of them without an index.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::id::{PartnerId, ProgramId};
pub use domain::tier::Tier;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

pub mod record;

use self::record::{EnrolmentRecord, PartnerRecord, ProgramChange};
use crate::item;
use crate::keys::{self, Key, TenantKey};
use crate::people::{Person, PersonItem};
use crate::registry::{Entries, next_of};
use crate::request::{self, Range, Transacted, UpdateBuilder, Written};
use crate::risk::StopsChange;
use crate::{Page, Store, StoreError};

/// Whether a partner works with the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerStatus {
    /// Earns and is paid.
    Active,
    /// Neither, until reinstated.
    Suspended,
}

impl PartnerStatus {
    /// The word used outside and in items.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// A partner, without the person behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Which.
    pub id: PartnerId,
    /// Whether it earns and is paid.
    pub status: PartnerStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Since when a partner is as it is, and what it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    status: PartnerStatus,
    changes: Vec<StatusChange>,
    in_programs: Vec<ProgramChange>,
}

/// A change of a partner's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// When.
    pub at: Timestamp,
    /// What it became.
    pub status: PartnerStatus,
}

impl Standing {
    /// Was the partner active at an instant?
    ///
    /// ATT-1: a click counts or does not by the standing of its own time; a later suspension takes nothing back.
    #[must_use]
    pub fn was_active_at(&self, at: Timestamp) -> bool {
        let last = self.changes.iter().filter(|change| change.at <= at).max_by_key(|change| change.at);
        let status = match (last, self.changes.first()) {
            (Some(last), _) => last.status,
            // Before its first change it was what it was not afterwards.
            (None, Some(first)) if first.status == PartnerStatus::Active => PartnerStatus::Suspended,
            (None, Some(_)) => PartnerStatus::Active,
            (None, None) => self.status,
        };
        status == PartnerStatus::Active
    }

    /// Was the partner active at an instant, and so in a programme?
    #[must_use]
    pub fn was_active_in(&self, program: &ProgramId, at: Timestamp) -> bool {
        let of_program = self.in_programs.iter().filter(|change| change.program == *program && change.at <= at);
        let there = of_program.max_by_key(|change| change.at).map_or(PartnerStatus::Active, |change| change.status);
        there == PartnerStatus::Active && self.was_active_at(at)
    }
}

/// A partner's place in a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The programme.
    pub program: ProgramId,
    /// The partner's step there.
    pub tier: Tier,
    /// Since when.
    pub enrolled_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct PartnerItem {
    entity: String,
    v: u32,
    partner: PartnerId,
    status: PartnerStatus,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<StatusChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    program_changes: Vec<ProgramChange>,
    #[serde(default)]
    version: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct EnrolmentItem {
    entity: String,
    v: u32,
    program: ProgramId,
    tier: Tier,
    enrolled_at: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    referrer: Option<PartnerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<PartnerStatus>,
}

impl From<&PartnerRecord> for PartnerItem {
    fn from(record: &PartnerRecord) -> Self {
        Self {
            entity: "partner".to_owned(),
            v: 1,
            partner: record.partner.id.clone(),
            status: record.partner.status,
            created_at: record.partner.created_at,
            changes: Vec::new(),
            program_changes: Vec::new(),
            version: record.version,
            tags: record.tags.clone(),
            reason: record.reason.clone(),
        }
    }
}

impl From<PartnerItem> for Partner {
    fn from(item: PartnerItem) -> Self {
        Self { id: item.partner, status: item.status, created_at: item.created_at }
    }
}

impl From<&EnrolmentRecord> for EnrolmentItem {
    fn from(enrolment: &EnrolmentRecord) -> Self {
        Self {
            entity: "enrolment".to_owned(),
            v: 1,
            program: enrolment.program.clone(),
            tier: enrolment.tier,
            enrolled_at: enrolment.enrolled_at,
            groups: enrolment.groups.clone(),
            referrer: enrolment.referrer.clone(),
            status: Some(enrolment.status).filter(|status| *status != PartnerStatus::Active),
        }
    }
}

impl From<EnrolmentItem> for Enrolment {
    fn from(item: EnrolmentItem) -> Self {
        Self { program: item.program, tier: item.tier, enrolled_at: item.enrolled_at }
    }
}

impl Store {
    /// A partner.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_partner(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Option<Partner>, StoreError> {
        let key = tenant.partner(partner);
        let item: Option<PartnerItem> = self.get(&self.tables.core, &key, "reading a partner").await?;
        Ok(item.map(Partner::from))
    }

    /// A partner's standing over time; `None` when there is no such partner.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_standing(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Option<Standing>, StoreError> {
        let key = tenant.partner(partner);
        let item: Option<PartnerItem> = self.get(&self.tables.core, &key, "reading a partner's standing").await?;
        Ok(item.map(|item| {
            let PartnerItem { status, changes, program_changes, .. } = item;
            Standing { status, changes, in_programs: program_changes }
        }))
    }

    /// A new partner: profile, sealed person, first enrolment and registry entry, or none of them.
    /// Creating the same once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer, or the id is another partner's.
    pub async fn create_partner(
        &self,
        tenant: &TenantKey,
        partner: &Partner,
        person: &Person,
        enrolment: &Enrolment,
    ) -> Result<(), StoreError> {
        let record = PartnerRecord::new(partner.clone(), vec![EnrolmentRecord::from(enrolment)]);
        let made = record::NewPartner { record: &record, person: &PersonItem::from(person), words: "", news: None };
        self.create_partner_of(tenant, &made, Vec::new()).await
    }

    /// A payee who is in no programme and no list of partners: money goes to them as to any partner.
    pub(crate) fn new_payee(
        &self,
        tenant: &TenantKey,
        payee: &PartnerId,
        created_at: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let partner = Partner { id: payee.clone(), status: PartnerStatus::Active, created_at };
        let record = PartnerRecord::new(partner, Vec::new());
        request::put_new(&self.tables.core, &tenant.partner(payee), &PartnerItem::from(&record))
    }

    /// One page of the tenant's partners, newest first, older than `after`.
    ///
    /// # Errors
    /// The store does not answer, or a partner cannot be read.
    pub async fn list_partners(
        &self,
        tenant: &TenantKey,
        after: Option<&PartnerId>,
        limit: usize,
    ) -> Result<Page<Partner>, StoreError> {
        let entries = registry(tenant, "listing partners");
        let ids = self.list_newest(&entries, after.map(PartnerId::as_str), limit + 1).await?;
        let keys: Vec<Key> =
            ids.iter().take(limit).filter_map(|id| PartnerId::parse(id).ok()).map(|id| tenant.partner(&id)).collect();
        let items: Vec<PartnerItem> = self.get_many(&keys, entries.doing).await?;
        let partners = items.into_iter().map(Partner::from).collect();
        Ok(Page { items: partners, next: next_of(&ids, limit) })
    }

    /// The ids of one page of the registry, newest first, older than `after`: for walks over all
    /// partners.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list_partner_ids(
        &self,
        tenant: &TenantKey,
        after: Option<&PartnerId>,
        limit: usize,
    ) -> Result<Page<PartnerId>, StoreError> {
        let entries = registry(tenant, "walking the registry of partners");
        let ids = self.list_newest(&entries, after.map(PartnerId::as_str), limit + 1).await?;
        let next = next_of(&ids, limit);
        let read = |id: &String| {
            let key = Key { pk: entries.partitions[0].clone(), sk: id.clone() };
            PartnerId::parse(id).map_err(|error| item::inconsistent(&key, error))
        };
        let items = ids.iter().take(limit).map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { items, next })
    }

    /// The programmes that a partner is enrolled in, by id.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_enrolments(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<Enrolment>, StoreError> {
        let pk = tenant.partner_partition(partner);
        let range = Range { consistent: false, ..Range::prefix(&pk, "enrolment#") };
        let doing = "listing the programs of a partner";
        let items: Vec<EnrolmentItem> = self.list_range(&self.tables.core, &range, doing).await?;
        Ok(items.into_iter().map(Enrolment::from).collect())
    }

    /// Changes whether a partner works with the tenant from an instant on, if it is as the caller saw it; and with it,
    /// whether money may go out to them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_partner_status(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        seen: PartnerStatus,
        change: StatusChange,
    ) -> Result<Written, StoreError> {
        let key = tenant.partner(partner);
        let update = changing(&self.tables.core, &key, change).require("status", Some(item::text(seen.word())));
        let stops = StopsChange { status: Some(change.status), ..StopsChange::default() };
        let row = self.row_status(tenant, partner, change.status)?;
        let items = vec![update.build_transact()?, self.stops_changed(tenant, partner, stops)?, row];
        Ok(match self.transact(items, "changing a partner's status").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The same for a transaction, in the version that was read, or whatever the partner was before; what it stops is the
    /// caller's to write.
    pub(crate) fn partner_changed(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        (seen, change): (Option<u64>, StatusChange),
    ) -> Result<[TransactWriteItem; 2], StoreError> {
        let key = tenant.partner(partner);
        let update = changing(&self.tables.core, &key, change).require("entity", Some(item::text("partner")));
        let update = match seen {
            None => update,
            // An item of before there were versions has none.
            Some(0) => update.require_absent_or("version", item::number(0)),
            Some(seen) => update.require("version", Some(item::number(seen))),
        };
        Ok([update.build_transact()?, self.row_status(tenant, partner, change.status)?])
    }
}

fn changing<'a>(core: &'a str, key: &'a Key, change: StatusChange) -> UpdateBuilder<'a> {
    let told = record::told_status(&change);
    UpdateBuilder::new(core, key)
        .set("status", item::text(change.status.word()))
        .append("changes", AttributeValue::M(told))
        .add("version", 1)
}

fn registry(tenant: &TenantKey, doing: &'static str) -> Entries {
    let partitions = (0..keys::SHARDS).map(|shard| tenant.registry(shard)).collect();
    Entries { partitions, prefix: "", doing }
}

#[cfg(test)]
mod tests;
