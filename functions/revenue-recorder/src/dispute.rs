//! Disputes: an inquiry flags, an open one holds, a lost one takes back, a won one releases, in any order.

use domain::commission::EarningReason;
use domain::fact::Dispute;
use domain::retarget::booked_targets;
use domain::sale::{Sale, SaleDispute};
use store::disputes::AppliedDispute;

use crate::booking::{Booked, BookingError, Cause, Fences, Recorder};

impl Recorder<'_> {
    /// One try to apply a word about a dispute; `None` when others were faster.
    pub(crate) async fn apply_dispute(
        &self,
        sale: &Sale,
        dispute: &Dispute,
        fences: &mut Fences,
    ) -> Result<Option<Booked>, BookingError> {
        if dispute.amount.currency() != sale.paid.currency() {
            return Err(BookingError::OtherCurrency { fact: dispute.dispute.clone() });
        }
        let known = sale.disputes.get(&dispute.dispute);
        let told = merged(known, dispute);
        if known == Some(&told) {
            return Ok(Some(Booked::AlreadySeen));
        }
        let is_new_phase = known.is_none_or(|known| known.phase < told.phase);
        let mut after = Sale { version: sale.version + 1, ..sale.clone() };
        after.disputes.insert(dispute.dispute.clone(), told);
        // LED-5: what an open dispute would take is held, what a lost one took is reversed; both follow from the sale.
        let cause = Cause { occurred_at: dispute.occurred_at, reason: EarningReason::Dispute };
        let targets = booked_targets(&after);
        let lines = self.retarget(&mut after, &targets, cause, fences)?;
        let applied = AppliedDispute {
            dispute,
            is_new_phase,
            sale_before: sale.version,
            sale: &after,
            lines: &lines,
            booked_day: self.today(),
            booked_at: self.now,
        };
        let written = self.store.apply_dispute(self.tenant, &applied).await?;
        self.after_change(written, &lines, fences).await
    }
}

/// What is known of a dispute after one more word about it.
///
/// LED-5: the furthest phase holds, whichever came last; within a phase the later word. The last day for evidence is
/// the latest that was ever told, since later phases tell none.
fn merged(known: Option<&SaleDispute>, word: &Dispute) -> SaleDispute {
    let word = SaleDispute {
        amount: word.amount,
        phase: word.phase,
        evidence_due: word.evidence_due,
        occurred_at: word.occurred_at,
    };
    let Some(known) = known else { return word };
    let rank = |told: &SaleDispute| (told.phase, told.occurred_at, told.amount.minor());
    let evidence_due = known.evidence_due.max(word.evidence_due);
    let further = if rank(&word) > rank(known) { word } else { known.clone() };
    SaleDispute { evidence_due, ..further }
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;
    use domain::fact::{DisputePhase, PaymentKey};
    use domain::money::Money;

    use super::*;

    fn word(phase: DisputePhase, second: i64, minor: i64, due: Option<i64>) -> Dispute {
        let at = |second| domain::time::Timestamp::from_second(second).expect("instant");
        Dispute {
            dispute: PaymentKey::parse("stripe:dp_1").expect("key"),
            payment: PaymentKey::parse("stripe:in_1").expect("key"),
            amount: Money::from_minor(minor, Currency::USD),
            phase,
            evidence_due: due.map(at),
            occurred_at: at(second),
        }
    }

    #[test]
    fn the_furthest_phase_holds_in_every_order_of_the_words() {
        use DisputePhase::{Inquiry, Lost, Opened};
        let words = [
            word(Inquiry, 1, 100, None),
            word(Opened, 2, 100, Some(90)),
            word(Opened, 5, 80, Some(95)),
            word(Lost, 4, 80, None),
        ];
        let expected = merged(None, &word(Lost, 4, 80, Some(95)));
        for order in crate::tests::permutations(words.len()) {
            let mut told = None;
            for place in &order {
                told = Some(merged(told.as_ref(), &words[*place]));
            }
            assert_eq!(told.as_ref(), Some(&expected), "{order:?}");
        }
    }
}
