//! What goes in and out, as published.

use std::collections::BTreeSet;

use cases::payouts::Leaves;
use domain::audit::AuditEntry;
use domain::currency::Currency;
use domain::money::AmountText;
use domain::payout::{Payout, PayoutState, payment_reference};
use domain::slot::Slot;
use domain::tax::Net;
use domain::time::Timestamp;
use edge::csv::Format;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A partner who has not said where to is paid by hand.
const BY_HAND: &str = "manual";
const TEXT_CHARS_MAX: usize = 1_000;
const REFERENCE_CHARS_MAX: usize = 140;

/// A payout that is not there yet: its lines are still being counted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountingView {
    /// How many lines are counted so far.
    pub(crate) lines_counted: u64,
}

/// A payout.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayoutView {
    /// Its id: the account and the payout's number there.
    id: String,
    /// Whose it is.
    partner_id: String,
    /// What leaves the balance, as a decimal string.
    #[schema(example = "250.50")]
    total_amount: String,
    /// ISO currency.
    #[schema(example = "USD")]
    currency: String,
    /// How many lines of commission it covers.
    commission_count: u64,
    /// The reference that it carries outward.
    #[schema(example = "PAY-2026-09-4RRFFQ-USD001")]
    payment_reference: String,
    /// How it is paid: the rail, or `manual`.
    payment_method: &'static str,
    /// The payout desk's word.
    #[schema(example = "pending_approval")]
    status: &'static str,
    /// The partner portal's word.
    #[schema(example = "pending")]
    portal_status: &'static str,
    /// The exact state.
    #[schema(example = "pending_approval")]
    state: &'static str,
    /// What approvals bind to: send it with the approval.
    seal: String,
    /// Who has approved it, oldest first.
    approvals: Vec<ApprovalView>,
    /// How many distinct people must approve it.
    approvals_needed: usize,
    /// How many of them are still missing.
    approvals_missing: usize,
    /// Who asked for it.
    requested_by: String,
    /// Where it goes: a method of the partner's; null: by hand, as finance knows how.
    payout_method_id: Option<String>,
    /// What is kept of the total as a fee; null until it is sent.
    #[schema(example = "0.00")]
    fee_amount: Option<String>,
    /// What is withheld of it for the tax office; null until it is sent.
    #[schema(example = "60.12")]
    withheld_amount: Option<String>,
    /// What leaves; null until it is sent.
    #[schema(example = "190.38")]
    net_amount: Option<String>,
    /// When it was sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    payout_date: Option<Timestamp>,
    /// The day on which it should arrive.
    #[schema(value_type = Option<String>, format = Date)]
    expected_arrival_date: Option<String>,
    /// When it arrived.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// It covers what matured after this day; null for the first payout of an account.
    #[schema(value_type = Option<String>, format = Date)]
    period_start: Option<String>,
    /// The last day it covers.
    #[schema(value_type = String, format = Date)]
    period_end: String,
    /// Why it was rejected or cancelled.
    notes: Option<String>,
    /// Why it failed.
    failure_reason: Option<String>,
    /// The reference that the sender or the bank gave it.
    external_payout_id: Option<String>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last moved.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// One person's approval.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalView {
    /// Who.
    by: String,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// The parts of a payout that depend on where it stands.
#[derive(Default)]
struct Told {
    sent_at: Option<Timestamp>,
    expected: Option<String>,
    completed_at: Option<Timestamp>,
    notes: Option<String>,
    failure: Option<String>,
    reference: Option<String>,
}

impl Told {
    fn of(state: &PayoutState) -> Self {
        match state.clone() {
            PayoutState::PendingApproval | PayoutState::Approved => Self::default(),
            PayoutState::Rejected { reason } | PayoutState::Cancelled { reason } => {
                Self { notes: Some(reason), ..Self::default() }
            }
            PayoutState::Submitted { sent_at, expected_arrival, reference } => Self {
                sent_at: Some(sent_at),
                expected: expected_arrival.map(|day| day.to_string()),
                reference: Some(reference),
                ..Self::default()
            },
            PayoutState::Paid { sent_at, completed_at, reference } => Self {
                sent_at: Some(sent_at),
                completed_at: Some(completed_at),
                reference: Some(reference),
                ..Self::default()
            },
            PayoutState::Failed { reason } => Self { failure: Some(reason), ..Self::default() },
            PayoutState::Submitting { since, .. } => Self { sent_at: Some(since), ..Self::default() },
            PayoutState::OutcomeUnknown { since, why, said, .. } => {
                let notes = said.map_or_else(|| why.clone(), |said| format!("{why}; {}", said.to_text()));
                Self { sent_at: Some(since), notes: Some(notes), ..Self::default() }
            }
            PayoutState::Returned { sent_at, completed_at, reference, reason, .. } => Self {
                sent_at: Some(sent_at),
                completed_at: Some(completed_at),
                reference: Some(reference),
                failure: Some(reason),
                ..Self::default()
            },
        }
    }
}

