//! What goes by a rail that moves by itself: whose money, when it is handed over and looked for, and what fails there.
//!
//! Drawn behind everything else and by dice of its own, so that it leaves the rest of a world as it was.

use super::{Deed, Plan, PlannedFault, Step, What};
use crate::dice::Dice;
use crate::faults::FAULTS;

/// A minute.
const MINUTE_MS: i64 = 60_000;
/// Together with the freezes of the faults: less than a rail remembers a key.
const FAULTS_MAX: u64 = 4;

impl Plan {
    pub(super) fn draw_rails(&mut self, dice: &mut Dice) {
        for partner in &mut self.partners {
            // By hand; by the rail; first to an account that it refuses, and then, perhaps, to one that it takes.
            partner.methods = match dice.below(10) {
                0..=2 => Vec::new(),
                3..=7 => vec![true],
                8 => vec![false],
                _ => vec![false, true],
            };
        }
        let approvals: Vec<(i64, usize, &'static str)> = self.deeds.iter().filter_map(approved).collect();
        for (at_ms, partner, currency) in approvals {
            if self.partners[partner].methods.is_empty() {
                continue;
            }
            let mut after_ms = at_ms + dice.between(1, 90) * MINUTE_MS;
            let step = |step| What::Step { partner, currency, step };
            self.deeds.push(Deed { at_ms: after_ms, what: step(Step::Submit) });
            for minutes in [7, 40, 150, 400, 800] {
                after_ms += dice.between(minutes / 2, minutes * 2) * MINUTE_MS;
                let what = match dice.below(10) {
                    0 => Some(step(Step::Retry)),
                    // What the rail has postponed is handed over anew.
                    1 => Some(step(Step::Submit)),
                    2..=6 => Some(What::Look),
                    _ => None,
                };
                self.deeds.extend(what.map(|what| Deed { at_ms: after_ms, what }));
            }
        }
        self.draw_rail_faults(dice);
    }

    fn draw_rail_faults(&mut self, dice: &mut Dice) {
        let kinds: Vec<usize> = (0..FAULTS.len()).filter(|kind| FAULTS[*kind].is_of_rail()).collect();
        for _ in 0..dice.below(FAULTS_MAX + 1) {
            let step = u32::try_from(dice.below(1_500)).unwrap_or(0);
            self.faults.push(PlannedFault { step, kind: *dice.pick(&kinds) });
        }
        self.faults.sort_by_key(|fault| fault.step);
    }
}

fn approved(deed: &Deed) -> Option<(i64, usize, &'static str)> {
    match deed.what {
        What::Step { partner, currency, step: Step::Approve } => Some((deed.at_ms, partner, currency)),
        _ => None,
    }
}
