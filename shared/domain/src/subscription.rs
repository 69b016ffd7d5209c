//! Subscriptions and failed payments as providers tell them: whole states, of which the newest holds.
//!
//! No money is booked by them: an invoice that is paid is a sale, and tells itself.

use serde::{Deserialize, Serialize};

use crate::fact::PaymentKey;
use crate::id::SubscriptionId;
use crate::money::Money;
use crate::time::Timestamp;

#[cfg(test)]
mod tests;

/// How a subscription stands. The order settles what two words of the same instant come to: the further one holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// Begun, and its first payment is missing.
    Incomplete,
    /// In its trial.
    Trialing,
    /// Paid.
    Active,
    /// A payment failed, and is tried again.
    PastDue,
    /// Payments failed, and nothing more is tried.
    Unpaid,
    /// Stands still, and nothing is asked for.
    Paused,
    /// Its first payment never came.
    IncompleteExpired,
    /// Over.
    Canceled,
}

impl SubscriptionStatus {
    /// The word in records and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Canceled => "canceled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::Incomplete,
            Self::Trialing,
            Self::Active,
            Self::PastDue,
            Self::Unpaid,
            Self::Paused,
            Self::IncompleteExpired,
            Self::Canceled,
        ];
        all.into_iter().find(|status| status.word() == word)
    }

    /// Is nothing more to come of it?
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::IncompleteExpired | Self::Canceled)
    }
}

/// The unit of a subscription's period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
}

impl Interval {
    /// Reads the word of Stripe and Lemon Squeezy alike.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            "year" => Some(Self::Year),
            _ => None,
        }
    }

    /// The word in records and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// How long a period is: so many of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Every {
    /// The unit.
    pub interval: Interval,
    /// How many; never zero.
    pub count: u32,
}

/// A subscription, whole, as its provider told it at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its natural key: `stripe:sub_1`.
    pub subscription: PaymentKey,
    /// Whose it is, as the provider names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PaymentKey>,
    /// How it stands.
    pub status: SubscriptionStatus,
    /// The plan or price, of the first item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The product, of the first item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The provider's id of the first item: what a change of plan or quantity names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How many of the first item.
    pub quantity: u64,
    /// What one period comes to, all items, before discounts and tax; none where it goes by use, or is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// How long a period is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// From when the present period runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_start: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_end: Option<Timestamp>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it is to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<Timestamp>,
    /// Does it end with the present period?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancel_at_period_end: bool,
    /// When somebody gave notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Until when its trial runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_end: Option<Timestamp>,
    /// Is collecting paused? Stripe leaves such a one active.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// When collecting goes on by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes_at: Option<Timestamp>,
    /// When the provider told this state.
    pub told_at: Timestamp,
}

impl Subscription {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> SubscriptionId {
        SubscriptionId::of(&self.subscription)
    }

    /// ING-11: does this telling hold over another? The newer does; of one instant the one further on; and of two that are
    /// equally far the one whose text is greater, so that every order of tellings ends alike.
    #[must_use]
    pub fn holds_over(&self, other: &Self) -> bool {
        let rank = |told: &Self| (told.told_at, told.status);
        rank(self).cmp(&rank(other)).then_with(|| format!("{self:?}").cmp(&format!("{other:?}"))).is_gt()
    }
}

/// How a payment that failed stands. The greatest that was ever told holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedStanding {
    /// It failed, and may still come.
    Open,
    /// The provider was told not to count on it.
    Uncollectible,
    /// Nobody asks for it any more.
    Voided,
    /// It came after all.
    Paid,
}

impl FailedStanding {
    /// The word in records and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Uncollectible => "uncollectible",
            Self::Voided => "voided",
            Self::Paid => "paid",
        }
    }
}

/// A payment that was asked for and did not come, as its provider told it at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPayment {
    /// The natural key that its sale would have: `stripe:in_1`.
    pub payment: PaymentKey,
    /// Who was to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PaymentKey>,
    /// For which subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<PaymentKey>,
    /// What is owed.
    pub amount: Money,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// How it stands.
    pub standing: FailedStanding,
    /// Why it failed, in the provider's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the provider told this.
    pub told_at: Timestamp,
}

impl FailedPayment {
    /// ING-11: does this telling hold over another? What is settled stays so; of what is open the newer.
    #[must_use]
    pub fn holds_over(&self, other: &Self) -> bool {
        let rank = |told: &Self| (told.standing, told.told_at, told.attempts);
        rank(self).cmp(&rank(other)).then_with(|| format!("{self:?}").cmp(&format!("{other:?}"))).is_gt()
    }
}

/// What kind of a provider's object is kept as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderObjectKind {
    /// A customer of the provider's.
    Customer,
    /// A card or account that a customer pays with.
    PaymentMethod,
    /// Money sent to a connected account.
    Transfer,
    /// Money sent from an account to a bank.
    Payout,
    /// A connected account.
    Account,
    /// A licence key.
    LicenseKey,
    /// An affiliate of the provider's own programme.
    Affiliate,
    /// A session in which the provider verifies who somebody is.
    Identity,
}

impl ProviderObjectKind {
    /// The word in keys and records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::PaymentMethod => "payment_method",
            Self::Transfer => "transfer",
            Self::Payout => "payout",
            Self::Account => "account",
            Self::LicenseKey => "license_key",
            Self::Affiliate => "affiliate",
            Self::Identity => "identity",
        }
    }
}

/// An object of a provider's, as far as it is kept: its state, its amounts, and a few words about it. Never personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderObject {
    /// What it is.
    pub kind: ProviderObjectKind,
    /// Its natural key: `stripe:tr_1`.
    pub object: PaymentKey,
    /// The provider's own word for its state.
    pub state: String,
    /// What it is about, where it is about money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// How much of it went back, for a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Money>,
    /// To whom or what it belongs: a customer, a destination, the connected account that told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<PaymentKey>,
    /// What else is known, by name.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub details: std::collections::BTreeMap<String, String>,
    /// When the provider told this state.
    pub told_at: Timestamp,
}

impl ProviderObject {
    /// ING-11: does this telling hold over another? The newer does; what went back only grows, so of one instant the one
    /// with more of it.
    #[must_use]
    pub fn holds_over(&self, other: &Self) -> bool {
        let rank = |told: &Self| (told.told_at, told.returned.map_or(0, Money::minor));
        rank(self).cmp(&rank(other)).then_with(|| format!("{self:?}").cmp(&format!("{other:?}"))).is_gt()
    }
}
