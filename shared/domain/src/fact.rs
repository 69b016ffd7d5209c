//! Canonical facts: what happened, in the product's own words, whoever told it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Digest;
use crate::money::Money;
use crate::subscription::{FailedPayment, ProviderObject, Subscription};
use crate::time::Timestamp;

/// The natural key of a payment, or another name of it: `stripe:in_123`. It, not an event id, guards money.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentKey(String);

/// A text that is no natural key.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("not a natural key (provider:id)")]
pub struct KeyError;

/// The most characters that a provider's id may have.
const KEY_LENGTH_MAX: usize = 200;

impl PaymentKey {
    /// Reads `provider:id`, printable ASCII without blanks or `#`.
    ///
    /// # Errors
    /// Not in that form.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let plain = text.len() <= KEY_LENGTH_MAX && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        match text.split_once(':') {
            Some((provider, id)) if plain && !provider.is_empty() && !id.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(KeyError),
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PaymentKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for PaymentKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl serde::Serialize for PaymentKey {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for PaymentKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// One inbound fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fact {
    /// Money came in.
    SalePaid(SalePaid),
    /// Money came in that another payment may have told already.
    PaidAgain(PaidAgain),
    /// A customer was met, perhaps with a click token: decides who brought them.
    CustomerSeen(CustomerSeen),
    /// A payment has another name.
    PaymentAlias(PaymentAlias),
    /// Money went back.
    Refund(Refund),
    /// The customer's bank asks for money back, or its question is settled.
    Dispute(Dispute),
    /// Somebody signed up: a trial or a free plan.
    SignUp(SignUp),
    /// Somebody left an address.
    Lead(Lead),
    /// A subscription stands otherwise.
    SubscriptionChanged(Subscription),
    /// A payment failed, or one that failed is settled.
    PaymentFailed(FailedPayment),
    /// An object of a provider's stands otherwise: kept, and no money is booked by it.
    ProviderObject(ProviderObject),
}

/// A payment that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalePaid {
    /// The one key of the payment.
    pub payment: PaymentKey,
    /// The payment's other names that the event carries.
    pub aliases: Vec<PaymentKey>,
    /// Who paid, as the provider names them: `stripe:cus_1`. None for a guest.
    pub customer: Option<PaymentKey>,
    /// When the payment happened at the provider.
    pub occurred_at: Timestamp,
    /// What was paid in all, tax included.
    pub paid: Money,
    /// What was asked in all, tax included.
    pub total: Money,
    /// The tax in the total.
    pub tax: Money,
    /// The shipping in the total.
    pub shipping: Money,
    /// What the provider kept, where it says so; zero otherwise.
    pub fees: Money,
    /// What was sold, where the event says it; empty for one thing.
    pub items: Vec<SoldItem>,
    /// The subscription that it belongs to.
    pub subscription: Option<String>,
    /// From when on the service runs that was paid.
    pub period_start: Option<Timestamp>,
    /// Until when it runs.
    pub period_end: Option<Timestamp>,
    /// Its parts, where it runs over several times; empty where it is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServicePart>,
    /// What rules may look at; the coupon among it attributes.
    pub traits: SaleTraits,
    /// The signed click token that came with the payment, unverified.
    pub click_token: Option<String>,
    /// Digest of the normalised e-mail, for attribution by lead.
    pub email: Option<Digest>,
    /// What else is known of who paid, for signals of fraud.
    #[serde(default, skip_serializing_if = "Buyer::is_unremarkable")]
    pub buyer: Buyer,
    /// What kind of event made it: `invoice_payment`, `one_off_sale`.
    pub event_type: SaleType,
    /// The provider's own id of the invoice or payment, shown to people.
    pub invoice: String,
}

/// A payment that is the same money as another one, unless that one was of nothing: Lemon Squeezy tells the first payment
/// of a subscription as an order and as an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidAgain {
    /// The other payment, by its key or another name of it.
    pub same_as: PaymentKey,
    /// The sale that this would be.
    pub sale: SalePaid,
}

/// What is known of who pays beside their name at the provider: hashes, never the thing itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// Digest of the fingerprint of the card or bank account that it was paid from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_from: Option<Digest>,
    /// Is their address of a domain that gives out addresses to throw away?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_disposable_email: bool,
}

