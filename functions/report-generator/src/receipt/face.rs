//! What the page is given: every figure already in the words that a person reads.

use serde::Serialize;

use super::Receipt;
use crate::words::{Row, amount_text, clean, day_text, rows, seal_text, utc_day};

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
            rows: rows(&receipt.covered, &receipt.gross, &receipt.kept, &receipt.currency),
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

fn note(receipt: &Receipt) -> String {
    format!(
        "This receipt was made from the ledger when the payment was confirmed. The payout carries the seal {}, \
         which binds it to the entries that it covers. Payment dates are in UTC.",
        seal_text(&receipt.seal)
    )
}
