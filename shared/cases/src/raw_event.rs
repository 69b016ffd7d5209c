//! A provider's event as it came, made small: webhook-ingest packs the raw bytes, revenue-recorder unpacks them.
//!
//! zstd with a dictionary of the provider's field names, so that a typical event of 3 to 8 KB, sealed, stays within
//! the one kilobyte that DynamoDB counts as one write unit.

use std::io;
use std::sync::LazyLock;

use thiserror::Error;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::EncoderDictionary;

/// The largest event that is accepted, packed or not.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

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
    /// Larger than [`EVENT_BYTES_MAX`].
    #[error("raw event larger than {EVENT_BYTES_MAX} bytes")]
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
    provider == "stripe" && STRIPE_TYPES.contains(&kind)
}

/// Stripe's types that state facts. An endpoint must subscribe to them all: refunds come by `refund.*`, because a new
/// `charge.refunded` names no refund.
pub const STRIPE_TYPES: &[&str] = &[
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refund.updated",
    "charge.refunded",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "customer.subscription.created",
    "invoice.paid",
    "invoice_payment.paid",
    "refund.created",
    "refund.failed",
    "refund.updated",
];

fn codec(source: io::Error) -> RawEventError {
    RawEventError::Codec { source }
}

#[cfg(test)]
mod tests;
