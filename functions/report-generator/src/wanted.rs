//! From the records to what a receipt says.

use cases::issuer::issuer_of;
use domain::id::PartnerId;
use domain::payee::Rail;
use domain::payout::{Payout, PayoutState, payment_reference};
use domain::slot::Slot;
use domain::time::Timestamp;
use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealed};
use jiff::civil::Date;
use store::TenantKey;
use store::people::NAME;

use crate::App;
use crate::receipt::{Covered, Kept, Payee, Receipt};

/// What is known of a payment that was confirmed.
struct Paid<'a> {
    completed_at: Timestamp,
    reference: &'a str,
}

impl App {
    /// The receipt of a payout.
    pub(crate) async fn receipt_of(&self, tenant: &TenantKey, payout: &Payout) -> Result<Receipt, Failure> {
        let PayoutState::Paid { completed_at, reference, .. } = &payout.state else {
            return Err(Failure::reject(format!(
                "payout {} is {}, not paid: no receipt",
                payout.id,
                payout.state.word()
            )));
        };
        let paid = Paid { completed_at: *completed_at, reference };
        let issuer = issuer_of(&self.store, tenant, &payout.partner).await.map_err(Failure::retry)?;
        let name = self.partner_name(tenant, &payout.partner).await?;
        Ok(receipt(payout, &paid, issuer, name))
    }

    /// The receipt of a payout whose payee was erased: of one that came back, too, for it had one when it was paid.
    pub(crate) async fn nameless_of(&self, tenant: &TenantKey, payout: &Payout) -> Result<Receipt, Failure> {
        let (PayoutState::Paid { completed_at, reference, .. } | PayoutState::Returned { completed_at, reference, .. }) =
            &payout.state
        else {
            let (id, state) = (&payout.id, payout.state.word());
            return Err(Failure::reject(format!("payout {id} is {state}, it has no receipt")));
        };
        let paid = Paid { completed_at: *completed_at, reference };
        let issuer = issuer_of(&self.store, tenant, &payout.partner).await.map_err(Failure::retry)?;
        Ok(receipt(payout, &paid, issuer, None))
    }

    /// `None` once the person was erased.
    pub(crate) async fn partner_name(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
    ) -> Result<Option<String>, Failure> {
        let Some(person) = self.store.get_person(tenant, partner).await.map_err(Failure::retry)? else {
            return Ok(None);
        };
        let sealed: Sealed = person.name_sealed.parse().map_err(Failure::reject)?;
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: partner.as_str(), field: NAME };
        let name = self.sealer.open_text(&belongs, &sealed).await.map_err(Failure::retry)?;
        Ok(Some(name.reveal().clone()).filter(|name| !name.trim().is_empty()))
    }
}

fn receipt(payout: &Payout, paid: &Paid<'_>, issuer: String, name: Option<String>) -> Receipt {
    Receipt {
        payout: payout.id.to_string(),
        number: payment_reference(&payout.id, payout.requested_at),
        issuer,
        payee: Payee { id: payout.partner.to_string(), name },
        // PAY-13: what left is what was paid.
        amount: payout.net.map_or(payout.amount, |net| net.net).to_text(),
        gross: payout.amount.to_text(),
        kept: kept(payout),
        currency: payout.amount.currency().to_string(),
        method: method(payout).to_owned(),
        payment_reference: Some(paid.reference.to_owned()),
        requested_at: payout.requested_at,
        completed_at: paid.completed_at,
        covered: Covered { lines: payout.lines, first_day: payout.from.and_then(day), last_day: day(payout.to) },
        seal: payout.seal.to_hex(),
    }
}

/// What was kept of it, and why.
fn kept(payout: &Payout) -> Vec<Kept> {
    let Some(net) = payout.net else { return Vec::new() };
    [("Retention fee", net.fee), ("Tax withheld (backup withholding, 24 %)", net.withheld)]
        .into_iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(why, amount)| Kept { why, amount: amount.to_text() })
        .collect()
}

/// The rail in words for people; without one, finance has paid by hand.
pub(crate) fn method(payout: &Payout) -> &'static str {
    match payout.terms.payee.as_ref().map(|payee| payee.rail) {
        Some(Rail::StripeConnect) => "Stripe transfer",
        Some(Rail::Ach) => "Bank transfer (ACH)",
        Some(Rail::Paypal) => "PayPal",
        Some(Rail::Wise) => "Bank transfer (Wise)",
        Some(Rail::Csv) => "Bank transfer",
        Some(Rail::Check) => "Check",
        Some(Rail::External) => "Another system",
        Some(Rail::Manual) | None => "Manual transfer",
    }
}

pub(crate) fn day(slot: Slot) -> Option<Date> {
    let (year, month, day) = slot.day().parts();
    Date::new(year, month, day).ok()
}
