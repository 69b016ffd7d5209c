//! What a condition compares with: read once, at the door, so that it fits its field and operator.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Field, Operator, Test};
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::tier::Tier;

/// What a condition compares with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// An amount.
    Money(Money),
    /// Several amounts.
    Amounts(Vec<Money>),
    /// A tier.
    Tier(Tier),
    /// Several tiers.
    Tiers(Vec<Tier>),
    /// A number, for the tenant's own fields.
    Number(Decimal),
    /// There, or not.
    There(bool),
}

/// A value as it was given, before its field is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// One text.
    One(String),
    /// A list of texts.
    Many(Vec<String>),
    /// True or false.
    Flag(bool),
}

/// Why a value does not fit its field and operator.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OperandError {
    /// `exists` asks yes or no.
    #[error("exists takes true or false")]
    NeedsFlag,
    /// `in` and `not_in` take a list.
    #[error("{} takes a list of texts", .0.word())]
    NeedsList(Operator),
    /// The others take one text.
    #[error("{} takes one text", .0.word())]
    NeedsOne(Operator),
    /// A list of nothing.
    #[error("an empty list can never match, or always does: name at least one value")]
    EmptyList,
    /// An empty text.
    #[error("an empty text is no value; use exists")]
    EmptyText,
    /// The operator makes no sense for the field.
    #[error("{field} cannot be compared by {}", .operator.word())]
    Unfit {
        /// The field.
        field: Field,
        /// The operator.
        operator: Operator,
    },
    /// Not an amount.
    #[error("{0}")]
    Money(MoneyError),
    /// Not a tier.
    #[error("unknown tier; use tier1, tier2, tier3 or tier4")]
    Tier,
    /// Not a currency.
    #[error("unknown currency; use an ISO 4217 code such as USD")]
    Currency,
    /// Not a number.
    #[error("not a number; write a decimal string such as \"12.5\"")]
    Number,
}

impl Test {
    /// A comparison whose operator and value fit its field. Amounts are of `currency`, the programme's.
    ///
    /// # Errors
    /// They do not fit.
    pub fn try_new(field: Field, operator: Operator, given: Given, currency: Currency) -> Result<Self, OperandError> {
        let operand = match (operator, given) {
            (Operator::Exists, Given::Flag(there)) => Operand::There(there),
            (Operator::Exists, _) => return Err(OperandError::NeedsFlag),
            (Operator::In | Operator::NotIn, Given::Many(texts)) if texts.is_empty() => {
                return Err(OperandError::EmptyList);
            }
            (Operator::In | Operator::NotIn, Given::Many(texts)) => many(&field, texts, currency)?,
            (Operator::In | Operator::NotIn, _) => return Err(OperandError::NeedsList(operator)),
            (_, Given::One(text)) => one(&field, operator, text, currency)?,
            _ => return Err(OperandError::NeedsOne(operator)),
        };
        Ok(Self { field, operator, operand })
    }
}

fn one(field: &Field, operator: Operator, text: String, currency: Currency) -> Result<Operand, OperandError> {
    let unfit = || OperandError::Unfit { field: field.clone(), operator };
    let is_part = matches!(operator, Operator::StartsWith | Operator::EndsWith | Operator::Contains);
    match field {
        Field::Amount if is_part => Err(unfit()),
        Field::Amount => money(&text, currency).map(Operand::Money),
        Field::Tier if is_part => Err(unfit()),
        Field::Tier => tier(&text).map(Operand::Tier),
        Field::Custom(_) if operator.is_order() => {
            Decimal::from_str_exact(&text).map(Operand::Number).map_err(|_| OperandError::Number)
        }
        _ if operator.is_order() => Err(unfit()),
        Field::Currency if is_part => Err(unfit()),
        _ => plain(field, text).map(Operand::Text),
    }
}

fn many(field: &Field, texts: Vec<String>, currency: Currency) -> Result<Operand, OperandError> {
    match field {
        Field::Amount => texts.iter().map(|text| money(text, currency)).collect::<Result<_, _>>().map(Operand::Amounts),
        Field::Tier => texts.iter().map(|text| tier(text)).collect::<Result<_, _>>().map(Operand::Tiers),
        _ => texts.into_iter().map(|text| plain(field, text)).collect::<Result<_, _>>().map(Operand::Texts),
    }
}

fn plain(field: &Field, text: String) -> Result<String, OperandError> {
    if text.is_empty() {
        return Err(OperandError::EmptyText);
    }
    if *field == Field::Currency {
        Currency::parse(&text).map_err(|_| OperandError::Currency)?;
    }
    Ok(text)
}

fn money(text: &str, currency: Currency) -> Result<Money, OperandError> {
    Money::parse(text, currency).map_err(OperandError::Money)
}

fn tier(text: &str) -> Result<Tier, OperandError> {
    Tier::ALL.into_iter().find(|tier| tier.word() == text).ok_or(OperandError::Tier)
}