impl Buyer {
    /// Is nothing known that a signal could be made of?
    #[must_use]
    pub fn is_unremarkable(&self) -> bool {
        *self == Self::default()
    }
}

/// What kind of sale it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleType {
    /// An invoice of a subscription or a single one.
    InvoicePayment,
    /// A payment without an invoice.
    OneOffSale,
    /// A sign-up, kept as a sale of nothing.
    SignUp,
    /// A qualified lead, kept as a sale of nothing.
    QualifiedLead,
    /// An event of the tenant's own, named in the traits.
    Custom,
}

impl SaleType {
    /// Is it what a customer pays for something? Only such a sale is a first one or a renewal.
    #[must_use]
    pub fn is_payment(self) -> bool {
        matches!(self, Self::InvoicePayment | Self::OneOffSale)
    }
}

/// A part of a sale whose service runs for a time of its own: what an upgrade adds to the month under way, beside the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePart {
    /// How much of the sale it is, by the weights of all its parts; below zero for a time that is given back.
    pub weight: i64,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// One thing among several that were sold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldItem {
    /// The provider's product.
    pub product: String,
    /// What was paid for it, its share of tax included. The items of a sale add up to what was paid.
    pub amount: Money,
}

/// What rules may look at, beside amounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleTraits {
    /// The plan or price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The product, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The customer's country, two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The coupon or promotion code that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
    /// The name of an event of the tenant's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What else the tenant sends.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, String>,
}

/// A customer met at check-out or sign-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerSeen {
    /// The check-out or sign-up itself: `stripe:cs_1`.
    pub event: PaymentKey,
    /// The customer.
    pub customer: PaymentKey,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
    /// The signed click token, unverified.
    pub click_token: Option<String>,
    /// The coupon that was used.
    pub coupon: Option<String>,
    /// Digest of the normalised e-mail.
    pub email: Option<Digest>,
    /// What else is known of who pays, for signals of fraud.
    #[serde(default, skip_serializing_if = "Buyer::is_unremarkable")]
    pub buyer: Buyer,
}

/// Two names of one payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAlias {
    /// The key under which the sale is kept.
    pub payment: PaymentKey,
    /// The other name.
    pub alias: PaymentKey,
}

/// Money that went back to the customer, by the provider's own refund id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The refund: `stripe:re_1`.
    pub refund: PaymentKey,
    /// The payment, by its key or another name of it.
    pub payment: PaymentKey,
    /// What went back, tax included; zero when the refund failed.
    pub amount: Money,
    /// Only for this item of the sale, by its number.
    pub item: Option<u16>,
    /// Is the amount all that went back so far? Where a provider gives no ids of refunds, it is, and only grows.
    pub is_running_total: bool,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
}

/// How far a dispute is. Of two that are told, the greater holds, whichever came last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputePhase {
    /// A question, or a warning: flagged, nothing moves.
    Inquiry,
    /// The money was taken: what it earned is held.
    Opened,
    /// The money came back: what was held is released.
    Won,
    /// The money is gone: as a refund.
    Lost,
}

/// A dispute, by the provider's own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The dispute: `stripe:dp_1`.
    pub dispute: PaymentKey,
    /// The payment, by its key or another name of it.
    pub payment: PaymentKey,
    /// What the bank asks for, tax included.
    pub amount: Money,
    /// How far it is.
    pub phase: DisputePhase,
    /// Until when evidence may be given.
    pub evidence_due: Option<Timestamp>,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
}

/// A sign-up: a trial, or a free plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUp {
    /// The sign-up itself: `stripe:sub_1` or the tenant's own event id.
    pub event: PaymentKey,
    /// Who.
    pub customer: PaymentKey,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The signed click token, unverified.
    pub click_token: Option<String>,
    /// The coupon that was given.
    pub coupon: Option<String>,
    /// Digest of the normalised e-mail.
    pub email: Option<Digest>,
}

/// An address that somebody left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// The lead itself, by the tenant's own event id.
    pub event: PaymentKey,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The signed click token, unverified.
    pub click_token: Option<String>,
    /// Digest of the normalised e-mail.
    pub email: Digest,
    /// Is it worth a reward by itself?
    pub is_qualified: bool,
}