impl From<&Payout> for PayoutView {
    fn from(payout: &Payout) -> Self {
        let told = Told::of(&payout.state);
        let day = |slot: Slot| slot.day().to_string();
        let approvals = payout.approvals.iter().map(|approval| ApprovalView {
            by: approval.by.clone(),
            at: Timestamp::from_millisecond(approval.at_ms).ok(),
        });
        Self {
            id: payout.id.to_string(),
            partner_id: payout.partner.to_string(),
            total_amount: payout.amount.to_text(),
            currency: payout.amount.currency().to_string(),
            commission_count: payout.lines,
            payment_reference: payment_reference(&payout.id, payout.requested_at),
            payment_method: payout.terms.payee.as_ref().map_or(BY_HAND, |payee| payee.rail.word()),
            status: payout.state.desk_word(),
            portal_status: payout.state.portal_word(),
            state: payout.state.word(),
            seal: payout.seal.to_hex(),
            approvals: approvals.collect(),
            approvals_needed: payout.approvers(),
            approvals_missing: missing(payout),
            requested_by: payout.requested_by.id.clone(),
            payout_method_id: payout.terms.payee.as_ref().map(|payee| payee.method.to_string()),
            fee_amount: payout.net.map(|net| net.fee.to_text()),
            withheld_amount: payout.net.map(|net| net.withheld.to_text()),
            net_amount: payout.net.map(|net| net.net.to_text()),
            payout_date: told.sent_at,
            expected_arrival_date: told.expected,
            completed_at: told.completed_at,
            period_start: payout.from.map(day),
            period_end: day(payout.to),
            notes: told.notes,
            failure_reason: told.failure,
            external_payout_id: told.reference,
            created_at: payout.requested_at,
            updated_at: payout.moved_at,
        }
    }
}

/// How many approvals a payout that waits still needs.
fn missing(payout: &Payout) -> usize {
    let waits = matches!(payout.state, PayoutState::PendingApproval);
    let people: BTreeSet<&str> = payout.approvals.iter().map(|approval| approval.by.as_str()).collect();
    if waits { payout.approvers().saturating_sub(people.len()) } else { 0 }
}

/// A payout with what of it would leave now, and who may not say yes to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayoutDetail {
    #[serde(flatten)]
    payout: PayoutView,
    /// What would leave if it were sent now, as long as it is not; null where nothing would.
    would_leave: Option<LeavesView>,
    /// Why nothing would leave if it were sent now, as long as it is not; left out where something would.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_not_leave: Option<NotLeavingView>,
    /// Who may not approve it: who asked for it, and who changed of late where the partner's money goes. For the desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    may_not_approve: Option<Vec<String>>,
    /// PAY-4: the admins who may still say yes to it, while it waits for somebody. For the desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_approvers: Option<Vec<String>>,
}

/// Who may say yes to a payout and who may not, as the desk sees it.
#[derive(Debug, Default)]
pub(crate) struct Approvers {
    /// Who asked for it, and who changed of late where the money goes.
    pub(crate) barred: Vec<String>,
    /// Who may, and has not yet; none where it waits for nobody.
    pub(crate) pending: Option<Vec<String>>,
}

/// The parts of a payout.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeavesView {
    /// What is kept as a fee.
    #[schema(example = "0.00")]
    fee_amount: String,
    /// What is withheld for the tax office.
    #[schema(example = "60.12")]
    withheld_amount: String,
    /// What leaves.
    #[schema(example = "190.38")]
    net_amount: String,
}

/// Why nothing of a payout would leave: what its sending would be refused with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotLeavingView {
    /// `tax-form-missing`, `foreign-payee` or `nothing-left`; the end of the refusal's `type`.
    #[schema(example = "foreign-payee")]
    code: &'static str,
    /// In a sentence, with what can be done.
    detail: String,
}

impl NotLeavingView {
    /// None where something leaves.
    fn of(leaves: &Leaves) -> Option<Self> {
        let code = match leaves {
            Leaves::Parts(_) => return None,
            Leaves::NoTaxForm(_) => "tax-form-missing",
            Leaves::ForeignPayee => "foreign-payee",
            Leaves::Nothing => "nothing-left",
        };
        let refused = leaves.clone().parts().err()?;
        Some(Self { code, detail: refused.to_string() })
    }
}

impl From<Net> for LeavesView {
    fn from(net: Net) -> Self {
        let Net { fee, withheld, net } = net;
        Self { fee_amount: fee.to_text(), withheld_amount: withheld.to_text(), net_amount: net.to_text() }
    }
}

