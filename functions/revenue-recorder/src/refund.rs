//! Refunds: cumulative, proportional, and where the money is.

use domain::attribution::Winner;
use domain::commission::EarningReason;
use domain::fact::{PaymentKey, Refund};
use domain::line::{Account, LineKind, LineTrace, Place};
use domain::money::{Money, MoneyError};
use domain::rate::{Base, Rounding};
use domain::sale::{Decision, Sale, SaleLine};
use domain::time::Timestamp;
use store::refunds::AppliedRefund;
use store::sales::{Known, SaleWritten};

use crate::booking::{Booked, BookingError, Draft, Fences, NewLine, Recorder};

/// How often a refund that others raced is begun again.
const TRIES_MAX: usize = 8;

impl Recorder<'_> {
    /// Applies a refund to its sale, or parks it until the sale is known.
    pub(crate) async fn book_refund(&self, refund: &Refund) -> Result<Booked, BookingError> {
        let mut fences = Fences::default();
        for _ in 0..TRIES_MAX {
            let name = match self.store.find_payment(self.tenant, &refund.payment).await? {
                Known::As(payment) => payment,
                Known::Sale(_) | Known::Not => refund.payment.clone(),
            };
            let Known::Sale(sale) = self.store.find_payment(self.tenant, &name).await? else {
                if self.store.park_refund(self.tenant, &name, refund).await? {
                    return Ok(Booked::Parked);
                }
                continue;
            };
            match self.apply(&sale, refund, &mut fences).await? {
                Some(booked) => return Ok(booked),
                None => continue,
            }
        }
        Err(BookingError::Busy)
    }

    /// One try; `None` when others were faster.
    async fn apply(&self, sale: &Sale, refund: &Refund, fences: &mut Fences) -> Result<Option<Booked>, BookingError> {
        if refund.amount.currency() != sale.paid.currency() {
            return Err(BookingError::RefundCurrency { refund: refund.refund.clone() });
        }
        let stored = self.store.get_refund(self.tenant, sale, &refund.refund).await?;
        let (told, replaces) = match &stored {
            Some((told, version)) => (told.amount, Some(*version)),
            None => (Money::zero(sale.paid.currency()), None),
        };
        // A refund's amount stands from its first word, and falls to zero, for good, when it fails.
        if stored.is_some() && (told.is_zero() || !refund.amount.is_zero()) {
            return Ok(Some(Booked::AlreadySeen));
        }
        let refunded = sale.refunded.try_add(refund.amount)?.try_sub(told)?;
        let mut draft = Draft { sale: Sale { refunded, version: sale.version + 1, ..sale.clone() }, lines: Vec::new() };
        self.add_reversals(&mut draft, refund.occurred_at, fences)?;
        let applied = AppliedRefund {
            refund,
            replaces,
            sale_before: sale.version,
            sale: &draft.sale,
            lines: &draft.lines,
            booked_day: self.today(),
            booked_at: self.now,
        };
        match self.store.apply_refund(self.tenant, &applied).await? {
            SaleWritten::Yes => Ok(Some(Booked::Recorded)),
            SaleWritten::BehindFence => {
                fences.read(self, &draft.lines).await?;
                Ok(None)
            }
            SaleWritten::AlreadySeen | SaleWritten::CustomerMet | SaleWritten::AliasTaken => Ok(None),
        }
    }

    /// For each earned line c: T = round(c × min(R, P) / P), and the new line is what T has more than was reversed.
    pub(crate) fn add_reversals(
        &self,
        draft: &mut Draft,
        occurred_at: Timestamp,
        fences: &Fences,
    ) -> Result<(), BookingError> {
        // A sale that is nobody's, or not decided yet, has no lines; the refund is remembered in the sale.
        let Decision::Partner { winner, .. } = draft.sale.decision.clone() else { return Ok(()) };
        let (paid, refunded) = (draft.sale.paid, draft.sale.refunded);
        let counted = if refunded.minor() > paid.minor() { paid } else { refunded };
        for place in 0..draft.sale.lines.len() {
            let line = draft.sale.lines[place].clone();
            if line.reverses.is_some() || paid.is_zero() {
                continue;
            }
            // LED-3: cumulative, so that many small refunds end where one large one does.
            let target = reversal_target(&line, counted, paid)?;
            let delta = target.try_sub(line.reversed)?;
            if delta.is_zero() {
                continue;
            }
            draft.sale.lines[place].reversed = target;
            let account = Account { partner: line.partner.clone(), currency: delta.currency() };
            let at = match line.place {
                Place::Held => Place::Held,
                Place::Slot(slot) => Place::Slot(fences.open_slot(&account, slot, self.today())?),
            };
            let trace = reversal_trace(&draft.sale, &winner, &line, target);
            draft.push(NewLine {
                partner: line.partner,
                place: at,
                amount: delta.negate()?,
                kind: LineKind::Reversal,
                occurred_at,
                booked_at: self.now,
                trace,
            });
        }
        Ok(())
    }

    /// Deals with the refunds that waited under names of a payment. One that cannot be booked holds up no other: the
    /// first error is told at the end.
    pub(crate) async fn drain_all(&self, names: impl Iterator<Item = &PaymentKey>) -> Result<(), BookingError> {
        let mut trouble = None;
        for name in names {
            for refund in self.store.list_parked(self.tenant, name).await? {
                if let Err(error) = self.drain_one(name, &refund).await {
                    trouble = trouble.or(Some(error));
                }
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    /// Under an alias the payment may still be unknown: then the refund is parked again, under the payment's own key.
    async fn drain_one(&self, name: &PaymentKey, refund: &Refund) -> Result<(), BookingError> {
        let booked = self.book_refund(refund).await?;
        let is_alias = matches!(self.store.find_payment(self.tenant, name).await?, Known::As(_));
        if booked != Booked::Parked || is_alias {
            self.store.unpark_refund(self.tenant, name, refund).await?;
        }
        Ok(())
    }
}

/// What of a line is taken back once so much of the payment went back.
fn reversal_target(line: &SaleLine, refunded: Money, paid: Money) -> Result<Money, MoneyError> {
    if line.is_flat {
        // A flat reward stands until everything went back.
        return Ok(if refunded == paid { line.amount } else { Money::zero(line.amount.currency()) });
    }
    Base::share(line.amount, refunded, paid)?.rounded(Rounding::HalfAwayFromZero)
}

/// How a reversal came about: the refunds of the sale so far, and what of the line they take back in all.
fn reversal_trace(sale: &Sale, winner: &Winner, line: &SaleLine, target: Money) -> LineTrace {
    LineTrace {
        program: winner.program.clone(),
        link: winner.link.clone(),
        rule: line.rule.clone(),
        customer: sale.customer.clone(),
        invoice: sale.invoice.clone(),
        event_type: sale.event_type,
        base: sale.refunded.to_text(),
        reward: target.to_text(),
        reason: EarningReason::Refund,
        reverses: Some(line.n),
    }
}
