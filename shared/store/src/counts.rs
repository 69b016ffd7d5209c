//! What frozen periods leave behind for later ones: per customer and per programme of an account.
//!
//! Each item has two halves: what was counted before the last freeze, and what that freeze counted. A freeze that dies
//! and is begun again writes the second half anew, so nothing is counted twice; readers add it only once the head says
//! that the month is counted.

use std::collections::{BTreeMap, BTreeSet};

use domain::fact::PaymentKey;
use domain::id::{ProgramId, RecomputeId, SaleId};
use domain::line::Account;
use domain::month::Month;
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::request::unavailable;
use crate::{Store, StoreError, TenantKey, Written, item};

/// A counted sale: when the period began that was paid for, when it happened, both in milliseconds, and its payment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CountedSale(pub i64, pub i64, pub PaymentKey);

/// What is counted of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerCount {
    /// Their first paid sale of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_paid: Option<(Timestamp, SaleId)>,
    /// Their first sign-up of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_up: Option<(Timestamp, SaleId)>,
    /// Paid sales that were not wholly reversed, by `=` and the subscription, no attribute may have an empty name: how many
    /// there were before those that are kept one by one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub occurrences: BTreeMap<String, u32>,
    /// The newest of them one by one, whoever shares in them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub paid: BTreeMap<String, BTreeSet<CountedSale>>,
    /// What was earned by them net of refunds, by programme, minor units.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub earned: BTreeMap<ProgramId, i64>,
    /// COM-10: what the bands of counted months paid for them, as long as their sales may come back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bands: BandsOfCustomer,
}

/// What the bands of counted months paid for a customer, by programme.
pub type BandsOfCustomer = BTreeMap<ProgramId, BTreeMap<Month, BandsCounted>>;

/// What is counted of a programme.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramCount {
    /// Paid sales.
    pub sales: u64,
    /// Customers who paid for the first time.
    pub customers: u64,
    /// Net revenue, minor units.
    pub revenue: i64,
    /// Milestones that were reached.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub achieved: BTreeSet<String>,
    /// COM-22: what the bands of counted months came to, as long as their sales may come back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bands: BTreeMap<Month, BandsCounted>,
}

/// What the retroactive bands of a counted month came to, minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandsCounted {
    /// The entry of the month, which the bands added.
    pub added: i64,
    /// What its banded sales earned beside that, net when it was counted.
    pub earned: i64,
    /// What of that has come back since.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub back: i64,
    /// The net volume of those sales when it was counted; none where some of them do not say theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<i64>,
    /// What of that has come back since.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub volume_back: i64,
    /// What recomputes added since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recomputed: Vec<BandsRecomputed>,
}

/// What a recompute added to the bands of a counted month, minor units: for what was left of it by then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandsRecomputed {
    /// What it added.
    pub added: i64,
    /// What had come back by then of what the banded sales earned.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub back: i64,
    /// What had come back by then of their volume.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub volume_back: i64,
}

impl BandsCounted {
    /// With what came of it since.
    #[must_use]
    pub fn with(&self, more: &Self) -> Self {
        let volume = match (self.volume, more.volume) {
            (Some(known), Some(more)) => Some(known.saturating_add(more)),
            (known, more) => known.or(more),
        };
        Self {
            added: self.added.saturating_add(more.added),
            earned: self.earned.saturating_add(more.earned),
            back: self.back.saturating_add(more.back),
            volume,
            volume_back: self.volume_back.saturating_add(more.volume_back),
            recomputed: self.recomputed.iter().chain(&more.recomputed).copied().collect(),
        }
    }
}

fn is_nothing(minor: &i64) -> bool {
    *minor == 0
}

/// A count in its two halves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted<T> {
    /// Of what it is.
    pub key: String,
    /// The last freeze that counted.
    pub month: Option<Month>,
    /// Before that.
    pub before: T,
    /// By that.
    pub within: T,
    /// The recompute whose difference was added last.
    pub recomputed: Option<RecomputeId>,
}

#[derive(Serialize, Deserialize)]
struct CountItem<T> {
    entity: String,
    v: u32,
    key: String,
    month: Option<Month>,
    before: T,
    within: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recomputed: Option<RecomputeId>,
}

