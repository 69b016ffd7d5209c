//! How many awards a tenant has given, and what the last look at its revenue allowed. Every award and every look goes
//! through it, one after another: so no two awards are given by the same part of the revenue.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Eligibility, NotEligible, Policy, eligibility};
use crate::money::{Money, MoneyError};
use crate::time::{BusinessDay, Timestamp};

/// What a look at the revenue came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// When.
    pub at: Timestamp,
    /// The day of that in the ledger's zone.
    pub day: BusinessDay,
    /// Paid sales less refunds and lost disputes.
    pub revenue: Money,
    /// How many sales were looked at.
    pub sales: u64,
}

/// The tally of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The last look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
    /// How many awards are given: those that were not withdrawn.
    pub given: u32,
}

/// Why none is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoneLeft {
    /// The revenue was never looked at, or too long ago.
    #[error("the revenue was not looked at of late: ask for a check of eligibility first")]
    NotChecked,
    /// There is none to give.
    #[error("no award can be given now: {}", .0.word())]
    NotEligible(NotEligible),
    /// The policy's amounts are out of range.
    #[error("the amounts of the policy are out of range")]
    OutOfRange,
}

/// How many days a look at the revenue counts.
const CHECKED_DAYS: i32 = 1;

impl Tally {
    /// AWD-1: somebody has looked at the revenue.
    #[must_use]
    pub fn check(&self, checked: Checked) -> Self {
        Self { checked: Some(checked), given: self.given }
    }

    /// What there is to give, by the last look.
    ///
    /// # Errors
    /// The policy's amounts are out of range.
    pub fn eligibility(&self, policy: &Policy, today: BusinessDay) -> Result<Eligibility, MoneyError> {
        let revenue = self.checked.as_ref().map(|checked| checked.revenue);
        // A look at another currency says nothing of this one.
        let revenue = revenue.filter(|revenue| revenue.currency() == policy.currency);
        eligibility(policy, revenue.unwrap_or_else(|| Money::zero(policy.currency)), self.given, today)
    }

    /// AWD-1: one more is given, if the revenue of a look of yesterday or today allows it.
    ///
    /// # Errors
    /// None is left.
    pub fn give(&self, policy: &Policy, today: BusinessDay) -> Result<Self, NoneLeft> {
        let checked = self.checked.as_ref().filter(|checked| checked.revenue.currency() == policy.currency);
        let checked = checked.ok_or(NoneLeft::NotChecked)?;
        if checked.day.plus_days(CHECKED_DAYS).map_or(true, |last| today > last) {
            return Err(NoneLeft::NotChecked);
        }
        let eligibility = self.eligibility(policy, today).map_err(|_| NoneLeft::OutOfRange)?;
        match eligibility.reason {
            Some(reason) => Err(NoneLeft::NotEligible(reason)),
            // Without a reason against it there is at least one left.
            None => Ok(Self { given: self.given.saturating_add(1), ..self.clone() }),
        }
    }

    /// One is withdrawn and counts no longer.
    #[must_use]
    pub fn take_back(&self) -> Self {
        Self { given: self.given.saturating_sub(1), ..self.clone() }
    }

    /// What the audit says of it.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::from([("given".to_owned(), self.given.to_string())]);
        if let Some(checked) = &self.checked {
            told.insert("revenue".to_owned(), checked.revenue.to_text());
            told.insert("currency".to_owned(), checked.revenue.currency().to_string());
            told.insert("checked_on".to_owned(), checked.day.to_string());
        }
        told
    }
}
