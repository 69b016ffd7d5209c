//! An order: a single sale, or the first payment of a subscription.

use domain::fact::{Buyer, Fact, Refund, SalePaid, SaleTraits, SaleType};

use super::{Told, amount, running_total};
use crate::fields::Untranslatable;

/// The facts of an order, as far as it is: paid, and what of it went back.
pub(super) fn facts(told: &Told<'_>) -> Result<Vec<Fact>, Untranslatable> {
    let order = &told.attributes;
    // One that is pending or failed brought no money, and one that was fraudulent is none.
    if !matches!(order.text("status")?, "paid" | "refunded" | "partial_refund") {
        return Ok(Vec::new());
    }
    let sale = sale(told)?;
    let back = amount::refunded(order, sale.total)?;
    let refund = (!back.is_zero()).then(|| refund(told, &sale, back)).transpose()?;
    Ok(std::iter::once(Fact::SalePaid(sale)).chain(refund).collect())
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

fn refund(told: &Told<'_>, sale: &SalePaid, back: domain::money::Money) -> Result<Fact, Untranslatable> {
    let order = &told.attributes;
    let occurred_at = match order.optional_instant("refunded_at")? {
        Some(at) => at,
        None => told.told_at()?,
    };
    Ok(Fact::Refund(Refund {
        refund: running_total(order)?,
        payment: sale.payment.clone(),
        amount: back,
        item: None,
        // ING-7: Lemon Squeezy gives its refunds no ids; what it tells is all that went back so far.
        is_running_total: true,
        occurred_at,
    }))
}
