//! What stands before the first fact: links, coupons, and versions of the rule.

use std::collections::BTreeMap;

use crate::share::{Amount, MILLION, half_away};

/// What a link stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose it is.
    pub partner: String,
    /// Its own rate, in millionths.
    pub rate: Option<Amount>,
}

/// What a version of a rule pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pay {
    /// So many millionths of the base.
    Rate(Amount),
    /// The same for every sale, in one currency.
    Flat(Amount, String),
    /// By bands of the month's volume.
    Bands(Bands),
}

/// Steps of a month's volume in dollars: from which one on which rate holds, in millionths. The first is from zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bands {
    /// Ascending.
    pub steps: Vec<(Amount, Amount)>,
    /// Does the whole volume have the rate that it reached, or each slice its own?
    pub is_retroactive: bool,
}

/// The most that is paid, in dollars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// By one line.
    pub line: Option<Amount>,
    /// To a partner for one customer.
    pub customer: Option<Amount>,
    /// To a partner in a month.
    pub partner: Option<Amount>,
    /// To all partners together in a month.
    pub program: Option<Amount>,
}

/// What a milestone counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Count {
    /// Paid sales.
    Sales(u64),
    /// Customers who paid for the first time.
    Customers(u64),
    /// Net volume.
    Revenue(Amount),
}

/// Something to reach in dollars, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// Its name.
    pub name: String,
    /// What must be reached.
    pub count: Count,
    /// What is paid for it.
    pub bonus: Amount,
}

/// A version of the programme's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// In force from this instant on, ms.
    pub from_ms: i64,
    /// What it pays.
    pub pay: Pay,
    /// Another share for the first sale of a customer, in millionths.
    pub first: Option<Amount>,
    /// Only for so many sales of a customer; the share for the first comes before it.
    pub occurrences: Option<u32>,
    /// From so much volume of the month in dollars on, so many millionths more.
    pub bonus: Option<(Amount, Amount)>,
    /// A share of each commission for whoever referred the partner, in millionths.
    pub second_tier: Option<Amount>,
    /// The most that is paid.
    pub caps: Caps,
    /// What there is to reach.
    pub milestones: Vec<Milestone>,
}

impl Rule {
    /// A version that pays and nothing else.
    #[must_use]
    pub fn simple(from_ms: i64, pay: Pay) -> Self {
        let (caps, milestones) = (Caps::default(), Vec::new());
        Self { from_ms, pay, first: None, occurrences: None, bonus: None, second_tier: None, caps, milestones }
    }

    /// Does a sale add to what its month or a milestone earns, and not to its own commission alone?
    #[must_use]
    pub fn adds_to_months(&self) -> bool {
        matches!(&self.pay, Pay::Bands(bands) if bands.is_retroactive) || !self.milestones.is_empty()
    }

    /// Does what a sale earns depend on others?
    #[must_use]
    pub fn is_order_dependent(&self) -> bool {
        let simple = Self { second_tier: self.second_tier, ..Self::simple(self.from_ms, self.pay.clone()) };
        let line = Caps { line: self.caps.line, ..Caps::default() };
        matches!(self.pay, Pay::Bands(_)) || *self != Self { caps: line, ..simple }
    }
}

impl Bands {
    /// The rate that a volume has reached. Other currencies than the dollar never leave the first step.
    pub(crate) fn reached(&self, volume: Amount, currency: &str) -> Amount {
        let first = self.steps.first().map_or(0, |(_, rate)| *rate);
        let reached = self.steps.iter().rev().find(|(from, _)| *from <= volume).map_or(first, |(_, rate)| *rate);
        if currency == "USD" { reached } else { first }
    }

    /// What a volume earns slice by slice, in millionths of a minor unit.
    pub(crate) fn slices(&self, volume: Amount, currency: &str) -> Amount {
        if currency != "USD" {
            return volume * self.reached(0, currency);
        }
        let ends = self.steps.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]);
        let mut earned = 0;
        for ((from, rate), end) in self.steps.iter().zip(ends) {
            let end = end.map_or(volume, |end: Amount| end.min(volume));
            earned += (end - from).max(0) * rate;
        }
        earned
    }

    /// The same in minor units.
    pub(crate) fn marginal(&self, volume: Amount, currency: &str) -> Amount {
        half_away(self.slices(volume, currency), MILLION)
    }
}

/// How the clicks that counted share a sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shares {
    /// The last one has it.
    #[default]
    Last,
    /// The first one has it.
    First,
    /// All alike.
    Alike,
    /// Two fifths the first and the last each, one fifth all others together.
    Ends,
}

impl Shares {
    /// The weights of so many clicks, oldest first.
    pub(crate) fn weights(self, count: usize) -> Vec<Amount> {
        let ends = if count > 2 { 2 * (count as Amount - 2) } else { 1 };
        let weight = |place: usize| match (self, place == 0, place + 1 == count) {
            (Self::Last, _, is_it) | (Self::First, is_it, _) => Amount::from(is_it),
            (Self::Alike, ..) => 1,
            (Self::Ends, is_first, is_last) => {
                if is_first || is_last {
                    ends
                } else {
                    1
                }
            }
        };
        (0..count).map(weight).collect()
    }
}

/// The terms of a world: they stand before the first fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How long a click or the use of a coupon counts, ms.
    pub window_ms: i64,
    /// By id.
    pub links: BTreeMap<String, Link>,
    /// Whose each coupon is.
    pub coupons: BTreeMap<String, String>,
    /// In any order.
    pub rules: Vec<Rule>,
    /// Who referred each partner.
    pub referrers: BTreeMap<String, String>,
    /// How clicks share. Not the last one alone, only where no sale's earning depends on others.
    pub shares: Shares,
}

impl Terms {
    /// The version in force at an instant.
    pub(crate) fn in_force(&self, at_ms: i64) -> Option<&Rule> {
        self.rules.iter().filter(|rule| rule.from_ms <= at_ms).max_by_key(|rule| rule.from_ms)
    }
}
