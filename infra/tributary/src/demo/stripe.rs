//! Stripe's events, as Stripe shapes and signs them. The shapes are the files under `events/`; names and figures are put in.

use domain::money::Money;
use domain::time::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

const INVOICE_PAID: &str = include_str!("../../../../events/webhook-ingest/stripe/invoice.paid.basil.json");
const INVOICE_PAYMENT: &str = include_str!("../../../../events/webhook-ingest/stripe/invoice_payment.paid.json");
const CHECKOUT: &str =
    include_str!("../../../../events/webhook-ingest/stripe/checkout.session.completed.subscription.json");
const TRIAL: &str =
    include_str!("../../../../events/webhook-ingest/stripe/customer.subscription.created.trialing.json");
const DISPUTE_OPENED: &str = include_str!("../../../../events/webhook-ingest/stripe/charge.dispute.created.json");
const DISPUTE_LOST: &str = include_str!("../../../../events/webhook-ingest/stripe/charge.dispute.closed.lost.json");
const DISPUTE_WON: &str = include_str!("../../../../events/webhook-ingest/stripe/charge.dispute.funds_reinstated.json");
const REFUND: &str = include_str!("../../../../events/webhook-ingest/stripe/refund.created.json");

/// A paid invoice of a subscription.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// `in_…`
    pub id: String,
    /// `cus_…`
    pub customer: String,
    /// Where the customer's mail goes.
    pub email: String,
    /// What was paid, in a currency of hundredths.
    pub amount: Money,
    /// When.
    pub paid_at: Timestamp,
}

/// A completed check-out of a subscription.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// `cs_…`
    pub id: String,
    /// The invoice that it made.
    pub invoice: String,
    /// `cus_…`
    pub customer: String,
    /// Where the customer's mail goes.
    pub email: String,
    /// The click token.
    pub client_reference_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Money that went back.
#[derive(Clone, Debug)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// `pi_…`
    pub payment_intent: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
}

/// What a payment of a subscription is for.
#[derive(Clone, Copy, Debug)]
pub struct Subscribed<'a> {
    /// For how many days.
    pub days: i64,
    /// The coupon that took something off.
    pub coupon: Option<&'a str>,
}

/// A subscription that begins with a trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// `sub_…`
    pub id: String,
    /// `cus_…`
    pub customer: String,
    /// The click token.
    pub token: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How far a dispute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStage {
    /// The bank has taken the money for now.
    Opened,
    /// It is the merchant's again.
    Won,
    /// It is gone.
    Lost,
}

/// A dispute about a payment.
#[derive(Clone, Debug)]
pub struct Dispute {
    /// `du_…`
    pub id: String,
    /// `pi_…`
    pub payment_intent: String,
    /// About how much.
    pub amount: Money,
    /// When it came so far.
    pub at: Timestamp,
    /// Until when evidence is taken.
    pub evidence_due: Timestamp,
    /// How far it is.
    pub stage: DisputeStage,
}

/// An event of one of the files, with other names and figures.
struct Event(Value);

impl Event {
    fn of(file: &str, object: &str, at: Timestamp) -> Self {
        let mut event = Self(serde_json::from_str(file).unwrap_or_default());
        let kind = event.0["type"].as_str().unwrap_or_default().replace('.', "_");
        event.0["id"] = json!(format!("evt_{kind}_{object}"));
        event.0["created"] = json!(at.as_second());
        event.set("/id", json!(object)).set("/created", json!(at.as_second()));
        event
    }

