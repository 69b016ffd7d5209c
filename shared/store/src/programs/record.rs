//! A programme with what an admin may change of it: in a version, and in part fixed once somebody works with it.

use domain::id::{ProgramId, TenantId};
use domain::rule::RuleVersion;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Program, ProgramItem, RuleItem, rule_key};
use crate::item;
use crate::request::{self, Range, Transacted, UpdateBuilder};
use crate::{Store, StoreError, TenantKey};

/// A time in which a programme was closed, or is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Since when.
    pub from: Timestamp,
    /// Until when, itself left out; open-ended while it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A programme, and how it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRecord {
    /// The frame in which partners earn.
    pub program: Program,
    /// Raised by every change.
    pub version: u64,
    /// When it was closed, by time.
    pub closures: Vec<Closure>,
    /// The hosts that links may lead to, in normal form, each with those below it; any when empty.
    pub destination_hosts: Vec<String>,
    /// May strangers apply?
    pub takes_applications: bool,
}

impl ProgramRecord {
    /// A programme as it is at first.
    #[must_use]
    pub fn new(program: Program) -> Self {
        let (closures, destination_hosts) = (Vec::new(), Vec::new());
        Self { program, version: 1, closures, destination_hosts, takes_applications: true }
    }

    /// Is it open now?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closures.iter().all(|closure| closure.until.is_some())
    }

    /// Was it open at an instant? ATT-1: a click counts by the standing of its own time.
    #[must_use]
    pub fn was_open_at(&self, at: Timestamp) -> bool {
        !self.closures.iter().any(|closure| closure.from <= at && closure.until.is_none_or(|until| at < until))
    }

    /// The programme closed from an instant on, or open again; as it is already, it stays.
    #[must_use]
    pub fn with_status(mut self, open: bool, at: Timestamp) -> Self {
        match (self.is_open(), open) {
            (true, false) => self.closures.push(Closure { from: at, until: None }),
            (false, true) => {
                for closure in self.closures.iter_mut().filter(|closure| closure.until.is_none()) {
                    closure.until = Some(at);
                }
            }
            _ => {}
        }
        self
    }
}

/// What became of a change of a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramReplaced {
    /// It is as wished.
    Yes,
    /// It changed since it was read.
    Changed,
    /// Somebody works with it, and what was to change is fixed since.
    Used,
}

#[derive(Serialize, Deserialize)]
struct OwnerItem {
    entity: String,
    v: u32,
    tenant: TenantId,
}

