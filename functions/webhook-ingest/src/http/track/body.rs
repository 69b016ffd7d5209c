//! What a tenant's own server says, and the fact that it is.

use std::collections::BTreeMap;

use domain::currency::Currency;
use domain::digest::Digest;
use domain::email::{self, Email};
use domain::fact::{Buyer, Fact, Lead, PaymentKey, Refund, SalePaid, SaleTraits, SaleType, SignUp, SoldItem};
use domain::money::{AmountText, Money};
use domain::provider::Provider;
use domain::sales_tax::{Jurisdiction, JurisdictionError};
use domain::time::Timestamp;
use edge::faults::Faults;
use edge::problem::Problem;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Named;
use crate::envelope::is_plain;

const ID_CHARS_MAX: usize = 128;
const TEXT_CHARS_MAX: usize = 200;
const TOKEN_CHARS_MAX: usize = 400;
const ITEMS_MAX: usize = 50;
const CUSTOM_MAX: usize = 20;
/// How far ahead of our clock theirs may be.
const AHEAD_S: i64 = 300;

fn plain_id(text: &str, (): &()) -> garde::Result {
    if is_plain(text) && text.len() <= ID_CHARS_MAX {
        return Ok(());
    }
    Err(garde::Error::new("1 to 128 letters, digits, dots, dashes and underscores"))
}

fn natural_key(text: &str, (): &()) -> garde::Result {
    key_of(text).map(|_| ()).ok_or_else(|| garde::Error::new("1 to 190 visible ASCII characters without blanks or #"))
}

fn optional_key(text: &Option<String>, (): &()) -> garde::Result {
    text.as_deref().map_or(Ok(()), |text| natural_key(text, &()))
}

fn optional_id(text: &Option<String>, (): &()) -> garde::Result {
    text.as_deref().map_or(Ok(()), |text| plain_id(text, &()))
}

fn address(text: &str, (): &()) -> garde::Result {
    Email::parse(text).map(|_| ()).map_err(|error| garde::Error::new(error.to_string()))
}

fn optional_address(text: &Option<String>, (): &()) -> garde::Result {
    text.as_deref().map_or(Ok(()), |text| address(text, &()))
}

fn customs(texts: &BTreeMap<String, String>, (): &()) -> garde::Result {
    let is_short = |(name, value): (&String, &String)| name.len() <= 64 && value.len() <= TEXT_CHARS_MAX;
    if texts.len() <= CUSTOM_MAX && texts.iter().all(is_short) {
        return Ok(());
    }
    Err(garde::Error::new("at most 20 texts, names of 64 and values of 200 bytes"))
}

/// A natural key: as it stands where it names its provider (`stripe:in_1`), otherwise one of the track API's own.
fn key_of(text: &str) -> Option<PaymentKey> {
    let own = || format!("{}:{text}", Provider::Track.word());
    let whole = if text.contains(':') { text.to_owned() } else { own() };
    PaymentKey::parse(&whole).ok().filter(|_| !text.is_empty())
}

/// What is not said happened now; what is ahead of our clock did not happen yet.
fn at(faults: &mut Faults, told: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let at = told.unwrap_or(now);
    if at.as_second() > now.as_second().saturating_add(AHEAD_S) {
        faults.clash("/occurred_at", "in the future");
    }
    at
}

fn key(faults: &mut Faults, pointer: &str, text: &str) -> Option<PaymentKey> {
    faults.check(pointer, key_of(text).ok_or("not an id"))
}

/// An amount; nothing where it cannot be read, so that the others are looked at all the same.
fn amount(faults: &mut Faults, pointer: &str, text: &AmountText, currency: Currency) -> Money {
    faults.amount(pointer, text, currency).unwrap_or_else(|| Money::zero(currency))
}

fn named<T: Serialize>(kind: &str, event_id: &str, told: &T) -> Named {
    let text = serde_json::to_vec(told).unwrap_or_default();
    Named {
        event_id: event_id.to_owned(),
        stored_id: format!("{kind}.{event_id}"),
        hash: Digest::of(&[kind.as_bytes(), &text]),
    }
}

