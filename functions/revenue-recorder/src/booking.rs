//! Facts to sales and lines: each fact in one transaction, in any order, any number of times.

use domain::attribution::NobodyReason;
use domain::commission::{CommissionError, EarningReason, earn, slot_of};
use domain::fact::{CustomerSeen, Fact, PaymentAlias, PaymentKey, SalePaid};
use domain::id::{LineId, SaleId};
use domain::ledger::Head;
use domain::line::{Line, LineKind, LineTrace, Place};
use domain::money::{Money, MoneyError};
use domain::rule::{Reward, RuleVersion, in_force};
use domain::sale::{Decision, Sale, SaleLine};
use domain::slot::{Slot, SlotError};
use domain::time::{BusinessDay, Timestamp, Zone};
use domain::touch::ClickKeys;
use store::sales::{Customer, NewSale, SaleWritten};
use store::{Store, StoreError, TenantKey};
use thiserror::Error;

/// How often a booking that others raced is begun again.
const TRIES_MAX: usize = 8;

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
    Commission(#[from] CommissionError),
    /// The calendar ends.
    #[error("finding a slot")]
    Slot(#[from] SlotError),
    /// A name of the payment already means another payment.
    #[error("{payment} has a name that already means another payment")]
    AliasTaken {
        /// The payment.
        payment: PaymentKey,
    },
    /// A refund in another currency than its sale's.
    #[error("refund {refund} is in another currency than its payment")]
    RefundCurrency {
        /// The refund.
        refund: PaymentKey,
    },
    /// Others were faster each time; nothing was written.
    #[error("too many others book to the account at once")]
    Busy,
}

/// Books facts of one tenant at one instant.
pub struct Recorder<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: &'a TenantKey,
    pub(crate) keys: &'a ClickKeys,
    pub(crate) ledger_zone: &'a Zone,
    pub(crate) now: Timestamp,
}