impl Store {
    /// A programme with how it is run, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_program_record(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
    ) -> Result<Option<ProgramRecord>, StoreError> {
        let key = tenant.program(program);
        let item: Option<ProgramItem> = self.get(&self.tables.core, &key, "reading how a program is run").await?;
        item.map(|item| item.read_record(tenant)).transpose()
    }

    /// The same, perhaps a moment old, for half the price.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_program_record_eventually(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
    ) -> Result<Option<ProgramRecord>, StoreError> {
        let key = tenant.program(program);
        let doing = "reading a program and when it was open";
        let item: Option<ProgramItem> = self.get_eventually(&self.tables.core, &key, doing).await?;
        item.map(|item| item.read_record(tenant)).transpose()
    }

    /// All programmes of a tenant with how they are run, newest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_program_records(&self, tenant: &TenantKey) -> Result<Vec<ProgramRecord>, StoreError> {
        let pk = tenant.programs();
        let range = Range { consistent: false, ..Range::prefix(&pk, ProgramId::PREFIX) };
        let doing = "listing programs and how they are run";
        let items: Vec<ProgramItem> = self.list_range(&self.tables.core, &range, doing).await?;
        items.into_iter().rev().map(|item| item.read_record(tenant)).collect()
    }

    /// A new programme with its first rule and whose it is, or nothing of all that. Creating the same once more changes
    /// nothing.
    ///
    /// # Errors
    /// The store does not answer, or the id is another programme's.
    pub async fn create_program_record(
        &self,
        tenant: &TenantKey,
        record: &ProgramRecord,
        first: &RuleVersion,
    ) -> Result<(), StoreError> {
        let doing = "creating a program";
        let core = &self.tables.core;
        let owner = OwnerItem { entity: "program_owner".to_owned(), v: 1, tenant: tenant.tenant().clone() };
        let parts = vec![
            request::put_new(core, &tenant.program(&record.program.id), &ProgramItem::from(record))?,
            request::put_new(core, &rule_key(tenant, first), &RuleItem::from(first))?,
            request::put_new(core, &TenantKey::program_owner(&record.program.id), &owner)?,
        ];
        if self.transact(parts, doing).await? == Transacted::Yes {
            return Ok(());
        }
        // An SDK retry may have met what its own first try had written.
        let there = self.get_program_record(tenant, &record.program.id).await?;
        if there.as_ref() == Some(record) { Ok(()) } else { Err(StoreError::LostRace { doing }) }
    }

    /// A programme gives way to another version of itself. `is_fixed` says that something changes which may not once
    /// somebody works with it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_program(
        &self,
        tenant: &TenantKey,
        after: &ProgramRecord,
        is_fixed: bool,
    ) -> Result<ProgramReplaced, StoreError> {
        let (core, key) = (&self.tables.core, tenant.program(&after.program.id));
        let before = after.version.saturating_sub(1);
        let mut parts = vec![request::replace(core, &key, &ProgramItem::from(after), before)?];
        if is_fixed {
            // Of an enrolment and such a change at once only one commits.
            let used = tenant.program_used(&after.program.id);
            parts.push(request::check(core, &used, "attribute_not_exists(pk)")?);
        }
        match self.transact(parts, "changing a program").await? {
            Transacted::Yes => Ok(ProgramReplaced::Yes),
            Transacted::ConditionFailed(places) if places.contains(&1) => Ok(ProgramReplaced::Used),
            Transacted::ConditionFailed(_) => {
                let there = self.get_program_record(tenant, &after.program.id).await?;
                Ok(if there.as_ref() == Some(after) { ProgramReplaced::Yes } else { ProgramReplaced::Changed })
            }
        }
    }

    /// Does, or did, anybody work with a programme? Strongly consistent.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_program_used(&self, tenant: &TenantKey, program: &ProgramId) -> Result<bool, StoreError> {
        let key = tenant.program_used(program);
        let found = self.get_attributes(&self.tables.core, &key, true, "asking whether a program is used").await?;
        // One that is gone was used by nobody, and nobody is enrolled any more: `program_is_used` refuses that.
        Ok(found.is_some_and(|found| !found.contains_key("is_gone")))
    }

    /// Whose a programme is; `None` for one that nobody made by the API.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_program_owner(&self, program: &ProgramId) -> Result<Option<TenantId>, StoreError> {
        let key = TenantKey::program_owner(program);
        let found: Option<OwnerItem> =
            self.get_eventually(&self.tables.core, &key, "finding whose a program is").await?;
        Ok(found.map(|item| item.tenant))
    }

    /// That somebody works with a programme, for the transaction that makes it so.
    pub(crate) fn program_is_used(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
    ) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, StoreError> {
        UpdateBuilder::new(&self.tables.core, &tenant.program_used(program))
            .set("entity", item::text("program_used"))
            .set("v", item::number(1))
            .require("is_gone", None)
            .build_transact()
    }
}

impl ProgramItem {
    fn read_record(mut self, tenant: &TenantKey) -> Result<ProgramRecord, StoreError> {
        let (closures, hosts) = (std::mem::take(&mut self.closures), std::mem::take(&mut self.destination_hosts));
        let (version, takes_applications) = (self.version, !self.takes_no_applications);
        let program = self.read(tenant)?;
        Ok(ProgramRecord { program, version, closures, destination_hosts: hosts, takes_applications })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programme_was_open_at_an_instant_whatever_it_is_today() {
        let at = |second| Timestamp::from_second(second).expect("instant");
        let closures = vec![Closure { from: at(10), until: Some(at(20)) }, Closure { from: at(30), until: None }];
        let zone = domain::time::Zone::utc();
        let program = Program {
            id: ProgramId::from_ulid(1_u128.into()),
            name: "Friends".to_owned(),
            currency: domain::currency::Currency::parse("USD").expect("currency"),
            zone,
            window_days: 30,
            hold_days: 30,
            close_lag_days: 3,
            attribution: domain::attribution::settings::AttributionSettings::default(),
            allowed_hosts: Vec::new(),
            created_at: at(0),
        };
        let record = ProgramRecord { closures, ..ProgramRecord::new(program) };
        for (second, expected) in
            [(9, true), (10, false), (19, false), (20, true), (29, true), (30, false), (99, false)]
        {
            assert_eq!(record.was_open_at(at(second)), expected, "{second}");
        }
        let again = record.clone().with_status(false, at(40));
        assert_eq!(again, record, "closed twice is closed once");
        let open = record.with_status(true, at(40));
        assert!(open.is_open() && open.was_open_at(at(40)) && !open.was_open_at(at(39)));
    }
}
