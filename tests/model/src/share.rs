//! Whole numbers, and the one rounding that there is.

/// Minor units, rates in millionths, and their products.
pub type Amount = i128;

/// Rates are in millionths.
pub(crate) const MILLION: Amount = 1_000_000;

/// The quotient, rounded half away from zero. The divisor is above zero.
#[must_use]
pub fn half_away(dividend: Amount, divisor: Amount) -> Amount {
    let rounded = (dividend.abs() * 2 + divisor) / (divisor * 2);
    if dividend < 0 { -rounded } else { rounded }
}
