//! Customers are met, leads are remembered, and the sales that nobody was paid for are decided again.

use cases::risk::look::Seen;
use domain::attribution::Source;
use domain::attribution::candidate::{Candidate, Moment};
use domain::attribution::choice::choose;
use domain::attribution::customer::{Customer, decision_for};
use domain::commission::EarningReason;
use domain::fact::{Buyer, CustomerSeen, Lead, PaymentKey, SalePaid};
use domain::id::{PartnerId, SaleId};
use domain::sale::Sale;
use store::customers::CustomerChange;
use store::sales::{NewSale, SaleWritten};
use store::{StoreError, Written};

use crate::booking::{Booked, BookingError, Cause, Fences, Recorder, TRIES_MAX};
use crate::decide::Evidence;

impl Recorder<'_> {
    /// A customer is met, and every sale of theirs that nobody is paid for is decided again. Done again, it finishes
    /// what was left.
    pub(crate) async fn meet_customer(&self, seen: &CustomerSeen) -> Result<Booked, BookingError> {
        for _ in 0..TRIES_MAX {
            let found = self.met_at(&seen.customer, &Evidence::from(seen)).await?;
            if self.store.record_customer(self.tenant, &found.change()).await? == Written::ConditionFailed {
                continue;
            }
            self.decide_waiting_of(&seen.customer, &self.seen_at_check_out(seen)).await?;
            return Ok(if found.is_news() { Booked::Recorded } else { Booked::AlreadySeen });
        }
        Err(BookingError::Busy)
    }

    /// ING-6: a payment may be told again with what its first telling did not carry: a provider's list names no click, the
    /// webhook behind it does. What it brings is met as if it had come first; a telling without a touch meets nobody.
    pub(crate) async fn meet_again(&self, paid: &SalePaid) -> Result<(), BookingError> {
        let evidence = Evidence::from(paid);
        let brings = evidence.click_token.is_some() || evidence.coupon.is_some();
        let Some(customer) = paid.customer.as_ref().filter(|_| brings) else { return Ok(()) };
        for _ in 0..TRIES_MAX {
            let found = self.met_again(customer, &evidence).await?;
            if !found.is_news() || self.store.record_customer(self.tenant, &found.change()).await? == Written::Yes {
                return Ok(());
            }
        }
        Err(BookingError::Busy)
    }

    /// A lead that carried a partner's touch is remembered by its address, and whoever gave that address hears of it.
    pub(crate) async fn remember_lead(&self, told: &Lead) -> Result<Booked, BookingError> {
        let Some(candidate) = self.brought(told).await? else { return Ok(Booked::AlreadySeen) };
        for _ in 0..TRIES_MAX {
            let mut leads = self.store.get_leads(self.tenant, told.email).await?;
            let is_news = leads.add(&candidate);
            if is_news && self.store.record_leads(self.tenant, told.email, &leads).await? == Written::ConditionFailed {
                continue;
            }
            // Also when it was known before: whoever remembered it may have died before this.
            let mut done = Ok(());
            for customer in self.store.list_waiting_for_lead(self.tenant, told.email).await? {
                done = BookingError::both(done, self.tell_of_lead(told, &customer, &leads.candidates).await);
            }
            done?;
            return Ok(if is_news { Booked::Recorded } else { Booked::AlreadySeen });
        }
        Err(BookingError::Busy)
    }

    /// The touch of a lead, if one of its clicks counts at its time.
    async fn brought(&self, told: &Lead) -> Result<Option<Candidate>, StoreError> {
        let Some(Ok(touches)) = told.click_token.as_deref().map(|token| self.keys.verify(self.tenant.tenant(), token))
        else {
            return Ok(None);
        };
        let mut clicks = Vec::new();
        for touch in touches.as_slice() {
            clicks.push(self.look_up_click(touch, Some(told.email)).await?);
        }
        let choice = choose(&clicks, &Moment { at: told.occurred_at, is_existing: false, coupon: None });
        Ok(choice.shares.last().map(|share| Candidate {
            source: Source::LeadEmail,
            at: told.occurred_at,
            visitor: None,
            ..share.candidate.clone()
        }))
    }

    async fn tell_of_lead(&self, told: &Lead, customer: &PaymentKey, leads: &[Candidate]) -> Result<(), BookingError> {
        for _ in 0..TRIES_MAX {
            let Some(known) = self.store.get_customer(self.tenant, customer).await? else { return Ok(()) };
            let mut after = known.clone();
            let is_news = after.hear_of_leads(told.email, leads);
            after.version += 1;
            let moves = self.moves_from(customer, &known, &after).await?;
            let change = CustomerChange {
                key: customer,
                before: Some(known.version),
                after: is_news.then_some(&after),
                relies_on: &[],
                moves: &moves,
            };
            if self.store.record_customer(self.tenant, &change).await? == Written::ConditionFailed {
                continue;
            }
            let seen = CustomerSeen {
                event: told.event.clone(),
                customer: customer.clone(),
                occurred_at: told.occurred_at,
                click_token: told.click_token.clone(),
                coupon: None,
                buyer: Buyer::default(),
                email: Some(told.email),
            };
            return self.decide_waiting_of(customer, &self.seen_at_check_out(&seen)).await;
        }
        Err(BookingError::Busy)
    }

    /// Whose sales may be another's by what is known now. A guest's one sale says itself whose it is.
    async fn moves_from(
        &self,
        key: &PaymentKey,
        known: &Customer,
        after: &Customer,
    ) -> Result<Vec<PartnerId>, StoreError> {
        let Some(sale) = Customer::guest_sale(key) else { return Ok(after.moves_from(known)) };
        let sale = self.store.get_sale(self.tenant, &sale).await?;
        let credits = sale.iter().flat_map(|sale| sale.decision.credits());
        Ok(credits.map(|credit| credit.partner.clone()).collect())
    }

    /// Decides the sales of a customer that nobody is paid for by what is known of the customer now. One that cannot be
    /// decided holds up no other.
    pub(crate) async fn decide_waiting_of(&self, customer: &PaymentKey, seen: &Seen) -> Result<(), BookingError> {
        let mut done = Ok(());
        for sale in self.store.list_undecided(self.tenant, customer).await? {
            done = BookingError::both(done, self.decide_waiting(customer, &sale, seen).await);
        }
        done
    }

    async fn decide_waiting(&self, customer: &PaymentKey, id: &SaleId, seen: &Seen) -> Result<(), BookingError> {
        let mut fences = Fences::default();
        for _ in 0..TRIES_MAX {
            let (Some(sale), Some(known)) =
                (self.store.get_sale(self.tenant, id).await?, self.store.get_customer(self.tenant, customer).await?)
            else {
                return Ok(());
            };
            if !sale.decision.credits().is_empty() {
                return Ok(());
            }
            let mut decision = decision_for(&sale, Some(&known));
            if sale.customer.is_some() {
                // What lost is kept once, with the customer; a guest's stays with the one sale.
                decision = decision.without_losers();
            }
            self.store.fill_terms(self.tenant, &mut decision, &[]).await?;
            let (before, decided) = (sale.version, sale.decision.clone());
            let mut sale = Sale { decision, version: before + 1, ..sale };
            let worth = self.worth_of(&mut sale, Some(&known), &fences).await?;
            if sale.decision == decided {
                return Ok(());
            }
            let noticed = self.look().again(&mut sale, Some(seen.clone()), Some(&known)).await?;
            // What earned before is credited anew; of what earns for the first time, refunds that came before take their part.
            let is_first = sale.lines.is_empty();
            let reason = if is_first { EarningReason::Refund } else { EarningReason::Reattributed };
            let cause = Cause { occurred_at: self.now, reason };
            let lines = self.retarget(&mut sale, &worth.targets, cause, &fences)?;
            // COM-3: who is credited with a sale of theirs, the customer knows from now on.
            let after = sale.customer.as_ref().and_then(|_| Customer::credited_by(Some(&known), &sale.decision));
            let meets = after.as_ref().map(|after| CustomerChange {
                key: customer,
                before: Some(known.version),
                after: Some(after),
                relies_on: &[],
                moves: &[],
            });
            // COM-1: a lead that has its reward by another id: this telling of it stays nobody's.
            let tellings = cases::leads::tellings(self.store, self.tenant, &sale, &[]).await?;
            if tellings.is_rewarded {
                return Ok(());
            }
            let (aliases, open_in, review) = (&tellings.names, &worth.open_in, noticed.part());
            let new = NewSale { sale: &sale, lines: &lines, aliases, open_in, meets, review };
            let is_shared = after.as_ref().unwrap_or(&known).has_several_partners();
            match self.store.decide_sale(self.tenant, (customer, is_shared), before, &new).await? {
                SaleWritten::Yes => return Ok(()),
                SaleWritten::BehindFence => fences.read(self, &lines).await?,
                SaleWritten::AlreadySeen | SaleWritten::CustomerMet | SaleWritten::AliasTaken => {}
            }
        }
        Err(BookingError::Busy)
    }
}
