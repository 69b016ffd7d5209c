//! Notices: each is told once, by whoever holds its claim.
//!
//! A claim has a lease. A run that crashed leaves it behind; once it is over, the next delivery takes the notice over.
//! Whether a lease is over is decided by the instant that is passed in; the table's TTL only tidies up.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::id::NoticeId;
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes};
use crate::request::{UpdateBuilder, Written, unavailable};
use crate::{Store, StoreError, TenantKey};

#[cfg(test)]
mod tests;

const SENDING: &str = "sending";
const SENT: &str = "sent";
const SKIPPED: &str = "skipped";

/// A run that wants to tell a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeClaim {
    /// The notice.
    pub notice: NoticeId,
    /// Which kind of news.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// A name of this run that no other run has.
    pub run: String,
    /// Now.
    pub at: Timestamp,
    /// When another run may take over.
    pub lease_until: Timestamp,
    /// Until when it is known that it was told: far longer than any queue keeps a message.
    pub forgotten_at: Timestamp,
}

/// What a claim finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeClaimed {
    /// Nobody has told it: tell it now.
    Yes,
    /// Another run is at it.
    AnotherIsSending,
    /// It was told, or there was nobody to tell.
    Done,
}

/// How telling a notice ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// It was handed to the mail service, which gave it this id.
    Sent {
        /// The mail service's id.
        message_id: String,
    },
    /// There was nobody to tell.
    Skipped {
        /// Why.
        why: &'static str,
    },
}

/// What became of recording how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeRecorded {
    /// It is written.
    Yes,
    /// The lease was over and another run has the notice: it may be told twice.
    TakenOver,
}

/// A notice as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which kind of news.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// `sending`, `sent` or `skipped`.
    pub state: String,
    /// The mail service's id, once sent.
    pub message_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct NoticeItem {
    entity: String,
    v: u32,
    kind: String,
    subject: String,
    run: String,
    state: String,
    /// A number: conditions compare it.
    lease_until_ms: i64,
    /// Seconds, for the table's TTL.
    expires_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
}

impl NoticeItem {
    fn of(claim: &NoticeClaim) -> Self {
        Self {
            entity: "notice".to_owned(),
            v: 1,
            kind: claim.kind.clone(),
            subject: claim.subject.clone(),
            run: claim.run.clone(),
            state: SENDING.to_owned(),
            lease_until_ms: claim.lease_until.as_millisecond(),
            expires_at: claim.forgotten_at.as_second(),
            message_id: None,
            why: None,
            ended_at: None,
        }
    }
}

impl Store {
    /// Claims a notice for one run, or tells what became of it.
    ///
    /// # Errors
    /// The store does not answer, or the item that is there cannot be read.
    pub async fn create_notice_claim(
        &self,
        tenant: &TenantKey,
        claim: &NoticeClaim,
    ) -> Result<NoticeClaimed, StoreError> {
        let answer = self
            .db
            .put_item()
            .table_name(&self.tables.ops)
            .set_item(Some(item::write(&tenant.notice(&claim.notice), &NoticeItem::of(claim))?))
            .condition_expression("attribute_not_exists(pk) OR (#state = :sending AND lease_until_ms <= :now)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":sending", item::text(SENDING))
            .expression_attribute_values(":now", item::number(claim.at.as_millisecond()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else { return Ok(NoticeClaimed::Yes) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                found(claim, failed.item().cloned().unwrap_or_default())
            }
            _ => Err(unavailable("claiming a notice", error)),
        }
    }

    /// Records how telling a notice ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_notice(
        &self,
        tenant: &TenantKey,
        claim: &NoticeClaim,
        outcome: &NoticeOutcome,
        at: Timestamp,
    ) -> Result<NoticeRecorded, StoreError> {
        let key = tenant.notice(&claim.notice);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("ended_at", item::text(sortable(at)))
            .require("run", Some(item::text(&claim.run)));
        let update = match outcome {
            NoticeOutcome::Sent { message_id } => {
                update.set("state", item::text(SENT)).set("message_id", item::text(message_id))
            }
            NoticeOutcome::Skipped { why } => update.set("state", item::text(SKIPPED)).set("why", item::text(*why)),
        };
        Ok(match self.update(update.build()?, "recording a notice").await? {
            Written::Yes => NoticeRecorded::Yes,
            Written::ConditionFailed => NoticeRecorded::TakenOver,
        })
    }

    /// Ends the lease of a run that could not tell its notice, so that the next delivery need not wait for it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_notice_lease(
        &self,
        tenant: &TenantKey,
        claim: &NoticeClaim,
    ) -> Result<NoticeRecorded, StoreError> {
        let key = tenant.notice(&claim.notice);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("lease_until_ms", item::number(claim.at.as_millisecond()))
            .require("run", Some(item::text(&claim.run)))
            .require("state", Some(item::text(SENDING)));
        Ok(match self.update(update.build()?, "giving a notice back").await? {
            Written::Yes => NoticeRecorded::Yes,
            Written::ConditionFailed => NoticeRecorded::TakenOver,
        })
    }

    /// A notice, if anybody has tried to tell it.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_notice(&self, tenant: &TenantKey, notice: &NoticeId) -> Result<Option<Notice>, StoreError> {
        let key = tenant.notice(notice);
        let item: Option<NoticeItem> = self.get(&self.tables.ops, &key, "reading a notice").await?;
        Ok(item.map(|item| Notice {
            kind: item.kind,
            subject: item.subject,
            state: item.state,
            message_id: item.message_id,
        }))
    }
}

fn found(claim: &NoticeClaim, there: Attributes) -> Result<NoticeClaimed, StoreError> {
    let there: NoticeItem = item::read(there)?;
    Ok(match there.state.as_str() {
        // The SDK's own retry can report a failed condition for a write that succeeded: our name is on it.
        SENDING if there.run == claim.run => NoticeClaimed::Yes,
        SENDING => NoticeClaimed::AnotherIsSending,
        _ => NoticeClaimed::Done,
    })
}
