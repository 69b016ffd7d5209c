//! Idempotency: the answer to a request is kept under its key, so that the same request is answered the same.
//!
//! A first run holds a lease while it works. A run that crashed leaves its lease behind; once the lease is over,
//! the next request with the same fingerprint takes over. Expiry is decided here by the clock that is passed in;
//! the table's TTL only tidies up.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::digest::Digest;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, number, text};
use crate::keys::Key;
use crate::request::{UpdateBuilder, unavailable};
use crate::{Store, StoreError, TenantKey};

/// How long an answer is kept.
pub const ANSWER_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A request that wants to run once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Hash of the caller and the key that the caller chose.
    pub key_hash: Digest,
    /// Hash of method, path and body.
    pub fingerprint: Digest,
    /// A random name of this run.
    pub run: String,
    /// Now.
    pub at: Timestamp,
    /// When another run may take over.
    pub lease_until: Timestamp,
}

/// An answer as it is kept: bytes that only who keeps them can read. They may carry personal data, and an erasure does
/// not come here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedAnswer(pub Vec<u8>);

/// What an attempt finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody ran yet, or a crashed run's lease is over: run now.
    Run {
        /// When the first run began: what it minted is minted again, and found there.
        first_at: Timestamp,
    },
    /// Another run is at work.
    Running,
    /// It ran: here is its answer.
    Answered(SealedAnswer),
    /// The key was used for another request.
    AnotherRequest,
}

#[derive(Serialize, Deserialize)]
struct Item {
    entity: String,
    v: u32,
    fingerprint: String,
    run: String,
    /// Milliseconds, as numbers: conditions compare them.
    lease_until_ms: i64,
    until_ms: i64,
    /// When the first of the runs began: what it mints, the next mints again.
    first_ms: i64,
    /// Seconds, for the table's TTL.
    expires_at: i64,
}

/// The name of the sealed answer, which is a binary attribute: most answers then fit in one write unit with the item.
const ANSWER: &str = "answer";

/// Nobody ran; or a run of this very request crashed, or gave its claim back.
const MAY_RUN: &str = "attribute_not_exists(pk) OR \
    (attribute_not_exists(answer) AND lease_until_ms <= :now AND until_ms > :now AND fingerprint = :fingerprint)";
const CLAIM: &str = "SET entity = :entity, v = :v, fingerprint = :fingerprint, #run = :run, lease_until_ms = :lease, \
    until_ms = :until, expires_at = :expires, \
    first_ms = if_not_exists(first_ms, :now)";

impl Store {
    /// Claims a key for one run, or tells what became of the first.
    ///
    /// # Errors
    /// The store does not answer, or the kept answer cannot be read.
    pub async fn create_idempotent_run(&self, tenant: &TenantKey, attempt: &Attempt) -> Result<Claimed, StoreError> {
        let key = tenant.idempotency(&attempt.key_hash);
        match self.claim(&key, attempt).await? {
            Ok(claimed) => Ok(claimed),
            Err(there) => {
                // A day is over: the key may name something else now.
                let is_over = ("until_ms", number(there.until_ms));
                self.delete_idempotency_where(&key, "#held = :held", is_over).await?;
                let claimed = self.claim(&key, attempt).await?;
                Ok(claimed.unwrap_or(Claimed::Running))
            }
        }
    }