/// An address that somebody left.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TrackedLead {
    /// Your id of this event: told again under it, it is the same event.
    #[garde(custom(plain_id))]
    #[schema(example = "lead-4711")]
    event_id: String,
    /// The address. Only a digest of it is kept.
    #[garde(custom(address))]
    #[schema(example = "casey@customer.example")]
    email: String,
    /// When it happened; now, when left out.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    /// The click token that the visitor brought (`trb`).
    #[garde(inner(length(bytes, max = TOKEN_CHARS_MAX)))]
    click_token: Option<String>,
    /// Is it worth a reward by itself?
    #[garde(skip)]
    #[serde(default)]
    qualified: bool,
}

impl TrackedLead {
    pub(in crate::http) fn event(&self, kind: &str) -> Named {
        named(kind, &self.event_id, self)
    }

    pub(in crate::http) fn fact(&self, now: Timestamp) -> Result<Fact, Problem> {
        let mut faults = Faults::default();
        let occurred_at = at(&mut faults, self.occurred_at, now);
        let event = key(&mut faults, "/event_id", &self.event_id);
        let email = faults.check("/email", email::digest(&self.email).ok_or("not an e-mail address"));
        match (event, email) {
            (Some(event), Some(email)) if faults.is_empty() => Ok(Fact::Lead(Lead {
                event,
                occurred_at,
                click_token: self.click_token.clone(),
                email,
                is_qualified: self.qualified,
            })),
            _ => faults.finish(None),
        }
    }
}

/// A customer who signed up.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TrackedSignUp {
    /// Your id of this event: told again under it, it is the same event.
    #[garde(custom(plain_id))]
    #[schema(example = "signup-4711")]
    event_id: String,
    /// Your id of the customer, or a provider's with its name in front (`stripe:cus_1`).
    #[garde(custom(natural_key))]
    #[schema(example = "customer-42")]
    customer_id: String,
    /// When it happened; now, when left out.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    /// The click token that the visitor brought (`trb`).
    #[garde(inner(length(bytes, max = TOKEN_CHARS_MAX)))]
    click_token: Option<String>,
    /// The coupon that was given.
    #[garde(inner(length(bytes, max = TEXT_CHARS_MAX)))]
    coupon: Option<String>,
    /// The customer's address. Only a digest of it is kept.
    #[garde(custom(optional_address))]
    email: Option<String>,
}

impl TrackedSignUp {
    pub(in crate::http) fn event(&self, kind: &str) -> Named {
        named(kind, &self.event_id, self)
    }

    pub(in crate::http) fn fact(&self, now: Timestamp) -> Result<Fact, Problem> {
        let mut faults = Faults::default();
        let occurred_at = at(&mut faults, self.occurred_at, now);
        let event = key(&mut faults, "/event_id", &self.event_id);
        let customer = key(&mut faults, "/customer_id", &self.customer_id);
        match (event, customer) {
            (Some(event), Some(customer)) if faults.is_empty() => Ok(Fact::SignUp(SignUp {
                event,
                customer,
                occurred_at,
                click_token: self.click_token.clone(),
                coupon: self.coupon.clone(),
                email: self.email.as_deref().and_then(email::digest),
            })),
            _ => faults.finish(None),
        }
    }
}

/// One thing among several that were sold together.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TrackedItem {
    /// The product.
    #[garde(length(bytes, min = 1, max = TEXT_CHARS_MAX))]
    product: String,
    /// What was paid for it, its share of tax included.
    #[garde(skip)]
    #[schema(value_type = String, example = "49.00")]
    amount: AmountText,
}

