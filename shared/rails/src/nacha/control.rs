//! Totals of a file or a batch: made and checked by the same arithmetic, in whole cents and checked.

/// The low ten digits are kept.
const HASH_MODULUS: u64 = 10_000_000_000;
/// What twelve digits hold.
pub(crate) const TOTAL_MAX: u64 = 999_999_999_999;

/// What control records say of what they close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AchTotals {
    /// Entries and addenda.
    pub records: u64,
    /// The sum of the receiving banks' eight digits, its low ten digits.
    pub entry_hash: u64,
    /// Cents taken.
    pub debit: u64,
    /// Cents given.
    pub credit: u64,
}

impl AchTotals {
    /// With an entry and its addenda.
    #[must_use]
    pub(crate) fn with(self, receiving: u64, addenda: u64, debit: u64, credit: u64) -> Option<Self> {
        self.and(Self { records: addenda.checked_add(1)?, entry_hash: receiving, debit, credit })
    }

    /// Both together; `None` where a sum is more than its field holds.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        let fits = |sum: u64| (sum <= TOTAL_MAX).then_some(sum);
        Some(Self {
            records: self.records.checked_add(other.records)?,
            entry_hash: self.entry_hash.checked_add(other.entry_hash)? % HASH_MODULUS,
            debit: fits(self.debit.checked_add(other.debit)?)?,
            credit: fits(self.credit.checked_add(other.credit)?)?,
        })
    }
}
