//! Sales tax and VAT by jurisdiction: which rate is in force where and when, and what it makes of an amount.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::allocate::largest_remainder;
use crate::id::TaxRateId;
use crate::money::{Money, MoneyError};
use crate::rate::{Base, Rate, Rounding};
use crate::time::BusinessDay;

/// A country, and where its tax differs a region within it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jurisdiction {
    country: String,
    region: Option<String>,
}

/// A text that is no jurisdiction.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JurisdictionError {
    /// Not two capital letters.
    #[error("a country is two capital letters, such as DE")]
    Country,
    /// Not the part of ISO 3166-2 behind the dash.
    #[error("a region is 1 to 3 capital letters or digits, such as NY")]
    Region,
}

impl Jurisdiction {
    /// Reads a country and a region, as in ISO 3166.
    ///
    /// # Errors
    /// Not in that form.
    pub fn parse(country: &str, region: Option<&str>) -> Result<Self, JurisdictionError> {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(JurisdictionError::Country);
        }
        region.map_or(Ok(()), Self::check_region)?;
        Ok(Self { country: country.to_owned(), region: region.map(str::to_owned) })
    }

    /// Is it a region by its form, whatever the country?
    ///
    /// # Errors
    /// It is not.
    pub fn check_region(region: &str) -> Result<(), JurisdictionError> {
        let is_plain = region.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if is_plain && (1..=3).contains(&region.len()) { Ok(()) } else { Err(JurisdictionError::Region) }
    }

    /// The country.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    /// The region, if it is one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The country alone.
    #[must_use]
    pub fn whole_country(&self) -> Self {
        Self { country: self.country.clone(), region: None }
    }
}

impl fmt::Display for Jurisdiction {
    /// `DE`, `US-NY`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(out, "{}-{region}", self.country),
            None => out.write_str(&self.country),
        }
    }
}

impl fmt::Debug for Jurisdiction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl Serialize for Jurisdiction {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Jurisdiction {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let (country, region) = text.split_once('-').map_or((text.as_ref(), None), |(a, b)| (a, Some(b)));
        Self::parse(country, region).map_err(serde::de::Error::custom)
    }
}

/// Whether prices of a place are told with tax within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxBehavior {
    /// Tax is added.
    Exclusive,
    /// Tax is within.
    Inclusive,
}

/// What a region's rate does with its country's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stacking {
    /// It holds in its place.
    #[default]
    InsteadOfCountry,
    /// Both are due.
    BesideCountry,
}

/// A rate of a jurisdiction, from a day on until another takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// Where.
    pub place: Jurisdiction,
    /// What people call it: `VAT`.
    pub name: String,
    /// How much; zero ends a tax.
    pub rate: Rate,
    /// How prices are told there.
    pub behavior: TaxBehavior,
    /// Do businesses of another country owe it themselves?
    pub has_reverse_charge: bool,
    /// What it does with the country's.
    #[serde(default)]
    pub stacking: Stacking,
    /// Its first day.
    pub from: BusinessDay,
}

impl TaxRate {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> TaxRateId {
        TaxRateId::of(&self.place.to_string(), self.from)
    }
}

/// Who buys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Buyer {
    /// A person.
    Consumer,
    /// A business with a number by which it is registered for the tax.
    Business,
    /// One who is free of it.
    Exempt,
}

/// What is to be taxed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxable {
    /// How much, as the price is told.
    pub amount: Money,
    /// Where the buyer is.
    pub place: Jurisdiction,
    /// Who they are.
    pub buyer: Buyer,
    /// Where the seller is.
    pub seller_country: String,
    /// The day on which the tax is due.
    pub day: BusinessDay,
    /// Is tax within the amount? As prices are told there, when nobody says.
    pub behavior: Option<TaxBehavior>,
}

/// Why tax is, or is not, taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// It is, at the rates in force.
    Standard,
    /// The buyer owes it themselves.
    ReverseCharge,
    /// The buyer is free of it.
    Exempt,
    /// No rate is known there on that day.
    NotCollecting,
}

/// One jurisdiction's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxPart {
    /// The rate that made it.
    pub rate: TaxRate,
    /// How much.
    pub tax: Money,
}

/// What an amount comes to. Always `net + tax = gross`, and the parts add up to the tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxed {
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// With tax.
    pub gross: Money,
    /// Was it within the amount?
    pub behavior: TaxBehavior,
    /// Why.
    pub treatment: Treatment,
    /// Each jurisdiction's part, the country's first.
    pub parts: Vec<TaxPart>,
}

/// Why a tax cannot be found.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TaxError {
    /// A country and its region tell prices in different ways, and nobody says which holds.
    #[error("the rates of {0} disagree on whether tax is within prices; say which holds")]
    MixedBehaviors(Jurisdiction),
    /// Out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// TAX-6: the rate of a jurisdiction in force on a day: the one with the latest first day that has come.
