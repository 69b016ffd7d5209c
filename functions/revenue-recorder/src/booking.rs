//! Facts to sales and lines: each fact in one transaction, in any order, any number of times.

use std::collections::{BTreeMap, BTreeSet};

use cases::error::CaseError;
use domain::assess::AssessError;
use domain::attribution::customer::Customer;
use domain::commission::EarningReason;
use domain::fact::{Fact, PaymentAlias, PaymentKey, SalePaid};
use domain::fraud::policy::{Policy, SHIPPED};
use domain::ledger::Head;
use domain::line::{Account, Line};
use domain::money::MoneyError;
use domain::month::Month;
use domain::retarget::{Booking, Marks, RetargetError, Target, retarget};
use domain::sale::{Decision, Sale};
use domain::slot::Slot;
use domain::time::{BusinessDay, DateOutOfRange, Timestamp, Zone};
use domain::touch::ClickKeys;
use store::risk::ReviewPart;
use store::sales::{Known, NewSale, SaleWritten};
use store::{Store, StoreError, TenantKey};
use thiserror::Error;

use crate::decide::Found;

/// How often a booking that others raced is begun again.
pub(crate) const TRIES_MAX: usize = 8;

/// How many lines one fact may make: a transaction takes a hundred items.
const LINES_MAX: usize = 80;

/// How many of the hundred may be lines and heads: the rest is the sale's own.
const PARTS_MAX: usize = 90;

/// What became of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Booked {
    /// It is booked now.
    Recorded,
    /// It was booked before.
    AlreadySeen,
    /// It waits for its payment.
    Parked,
}

