//! What a partner is told at each step of a payout, in words. The steps that nobody hears of are not here.

use domain::money::Money;
use domain::payout::{Payout, PayoutState, payment_reference};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What happened, as the notice names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A payout was asked for and waits for approval.
    PayoutRequested,
    /// It was approved.
    PayoutApproved,
    /// It was handed over to be paid.
    PayoutSent,
    /// It was rejected.
    PayoutRejected,
    /// It was taken back before it was approved.
    PayoutCancelled,
    /// The payment failed.
    PayoutFailed,
    /// It was paid, and the money came back.
    PayoutReturned,
    /// It was paid, and its receipt is ready.
    ReceiptReady,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::PayoutRequested,
        Self::PayoutApproved,
        Self::PayoutSent,
        Self::PayoutRejected,
        Self::PayoutCancelled,
        Self::PayoutFailed,
        Self::PayoutReturned,
        Self::ReceiptReady,
    ];

    /// Reads the word of a notice; `None` for one that no mail is written for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The word of a notice.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PayoutRequested => "payout_requested",
            Self::PayoutApproved => "payout_approved",
            Self::PayoutSent => "payout_sent",
            Self::PayoutRejected => "payout_rejected",
            Self::PayoutCancelled => "payout_cancelled",
            Self::PayoutFailed => "payout_failed",
            Self::PayoutReturned => "payout_returned",
            Self::ReceiptReady => "receipt_ready",
        }
    }

    /// Has money left by it? Before that, and where it never went, the whole amount is told.
    fn is_of_what_left(self) -> bool {
        matches!(self, Self::PayoutSent | Self::PayoutReturned | Self::ReceiptReady)
    }

    /// Is it told why?
    fn has_reason(self) -> bool {
        matches!(self, Self::PayoutRejected | Self::PayoutCancelled | Self::PayoutFailed | Self::PayoutReturned)
    }
}

/// The payout that the news is about.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The number that people quote.
    pub number: String,
    /// The payout's id.
    pub payout: String,
    /// How much.
    pub amount: Money,
    /// When it happened.
    pub at: Timestamp,
    /// Why, where a person or a bank gave a reason.
    pub reason: Option<String>,
    /// The reference of the payment, once there is one.
    pub payment_reference: Option<String>,
    /// In whose name the mail is written.
    pub issuer: String,
}

impl Subject {
    /// What a notice of this kind needs to know of a payout, which may have moved on since.
    #[must_use]
    pub fn of(kind: Kind, payout: &Payout, issuer: String) -> Self {
        let (reason, payment_reference_given) = match &payout.state {
            PayoutState::Rejected { reason } | PayoutState::Cancelled { reason } | PayoutState::Failed { reason } => {
                (Some(reason.clone()), None)
            }
            PayoutState::Returned { reason, reference, .. } => (Some(reason.clone()), Some(reference.clone())),
            PayoutState::Paid { reference, .. } => (None, Some(reference.clone())),
            _ => (None, None),
        };
        Self {
            number: payment_reference(&payout.id, payout.requested_at),
            payout: payout.id.to_string(),
            // PAY-13: what is told to be sent, to be paid or to have come back is what left.
            amount: payout.net.filter(|_| kind.is_of_what_left()).map_or(payout.amount, |net| net.net),
            at: happened_at(kind, payout),
            reason,
            payment_reference: payment_reference_given,
            issuer,
        }
    }
}

/// The instant of the step itself: a mail that is written late, or twice, bears the same date.
fn happened_at(kind: Kind, payout: &Payout) -> Timestamp {
    let last_approval_ms = payout.approvals.last().map(|approval| approval.at_ms);
    match (kind, &payout.state) {
        (Kind::PayoutRequested, _) => payout.requested_at,
        (Kind::PayoutApproved, _) => {
            last_approval_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(payout.requested_at)
        }
        (
            Kind::PayoutSent,
            PayoutState::Submitted { sent_at, .. }
            | PayoutState::Paid { sent_at, .. }
            | PayoutState::Returned { sent_at, .. },
        ) => *sent_at,
        (Kind::ReceiptReady, PayoutState::Paid { completed_at, .. } | PayoutState::Returned { completed_at, .. }) => {
            *completed_at
        }
        _ => payout.moved_at,
    }
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// In whose name.
    pub issuer: String,
    /// The subject line.
    pub subject: String,
    /// The first sentence.
    pub lead: String,
    /// The sentences after it.
    pub more: Vec<String>,
    /// The figures.
    pub rows: Vec<Row>,
}

