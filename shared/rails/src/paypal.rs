//! Files of PayPal's mass payments: no header, one currency, 5,000 rows at most.
//!
//! Columns: recipient, amount, currency, the payout's short name (PayPal's "customer id"), the memo, the wallet.

use domain::money::Money;
use domain::payee::Destination;

use crate::bank::PayPalAddress;
use crate::disbursement::{Disbursement, sum_of};
use crate::refused::{Refused, Why};
use crate::table::{Formulas, MadeSheet, Style, bytes_of, cell, checked_stem, count_within, made, sent_rows};

const ROWS_MAX: usize = 5_000;
/// PayPal takes 30 characters without blanks.
const REFERENCE_LENGTH: usize = 26;

/// What PayPal pays out in.
const CURRENCIES: [&str; 25] = [
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR", "NOK",
    "NZD", "PHP", "PLN", "RUB", "SEK", "SGD", "THB", "TWD", "USD",
];
/// Of these, what it takes in whole units only although the currency has smaller ones.
const WHOLE_UNITS: [&str; 2] = ["HUF", "TWD"];

/// Which wallet the money goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wallet {
    /// A PayPal account.
    PayPal,
    /// A Venmo account: dollars only.
    Venmo,
}

/// Whom to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayPalPayee {
    /// The address of the account.
    pub address: PayPalAddress,
    /// The wallet.
    pub wallet: Wallet,
}

impl TryFrom<&Destination> for PayPalPayee {
    type Error = Why;

    fn try_from(destination: &Destination) -> Result<Self, Why> {
        let Destination::Paypal { email } = destination else { return Err(Why::OtherRail(destination.rail())) };
        Ok(Self { address: PayPalAddress::parse(email).map_err(Why::Details)?, wallet: Wallet::PayPal })
    }
}

/// Makes a file; `stem` is what it is called before `.csv`.
///
/// # Errors
/// See [`Why`]: the first payment that cannot be in it, or what is wrong with all of them together.
pub fn write(stem: &str, payments: &[Disbursement<PayPalPayee>]) -> Result<MadeSheet, Refused> {
    let stem = checked_stem(stem)?;
    count_within(payments, ROWS_MAX)?;
    let sum = sum_of(payments)?;
    if !CURRENCIES.contains(&sum.currency().code()) {
        return Err(Why::Currency(sum.currency()).into());
    }
    let sent = sent_rows(payments, REFERENCE_LENGTH)?;
    let mut rows = Vec::with_capacity(payments.len());
    for (payment, sent) in payments.iter().zip(&sent) {
        rows.push(row(payment, &sent.reference).map_err(|why| why.of(&payment.payout))?);
    }
    Ok(made(stem, bytes_of(&rows, Style::PLAIN)?, sent, sum)?)
}

fn row(payment: &Disbursement<PayPalPayee>, reference: &str) -> Result<Vec<String>, Why> {
    let currency = payment.amount.currency();
    let wallet = match payment.payee.wallet {
        Wallet::PayPal => "PAYPAL",
        Wallet::Venmo if currency.code() == "USD" => "VENMO",
        Wallet::Venmo => return Err(Why::Currency(currency)),
    };
    let memo = payment.memo.as_ref().map_or("", |memo| memo.as_str());
    Ok(vec![
        cell("the PayPal address", payment.payee.address.expose(), Formulas::Refuse)?,
        amount(payment.amount)?,
        currency.code().to_owned(),
        reference.to_owned(),
        cell("the memo", memo, Formulas::Refuse)?,
        wallet.to_owned(),
    ])
}

