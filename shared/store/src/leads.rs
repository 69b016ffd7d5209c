//! Leads: each in one item with its person sealed, found by its id, by its address, and newest first; and how many there
//! were of each day, programme and source.

mod ending;
mod sources;

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::AuditEntry;
use domain::digest::Digest;
use domain::id::{LeadId, ProgramId};
use domain::lead::analytics::{Tally, counted};
use domain::lead::person::PersonPiece;
use domain::lead::score::Score;
use domain::lead::{Consent, Lead, LeadSource, LeadState};
use domain::time::{BusinessDay, Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::desk::{BETWEEN, start_at};
use crate::item::{Attributes, inconsistent, number, text};
use crate::request::{self, Range, Transacted, UpdateBuilder};
use crate::{Page, Store, StoreError, TenantKey, Written};

pub use ending::LeadsEnded;

/// The name under which a lead's person is sealed, for the subject that is the lead's id.
pub const PERSON: &str = "lead";

/// A lead as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredLead {
    /// The lead.
    pub lead: Lead,
    /// What forms said of the person, sealed, the piece that is believed first in front; none once it is erased.
    pub person: Vec<PersonPiece>,
    /// How often it was written.
    pub version: u64,
}

impl std::fmt::Debug for StoredLead {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "StoredLead({:?}, [sealed], {})", self.lead, self.version)
    }
}

/// A change of a lead.
#[derive(Clone, Copy, Debug)]
pub struct LeadChange<'a> {
    /// As it was read; `None` where there was none.
    pub before: Option<&'a StoredLead>,
    /// As it is from now on.
    pub after: &'a Lead,
    /// The sealed pieces of the person.
    pub person: &'a [PersonPiece],
    /// What the audit trail says, where a person did it.
    pub told: Option<&'a AuditEntry>,
}

/// The counts of a day, programme and source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadDay {
    /// The programme.
    pub program: ProgramId,
    /// The source.
    pub source: LeadSource,
    /// The counts.
    pub tally: Tally,
}

#[derive(Serialize, Deserialize)]
struct LeadItem {
    entity: String,
    v: u32,
    version: u64,
    id: LeadId,
    program: ProgramId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<Digest>,
    source: LeadSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counted_as: Option<LeadSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    campaign: Option<String>,
    consent: Consent,
    captured_at: Timestamp,
    seen_at: Timestamp,
    captures: u32,
    score: Score,
    state: LeadState,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    person: Vec<PersonPiece>,
    desk_pk: String,
    desk_sk: String,
}

#[derive(Serialize, Deserialize)]
struct OfAddressItem {
    entity: String,
    v: u32,
    lead: LeadId,
}

#[derive(Deserialize)]
struct DayItem {
    program: ProgramId,
    source: LeadSource,
    #[serde(default)]
    captured: u64,
    #[serde(default)]
    qualified: u64,
    #[serde(default)]
    converted: u64,
    #[serde(default)]
    converting_seconds: u64,
    #[serde(default)]
    rejected: u64,
    #[serde(default)]
    duplicates: u64,
}

impl LeadItem {
    fn new(tenant: &TenantKey, change: &LeadChange<'_>) -> Self {
        let lead = change.after.clone();
        Self {
            entity: "lead".to_owned(),
            v: 1,
            version: change.before.map_or(0, |before| before.version) + 1,
            desk_pk: tenant.leads_desk(),
            desk_sk: format!("{}#{}", sortable(lead.captured_at), lead.id),
            id: lead.id,
            program: lead.program,
            email: lead.email,
            source: lead.source,
            counted_as: lead.counted_as,
            campaign: lead.campaign,
            consent: lead.consent,
            captured_at: lead.captured_at,
            seen_at: lead.seen_at,
            captures: lead.captures,
            score: lead.score,
            state: lead.state,
            person: change.person.to_vec(),
        }
    }
}

impl From<LeadItem> for StoredLead {
    fn from(item: LeadItem) -> Self {
        let lead = Lead {
            id: item.id,
            program: item.program,
            email: item.email,
            source: item.source,
            counted_as: item.counted_as,
            campaign: item.campaign,
            consent: item.consent,
            captured_at: item.captured_at,
            seen_at: item.seen_at,
            captures: item.captures,
            score: item.score,
            state: item.state,
        };
        Self { lead, person: item.person, version: item.version }
    }
}

