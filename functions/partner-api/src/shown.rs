//! The state in which a line is shown. Pure.

use domain::ledger::Head;
use domain::line::{Line, LineKind, LineState};
use domain::money::Money;
use domain::time::BusinessDay;

/// The state of a line, among the lines of its sale that are counted in the same place.
///
/// A line that was wholly taken back in its own slot never was worth anything: it and what took it back are both
/// shown as reversed, and their sum is zero. Anything else has the state of its slot.
#[must_use]
pub fn state_of(line: &Line, beside: &[Line], head: &Head, today: BusinessDay) -> LineState {
    let earned = match line.kind {
        LineKind::Earned => Some(line),
        LineKind::Reversal => {
            beside.iter().find(|other| other.kind == LineKind::Earned && Some(other.n) == line.trace.reverses)
        }
    };
    if earned.is_some_and(|earned| is_taken_back(earned, beside)) {
        LineState::Reversed
    } else {
        head.state_of(line.place, today)
    }
}

fn is_taken_back(earned: &Line, beside: &[Line]) -> bool {
    let back = beside.iter().filter(|other| other.kind == LineKind::Reversal && other.trace.reverses == Some(earned.n));
    let amounts = back.map(|line| line.amount).chain([earned.amount]);
    let rest = Money::try_sum(amounts, earned.amount.currency());
    !earned.amount.is_zero() && rest.is_ok_and(Money::is_zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::life;

    #[test]
    fn a_line_taken_back_in_its_own_slot_is_reversed_and_so_is_what_took_it_back() {
        let head = Head::new(domain::currency::Currency::USD);
        let today = BusinessDay::parse("2026-11-21").expect("day");
        let earned = life::line(1, "261222.00", 1_000, None);
        let half = life::line(2, "261222.00", -500, Some(1));
        let rest = life::line(3, "261222.00", -500, Some(1));
        let rows: [(&Line, &[Line], LineState); 5] = [
            (&earned, std::slice::from_ref(&earned), LineState::Pending),
            (&earned, &[earned.clone(), half.clone()], LineState::Pending),
            (&half, &[earned.clone(), half.clone()], LineState::Pending),
            (&earned, &[earned.clone(), half.clone(), rest.clone()], LineState::Reversed),
            (&rest, &[earned.clone(), half.clone(), rest.clone()], LineState::Reversed),
        ];
        for (line, beside, expected) in rows {
            assert_eq!(state_of(line, beside, &head, today), expected, "line {} of {}", line.n, beside.len());
        }
    }

    #[test]
    fn what_takes_back_a_line_of_another_slot_runs_its_own_course() {
        let head = Head::new(domain::currency::Currency::USD);
        let today = BusinessDay::parse("2026-11-21").expect("day");
        let back = life::line(2, "261121.00", -1_000, Some(1));
        assert_eq!(state_of(&back, std::slice::from_ref(&back), &head, today), LineState::Approved);
    }

    #[test]
    fn a_line_of_nothing_is_not_reversed() {
        let head = Head::new(domain::currency::Currency::USD);
        let today = BusinessDay::parse("2026-11-21").expect("day");
        let nothing = life::line(1, "261222.00", 0, None);
        assert_eq!(state_of(&nothing, std::slice::from_ref(&nothing), &head, today), LineState::Pending);
    }
}