/// A sale with its lines, ready to be booked.
pub(crate) struct Draft {
    pub(crate) sale: Sale,
    pub(crate) lines: Vec<Line>,
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
        Self { store, tenant, keys, ledger_zone, now }
    }

    /// Books one fact.
    ///
    /// # Errors
    /// The store does not answer, amounts are out of range, or the fact contradicts what is booked.
    pub async fn book(&self, fact: &Fact) -> Result<Booked, BookingError> {
        match fact {
            Fact::SalePaid(sale) => self.book_sale(sale).await,
            Fact::CustomerSeen(seen) => self.meet_customer(seen).await,
            Fact::PaymentAlias(alias) => self.name_payment(alias).await,
            Fact::Refund(refund) => self.book_refund(refund).await,
        }
    }

    async fn book_sale(&self, paid: &SalePaid) -> Result<Booked, BookingError> {
        let mut booked = None;
        let mut fences = Fences::default();
        for _ in 0..TRIES_MAX {
            let (decision, meets) = self.decide(paid).await?;
            let mut draft = Draft { sale: self.new_sale(paid, decision), lines: Vec::new() };
            self.add_earned_line(&mut draft, &fences).await?;
            let draft_meets = meets.is_some();
            let meets = meets.as_ref().and_then(|customer| Some((paid.customer.as_ref()?, customer)));
            let new = NewSale { sale: &draft.sale, lines: &draft.lines, aliases: &paid.aliases, meets };
            match self.store.create_sale(self.tenant, &new).await? {
                SaleWritten::Yes => booked = Some(Booked::Recorded),
                SaleWritten::AlreadySeen => booked = Some(Booked::AlreadySeen),
                SaleWritten::CustomerMet => {}
                SaleWritten::AliasTaken => return Err(BookingError::AliasTaken { payment: paid.payment.clone() }),
                SaleWritten::BehindFence => fences.read(self, &draft.lines).await?,
            }
            if let Some(booked) = booked {
                // Also when the sale was seen before: whoever booked it may have died before this.
                let met_here = draft_meets || booked == Booked::AlreadySeen;
                if let Some(customer) = paid.customer.as_ref().filter(|_| met_here) {
                    self.decide_waiting_of(customer).await?;
                }
                self.drain_all(std::iter::once(&paid.payment).chain(&paid.aliases)).await?;
                return Ok(booked);
            }
        }
        Err(BookingError::Busy)
    }

    /// A customer is met, and every sale that waited for them is decided. Done again, it finishes what was left.
    async fn meet_customer(&self, seen: &CustomerSeen) -> Result<Booked, BookingError> {
        let choice = self.choose(seen.click_token.as_deref(), seen.occurred_at).await?;
        let met = Customer { winner: choice.winner, met_at: seen.occurred_at };
        let first = self.store.create_customer(self.tenant, &seen.customer, &met).await?;
        self.decide_waiting_of(&seen.customer).await?;
        Ok(if first { Booked::Recorded } else { Booked::AlreadySeen })
    }

    /// Decides the sales that waited for a customer, if they are met by now.
    async fn decide_waiting_of(&self, customer: &PaymentKey) -> Result<(), BookingError> {
        for sale in self.store.list_undecided(self.tenant, customer).await? {
            self.decide_waiting(customer, &sale).await?;
        }
        Ok(())
    }

    async fn decide_waiting(&self, customer: &PaymentKey, id: &SaleId) -> Result<(), BookingError> {
        let mut fences = Fences::default();
        for _ in 0..TRIES_MAX {
            let (Some(sale), Some(known)) =
                (self.store.get_sale(self.tenant, id).await?, self.store.get_customer(self.tenant, customer).await?)
            else {
                return Ok(());
            };
            if !sale.decision.is_open() {
                return Ok(());
            }
            let before = sale.version;
            let decision = decision_of(&known, sale.occurred_at);
            let mut draft = Draft { sale: Sale { decision, version: before + 1, ..sale }, lines: Vec::new() };
            self.add_earned_line(&mut draft, &fences).await?;
            self.add_reversals(&mut draft, self.now, &fences)?;
            let new = NewSale { sale: &draft.sale, lines: &draft.lines, aliases: &[], meets: None };
            match self.store.decide_sale(self.tenant, customer, before, &new).await? {
                SaleWritten::Yes => return Ok(()),
                SaleWritten::BehindFence => fences.read(self, &draft.lines).await?,
                SaleWritten::AlreadySeen | SaleWritten::CustomerMet | SaleWritten::AliasTaken => {}
            }
        }
        Err(BookingError::Busy)
    }

    async fn name_payment(&self, named: &PaymentAlias) -> Result<Booked, BookingError> {
        if !self.store.record_alias(self.tenant, &named.alias, &named.payment).await? {
            return Err(BookingError::AliasTaken { payment: named.payment.clone() });
        }
        self.drain_all(std::iter::once(&named.alias)).await?;
        Ok(Booked::Recorded)
    }

    fn new_sale(&self, paid: &SalePaid, decision: Decision) -> Sale {
        Sale {
            id: SaleId::of(&paid.payment),
            payment: paid.payment.clone(),
            customer: paid.customer.clone(),
            occurred_at: paid.occurred_at,
            booked_at: self.now,
            booked_day: self.today(),
            paid: paid.paid,
            total: paid.total,
            tax: paid.tax,
            shipping: paid.shipping,
            event_type: paid.event_type,
            invoice: paid.invoice.clone(),
            decision,
            lines: Vec::new(),
            refunded: Money::zero(paid.paid.currency()),
            version: 1,
        }
    }

    /// The line of an attributed sale: at least one, of zero when nothing is earned. Without a rule in force the sale is
    /// nobody's, with that reason.
    async fn add_earned_line(&self, draft: &mut Draft, fences: &Fences) -> Result<(), BookingError> {
        let Decision::Partner { winner, losers } = &draft.sale.decision else { return Ok(()) };
        let rules = self.store.list_rules(self.tenant, &winner.program).await?;
        let Some(rule) = in_force(&rules, draft.sale.occurred_at) else {
            draft.sale.decision = Decision::Nobody { reason: NobodyReason::NoRule, losers: losers.clone() };
            return Ok(());
        };
        let rule = self.with_override(rule, &winner.link).await?;
        let paid = as_fact(&draft.sale);
        let earning = earn(&paid, &rule)?;
        let slot = slot_of(&paid, &rule, self.ledger_zone)?;
        let partner = winner.partner.clone();
        let trace = LineTrace {
            program: winner.program.clone(),
            link: winner.link.clone(),
            rule: rule.id.clone(),
            customer: draft.sale.customer.clone(),
            invoice: draft.sale.invoice.clone(),
            event_type: draft.sale.event_type,
            base: earning.base_shown.to_text(),
            reward: match &rule.reward {
                Reward::Percentage(rate) => rate.to_string(),
                Reward::Flat(money) => format!("{money} {}", money.currency()),
            },
            reason: earning.reason,
            reverses: None,
        };
        let account = domain::line::Account { partner: partner.clone(), currency: earning.amount.currency() };
        let place = Place::Slot(fences.open_slot(&account, slot, self.today())?);
        draft.push(NewLine {
            partner,
            place,
            amount: earning.amount,
            kind: LineKind::Earned,
            occurred_at: draft.sale.occurred_at,
            booked_at: self.now,
            trace,
        });
        Ok(())
    }

    /// COM-11: a link's own rate goes above the programme's rule.
    async fn with_override(&self, rule: &RuleVersion, link: &domain::id::LinkId) -> Result<RuleVersion, BookingError> {
        let own = self.store.get_link(self.tenant, link).await?.and_then(|link| link.commission_rate);
        Ok(match own {
            Some(rate) => RuleVersion { reward: Reward::Percentage(rate), ..rule.clone() },
            None => rule.clone(),
        })
    }

    pub(crate) fn today(&self) -> BusinessDay {
        self.ledger_zone.day_of(self.now)
    }
}

