//! Splitting an amount so that the parts are whole minor units and add up to it exactly.

use crate::money::{Money, MoneyError};

/// A part on its way: what it has, and the remainder that it lost by rounding down.
struct Part {
    index: usize,
    minor: u128,
    remainder: u128,
}

/// The total by weights, by largest remainder: each part is rounded down, and what is left goes, a minor unit each, to
/// the largest remainders; of equal ones to the earlier. A negative total is split as its opposite.
///
/// Where all weights are zero the first takes everything; without weights there are no parts.
///
/// # Errors
/// An amount out of range.
pub fn largest_remainder(total: Money, weights: &[u64]) -> Result<Vec<Money>, MoneyError> {
    let currency = total.currency();
    let magnitude = u128::from(total.minor().unsigned_abs());
    let sum = weights.iter().fold(0_u128, |sum, weight| sum + u128::from(*weight));
    let mut parts: Vec<Part> = Vec::with_capacity(weights.len());
    let mut left = magnitude;
    for (index, weight) in weights.iter().enumerate() {
        // 64 bits by 64 bits: the product fits.
        let product = magnitude * u128::from(*weight);
        let minor = product.checked_div(sum).unwrap_or(0);
        let remainder = product - minor * sum;
        left -= minor;
        parts.push(Part { index, minor, remainder });
    }
    if sum == 0 {
        if let Some(first) = parts.first_mut() {
            first.minor = left;
        }
    } else {
        parts.sort_by_key(|part| (std::cmp::Reverse(part.remainder), part.index));
        // What is left is less than one unit a part.
        for part in parts.iter_mut().take(usize::try_from(left).map_err(|_| MoneyError::OutOfRange)?) {
            part.minor += 1;
        }
        parts.sort_by_key(|part| part.index);
    }
    parts
        .iter()
        .map(|part| {
            let minor = i64::try_from(part.minor).map_err(|_| MoneyError::OutOfRange)?;
            let amount = Money::from_minor(minor, currency);
            if total.is_negative() { amount.negate() } else { Ok(amount) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    fn split(total: i64, weights: &[u64]) -> Vec<i64> {
        let parts = largest_remainder(Money::from_minor(total, Currency::USD), weights).expect("in range");
        parts.iter().map(|part| part.minor()).collect()
    }

    #[test]
    fn the_worked_values_of_largest_remainder_hold() {
        // ATT-2: 100.01 by 50, 30 and 20; thirds; the splits of the attribution models.
        let rows: [(i64, &[u64], &[i64]); 14] = [
            (10_001, &[50, 30, 20], &[5001, 3000, 2000]),
            (100, &[1, 1, 1], &[34, 33, 33]),
            (5, &[1, 1, 1], &[2, 2, 1]),
            (1, &[1; 10], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            (999, &[5, 3, 2], &[499, 300, 200]),
            (100, &[92, 93, 70], &[36, 37, 27]),
            (-100, &[1, 1, 1], &[-34, -33, -33]),
            (10_000, &[1; 7], &[1429, 1429, 1429, 1429, 1428, 1428, 1428]),
            (10_000, &[4, 1, 1, 4], &[4000, 1000, 1000, 4000]),
            (10_000, &[6, 1, 1, 1, 6], &[4000, 667, 667, 666, 4000]),
            (1_001, &[2, 1, 2], &[401, 200, 400]),
            (10_000, &[1, 2, 4], &[1429, 2857, 5714]),
            (10_000, &[1, 2, 4, 8, 16], &[323, 645, 1290, 2581, 5161]),
            (7, &[0, 0], &[7, 0]),
        ];
        for (total, weights, expected) in rows {
            assert_eq!(split(total, weights), expected, "{total} by {weights:?}");
        }
        assert!(split(5, &[]).is_empty());
    }

    #[test]
    fn the_least_amount_there_is_can_be_split_but_not_given_whole_to_one() {
        assert_eq!(split(i64::MIN, &[1, 1]), [i64::MIN / 2, i64::MIN / 2]);
        let whole = largest_remainder(Money::from_minor(i64::MIN, Currency::USD), &[1]);
        assert_eq!(whole, Err(MoneyError::OutOfRange));
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole_and_each_within_one_unit_of_its_share(
            total in -1_000_000_000_i64..1_000_000_000, weights in proptest::collection::vec(0_u64..1_000_000, 1..12)
        ) {
            let parts = split(total, &weights);
            prop_assert_eq!(parts.iter().fold(0_i64, |sum, part| sum.saturating_add(*part)), total);
            let sum = weights.iter().fold(0_i128, |sum, weight| sum + i128::from(*weight));
            prop_assume!(sum > 0);
            for (part, weight) in parts.iter().zip(&weights) {
                let distance = i128::from(*part) * sum - i128::from(total) * i128::from(*weight);
                prop_assert!(distance.abs() < sum, "{} of {} by {}", part, total, weight);
            }
        }

        #[test]
        fn the_same_weights_scaled_split_the_same(total in 0_i64..1_000_000, weights in proptest::collection::vec(1_u64..1000, 1..8)) {
            let scaled: Vec<u64> = weights.iter().map(|weight| weight * 977).collect();
            prop_assert_eq!(split(total, &weights), split(total, &scaled));
        }
    }
}
