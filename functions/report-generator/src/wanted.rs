//! From the records to what a receipt says.

use cases::issuer::issuer_of;
use domain::id::PartnerId;
use domain::payout::{Payout, PayoutState, payment_reference};
use domain::slot::Slot;
use domain::time::Timestamp;
use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealed};
use jiff::civil::Date;
use store::TenantKey;
use store::people::NAME;

use crate::App;
use crate::receipt::{Covered, Payee, Receipt};

/// Until payments move by rails, finance sends them by hand.
const BY_HAND: &str = "Manual transfer";

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

    /// `None` once the person was erased.
    async fn partner_name(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Option<String>, Failure> {
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
        amount: payout.amount.to_text(),
        currency: payout.amount.currency().to_string(),
        method: BY_HAND.to_owned(),
        payment_reference: Some(paid.reference.to_owned()),
        requested_at: payout.requested_at,
        completed_at: paid.completed_at,
        covered: Covered { lines: payout.lines, first_day: payout.from.and_then(day), last_day: day(payout.to) },
        seal: payout.seal.to_hex(),
    }
}

fn day(slot: Slot) -> Option<Date> {
    let (year, month, day) = slot.day().parts();
    Date::new(year, month, day).ok()
}
