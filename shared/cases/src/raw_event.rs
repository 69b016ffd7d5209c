//! A provider's event as it came, made small: webhook-ingest packs the raw bytes, revenue-recorder unpacks them.
//!
//! zstd with a dictionary of the provider's field names, so that a typical event of 3 to 8 KB, sealed, stays within
//! the one kilobyte that DynamoDB counts as one write unit.

use std::io;
use std::sync::LazyLock;

use domain::provider::Provider;
use thiserror::Error;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::EncoderDictionary;

/// The largest event that is accepted.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// The most that an event may be once it is packed: an item holds 400 KB, and JSON of a megabyte packs far below it.
pub const PACKED_BYTES_MAX: usize = 380 * 1024;

/// Whose data key seals raw events: the tenant's own, one for all of them, so that KMS is asked once in a while only.
pub const SEALED_SUBJECT: &str = "raw_events";
/// The name of the sealed field.
pub const SEALED_FIELD: &str = "body";

/// Where it stops paying: higher levels cost many times the work for a fiftieth of the size.
const LEVEL: i32 = 9;

/// The dictionaries, by the first byte of what they packed. A published one never changes, or what it packed is lost:
/// a better one gets the next number.
const STRIPE_V1: (u8, &[u8]) = (1, include_bytes!("raw_event/stripe-v1.dictionary"));
/// What the first knows, and disputes, subscriptions, discounts and prorations.
const STRIPE_V2: (u8, &[u8]) = (2, include_bytes!("raw_event/stripe-v2.dictionary"));
/// Every one that something stored may have been packed with; the last is the one that packs.
const DICTIONARIES: [(u8, &[u8]); 2] = [STRIPE_V1, STRIPE_V2];

/// Digested once a process: doing it for each event would cost more than the event itself.
static STRIPE_V2_DIGESTED: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(STRIPE_V2.1, LEVEL));

/// Why an event cannot be packed or unpacked.
#[derive(Debug, Error)]
pub enum RawEventError {
    /// Larger than [`EVENT_BYTES_MAX`], or than [`PACKED_BYTES_MAX`] when packed.
    #[error("raw event larger than {EVENT_BYTES_MAX} bytes, or than {PACKED_BYTES_MAX} when packed")]
    TooLarge,
    /// Packed with a dictionary that this build does not have.
    #[error("raw event packed with unknown dictionary {number}")]
    UnknownDictionary {
        /// The number found.
        number: u8,
    },
    /// No packed event at all.
    #[error("raw event is empty")]
    Empty,
    /// The compressor refused.
    #[error("packing or unpacking a raw event")]
    Codec {
        /// What it said.
        #[source]
        source: io::Error,
    },
}

/// The raw bytes of an event, packed.
///
/// # Errors
/// Too large, or the compressor refused.
pub fn pack(raw: &[u8]) -> Result<Vec<u8>, RawEventError> {
    if raw.len() > EVENT_BYTES_MAX {
        return Err(RawEventError::TooLarge);
    }
    let (number, _) = STRIPE_V2;
    let mut compressor = Compressor::with_prepared_dictionary(&STRIPE_V2_DIGESTED).map_err(codec)?;
    let packed = compressor.compress(raw).map_err(codec)?;
    if packed.len() > PACKED_BYTES_MAX {
        return Err(RawEventError::TooLarge);
    }
    Ok([&[number], packed.as_slice()].concat())
}

/// The raw bytes of a packed event, exactly as they came.
///
/// # Errors
/// Not a packed event, or one that would unpack beyond [`EVENT_BYTES_MAX`].
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, RawEventError> {
    let (number, packed) = packed.split_first().ok_or(RawEventError::Empty)?;
    let Some((_, dictionary)) = DICTIONARIES.into_iter().find(|(known, _)| known == number) else {
        return Err(RawEventError::UnknownDictionary { number: *number });
    };
    let mut decompressor = Decompressor::with_dictionary(dictionary).map_err(codec)?;
    decompressor.decompress(packed, EVENT_BYTES_MAX).map_err(codec)
}

/// Is an event of this type one that revenue-recorder acts on? All others are stored and go no further.
#[must_use]
pub fn is_acted_on(provider: &str, kind: &str) -> bool {
    let types = match Provider::parse(provider) {
        Some(Provider::Stripe) => STRIPE_TYPES,
        Some(Provider::LemonSqueezy) => LEMON_SQUEEZY_TYPES,
        Some(Provider::Standard | Provider::Track) => FACT_TYPES,
        None => &[],
    };
    types.contains(&kind)
}

/// Stripe's types that state facts. An endpoint must subscribe to them all: refunds come by `refund.*`, because a new
/// `charge.refunded` names no refund. `checkout.session.expired` is not among them: nothing was paid and nothing failed, and whoever
/// only looked at a check-out is no customer yet. It is stored, and the inbound log says `stored`.
pub const STRIPE_TYPES: &[&str] = &[
    "account.updated",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refund.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "customer.created",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "customer.updated",
    "identity.verification_session.canceled",
    "identity.verification_session.created",
    "identity.verification_session.processing",
    "identity.verification_session.requires_input",
    "identity.verification_session.verified",
    "invoice.marked_uncollectible",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.voided",
    "invoice_payment.paid",
    "payment_method.attached",
    "payout.canceled",
    "payout.created",
    "payout.failed",
    "payout.paid",
    "payout.reconciliation_completed",
    "payout.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "transfer.created",
    "transfer.reversed",
    "transfer.updated",
];

/// All of Lemon Squeezy's events.
pub const LEMON_SQUEEZY_TYPES: &[&str] = &[
    "affiliate_activated",
    "license_key_created",
    "license_key_updated",
    "order_created",
    "order_refunded",
    "subscription_cancelled",
    "subscription_created",
    "subscription_expired",
    "subscription_paused",
    "subscription_payment_failed",
    "subscription_payment_recovered",
    "subscription_payment_refunded",
    "subscription_payment_success",
    "subscription_plan_changed",
    "subscription_resumed",
    "subscription_unpaused",
    "subscription_updated",
];

/// The facts that whoever speaks our own words may tell.
pub const FACT_TYPES: &[&str] =
    &["customer_seen", "dispute", "lead", "payment_alias", "refund", "sale_paid", "sign_up", "subscription_changed"];

fn codec(source: io::Error) -> RawEventError {
    RawEventError::Codec { source }
}

#[cfg(test)]
mod tests;
