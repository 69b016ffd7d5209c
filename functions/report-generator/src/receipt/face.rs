//! What the page is given: every figure already in the words that a person reads.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Covered, Receipt};

/// A name longer than this is cut: the page is one page, whatever it is given.
const TEXT_LEN_MAX: usize = 120;
const SEAL_LEN: usize = 16;

#[derive(Serialize)]
pub(super) struct Face {
    reference: String,
    issuer: String,
    amount: String,
    paid_on: PaidOn,
    payee: Vec<Pair>,
    payment: Vec<Pair>,
    rows: Vec<Row>,
    note: String,
}

#[derive(Serialize)]
struct PaidOn {
    year: i16,
    month: i8,
    day: i8,
    text: String,
}

#[derive(Serialize)]
struct Pair {
    label: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Row {
    description: String,
    entries: String,
    amount: String,
}

impl Face {
    pub(super) fn of(receipt: &Receipt) -> Self {
        let paid_on = utc_day(receipt.completed_at);
        let amount = amount_text(&receipt.amount, &receipt.currency);
        Self {
            reference: clean(&receipt.number),
            issuer: clean(&receipt.issuer),
            paid_on: PaidOn {
                year: paid_on.year(),
                month: paid_on.month(),
                day: paid_on.day(),
                text: day_text(paid_on),
            },
            payee: payee(receipt),
            payment: payment(receipt),
            rows: rows(receipt),
            note: note(receipt),
            amount,
        }
    }
}

fn payee(receipt: &Receipt) -> Vec<Pair> {
    let name = receipt.payee.name.as_deref().map(|name| Pair { label: "Partner", value: clean(name) });
    let id = Pair { label: "Partner ID", value: clean(&receipt.payee.id) };
    name.into_iter().chain([id]).collect()
}

fn payment(receipt: &Receipt) -> Vec<Pair> {
    let mut rows = vec![
        Pair { label: "Payout ID", value: clean(&receipt.payout) },
        Pair { label: "Method", value: clean(&receipt.method) },
    ];
    if let Some(reference) = &receipt.payment_reference {
        rows.push(Pair { label: "Payment reference", value: clean(reference) });
    }
    rows.push(Pair { label: "Requested on", value: day_text(utc_day(receipt.requested_at)) });
    rows.push(Pair { label: "Paid on", value: day_text(utc_day(receipt.completed_at)) });
    rows
}

/// PAY-13: what was earned, and what was kept of it; what is left is the total.
fn rows(receipt: &Receipt) -> Vec<Row> {
    let earned = Row {
        description: description(&receipt.covered),
        entries: grouped(&receipt.covered.lines.to_string()),
        amount: amount_text(&receipt.gross, &receipt.currency),
    };
    let kept = receipt.kept.iter().map(|kept| Row {
        description: kept.why.to_owned(),
        entries: String::new(),
        amount: amount_text(&format!("-{}", kept.amount), &receipt.currency),
    });
    [earned].into_iter().chain(kept).collect()
}

fn description(covered: &Covered) -> String {
    match (covered.first_day, covered.last_day) {
        (Some(first), Some(last)) if first == last => format!("Commission available on {}", day_text(first)),
        (Some(first), Some(last)) => format!("Commission available {} to {}", day_text(first), day_text(last)),
        (None, Some(last)) => format!("Commission available up to {}", day_text(last)),
        (_, None) => "Commission".to_owned(),
    }
}

fn note(receipt: &Receipt) -> String {
    let seal: String = receipt.seal.chars().take(SEAL_LEN).collect();
    format!(
        "This receipt was made from the ledger when the payment was confirmed. The payout carries the seal {}, \
         which binds it to the entries that it covers. Payment dates are in UTC.",
        clean(&seal)
    )
}

/// "USD 1,250.50" from "1250.50": the text is grouped, never computed with.
fn amount_text(amount: &str, currency: &str) -> String {
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |rest| ("\u{2212}", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    format!("{currency} {sign}{}{fraction}", grouped(whole))
}

fn grouped(digits: &str) -> String {
    let count = digits.chars().count();
    let mut text = String::with_capacity(count + count / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (count - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn utc_day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn day_text(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// One line of plain text: control characters and the marks that turn the direction of text are
/// dropped, as they could make a name look like another.
fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() && !is_direction_mark(*c)).collect();
    let line = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= TEXT_LEN_MAX {
        return line;
    }
    line.chars().take(TEXT_LEN_MAX - 1).chain(['…']).collect()
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
