//! Short names of payouts, for fields that are narrower than a payout's id.

use domain::digest::Digest;
use domain::id::PayoutId;

/// As long as such a name gets.
pub const LENGTH_MAX: usize = 26;

/// A payout's short name: a `P` and characters of a hash of its id, `length` in all (26 at most). It is the same each
/// time, and holds nothing that a sheet or a bank would trip over: capitals and digits.
#[must_use]
pub fn short(payout: &PayoutId, length: usize) -> String {
    let hash = Digest::of(&[b"payout reference", payout.as_str().as_bytes()]).to_ulid().to_string();
    // The first character of a ULID has three bits only: it is the one left out.
    let kept = length.clamp(1, LENGTH_MAX) - 1;
    format!("P{}", hash.get(hash.len().saturating_sub(kept)..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::currency::Currency;
    use domain::id::PartnerId;
    use ulid::Ulid;

    use super::*;

    #[test]
    fn short_names_are_as_long_as_asked_the_same_each_time_and_all_different() {
        let mut seen = BTreeSet::new();
        for n in 0..10_000_u32 {
            let partner = PartnerId::from_ulid(Ulid::from(u128::from(n % 100)));
            let payout = PayoutId::of(&partner, Currency::USD, n / 100);
            let name = short(&payout, 15);
            assert_eq!(name.len(), 15);
            assert_eq!(name, short(&payout, 15));
            assert!(name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{name}");
            assert!(seen.insert(name));
        }
    }

    #[test]
    fn a_length_out_of_range_is_the_nearest_one() {
        let payout = PayoutId::of(&PartnerId::from_ulid(Ulid::from(1_u128)), Currency::USD, 1);
        assert_eq!(short(&payout, 0), "P");
        assert_eq!(short(&payout, 99).len(), LENGTH_MAX);
    }
}
