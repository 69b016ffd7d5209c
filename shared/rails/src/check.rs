//! The register of checks: what is printed on each, and what the bank is told to pay (so that a forged one is noticed).

use domain::id::PayoutId;
use domain::money::Money;
use domain::payee::{Destination, PostalAddress};
use domain::time::BusinessDay;

use crate::control::BankFile;
use crate::disbursement::{Disbursement, sum_of};
use crate::refused::{Refused, Why};
use crate::table::{Formulas, Style, bytes_of, cell_within, checked_stem, count_within};
use crate::words::in_words;

const ROWS_MAX: usize = 5_000;
const NUMBER_MAX: u64 = 9_999_999_999;
const NAME_MAX: usize = 70;
const LINE_MAX: usize = 100;

const HEADER: [&str; 14] = [
    "check_number",
    "day",
    "payable_to",
    "amount",
    "currency",
    "amount_in_words",
    "memo",
    "payout",
    "line1",
    "line2",
    "city",
    "region",
    "postal_code",
    "country",
];

/// To whose order, and where the envelope goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckPayee {
    /// To whose order.
    pub payable_to: String,
    /// Where it goes.
    pub address: PostalAddress,
}

impl TryFrom<&Destination> for CheckPayee {
    type Error = Why;

    fn try_from(destination: &Destination) -> Result<Self, Why> {
        let Destination::Check { payable_to, address } = destination else {
            return Err(Why::OtherRail(destination.rail()));
        };
        Ok(Self { payable_to: payable_to.clone(), address: address.clone() })
    }
}

/// A register, and what to keep beside the payouts in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeChecks {
    /// The file.
    pub file: BankFile,
    /// Its checks, in order.
    pub checks: Vec<SentCheck>,
    /// The number of the next check.
    pub next_number: u64,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCheck {
    /// Which payout.
    pub payout: PayoutId,
    /// The number on the check.
    pub number: u64,
    /// How much.
    pub amount: Money,
}

/// Makes a register of checks that are numbered from `first_number` on; `stem` is what it is called before `.csv`.
///
/// # Errors
/// See [`Why`]: the first payment that cannot be in it, or what is wrong with all of them together.
pub fn register(
    stem: &str,
    day: BusinessDay,
    first_number: u64,
    payments: &[Disbursement<CheckPayee>],
) -> Result<MadeChecks, Refused> {
    let stem = checked_stem(stem)?;
    count_within(payments, ROWS_MAX)?;
    let sum = sum_of(payments)?;
    let count = payments.len() as u64;
    let next_number = first_number.checked_add(count).filter(|next| first_number > 0 && *next <= NUMBER_MAX);
    let next_number =
        next_number.ok_or(Why::Setting { what: "the first check's number", expected: "must be 1 to ten digits" })?;
    let mut rows = vec![HEADER.map(str::to_owned).to_vec()];
    let mut checks = Vec::with_capacity(payments.len());
    for (payment, number) in payments.iter().zip(first_number..) {
        rows.push(row(payment, number, day).map_err(|why| why.of(&payment.payout))?);
        checks.push(SentCheck { payout: payment.payout.clone(), number, amount: payment.amount });
    }
    let bytes = bytes_of(&rows, Style::PLAIN)?;
    let file = BankFile::new(format!("{stem}.csv"), "text/csv; charset=utf-8", bytes, count, sum);
    Ok(MadeChecks { file, checks, next_number })
}

