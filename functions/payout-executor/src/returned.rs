//! What was paid and came back: the payout is returned, and its amount is the partner's again, once.

use domain::audit::append;
use domain::entry::{Entry, EntryKind};
use domain::line::Place;
use domain::payout::PayoutState;
use domain::slot::Slot;
use edge::lambda::Failure;
use store::TenantKey;
use store::entries::{EntryBooking, EntryWritten, HeadGuard};
use store::payouts::StoredPayout;

use crate::execute::{Done, failure};
use crate::{App, itself};

/// How often a booking that others raced is begun again.
const TRIES_MAX: usize = 8;
/// How the rail's references begin; a payout that people sent has another one.
const TRANSFER: &str = "tr_";

impl App {
    /// Reads at the rail whether a paid payout came back. What an event tells is only the occasion: the rail itself says.
    pub(crate) async fn look_for_return(&self, tenant: &TenantKey, stored: StoredPayout) -> Result<Done, Failure> {
        let PayoutState::Paid { reference, .. } = &stored.payout.state else { return Ok(Done::Nothing) };
        if !reference.starts_with(TRANSFER) {
            return Ok(Done::Nothing);
        }
        let stripe = self.accounts.of(tenant.tenant()).await.map_err(Failure::retry)?;
        let transfer = stripe.get_transfer(reference).await.map_err(Failure::retry)?;
        if transfer.amount_reversed == 0 {
            return Ok(Done::Nothing);
        }
        if !transfer.reversed {
            let (back, all) = (transfer.amount_reversed, transfer.amount);
            tracing::error!(payout.id = %stored.payout.id, back, all, "a part of a payout came back: people must look");
            return Ok(Done::Nothing);
        }
        self.take_back(tenant, stored).await
    }

    async fn take_back(&self, tenant: &TenantKey, mut stored: StoredPayout) -> Result<Done, Failure> {
        let at = self.clock.now();
        let zone = self.store.get_settings(tenant).await.map_err(failure)?.ledger_zone;
        let today = zone.day_of(at);
        for _ in 0..TRIES_MAX {
            let id = stored.payout.id.clone();
            let reason = "the transfer was reversed at the rail".to_owned();
            let account = stored.payout.account();
            let Ok(step) = stored.payout.clone().come_back(itself(), reason.clone(), at) else {
                return Ok(Done::Nothing);
            };
            let head = self.store.get_head(tenant, &account).await.map_err(failure)?;
            let slot = Slot::immediate(today, head.fence).map_err(Failure::reject)?;
            // PAY-9: of the payout alone, so that however often it is told it is booked once.
            let key = format!("returned/{id}");
            let place = Place::Slot(slot);
            let entry = Entry {
                by: Some(itself()),
                reason,
                ..Entry::new(key, EntryKind::Returned, account, stored.payout.amount, place, at)
            };
            let told = append(stored.chain, id.as_str(), step.deed);
            let booking = EntryBooking { entry: &entry, guard: HeadGuard::Open };
            let written = self.store.return_payout(tenant, stored.chain, (&step.payout, &told), booking, today).await;
            if written.map_err(failure)? == EntryWritten::Yes {
                return Ok(Done::Returned);
            }
            let now = self.store.get_payout(tenant, &id).await.map_err(failure)?;
            stored = now.ok_or_else(|| Failure::reject(format!("{id} is gone")))?;
        }
        Err(Failure::retry("others change this account at the moment"))
    }
}