fn amount(amount: Money) -> Result<String, Why> {
    let text = amount.to_text();
    if !WHOLE_UNITS.contains(&amount.currency().code()) {
        return Ok(text);
    }
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => Ok(whole.to_owned()),
        _ => Err(Why::Fraction(amount)),
    }
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;
    use proptest::prelude::*;

    use super::*;
    use crate::Memo;
    use crate::table::tests::{payout, read_back};

    fn payment(n: u32, minor: i64, code: &str, address: &str, memo: &str) -> Disbursement<PayPalPayee> {
        let currency = Currency::parse(code).expect("a currency");
        Disbursement {
            payout: payout(n, currency),
            payee: PayPalPayee { address: PayPalAddress::parse(address).expect("an address"), wallet: Wallet::PayPal },
            amount: Money::from_minor(minor, currency),
            memo: Memo::parse(memo).ok(),
        }
    }

    fn word(payments: &[Disbursement<PayPalPayee>]) -> String {
        write("run-1", payments).err().map(|refused| refused.why.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_file_has_a_row_for_each_payment_and_no_header() {
        let payments = [
            payment(1, 10_050, "USD", "a@x.example", "Here is your payment"),
            payment(2, 1, "USD", "b@x.example", "Commissions, \"November\""),
            payment(3, 500, "USD", "c@x.example", ""),
        ];
        let made = write("run-1", &payments).expect("a file");
        let short = |n| crate::reference::short(&payout(n, Currency::USD), 26);
        let expected = format!(
            "a@x.example,100.50,USD,{},Here is your payment,PAYPAL\r\n\
             b@x.example,0.01,USD,{},\"Commissions, \"\"November\"\"\",PAYPAL\r\n\
             c@x.example,5.00,USD,{},,PAYPAL\r\n",
            short(1),
            short(2),
            short(3)
        );
        assert_eq!(String::from_utf8_lossy(made.file.bytes()), expected);
        assert_eq!((made.file.name.as_str(), made.file.totals.count), ("run-1.csv", 3));
        assert_eq!(made.file.totals.sum, Money::from_minor(10_551, Currency::USD));
        assert_eq!(made.rows[1].reference, short(2));
    }

    #[test]
    fn currencies_are_those_that_paypal_pays_in_and_written_as_it_takes_them() {
        let first = |code: &str, minor| {
            let made = write("x", &[payment(1, minor, code, "a@x.example", "")]);
            made.map(|made| read_back(made.file.bytes(), b',')[0][1].clone()).map_err(|refused| refused.why.to_string())
        };
        assert_eq!(first("EUR", 1_234), Ok("12.34".to_owned()));
        assert_eq!(first("JPY", 1_234), Ok("1234".to_owned()));
        assert_eq!(first("HUF", 120_000), Ok("1200".to_owned()));
        assert_eq!(
            first("HUF", 120_050),
            Err("the amount 1200.50 HUF has a fraction, and this rail takes whole units of the currency only"
                .to_owned())
        );
        assert_eq!(first("KWD", 1_234), Err("this rail does not carry KWD".to_owned()));
        let mut venmo = payment(1, 5, "EUR", "a@x.example", "");
        venmo.payee.wallet = Wallet::Venmo;
        assert_eq!(word(&[venmo]), "this rail does not carry EUR");
    }

    #[test]
    fn what_paypal_would_refuse_is_refused_here() {
        let one = payment(1, 5, "USD", "a@x.example", "");
        assert_eq!(word(&[]), "there is no payment");
        assert_eq!(word(&[one.clone(), one.clone()]), "this payout is in the file twice");
        assert_eq!(
            word(&[one.clone(), payment(2, 5, "EUR", "a@x.example", "")]),
            "the amount is in EUR, the file in USD"
        );
        assert_eq!(
            word(&[payment(1, 5, "USD", "a@x.example", "=HYPERLINK(1)")]),
            "the memo begins like a formula, which a spreadsheet would run"
        );
        let many: Vec<_> = (1..=5_001).map(|n| payment(n, 5, "USD", "a@x.example", "")).collect();
        assert_eq!(word(&many), "5001 payments; 5000 at most");
        assert_eq!(word(&many[..5_000]), "");
        assert!(write("a/b", &[one]).is_err());
    }

    #[test]
    fn a_payee_is_made_of_the_details_of_a_method_of_this_rail_only() {
        let made = |destination: &Destination| PayPalPayee::try_from(destination).map_err(|why| why.to_string());
        let one = payment(1, 5, "USD", "a@x.example", "");
        assert_eq!(made(&Destination::Paypal { email: "A@x.example".to_owned() }), Ok(one.payee));
        let other = Destination::External { reference: "x".to_owned() };
        assert_eq!(made(&other), Err("the details are those of the rail external".to_owned()));
    }

    proptest! {
        #[test]
        fn a_file_reads_back_as_its_payments(all in proptest::collection::vec((1_i64..1_000_000, "[a-z]{1,8}@[a-z]{1,8}\\.example", "[A-Za-z0-9][ -~]{0,60}"), 1..20)) {
            let payments: Vec<_> = all.iter().enumerate().map(|(n, (minor, address, memo))| payment(n as u32, *minor, "USD", address, memo)).collect();
            let made = write("x", &payments).expect("a file");
            prop_assert_eq!(&made, &write("x", &payments).expect("a file"));
            let rows = read_back(made.file.bytes(), b',');
            prop_assert_eq!(rows.len(), payments.len());
            let mut sum = 0;
            for (row, payment) in rows.iter().zip(&payments) {
                prop_assert_eq!(&row[0], payment.payee.address.expose());
                prop_assert_eq!(Money::parse(&row[1], Currency::USD), Ok(payment.amount));
                prop_assert_eq!(&row[4], payment.memo.as_ref().map_or("", |memo| memo.as_str()));
                sum += payment.amount.minor();
            }
            prop_assert_eq!(made.file.totals.sum.minor(), sum);
        }
    }
}
