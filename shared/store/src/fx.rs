//! Rates of exchange: stored once, never changed.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use domain::audit::AuditEntry;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::fx::StoredRate;
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::request::{self, Transacted, Written};
use crate::{Page, Store, StoreError, TenantKey, item};

/// How many characters of the source's hash tell two sources of one instant apart.
const SOURCE_CHARS: usize = 8;

#[derive(Serialize, Deserialize)]
struct RateItem {
    entity: String,
    v: u32,
    #[serde(flatten)]
    rate: StoredRate,
    stored_by: String,
    stored_at: Timestamp,
}

/// The place of a rate: the pair, when it was told, by whom.
#[must_use]
pub fn place_of(rate: &StoredRate) -> String {
    let source = Digest::of_bytes(rate.source.as_bytes()).to_hex();
    let source = source.get(..SOURCE_CHARS).unwrap_or_default();
    format!("{}#{}#{}#{source}", rate.from, rate.to, sortable(rate.at))
}

/// The name of a rate's audit trail.
#[must_use]
pub fn trail_of(rate: &StoredRate) -> String {
    format!("fx-rate/{}", place_of(rate).replace('#', "/"))
}

impl Store {
    /// A rate is stored, with the audit entry of it; refused when one of that pair, instant and source is there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_fx_rate(
        &self,
        tenant: &TenantKey,
        rate: &StoredRate,
        (stored_by, stored_at): (&str, Timestamp),
        told: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = Key::new(tenant.fx_rates(), place_of(rate));
        let item = RateItem {
            entity: "fx_rate".to_owned(),
            v: 1,
            rate: rate.clone(),
            stored_by: stored_by.to_owned(),
            stored_at,
        };
        let items = vec![request::put_new(&self.tables.core, &key, &item)?, self.new_audit_entry(tenant, told)?];
        Ok(match self.transact(items, "storing a rate of exchange").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// The rate at a place, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_fx_rate(&self, tenant: &TenantKey, place: &str) -> Result<Option<StoredRate>, StoreError> {
        let key = Key::new(tenant.fx_rates(), place);
        let found: Option<RateItem> = self.get(&self.tables.core, &key, "reading a rate of exchange").await?;
        Ok(found.map(|item| item.rate))
    }

    /// The newest rate of a pair that was told at or before an instant.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn find_fx_rate(
        &self,
        tenant: &TenantKey,
        (from, to): (Currency, Currency),
        at: Timestamp,
    ) -> Result<Option<StoredRate>, StoreError> {
        let pair = format!("{from}#{to}#");
        let end = format!("{pair}{}#~", sortable(at));
        let pk = tenant.fx_rates();
        let found = self.list_backwards(&pk, (&pair, &end), 1, "finding a rate of exchange").await?;
        let newest = found.items.into_iter().next();
        newest.map(|attributes| item::read::<RateItem>(attributes).map(|item| item.rate)).transpose()
    }

    /// A page of the rates, pair by pair and newest first, of one pair or of all, behind a place.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_fx_rates(
        &self,
        tenant: &TenantKey,
        pair: Option<(Currency, Currency)>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Page<StoredRate>, StoreError> {
        let from = pair.map_or_else(|| "A".to_owned(), |(from, to)| format!("{from}#{to}#"));
        let end = pair.map_or_else(|| "~".to_owned(), |_| format!("{from}~"));
        let end = before.map_or(end.clone(), |before| end.min(before.to_owned()));
        let pk = tenant.fx_rates();
        let found = self.list_backwards(&pk, (&from, &end), limit, "listing rates of exchange").await?;
        let items: Result<Vec<StoredRate>, StoreError> = found
            .items
            .into_iter()
            .map(|attributes| item::read::<RateItem>(attributes).map(|item| item.rate))
            .collect();
        let items = items?;
        let next = found.next.and_then(|_| items.last().map(place_of));
        Ok(Page { items, next })
    }
}