impl<T> From<CountItem<T>> for Counted<T> {
    fn from(item: CountItem<T>) -> Self {
        let CountItem { key, month, before, within, recomputed, .. } = item;
        Self { key, month, before, within, recomputed }
    }
}

impl Store {
    /// What is counted of customers of an account, strongly consistent; who is not there has no count.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_customer_counts<'a>(
        &self,
        tenant: &TenantKey,
        account: &Account,
        customers: impl IntoIterator<Item = &'a PaymentKey>,
    ) -> Result<Vec<Counted<CustomerCount>>, StoreError> {
        let keys = customers.into_iter().map(|customer| tenant.customer_count(account, customer)).collect();
        self.list_counts(keys, "reading what is counted of customers").await
    }

    /// What is counted of programmes of an account, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_program_counts<'a>(
        &self,
        tenant: &TenantKey,
        account: &Account,
        programs: impl IntoIterator<Item = &'a ProgramId>,
    ) -> Result<Vec<Counted<ProgramCount>>, StoreError> {
        let keys = programs.into_iter().map(|program| tenant.program_count(account, program)).collect();
        self.list_counts(keys, "reading what is counted of programmes").await
    }

    async fn list_counts<T: DeserializeOwned>(
        &self,
        keys: Vec<Key>,
        doing: &'static str,
    ) -> Result<Vec<Counted<T>>, StoreError> {
        let found = self.get_many_attributes(&keys, true, doing).await?;
        found.into_iter().map(|found| item::read::<CountItem<T>>(found).map(Counted::from)).collect()
    }

    /// A customer's count of a freeze; the same again overwrites it. Refused where a later freeze counted, or a recompute
    /// added to what was known.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_customer_count(
        &self,
        tenant: &TenantKey,
        account: &Account,
        customer: &PaymentKey,
        known: Option<&Counted<CustomerCount>>,
        count: Counted<CustomerCount>,
    ) -> Result<Written, StoreError> {
        let key = tenant.customer_count(account, customer);
        self.record_count(&key, known, count, "counting a customer").await
    }

    /// A programme's count of a freeze; the same again overwrites it. Refused where a later freeze counted, or a recompute
    /// added to what was known.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_program_count(
        &self,
        tenant: &TenantKey,
        account: &Account,
        program: &ProgramId,
        known: Option<&Counted<ProgramCount>>,
        count: Counted<ProgramCount>,
    ) -> Result<Written, StoreError> {
        let key = tenant.program_count(account, program);
        self.record_count(&key, known, count, "counting a programme").await
    }

    async fn record_count<T: Serialize>(
        &self,
        key: &Key,
        known: Option<&Counted<T>>,
        count: Counted<T>,
        doing: &'static str,
    ) -> Result<Written, StoreError> {
        let month = count.month.map(|month| month.to_string()).unwrap_or_default();
        let Counted { key: of, month: last, before, within, recomputed } = count;
        let value = CountItem { entity: "count".to_owned(), v: 1, key: of, month: last, before, within, recomputed };
        let is_known = match known.and_then(|known| known.recomputed.as_ref()) {
            Some(_) => "#recomputed = :recomputed",
            None => "attribute_not_exists(#recomputed)",
        };
        let condition = format!("(attribute_not_exists(#month) OR #month <= :month) AND {is_known}");
        let mut request = self
            .db
            .put_item()
            .table_name(&self.tables.core)
            .set_item(Some(item::write(key, &value)?))
            .condition_expression(condition)
            .expression_attribute_names("#month", "month")
            .expression_attribute_names("#recomputed", "recomputed")
            .expression_attribute_values(":month", item::text(month));
        if let Some(id) = known.and_then(|known| known.recomputed.as_ref()) {
            request = request.expression_attribute_values(":recomputed", item::text(id.as_str()));
        }
        match request.send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(Written::ConditionFailed)
            }
            Err(error) => Err(unavailable(doing, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bands_came_to_before_volumes_were_kept_reads_on_and_is_written_as_it_was() {
        let text = r#"{"added":780000,"earned":0}"#;
        let found: BandsCounted = serde_json::from_str(text).expect("as it was written");
        assert_eq!(found, BandsCounted { added: 780_000, ..BandsCounted::default() });
        assert_eq!(serde_json::to_string(&found).expect("text"), text);
    }
}
