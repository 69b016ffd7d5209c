//! What a provider says it took, held against what the ledger has.

use serde::{Deserialize, Serialize};

use crate::fact::PaymentKey;
use crate::money::Money;

/// How a payment of a provider's compares with its sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// The same payment, and the same amounts.
    Matched,
    /// The provider has it, and the ledger does not.
    MissingInLedger,
    /// Both have it, with other amounts.
    AmountMismatch,
    /// Both have it, in other currencies.
    CurrencyMismatch,
}

impl Bucket {
    /// The word in records and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::MissingInLedger => "missing_in_ledger",
            Self::AmountMismatch => "amount_mismatch",
            Self::CurrencyMismatch => "currency_mismatch",
        }
    }
}

/// A payment as one side has it: what came in, and what of it went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// What came in, tax included.
    pub paid: Money,
    /// What of it went back, as far as that side says.
    pub refunded: Option<Money>,
}

/// One payment on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Its natural key.
    pub payment: PaymentKey,
    /// How they compare.
    pub bucket: Bucket,
    /// What the provider says.
    pub provider: Amounts,
    /// What the ledger has.
    pub ledger: Option<Amounts>,
}

impl Compared {
    /// REC-1: compares by the natural key, exactly: no tolerance, and nothing is converted.
    #[must_use]
    pub fn of(payment: PaymentKey, provider: Amounts, ledger: Option<Amounts>) -> Self {
        let bucket = match ledger {
            None => Bucket::MissingInLedger,
            Some(ours) if ours.paid.currency() != provider.paid.currency() => Bucket::CurrencyMismatch,
            Some(ours) if ours.paid != provider.paid => Bucket::AmountMismatch,
            // What one side does not say is not compared.
            Some(ours) => match (ours.refunded, provider.refunded) {
                (Some(ours), Some(theirs)) if ours != theirs => Bucket::AmountMismatch,
                _ => Bucket::Matched,
            },
        };
        Self { payment, bucket, provider, ledger }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;

    #[test]
    fn two_sides_match_to_the_cent_or_not_at_all() {
        // REC-1
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        let of = |paid, refunded: Option<i64>| Amounts { paid: usd(paid), refunded: refunded.map(usd) };
        let euros = Amounts { paid: Money::from_minor(100, Currency::EUR), refunded: None };
        let rows = [
            (of(100, None), Some(of(100, None)), Bucket::Matched),
            (of(100, Some(40)), Some(of(100, Some(40))), Bucket::Matched),
            (of(100, None), Some(of(100, Some(40))), Bucket::Matched),
            (of(100, Some(0)), Some(of(100, Some(40))), Bucket::AmountMismatch),
            (of(17_238, None), Some(of(17_283, None)), Bucket::AmountMismatch),
            (of(100, None), Some(euros), Bucket::CurrencyMismatch),
            (of(100, None), None, Bucket::MissingInLedger),
        ];
        for (provider, ledger, expected) in rows {
            let payment = PaymentKey::parse("stripe:in_1").expect("key");
            assert_eq!(Compared::of(payment, provider, ledger).bucket, expected, "{provider:?} {ledger:?}");
        }
    }

    #[test]
    fn of_a_worked_day_what_the_ledger_lacks_is_found_payment_by_payment() {
        // REC-1: three charges, of which one went back whole; fees are no part of what is compared.
        let amounts = |paid, refunded| {
            let [paid, refunded] = [paid, refunded].map(|minor| Money::from_minor(minor, Currency::USD));
            Amounts { paid, refunded: Some(refunded) }
        };
        let provider = [("in_1", 10_000, 0), ("in_2", 4_900, 4_900), ("in_3", 24_512, 0)];
        let buckets = |ledger: &dyn Fn(&str, Amounts) -> Option<Amounts>| {
            provider.map(|(id, paid, refunded)| {
                let (payment, theirs) = (PaymentKey::parse(&format!("stripe:{id}")), amounts(paid, refunded));
                Compared::of(payment.expect("key"), theirs, ledger(id, theirs)).bucket.word()
            })
        };
        assert_eq!(buckets(&|_, theirs| Some(theirs)), ["matched"; 3]);
        let refund_missing = buckets(&|_, theirs| Some(Amounts { refunded: Some(amounts(0, 0).paid), ..theirs }));
        assert_eq!(refund_missing, ["matched", "amount_mismatch", "matched"]);
        let sale_missing = buckets(&|id, theirs| (id != "in_3").then_some(theirs));
        assert_eq!(sale_missing, ["matched", "matched", "missing_in_ledger"]);
    }
}
