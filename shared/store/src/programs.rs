//! Programmes and the versions of their rules.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::attribution::settings::AttributionSettings;
use domain::currency::Currency;
use domain::id::{ProgramId, RuleId};
use domain::rule::{RuleVersion, Terms};
use domain::time::{Timestamp, Zone};
use serde::{Deserialize, Serialize};

pub mod record;

use self::record::ProgramRecord;
use crate::item::{self, inconsistent};
use crate::keys::{Key, TenantKey};
use crate::request::{self, Range, Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError};

/// A programme: the frame in which partners earn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Which.
    pub id: ProgramId,
    /// What people call it.
    pub name: String,
    /// The currency of its flat rewards and figures.
    pub currency: Currency,
    /// The zone in which its calendar questions are asked.
    pub zone: Zone,
    /// How long a click counts, in days.
    pub window_days: u16,
    /// How long a line waits where a rule does not say, in days.
    pub hold_days: u16,
    /// How many days after its end a period freezes.
    pub close_lag_days: u16,
    /// How it is decided who brought a customer.
    pub attribution: AttributionSettings,
    /// The hosts whose pages may tell of clicks, in normal form; the destination's own when empty.
    pub allowed_hosts: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct ProgramItem {
    entity: String,
    v: u32,
    program: ProgramId,
    name: String,
    currency: Currency,
    zone: String,
    window_days: u16,
    hold_days: u16,
    close_lag_days: u16,
    #[serde(default, skip_serializing_if = "AttributionSettings::is_default")]
    attribution: AttributionSettings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allowed_hosts: Vec<String>,
    created_at: Timestamp,
    #[serde(default)]
    version: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    closures: Vec<record::Closure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    destination_hosts: Vec<String>,
    #[serde(default)]
    takes_no_applications: bool,
}

#[derive(Serialize, Deserialize)]
struct RuleItem {
    entity: String,
    v: u32,
    rule: RuleId,
    program: ProgramId,
    effective_from: Timestamp,
    terms: Terms,
}

#[derive(Deserialize)]
struct CountItem {
    count: u64,
}

impl From<&ProgramRecord> for ProgramItem {
    fn from(record: &ProgramRecord) -> Self {
        let program = &record.program;
        Self {
            version: record.version,
            closures: record.closures.clone(),
            destination_hosts: record.destination_hosts.clone(),
            takes_no_applications: !record.takes_applications,
            entity: "program".to_owned(),
            v: 1,
            program: program.id.clone(),
            name: program.name.clone(),
            currency: program.currency,
            zone: program.zone.name().to_owned(),
            window_days: program.window_days,
            hold_days: program.hold_days,
            close_lag_days: program.close_lag_days,
            attribution: program.attribution,
            allowed_hosts: program.allowed_hosts.clone(),
            created_at: program.created_at,
        }
    }
}

impl ProgramItem {
    fn read(self, tenant: &TenantKey) -> Result<Program, StoreError> {
        let zone = Zone::parse(&self.zone).map_err(|error| inconsistent(&tenant.program(&self.program), error))?;
        Ok(Program {
            id: self.program,
            name: self.name,
            currency: self.currency,
            zone,
            window_days: self.window_days,
            hold_days: self.hold_days,
            close_lag_days: self.close_lag_days,
            attribution: self.attribution,
            allowed_hosts: self.allowed_hosts,
            created_at: self.created_at,
        })
    }
}

impl From<&RuleVersion> for RuleItem {
    fn from(rule: &RuleVersion) -> Self {
        Self {
            entity: "rule".to_owned(),
            v: 1,
            rule: rule.id.clone(),
            program: rule.program.clone(),
            effective_from: rule.effective_from,
            terms: rule.terms.clone(),
        }
    }
}

impl From<RuleItem> for RuleVersion {
    fn from(item: RuleItem) -> Self {
        Self { id: item.rule, program: item.program, effective_from: item.effective_from, terms: item.terms }
    }
}

