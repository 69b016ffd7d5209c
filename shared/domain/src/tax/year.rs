//! TAX-3: from how much on payments of a year are reported. A year that is not in the table has no answer.

use crate::currency::Currency;
use crate::money::Money;

/// The table does not know the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the threshold of the tax year {year} is not known here; no form is made by a guess")]
pub struct UnknownYear {
    /// The year.
    pub year: i16,
}

/// Cents by year. 2025: prior law. 2026: P.L. 119-21 §70433, Notice 2025-62. From 2027 on it is indexed, and not told yet.
const THRESHOLDS: [(i16, i64); 2] = [(2025, 60_000), (2026, 200_000)];

/// TAX-3: from how much on a payee is reported for a year.
///
/// # Errors
/// The table does not know the year.
pub fn threshold(year: i16) -> Result<Money, UnknownYear> {
    let row = THRESHOLDS.iter().find(|(of, _)| *of == year).ok_or(UnknownYear { year })?;
    Ok(Money::from_minor(row.1, Currency::USD))
}

/// TAX-3: is a payee reported for a year? Whoever had tax withheld is, whatever the amount.
///
/// # Errors
/// The table does not know the year.
pub fn is_reported(year: i16, paid: Money, withheld: Money) -> Result<bool, UnknownYear> {
    let from = threshold(year)?;
    Ok(withheld.minor() > 0 || paid.minor() >= from.minor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_of_each_year_counts_from_the_cent_and_other_years_are_refused() {
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        for (year, paid, withheld, expected) in [
            (2025, 59_999, 0, Ok(false)),
            (2025, 60_000, 0, Ok(true)),
            (2026, 199_999, 0, Ok(false)),
            (2026, 200_000, 0, Ok(true)),
            (2026, 1, 1, Ok(true)),
            (2024, 1, 1, Err(UnknownYear { year: 2024 })),
            (2027, 1_000_000, 0, Err(UnknownYear { year: 2027 })),
        ] {
            assert_eq!(is_reported(year, usd(paid), usd(withheld)), expected, "{year} {paid} {withheld}");
        }
    }
}
