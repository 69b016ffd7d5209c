//! Attempts of rails at payouts: written before a rail is asked, and moved with the payout they are at.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::PayoutId;
use domain::money::Money;
use domain::payee::Payee;
use domain::payout::attempt::{Attempt, Ended};
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::desk::{BETWEEN, start_at};
use crate::item::Attributes;
use crate::request::{self, Range};
use crate::{Page, Store, StoreError, TenantKey, Written};

const ENTITY: &str = "attempt";

/// An attempt as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAttempt {
    /// The attempt.
    pub attempt: Attempt,
    /// How often it was written.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct AttemptItem {
    entity: String,
    v: u32,
    version: u64,
    payout: PayoutId,
    no: u32,
    currency: Currency,
    amount_minor: i64,
    /// Text, as the payout has it.
    payee: String,
    destination: Digest,
    seal: Digest,
    begun_at: Timestamp,
    called_at: Timestamp,
    tries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
    /// In the index only while its outcome is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    desk_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    desk_sk: Option<String>,
}

impl AttemptItem {
    fn new(tenant: &TenantKey, attempt: &Attempt, version: u64) -> Self {
        let place = || format!("{}#{}#{:04}", sortable(attempt.due_at()), attempt.payout, attempt.no);
        Self {
            entity: ENTITY.to_owned(),
            v: 1,
            version,
            payout: attempt.payout.clone(),
            no: attempt.no,
            currency: attempt.amount.currency(),
            amount_minor: attempt.amount.minor(),
            payee: attempt.payee.to_text(),
            destination: attempt.destination,
            seal: attempt.seal,
            begun_at: attempt.begun_at,
            called_at: attempt.called_at,
            tries: attempt.tries,
            ended: attempt.ended.clone(),
            desk_pk: attempt.is_looked_for.then(|| tenant.looked_for()),
            desk_sk: attempt.is_looked_for.then(place),
        }
    }

    fn into_stored(self, tenant: &TenantKey) -> Result<StoredAttempt, StoreError> {
        let key = tenant.attempt(&self.payout, self.no);
        let payee = Payee::parse(&self.payee)
            .ok_or_else(|| crate::item::inconsistent(&key, "the payee of an attempt cannot be read"))?;
        let attempt = Attempt {
            payout: self.payout,
            no: self.no,
            amount: Money::from_minor(self.amount_minor, self.currency),
            payee,
            destination: self.destination,
            seal: self.seal,
            begun_at: self.begun_at,
            called_at: self.called_at,
            tries: self.tries,
            is_looked_for: self.desk_pk.is_some(),
            ended: self.ended,
        };
        Ok(StoredAttempt { attempt, version: self.version })
    }
}

impl Store {
    /// The attempts at a payout, in their order; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_attempts(&self, tenant: &TenantKey, payout: &PayoutId) -> Result<Vec<StoredAttempt>, StoreError> {
        let pk = tenant.attempts(payout);
        let doing = "listing the attempts at a payout";
        let found: Vec<AttemptItem> = self.list_range(&self.tables.core, &Range::prefix(&pk, ""), doing).await?;
        found.into_iter().map(|item| item.into_stored(tenant)).collect()
    }

    /// One attempt, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_attempt(
        &self,
        tenant: &TenantKey,
        payout: &PayoutId,
        no: u32,
    ) -> Result<Option<StoredAttempt>, StoreError> {
        let key = tenant.attempt(payout, no);
        let found: Option<AttemptItem> = self.get(&self.tables.core, &key, "reading an attempt").await?;
        found.map(|item| item.into_stored(tenant)).transpose()
    }

    /// An attempt begins: `ConditionFailed` when it has begun already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_attempt(&self, tenant: &TenantKey, attempt: &Attempt) -> Result<Written, StoreError> {
        let item = AttemptItem::new(tenant, attempt, 1);
        let key = tenant.attempt(&attempt.payout, attempt.no);
        self.put_new(&self.tables.core, &key, &item, "beginning an attempt").await
    }

    /// An attempt in the place of the one that was read: `ConditionFailed` when somebody else was quicker.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_attempt(
        &self,
        tenant: &TenantKey,
        before: &StoredAttempt,
        after: &Attempt,
    ) -> Result<Written, StoreError> {
        let put = self.attempt_moved(tenant, before, after)?;
        self.put_alone(put, "moving an attempt").await
    }

    /// The same as a part of a transaction.
    pub(crate) fn attempt_moved(
        &self,
        tenant: &TenantKey,
        before: &StoredAttempt,
        after: &Attempt,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = AttemptItem::new(tenant, after, before.version + 1);
        request::replace(&self.tables.core, &tenant.attempt(&after.payout, after.no), &item, before.version)
    }

    /// A page of the attempts whose outcome is looked for, the longest due first. The index may lag: what is shown is what
    /// the items say.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_looked_for(
        &self,
        tenant: &TenantKey,
        limit: i32,
        after: Option<&str>,
    ) -> Result<Page<StoredAttempt>, StoreError> {
        let partition = tenant.looked_for();
        let start = after.and_then(|place| start(tenant, &partition, place));
        let doing = "listing the attempts that are looked for";
        let page = self.list_desk_in::<AttemptItem>(&partition, limit, (start, true), doing).await?;
        let items: Result<Vec<_>, _> = page.items.into_iter().map(|item| item.into_stored(tenant)).collect();
        Ok(Page { items: items?, next: page.next })
    }
}

/// Where a page goes on: `<due at>~<payout>~<no>`, as the index told it.
fn start(tenant: &TenantKey, partition: &str, place: &str) -> Option<Attributes> {
    let mut parts = place.split(BETWEEN);
    let (at, payout, no) = (parts.next()?, PayoutId::parse(parts.next()?).ok()?, parts.next()?.parse().ok()?);
    Some(start_at(&tenant.attempt(&payout, no), partition, &format!("{at}#{payout}#{no:04}")))
}
