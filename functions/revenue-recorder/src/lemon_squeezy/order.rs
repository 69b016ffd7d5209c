//! An order: a single sale, or the first payment of a subscription.

use domain::fact::{Buyer, Fact, Refund, SalePaid, SaleTraits, SaleType};

use super::{Told, amount, running_total};
use crate::fields::Untranslatable;

/// The facts of an order, as far as it is: paid, and what of it went back.
pub(super) fn facts(told: &Told<'_>) -> Result<Vec<Fact>, Untranslatable> {
    let order = &told.attributes;
    let is_sale = match order.text("status")? {
        "paid" | "refunded" | "partial_refund" => true,
        // One that is pending or failed brought no money, and one that was fraudulent is no sale.
        "pending" | "failed" | "fraudulent" => false,
        // A word that we do not know may mean money: a person must look.
        _ => return Err(order.expected("status", "a status of an order")),
    };
    // ING-7: what went back, went back, whatever the order is called by then: it may have been told as paid before.
    let refund = refund(told)?;
    let sale = if is_sale { Some(Fact::SalePaid(sale(told)?)) } else { None };
    Ok(sale.into_iter().chain(refund).collect())
}

fn sale(told: &Told<'_>) -> Result<SalePaid, Untranslatable> {
    let order = &told.attributes;
    let currency = amount::currency(order)?;
    // Totals are taken as they are told: they cannot be worked out again from their parts.
    let total = amount::required(order, "total", currency)?;
    let item = order.optional_object("first_order_item");
    let of_item = |name: &str| item.as_ref().map_or(Ok(None), |item| item.number_or_text(name));
    Ok(SalePaid {
        payment: told.key("order")?,
        aliases: Vec::new(),
        customer: told.customer()?,
        occurred_at: order.instant("created_at")?,
        paid: total,
        total,
        tax: amount::optional(order, "tax", currency)?,
        shipping: domain::money::Money::zero(currency),
        fees: amount::fees(order, total)?,
        items: Vec::new(),
        subscription: None,
        period_start: None,
        period_end: None,
        services: Vec::new(),
        traits: SaleTraits { plan: of_item("variant_id")?, product: of_item("product_id")?, ..SaleTraits::default() },
        click_token: told.token.clone(),
        email: told.email(),
        buyer: Buyer {
            has_disposable_email: told.address().is_some_and(domain::email::is_disposable),
            ..Buyer::default()
        },
        event_type: SaleType::OneOffSale,
        invoice: format!("order-{}", told.id),
    })
}

/// What went back of it so far; none where nothing did.
fn refund(told: &Told<'_>) -> Result<Option<Fact>, Untranslatable> {
    let order = &told.attributes;
    // Of one that never was a sale the amounts need not be there.
    if !order.is_true("refunded") && order.optional_integer("refunded_amount")?.unwrap_or(0) == 0 {
        return Ok(None);
    }
    let total = amount::required(order, "total", amount::currency(order)?)?;
    let back = amount::refunded(order, total)?;
    if back.is_zero() {
        return Ok(None);
    }
    let occurred_at = match order.optional_instant("refunded_at")? {
        Some(at) => at,
        None => told.told_at()?,
    };
    Ok(Some(Fact::Refund(Refund {
        refund: running_total(order)?,
        payment: told.key("order")?,
        amount: back,
        item: None,
        // ING-7: Lemon Squeezy gives its refunds no ids; what it tells is all that went back so far.
        is_running_total: true,
        occurred_at,
    })))
}
