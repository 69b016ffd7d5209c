//! Nightly runs: one record a business date, and one a unit of it.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use std::collections::BTreeMap;

use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{PartnerId, ProgramId, RecomputeId, RunId};
use domain::ledger::Head;
use domain::line::Account;
use domain::money::Money;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{self, text};
use crate::request::{Range, UpdateBuilder};
use crate::{Store, StoreError, TenantKey, Written};

/// The record of a night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Derived from tenant and date.
    pub id: RunId,
    /// The business date that ended.
    pub business_date: BusinessDay,
    /// How many units were sent: accounts with something to do, and programmes whose cap spans accounts.
    pub accounts: u64,
    /// When the units were sent.
    pub completed_at: Timestamp,
    /// What came of it, once all units have answered or the next night began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<RunReport>,
}

/// How far a night is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Units are under way.
    Processing,
    /// All have answered.
    Completed,
    /// All have answered, some with an error.
    CompletedWithErrors,
    /// Each unit is an error.
    Failed,
}

impl RunStatus {
    /// The word in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completed_with_errors",
            Self::Failed => "failed",
        }
    }
}

/// What came of a night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// How far it is.
    pub status: RunStatus,
    /// Units that are done.
    pub done: u64,
    /// Units that neither are done nor told an error: they had nothing to do when they came, or are in a queue.
    pub unanswered: u64,
    /// Sales of open periods that were looked at.
    pub sales: u64,
    /// Lines that were booked.
    pub lines: u64,
    /// What they come to, by currency.
    pub totals: Vec<Money>,
    /// What was looked at, in short.
    pub inputs: Digest,
    /// What came of it, in short.
    pub outputs: Digest,
    /// Units with an error: which, and why.
    pub errors: Vec<UnitError>,
}

/// A unit with an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitError {
    /// Which unit.
    pub unit: String,
    /// The partner of the account, where the unit is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// Why.
    pub reason: String,
}

/// Whose unit it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitOf {
    /// Of an account.
    Account {
        /// Its partner.
        partner: PartnerId,
        /// Its currency.
        currency: Currency,
    },
    /// Of a programme, over all its accounts.
    Program(ProgramId),
    /// Of a recompute that is at work.
    Recompute(RecomputeId),
}

impl UnitOf {
    /// The name under which it is kept.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Account { partner, currency } => format!("{partner}#{currency}"),
            Self::Program(program) => program.to_string(),
            Self::Recompute(recompute) => recompute.to_string(),
        }
    }
}

/// What a unit did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum UnitOutcome {
    /// Everything that was to be done.
    Done {
        /// Sales of open periods.
        sales: u64,
        /// Lines that this run booked.
        lines: u64,
        /// What they come to, by currency.
        totals: Vec<Money>,
        /// What was looked at, in short.
        inputs: Digest,
        /// What came of it, in short.
        outputs: Digest,
    },
    /// It cannot be done; a person must look.
    Failed {
        /// Why.
        reason: String,
    },
}

/// The answer of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Whose.
    pub of: UnitOf,
    /// What it did.
    #[serde(flatten)]
    pub outcome: UnitOutcome,
    /// When it answered.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct RunItem {
    entity: String,
    v: u32,
    #[serde(flatten)]
    run: Run,
}

#[derive(Serialize, Deserialize)]
struct UnitItem {
    entity: String,
    v: u32,
    /// `done` stays.
    rank: String,
    #[serde(flatten)]
    unit: Unit,
}

