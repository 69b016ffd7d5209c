//! Lemon Squeezy's integers as money: always hundredths of the unit, whatever the currency has.

use domain::currency::Currency;
use domain::money::Money;
use rust_decimal::Decimal;

use crate::fields::{Fields, Untranslatable};

/// Its amounts are hundredths.
const EXPONENT: u32 = 2;

/// The currency of an object.
pub(super) fn currency(fields: &Fields<'_>) -> Result<Currency, Untranslatable> {
    let code = fields.text("currency")?.to_ascii_uppercase();
    Currency::parse(&code).map_err(|_| Untranslatable::Currency { pointer: fields.pointer("currency") })
}

/// The money in a field: a whole number, not below zero. A fraction is refused: nothing is guessed.
pub(super) fn required(fields: &Fields<'_>, name: &str, currency: Currency) -> Result<Money, Untranslatable> {
    let wrong = || Untranslatable::Amount { pointer: fields.pointer(name) };
    let amount = fields.integer(name)?;
    let amount = if amount < 0 { None } else { money(amount, currency) };
    amount.ok_or_else(wrong)
}

/// The money in a field, nothing where it is null or absent.
pub(super) fn optional(fields: &Fields<'_>, name: &str, currency: Currency) -> Result<Money, Untranslatable> {
    if fields.has(name) { required(fields, name, currency) } else { Ok(Money::zero(currency)) }
}

fn money(amount: i64, currency: Currency) -> Option<Money> {
    let minor = match currency.exponent().checked_sub(EXPONENT) {
        Some(missing) => amount.checked_mul(10_i64.checked_pow(missing)?)?,
        None => {
            let surplus = 10_i64.checked_pow(EXPONENT - currency.exponent())?;
            (amount % surplus == 0).then_some(amount / surplus)?
        }
    };
    Some(Money::from_minor(minor, currency))
}

/// PAY-14: what Lemon Squeezy keeps of a payment.
pub(super) fn fees(fields: &Fields<'_>, total: Money) -> Result<Money, Untranslatable> {
    let rate = fields.optional_text("currency_rate").and_then(|rate| rate.parse::<Decimal>().ok());
    domain::fees::lemon_squeezy(total, rate).map_err(|_| Untranslatable::Amount { pointer: fields.pointer("total") })
}

/// What went back so far. An old object says only that everything did.
pub(super) fn refunded(fields: &Fields<'_>, total: Money) -> Result<Money, Untranslatable> {
    if fields.has("refunded_amount") {
        return required(fields, "refunded_amount", total.currency());
    }
    Ok(if fields.is_true("refunded") { total } else { Money::zero(total.currency()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_become_the_right_money_or_none() {
        for (code, amount, expected) in [
            ("USD", 1999, Some("19.99")),
            ("JPY", 50_000, Some("500")),
            ("JPY", 50_050, None),
            ("KWD", 512, Some("5.120")),
            ("KWD", i64::MAX, None),
            ("USD", 0, Some("0.00")),
        ] {
            let currency = Currency::parse(code).expect("a currency");
            assert_eq!(money(amount, currency).map(Money::to_text).as_deref(), expected, "{code} {amount}");
        }
    }
}
