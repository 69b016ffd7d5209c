//! A completed check-out binds a customer to the click that brought them; without an invoice it is the sale itself.

use domain::digest::Digest;
use domain::fact::{Buyer, CustomerSeen, Fact, PaymentKey, SalePaid, SaleTraits, SaleType};
use domain::money::Money;
use domain::time::Timestamp;

use super::{Untranslatable, amount, buyer, click_token, key, optional_key, token_in_metadata, traits};
use crate::fields::Fields;

/// The facts of a completed check-out session.
pub(super) fn facts(session: &Fields<'_>, at: Timestamp) -> Result<Vec<Fact>, Untranslatable> {
    let who = Who::of(session)?;
    match one_off_payment(session)? {
        Some(intent) => Ok(vec![Fact::SalePaid(sale(session, intent, who, at)?)]),
        // The money of a subscription or an invoice comes with invoice.paid: counted here too, it would be two sales.
        None => Ok(seen(session, who, at)?.into_iter().collect()),
    }
}

/// Who stood at the till, as far as the session tells.
struct Who {
    customer: Option<PaymentKey>,
    click_token: Option<String>,
    email: Option<Digest>,
    buyer: Buyer,
    traits: SaleTraits,
}

impl Who {
    fn of(session: &Fields<'_>) -> Result<Self, Untranslatable> {
        let details = session.optional_object("customer_details");
        let address = details.as_ref().and_then(|details| details.optional_text("email"));
        let address = address.or_else(|| session.optional_text("customer_email"));
        let home = details.as_ref().and_then(|details| details.optional_object("address"));
        Ok(Self {
            customer: optional_key(session, "customer")?,
            // The merchant may keep a reference of its own there: what is named ours comes first.
            click_token: token_in_metadata(session)
                .or_else(|| click_token(session.optional_text("client_reference_id"))),
            email: address.and_then(domain::email::digest),
            buyer: buyer::of(address, None),
            traits: traits::of(session, home.as_ref().and_then(|home| home.optional_text("country"))),
        })
    }
}

/// The payment intent of a session that is paid and makes no invoice. Unpaid ones (a bank debit under way) become
/// sales with `async_payment_succeeded`.
fn one_off_payment<'a>(session: &Fields<'a>) -> Result<Option<&'a str>, Untranslatable> {
    // A session that is to make an invoice may not have it yet.
    let is_invoiced =
        session.has("invoice") || session.optional_object("invoice_creation").is_some_and(|how| how.is_true("enabled"));
    let one_off = session.text("mode")? == "payment" && !is_invoiced;
    let paid = session.text("payment_status")? == "paid";
    if one_off && paid { session.reference("payment_intent") } else { Ok(None) }
}

fn sale(session: &Fields<'_>, intent: &str, who: Who, at: Timestamp) -> Result<SalePaid, Untranslatable> {
    let currency = amount::currency(session)?;
    let total = amount::required(session, "amount_total", currency)?;
    let (tax, shipping) = match session.optional_object("total_details") {
        Some(details) => (
            details.optional_integer("amount_tax")?.unwrap_or(0),
            amount::shipping(session, details.optional_integer("amount_shipping")?)?,
        ),
        None => (0, 0),
    };
    Ok(SalePaid {
        payment: key(session, "payment_intent", intent)?,
        aliases: vec![key(session, "id", session.text("id")?)?],
        customer: who.customer,
        occurred_at: at,
        paid: total,
        total,
        tax: amount::checked(session, "total_details/amount_tax", tax, currency)?,
        shipping: amount::checked(session, "total_details/amount_shipping", shipping, currency)?,
        fees: Money::zero(currency),
        items: Vec::new(),
        subscription: None,
        period_start: None,
        period_end: None,
        services: Vec::new(),
        traits: who.traits,
        buyer: who.buyer,
        click_token: who.click_token,
        email: who.email,
        event_type: SaleType::OneOffSale,
        invoice: intent.to_owned(),
    })
}

/// A guest leaves nothing to bind to.
fn seen(session: &Fields<'_>, who: Who, at: Timestamp) -> Result<Option<Fact>, Untranslatable> {
    let Some(customer) = who.customer else { return Ok(None) };
    Ok(Some(Fact::CustomerSeen(CustomerSeen {
        event: key(session, "id", session.text("id")?)?,
        customer,
        occurred_at: at,
        click_token: who.click_token,
        coupon: who.traits.coupon,
        buyer: who.buyer,
        email: who.email,
    })))
}
