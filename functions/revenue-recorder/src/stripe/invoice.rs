//! `invoice.paid` is a sale; `invoice_payment.paid` names the payment intent that paid it.

use domain::fact::{Fact, PaymentAlias, SalePaid, SaleType};
use domain::time::Timestamp;

use super::field::Fields;
use super::{Untranslatable, amount, email, key, optional_key, required_key, time_or, token_in_metadata};

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
    Ok(vec![Fact::SalePaid(SalePaid {
        payment: key(invoice, "id", id)?,
        aliases: aliases(invoice)?,
        customer: optional_key(invoice, "customer")?,
        occurred_at,
        paid: money("amount_paid", invoice.integer("amount_paid")?)?,
        total: money("total", total)?,
        tax: money("total_excluding_tax", tax)?,
        shipping: money("shipping_cost", shipping)?,
        click_token: token(invoice),
        email: invoice.optional_text("customer_email").and_then(email::digest),
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