/// A figure with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub label: &'static str,
    /// The figure.
    pub value: String,
}

impl News {
    /// The words for what happened.
    #[must_use]
    pub fn of(kind: Kind, subject: &Subject) -> Self {
        let amount = amount_text(subject.amount);
        let (title, lead, more) = words(kind, &amount);
        let mut more: Vec<String> = more.into_iter().map(str::to_owned).collect();
        if let Some(reason) = subject.reason.as_ref().filter(|_| kind.has_reason()) {
            more.insert(0, format!("The reason given: {reason}"));
        }
        Self {
            issuer: subject.issuer.clone(),
            subject: format!("{title}: {amount}"),
            lead,
            more,
            rows: rows(kind, subject, amount),
        }
    }
}

fn words(kind: Kind, amount: &str) -> (&'static str, String, Vec<&'static str>) {
    match kind {
        Kind::PayoutRequested => (
            "Payout requested",
            format!("Your payout of {amount} was requested."),
            vec!["It is waiting for approval. You will hear from us once that is decided."],
        ),
        Kind::PayoutApproved => (
            "Payout approved",
            format!("Your payout of {amount} was approved."),
            vec!["It will be sent next. A receipt follows when it is paid."],
        ),
        // PAY-8: handed over is not yet paid, and neither is what is in a bank's file.
        Kind::PayoutSent => (
            "Payout on its way",
            format!("Your payout of {amount} was handed over for payment."),
            vec!["A receipt follows when it is confirmed that it was paid."],
        ),
        Kind::PayoutRejected => (
            "Payout not approved",
            format!("Your payout of {amount} was not approved."),
            vec!["The amount is back in your available balance."],
        ),
        Kind::PayoutCancelled => (
            "Payout cancelled",
            format!("Your payout of {amount} was cancelled before it was approved."),
            vec!["The amount is back in your balance."],
        ),
        Kind::PayoutFailed => (
            "Payout failed",
            format!("The payment of {amount} did not go through."),
            vec!["The amount is back in your available balance."],
        ),
        // PAY-9: what came back is held until a person has looked at it.
        Kind::PayoutReturned => (
            "Payout came back",
            format!("The payment of {amount} came back after it was paid."),
            vec![
                "The amount is yours and is held until we have looked at it.",
                "Please check where your payouts go, so that it can be paid again.",
            ],
        ),
        Kind::ReceiptReady => {
            ("Payout paid", format!("Your payout of {amount} was paid."), vec!["The receipt is attached."])
        }
    }
}

fn rows(kind: Kind, subject: &Subject, amount: String) -> Vec<Row> {
    let mut rows = vec![
        Row { label: "Amount", value: amount },
        Row { label: "Payout", value: subject.number.clone() },
        Row { label: "Payout ID", value: subject.payout.clone() },
        Row { label: if kind == Kind::ReceiptReady { "Paid on" } else { "Date" }, value: day_text(subject.at) },
    ];
    if let (Kind::ReceiptReady, Some(reference)) = (kind, &subject.payment_reference) {
        rows.push(Row { label: "Payment reference", value: reference.clone() });
    }
    rows
}

/// "USD 1,250.50": grouped for the eye, never computed with.
pub(crate) fn amount_text(amount: Money) -> String {
    let text = amount.to_text();
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::with_capacity(text.len() + 8);
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{} {grouped}{fraction}", amount.currency())
}

pub(crate) fn day_text(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y (UTC)").to_string()
}
