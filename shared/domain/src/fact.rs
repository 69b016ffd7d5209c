//! Canonical facts: what happened, in the product's own words, whoever told it.

use std::fmt;

use thiserror::Error;

use crate::digest::Digest;
use crate::money::Money;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Money came in.
    SalePaid(SalePaid),
    /// A customer was met, perhaps with a click token: decides who brought them.
    CustomerSeen(CustomerSeen),
    /// A payment has another name.
    PaymentAlias(PaymentAlias),
    /// Money went back.
    Refund(Refund),
}

/// A payment that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The signed click token that came with the payment, unverified.
    pub click_token: Option<String>,
    /// Digest of the normalised e-mail, for attribution by lead.
    pub email: Option<Digest>,
    /// What kind of event made it: `invoice_payment`, `one_off_sale`.
    pub event_type: SaleType,
    /// The provider's own id of the invoice or payment, shown to people.
    pub invoice: String,
}

/// What kind of sale it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleType {
    /// An invoice of a subscription or a single one.
    InvoicePayment,
    /// A payment without an invoice.
    OneOffSale,
}

/// A customer met at check-out or sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerSeen {
    /// The check-out or sign-up itself: `stripe:cs_1`.
    pub event: PaymentKey,
    /// The customer.
    pub customer: PaymentKey,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
    /// The signed click token, unverified.
    pub click_token: Option<String>,
    /// Digest of the normalised e-mail.
    pub email: Option<Digest>,
}

/// Two names of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentAlias {
    /// The key under which the sale is kept.
    pub payment: PaymentKey,
    /// The other name.
    pub alias: PaymentKey,
}

/// Money that went back to the customer, by the provider's own refund id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The refund: `stripe:re_1`.
    pub refund: PaymentKey,
    /// The payment, by its key or another name of it.
    pub payment: PaymentKey,
    /// What went back, tax included; zero when the refund failed.
    pub amount: Money,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
}
