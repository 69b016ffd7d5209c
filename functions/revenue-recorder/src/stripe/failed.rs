//! A payment that was asked for and did not come; or one that nobody asks for any more.

use domain::fact::Fact;
use domain::subscription::{FailedPayment, FailedStanding};
use domain::time::Timestamp;

use super::{Untranslatable, amount, key, optional_key};
use crate::fields::Fields;

/// The fact of an invoice that was not paid: by the key that its sale would have.
pub(super) fn invoice(
    invoice: &Fields<'_>,
    standing: FailedStanding,
    at: Timestamp,
) -> Result<Vec<Fact>, Untranslatable> {
    let currency = amount::currency(invoice)?;
    let attempts = invoice.optional_integer("attempt_count")?.unwrap_or(0);
    let subscription = super::invoice::subscription(invoice)?.map(|id| key(invoice, "subscription", id)).transpose()?;
    // What is left to pay: a part may have been paid from the customer's balance.
    let due = match invoice.optional_integer("amount_remaining")? {
        Some(remaining) => remaining,
        None => invoice.integer("amount_due")?,
    };
    let error = invoice.optional_object("last_finalization_error");
    Ok(vec![Fact::PaymentFailed(FailedPayment {
        payment: key(invoice, "id", invoice.text("id")?)?,
        customer: optional_key(invoice, "customer")?,
        subscription,
        amount: amount::checked(invoice, "amount_due", due.max(0), currency)?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        next_attempt_at: invoice.optional_time("next_payment_attempt")?,
        standing,
        reason: error.and_then(|error| error.optional_text("code")).map(str::to_owned),
        told_at: at,
    })])
}

/// The fact of a check-out whose bank debit failed: nothing was sold. One without a payment says nothing.
pub(super) fn checkout(session: &Fields<'_>, at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let Some(payment) = optional_key(session, "payment_intent")? else { return Ok(Vec::new()) };
    let currency = amount::currency(session)?;
    Ok(vec![Fact::PaymentFailed(FailedPayment {
        payment,
        customer: optional_key(session, "customer")?,
        subscription: optional_key(session, "subscription")?,
        amount: amount::required(session, "amount_total", currency)?,
        attempts: 1,
        next_attempt_at: None,
        standing: FailedStanding::Open,
        reason: None,
        told_at: at,
    })])
}
