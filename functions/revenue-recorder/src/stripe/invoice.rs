//! `invoice.paid` is a sale; `invoice_payment.paid` names the payment intent that paid it.

use domain::currency::Currency;
use domain::fact::{Fact, PaymentAlias, SalePaid, SaleType};
use domain::money::Money;
use domain::time::Timestamp;

use super::lines::Lines;
use super::{Untranslatable, amount, buyer, key, optional_key, required_key, time_or, token_in_metadata, traits};
use crate::fields::Fields;

/// The sale of a paid invoice, keyed by the invoice: the one id that both API shapes carry.
pub(super) fn paid(invoice: &Fields<'_>, event_at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let id = invoice.text("id")?;
    let currency = amount::currency(invoice)?;
    // A credit (a downgrade's proration) is paid with a total below zero: nothing came in, nothing is earned.
    let total = invoice.integer("total")?.max(0);
    let money = |name, value| amount::checked(invoice, name, value, currency);
    let (tax, shipping) = if total == 0 { (0, 0) } else { (tax(invoice, total)?, shipping(invoice)?) };
    let occurred_at = match invoice.optional_object("status_transitions") {
        Some(transitions) => time_or(&transitions, "paid_at", event_at)?,
        None => event_at,
    };
    let paid = money("amount_paid", invoice.integer("amount_paid")?)?;
    let lines = Lines::of(invoice)?;
    let period = lines.period();
    let address = invoice.optional_object("customer_address");
    let mut traits = traits::of(invoice, address.as_ref().and_then(|address| address.optional_text("country")));
    lines.tell(&mut traits);
    Ok(vec![Fact::SalePaid(SalePaid {
        payment: key(invoice, "id", id)?,
        aliases: aliases(invoice)?,
        customer: optional_key(invoice, "customer")?,
        occurred_at,
        paid,
        total: money("total", total)?,
        tax: money("total_excluding_tax", tax)?,
        shipping: money("shipping_cost", shipping)?,
        fees: fees(invoice, currency)?,
        items: lines.items(paid).unwrap_or_default(),
        subscription: subscription(invoice)?.or_else(|| lines.subscription()).map(str::to_owned),
        period_start: period.map(|(start, _)| start),
        period_end: period.map(|(_, end)| end),
        services: lines.services(),
        traits,
        buyer: buyer::of(address_of(invoice), invoice.optional_object("charge").as_ref()),
        click_token: token(invoice),
        email: address_of(invoice).and_then(domain::email::digest),
        event_type: SaleType::InvoicePayment,
        invoice: id.to_owned(),
    })])
}

/// Another name of an invoice's payment; only this event tells it in the new shape.
pub(super) fn payment(paid: &Fields<'_>) -> Result<Vec<Fact>, Untranslatable> {
    let invoice = required_key(paid, "invoice")?;
    let how = paid.object("payment")?;
    let mut facts = Vec::new();
    for name in ["payment_intent", "charge"] {
        if let Some(alias) = optional_key(&how, name)? {
            facts.push(Fact::PaymentAlias(PaymentAlias { payment: invoice.clone(), alias }));
        }
    }
    Ok(facts)
}

/// What is in the total but not in `total_excluding_tax`; an account too old to say lists its taxes one by one.
fn tax(invoice: &Fields<'_>, total: i64) -> Result<i64, Untranslatable> {
    if let Some(without) = invoice.optional_integer("total_excluding_tax")? {
        return Ok(total.saturating_sub(without));
    }
    for name in ["total_taxes", "total_tax_amounts"] {
        let taxes = invoice.list(name);
        if !taxes.is_empty() {
            return taxes.iter().try_fold(0_i64, |all, tax| Ok(all.saturating_add(tax.integer("amount")?)));
        }
    }
    Ok(invoice.optional_integer("tax")?.unwrap_or(0))
}

fn shipping(invoice: &Fields<'_>) -> Result<i64, Untranslatable> {
    amount::shipping(invoice, invoice.optional_integer("amount_shipping")?)
}

/// What Stripe kept, where the charge and its balance transaction are expanded and of the invoice's currency.
fn fees(invoice: &Fields<'_>, currency: Currency) -> Result<Money, Untranslatable> {
    let charge = invoice.optional_object("charge");
    let Some(settled) = charge.and_then(|charge| charge.optional_object("balance_transaction")) else {
        return Ok(Money::zero(currency));
    };
    // Settled in another currency it is no part of this amount: nothing is converted silently.
    if amount::currency(&settled)? != currency {
        return Ok(Money::zero(currency));
    }
    amount::required(&settled, "fee", currency)
}

/// The subscription, as the old and as the new shape name it.
pub(super) fn subscription<'a>(invoice: &Fields<'a>) -> Result<Option<&'a str>, Untranslatable> {
    let new = invoice.optional_object("parent").and_then(|parent| parent.optional_object("subscription_details"));
    match invoice.reference("subscription")? {
        Some(old) => Ok(Some(old)),
        None => new.map_or(Ok(None), |details| details.reference("subscription")),
    }
}

/// The old shape names the payment intent and the charge; the new one lists payments, when they are expanded.
fn aliases(invoice: &Fields<'_>) -> Result<Vec<domain::fact::PaymentKey>, Untranslatable> {
    let mut found = Vec::new();
    for name in ["payment_intent", "charge"] {
        found.extend(optional_key(invoice, name)?);
    }
    let payments = invoice.optional_object("payments").map(|payments| payments.list("data")).unwrap_or_default();
    for payment in payments {
        let Some(how) = payment.optional_object("payment") else { continue };
        for name in ["payment_intent", "charge"] {
            found.extend(optional_key(&how, name)?);
        }
    }
    // One name told twice would be two writes to one place in the sale's transaction.
    found.sort();
    found.dedup();
    Ok(found)
}

/// The click token in the metadata of the subscription, where renewals carry it along, or of the invoice itself.
fn token(invoice: &Fields<'_>) -> Option<String> {
    let subscription = invoice
        .optional_object("parent")
        .and_then(|parent| parent.optional_object("subscription_details"))
        .or_else(|| invoice.optional_object("subscription_details"));
    subscription.as_ref().and_then(token_in_metadata).or_else(|| token_in_metadata(invoice))
}

fn address_of<'a>(invoice: &Fields<'a>) -> Option<&'a str> {
    invoice.optional_text("customer_email")
}
