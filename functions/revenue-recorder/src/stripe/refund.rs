//! Money that went back. A refund is known by its own id, so that `refund.created`, `refund.updated` and the list in
//! an old `charge.refunded` are one refund.

use domain::fact::{Fact, Refund};
use domain::time::Timestamp;

use super::{Untranslatable, amount, key, optional_key, time_or};
use crate::fields::Fields;

/// The fact of one refund; none while it is under way.
///
/// A refund that succeeded may still fail later, and the two events may come in either order: a failed one says zero,
/// and for one refund id zero is the last word.
pub(super) fn fact(refund: &Fields<'_>, event_at: Timestamp) -> Result<Option<Fact>, Untranslatable> {
    let currency = amount::currency(refund)?;
    let amount = amount::required(refund, "amount", currency)?;
    // Accounts before 2018 do not say: their refunds were made at once.
    let (amount, occurred_at) = match refund.optional_text("status") {
        Some("succeeded") | None => (amount, time_or(refund, "created", event_at)?),
        Some("failed" | "canceled") => (domain::money::Money::zero(currency), event_at),
        Some(_) => return Ok(None),
    };
    let payment = match optional_key(refund, "payment_intent")? {
        Some(intent) => Some(intent),
        None => optional_key(refund, "charge")?,
    };
    Ok(Some(Fact::Refund(Refund {
        refund: key(refund, "id", refund.text("id")?)?,
        payment: payment.ok_or_else(|| refund.expected("payment_intent", "an id of a payment or a charge"))?,
        amount,
        item: None,
        is_running_total: false,
        occurred_at,
    })))
}

/// The refunds that an old `charge.refunded` lists. The new one gives a running total and no ids: the same money comes
/// with `refund.created`, and counted here too it would be taken twice.
pub(super) fn of_charge(charge: &Fields<'_>, event_at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let Some(refunds) = charge.optional_object("refunds") else { return Ok(Vec::new()) };
    let mut facts = Vec::new();
    for refund in refunds.list("data") {
        facts.extend(fact(&refund, event_at)?);
    }
    Ok(facts)
}
