//! Idempotency: the answer to a request is kept under its key, so that the same request is answered the same.
//!
//! A first run holds a lease while it works. A run that crashed leaves its lease behind; once the lease is over,
//! the next request with the same fingerprint takes over. Expiry is decided here by the clock that is passed in;
//! the table's TTL only tidies up.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::digest::Digest;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, number, text};
use crate::keys::Key;
use crate::request::{UpdateBuilder, unavailable};
use crate::{Store, StoreError, TenantKey};

/// How long an answer is kept.
pub const ANSWER_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Answers are small: a middling effort packs them as well as the greatest.
const PACKING_LEVEL: u8 = 6;

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

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers worth repeating, by name.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
}

/// What an attempt finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody ran yet, or a crashed run's lease is over: run now.
    Run,
    /// Another run is at work.
    Running,
    /// It ran: here is its answer.
    Answered(KeptAnswer),
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
    /// Seconds, for the table's TTL.
    expires_at: i64,
}

/// The name of the packed answer, which is a binary attribute: most answers then fit in one write unit with the item.
const ANSWER: &str = "answer";
/// No answer unpacks to more.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

fn pack(key: &Key, answer: &KeptAnswer) -> Result<AttributeValue, StoreError> {
    let json = serde_json::to_vec(answer).map_err(|error| item::inconsistent(key, error))?;
    Ok(AttributeValue::B(Blob::new(miniz_oxide::deflate::compress_to_vec(&json, PACKING_LEVEL))))
}

fn unpack(key: &Key, packed: &AttributeValue) -> Result<KeptAnswer, StoreError> {
    let wrong = |why: &str| item::inconsistent(key, why);
    let packed = packed.as_b().map_err(|_| wrong("the answer is not binary"))?;
    let json = miniz_oxide::inflate::decompress_to_vec_with_limit(packed.as_ref(), ANSWER_BYTES_MAX)
        .map_err(|_| wrong("the answer does not unpack"))?;
    serde_json::from_slice(&json).map_err(|error| item::inconsistent(key, error))
}

/// Nobody ran; or what ran is over; or a run of this very request crashed.
const MAY_RUN: &str = "attribute_not_exists(pk) OR until_ms <= :now OR \
    (attribute_not_exists(answer) AND lease_until_ms <= :now AND fingerprint = :fingerprint)";

impl Store {
    /// Claims a key for one run, or tells what became of the first.
    ///
    /// # Errors
    /// The store does not answer, or the kept answer cannot be read.
    pub async fn create_idempotent_run(&self, tenant: &TenantKey, attempt: &Attempt) -> Result<Claimed, StoreError> {
        let key = tenant.idempotency(&attempt.key_hash);
        let until = attempt.at.saturating_add(ANSWER_KEPT).unwrap_or(attempt.at);
        let value = Item {
            entity: "idempotency".to_owned(),
            v: 1,
            fingerprint: attempt.fingerprint.to_string(),
            run: attempt.run.clone(),
            lease_until_ms: attempt.lease_until.as_millisecond(),
            until_ms: until.as_millisecond(),
            expires_at: until.as_second(),
        };
        let request = self
            .db
            .put_item()
            .table_name(&self.tables.ops)
            .set_item(Some(item::write(&key, &value)?))
            .condition_expression(MAY_RUN)
            .expression_attribute_values(":now", number(attempt.at.as_millisecond()))
            .expression_attribute_values(":fingerprint", text(attempt.fingerprint.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else { return Ok(Claimed::Run) };
        let there = match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item().cloned(),
            _ => None,
        };
        match there {
            Some(there) => found(&key, attempt, there),
            None => Err(unavailable("claiming an idempotency key", error)),
        }
    }

    /// Records the answer of a run that still holds its claim. A run that lost it changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_idempotent_answer(
        &self,
        tenant: &TenantKey,
        attempt: &Attempt,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let key = tenant.idempotency(&attempt.key_hash);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set(ANSWER, pack(&key, answer)?)
            .require("run", Some(text(&attempt.run)))
            .build()?;
        self.update(update, "keeping the answer to an idempotency key").await.map(|_| ())
    }

    /// Gives a claim back, so that the same request may run again. A run that lost it changes nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn delete_idempotent_run(&self, tenant: &TenantKey, attempt: &Attempt) -> Result<(), StoreError> {
        let key = tenant.idempotency(&attempt.key_hash);
        let request = self
            .db
            .delete_item()
            .table_name(&self.tables.ops)
            .set_key(Some(item::key_map(&key)))
            .condition_expression("run = :run AND attribute_not_exists(answer)")
            .expression_attribute_values(":run", text(&attempt.run));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable("giving an idempotency key back", error)),
        }
    }
}

fn found(key: &Key, attempt: &Attempt, mut there: Attributes) -> Result<Claimed, StoreError> {
    let packed = there.remove(ANSWER);
    let there: Item = item::read(there)?;
    // The SDK's own retry can report a failed condition for a write that succeeded: our name is on it.
    if there.run == attempt.run {
        return Ok(Claimed::Run);
    }
    if there.fingerprint != attempt.fingerprint.to_string() {
        return Ok(Claimed::AnotherRequest);
    }
    packed.map_or(Ok(Claimed::Running), |packed| unpack(key, &packed).map(Claimed::Answered))
}

#[cfg(test)]
mod tests;