/// Money that came in.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TrackedSale {
    /// Your id of this event: told again under it, it is the same event.
    #[garde(custom(plain_id))]
    #[schema(example = "sale-4711")]
    event_id: String,
    /// Your id of the payment, which guards the money; the event's, when left out. With a provider's name in front
    /// (`stripe:in_1`) it is that provider's.
    #[garde(custom(optional_key))]
    payment_id: Option<String>,
    /// Your id of the customer; none for a guest.
    #[garde(custom(optional_key))]
    customer_id: Option<String>,
    /// What was paid in all, tax included.
    #[garde(skip)]
    #[schema(value_type = String, example = "99.00")]
    amount: AmountText,
    /// ISO 4217.
    #[garde(skip)]
    #[schema(example = "USD")]
    currency: String,
    /// What was asked in all; what was paid, when left out.
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    total: Option<AmountText>,
    /// The tax in it. Left out where `country` is given, it is found by your table of sales tax, as a consumer's; say
    /// `0.00` where none is owed.
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    tax: Option<AmountText>,
    /// The shipping in it.
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    shipping: Option<AmountText>,
    /// What the provider kept.
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    fees: Option<AmountText>,
    /// What was sold, where it was several things; together they are what was paid.
    #[garde(length(max = ITEMS_MAX), dive)]
    #[serde(default)]
    items: Vec<TrackedItem>,
    /// When it happened; now, when left out.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    /// Your id of the subscription that it belongs to.
    #[garde(custom(optional_id))]
    subscription_id: Option<String>,
    /// From when on the service runs that was paid.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    period_start: Option<Timestamp>,
    /// Until when.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    period_end: Option<Timestamp>,
    /// The click token that the buyer brought (`trb`).
    #[garde(inner(length(bytes, max = TOKEN_CHARS_MAX)))]
    click_token: Option<String>,
    /// The coupon that was used.
    #[garde(inner(length(bytes, max = TEXT_CHARS_MAX)))]
    coupon: Option<String>,
    /// The buyer's address. Only a digest of it is kept.
    #[garde(custom(optional_address))]
    email: Option<String>,
    /// The plan.
    #[garde(inner(length(bytes, max = TEXT_CHARS_MAX)))]
    plan: Option<String>,
    /// The product.
    #[garde(inner(length(bytes, max = TEXT_CHARS_MAX)))]
    product: Option<String>,
    /// The buyer's country, two letters.
    #[garde(inner(length(bytes, min = 2, max = 2)))]
    country: Option<String>,
    /// Where tax differs within the country: `NY`.
    #[garde(inner(length(bytes, min = 1, max = 3)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// The name of an event of your own that rules may ask for.
    #[garde(custom(optional_id))]
    event_name: Option<String>,
    /// What else rules may look at.
    #[garde(custom(customs))]
    #[serde(default)]
    custom: BTreeMap<String, String>,
}

impl TrackedSale {
    /// Where the buyer is, if the tax of the sale is to be found by that: told without tax, and with a country.
    pub(in crate::http) fn untaxed_at(&self) -> Result<Option<Jurisdiction>, Problem> {
        let (None, Some(country)) = (&self.tax, &self.country) else { return Ok(None) };
        // The case of its letters is no other place: `de` is taxed as `DE`.
        match Jurisdiction::parse(&country.to_ascii_uppercase(), self.region.as_deref()) {
            Ok(place) => Ok(Some(place)),
            // A country that rules look at may be written as the tenant likes; one that tax depends on names a region.
            Err(_) if self.region.is_none() => Ok(None),
            Err(JurisdictionError::Country) => {
                Err(Problem::impossible("/country", "a region lies in a country of two letters, such as US"))
            }
            Err(error @ JurisdictionError::Region) => Err(Problem::bad_request("/region", error.to_string())),
        }
    }

    pub(in crate::http) fn event(&self, kind: &str) -> Named {
        named(kind, &self.event_id, self)
    }

    pub(in crate::http) fn fact(&self, now: Timestamp) -> Result<Fact, Problem> {
        let mut faults = Faults::default();
        let occurred_at = at(&mut faults, self.occurred_at, now);
        let own_id = self.payment_id.as_deref().unwrap_or(&self.event_id);
        let payment = key(&mut faults, "/payment_id", own_id);
        let Some(currency) = faults.check("/currency", Currency::parse(&self.currency)) else {
            return faults.finish(None);
        };
        let paid = amount(&mut faults, "/amount", &self.amount, currency);
        let mut part = |pointer: &str, text: &Option<AmountText>, otherwise: Money| {
            text.as_ref().map_or(otherwise, |text| amount(&mut faults, pointer, text, currency))
        };
        let nothing = Money::zero(currency);
        let total = part("/total", &self.total, paid);
        let (tax, shipping) = (part("/tax", &self.tax, nothing), part("/shipping", &self.shipping, nothing));
        let fees = part("/fees", &self.fees, nothing);
        let items = self.items(&mut faults, paid);
        if tax.minor().saturating_add(shipping.minor()) > total.minor() {
            faults.clash("/tax", "tax and shipping are more than the total");
        }
        let Some(payment) = payment.filter(|_| faults.is_empty()) else { return faults.finish(None) };
        Ok(Fact::SalePaid(SalePaid {
            invoice: payment.as_str().split_once(':').map_or("", |(_, id)| id).to_owned(),
            payment,
            aliases: Vec::new(),
            customer: self.customer_id.as_deref().and_then(key_of),
            occurred_at,
            paid,
            total,
            tax,
            shipping,
            fees,
            items,
            subscription: self.subscription_id.clone(),
            period_start: self.period_start,
            period_end: self.period_end,
            services: Vec::new(),
            traits: self.traits(),
            click_token: self.click_token.clone(),
            email: self.email.as_deref().and_then(email::digest),
            buyer: Buyer {
                has_disposable_email: self.email.as_deref().is_some_and(email::is_disposable),
                ..Buyer::default()
            },
            event_type: self.kind(),
        }))
    }

