//! One payment, whichever rail carries it.

use std::collections::BTreeSet;

use domain::currency::Currency;
use domain::id::PayoutId;
use domain::money::Money;

use crate::refused::{Refused, Why};

const MEMO_LENGTH_MAX: usize = 140;

/// What is paid to whom, as a rail knows payees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disbursement<P> {
    /// Which payout.
    pub payout: PayoutId,
    /// Whom, by the details that the rail needs.
    pub payee: P,
    /// What leaves: the net.
    pub amount: Money,
    /// What the payee should read beside it.
    pub memo: Option<Memo>,
}

/// A line for the payee: 1 to 140 characters, none of them invisible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memo(String);

impl Memo {
    /// Reads a memo.
    ///
    /// # Errors
    /// Empty, too long, or with a character that nobody sees.
    pub fn parse(text: &str) -> Result<Self, Why> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Why::Missing("the memo"));
        }
        let count = text.chars().count();
        if count > MEMO_LENGTH_MAX {
            return Err(Why::TooLong { what: "the memo", count, limit: MEMO_LENGTH_MAX });
        }
        match text.chars().find(|c| is_invisible(*c)) {
            Some(found) => Err(Why::Character { what: "the memo", found }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, line separators, and what turns the direction of writing: with them a text reads otherwise than
/// it is.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What every rail asks of the payments of one file: some, each above zero and once, in one currency that is its
/// account's. Their sum.
///
/// # Errors
/// The first payment for which that does not hold.
pub(crate) fn sum_of<P>(payments: &[Disbursement<P>]) -> Result<Money, Refused> {
    let currency = payments.first().map(|first| first.amount.currency()).ok_or(Why::Empty)?;
    let mut seen = BTreeSet::new();
    let mut sum = Money::zero(currency);
    for payment in payments {
        check(payment, currency).map_err(|why| why.of(&payment.payout))?;
        if !seen.insert(&payment.payout) {
            return Err(Why::Twice("this payout").of(&payment.payout));
        }
        sum = sum.try_add(payment.amount).map_err(|_| Why::SumOutOfRange)?;
    }
    Ok(sum)
}

fn check<P>(payment: &Disbursement<P>, wanted: Currency) -> Result<(), Why> {
    let found = payment.amount.currency();
    if payment.amount.is_zero() || payment.amount.is_negative() {
        return Err(Why::NotPositive(payment.amount));
    }
    if found != payment.payout.account_and_number().1 {
        return Err(Why::NotOfItsAccount(found));
    }
    if found != wanted {
        return Err(Why::OtherCurrency { found, wanted });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::id::PartnerId;
    use ulid::Ulid;

    use super::*;

    fn payment(n: u32, minor: i64, currency: Currency) -> Disbursement<()> {
        let payout = PayoutId::of(&PartnerId::from_ulid(Ulid::from(7_u128)), currency, n);
        Disbursement { payout, payee: (), amount: Money::from_minor(minor, currency), memo: None }
    }

    fn word(payments: &[Disbursement<()>]) -> String {
        match sum_of(payments) {
            Ok(sum) => format!("{sum:?}"),
            Err(refused) => refused.why.to_string(),
        }
    }

    #[test]
    fn the_payments_of_a_file_are_of_one_currency_above_zero_and_each_there_once() {
        let usd = |n, minor| payment(n, minor, Currency::USD);
        let of_another = Disbursement { amount: Money::from_minor(5, Currency::EUR), ..usd(2, 5) };
        let table = [
            (vec![usd(1, 100), usd(2, 250)], "3.50 USD"),
            (vec![], "there is no payment"),
            (vec![usd(1, 0)], "the amount 0.00 USD is not above zero"),
            (vec![usd(1, -5)], "the amount -0.05 USD is not above zero"),
            (vec![usd(1, 100), usd(1, 200)], "this payout is in the file twice"),
            (vec![usd(1, 100), payment(2, 5, Currency::EUR)], "the amount is in EUR, the file in USD"),
            (vec![usd(1, 100), of_another], "the amount is in EUR, which is not the currency of the payout"),
            (vec![usd(1, i64::MAX), usd(2, 1)], "the payments add up to more than can be held"),
        ];
        for (payments, expected) in table {
            assert_eq!(word(&payments), expected);
        }
    }

    #[test]
    fn a_refusal_names_its_payout() {
        let refused = sum_of(&[payment(3, 0, Currency::USD)]).expect_err("refused");
        assert_eq!(
            refused.to_string(),
            "payout pay_00000000000000000000000007USD000003: the amount 0.00 USD is not above zero"
        );
    }

    #[test]
    fn a_memo_is_what_a_person_can_read() {
        let word = |text: &str| Memo::parse(text).err().map(|why| why.to_string()).unwrap_or_default();
        assert_eq!(word("Commissions of November – Grüße"), "");
        assert_eq!(word("  "), "the memo is missing");
        assert_eq!(word("a\nb"), "the memo has '\\n', which has no place there");
        assert_eq!(word("a\u{202e}b"), "the memo has '\\u{202e}', which has no place there");
        assert_eq!(word(&"x".repeat(141)), "the memo has 141 characters; 140 at most");
    }
}