/// Why a fact was not booked.
#[derive(Debug, Error)]
pub enum BookingError {
    /// The store.
    #[error("working with the store")]
    Store(#[from] StoreError),
    /// Money out of range, or of two currencies.
    #[error("adding up money")]
    Money(#[from] MoneyError),
    /// The commission cannot be computed.
    #[error("computing the commission")]
    Commission(#[from] AssessError),
    /// The calendar ends.
    #[error("finding the month of a sale")]
    Month(#[from] DateOutOfRange),
    /// The lines of a change cannot be computed.
    #[error("computing the lines of a sale")]
    Retarget(#[from] RetargetError),
    /// One fact would make more lines than one transaction takes.
    #[error("{payment} makes {lines} lines at once, more than one transaction takes")]
    TooManyLines {
        /// The payment.
        payment: PaymentKey,
        /// How many.
        lines: usize,
    },
    /// A name of the payment already means another payment.
    #[error("{payment} has a name that already means another payment")]
    AliasTaken {
        /// The payment.
        payment: PaymentKey,
    },
    /// A refund or dispute in another currency than its sale's.
    #[error("{fact} is in another currency than its payment")]
    OtherCurrency {
        /// The refund or dispute.
        fact: PaymentKey,
    },
    /// A refund of an item that the sale does not have.
    #[error("{refund} is of item {item}, which its payment does not have")]
    NoSuchItem {
        /// The refund.
        refund: PaymentKey,
        /// The item's number.
        item: u16,
    },
    /// Others were faster each time; nothing was written.
    #[error("too many others book to the account at once")]
    Busy,
}

impl BookingError {
    /// May it pass by itself, so that the fact is to be tried again? What contradicts is a person's.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Store(StoreError::Inconsistent { .. } | StoreError::TooLarge { .. })
            | Self::Money(_)
            | Self::Commission(_)
            | Self::Month(_)
            | Self::Retarget(_)
            | Self::TooManyLines { .. }
            | Self::AliasTaken { .. }
            | Self::OtherCurrency { .. }
            | Self::NoSuchItem { .. } => false,
            Self::Store(_) | Self::Busy => true,
        }
    }

    /// Which of two is told: one that may pass, else the first. A person who looks at what contradicts is not to find
    /// that something else was never tried again.
    pub(crate) fn weightier(known: Option<Self>, told: Self) -> Self {
        match known {
            Some(known) if known.may_pass() || !told.may_pass() => known,
            _ => told,
        }
    }

    /// Two things done beside each other, neither of which holds up the other.
    pub(crate) fn both(one: Result<(), Self>, other: Result<(), Self>) -> Result<(), Self> {
        match (one, other) {
            (Err(one), Err(other)) => Err(Self::weightier(Some(one), other)),
            (Err(error), Ok(())) | (Ok(()), Err(error)) => Err(error),
            (Ok(()), Ok(())) => Ok(()),
        }
    }
}

/// Books facts of one tenant at one instant.
pub struct Recorder<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: &'a TenantKey,
    pub(crate) keys: &'a ClickKeys,
    pub(crate) ledger_zone: &'a Zone,
    pub(crate) now: Timestamp,
    pub(crate) policy: &'a Policy,
}

/// Why a sale changes, and when that happened.
#[derive(Clone, Copy)]
pub(crate) struct Cause {
    pub(crate) occurred_at: Timestamp,
    pub(crate) reason: EarningReason,
}

impl<'a> Recorder<'a> {
    /// A recorder of a tenant's facts; the ledger's zone is the tenant's.
    #[must_use]
    pub fn new(
        store: &'a Store,
        tenant: &'a TenantKey,
        keys: &'a ClickKeys,
        ledger_zone: &'a Zone,
        now: Timestamp,
    ) -> Self {
        Self { store, tenant, keys, ledger_zone, now, policy: &SHIPPED }
    }

    /// With the tenant's own points for signals of fraud.
    #[must_use]
    pub fn with_policy(self, policy: &'a Policy) -> Self {
        Self { policy, ..self }
    }

    /// Books one fact.
    ///
    /// # Errors
    /// The store does not answer, amounts are out of range, or the fact contradicts what is booked.
    pub async fn book(&self, fact: &Fact) -> Result<Booked, BookingError> {
        match fact {
            Fact::SalePaid(sale) => self.book_sale(sale).await,
            Fact::PaidAgain(told) => self.book_paid_again(told).await,
            Fact::CustomerSeen(seen) => self.meet_customer(seen).await,
            Fact::PaymentAlias(alias) => self.name_payment(alias).await,
            Fact::Refund(refund) => self.book_about(&refund.payment, fact).await,
            Fact::Dispute(dispute) => self.book_about(&dispute.payment, fact).await,
            Fact::SignUp(told) => self.book_sign_up(told).await,
            Fact::Lead(told) => self.book_lead(told).await,
            Fact::SubscriptionChanged(_) | Fact::PaymentFailed(_) | Fact::ProviderObject(_) => {
                self.keep_told(fact).await
            }
        }
    }

    /// A payment that succeeded: its sale, lines and heads, the customer that it meets, in one transaction; then whatever
    /// waited for it.
    pub(crate) async fn book_sale(&self, paid: &SalePaid) -> Result<Booked, BookingError> {
        let mut fences = Fences::default();
        for _ in 0..TRIES_MAX {
            let (decision, mut meets) = self.decide(paid).await?;
            let mut sale = self.new_sale(paid, decision);
            let worth = self.worth_of(&mut sale, meets.as_ref().map(Found::customer), &fences).await?;
            if let Some(found) = meets.as_mut().filter(|_| paid.customer.is_some() && paid.paid.minor() > 0) {
                found.credit(&sale.decision);
            }
            let customer = meets.as_ref().map(Found::customer);
            let review = self.look().at_first(&mut sale, self.seen_at_sale(paid), customer).await?;
            let cause = Cause { occurred_at: paid.occurred_at, reason: EarningReason::Adjusted };
            let lines = self.retarget(&mut sale, &worth.targets, cause, &fences)?;
            let change = meets.as_ref().map(Found::change);
            let review = review.as_ref().map(ReviewPart::Opened);
            // COM-1: told under another id, the lead is the one that was told before.
            let tellings = cases::leads::tellings(self.store, self.tenant, &sale, &[]).await?;
            if tellings.is_rewarded {
                return Ok(Booked::AlreadySeen);
            }
            let aliases: Vec<PaymentKey> = paid.aliases.iter().chain(&tellings.names).cloned().collect();
            let open_in = &worth.open_in;
            let new = NewSale { sale: &sale, lines: &lines, aliases: &aliases, open_in, meets: change, review };
            // COM-3: theirs are listed, so that no partner's accounts need be read for them.
            let shared = paid.customer.as_ref().filter(|_| customer.is_some_and(Customer::has_several_partners));
            match self.store.create_sale_of(self.tenant, &new, shared).await? {
                SaleWritten::Yes => {
                    // What the sale tells of its customer may decide other sales of theirs.
                    self.finish_sale(paid, meets.as_ref().is_some_and(Found::is_news)).await?;
                    return Ok(Booked::Recorded);
                }
                SaleWritten::AlreadySeen => return self.book_again(paid).await,
                SaleWritten::CustomerMet => {}
                SaleWritten::AliasTaken if !tellings.names.is_empty() => {}
                SaleWritten::AliasTaken => return Err(BookingError::AliasTaken { payment: paid.payment.clone() }),
                SaleWritten::BehindFence => fences.read(self, &lines).await?,
            }
        }
        Err(BookingError::Busy)
    }

    /// A payment that is booked already, or that has another name by now.
    async fn book_again(&self, paid: &SalePaid) -> Result<Booked, BookingError> {
        let owner = match self.store.find_payment(self.tenant, &paid.payment).await? {
            Known::As(owner) => owner,
            Known::Sale(_) | Known::Not => paid.payment.clone(),
        };
        for name in &paid.aliases {
            // ING-4: an event may bring names that the one before it did not. Asking is cheaper than writing again.
            if self.store.find_payment(self.tenant, name).await? == Known::Not {
                self.name(name, &owner).await?;
            }
        }
        self.meet_again(paid).await?;
        // Whoever booked it may have died before this.
        self.finish_sale(paid, true).await?;
        if owner != paid.payment && self.park(&owner, &Fact::SalePaid(paid.clone())).await? {
            // ING-6: it is told by its other name only. That money came in must not be forgotten, should the payment
            // never be told by its own.
            return Ok(Booked::Parked);
        }
        Ok(Booked::AlreadySeen)
    }

    /// What waited for a sale: facts under its names are booked, and other sales of its customer are decided. What is
    /// stuck among these holds up no refund of this one.
    async fn finish_sale(&self, paid: &SalePaid, is_customer_news: bool) -> Result<(), BookingError> {
        let drained = self.drain_all(std::iter::once(&paid.payment).chain(&paid.aliases)).await;
        let decided = match paid.customer.as_ref().filter(|_| is_customer_news) {
            Some(customer) => self.decide_waiting_of(customer, &self.seen_at_sale(paid)).await,
            None => Ok(()),
        };
        BookingError::both(BookingError::both(drained, decided), self.convert_leads(paid).await)
    }

    /// REV-2: who pays under the address of a lead is a customer now. Behind the booking: it is no money, and whoever
    /// books again finishes it.
    async fn convert_leads(&self, paid: &SalePaid) -> Result<(), BookingError> {
        let Some(email) = paid.email.filter(|_| paid.event_type.is_payment() && paid.paid.minor() > 0) else {
            return Ok(());
        };
        match cases::leads::pay(self.store, self.tenant, email, (paid.customer.as_ref(), paid.occurred_at)).await {
            Ok(_) => Ok(()),
            Err(CaseError::Store(error)) => Err(error.into()),
            Err(_) => Err(BookingError::Busy),
        }
    }

    pub(crate) async fn name_payment(&self, named: &PaymentAlias) -> Result<Booked, BookingError> {
        self.name(&named.alias, &named.payment).await?;
        self.drain_all(std::iter::once(&named.alias)).await?;
        Ok(Booked::Recorded)
    }

    async fn name(&self, name: &PaymentKey, payment: &PaymentKey) -> Result<(), BookingError> {
        if self.store.record_alias(self.tenant, name, payment).await? {
            return Ok(());
        }
        Err(BookingError::AliasTaken { payment: payment.clone() })
    }

    fn new_sale(&self, paid: &SalePaid, decision: Decision) -> Sale {
        Sale {
            customer: paid.customer.clone(),
            booked_at: self.now,
            total: paid.total,
            tax: paid.tax,
            shipping: paid.shipping,
            fees: paid.fees,
            event_type: paid.event_type,
            invoice: paid.invoice.clone(),
            items: paid.items.clone(),
            subscription: paid.subscription.clone(),
            period_start: paid.period_start,
            period_end: paid.period_end,
            services: paid.services.clone(),
            traits: paid.traits.clone(),
            email: paid.email,
            buyer: paid.buyer.clone(),
            decision,
            ..Sale::plain(paid.payment.clone(), paid.paid, paid.occurred_at, self.today())
        }
    }

    /// Books what is missing to the targets.
    pub(crate) fn retarget(
        &self,
        sale: &mut Sale,
        targets: &[Target],
        cause: Cause,
        fences: &Fences,
    ) -> Result<Vec<Line>, BookingError> {
        let booking = Booking {
            now: self.now,
            today: self.today(),
            occurred_at: cause.occurred_at,
            cause: cause.reason,
            fence_of: &|account| fences.of(account),
            marks_of: &|account| fences.marks(account),
        };
        let lines = retarget(sale, targets, &booking)?;
        let accounts: BTreeSet<Account> = lines.iter().map(Line::account).collect();
        if lines.len() > LINES_MAX || lines.len() + accounts.len() > PARTS_MAX {
            return Err(BookingError::TooManyLines { payment: sale.payment.clone(), lines: lines.len() });
        }
        Ok(lines)
    }

    pub(crate) fn today(&self) -> BusinessDay {
        self.ledger_zone.day_of(self.now)
    }
}

/// Fences that a booking has met: read only when one refused it.
#[derive(Default)]
pub(crate) struct Fences(BTreeMap<Account, Head>);

impl Fences {
    pub(crate) async fn read(&mut self, recorder: &Recorder<'_>, lines: &[Line]) -> Result<(), BookingError> {
        for line in lines {
            let account = line.account();
            let head = recorder.store.get_head(recorder.tenant, &account).await?;
            self.0.insert(account, head);
        }
        Ok(())
    }

    /// The last month that an account has frozen, as far as its head was read.
    pub(crate) fn frozen(&self, account: &Account) -> Option<Month> {
        self.0.get(account).and_then(|head| head.frozen)
    }

    /// How far the months of an account are over, as far as its head was read.
    fn marks(&self, account: &Account) -> Marks {
        self.0.get(account).map(Marks::from).unwrap_or_default()
    }

    /// The fence of an account, as far as one was read.
    pub(crate) fn of(&self, account: &Account) -> Option<Slot> {
        self.0.get(account).and_then(|head| head.fence)
    }
}