    /// Sets a field of the data object that the file has.
    fn set(&mut self, pointer: &str, value: Value) -> &mut Self {
        if let Some(field) = self.0.pointer_mut(&format!("/data/object{pointer}")) {
            *field = value;
        }
        self
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

fn currency_of(money: Money) -> Value {
    json!(money.currency().code().to_lowercase())
}

/// `invoice.paid` of a month, in the shape since basil: it names no payment intent.
#[must_use]
pub fn invoice_paid(invoice: &Invoice) -> String {
    invoice_paid_for(invoice, &Subscribed { days: 30, coupon: None })
}

/// `invoice.paid` of a subscription of the customer's own.
#[must_use]
pub fn invoice_paid_for(invoice: &Invoice, subscribed: &Subscribed<'_>) -> String {
    let mut event = Event::of(INVOICE_PAID, &invoice.id, invoice.paid_at);
    let (minor, second) = (json!(invoice.amount.minor()), json!(invoice.paid_at.as_second()));
    for name in ["amount_due", "amount_paid", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"] {
        event.set(&format!("/{name}"), minor.clone());
    }
    for name in ["amount", "subtotal"] {
        event.set(&format!("/lines/data/0/{name}"), minor.clone());
    }
    for name in ["/effective_at", "/period_end", "/status_transitions/finalized_at", "/status_transitions/paid_at"] {
        event.set(name, second.clone());
    }
    let currency = currency_of(invoice.amount);
    let subscription = json!(invoice.customer.replacen("cus_", "sub_", 1));
    let ends = invoice.paid_at.as_second() + subscribed.days * 86_400;
    if let Some(code) = subscribed.coupon {
        let source = json!({"type": "coupon", "coupon": {"id": code, "object": "coupon"}});
        event.set(
            "/discounts",
            json!([{"id": "di_demo", "object": "discount", "promotion_code": null, "source": source}]),
        );
    }
    event
        .set("/parent/subscription_details/subscription", subscription.clone())
        .set("/lines/data/0/parent/subscription_item_details/subscription", subscription)
        .set("/lines/data/0/period/start", second)
        .set("/lines/data/0/period/end", json!(ends))
        .set("/currency", currency.clone())
        .set("/lines/data/0/currency", currency)
        .set("/lines/data/0/invoice", json!(invoice.id))
        .set("/customer", json!(invoice.customer))
        .set("/customer_email", json!(invoice.email));
    event.text()
}

/// `invoice_payment.paid`: the payment intent that paid an invoice.
#[must_use]
pub fn invoice_payment_paid(invoice: &Invoice, payment_intent: &str) -> String {
    let id = format!("inpay_{}", invoice.id.trim_start_matches("in_"));
    let mut event = Event::of(INVOICE_PAYMENT, &id, invoice.paid_at);
    let minor = json!(invoice.amount.minor());
    event
        .set("/amount_paid", minor.clone())
        .set("/amount_requested", minor)
        .set("/currency", currency_of(invoice.amount))
        .set("/invoice", json!(invoice.id))
        .set("/payment/payment_intent", json!(payment_intent))
        .set("/status_transitions/paid_at", json!(invoice.paid_at.as_second()));
    event.text()
}

/// `checkout.session.completed`: who bought, and the click that brought them.
#[must_use]
pub fn checkout_completed(checkout: &Checkout) -> String {
    let mut event = Event::of(CHECKOUT, &checkout.id, checkout.at);
    event
        .set("/invoice", json!(checkout.invoice))
        .set("/customer", json!(checkout.customer))
        .set("/customer_details/email", json!(checkout.email))
        .set("/client_reference_id", json!(checkout.client_reference_id));
    event.text()
}

/// `customer.subscription.created` of a trial: somebody signed up.
#[must_use]
pub fn trial_began(trial: &Trial) -> String {
    let mut event = Event::of(TRIAL, &trial.id, trial.at);
    event.set("/customer", json!(trial.customer)).set("/metadata/trb", json!(trial.token));
    event.text()
}

/// The event of a dispute, as far as it is.
#[must_use]
pub fn dispute_told(dispute: &Dispute) -> String {
    let file = match dispute.stage {
        DisputeStage::Opened => DISPUTE_OPENED,
        DisputeStage::Won => DISPUTE_WON,
        DisputeStage::Lost => DISPUTE_LOST,
    };
    let mut event = Event::of(file, &dispute.id, dispute.at);
    if dispute.stage == DisputeStage::Opened {
        event.set("/evidence_details/due_by", json!(dispute.evidence_due.as_second()));
    }
    event
        .set("/amount", json!(dispute.amount.minor()))
        .set("/currency", currency_of(dispute.amount))
        .set("/charge", Value::Null)
        .set("/payment_intent", json!(dispute.payment_intent));
    event.text()
}

/// `refund.created`.
#[must_use]
pub fn refund_created(refund: &Refund) -> String {
    let mut event = Event::of(REFUND, &refund.id, refund.at);
    event
        .set("/amount", json!(refund.amount.minor()))
        .set("/currency", currency_of(refund.amount))
        .set("/charge", Value::Null)
        .set("/payment_intent", json!(refund.payment_intent));
    event.text()
}

/// The `Stripe-Signature` header of a body.
#[must_use]
pub fn signature(secret: &str, body: &str, at: Timestamp) -> String {
    let second = at.as_second();
    // Stripe's key is the whole text, `whsec_` included.
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{second}.{body}").as_bytes());
    format!("t={second},v1={}", hex::encode(tag))
}
