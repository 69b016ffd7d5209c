//! What is set going in a world, and when: deliveries, nights, payouts, errands; and the faults.

use super::{DAY_MS, Deed, HOUR_MS, Plan, PlannedFault, START_MS, Step, What};
use crate::dice::Dice;
use crate::errands::{ERRANDS, Errand, ErrandKind};
use crate::faults::FAULTS;

impl Plan {
    /// Each event comes once or several times, at once or late, in whatever order. None is sure to come at all: what is
    /// left is delivered at the end, as a queue does.
    pub(super) fn draw_deliveries(&mut self, dice: &mut Dice) {
        for event in 0..self.events.len() {
            let mut times = 1;
            while times < 5 && dice.percent(30) {
                times += 1;
            }
            for _ in 0..times {
                let late = if dice.percent(60) { 0 } else { dice.between(0, 6 * 24) * HOUR_MS };
                let at_ms = self.burst_after(self.events[event].at_ms + late, dice);
                self.deeds.push(Deed { at_ms, what: What::Deliver { event } });
            }
        }
    }

    /// A schedule fires at least once.
    pub(super) fn draw_nights(&mut self, dice: &mut Dice) {
        for at_ms in self.nights.clone() {
            for _ in 0..=u64::from(dice.percent(15)) {
                self.deeds.push(Deed { at_ms, what: What::Night });
            }
        }
    }

    pub(super) fn draw_payouts(&mut self, dice: &mut Dice) {
        for under in 0..dice.between(9, 18).unsigned_abs() {
            let partner = dice.place(self.partners.len());
            let currency = *dice.pick(&["usd", "usd", "usd", "usd", "usd", "eur", "jpy"]);
            let at_ms = self.burst_after(START_MS + dice.between(self.days / 4, self.days) * DAY_MS, dice);
            for _ in 0..=dice.below(2) {
                let what = What::Ask { partner, currency, under };
                self.deeds.push(Deed { at_ms: at_ms + dice.between(0, 1_000), what });
            }
            let common = [Step::Approve, Step::Approve, Step::Send, Step::Confirm, Step::Confirm];
            let other = [
                Step::ApproveOther,
                Step::ApproveOwn,
                Step::Reject,
                Step::Cancel,
                Step::Fail,
                Step::Approve,
                Step::Send,
            ];
            let mut after_ms = at_ms;
            for step in common {
                let step = if dice.percent(30) { *dice.pick(&other) } else { step };
                after_ms += if dice.percent(50) { dice.between(0, 60_000) } else { dice.between(0, 30) * HOUR_MS };
                self.deeds.push(Deed { at_ms: after_ms, what: What::Step { partner, currency, step } });
            }
        }
    }

    /// People are sent to the desk, most of them about sales that are booked by then.
    pub(super) fn draw_errands(&mut self, dice: &mut Dice) {
        let weights: Vec<&ErrandKind> =
            ERRANDS.iter().flat_map(|kind| std::iter::repeat_n(kind, kind.weight)).collect();
        for _ in 0..dice.between(1, 9) {
            (dice.pick(&weights).draw)(self, dice);
        }
    }

    /// A person is sent on an errand, by its name.
    pub fn send(&mut self, name: &'static str, at_ms: i64, errand: Errand) {
        self.deeds.push(Deed { at_ms, what: What::Errand(Errand { name, ..errand }) });
    }

    /// Is somebody sent on such an errand already?
    #[must_use]
    pub fn has_errand(&self, name: &str) -> bool {
        self.deeds.iter().any(|deed| matches!(&deed.what, What::Errand(errand) if errand.name == name))
    }

    /// An instant of much doing at or after another.
    pub fn burst_after(&self, at_ms: i64, dice: &mut Dice) -> i64 {
        let later: Vec<i64> = self.bursts.iter().copied().filter(|burst| *burst >= at_ms).take(4).collect();
        let burst = if later.is_empty() { at_ms } else { later[dice.place(later.len())] };
        burst.max(at_ms) + dice.between(0, 60_000)
    }

    pub(super) fn draw_faults(&mut self, dice: &mut Dice) {
        if dice.percent(3) {
            return;
        }
        let kinds: Vec<usize> = (0..FAULTS.len()).filter(|kind| !FAULTS[*kind].is_of_rail()).collect();
        for _ in 0..dice.between(6, 24) {
            let step = u32::try_from(dice.below(1_200)).unwrap_or(0);
            self.faults.push(PlannedFault { step, kind: *dice.pick(&kinds) });
        }
        self.faults.sort_by_key(|fault| fault.step);
    }
}
