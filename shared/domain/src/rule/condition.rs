//! Conditions of clauses: twelve operators on what a sale and its partner are, nested with `all` and `any`.

mod operand;

use std::collections::BTreeMap;
use std::fmt;

pub use operand::{Given, Operand, OperandError};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::tier::Tier;

/// How deep `all` and `any` may be nested.
pub const DEPTH_MAX: usize = 3;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Each of them holds.
    All(Vec<Condition>),
    /// At least one of them holds.
    Any(Vec<Condition>),
    /// A single comparison.
    Test(Test),
}

/// A single comparison. It is made by [`Test::try_new`], so that operator and value fit the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// Of what.
    pub field: Field,
    /// How.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

/// What a condition may look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The provider's product of the item.
    Product,
    /// The plan or price.
    Plan,
    /// The customer's country.
    Country,
    /// The coupon that was used.
    Coupon,
    /// The currency that was paid in.
    Currency,
    /// What was paid for the item, tax included.
    Amount,
    /// What happened; of a custom event its name.
    Event,
    /// The partner's tier.
    Tier,
    /// The partner's groups: each of them is compared.
    Group,
    /// The link that brought the customer.
    Link,
    /// What else the tenant sent, by its key.
    Custom(String),
}

/// The operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// The same.
    Equals,
    /// Not the same, or not there.
    NotEquals,
    /// One of a list.
    In,
    /// None of a list, or not there.
    NotIn,
    /// Above.
    GreaterThan,
    /// Above or the same.
    AtLeast,
    /// Below.
    LessThan,
    /// Below or the same.
    AtMost,
    /// Text that begins so.
    StartsWith,
    /// Text that ends so.
    EndsWith,
    /// Text with this in it.
    Contains,
    /// There at all (`true`), or not (`false`).
    Exists,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 12] = [
        Self::Equals,
        Self::NotEquals,
        Self::In,
        Self::NotIn,
        Self::GreaterThan,
        Self::AtLeast,
        Self::LessThan,
        Self::AtMost,
        Self::StartsWith,
        Self::EndsWith,
        Self::Contains,
        Self::Exists,
    ];

    /// The word in rules and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "not_equals",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::GreaterThan => "greater_than",
            Self::AtLeast => "at_least",
            Self::LessThan => "less_than",
            Self::AtMost => "at_most",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::Contains => "contains",
            Self::Exists => "exists",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.word() == text)
    }

    /// Does it compare by size?
    #[must_use]
    pub fn is_order(self) -> bool {
        matches!(self, Self::GreaterThan | Self::AtLeast | Self::LessThan | Self::AtMost)
    }

    /// Does it hold where the field is missing? Only "not this" and "not there" do.
    #[must_use]
    pub fn is_negative(self) -> bool {
        matches!(self, Self::NotEquals | Self::NotIn)
    }

    fn orders<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::GreaterThan => left > right,
            Self::AtLeast => left >= right,
            Self::LessThan => left < right,
            Self::AtMost => left <= right,
            _ => false,
        }
    }
}

const CUSTOM: &str = "custom.";

impl Field {
    /// The fields with a fixed name.
    pub const NAMED: [(&'static str, Self); 10] = [
        ("product", Self::Product),
        ("plan", Self::Plan),
        ("country", Self::Country),
        ("coupon", Self::Coupon),
        ("currency", Self::Currency),
        ("amount", Self::Amount),
        ("event", Self::Event),
        ("tier", Self::Tier),
        ("group", Self::Group),
        ("link", Self::Link),
    ];

    /// Reads a name, such as `country` or `custom.seats`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(key) = text.strip_prefix(CUSTOM) {
            return (!key.is_empty()).then(|| Self::Custom(key.to_owned()));
        }
        Self::NAMED.into_iter().find(|(name, _)| *name == text).map(|(_, field)| field)
    }

    /// Is it always there?
    #[must_use]
    pub fn is_always_there(&self) -> bool {
        matches!(self, Self::Currency | Self::Amount | Self::Event | Self::Tier)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(key) => write!(out, "{CUSTOM}{key}"),
            named => {
                let name = Self::NAMED.iter().find(|(_, field)| field == named).map_or("", |(name, _)| name);
                out.write_str(name)
            }
        }
    }
}

impl Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("unknown field of a condition"))
    }
}