impl Store {
    /// A lead, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_lead(&self, tenant: &TenantKey, id: &LeadId) -> Result<Option<StoredLead>, StoreError> {
        let item: Option<LeadItem> = self.get(&self.tables.core, &tenant.lead(id), "reading a lead").await?;
        Ok(item.map(StoredLead::from))
    }

    /// The leads of an address that wait to become customers, one a programme.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_leads_of(&self, tenant: &TenantKey, email: Digest) -> Result<Vec<LeadId>, StoreError> {
        let pk = tenant.leads(&email).pk;
        // A capture and its payment are seconds apart at least, and who pays again is found then.
        let range = Range { consistent: false, ..Range::prefix(&pk, "program#") };
        let doing = "listing the leads of an address";
        let found: Vec<OfAddressItem> = self.list_range(&self.tables.core, &range, doing).await?;
        Ok(found.into_iter().map(|item| item.lead).collect())
    }

    /// A page of the tenant's leads, newest first, in the order of the desk's index.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_leads(
        &self,
        tenant: &TenantKey,
        limit: i32,
        after: Option<&LeadPlace>,
    ) -> Result<Page<StoredLead>, StoreError> {
        let desk = tenant.leads_desk();
        let start = after.map(|after| after.start(tenant, &desk));
        let page = self.list_desk::<LeadItem>(&desk, limit, start, "listing the leads").await?;
        Ok(Page { items: page.items.into_iter().map(StoredLead::from).collect(), next: page.next })
    }

    /// A lead changes: it on what was read, whether its address leads to it, the counts of its day, and what the audit
    /// trail says, in one transaction. `ConditionFailed` when it has changed since it was read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_lead(&self, tenant: &TenantKey, change: &LeadChange<'_>) -> Result<Written, StoreError> {
        let core = &self.tables.core;
        let key = tenant.lead(&change.after.id);
        let item = LeadItem::new(tenant, change);
        let mut items = vec![match change.before {
            None => request::put_new(core, &key, &item)?,
            Some(before) => request::replace(core, &key, &item, before.version)?,
        }];
        items.extend(self.of_address(tenant, change)?);
        let tally = counted(change.before.map(|before| &before.lead), change.after);
        if !tally.is_nothing() {
            items.push(self.lead_counted(tenant, change.after, &tally)?);
        }
        if let Some(entry) = change.told {
            items.push(self.new_audit_entry(tenant, entry)?);
        }
        Ok(match self.transact(items, "recording a lead").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The counts of the leads that were captured from one UTC day to another, both inside.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_lead_days(
        &self,
        tenant: &TenantKey,
        from: BusinessDay,
        to: BusinessDay,
    ) -> Result<Vec<LeadDay>, StoreError> {
        let pk = tenant.lead_days();
        let range =
            Range { from: from.to_string(), to: format!("{to}#~"), consistent: false, ..Range::prefix(&pk, "") };
        let found: Vec<DayItem> = self.list_range(&self.tables.core, &range, "reading the counts of leads").await?;
        Ok(found.into_iter().map(LeadDay::from).collect())
    }

    /// An open lead is found by its address, and one that has ended is not: so who pays each month is asked for once.
    fn of_address(&self, tenant: &TenantKey, change: &LeadChange<'_>) -> Result<Option<TransactWriteItem>, StoreError> {
        let before = change.before.map(|before| &before.lead);
        let (was_open, is_open) = (before.is_some_and(|lead| lead.state.is_open()), change.after.state.is_open());
        let email = change.after.email.or(before.and_then(|lead| lead.email));
        let Some(email) = email.filter(|_| was_open != is_open) else { return Ok(None) };
        let key = tenant.lead_of_address(&email, &change.after.program);
        if !is_open {
            return request::delete_any(&self.tables.core, &key).map(Some);
        }
        let item = OfAddressItem { entity: "lead_of_address".to_owned(), v: 1, lead: change.after.id.clone() };
        request::put_over(&self.tables.core, &key, &item).map(Some)
    }

    fn lead_counted(&self, tenant: &TenantKey, lead: &Lead, tally: &Tally) -> Result<TransactWriteItem, StoreError> {
        let source = lead.counted_by();
        let key = tenant.lead_day(lead.captured_at, &lead.program, source);
        let mut update = UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", text("lead_day"))
            .set("v", number(1))
            .set("program", text(lead.program.as_str()))
            .set("source", text(source.as_str()));
        for (name, more) in [
            ("captured", tally.captured),
            ("qualified", tally.qualified),
            ("converted", tally.converted),
            ("converting_seconds", tally.converting_seconds),
            ("rejected", tally.rejected),
            ("duplicates", tally.duplicates),
        ] {
            if more > 0 {
                update = update.add(name, i64::try_from(more).map_err(|error| inconsistent(&key, error))?);
            }
        }
        update.build_transact()
    }
}

impl From<DayItem> for LeadDay {
    fn from(item: DayItem) -> Self {
        let DayItem { program, source, captured, qualified, converted, converting_seconds, rejected, duplicates } =
            item;
        let tally = Tally { captured, qualified, converted, converting_seconds, rejected, duplicates };
        Self { program, source, tally }
    }
}

/// Where a list of leads goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadPlace {
    desk_sk: String,
    id: LeadId,
}

impl LeadPlace {
    /// The place of a lead.
    #[must_use]
    pub fn of(lead: &Lead) -> Self {
        Self { desk_sk: format!("{}#{}", sortable(lead.captured_at), lead.id), id: lead.id.clone() }
    }

    /// The place of a lead, as text that a URL carries as it is.
    #[must_use]
    pub fn text_of(lead: &Lead) -> String {
        format!("{}{BETWEEN}{}", sortable(lead.captured_at), lead.id)
    }

    /// Reads the place that a page answered as `next`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.rsplit_once(BETWEEN)?;
        let is_instant = at.len() < 40 && !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_graphic());
        let id = LeadId::parse(id).ok().filter(|_| is_instant)?;
        Some(Self { desk_sk: format!("{at}#{id}"), id })
    }

    fn start(&self, tenant: &TenantKey, desk: &str) -> Attributes {
        start_at(&tenant.lead(&self.id), desk, &self.desk_sk)
    }
}

#[cfg(test)]
mod tests;
