//! How several touches share one commission, in whole weights: no float, the same on every machine.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How touches share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// The last takes all.
    #[default]
    LastClick,
    /// The first takes all.
    FirstClick,
    /// All alike.
    Linear,
    /// Two fifths to the first, two fifths to the last, one fifth among the others.
    Position,
    /// Half as much for each week before the conversion.
    TimeDecay,
}

impl Model {
    /// Every model, for the report that shows them beside each other.
    pub const ALL: [Self; 5] = [Self::LastClick, Self::FirstClick, Self::Linear, Self::Position, Self::TimeDecay];

    /// The word in settings and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::LastClick => "last_click",
            Self::FirstClick => "first_click",
            Self::Linear => "linear",
            Self::Position => "position",
            Self::TimeDecay => "time_decay",
        }
    }

    /// The weights of touches, which come oldest first, at a conversion. Zero is no part at all; where there is a touch,
    /// the sum is above zero.
    #[must_use]
    pub fn weights(self, touched_at: &[Timestamp], converted_at: Timestamp) -> Vec<u64> {
        let count = touched_at.len();
        let last = count.saturating_sub(1);
        let only = |which: usize| (0..count).map(|place| u64::from(place == which)).collect();
        match self {
            Self::LastClick => only(last),
            Self::FirstClick => only(0),
            Self::Linear => vec![1; count],
            Self::Position if count <= 2 => vec![1; count],
            // 0.4 : 0.2 / (n − 2) is 2 (n − 2) : 1.
            Self::Position => {
                let end = 2 * (count as u64 - 2);
                (0..count).map(|place| if place == 0 || place == last { end } else { 1 }).collect()
            }
            Self::TimeDecay => touched_at.iter().map(|at| decay_weight(seconds_between(*at, converted_at))).collect(),
        }
    }
}

fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    let elapsed_ms = to.as_millisecond().saturating_sub(from.as_millisecond());
    u64::try_from(elapsed_ms / 1000).unwrap_or(0)
}

/// The half-life of a touch: a week.
const HALF_LIFE_SECONDS: u64 = 7 * 86_400;
/// The weight of a touch at the conversion itself.
const WEIGHT_NOW: u128 = 1_000_000_000_000;
/// One, in the fixed point of the fraction: 63 bits behind the point.
const FRACTION_BITS: u32 = 63;

/// round(2^(−age / 7 days) × 10^12), at least 1: a touch within the window is never without any part.
///
/// Whole weeks are a shift. For the rest, age / week is read bit by bit, and each bit that is set multiplies by
/// 2^(−2^−k), the k-th square root of one half; 63 bits leave an error below a thousandth of a weight.
#[must_use]
pub fn decay_weight(age_seconds: u64) -> u64 {
    let (weeks, mut rest) = (age_seconds / HALF_LIFE_SECONDS, age_seconds % HALF_LIFE_SECONDS);
    let mut product: u128 = 1 << FRACTION_BITS;
    let mut root: u128 = 1 << (FRACTION_BITS - 1);
    for _ in 0..FRACTION_BITS {
        root = (root << FRACTION_BITS).isqrt();
        rest *= 2;
        if rest >= HALF_LIFE_SECONDS {
            rest -= HALF_LIFE_SECONDS;
            product = (product * root) >> FRACTION_BITS;
        }
    }
    let shift = u64::from(FRACTION_BITS).saturating_add(weeks);
    let half = 1_u128.checked_shl(u32::try_from(shift - 1).unwrap_or(u32::MAX)).unwrap_or(0);
    let scaled = product * WEIGHT_NOW + half;
    let weight = scaled.checked_shr(u32::try_from(shift).unwrap_or(u32::MAX)).unwrap_or(0);
    u64::try_from(weight).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests;