impl Store {
    /// The last recorded night; `None` before the first.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_last_run(&self, tenant: &TenantKey) -> Result<Option<Run>, StoreError> {
        Ok(self.list_last_runs(tenant, 1).await?.pop())
    }

    /// So many of the last recorded nights, newest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_last_runs(&self, tenant: &TenantKey, limit: i32) -> Result<Vec<Run>, StoreError> {
        let pk = tenant.runs();
        let request = self
            .db
            .query()
            .table_name(&self.tables.core)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", crate::item::text(&pk))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(limit);
        let answer = request
            .send()
            .await
            .map_err(|error| crate::request::unavailable("reading the last nightly runs", error))?;
        let found: Result<Vec<RunItem>, StoreError> =
            answer.items.unwrap_or_default().into_iter().map(crate::item::read).collect();
        Ok(found?.into_iter().map(|item| item.run).collect())
    }

    /// The night of a business date.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_run(&self, tenant: &TenantKey, day: BusinessDay) -> Result<Option<Run>, StoreError> {
        let found: Option<RunItem> = self.get(&self.tables.core, &tenant.run(day), "reading a nightly run").await?;
        Ok(found.map(|item| item.run))
    }

    /// Every recorded night, oldest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_runs(&self, tenant: &TenantKey) -> Result<Vec<Run>, StoreError> {
        let pk = tenant.runs();
        let found: Vec<RunItem> =
            self.list_range(&self.tables.core, &Range::prefix(&pk, "2"), "listing the nightly runs").await?;
        Ok(found.into_iter().map(|item| item.run).collect())
    }

    /// A night is recorded, once.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_run(&self, tenant: &TenantKey, run: &Run) -> Result<Written, StoreError> {
        let item = RunItem { entity: "run".to_owned(), v: 2, run: run.clone() };
        self.put_new(&self.tables.core, &tenant.run(run.business_date), &item, "recording a nightly run").await
    }

    /// A night has its final report; the first stays.
    ///
    /// # Errors
    /// The store does not answer, or the report cannot be written.
    pub async fn finish_run(
        &self,
        tenant: &TenantKey,
        day: BusinessDay,
        report: &RunReport,
    ) -> Result<Written, StoreError> {
        let key = tenant.run(day);
        let value = serde_dynamo::to_attribute_value(report).map_err(|error| item::inconsistent(&key, error))?;
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("report", value)
            .require("report", None)
            .require("entity", Some(text("run")));
        self.update(update.build()?, "finishing a nightly run").await
    }

    /// A unit of a night answers. What was done stays; an error gives way to it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_unit(&self, tenant: &TenantKey, run: &RunId, unit: &Unit) -> Result<Written, StoreError> {
        let key = tenant.run_unit(run, &unit.of.name());
        let rank = match unit.outcome {
            UnitOutcome::Done { .. } => "done",
            UnitOutcome::Failed { .. } => "failed",
        };
        let value = UnitItem { entity: "run_unit".to_owned(), v: 1, rank: rank.to_owned(), unit: unit.clone() };
        self.put_unless(&self.tables.core, &key, &value, ("rank", "done"), "recording a unit of a night").await
    }

    /// The answer of a unit of a night, where it has answered.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_unit(&self, tenant: &TenantKey, run: &RunId, of: &UnitOf) -> Result<Option<Unit>, StoreError> {
        let key = tenant.run_unit(run, &of.name());
        let found: Option<UnitItem> = self.get(&self.tables.core, &key, "reading a unit of a night").await?;
        Ok(found.map(|item| item.unit))
    }

    /// The answers of a night's units.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_units(&self, tenant: &TenantKey, run: &RunId) -> Result<Vec<Unit>, StoreError> {
        let pk = tenant.run_units(run);
        let range = Range::prefix(&pk, "");
        let range = Range { from: " ".to_owned(), ..range };
        let found: Vec<UnitItem> = self.list_range(&self.tables.core, &range, "listing the units of a night").await?;
        Ok(found.into_iter().map(|item| item.unit).collect())
    }

    /// The heads of accounts, strongly consistent, a hundred at a time; each that cannot be read is an error of its own.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list_heads_of(
        &self,
        tenant: &TenantKey,
        accounts: &[Account],
    ) -> Result<BTreeMap<Account, Result<Head, StoreError>>, StoreError> {
        let keys: BTreeMap<_, _> = accounts.iter().map(|account| (tenant.head(account), account)).collect();
        let wanted: Vec<_> = keys.keys().cloned().collect();
        let found = self.get_many_attributes(&wanted, true, "reading the heads of accounts").await?;
        let mut heads = BTreeMap::new();
        for attributes in found {
            let (pk, sk) = item::place_of(&attributes);
            let key = crate::keys::Key { pk, sk };
            if let Some(account) = keys.get(&key) {
                heads.insert((*account).clone(), crate::accounts::read_head(&key, &attributes));
            }
        }
        Ok(heads)
    }
}