    /// One try; the item itself when its day is over.
    async fn claim(&self, key: &Key, attempt: &Attempt) -> Result<Result<Claimed, Item>, StoreError> {
        let until = attempt.at.saturating_add(ANSWER_KEPT).unwrap_or(attempt.at);
        let request = self
            .db
            .update_item()
            .table_name(&self.tables.ops)
            .set_key(Some(item::key_map(key)))
            .update_expression(CLAIM)
            .condition_expression(MAY_RUN)
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":entity", text("idempotency"))
            .expression_attribute_values(":v", number(1))
            .expression_attribute_values(":run", text(&attempt.run))
            .expression_attribute_values(":fingerprint", text(attempt.fingerprint.to_string()))
            .expression_attribute_values(":now", number(attempt.at.as_millisecond()))
            .expression_attribute_values(":lease", number(attempt.lease_until.as_millisecond()))
            .expression_attribute_values(":until", number(until.as_millisecond()))
            .expression_attribute_values(":expires", number(until.as_second()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match request.send().await {
            Ok(claimed) => return found(key, attempt, claimed.attributes.unwrap_or_default()).map(Ok),
            Err(error) => error,
        };
        let there = match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => failed.item().cloned(),
            _ => None,
        };
        let Some(there) = there else { return Err(unavailable("claiming an idempotency key", error)) };
        let seen: Item = item::read(there.clone())?;
        if seen.until_ms <= attempt.at.as_millisecond() { Ok(Err(seen)) } else { found(key, attempt, there).map(Ok) }
    }

    /// Records the answer of a run that still holds its claim. A run that lost it changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_idempotent_answer(
        &self,
        tenant: &TenantKey,
        attempt: &Attempt,
        answer: &SealedAnswer,
    ) -> Result<(), StoreError> {
        let key = tenant.idempotency(&attempt.key_hash);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set(ANSWER, AttributeValue::B(Blob::new(answer.0.clone())))
            .require("run", Some(text(&attempt.run)))
            .build()?;
        self.update(update, "keeping the answer to an idempotency key").await.map(|_| ())
    }

    /// Gives a claim back, so that the same request may run again and mint what this one minted. A run that lost its
    /// claim changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn release_idempotent_run(&self, tenant: &TenantKey, attempt: &Attempt) -> Result<(), StoreError> {
        let key = tenant.idempotency(&attempt.key_hash);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("lease_until_ms", number(0))
            .require("run", Some(text(&attempt.run)))
            .require(ANSWER, None)
            .build()?;
        self.update(update, "giving an idempotency key back").await.map(|_| ())
    }

    /// Forgets a run that did nothing at all: the same request begins anew, at its own instant. A run that lost its claim
    /// changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn delete_idempotent_run(&self, tenant: &TenantKey, attempt: &Attempt) -> Result<(), StoreError> {
        let key = tenant.idempotency(&attempt.key_hash);
        let run = text(&attempt.run);
        self.delete_idempotency_where(&key, "#held = :held AND attribute_not_exists(answer)", ("run", run)).await
    }

    async fn delete_idempotency_where(
        &self,
        key: &Key,
        condition: &str,
        (held, value): (&str, AttributeValue),
    ) -> Result<(), StoreError> {
        let request = self.db.delete_item().table_name(&self.tables.ops).set_key(Some(item::key_map(key)));
        let request = request
            .condition_expression(condition)
            .expression_attribute_names("#held", held)
            .expression_attribute_values(":held", value);
        match request.send().await {
            Err(error)
                if !error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Err(unavailable("forgetting an idempotency key", error))
            }
            _ => Ok(()),
        }
    }
}

fn found(key: &Key, attempt: &Attempt, mut there: Attributes) -> Result<Claimed, StoreError> {
    let answer = there.remove(ANSWER);
    let there: Item = item::read(there)?;
    // The SDK's own retry can report a failed condition for a write that succeeded: our name is on it.
    if there.run == attempt.run {
        let first_at = Timestamp::from_millisecond(there.first_ms).map_err(|error| item::inconsistent(key, error))?;
        return Ok(Claimed::Run { first_at });
    }
    if there.fingerprint != attempt.fingerprint.to_string() {
        return Ok(Claimed::AnotherRequest);
    }
    match answer {
        None => Ok(Claimed::Running),
        Some(AttributeValue::B(sealed)) => Ok(Claimed::Answered(SealedAnswer(sealed.into_inner()))),
        Some(_) => Err(item::inconsistent(key, "the answer is not binary")),
    }
}

#[cfg(test)]
mod tests;