impl Store {
    /// A programme.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_program(&self, tenant: &TenantKey, program: &ProgramId) -> Result<Option<Program>, StoreError> {
        let key = tenant.program(program);
        let item: Option<ProgramItem> = self.get_eventually(&self.tables.core, &key, "reading a program").await?;
        item.map(|item| item.read(tenant)).transpose()
    }

    /// All programmes of a tenant, newest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_programs(&self, tenant: &TenantKey) -> Result<Vec<Program>, StoreError> {
        let pk = tenant.programs();
        let range = Range { consistent: false, ..Range::prefix(&pk, ProgramId::PREFIX) };
        let items: Vec<ProgramItem> = self.list_range(&self.tables.core, &range, "listing programs").await?;
        items.into_iter().rev().map(|item| item.read(tenant)).collect()
    }

    /// A new programme with its first rule, or neither. Creating the same once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer, or the id is another programme's.
    pub async fn create_program(
        &self,
        tenant: &TenantKey,
        program: &Program,
        first: &RuleVersion,
    ) -> Result<(), StoreError> {
        let doing = "creating a program";
        let (core, key) = (&self.tables.core, tenant.program(&program.id));
        let record = ProgramRecord::new(program.clone());
        let parts = vec![
            request::put_new(core, &key, &ProgramItem::from(&record))?,
            request::put_new(core, &rule_key(tenant, first), &RuleItem::from(first))?,
        ];
        if self.transact(parts, doing).await? == Transacted::Yes {
            return Ok(());
        }
        // An SDK retry may have met what its own first try had written.
        let there = self.get::<ProgramItem>(core, &key, doing).await?;
        let there = there.map(|item| item.read(tenant)).transpose()?;
        if there.as_ref() == Some(program) { Ok(()) } else { Err(StoreError::LostRace { doing }) }
    }

    /// All versions of a programme's rule, by effective date.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_rules(&self, tenant: &TenantKey, program: &ProgramId) -> Result<Vec<RuleVersion>, StoreError> {
        let pk = tenant.rules(program);
        let range = Range::prefix(&pk, "");
        let range = Range { from: " ".to_owned(), ..range };
        let items: Vec<RuleItem> = self.list_range(&self.tables.core, &range, "listing the rules of a program").await?;
        Ok(items.into_iter().map(RuleVersion::from).collect())
    }

    /// How many versions of a programme's rule were made since they are counted, for [`Self::create_rule_after`].
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_rule_count(&self, tenant: &TenantKey, program: &ProgramId) -> Result<u64, StoreError> {
        let doing = "counting the rules of a program";
        let found: Option<CountItem> = self.get(&self.tables.core, &tenant.rule_count(program), doing).await?;
        Ok(found.map_or(0, |item| item.count))
    }

    /// A new version of a programme's rule. Creating the same once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer, or the id is another rule's.
    pub async fn create_rule(&self, tenant: &TenantKey, rule: &RuleVersion) -> Result<(), StoreError> {
        let doing = "creating a rule";
        let parts = vec![self.new_rule(tenant, rule)?, self.more_rules(tenant, &rule.program, (1, None))?];
        match self.transact(parts, doing).await? {
            Transacted::Yes => Ok(()),
            Transacted::ConditionFailed(_) if self.is_rule_there(tenant, rule).await? => Ok(()),
            Transacted::ConditionFailed(_) => Err(StoreError::LostRace { doing }),
        }
    }

    /// A new version that was made of another, while no other was made since `seen` were counted. `ConditionFailed` when
    /// one was. Creating the same once more changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_rule_after(
        &self,
        tenant: &TenantKey,
        rule: &RuleVersion,
        seen: u64,
    ) -> Result<Written, StoreError> {
        let parts = vec![self.new_rule(tenant, rule)?, self.more_rules(tenant, &rule.program, (1, Some(seen)))?];
        match self.transact(parts, "creating a rule after another").await? {
            Transacted::Yes => Ok(Written::Yes),
            Transacted::ConditionFailed(_) if self.is_rule_there(tenant, rule).await? => Ok(Written::Yes),
            Transacted::ConditionFailed(_) => Ok(Written::ConditionFailed),
        }
    }

    async fn is_rule_there(&self, tenant: &TenantKey, rule: &RuleVersion) -> Result<bool, StoreError> {
        let doing = "reading a rule back";
        let there = self.get::<RuleItem>(&self.tables.core, &rule_key(tenant, rule), doing).await?;
        Ok(there.map(RuleVersion::from).as_ref() == Some(rule))
    }
}

impl Store {
    /// A new version of a programme's rule, for a transaction; [`Self::more_rules`] goes with it.
    pub(crate) fn new_rule(&self, tenant: &TenantKey, rule: &RuleVersion) -> Result<TransactWriteItem, StoreError> {
        request::put_new(&self.tables.core, &rule_key(tenant, rule), &RuleItem::from(rule))
    }

    /// That a programme has so many more versions, for the transaction that makes them; and that it had so many until then,
    /// where that is said.
    pub(crate) fn more_rules(
        &self,
        tenant: &TenantKey,
        program: &ProgramId,
        (more, seen): (usize, Option<u64>),
    ) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.rule_count(program);
        let count = UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", item::text("rule_count"))
            .set("v", item::number(1))
            .add("count", i64::try_from(more).unwrap_or(i64::MAX));
        let count = match seen {
            None => count,
            Some(0) => count.require("count", None),
            Some(seen) => count.require("count", Some(item::number(seen))),
        };
        count.build_transact()
    }
}

fn rule_key(tenant: &TenantKey, rule: &RuleVersion) -> Key {
    tenant.rule(&rule.program, rule.effective_from, &rule.id)
}

#[cfg(test)]
mod tests;
