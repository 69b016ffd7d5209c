//! An invoice of a subscription: a renewal is a sale of its own, the first one is its order's.

use domain::fact::{Buyer, Fact, PaidAgain, PaymentKey, Refund, SalePaid, SaleTraits, SaleType};
use domain::money::Money;
use domain::subscription::{FailedPayment, FailedStanding};

use super::{Told, amount, first_payment, running_total};
use crate::fields::Untranslatable;

/// The facts of an invoice, as far as it is: failed, paid, and what of it went back.
pub(super) fn facts(told: &Told<'_>) -> Result<Vec<Fact>, Untranslatable> {
    let invoice = &told.attributes;
    match invoice.text("status")? {
        "paid" | "refunded" | "partial_refund" => paid(told),
        "pending" => Ok(vec![failed(told, FailedStanding::Open)?]),
        "void" => Ok(vec![failed(told, FailedStanding::Voided)?]),
        // A word that we do not know may mean money: a person must look.
        _ => Err(invoice.expected("status", "a status of an invoice")),
    }
}

fn paid(told: &Told<'_>) -> Result<Vec<Fact>, Untranslatable> {
    let invoice = &told.attributes;
    let sale = sale(told)?;
    let back = amount::refunded(invoice, sale.total)?;
    let refund = (!back.is_zero()).then(|| refund(told, &sale, back)).transpose()?;
    let is_first = invoice.optional_text("billing_reason") == Some("initial");
    let same_as = if is_first { first_of(told)? } else { None };
    let sale = match same_as {
        // ING-14: the order has told this money, unless the order was of nothing because a trial came first.
        Some(same_as) => Fact::PaidAgain(PaidAgain { same_as, sale }),
        None => Fact::SalePaid(sale),
    };
    Ok(std::iter::once(sale).chain(refund).collect())
}

fn first_of(told: &Told<'_>) -> Result<Option<PaymentKey>, Untranslatable> {
    let Some(subscription) = told.attributes.number_or_text("subscription_id")? else { return Ok(None) };
    first_payment(&told.attributes, "subscription_id", &subscription).map(Some)
}

fn sale(told: &Told<'_>) -> Result<SalePaid, Untranslatable> {
    let invoice = &told.attributes;
    let currency = amount::currency(invoice)?;
    let total = amount::required(invoice, "total", currency)?;
    // When the invoice was made, not when it was paid at last: a payment that was recovered is told twice, and both
    // tellings must say the same.
    let occurred_at = invoice.instant("created_at")?;
    Ok(SalePaid {
        payment: told.key("invoice")?,
        aliases: Vec::new(),
        customer: told.customer()?,
        occurred_at,
        paid: total,
        total,
        tax: amount::optional(invoice, "tax", currency)?,
        shipping: Money::zero(currency),
        fees: amount::fees(invoice, total)?,
        items: Vec::new(),
        subscription: invoice.number_or_text("subscription_id")?.map(|id| format!("subscription-{id}")),
        // How long is paid for is not told; a renewal begins with its invoice.
        period_start: Some(occurred_at),
        period_end: None,
        services: Vec::new(),
        traits: SaleTraits::default(),
        click_token: told.token.clone(),
        email: told.email(),
        buyer: Buyer {
            has_disposable_email: told.address().is_some_and(domain::email::is_disposable),
            ..Buyer::default()
        },
        event_type: SaleType::InvoicePayment,
        invoice: format!("invoice-{}", told.id),
    })
}

fn refund(told: &Told<'_>, sale: &SalePaid, back: Money) -> Result<Fact, Untranslatable> {
    let invoice = &told.attributes;
    let occurred_at = match invoice.optional_instant("refunded_at")? {
        Some(at) => at,
        None => told.told_at()?,
    };
    Ok(Fact::Refund(Refund {
        refund: running_total(invoice)?,
        payment: sale.payment.clone(),
        amount: back,
        item: None,
        is_running_total: true,
        occurred_at,
    }))
}

fn failed(told: &Told<'_>, standing: FailedStanding) -> Result<Fact, Untranslatable> {
    let invoice = &told.attributes;
    let currency = amount::currency(invoice)?;
    Ok(Fact::PaymentFailed(FailedPayment {
        payment: told.key("invoice")?,
        customer: told.customer()?,
        subscription: told.key_in("subscription_id", "subscription")?,
        amount: amount::required(invoice, "total", currency)?,
        // How often it was tried is not told.
        attempts: 1,
        next_attempt_at: None,
        standing,
        reason: None,
        told_at: told.told_at()?,
    }))
}
