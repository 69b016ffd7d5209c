//! Messages between functions, and the typed way to send them.
//!
//! What lives here: one struct a queue, a fact in the past tense, small, with `v`. What does not: what is done about it.
//! Published shapes only grow; the old shape stays readable until its queue is empty.
//!
//! To add a message: a struct here, a queue with its dead-letter queue in `template.yaml`, a snapshot in the tests.

mod door;
mod sender;

use domain::currency::Currency;
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{
    ApplicationId, NoticeId, PartnerId, PayoutId, ProgramId, RecomputeId, ReportId, RunId, TenantId, UserId,
};
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

pub use door::Door;
pub use sender::{SendError, Sender};

/// The version that is written today.
pub const VERSION: u32 = 1;

/// An event of a provider was received and stored raw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactReceived {
    /// Version of this shape.
    pub v: u32,
    /// Whose.
    pub tenant: TenantId,
    /// Who sent it: `stripe`.
    pub provider: String,
    /// The day of the event at the provider, under which it is stored: `yyyymmdd`.
    pub day: String,
    /// The stored event: the provider's id, or id and hash where one id came with two bodies.
    pub event_id: String,
    /// Follows the event through every function's log.
    pub correlation_id: String,
}

/// An account is due for its nightly visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitDue {
    /// Version of this shape.
    pub v: u32,
    /// Whose.
    pub tenant: TenantId,
    /// The account's partner.
    pub partner: PartnerId,
    /// The account's currency.
    pub currency: Currency,
    /// The business date that ended.
    pub business_date: BusinessDay,
    /// The night that sent it.
    pub run: RunId,
    /// Where it is given, all accounts of the programme are put in order together, because a cap spans them; partner
    /// and currency are then those of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramId>,
    /// Where it is given, that recompute of the programme goes on instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recompute: Option<RecomputeId>,
}

/// Somebody is to be told something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeDue {
    /// Version of this shape.
    pub v: u32,
    /// Whose.
    pub tenant: TenantId,
    /// Derived from kind and subject: found twice, it is one notice.
    pub notice: NoticeId,
    /// What happened: `payout_requested`, `receipt_ready`, …
    pub kind: String,
    /// The payout that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<PayoutId>,
    /// The document that goes with it.
    pub report: Option<ReportId>,
    /// The payment that a customer is reminded of, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder: Option<ReminderDue>,
    /// Whose payout methods have changed, if it is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<MethodsDue>,
    /// Who wants to sign in by which link, if it is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInDue>,
    /// Which news of where a partner or an applicant stands, if it is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub news: Option<NewsDue>,
    /// Whose authenticator counts from now on, if it is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<AuthenticatorDue>,
}

/// Somebody is to be told that their codes are now asked of an authenticator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticatorDue {
    /// Who.
    pub user: UserId,
    /// When it was begun with.
    pub created_at: Timestamp,
}

/// Somebody is to be told where they stand: a partner, or an applicant who is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsDue {
    /// The partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// The applicant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// Which of their news.
    pub version: u64,
}

/// Somebody is to be sent a link by which they sign in. The link itself lies sealed where it was put down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInDue {
    /// Who.
    pub user: UserId,
    /// Which link: the hash of its token.
    pub link: Digest,
}

/// A partner is to be told that their payout methods have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodsDue {
    /// Whose.
    pub partner: PartnerId,
    /// To which version.
    pub version: u32,
}

/// A customer is to be reminded of a payment that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderDue {
    /// Of which.
    pub payment: PaymentKey,
    /// After how many days.
    pub step: u8,
}

/// A document is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportWanted {
    /// Version of this shape.
    pub v: u32,
    /// Whose.
    pub tenant: TenantId,
    /// Derived from kind and subject: wanted twice, it is one document.
    pub report: ReportId,
    /// What: `payout_receipt`.
    pub kind: String,
    /// The payout that it is about.
    pub payout: PayoutId,
}

/// A payout was handed to a rail that moves by itself, or something was told of it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutDue {
    /// Version of this shape.
    pub v: u32,
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub payout: PayoutId,
}

#[cfg(test)]
mod tests;