fn row(payment: &Disbursement<CheckPayee>, number: u64, day: BusinessDay) -> Result<Vec<String>, Why> {
    let CheckPayee { payable_to, address } = &payment.payee;
    let needed = |what: &'static str, text: &str, limit: usize| {
        let text = text.trim();
        if text.is_empty() { Err(Why::Missing(what)) } else { cell_within(what, text, Formulas::Refuse, limit) }
    };
    let optional =
        |what, text: Option<&str>| cell_within(what, text.unwrap_or_default().trim(), Formulas::Refuse, LINE_MAX);
    Ok(vec![
        number.to_string(),
        day.to_string(),
        needed("the name on the check", payable_to, NAME_MAX)?,
        payment.amount.to_text(),
        payment.amount.currency().code().to_owned(),
        in_words(payment.amount)?,
        optional("the memo", payment.memo.as_ref().map(|memo| memo.as_str()))?,
        payment.payout.to_string(),
        needed("the first line of the address", &address.line1, LINE_MAX)?,
        optional("the second line of the address", address.line2.as_deref())?,
        needed("the city", &address.city, LINE_MAX)?,
        optional("the region", address.region.as_deref())?,
        needed("the postal code", &address.postal_code, 16)?,
        needed("the country", &address.country, 2)?,
    ])
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;

    use super::*;
    use crate::Memo;
    use crate::table::tests::{payout, read_back};

    fn payment(n: u32, minor: i64, payable_to: &str) -> Disbursement<CheckPayee> {
        let address = PostalAddress {
            line1: "1 Main St, Apt 4".to_owned(),
            line2: None,
            city: "Springfield".to_owned(),
            region: Some("IL".to_owned()),
            postal_code: "62701".to_owned(),
            country: "US".to_owned(),
        };
        Disbursement {
            payout: payout(n, Currency::USD),
            payee: CheckPayee { payable_to: payable_to.to_owned(), address },
            amount: Money::from_minor(minor, Currency::USD),
            memo: Memo::parse("November").ok(),
        }
    }

    fn day() -> BusinessDay {
        BusinessDay::parse("2026-11-24").expect("a day")
    }

    fn word(first: u64, payments: &[Disbursement<CheckPayee>]) -> String {
        register("run-1", day(), first, payments).err().map(|refused| refused.why.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_register_has_what_is_printed_on_each_check() {
        let made =
            register("run-1", day(), 1_001, &[payment(1, 7_570_000, "Jane Doe"), payment(2, 5, "O'Brien & Sons")])
                .expect("a register");
        assert_eq!(
            String::from_utf8_lossy(made.file.bytes()).lines().nth(1),
            Some(
                "1001,2026-11-24,Jane Doe,75700.00,USD,seventy-five thousand seven hundred and 00/100 USD,November,\
                 pay_00000000000000000000000007USD000001,\"1 Main St, Apt 4\",,Springfield,IL,62701,US"
            )
        );
        assert!(read_back(made.file.bytes(), b',').iter().all(|row| row.len() == HEADER.len()));
        assert_eq!(
            made.checks[1],
            SentCheck { payout: payout(2, Currency::USD), number: 1_002, amount: Money::from_minor(5, Currency::USD) }
        );
        assert_eq!((made.next_number, made.file.totals.count), (1_003, 2));
        assert_eq!(made.file.totals.sum, Money::from_minor(7_570_005, Currency::USD));
    }

    #[test]
    fn what_cannot_be_on_a_check_refuses_the_register_by_name() {
        let one = payment(1, 5, "Jane");
        assert_eq!(word(1, &[]), "there is no payment");
        assert_eq!(word(0, std::slice::from_ref(&one)), "the first check's number must be 1 to ten digits");
        assert_eq!(word(u64::MAX, std::slice::from_ref(&one)), "the first check's number must be 1 to ten digits");
        assert_eq!(word(1, &[payment(1, 5, " ")]), "the name on the check is missing");
        assert_eq!(
            word(1, &[payment(1, 5, "=1")]),
            "the name on the check begins like a formula, which a spreadsheet would run"
        );
        assert_eq!(word(1, &[payment(1, 5, &"x".repeat(71))]), "the name on the check has 71 characters; 70 at most");
        let mut nowhere = one;
        nowhere.payee.address.city = String::new();
        assert_eq!(word(1, &[nowhere]), "the city is missing");
    }

    #[test]
    fn a_payee_is_made_of_the_details_of_a_method_of_this_rail_only() {
        let one = payment(1, 5, "Jane").payee;
        let destination = Destination::Check { payable_to: "Jane".to_owned(), address: one.address.clone() };
        assert_eq!(CheckPayee::try_from(&destination), Ok(one));
        let other = Destination::Paypal { email: "a@x.example".to_owned() };
        assert!(CheckPayee::try_from(&other).is_err());
    }
}
