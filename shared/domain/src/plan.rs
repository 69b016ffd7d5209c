//! Plans: what customers subscribe to, in several tiers, each with its price.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::currency::Currency;
use crate::fault::Fault;
use crate::id::PlanId;
use crate::money::Money;
use crate::subscription::{Every, Interval};
use crate::time::Timestamp;

/// The most tiers of a plan.
pub const TIERS_MAX: usize = 10;
/// The most characters of a tier's name.
pub const TIER_CHARS_MAX: usize = 40;
/// The longest trial.
pub const TRIAL_DAYS_MAX: u32 = 730;

/// One tier of a plan, before or after the provider knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTier {
    /// Small letters, digits and dashes: `basic`, `pro`.
    pub name: String,
    /// What one costs a period.
    pub amount: Money,
    /// How long a period is.
    pub every: Every,
    /// How many days cost nothing at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_days: Option<u32>,
    /// The provider's price: `price_…`.
    pub price: String,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// What customers read on their invoices.
    pub name: String,
    /// One currency for all tiers.
    pub currency: Currency,
    /// Is tax within the prices?
    pub is_tax_inclusive: bool,
    /// The provider's product: `prod_…`.
    pub product: String,
    /// They, in the order that was given.
    pub tiers: Vec<PlanTier>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Plan {
    /// A tier by its name; of a plan with one tier, that one.
    #[must_use]
    pub fn tier(&self, name: Option<&str>) -> Option<&PlanTier> {
        match (name, self.tiers.as_slice()) {
            (Some(name), tiers) => tiers.iter().find(|tier| tier.name == name),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

/// What is wrong with the tiers of a plan, and with which.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TierFault {
    /// None, or too many.
    #[error("from 1 to {TIERS_MAX} tiers")]
    Count,
    /// Not a name.
    #[error("1 to {TIER_CHARS_MAX} small letters, digits and dashes")]
    Name(usize),
    /// Two of one name.
    #[error("another tier has this name")]
    Twice(usize),
    /// Below zero.
    #[error("not below zero")]
    Amount(usize),
    /// Longer than three years, or nothing at all.
    #[error("from one day to three years")]
    Every(usize),
    /// Too long a trial.
    #[error("from 1 to {TRIAL_DAYS_MAX} days")]
    Trial(usize),
}

impl TierFault {
    /// Where it is: a JSON pointer below the tiers.
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::Count => "/tiers".to_owned(),
            Self::Name(n) | Self::Twice(n) => format!("/tiers/{n}/name"),
            Self::Amount(n) => format!("/tiers/{n}/amount"),
            Self::Every(n) => format!("/tiers/{n}/interval_count"),
            Self::Trial(n) => format!("/tiers/{n}/trial_days"),
        }
    }
}

impl From<TierFault> for Fault {
    fn from(fault: TierFault) -> Self {
        // A name alone is a name: that there is another of it no form tells.
        Self { pointer: fault.pointer(), why: fault.to_string(), is_form: !matches!(fault, TierFault::Twice(_)) }
    }
}

/// Can a tier be called so?
#[must_use]
pub fn is_tier_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=TIER_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// REV-1: everything that is wrong with the tiers of a new plan.
#[must_use]
pub fn faults_of(tiers: &[PlanTier]) -> Vec<TierFault> {
    if tiers.is_empty() || tiers.len() > TIERS_MAX {
        return vec![TierFault::Count];
    }
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    for (n, tier) in tiers.iter().enumerate() {
        if !is_tier_name(&tier.name) {
            faults.push(TierFault::Name(n));
        } else if !names.insert(tier.name.as_str()) {
            faults.push(TierFault::Twice(n));
        }
        if tier.amount.is_negative() {
            faults.push(TierFault::Amount(n));
        }
        let most = match tier.every.interval {
            Interval::Day => 1_095,
            Interval::Week => 156,
            Interval::Month => 36,
            Interval::Year => 3,
        };
        if !(1..=most).contains(&tier.every.count) {
            faults.push(TierFault::Every(n));
        }
        if tier.trial_days.is_some_and(|days| !(1..=TRIAL_DAYS_MAX).contains(&days)) {
            faults.push(TierFault::Trial(n));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(name: &str, minor: i64, interval: Interval, count: u32) -> PlanTier {
        PlanTier {
            name: name.to_owned(),
            amount: Money::from_minor(minor, Currency::USD),
            every: Every { interval, count },
            trial_days: None,
            price: String::new(),
        }
    }

    #[test]
    fn every_fault_of_every_tier_is_told_where_it_is() {
        let good = tier("basic", 900, Interval::Month, 1);
        let rows: [(Vec<PlanTier>, Vec<&str>); 7] = [
            (vec![good.clone(), tier("pro", 0, Interval::Year, 3)], vec![]),
            (vec![], vec!["/tiers"]),
            (vec![good.clone(); 11], vec!["/tiers"]),
            (vec![good.clone(), good.clone()], vec!["/tiers/1/name"]),
            (
                vec![tier("Basic", -1, Interval::Month, 37)],
                vec!["/tiers/0/name", "/tiers/0/amount", "/tiers/0/interval_count"],
            ),
            (vec![tier("", 1, Interval::Day, 0)], vec!["/tiers/0/name", "/tiers/0/interval_count"]),
            (vec![PlanTier { trial_days: Some(731), ..good.clone() }], vec!["/tiers/0/trial_days"]),
        ];
        for (tiers, expected) in rows {
            let told: Vec<String> = faults_of(&tiers).iter().map(TierFault::pointer).collect();
            assert_eq!(told, expected, "{tiers:?}");
        }
    }

    #[test]
    fn a_tier_is_named_where_there_are_several() {
        let mut plan = Plan {
            id: PlanId::from_ulid(1_u128.into()),
            name: "Studio".to_owned(),
            currency: Currency::USD,
            is_tax_inclusive: false,
            product: "prod_1".to_owned(),
            tiers: vec![tier("basic", 900, Interval::Month, 1)],
            created_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(plan.tier(None).map(|tier| tier.name.as_str()), Some("basic"));
        plan.tiers.push(tier("pro", 1_900, Interval::Month, 1));
        assert_eq!(plan.tier(None), None);
        assert_eq!(plan.tier(Some("pro")).map(|tier| tier.amount.minor()), Some(1_900));
        assert_eq!(plan.tier(Some("none")), None);
    }
}
