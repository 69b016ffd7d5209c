//! Stripe's integers as money. Its exponents are not ISO 4217's.

use domain::currency::Currency;
use domain::money::Money;

use super::Untranslatable;
use crate::fields::Fields;

/// Amounts of these come in whole units.
const WHOLE: &[&str] =
    &["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];

/// Amounts of these come in thousandths, always a multiple of ten.
const THOUSANDTHS: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

/// Everything else comes in hundredths. ISK and UGX do too, ending in 00, though they have no hundredths.
fn stripe_exponent(currency: Currency) -> u32 {
    if WHOLE.contains(&currency.code()) {
        0
    } else if THOUSANDTHS.contains(&currency.code()) {
        3
    } else {
        2
    }
}

/// The currency of an object, which Stripe writes in lower case.
pub(super) fn currency(fields: &Fields<'_>) -> Result<Currency, Untranslatable> {
    let code = fields.text("currency")?.to_ascii_uppercase();
    Currency::parse(&code).map_err(|_| Untranslatable::Currency { pointer: fields.pointer("currency") })
}

/// Stripe's integer in a currency as money; none when the currency cannot hold it.
pub(super) fn money(amount: i64, currency: Currency) -> Option<Money> {
    let stripe = stripe_exponent(currency);
    if stripe == 3 && amount % 10 != 0 {
        return None;
    }
    let minor = match currency.exponent().checked_sub(stripe) {
        Some(missing) => amount.checked_mul(10_i64.checked_pow(missing)?)?,
        None => {
            let surplus = 10_i64.checked_pow(stripe - currency.exponent())?;
            (amount % surplus == 0).then_some(amount / surplus)?
        }
    };
    Some(Money::from_minor(minor, currency))
}

/// The money in a field that must be there and not below zero.
pub(super) fn required(fields: &Fields<'_>, name: &str, currency: Currency) -> Result<Money, Untranslatable> {
    checked(fields, name, fields.integer(name)?, currency)
}

/// An amount that was computed from fields; `name` says which, if it cannot be.
pub(super) fn checked(
    fields: &Fields<'_>,
    name: &str,
    amount: i64,
    currency: Currency,
) -> Result<Money, Untranslatable> {
    let money = (amount >= 0).then(|| money(amount, currency)).flatten();
    money.ok_or_else(|| Untranslatable::Amount { pointer: fields.pointer(name) })
}

/// The shipping without its tax, in Stripe's integer: the tax is already in the tax.
pub(super) fn shipping(fields: &Fields<'_>, otherwise: Option<i64>) -> Result<i64, Untranslatable> {
    let Some(cost) = fields.optional_object("shipping_cost") else { return Ok(otherwise.unwrap_or(0)) };
    let tax = cost.optional_integer("amount_tax")?.unwrap_or(0);
    Ok(cost.integer("amount_total")?.saturating_sub(tax))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_integers_become_the_right_money() {
        let cases = [
            ("USD", 1999, Some("19.99")),
            ("JPY", 500, Some("500")),
            ("UGX", 500, Some("5")),
            ("UGX", 550, None),
            ("ISK", 500, Some("5")),
            ("ISK", 501, None),
            ("KWD", 5120, Some("5.120")),
            ("KWD", 5124, None),
            ("MGA", 5, Some("5.00")),
            ("HUF", 1045, Some("10.45")),
            ("TWD", 1000, Some("10.00")),
            ("MGA", i64::MAX, None),
            ("USD", 0, Some("0.00")),
        ];
        for (code, amount, expected) in cases {
            let currency = Currency::parse(code).expect("a currency");
            let text = money(amount, currency).map(|money| money.to_text());
            assert_eq!(text.as_deref(), expected, "{code} {amount}");
        }
    }
}
