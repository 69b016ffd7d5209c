//! The few requests that every noun is made of. Private to the crate: nouns give them meaning and conditions.

mod checks;

use std::time::Duration;

use aws_sdk_dynamodb::config::AsyncSleep;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::item::{self, Attributes};
use crate::keys::Key;
pub(crate) use crate::update::UpdateBuilder;
use crate::{Store, StoreError};
pub(crate) use checks::{check, check_below, check_is, check_none, check_version};

/// How many items a transaction takes.
const TRANSACTION_ITEMS_MAX: usize = 100;
/// How often a transaction that met another one is tried.
const CONFLICT_TRIES_MAX: u32 = 8;
/// The wait after the first conflict; it doubles.
const CONFLICT_WAIT_MS: u64 = 10;
/// The most pages that one question reads: a bound, not a limit that data reach.
const PAGES_MAX: usize = 10_000;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

/// What became of a write with a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is written.
    Yes,
    /// The condition did not hold; nothing was written.
    ConditionFailed,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transacted {
    /// All of it is written.
    Yes,
    /// None of it is: the conditions of the items at these places did not hold.
    ConditionFailed(Vec<usize>),
}

/// A question for a range of one partition.
pub(crate) struct Range<'a> {
    pub(crate) pk: &'a str,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) consistent: bool,
}

impl<'a> Range<'a> {
    /// Everything in a partition whose sort key begins with a text.
    pub(crate) fn prefix(pk: &'a str, prefix: &str) -> Self {
        Self { pk, from: prefix.to_owned(), to: format!("{prefix}\u{7f}"), consistent: true }
    }
}

pub(crate) fn unavailable(doing: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable { doing, source: Box::new(error) }
}