fn in_force<'a>(rates: &'a [TaxRate], place: &Jurisdiction, day: BusinessDay) -> Option<&'a TaxRate> {
    rates.iter().filter(|rate| rate.place == *place && rate.from <= day).max_by_key(|rate| rate.from)
}

/// The rates that are due at a place: the region's in the country's stead, or beside it; none of zero.
fn due<'a>(rates: &'a [TaxRate], place: &Jurisdiction, day: BusinessDay) -> Vec<&'a TaxRate> {
    let country = in_force(rates, &place.whole_country(), day);
    let region = place.region().and_then(|_| in_force(rates, place, day));
    let both = match (country, region) {
        (country, Some(region)) if region.stacking == Stacking::BesideCountry => vec![country, Some(region)],
        (_, Some(region)) => vec![Some(region)],
        (country, None) => vec![country],
    };
    both.into_iter().flatten().filter(|rate| rate.rate != Rate::ZERO).collect()
}

/// TAX-6: the tax of an amount. Added tax is rounded once a jurisdiction, as each is owed a whole amount; tax within is
/// rounded once as a whole, and split by largest remainder. Both half away from zero.
///
/// # Errors
/// The rates disagree on what a price is, or an amount is out of range.
pub fn tax_of(rates: &[TaxRate], taxable: &Taxable) -> Result<Taxed, TaxError> {
    let found = due(rates, &taxable.place, taxable.day);
    let behavior = behavior_of(&found, taxable)?;
    let treatment = treatment_of(&found, taxable);
    if treatment == Treatment::Standard {
        return match behavior {
            TaxBehavior::Exclusive => added(&found, taxable.amount),
            TaxBehavior::Inclusive => within(&found, taxable.amount),
        };
    }
    // Nothing is taken: what the price says is what is owed. A price with tax within it, told to somebody who owes the
    // tax themselves, is a net price.
    let zero = Money::zero(taxable.amount.currency());
    Ok(Taxed { net: taxable.amount, tax: zero, gross: taxable.amount, behavior, treatment, parts: Vec::new() })
}

fn behavior_of(found: &[&TaxRate], taxable: &Taxable) -> Result<TaxBehavior, TaxError> {
    if let Some(said) = taxable.behavior {
        return Ok(said);
    }
    let first = found.first().map_or(TaxBehavior::Exclusive, |rate| rate.behavior);
    if found.iter().any(|rate| rate.behavior != first) {
        return Err(TaxError::MixedBehaviors(taxable.place.clone()));
    }
    Ok(first)
}

fn treatment_of(found: &[&TaxRate], taxable: &Taxable) -> Treatment {
    if found.is_empty() {
        return Treatment::NotCollecting;
    }
    let is_abroad = taxable.seller_country != taxable.place.country();
    match taxable.buyer {
        Buyer::Exempt => Treatment::Exempt,
        // TAX-6: the charge is reversed for businesses of another country alone; at home they pay as anybody.
        Buyer::Business if is_abroad && found.iter().all(|rate| rate.has_reverse_charge) => Treatment::ReverseCharge,
        Buyer::Business | Buyer::Consumer => Treatment::Standard,
    }
}

fn added(found: &[&TaxRate], amount: Money) -> Result<Taxed, TaxError> {
    let base = Base::of(amount);
    let mut parts = Vec::with_capacity(found.len());
    for rate in found {
        parts.push(TaxPart { rate: (*rate).clone(), tax: rate.rate.of(&base, Rounding::HalfAwayFromZero)? });
    }
    let tax = Money::try_sum(parts.iter().map(|part| part.tax), amount.currency())?;
    let gross = amount.try_add(tax)?;
    Ok(Taxed { net: amount, tax, gross, behavior: TaxBehavior::Exclusive, treatment: Treatment::Standard, parts })
}

fn within(found: &[&TaxRate], amount: Money) -> Result<Taxed, TaxError> {
    const ONE: i128 = 1_000_000;
    let weights: Vec<i128> = found.iter().map(|rate| rate.rate.millionths()).collect();
    let all = weights.iter().try_fold(0_i128, |sum, weight| sum.checked_add(*weight)).ok_or(MoneyError::OutOfRange)?;
    let numerator = i128::from(amount.minor()).checked_mul(all).ok_or(MoneyError::OutOfRange)?;
    let tax = Base::fraction(numerator, ONE + all, amount.currency()).rounded(Rounding::HalfAwayFromZero)?;
    let shares: Vec<u64> = weights.iter().map(|weight| u64::try_from(*weight).unwrap_or(0)).collect();
    let split = largest_remainder(tax, &shares)?;
    let parts = found.iter().zip(split).map(|(rate, tax)| TaxPart { rate: (*rate).clone(), tax }).collect();
    let net = amount.try_sub(tax)?;
    Ok(Taxed { net, tax, gross: amount, behavior: TaxBehavior::Inclusive, treatment: Treatment::Standard, parts })
}

#[cfg(test)]
mod tests;
