//! What finance says of money that arrived: by which reference, and, of what an ACH file carried, that nothing of it comes
//! back any more.

use super::{HeadMove, Payout, PayoutState, Refused, Step, require, require_not_before};
use crate::audit::Actor;
use crate::id::PayoutFileId;
use crate::payee::Rail;
use crate::role::Role;
use crate::time::{BusinessDay, Timestamp, Zone};

/// Until when a bank may send back what a file carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnWindow {
    /// The file.
    pub file: PayoutFileId,
    /// The first day on which it may not.
    pub over_from: BusinessDay,
}

/// What finance says of a payout that an ACH file carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// When the money arrived.
    pub completed_at: Timestamp,
    /// The confirmed reference.
    pub reference: String,
    /// Until when its bank may send it back.
    pub window: ReturnWindow,
}

impl Payout {
    /// Finance confirms, by a reference, that the money arrived. What an ACH file carries is refused: whoever confirms that
    /// says of which file, by [`Payout::confirm_filed`].
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn confirm(
        self,
        actor: Actor,
        completed_at: Timestamp,
        reference: String,
        at: Timestamp,
    ) -> Result<Step, Refused> {
        self.confirm_behind(actor, (completed_at, reference), None, at)
    }

    /// Finance confirms, by a reference, that the money arrived which an ACH file carried.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn confirm_filed(self, actor: Actor, arrived: Arrived, at: Timestamp) -> Result<Step, Refused> {
        let Arrived { completed_at, reference, window } = arrived;
        self.confirm_behind(actor, (completed_at, reference), Some(&window), at)
    }

    /// The ACH file that carries it now. What finance sent by hand is in none, whatever its payee's rail.
    #[must_use]
    pub fn ach_file(&self) -> Option<PayoutFileId> {
        let PayoutState::Submitted { reference, .. } = &self.state else { return None };
        let is_ach = self.terms.payee.as_ref().is_some_and(|payee| payee.rail == Rail::Ach);
        // PAY-8: nobody but a file writes a file's name as the reference.
        if is_ach { PayoutFileId::parse(reference).ok() } else { None }
    }

    fn confirm_behind(
        self,
        actor: Actor,
        (completed_at, reference): (Timestamp, String),
        window: Option<&ReturnWindow>,
        at: Timestamp,
    ) -> Result<Step, Refused> {
        require(&actor, &[Role::FinanceManager])?;
        let PayoutState::Submitted { sent_at, .. } = self.state else {
            return Err(self.wrong_state());
        };
        require_not_before(completed_at, sent_at, "completed_at", "the money was sent")?;
        // PAY-4: in the two-approver band nobody confirms what they approved.
        let approved_it = self.approvals.iter().any(|approval| approval.by == actor.id);
        if approved_it && self.approvers() > 1 {
            return Err(Refused::ApproverMayNotConfirm);
        }
        if let Some(file) = self.ach_file() {
            // PAY-27: of the file that carries it now, which may be another than was looked at.
            let window = window.filter(|window| window.file == file).ok_or(Refused::CarriedByFile { file })?;
            // Days, and not instants: a bank's own times are often no finer.
            if Zone::utc().day_of(at) < window.over_from {
                return Err(Refused::ReturnWindow { from: window.over_from });
            }
        }
        let after = self.moved_to(PayoutState::Paid { sent_at, completed_at, reference });
        Ok(self.step(after, HeadMove::Settle, "payout.paid", actor, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MethodId;
    use crate::payee::Payee;
    use crate::payout::Terms;
    use crate::payout::tests::payout;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn file(n: u128) -> PayoutFileId {
        PayoutFileId::from_ulid(n.into())
    }

    /// A payout that was sent on a Friday, by this rail and under this reference.
    fn sent(rail: Option<Rail>, reference: &str) -> Payout {
        let sent_at = at("2026-11-20T12:00:00Z");
        let payee = rail.map(|rail| Payee { method: MethodId::from_ulid(1_u128.into()), rail });
        let state = PayoutState::Submitted { sent_at, expected_arrival: None, reference: reference.to_owned() };
        Payout { terms: Terms { payee, ..Terms::default() }, ..payout("250.50", state) }
    }

    fn arrived(n: u128) -> Arrived {
        let over_from = BusinessDay::parse("2026-12-01").expect("a day");
        let (completed_at, window) = (at("2026-11-25T12:00:00Z"), ReturnWindow { file: file(n), over_from });
        Arrived { completed_at, reference: "bank 1".to_owned(), window }
    }

    fn fin() -> Actor {
        Actor::new(Role::FinanceManager, "usr_9")
    }

    #[test]
    fn what_an_ach_file_carries_is_paid_from_the_day_on_which_nothing_comes_back() {
        let from = BusinessDay::parse("2026-12-01").expect("a day");
        let rows = [
            ("2026-11-25T12:00:00Z", false),
            ("2026-11-27T12:00:00Z", false),
            ("2026-11-29T12:00:00Z", false),
            ("2026-11-30T23:59:59Z", false),
            ("2026-12-01T00:00:00Z", true),
            ("2026-12-24T12:00:00Z", true),
        ];
        for (when, is_paid) in rows {
            let step = sent(Some(Rail::Ach), file(1).as_str()).confirm_filed(fin(), arrived(1), at(when));
            let told = step.map(|step| (step.payout.state.word(), step.head));
            let expected = if is_paid { Ok(("paid", HeadMove::Settle)) } else { Err(Refused::ReturnWindow { from }) };
            assert_eq!(told, expected, "{when}");
        }
    }

    #[test]
    fn a_window_is_that_of_the_file_that_carries_the_payout_now() {
        let late = at("2026-12-24T12:00:00Z");
        let by_file = || sent(Some(Rail::Ach), file(1).as_str());
        let refused = Err(Refused::CarriedByFile { file: file(1) });
        assert_eq!(by_file().confirm_filed(fin(), arrived(2), late), refused);
        assert_eq!(by_file().confirm(fin(), late, "bank 1".to_owned(), late), refused);
    }

    #[test]
    fn what_no_ach_file_carries_waits_for_no_bank() {
        let name = file(1);
        let soon = at("2026-11-20T12:00:00Z");
        let rows = [
            // Sent by hand, whatever the payee's rail.
            (Some(Rail::Ach), "wire 4711"),
            (None, "wire 4711"),
            // By the file of another rail.
            (Some(Rail::Paypal), name.as_str()),
            (Some(Rail::Csv), name.as_str()),
        ];
        for (rail, reference) in rows {
            let step = sent(rail, reference).confirm(fin(), soon, "bank 1".to_owned(), soon);
            assert_eq!(step.map(|step| step.payout.state.word()), Ok("paid"), "{rail:?} {reference}");
        }
    }
}