/// A line that is not numbered yet.
pub(crate) struct NewLine {
    pub(crate) partner: domain::id::PartnerId,
    pub(crate) place: Place,
    pub(crate) amount: Money,
    pub(crate) kind: LineKind,
    pub(crate) occurred_at: Timestamp,
    pub(crate) booked_at: Timestamp,
    pub(crate) trace: LineTrace,
}

impl Draft {
    /// The line gets the sale's next number, and stands in the sale in short.
    pub(crate) fn push(&mut self, new: NewLine) {
        let n = self.sale.lines.iter().map(|line| line.n).max().unwrap_or(0) + 1;
        let (rule, reverses) = (new.trace.rule.clone(), new.trace.reverses);
        let is_flat = new.trace.reason == EarningReason::Flat;
        let zero = Money::zero(new.amount.currency());
        self.sale.lines.push(SaleLine {
            n,
            partner: new.partner.clone(),
            place: new.place,
            amount: new.amount,
            reversed: zero,
            is_flat,
            rule,
            reverses,
        });
        self.lines.push(Line {
            id: LineId::of_sale(&self.sale.id, n),
            partner: new.partner,
            place: new.place,
            amount: new.amount,
            kind: new.kind,
            sale: self.sale.id.clone(),
            n,
            occurred_at: new.occurred_at,
            booked_at: new.booked_at,
            trace: new.trace,
        });
    }
}

/// Fences that a booking has met: read only when one refused it.
#[derive(Default)]
pub(crate) struct Fences(std::collections::BTreeMap<domain::line::Account, Head>);

impl Fences {
    pub(crate) async fn read(&mut self, recorder: &Recorder<'_>, lines: &[Line]) -> Result<(), BookingError> {
        for line in lines {
            let account = line.account();
            let head = recorder.store.get_head(recorder.tenant, &account).await?;
            self.0.insert(account, head);
        }
        Ok(())
    }

    /// The slot itself while it is open, otherwise the one that is due at once.
    pub(crate) fn open_slot(
        &self,
        account: &domain::line::Account,
        slot: Slot,
        today: BusinessDay,
    ) -> Result<Slot, SlotError> {
        let fence = self.0.get(account).and_then(|head| head.fence);
        if Some(slot) > fence { Ok(slot) } else { Slot::immediate(today, fence) }
    }
}

/// What a customer who is known means for a sale.
///
/// ATT-1: a click after the conversion never counts, also where the customer was met later than they bought.
pub(crate) fn decision_of(customer: &Customer, occurred_at: Timestamp) -> Decision {
    let losers = Vec::new();
    match &customer.winner {
        Some(winner) if occurred_at < winner.clicked_at => {
            Decision::Nobody { reason: NobodyReason::BeforeTheClick, losers }
        }
        Some(winner) => Decision::Partner { winner: winner.clone(), losers },
        None => Decision::Nobody { reason: NobodyReason::NoTouch, losers },
    }
}

/// A kept sale as the fact that it came from, as far as commission asks.
fn as_fact(sale: &Sale) -> SalePaid {
    SalePaid {
        payment: sale.payment.clone(),
        aliases: Vec::new(),
        customer: sale.customer.clone(),
        occurred_at: sale.occurred_at,
        paid: sale.paid,
        total: sale.total,
        tax: sale.tax,
        shipping: sale.shipping,
        click_token: None,
        email: None,
        event_type: sale.event_type,
        invoice: sale.invoice.clone(),
    }
}
