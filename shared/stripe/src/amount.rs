//! Amounts as Stripe counts them, which is not always as ISO 4217 does.

use domain::money::Money;

/// Whole units to ISO, hundredths to Stripe, and the last two digits are zeros.
const HUNDREDFOLD: [&str; 2] = ["ISK", "UGX"];
/// Hundredths to ISO, whole units to Stripe.
const WHOLE: [&str; 1] = ["MGA"];

/// An amount in the unit that Stripe counts in; none when Stripe cannot hold it.
#[must_use]
pub fn minor_of(amount: Money) -> Option<i64> {
    let (minor, code) = (amount.minor(), amount.currency().code());
    if HUNDREDFOLD.contains(&code) {
        return minor.checked_mul(100);
    }
    if WHOLE.contains(&code) {
        return (minor % 100 == 0).then_some(minor / 100);
    }
    // Of three digits Stripe takes two: the last is a zero.
    if amount.currency().exponent() == 3 && minor % 10 != 0 {
        return None;
    }
    Some(minor)
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;

    use super::*;

    #[test]
    fn worked_values_of_currencies_that_stripe_counts_in_its_own_way() {
        let rows = [
            ("99.00", "USD", Some(9_900)),
            ("500", "JPY", Some(500)),
            ("5", "UGX", Some(500)),
            ("5", "ISK", Some(500)),
            ("5.120", "KWD", Some(5_120)),
            ("5.124", "KWD", None),
            ("7.00", "MGA", Some(7)),
            ("7.50", "MGA", None),
        ];
        for (text, code, expected) in rows {
            let currency = Currency::parse(code).expect("a currency");
            assert_eq!(minor_of(Money::parse(text, currency).expect("an amount")), expected, "{text} {code}");
        }
    }
}