impl Store {
    /// One item, strongly consistent.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        table: &str,
        key: &Key,
        doing: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.get_with(table, key, true, doing).await
    }

    /// One item, for half the price, perhaps a moment old.
    pub(crate) async fn get_eventually<T: DeserializeOwned>(
        &self,
        table: &str,
        key: &Key,
        doing: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.get_with(table, key, false, doing).await
    }

    async fn get_with<T: DeserializeOwned>(
        &self,
        table: &str,
        key: &Key,
        consistent: bool,
        doing: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.get_attributes(table, key, consistent, doing).await?.map(item::read).transpose()
    }

    /// One item as it is stored.
    pub(crate) async fn get_attributes(
        &self,
        table: &str,
        key: &Key,
        consistent: bool,
        doing: &'static str,
    ) -> Result<Option<Attributes>, StoreError> {
        let request =
            self.db.get_item().table_name(table).set_key(Some(item::key_map(key))).consistent_read(consistent);
        let answer = request.send().await.map_err(|error| unavailable(doing, error))?;
        Ok(answer.item)
    }

    /// A new item; `ConditionFailed` when there is one at the key already.
    pub(crate) async fn put_new<T: Serialize>(
        &self,
        table: &str,
        key: &Key,
        value: &T,
        doing: &'static str,
    ) -> Result<Written, StoreError> {
        if self.has_to_tell() {
            return self.write_alone(put_new(table, key, value)?, doing).await;
        }
        let request = self
            .db
            .put_item()
            .table_name(table)
            .set_item(Some(item::write(key, value)?))
            .condition_expression("attribute_not_exists(pk)");
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

    /// A put, unless what is there has this very text in an attribute.
    pub(crate) async fn put_unless<T: Serialize>(
        &self,
        table: &str,
        key: &Key,
        value: &T,
        (attribute, text): (&str, &str),
        doing: &'static str,
    ) -> Result<Written, StoreError> {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item::write(key, value)?))
            .condition_expression("attribute_not_exists(#attribute) OR #attribute <> :text")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":text", item::text(text))
            .build()
            .map_err(|error| item::inconsistent(key, error))?;
        self.put_alone(TransactWriteItem::builder().put(put).build(), doing).await
    }

    /// A put with its condition, made for a transaction, alone: at half the price.
    pub(crate) async fn put_alone(&self, item: TransactWriteItem, doing: &'static str) -> Result<Written, StoreError> {
        let put = if self.has_to_tell() { None } else { item.put.clone() };
        let Some(put) = put else { return self.write_alone(item, doing).await };
        let request = self
            .db
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values);
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

    /// A write of a transaction, with nothing beside it but what is to be told.
    async fn write_alone(&self, item: TransactWriteItem, doing: &'static str) -> Result<Written, StoreError> {
        Ok(match self.transact(vec![item], doing).await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// One update with its condition.
    pub(crate) async fn update(&self, update: Update, doing: &'static str) -> Result<Written, StoreError> {
        if self.has_to_tell() {
            return self.write_alone(TransactWriteItem::builder().update(update).build(), doing).await;
        }
        let request = self
            .db
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values);
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

    /// All of a range, all its pages.
    pub(crate) async fn list_range<T: DeserializeOwned>(
        &self,
        table: &str,
        range: &Range<'_>,
        doing: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        self.list_attributes(table, range, doing).await?.into_iter().map(item::read).collect()
    }

    /// All of a range as it is stored, all its pages.
    pub(crate) async fn list_attributes(
        &self,
        table: &str,
        range: &Range<'_>,
        doing: &'static str,
    ) -> Result<Vec<Attributes>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        for _ in 0..PAGES_MAX {
            let (page, next) = self.query_page(table, range, start, None, doing).await?;
            items.extend(page);
            match next {
                Some(next) => start = Some(next),
                None => return Ok(items),
            }
        }
        // Nobody raced: it is the range that is too long, and will be again.
        let key = Key { pk: range.pk.to_owned(), sk: range.from.clone() };
        Err(item::inconsistent(&key, format!("more than {PAGES_MAX} pages lie behind it")))
    }

    /// One page of a range: raw items and where the next begins.
    pub(crate) async fn query_page(
        &self,
        table: &str,
        range: &Range<'_>,
        start: Option<Attributes>,
        limit: Option<i32>,
        doing: &'static str,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), StoreError> {
        let request = self
            .db
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", item::text(range.pk))
            .expression_attribute_values(":from", item::text(&range.from))
            .expression_attribute_values(":to", item::text(&range.to))
            .consistent_read(range.consistent)
            .set_limit(limit)
            .set_exclusive_start_key(start);
        let answer = request.send().await.map_err(|error| unavailable(doing, error))?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key.filter(|key| !key.is_empty())))
    }

    /// One page of a range from its end: above the first sort key, below the second; `next` says that there is more.
    pub(crate) async fn list_backwards(
        &self,
        pk: &str,
        (from, before): (&str, &str),
        limit: usize,
        doing: &'static str,
    ) -> Result<Page<Attributes>, StoreError> {
        // The end of a range is taken in, so one more is asked for; and one to know whether another page follows.
        let request = self
            .db
            .query()
            .table_name(&self.tables.core)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", item::text(pk))
            .expression_attribute_values(":from", item::text(from))
            .expression_attribute_values(":to", item::text(before))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(limit + 2).unwrap_or(i32::MAX));
        let answer = request.send().await.map_err(|error| unavailable(doing, error))?;
        let is_cut = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        let mut items = answer.items.unwrap_or_default();
        items.retain(|attributes| item::place_of(attributes).1 != before);
        // A page that ends by its size, not by its count, has more behind it too.
        let more = items.len() > limit || is_cut;
        items.truncate(limit);
        Ok(Page { items, next: more.then(String::new) })
    }

    /// A transaction. Meeting another one it waits and tries again, as the SDK does when an answer is lost; the token
    /// that the SDK adds to each call makes its own retries one write.
    pub(crate) async fn transact_these(
        &self,
        items: Vec<TransactWriteItem>,
        doing: &'static str,
    ) -> Result<Transacted, StoreError> {
        // Sent, it would be answered like a store that is away, and be tried again without end.
        if items.len() > TRANSACTION_ITEMS_MAX {
            return Err(StoreError::TooLarge { doing, items: items.len() });
        }
        let mut wait_ms = CONFLICT_WAIT_MS;
        for _ in 0..CONFLICT_TRIES_MAX {
            let error = match self.db.transact_write_items().set_transact_items(Some(items.clone())).send().await {
                Ok(_) => return Ok(Transacted::Yes),
                Err(error) => error,
            };
            match verdict_of(&error) {
                Verdict::ConditionFailed(places) => return Ok(Transacted::ConditionFailed(places)),
                Verdict::Conflict => {
                    tracing::debug!(transaction = doing, wait_ms, "met another transaction, trying again");
                    self.wait(Duration::from_millis(wait_ms)).await;
                    wait_ms *= 2;
                }
                Verdict::Unavailable => return Err(unavailable(doing, error)),
            }
        }
        Err(StoreError::LostRace { doing })
    }

    /// Waits as the client itself waits between its tries, so that whoever owns the client's time owns this too.
    async fn wait(&self, time: Duration) {
        if let Some(sleep) = self.db.config().sleep_impl() {
            sleep.sleep(time).await;
        }
    }
}

