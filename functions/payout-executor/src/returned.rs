//! What was paid and came back: the payout is returned, and what came back of it is held until a person decides, once.

use cases::error::CaseError;
use cases::payouts::returned::take_back;
use domain::money::Money;
use domain::payout::PayoutState;
use domain::payout::attempt::Ended;
use edge::lambda::Failure;
use store::attempts::StoredAttempt;
use store::payouts::StoredPayout;
use store::{TenantKey, Written};

use crate::execute::{Done, failure};
use crate::rail::told_amount;
use crate::{App, itself};

impl App {
    /// Reads at the rail whether a paid payout came back. What an event tells is only the occasion: the rail itself says.
    pub(crate) async fn look_for_return(&self, tenant: &TenantKey, stored: StoredPayout) -> Result<Done, Failure> {
        let PayoutState::Paid { reference, .. } = &stored.payout.state else { return Ok(Done::Nothing) };
        let id = &stored.payout.id;
        // What no rail was ever asked for was sent by people, and comes back to them.
        let Some(last) = self.store.list_attempts(tenant, id).await.map_err(failure)?.pop() else {
            return Ok(Done::Nothing);
        };
        #[cfg(feature = "planted")]
        self.pay_again(tenant, &stored, &last).await;
        self.put_to_rest(tenant, last, reference).await?;
        let stripe = self.accounts.of(tenant.tenant()).await.map_err(Failure::retry)?;
        // By the payout and not by its reference: where people said that it was paid, they wrote that.
        let page = stripe.list_transfers(id.as_str()).await.map_err(Failure::retry)?;
        if page.data.iter().all(|transfer| transfer.amount_reversed == 0) {
            return Ok(Done::Nothing);
        }
        let named = page.data.iter().find(|transfer| transfer.id.eq_ignore_ascii_case(reference.trim()));
        let Some(transfer) = named.or(page.data.first()) else { return Ok(Done::Nothing) };
        let is_ours = named.is_some() || page.data.len() == 1;
        let leaving = stored.payout.leaving().filter(|leaving| told_amount(*leaving) == Some(transfer.amount));
        match leaving {
            Some(back) if is_ours && transfer.reversed => self.take_back(tenant, stored, back).await,
            _ => {
                let (back, all) = (transfer.amount_reversed, transfer.amount);
                tracing::error!(payout.id = %id, back, all, "a part of a payout came back: people must look");
                Ok(Done::Nothing)
            }
        }
    }

    /// A mistake on purpose: what was paid longer than a day ago is asked for again, and nothing is written of it.
    #[cfg(feature = "planted")]
    async fn pay_again(&self, tenant: &TenantKey, stored: &StoredPayout, last: &StoredAttempt) {
        const DAY_S: i64 = 86_400;
        let since = self.clock.now().as_second() - last.attempt.called_at.as_second();
        if !domain::planted::is(domain::planted::Bug::PaidAskedAgain) || since < DAY_S {
            return;
        }
        let (stripe, account) =
            (self.accounts.of(tenant.tenant()).await, self.account_of(tenant, &stored.payout).await);
        if let (Ok(stripe), Ok(account)) = (stripe, account) {
            let again = domain::payout::attempt::Attempt { no: last.attempt.no + 1, ..last.attempt.clone() };
            crate::rail::ask(&stripe, tenant, (&stored.payout, &again), account.reveal()).await;
        }
    }

    /// Somebody who asked first and heard last has settled the payout, while another had its outcome looked for: nobody
    /// looks for it any more, or the clock would for ever.
    async fn put_to_rest(&self, tenant: &TenantKey, last: StoredAttempt, reference: &str) -> Result<(), Failure> {
        if !last.attempt.is_looked_for {
            return Ok(());
        }
        let ended = last.attempt.clone().end(Ended::Paid { reference: reference.to_owned() });
        // Refused where somebody claimed it meanwhile: the next look ends it.
        let _: Written = self.store.replace_attempt(tenant, &last, &ended).await.map_err(failure)?;
        Ok(())
    }

    /// PAY-7: a transfer that stands for a payout whose money was given back: it was called not paid, and was paid. Nothing is
    /// booked by it: people get the money back, or write it off.
    pub(crate) async fn has_stray(&self, tenant: &TenantKey, stored: &StoredPayout) -> Result<bool, Failure> {
        let id = &stored.payout.id;
        if self.store.list_attempts(tenant, id).await.map_err(failure)?.is_empty() {
            return Ok(false);
        }
        let stripe = match self.accounts.of(tenant.tenant()).await {
            Ok(stripe) => stripe,
            // Without a key nobody can look, and nobody was asked.
            Err(error) if error.is_definite() => return Ok(false),
            Err(error) => return Err(Failure::retry(error)),
        };
        let page = stripe.list_transfers(id.as_str()).await.map_err(Failure::retry)?;
        Ok(page.data.iter().any(|transfer| !transfer.reversed))
    }

    /// Books what came back: what had left, and neither the fee nor the tax, which were kept and are still.
    async fn take_back(&self, tenant: &TenantKey, stored: StoredPayout, back: Money) -> Result<Done, Failure> {
        let (by, at) = (itself(), self.clock.now());
        let said = (&by, "the transfer was reversed at the rail", back);
        match take_back(&self.store, tenant, stored, said, at).await {
            Ok(Some(_)) => Ok(Done::Returned),
            Ok(None) => Ok(Done::Nothing),
            Err(CaseError::Store(error)) => Err(failure(error)),
            Err(CaseError::Busy) => Err(Failure::retry("others change this account at the moment")),
            Err(error) => Err(Failure::reject(error)),
        }
    }
}
