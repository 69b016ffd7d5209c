//! Stripe's HTTP API, as far as we call it: small, typed, and honest about what is not known.
//!
//! What lives here: the calls (`customers`, `catalog`, `promotions`, `subscriptions`, `events`, `transfers`), one HTTP client with retries
//! under one idempotency key (`client`), how a request travels (`transport`), where it is (`config`), whose account it calls (`accounts`), what a refusal is (`error`), and how it is told to our own callers (`problem`).
//! What does not: what a subscription is to us, what is stored, webhooks (they are read where they arrive).
//!
//! To add a call: a method in the file of its noun, which takes the idempotency key if it writes; the fields of the
//! answer that are needed and no more; the same call in the stand-in under `infra/local/stripe`.

mod accounts;
mod amount;
mod catalog;
mod client;
mod config;
mod customers;
mod error;
mod events;
mod form;
mod problem;
mod promotions;
mod subscriptions;
mod transfers;
mod transport;

pub use crate::accounts::{AccountError, Accounts, Keys, client};
pub use crate::amount::minor_of;
pub use crate::catalog::{NewPrice, Price, Product, Recurring};
pub use crate::client::{Call, Patience, Stripe, Watch};
pub use crate::config::{API_URL, url};
pub use crate::customers::{Address, Customer, CustomerChange, Exemption, InvoiceSettings, PaymentMethod};
pub use crate::error::{Refusal, StripeError};
pub use crate::events::{Event, EventPage, Invoice};
pub use crate::form::Form;
pub use crate::promotions::{Coupon, CouponDuration, CouponOff, NewCoupon, PromotionCode, PromotionCodePage};
pub use crate::subscriptions::{
    ItemChange, Items, NewSubscription, PauseCollection, Proration, SubscriptionAnswer, SubscriptionChange,
    SubscriptionItem,
};
pub use crate::transfers::{NewTransfer, Reversal, Transfer, TransferPage};
pub use crate::transport::{Lost, Transport, Travel};

/// An idempotency key: the same for every attempt at one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key from what caused the write: never random, so that a second run finds what the first did.
    #[must_use]
    pub fn of(tenant: &domain::id::TenantId, cause: &str, step: &str) -> Self {
        Self(format!("{tenant}:{cause}:{step}"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