/// What conditions look at, of one item of one sale and one partner.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The product of the item.
    pub product: Option<&'a str>,
    /// The plan.
    pub plan: Option<&'a str>,
    /// The country.
    pub country: Option<&'a str>,
    /// The coupon.
    pub coupon: Option<&'a str>,
    /// What was paid for the item.
    pub amount: Money,
    /// The word of the event, or the name of a custom one.
    pub event: &'a str,
    /// The partner's tier.
    pub tier: Tier,
    /// The partner's groups.
    pub groups: &'a [String],
    /// The link.
    pub link: Option<&'a str>,
    /// What else.
    pub custom: &'a BTreeMap<String, String>,
}

impl Condition {
    /// Does it hold? An empty `all` holds, an empty `any` does not.
    #[must_use]
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(subject)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(subject)),
            Self::Test(test) => test.holds(subject),
        }
    }

    /// How many levels of `all` and `any` it has.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Test(_) => 0,
        }
    }
}

impl Test {
    /// Does it hold?
    #[must_use]
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        let text = match &self.field {
            // COM-5: amounts are compared as money, never as text.
            Field::Amount => return self.holds_for_money(subject.amount),
            Field::Tier => return self.holds_for_tier(subject.tier),
            Field::Group => return self.holds_for_texts(subject.groups),
            Field::Product => subject.product,
            Field::Plan => subject.plan,
            Field::Country => subject.country,
            Field::Coupon => subject.coupon,
            Field::Currency => Some(subject.amount.currency().code()),
            Field::Event => Some(subject.event),
            Field::Link => subject.link,
            Field::Custom(key) => subject.custom.get(key).map(String::as_str),
        };
        self.holds_for(text)
    }

    /// Does it hold for a value, or for none?
    pub(crate) fn holds_for(&self, value: Option<&str>) -> bool {
        let Some(value) = value else {
            return match &self.operand {
                Operand::There(there) => !there,
                _ => self.operator.is_negative(),
            };
        };
        match (self.operator, &self.operand) {
            (Operator::Exists, Operand::There(there)) => *there,
            (Operator::Equals, Operand::Text(text)) => value == text,
            (Operator::NotEquals, Operand::Text(text)) => value != text,
            (Operator::In, Operand::Texts(texts)) => texts.iter().any(|text| text == value),
            (Operator::NotIn, Operand::Texts(texts)) => texts.iter().all(|text| text != value),
            (Operator::StartsWith, Operand::Text(text)) => value.starts_with(text.as_str()),
            (Operator::EndsWith, Operand::Text(text)) => value.ends_with(text.as_str()),
            (Operator::Contains, Operand::Text(text)) => value.contains(text.as_str()),
            (operator, Operand::Number(number)) => {
                Decimal::from_str_exact(value).is_ok_and(|value| operator.orders(&value, number))
            }
            _ => false,
        }
    }

    /// For several values: positive tests need one that fits, negative ones none that does not.
    pub(crate) fn holds_for_texts(&self, values: &[String]) -> bool {
        if values.is_empty() {
            return self.holds_for(None);
        }
        if self.operator.is_negative() {
            values.iter().all(|value| self.holds_for(Some(value)))
        } else {
            values.iter().any(|value| self.holds_for(Some(value)))
        }
    }

    /// An amount of another currency equals nothing and is neither above nor below.
    pub(crate) fn holds_for_money(&self, value: Money) -> bool {
        match (self.operator, &self.operand) {
            (Operator::Exists, Operand::There(there)) => *there,
            (Operator::Equals, Operand::Money(money)) => value == *money,
            (Operator::NotEquals, Operand::Money(money)) => value != *money,
            (Operator::In, Operand::Amounts(amounts)) => amounts.contains(&value),
            (Operator::NotIn, Operand::Amounts(amounts)) => !amounts.contains(&value),
            (operator, Operand::Money(money)) => {
                value.currency() == money.currency() && operator.orders(&value.minor(), &money.minor())
            }
            _ => false,
        }
    }

    /// Tiers have an order.
    pub(crate) fn holds_for_tier(&self, value: Tier) -> bool {
        match (self.operator, &self.operand) {
            (Operator::Exists, Operand::There(there)) => *there,
            (Operator::Equals, Operand::Tier(tier)) => value == *tier,
            (Operator::NotEquals, Operand::Tier(tier)) => value != *tier,
            (Operator::In, Operand::Tiers(tiers)) => tiers.contains(&value),
            (Operator::NotIn, Operand::Tiers(tiers)) => !tiers.contains(&value),
            (operator, Operand::Tier(tier)) => operator.orders(&value, tier),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