    /// COM-18: together they are what was paid, or somebody would be paid for nothing.
    fn items(&self, faults: &mut Faults, paid: Money) -> Vec<SoldItem> {
        let part = |faults: &mut Faults, n: usize, item: &TrackedItem| {
            amount(faults, &format!("/items/{n}/amount"), &item.amount, paid.currency())
        };
        let items: Vec<SoldItem> = self
            .items
            .iter()
            .enumerate()
            .map(|(n, item)| SoldItem { product: item.product.clone(), amount: part(faults, n, item) })
            .collect();
        let sum = items.iter().fold(0_i64, |sum, item| sum.saturating_add(item.amount.minor()));
        if !items.is_empty() && sum != paid.minor() {
            faults.clash("/items", "they do not add up to the amount");
        }
        items
    }

    fn traits(&self) -> SaleTraits {
        SaleTraits {
            plan: self.plan.clone(),
            product: self.product.clone(),
            country: self.country.clone(),
            coupon: self.coupon.clone(),
            event: self.event_name.clone(),
            custom: self.custom.clone(),
        }
    }

    fn kind(&self) -> SaleType {
        match (&self.event_name, &self.subscription_id) {
            (Some(_), _) => SaleType::Custom,
            (None, Some(_)) => SaleType::InvoicePayment,
            (None, None) => SaleType::OneOffSale,
        }
    }
}

/// Money that went back.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TrackedRefund {
    /// Your id of this event: told again under it, it is the same event.
    #[garde(custom(plain_id))]
    #[schema(example = "refund-4711")]
    event_id: String,
    /// Your id of the refund; the event's, when left out.
    #[garde(custom(optional_key))]
    refund_id: Option<String>,
    /// The payment that it is of, as its sale named it.
    #[garde(custom(natural_key))]
    #[schema(example = "sale-4711")]
    payment_id: String,
    /// What went back, tax included; nothing, when the refund failed after all.
    #[garde(skip)]
    #[schema(value_type = String, example = "49.00")]
    amount: AmountText,
    /// ISO 4217, that of the sale.
    #[garde(skip)]
    #[schema(example = "USD")]
    currency: String,
    /// Only of this item of the sale, by its number from 0 on.
    #[garde(skip)]
    item: Option<u16>,
    /// When it happened; now, when left out.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
}

impl TrackedRefund {
    pub(in crate::http) fn event(&self, kind: &str) -> Named {
        named(kind, &self.event_id, self)
    }

    pub(in crate::http) fn fact(&self, now: Timestamp) -> Result<Fact, Problem> {
        let mut faults = Faults::default();
        let occurred_at = at(&mut faults, self.occurred_at, now);
        let refund = key(&mut faults, "/refund_id", self.refund_id.as_deref().unwrap_or(&self.event_id));
        let payment = key(&mut faults, "/payment_id", &self.payment_id);
        let Some(currency) = faults.check("/currency", Currency::parse(&self.currency)) else {
            return faults.finish(None);
        };
        let amount = amount(&mut faults, "/amount", &self.amount, currency);
        match (refund, payment) {
            (Some(refund), Some(payment)) if faults.is_empty() => Ok(Fact::Refund(Refund {
                refund,
                payment,
                amount,
                item: self.item,
                is_running_total: false,
                occurred_at,
            })),
            _ => faults.finish(None),
        }
    }
}
