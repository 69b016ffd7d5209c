//! What the page is given: every figure already in the words that a person reads.

use serde::Serialize;

use super::Instructions;
use crate::words::{Row, amount_text, clean, day_text, lines_of, rows, seal_text, utc_day};

#[derive(Serialize)]
pub(super) struct Face {
    number: String,
    issuer: String,
    amount: String,
    made_on: Day,
    deed: String,
    details: Vec<Pair>,
    payment: Vec<Pair>,
    rows: Vec<Row>,
    warning: &'static str,
    note: String,
}

#[derive(Serialize)]
struct Day {
    year: i16,
    month: i8,
    day: i8,
    text: String,
}

#[derive(Serialize)]
struct Pair {
    label: String,
    /// At least one.
    lines: Vec<String>,
}

/// PAY-10: paper in a hand is not money on its way.
const WARNING: &str = "Nothing is paid by this page. Say that the payment was sent, and confirm it by the bank's reference: \
                       until then the payout is not paid. Pay by it once, and only while the payout is approved.";

impl Face {
    pub(super) fn of(page: &Instructions) -> Self {
        let made_on = utc_day(page.asked_at);
        let details = page.details.iter();
        Self {
            number: clean(&page.number),
            issuer: clean(&page.issuer),
            amount: amount_text(&page.net, &page.currency),
            made_on: Day { year: made_on.year(), month: made_on.month(), day: made_on.day(), text: day_text(made_on) },
            deed: clean(&page.deed),
            details: details.map(|(label, value)| Pair { label: clean(label), lines: lines_of(value) }).collect(),
            payment: payment(page),
            rows: rows(&page.covered, &page.gross, &page.kept, &page.currency),
            warning: WARNING,
            note: note(page),
        }
    }
}

fn pair(label: &str, value: &str) -> Pair {
    Pair { label: label.to_owned(), lines: vec![clean(value)] }
}

fn payment(page: &Instructions) -> Vec<Pair> {
    let name = page.payee.name.as_deref().map(|name| pair("Partner", name));
    let rows = [
        pair("Payer", &page.issuer),
        pair("Partner ID", &page.payee.id),
        pair("Payout ID", &page.payout),
        pair("Reference", &page.reference),
        pair("Method", &page.method),
        pair("Date", &day_text(utc_day(page.asked_at))),
    ];
    name.into_iter().chain(rows).collect()
}

fn note(page: &Instructions) -> String {
    format!(
        "The payout carries the seal {}, which binds it to the entries that it covers and to where it goes. \
         Dates are in UTC.",
        seal_text(&page.seal)
    )
}
