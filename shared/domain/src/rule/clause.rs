//! Clauses: what pays for which event, on what condition, for how long.

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::money::Money;
use crate::rate::Rate;

/// What happened, as rules see it.
///
/// COM-1: a customer's first paid sale is `first_sale`, whatever kind it is; a later one is a `renewal` where it belongs
/// to a subscription, and a `one_off_sale` where not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody signed up.
    SignUp,
    /// A lead turned out to be worth something.
    QualifiedLead,
    /// A customer paid for the first time.
    FirstSale,
    /// A subscription was paid again.
    Renewal,
    /// A payment of no subscription.
    OneOffSale,
    /// An event of the tenant's own.
    Custom,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 6] =
        [Self::SignUp, Self::QualifiedLead, Self::FirstSale, Self::Renewal, Self::OneOffSale, Self::Custom];
    /// The events with which money came in.
    pub const SALES: [Self; 3] = [Self::FirstSale, Self::Renewal, Self::OneOffSale];

    /// The word in rules and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::QualifiedLead => "qualified_lead",
            Self::FirstSale => "first_sale",
            Self::Renewal => "renewal",
            Self::OneOffSale => "one_off_sale",
            Self::Custom => "custom",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == text)
    }

    /// Is it one with which money came in?
    #[must_use]
    pub fn is_sale(self) -> bool {
        Self::SALES.contains(&self)
    }

    /// May there be an amount with it, of which a share can be taken?
    #[must_use]
    pub fn has_amount(self) -> bool {
        self.is_sale() || self == Self::Custom
    }
}

/// What a clause pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reward {
    /// A share of the base.
    Percentage(Rate),
    /// The same amount for every sale.
    Flat(Money),
    /// A share by the bands of the version: the more a month brings, the more.
    Banded,
}

/// For how long, and how often, a customer earns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// COM-3: only what begins less than so many months after the customer's first payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_months: Option<u16>,
    /// COM-3: only the first so many paid sales of a customer and subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_occurrences: Option<u32>,
}

impl Limits {
    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One clause of a rule version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// What people call it; unique in its version.
    pub name: String,
    /// For which events.
    pub events: Vec<Event>,
    /// On what condition; none means always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// What it pays.
    pub reward: Reward,
    /// For how long.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

impl Clause {
    /// The clause of a simple rule: every sale, without condition or end.
    #[must_use]
    pub fn simple(reward: Reward) -> Self {
        Self {
            name: "every sale".to_owned(),
            events: Event::SALES.to_vec(),
            when: None,
            reward,
            limits: Limits::default(),
        }
    }
}