impl PayoutDetail {
    pub(crate) fn new(payout: &Payout, leaves: Option<Leaves>, approvers: Option<Approvers>) -> Self {
        let (may_not_approve, pending) = approvers.map(|of| (of.barred, of.pending)).unzip();
        let would_not_leave = leaves.as_ref().and_then(NotLeavingView::of);
        let would_leave = leaves.and_then(|leaves| leaves.parts().ok()).map(LeavesView::from);
        let (payout, pending_approvers) = (PayoutView::from(payout), pending.flatten());
        Self { payout, would_leave, would_not_leave, may_not_approve, pending_approvers }
    }
}

/// Which payouts are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The payout desk's word: `pending_approval`, `approved`, `rejected`, `cancelled`, `payment_sent`, `completed`,
    /// `payment_failed`.
    pub(crate) status: Option<String>,
    /// How many rows, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    pub(crate) cursor: Option<String>,
    /// How many to leave out first, up to 10,000, of the rows as they are now: what comes in between two pages moves them. A
    /// cursor is cheaper, and nothing moves it.
    #[param(maximum = 10000)]
    pub(crate) offset: Option<u32>,
    /// `csv` or `json`; so does the header `Accept`.
    pub(crate) format: Option<Format>,
}

/// A wish to be paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestBody {
    /// Whose balance; a partner may leave it out.
    pub(crate) partner_id: Option<String>,
    /// Which balance.
    #[schema(value_type = String, example = "USD")]
    pub(crate) currency: Currency,
    /// How much of what is available, as a decimal string; all of it where it is left out. The rest stays in the balance.
    #[schema(value_type = Option<String>, example = "190.38")]
    pub(crate) amount: Option<AmountText>,
}

/// An approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveBody {
    /// The `seal` of the payout that you saw; what differs from it is not approved.
    pub(crate) seal: String,
}

/// A reason that must be given.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RejectBody {
    /// Why; the partner reads it.
    #[garde(length(chars, min = 1, max = TEXT_CHARS_MAX), custom(plain))]
    pub(crate) reason: String,
}

/// A reason that may be given.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBody {
    /// Why.
    #[garde(inner(length(chars, min = 1, max = TEXT_CHARS_MAX), custom(plain)))]
    pub(crate) reason: Option<String>,
}

/// The money was sent.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkSentBody {
    /// When it was sent.
    #[garde(skip)]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) sent_at: Timestamp,
    /// The day on which it should arrive.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Date)]
    pub(crate) expected_arrival_date: Option<domain::time::BusinessDay>,
    /// The reference it was sent under.
    #[garde(length(chars, min = 1, max = REFERENCE_CHARS_MAX), custom(plain))]
    pub(crate) payment_reference: String,
    /// How much was sent. Where it is said it must be what leaves, fee and tax taken off; otherwise nothing is marked.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "190.38")]
    pub(crate) net_amount: Option<AmountText>,
}

/// The money arrived.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmBody {
    /// When it arrived.
    #[garde(skip)]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) completed_at: Timestamp,
    /// The bank's reference.
    #[garde(length(chars, min = 1, max = REFERENCE_CHARS_MAX), custom(plain))]
    pub(crate) payment_reference: String,
}

/// What became of a payout whose outcome the rail does not tell.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveBody {
    /// Did the money arrive?
    #[garde(skip)]
    pub(crate) outcome: OutcomeWord,
    /// When it arrived; with `paid` alone.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) completed_at: Option<Timestamp>,
    /// The rail's reference of it (`tr_…`); with `paid` alone.
    #[garde(inner(length(chars, min = 1, max = REFERENCE_CHARS_MAX), custom(plain)))]
    pub(crate) payment_reference: Option<String>,
    /// How it is known that it did not; with `not_paid` alone.
    #[garde(inner(length(chars, min = 1, max = TEXT_CHARS_MAX), custom(plain)))]
    pub(crate) reason: Option<String>,
}

/// Did the money arrive?
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeWord {
    /// It did.
    Paid,
    /// It did not, and will not.
    NotPaid,
}

/// The payment will not arrive.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailBody {
    /// Why; the money goes back to the balance.
    #[garde(length(chars, min = 1, max = TEXT_CHARS_MAX), custom(plain))]
    pub(crate) failure_reason: String,
}

/// Text for people: something to read, and nothing that steers a terminal or a spreadsheet.
pub(super) fn plain(text: &str, _: &()) -> garde::Result {
    if text.trim().is_empty() || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(garde::Error::new("must be readable text"));
    }
    Ok(())
}

/// A link to a receipt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    /// The PDF; the link works for whoever holds it until it expires.
    pub(crate) url: String,
    /// For how many seconds.
    pub(crate) expires_in_s: u64,
    /// SHA-256 of the file, in hex.
    pub(crate) sha256: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) made_at: Timestamp,
}

/// The audit trail of a payout, oldest entry first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditView {
    /// Every entry, chained to the one before by its hash.
    #[schema(value_type = Vec<Object>)]
    pub(crate) data: Vec<AuditEntry>,
    /// Whether every hash fits.
    pub(crate) intact: bool,
    /// Null: the whole trail is on this page.
    pub(crate) next_cursor: Option<String>,
}
