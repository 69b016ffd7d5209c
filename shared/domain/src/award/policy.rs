//! What a tenant has set for awards. Everything has a shipped value but the day of the launch: without it there are none.
//! Of what tax is withheld, and what becomes of whoever has no tax form, is as for every payout.

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::fault::Fault;
use crate::money::{Money, MoneyError};
use crate::time::BusinessDay;

/// The most whole units that a setting may name: a thousand million.
const UNITS_MAX: u32 = 1_000_000_000;
/// The most months that a setting may name: a century.
const MONTHS_MAX: u16 = 1_200;

/// Thresholds and amounts of awards. Amounts are whole units of the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The day on which the business was launched; none: nobody is given anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launched_on: Option<BusinessDay>,
    /// How many whole months must have passed since.
    pub months_min: u16,
    /// The currency whose sales count and in which awards are paid.
    pub currency: Currency,
    /// For each so much of revenue there is one award.
    pub revenue_per_award: u32,
    /// How much an award is, before fee and tax.
    pub gross: u32,
    /// What is kept of it.
    pub retention: u32,
    /// How many months after the payment the membership ends.
    pub membership_months: u16,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            launched_on: None,
            months_min: 12,
            currency: Currency::USD,
            revenue_per_award: 100_000,
            gross: 100_000,
            retention: 300,
            membership_months: 12,
        }
    }
}

impl Policy {
    fn units(&self, units: u32) -> Result<Money, MoneyError> {
        let minor = 10_i64.saturating_pow(self.currency.exponent()).checked_mul(i64::from(units));
        Ok(Money::from_minor(minor.ok_or(MoneyError::OutOfRange)?, self.currency))
    }

    /// How much of revenue makes one award.
    ///
    /// # Errors
    /// Out of range.
    pub fn revenue_per_award(&self) -> Result<Money, MoneyError> {
        self.units(self.revenue_per_award)
    }

    /// How much an award is.
    ///
    /// # Errors
    /// Out of range.
    pub fn gross(&self) -> Result<Money, MoneyError> {
        self.units(self.gross)
    }

    /// What is kept of an award.
    ///
    /// # Errors
    /// Out of range.
    pub fn retention(&self) -> Result<Money, MoneyError> {
        self.units(self.retention)
    }

    /// As it is kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        // cannot fail: a struct of texts and numbers
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything that is wrong with it.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut note = |is_wrong: bool, pointer: &str, why: &str| {
            if is_wrong {
                faults.push(Fault::form(pointer, why));
            }
        };
        let is_amount = |units: u32| (1..=UNITS_MAX).contains(&units);
        note(!is_amount(self.revenue_per_award), "/revenue_per_award", "from 1 to 1000000000 whole units");
        note(!is_amount(self.gross), "/gross", "from 1 to 1000000000 whole units");
        note(self.retention >= UNITS_MAX, "/retention", "below 1000000000 whole units");
        note(self.months_min > MONTHS_MAX, "/months_min", "at most 1200");
        note(!(1..=MONTHS_MAX).contains(&self.membership_months), "/membership_months", "from 1 to 1200");
        if self.retention >= self.gross {
            faults.push(Fault::clash("/retention", "less than gross: something must be left to pay"));
        }
        faults
    }
}
