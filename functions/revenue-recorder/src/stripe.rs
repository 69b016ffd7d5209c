//! Stripe's events in the product's own words. Pure: an event in, canonical facts out.
//!
//! Stripe's objects differ by the API version of the account, and one consumer meets old and new at once: each reader
//! here accepts the shapes before and after `2025-03-31.basil` and ignores what it does not know.

mod amount;
mod buyer;
mod checkout;
mod dispute;
mod failed;
mod invoice;
mod lines;
mod objects;
mod refund;
mod subscription;
mod traits;

use domain::fact::{Fact, PaymentKey};
use domain::provider::Provider;
use domain::subscription::FailedStanding;
use domain::time::Timestamp;
use serde_json::Value;

use crate::fields::Fields;
pub use crate::fields::Untranslatable;

/// The facts that an event states: none for a type that is not acted on.
///
/// # Errors
/// The event is of a type that is acted on, and cannot be read.
pub fn translate(event: &Value) -> Result<Vec<Fact>, Untranslatable> {
    let envelope = Fields::of(event);
    let object = envelope.object("data")?.object("object")?;
    let at = envelope.time("created")?;
    match envelope.text("type")? {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => checkout::facts(&object, at),
        "invoice.paid" => invoice::paid(&object, at),
        "invoice_payment.paid" => invoice::payment(&object),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => Ok(vec![dispute::fact(&object, at)?]),
        "customer.subscription.created"
        | "customer.subscription.updated"
        | "customer.subscription.deleted"
        | "customer.subscription.paused"
        | "customer.subscription.resumed"
        | "customer.subscription.trial_will_end" => subscription::facts(&object, at),
        "invoice.payment_failed" => failed::invoice(&object, FailedStanding::Open, at),
        "invoice.voided" => failed::invoice(&object, FailedStanding::Voided, at),
        "invoice.marked_uncollectible" => failed::invoice(&object, FailedStanding::Uncollectible, at),
        "checkout.session.async_payment_failed" => failed::checkout(&object, at),
        "customer.created" | "customer.updated" => objects::customer(&object, false, at),
        "customer.deleted" => objects::customer(&object, true, at),
        "payment_method.attached" => objects::payment_method(&object, at),
        "transfer.created" | "transfer.reversed" | "transfer.updated" => objects::transfer(&object, at),
        "payout.created"
        | "payout.updated"
        | "payout.paid"
        | "payout.failed"
        | "payout.canceled"
        | "payout.reconciliation_completed" => objects::payout(&object, envelope.optional_text("account"), at),
        "account.updated" => objects::account(&object, at),
        "identity.verification_session.created"
        | "identity.verification_session.processing"
        | "identity.verification_session.requires_input"
        | "identity.verification_session.verified"
        | "identity.verification_session.canceled" => objects::identity(&object, at),
        "charge.refunded" => refund::of_charge(&object, at),
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            Ok(refund::fact(&object, at)?.into_iter().collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// A key of Stripe's: its ids are unique across kinds and accounts of one mode.
fn key(fields: &Fields<'_>, name: &str, id: &str) -> Result<PaymentKey, Untranslatable> {
    fields.key_of(Provider::Stripe, name, id)
}

/// The key behind a field that holds an id, an expanded object, or nothing.
fn optional_key(fields: &Fields<'_>, name: &str) -> Result<Option<PaymentKey>, Untranslatable> {
    fields.reference(name)?.map(|id| key(fields, name, id)).transpose()
}

/// The key behind a field that must hold an id or an expanded object.
fn required_key(fields: &Fields<'_>, name: &str) -> Result<PaymentKey, Untranslatable> {
    optional_key(fields, name)?.ok_or_else(|| fields.expected(name, "an id"))
}

/// A click token as the merchant passed it on: unverified, but never longer than Stripe lets it be.
fn click_token(text: Option<&str>) -> Option<String> {
    const CHARS_MAX: usize = 200;
    text.filter(|text| !text.is_empty() && text.len() <= CHARS_MAX).map(str::to_owned)
}

/// The token that the merchant left in metadata, under the name that our redirect gives it.
fn token_in_metadata(fields: &Fields<'_>) -> Option<String> {
    click_token(fields.optional_object("metadata").and_then(|metadata| metadata.optional_text("trb")))
}

/// The instant, or the event's own when the object does not say.
fn time_or(fields: &Fields<'_>, name: &str, otherwise: Timestamp) -> Result<Timestamp, Untranslatable> {
    if fields.has(name) { fields.time(name) } else { Ok(otherwise) }
}

#[cfg(test)]
mod tests;