enum Verdict {
    ConditionFailed(Vec<usize>),
    Conflict,
    Unavailable,
}

fn verdict_of<R>(error: &SdkError<TransactWriteItemsError, R>) -> Verdict {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let codes = || cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default());
            let failed: Vec<usize> = codes()
                .enumerate()
                .filter(|(_, code)| *code == "ConditionalCheckFailed")
                .map(|(place, _)| place)
                .collect();
            if !failed.is_empty() {
                Verdict::ConditionFailed(failed)
            } else if codes().any(|code| code == "TransactionConflict") {
                Verdict::Conflict
            } else {
                Verdict::Unavailable
            }
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => Verdict::Conflict,
        _ => Verdict::Unavailable,
    }
}

/// A put of a new item, for a transaction.
pub(crate) fn put_new<T: Serialize>(table: &str, key: &Key, value: &T) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item::write(key, value)?))
        .condition_expression("attribute_not_exists(pk)");
    let put = put.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A put over an item in a known version, for a transaction.
pub(crate) fn replace<T: Serialize>(
    table: &str,
    key: &Key,
    value: &T,
    version: u64,
) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item::write(key, value)?))
        .condition_expression("version = :version")
        .expression_attribute_values(":version", item::number(version));
    let put = put.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A put under a condition of its own, for a transaction.
pub(crate) fn put_when<T: Serialize>(
    table: &str,
    key: &Key,
    value: &T,
    condition: &str,
) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder().table_name(table).set_item(Some(item::write(key, value)?)).condition_expression(condition);
    let put = put.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A put over whatever is there, for a transaction that something else in it guards.
pub(crate) fn put_over<T: Serialize>(table: &str, key: &Key, value: &T) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder().table_name(table).set_item(Some(item::write(key, value)?));
    let put = put.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A delete of what may be there, for a transaction that something else in it guards.
pub(crate) fn delete_any(table: &str, key: &Key) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder().table_name(table).set_key(Some(item::key_map(key)));
    let delete = delete.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// A delete of an item in a known version, for a transaction.
pub(crate) fn delete_version(table: &str, key: &Key, version: u64) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(item::key_map(key)))
        .condition_expression("version = :version")
        .expression_attribute_values(":version", item::number(version));
    let delete = delete.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// A delete of what is there, for a transaction.
pub(crate) fn delete_existing(table: &str, key: &Key) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(item::key_map(key)))
        .condition_expression("attribute_exists(pk)");
    let delete = delete.build().map_err(|error| item::inconsistent(key, error))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}
