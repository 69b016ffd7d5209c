//! A dispute tells its own state: whatever event carries it, the status says how far it is.

use domain::fact::{Dispute, DisputePhase, Fact};
use domain::time::Timestamp;

use super::{Untranslatable, amount, key, optional_key};
use crate::fields::Fields;

/// The fact of a dispute's event.
pub(super) fn fact(dispute: &Fields<'_>, event_at: Timestamp) -> Result<Fact, Untranslatable> {
    let currency = amount::currency(dispute)?;
    let payment = match optional_key(dispute, "payment_intent")? {
        Some(intent) => Some(intent),
        None => optional_key(dispute, "charge")?,
    };
    Ok(Fact::Dispute(Dispute {
        dispute: key(dispute, "id", dispute.text("id")?)?,
        payment: payment.ok_or_else(|| dispute.expected("payment_intent", "an id of a payment or a charge"))?,
        amount: amount::required(dispute, "amount", currency)?,
        phase: phase(dispute)?,
        evidence_due: evidence_due(dispute)?,
        occurred_at: event_at,
    }))
}

/// LED-5: an inquiry moved no money, whatever became of it; one that was prevented never became a dispute.
fn phase(dispute: &Fields<'_>) -> Result<DisputePhase, Untranslatable> {
    match dispute.text("status")? {
        "warning_needs_response" | "warning_under_review" | "warning_closed" | "prevented" => Ok(DisputePhase::Inquiry),
        "needs_response" | "under_review" => Ok(DisputePhase::Opened),
        "won" => Ok(DisputePhase::Won),
        "lost" => Ok(DisputePhase::Lost),
        // A word that we do not know may mean money: a person must look.
        _ => Err(dispute.expected("status", "a status of a dispute")),
    }
}

/// The last moment for evidence; none for a dispute that takes none.
fn evidence_due(dispute: &Fields<'_>) -> Result<Option<Timestamp>, Untranslatable> {
    let Some(details) = dispute.optional_object("evidence_details") else { return Ok(None) };
    match details.optional_integer("due_by")? {
        None | Some(0) => Ok(None),
        Some(_) => details.time("due_by").map(Some),
    }
}
