//! What several credits get of one sale.

use super::AssessError;
use crate::allocate::largest_remainder;
use crate::currency::Currency;
use crate::id::SaleId;
use crate::money::{Money, MoneyError};
use crate::rate::{Base, Rounding};

/// The weights of a sale's credits.
pub(super) struct Weights<'a> {
    pub(super) sale: &'a SaleId,
    pub(super) currency: Currency,
    pub(super) weights: &'a [u64],
}

impl Weights<'_> {
    fn wrong(&self) -> impl Fn(MoneyError) -> AssessError + '_ {
        |source| AssessError::Money { sale: self.sale.clone(), source }
    }

    /// An amount by weights.
    pub(super) fn split(&self, minor: i64) -> Result<Vec<i64>, AssessError> {
        if let [_] = self.weights {
            return Ok(vec![minor]);
        }
        let parts = largest_remainder(Money::from_minor(minor, self.currency), self.weights).map_err(self.wrong())?;
        Ok(parts.into_iter().map(Money::minor).collect())
    }

    /// ATT-2: where all credits would earn the same alone, that is split exactly, ties to the earlier; where not,
    /// each gets its weight of what it would earn alone. A credit without a rule has none, and its share is nobody's.
    pub(super) fn shared(&self, alone: &[Option<i64>], rounding: Rounding) -> Result<Vec<i64>, AssessError> {
        let first = alone.first().copied().flatten();
        if let Some(same) = first.filter(|_| alone.iter().all(|own| *own == first)) {
            return self.split(same);
        }
        let sum = self.weights.iter().fold(0_i128, |sum, weight| sum + i128::from(*weight));
        let weighted = |(own, weight): (&Option<i64>, &u64)| {
            let product =
                i128::from(own.unwrap_or(0)).checked_mul(i128::from(*weight)).ok_or(MoneyError::OutOfRange)?;
            Base::fraction(product, sum, self.currency).rounded(rounding).map(Money::minor)
        };
        alone.iter().zip(self.weights).map(weighted).collect::<Result<_, _>>().map_err(self.wrong())
    }
}
