//! Bands: steps of a month's volume, each with its rate. ("Tier" always means the partner's step in a programme.)

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::rate::{Rate, Rounding, round_quotient};

/// A rate of one, in the unit that bands are computed in.
pub(crate) const MILLION: i128 = 1_000_000;

/// What a band's rate applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandMode {
    /// Each slice of the volume has its own rate.
    Marginal,
    /// The whole volume has the rate that was reached.
    Retroactive,
}

/// From which volume on which rate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// COM-7: from this volume on, itself included; up to the next band's, itself not.
    pub from: Money,
    /// The rate.
    pub rate: Rate,
}

/// The bands of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bands {
    /// What a rate applies to.
    pub mode: BandMode,
    /// By volume, ascending; the first from zero.
    pub steps: Vec<Band>,
}

impl Bands {
    /// The rate that a volume has reached; where it is in another currency than the bands, the first: nothing is
    /// converted silently.
    #[must_use]
    pub fn reached(&self, volume: i64, currency: Currency) -> Option<Rate> {
        let first = self.steps.first().map(|band| band.rate);
        let reached =
            self.steps.iter().rev().find(|band| band.from.currency() == currency && band.from.minor() <= volume);
        reached.map(|band| band.rate).or(first)
    }

    /// What all of a volume earns slice by slice, in millionths of minor units: exact.
    pub(crate) fn slices(&self, volume: i64, currency: Currency) -> i128 {
        let other = self.steps.first().is_some_and(|band| band.from.currency() != currency);
        let mut earned = 0_i128;
        for (place, band) in self.steps.iter().enumerate() {
            let from = band.from.minor();
            let next = self.steps.get(place + 1).map(|band| band.from.minor()).filter(|_| !other);
            let slice = volume.min(next.unwrap_or(i64::MAX)).saturating_sub(from).max(0);
            // An amount by at most a million fits 128 bits with room for every slice.
            earned += i128::from(slice) * band.rate.millionths();
            if other {
                break;
            }
        }
        earned
    }

    /// What all of a volume earns, rounded once.
    ///
    /// # Errors
    /// The amount is out of range.
    pub fn commission(&self, volume: Money, rounding: Rounding) -> Result<Money, MoneyError> {
        let (minor, currency) = (volume.minor(), volume.currency());
        let exact = match self.mode {
            BandMode::Marginal => self.slices(minor, currency),
            BandMode::Retroactive => {
                let rate = self.reached(minor, currency).map_or(0, Rate::millionths);
                i128::from(minor) * rate
            }
        };
        rounded(exact, MILLION, currency, rounding)
    }
}

/// A quotient as money, rounded once.
pub(crate) fn rounded(
    numerator: i128,
    denominator: i128,
    currency: Currency,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    let minor = round_quotient(numerator, denominator, rounding);
    Ok(Money::from_minor(i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?, currency))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bands(mode: BandMode, steps: &[(&str, &str)]) -> Bands {
        let band = |(from, rate): &(&str, &str)| Band {
            from: Money::parse(from, Currency::USD).expect("amount"),
            rate: Rate::parse(rate).expect("rate"),
        };
        Bands { mode, steps: steps.iter().map(band).collect() }
    }

    fn earned(mode: BandMode, steps: &[(&str, &str)], volume: &str) -> String {
        let volume = Money::parse(volume, Currency::USD).expect("amount");
        bands(mode, steps).commission(volume, Rounding::HalfAwayFromZero).expect("in range").to_text()
    }

    const THREE: [(&str, &str); 3] = [("0", "0.2"), ("10000", "0.25"), ("25000", "0.3")];
    const OTHERS: [(&str, &str); 3] = [("0", "0.05"), ("10000", "0.07"), ("50000", "0.1")];

    #[test]
    fn the_worked_values_of_bands_hold() {
        // COM-7: 26,000.00 in three bands; at a border and a cent below it.
        assert_eq!(earned(BandMode::Marginal, &THREE, "26000"), "6050.00");
        assert_eq!(earned(BandMode::Retroactive, &THREE, "26000"), "7800.00");
        assert_eq!(earned(BandMode::Retroactive, &THREE, "25000.00"), "7500.00");
        assert_eq!(earned(BandMode::Retroactive, &THREE, "24999.99"), "6250.00");
        // COM-7: other bands, at and around their borders.
        let rows = [
            ("9999.99", "500.00", "500.00"),
            ("10000.00", "500.00", "700.00"),
            ("25000.00", "1550.00", "1750.00"),
            ("50000.00", "3300.00", "5000.00"),
            ("75000.00", "5800.00", "7500.00"),
        ];
        for (volume, marginal, whole) in rows {
            assert_eq!(earned(BandMode::Marginal, &OTHERS, volume), marginal, "{volume}");
            assert_eq!(earned(BandMode::Retroactive, &OTHERS, volume), whole, "{volume}");
        }
    }

    #[test]
    fn a_volume_of_another_currency_never_leaves_the_first_band() {
        for mode in [BandMode::Marginal, BandMode::Retroactive] {
            let volume = Money::from_minor(5_000_000, Currency::EUR);
            let earned = bands(mode, &THREE).commission(volume, Rounding::HalfAwayFromZero);
            assert_eq!(earned, Ok(Money::from_minor(1_000_000, Currency::EUR)), "{mode:?}");
        }
    }

    proptest! {
        #[test]
        fn the_slices_of_two_sales_are_the_slices_of_their_sum(before in 0_i64..10_000_000, sale in 0_i64..10_000_000) {
            let bands = bands(BandMode::Marginal, &THREE);
            let parts = bands.slices(before, Currency::USD)
                + (bands.slices(before + sale, Currency::USD) - bands.slices(before, Currency::USD));
            prop_assert_eq!(parts, bands.slices(before + sale, Currency::USD));
            prop_assert!(bands.slices(before + sale, Currency::USD) >= bands.slices(before, Currency::USD));
        }
    }
}
