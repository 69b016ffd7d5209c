//! Lemon Squeezy's events in the product's own words. Pure: an event in, canonical facts out.
//!
//! The first payment of a subscription is told twice: as an order, and as an invoice whose reason is `initial`. The order is
//! the sale. The invoice names no order, only its subscription; `subscription_created` names both, and so gives the
//! order's payment the name by which the invoice asks for it. Whichever of the three comes first, it is one sale.

mod amount;
mod invoice;
mod objects;
mod order;
mod subscription;
#[cfg(test)]
mod tests;

use domain::digest::Digest;
use domain::fact::{Fact, PaymentKey};
use domain::provider::Provider;
use domain::time::Timestamp;
use serde_json::Value;

use crate::fields::{Fields, Untranslatable};

/// The longest click token that is taken over.
const TOKEN_CHARS_MAX: usize = 400;
/// The names under which a merchant may pass the click token on.
const TOKEN_NAMES: [&str; 2] = ["trb", "click_id"];

/// The facts that an event states: none for a type that is not acted on.
///
/// # Errors
/// The event is of a type that is acted on, and cannot be read.
pub fn translate(event: &Value) -> Result<Vec<Fact>, Untranslatable> {
    let envelope = Fields::of(event);
    let meta = envelope.object("meta")?;
    let kind = meta.text("event_name")?;
    if !cases::raw_event::is_acted_on(Provider::LemonSqueezy.word(), kind) {
        return Ok(Vec::new());
    }
    let data = envelope.object("data")?;
    let told = Told { id: data.text("id")?, attributes: data.object("attributes")?, data, token: token(&meta) };
    match kind {
        "order_created" | "order_refunded" => order::facts(&told),
        "subscription_payment_success"
        | "subscription_payment_recovered"
        | "subscription_payment_failed"
        | "subscription_payment_refunded" => invoice::facts(&told),
        "license_key_created" | "license_key_updated" => objects::license_key(&told),
        "affiliate_activated" => objects::affiliate(&told),
        _ => subscription::facts(&told),
    }
}

/// An object of an event, as every reader here needs it.
struct Told<'a> {
    /// Its id, as text.
    id: &'a str,
    /// What it says.
    attributes: Fields<'a>,
    /// Around it.
    data: Fields<'a>,
    /// The click token that the merchant passed on, unverified.
    token: Option<String>,
}

impl Told<'_> {
    /// Its natural key: ids are unique within a kind.
    fn key(&self, kind: &str) -> Result<PaymentKey, Untranslatable> {
        self.data.key_of(Provider::LemonSqueezy, "id", &format!("{kind}-{}", self.id))
    }

    /// The natural key of another object, by the field that holds its id: a number there, whatever it is elsewhere.
    fn key_in(&self, name: &str, kind: &str) -> Result<Option<PaymentKey>, Untranslatable> {
        let Some(id) = self.attributes.number_or_text(name)? else { return Ok(None) };
        self.attributes.key_of(Provider::LemonSqueezy, name, &format!("{kind}-{id}")).map(Some)
    }

    fn customer(&self) -> Result<Option<PaymentKey>, Untranslatable> {
        self.key_in("customer_id", "customer")
    }

    fn address(&self) -> Option<&str> {
        self.attributes.optional_text("user_email")
    }

    fn email(&self) -> Option<Digest> {
        self.address().and_then(domain::email::digest)
    }

    /// When this state was told.
    fn told_at(&self) -> Result<Timestamp, Untranslatable> {
        match self.attributes.optional_instant("updated_at")? {
            Some(at) => Ok(at),
            None => self.attributes.instant("created_at"),
        }
    }
}

/// The name by which the first invoice of a subscription asks for the payment of its order.
fn first_payment(fields: &Fields<'_>, name: &str, subscription: &str) -> Result<PaymentKey, Untranslatable> {
    fields.key_of(Provider::LemonSqueezy, name, &format!("first-payment-of-{subscription}"))
}

/// What has come back of a payment is told as one running total, by the order and by its first invoice alike: one key a
/// sale, so that the greater holds and neither is added to the other.
fn running_total(fields: &Fields<'_>) -> Result<PaymentKey, Untranslatable> {
    fields.key_of(Provider::LemonSqueezy, "refunded_amount", "refunded")
}

fn token(meta: &Fields<'_>) -> Option<String> {
    let custom = meta.optional_object("custom_data")?;
    let told = TOKEN_NAMES.iter().find_map(|name| custom.optional_text(name))?;
    (!told.is_empty() && told.len() <= TOKEN_CHARS_MAX).then(|| told.to_owned())
}
