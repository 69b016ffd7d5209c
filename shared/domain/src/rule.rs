//! Versions of a programme's rule: immutable, effective-dated, each a whole document.

pub mod bands;
pub mod bonus;
pub mod check;
pub mod clause;
pub mod condition;

use std::collections::BTreeMap;

pub use bands::{Band, BandMode, Bands};
pub use bonus::{Metric, Milestone, SignUpBonus, VolumeBonus};
pub use check::{Finding, Findings, OCCURRENCES_MAX};
pub use clause::{Clause, Event, Limits, Reward};
pub use condition::{Condition, Field, Operand, Operator, Subject, Test};
use serde::{Deserialize, Serialize};

use crate::attribution::{Credit, Source};
use crate::id::{PartnerId, ProgramId, RuleId};
use crate::money::Money;
use crate::rate::{Rate, Rounding};
use crate::sale::Clawback;
use crate::tier::Tier;
use crate::time::Timestamp;

/// One version of a programme's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleVersion {
    /// Its id.
    pub id: RuleId,
    /// The programme it belongs to.
    pub program: ProgramId,
    /// In force for what happened at or after this instant, until the next version.
    pub effective_from: Timestamp,
    /// What it says.
    pub terms: Terms,
}

impl RuleVersion {
    /// A version with one clause: the same reward for every sale.
    #[must_use]
    pub fn simple(id: RuleId, program: ProgramId, effective_from: Timestamp, reward: Reward, hold_days: u16) -> Self {
        Self { id, program, effective_from, terms: Terms::simple(reward, hold_days) }
    }
}

/// What a version says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How many days a line waits before it is available.
    pub hold_days: u16,
    /// The same for customers on a partner's account list.
    #[serde(default)]
    pub managed_hold_days: u16,
    /// How an amount is rounded, once, at the line.
    pub rounding: Rounding,
    /// What is taken off a payment before a share of it is taken.
    #[serde(default)]
    pub base: BasePolicy,
    /// Which of several clauses that apply pays.
    #[serde(default)]
    pub matching: Matching,
    /// What pays for what, in order.
    pub clauses: Vec<Clause>,
    /// The bands of banded clauses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bands: Option<Bands>,
    /// More from a volume on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_bonus: Option<VolumeBonus>,
    /// The most that is paid.
    #[serde(default, skip_serializing_if = "Caps::is_empty")]
    pub caps: Caps,
    /// Rates of single partners, tiers and groups.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub overrides: Overrides,
    /// COM-13: the share of a commission that whoever referred the partner gets on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_tier: Option<Rate>,
    /// What a sign-up pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_up_bonus: Option<SignUpBonus>,
    /// What there is to reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<Milestone>,
    /// What refunds do to flat rewards: by default nothing until all of the payment went back.
    #[serde(default = "reverse_when_all_is_back")]
    pub flat_refund: Clawback,
}

/// COM-12: what is taken off. Tax and discounts always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasePolicy {
    /// Is shipping taken off?
    pub net_of_shipping: bool,
    /// Is what the provider kept taken off, where it is known?
    pub net_of_fees: bool,
}

impl Default for BasePolicy {
    fn default() -> Self {
        Self { net_of_shipping: true, net_of_fees: false }
    }
}

/// COM-6: which of several clauses that apply pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// The first.
    #[default]
    First,
    /// The one that pays most, in money; of equal ones the first.
    BestMoney,
    /// All of them.
    Sum,
}

/// COM-10: the most that is paid, net of refunds. A cap is of the programme's currency and holds for it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// By one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_line: Option<Money>,
    /// To a partner for one customer, ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_customer: Option<Money>,
    /// To a partner for a calendar month of the programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_partner_period: Option<Money>,
    /// To all partners together for a calendar month of the programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_program_period: Option<Money>,
}

impl Caps {
    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Is there one that other sales use up?
    #[must_use]
    pub fn is_cumulative(&self) -> bool {
        *self != Self { per_line: self.per_line, ..Self::default() }
    }
}

/// COM-11: rates of single partners, tiers and groups, above the programme's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// By partner.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub partners: BTreeMap<PartnerId, Rate>,
    /// By tier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<Tier, Rate>,
    /// By group; of several groups of a partner the highest rate holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Rate>,
}

/// Whose own rate goes above the programme's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OverrideLevel {
    /// The link's.
    Link,
    /// The partner's.
    Partner,
    /// The tier's.
    Tier,
    /// A group's.
    Group,
}

impl OverrideLevel {
    /// The word in traces.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Partner => "partner",
            Self::Tier => "tier",
            Self::Group => "group",
        }
    }
}

impl Overrides {
    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partners.is_empty() && self.tiers.is_empty() && self.groups.is_empty()
    }

    /// COM-11: link > partner > tier > group > programme. `None` leaves the programme's own.
    #[must_use]
    pub fn rate_for(&self, credit: &Credit) -> Option<(OverrideLevel, Rate)> {
        let (own, terms) = (|level| move |rate: Rate| (level, rate), &credit.terms);
        let group = || terms.groups.iter().filter_map(|group| self.groups.get(group)).max().copied();
        terms
            .link_rate
            .map(own(OverrideLevel::Link))
            .or_else(|| self.partners.get(&credit.partner).copied().map(own(OverrideLevel::Partner)))
            .or_else(|| self.tiers.get(&terms.tier).copied().map(own(OverrideLevel::Tier)))
            .or_else(|| group().map(own(OverrideLevel::Group)))
    }
}

/// What flat rewards do by default when money goes back: they stand until all of it did.
#[must_use]
pub fn reverse_when_all_is_back() -> Clawback {
    Clawback::From(Rate::ONE)
}

impl Terms {
    /// One clause: the same reward for every sale.
    #[must_use]
    pub fn simple(reward: Reward, hold_days: u16) -> Self {
        Self {
            hold_days,
            managed_hold_days: 0,
            rounding: Rounding::HalfAwayFromZero,
            base: BasePolicy::default(),
            matching: Matching::First,
            clauses: vec![Clause::simple(reward)],
            bands: None,
            volume_bonus: None,
            caps: Caps::default(),
            overrides: Overrides::default(),
            second_tier: None,
            sign_up_bonus: None,
            milestones: Vec::new(),
            flat_refund: reverse_when_all_is_back(),
        }
    }

    /// How many days a line of a credit waits.
    #[must_use]
    pub fn hold_of(&self, credit: &Credit) -> u16 {
        // COM-17: a managed customer's line waits for nothing, unless the version says so.
        if credit.source == Source::Managed { self.managed_hold_days } else { self.hold_days }
    }
}

/// The version in force when something happened, whatever the order of the list.
///
/// COM-4: the rate in force at the time of the conversion, not of the run. Of two versions effective at the same
/// instant the one with the greater id (the later made) holds.
#[must_use]
pub fn in_force(versions: &[RuleVersion], occurred_at: Timestamp) -> Option<&RuleVersion> {
    #[cfg(feature = "planted")]
    let occurred_at = if crate::planted::is(crate::planted::Bug::TodaysRate) { Timestamp::MAX } else { occurred_at };
    versions
        .iter()
        .filter(|version| version.effective_from <= occurred_at)
        .max_by(|a, b| (a.effective_from, &a.id).cmp(&(b.effective_from, &b.id)))
}

#[cfg(test)]
mod tests;
