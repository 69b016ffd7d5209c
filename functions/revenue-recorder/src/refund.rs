//! Refunds: cumulative, by their own ids or as a running total, of the payment or of one item.

use domain::commission::EarningReason;
use domain::fact::{PaymentKey, Refund};
use domain::money::Money;
use domain::retarget::booked_targets;
use domain::sale::Sale;
use store::refunds::AppliedRefund;

use crate::booking::{Booked, BookingError, Cause, Fences, Recorder};

impl Recorder<'_> {
    /// One try to apply a refund; `None` when others were faster.
    pub(crate) async fn apply_refund(
        &self,
        sale: &Sale,
        refund: &Refund,
        fences: &mut Fences,
    ) -> Result<Option<Booked>, BookingError> {
        let stored = self.store.get_refund(self.tenant, sale, &refund.refund).await?;
        // ING-7: what goes back goes back to where it was first told; a later word need not repeat it.
        let item = stored.as_ref().map_or(refund.item, |(told, _)| told.item);
        let refund = &Refund { item, ..refund.clone() };
        check(sale, refund)?;
        let (told, replaces) = match &stored {
            Some((told, version)) => (Some(told.amount), Some(*version)),
            None => (None, None),
        };
        let amount = amount_after(told, refund);
        #[cfg(feature = "planted")]
        let amount = mistaken_amount(told, refund, amount);
        if told == Some(amount) {
            return Ok(Some(Booked::AlreadySeen));
        }
        let before = told.unwrap_or_else(|| Money::zero(sale.paid.currency()));
        let delta = amount.try_sub(before)?;
        let mut after = Sale { version: sale.version + 1, ..sale.clone() };
        match refund.item {
            Some(item) => {
                let so_far = after.item_refunds.entry(item).or_insert_with(|| Money::zero(delta.currency()));
                *so_far = so_far.try_add(delta)?;
            }
            None => after.refunded = after.refunded.try_add(delta)?,
        }
        #[cfg(feature = "planted")]
        mistaken(&mut after, refund, amount, delta);
        let cause = Cause { occurred_at: refund.occurred_at, reason: EarningReason::Refund };
        let targets = booked_targets(&after);
        let lines = self.retarget(&mut after, &targets, cause, fences)?;
        let applied = AppliedRefund {
            refund: &Refund { amount, ..refund.clone() },
            replaces,
            sale_before: sale.version,
            sale: &after,
            lines: &lines,
            booked_day: self.today(),
            booked_at: self.now,
        };
        let written = self.store.apply_refund(self.tenant, &applied).await?;
        self.after_change(written, &lines, fences).await
    }
}

/// Mistakes on purpose: the refunds before are forgotten, or each is rounded by itself.
#[cfg(feature = "planted")]
fn mistaken(after: &mut Sale, refund: &Refund, amount: Money, delta: Money) {
    domain::planted::note_refund(delta.minor());
    if domain::planted::is(domain::planted::Bug::RefundNotCumulative) && refund.item.is_none() {
        after.refunded = amount;
    }
}

/// Mistakes on purpose: a running total is added to the one before, or a refund that failed still stands.
#[cfg(feature = "planted")]
fn mistaken_amount(told: Option<Money>, refund: &Refund, amount: Money) -> Money {
    use domain::planted::{Bug, is};
    match told {
        Some(told) if is(Bug::RunningTotalAdded) && refund.is_running_total => {
            told.try_add(refund.amount).unwrap_or(amount)
        }
        Some(told) if is(Bug::FailedRefundStands) && refund.amount.is_zero() => told,
        _ => amount,
    }
}

/// What a refund comes to after one more word about it.
///
/// ING-7: whatever the order of the words. A running total only grows. A refund by its own id stands from its first word
/// and falls to zero, for good, when it fails.
fn amount_after(told: Option<Money>, refund: &Refund) -> Money {
    let Some(told) = told else { return refund.amount };
    let has_failed = !refund.is_running_total && (told.is_zero() || refund.amount.is_zero());
    let larger = if refund.amount.minor() > told.minor() { refund.amount } else { told };
    if has_failed { Money::zero(told.currency()) } else { larger }
}

/// A refund that contradicts its sale is a person's.
fn check(sale: &Sale, refund: &Refund) -> Result<(), BookingError> {
    let name: &PaymentKey = &refund.refund;
    if refund.amount.currency() != sale.paid.currency() {
        return Err(BookingError::OtherCurrency { fact: name.clone() });
    }
    let items = sale.items.len().max(1);
    match refund.item {
        Some(item) if usize::from(item) >= items => Err(BookingError::NoSuchItem { refund: name.clone(), item }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;

    use super::*;

    #[test]
    fn what_a_refund_comes_to_is_the_same_in_every_order_of_its_words() {
        // ING-7: (by ids or running total, the words, what it comes to)
        let rows: [(bool, &[i64], i64); 6] = [
            (false, &[500], 500),
            (false, &[500, 500], 500),
            (false, &[500, 0], 0),
            (false, &[500, 0, 500], 0),
            (true, &[500, 800, 300], 800),
            (true, &[0, 300], 300),
        ];
        for (is_running_total, words, expected) in rows {
            for turn in 0..words.len() {
                let mut told = None;
                let turned = words.iter().cycle().skip(turn).take(words.len());
                for minor in turned {
                    let refund = Refund {
                        refund: PaymentKey::parse("stripe:re_1").expect("key"),
                        payment: PaymentKey::parse("stripe:in_1").expect("key"),
                        amount: Money::from_minor(*minor, Currency::USD),
                        item: None,
                        is_running_total,
                        occurred_at: "2026-11-21T12:00:00Z".parse().expect("instant"),
                    };
                    told = Some(amount_after(told, &refund));
                }
                assert_eq!(told.map(Money::minor), Some(expected), "{words:?} from {turn}");
            }
        }
    }
}
