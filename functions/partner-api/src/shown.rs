//! The state in which a line is shown, and with which amount. Pure.

use domain::figures::is_out;
use domain::ledger::Head;
use domain::line::{Line, LineKind, LineState};
use domain::money::Money;
use domain::time::BusinessDay;

/// The state of a line, among the lines of its sale that are counted in the same place.
///
/// A line that was wholly taken back in its own slot never was worth anything: it and what took it back are both
/// shown as reversed, and their sum is zero. So are those of a sale that a person rejected. Anything else has the state
/// of its slot.
#[must_use]
pub fn state_of(line: &Line, beside: &[Line], head: &Head, today: BusinessDay) -> LineState {
    if is_out(line, beside) { LineState::Reversed } else { head.state_of(line.place, today) }
}

/// The amount with which a line is shown, among the lines of its sale that are counted in the same place; `None` for one
/// that another shows.
///
/// What is held is shown once: where it is held. Of the moves of a part in one place the last shows what all come to, and
/// in the slot of the line that they move that line itself does. The rows of a place always come to what is in it.
#[must_use]
pub fn amount_of(line: &Line, beside: &[Line]) -> Option<Money> {
    let part = || beside.iter().filter(|other| other.trace.part == line.trace.part);
    let moves = || part().filter(|other| other.kind == LineKind::HoldMove);
    let moved = Money::try_sum(moves().map(|other| other.amount), line.amount.currency()).ok()?;
    match line.kind {
        LineKind::Earned if moves().next().is_some() => line.amount.try_add(moved).ok().filter(|rest| !rest.is_zero()),
        LineKind::HoldMove => {
            let is_shown_by_its_line = part().any(|other| other.kind == LineKind::Earned);
            let is_last = moves().map(|other| other.n).max() == Some(line.n);
            (is_last && !is_shown_by_its_line && !moved.is_zero()).then_some(moved)
        }
        _ => Some(line.amount),
    }
}

#[cfg(test)]
mod tests {
    use domain::commission::EarningReason;

    use super::*;
    use crate::tests::life;

    fn moved(n: u32, place: &str, minor: i64) -> Line {
        let mut line = life::line(n, place, minor, Some(1));
        line.kind = LineKind::HoldMove;
        line
    }

    fn amounts(beside: &[Line]) -> Vec<String> {
        let shown = beside.iter().filter_map(|line| Some(format!("{} {}", line.n, amount_of(line, beside)?)));
        shown.collect()
    }

    #[test]
    fn what_is_held_is_shown_once_where_it_is_held() {
        let slot = "261222.00";
        let earned = || life::line(1, slot, 3_000, None);
        let rows: [(Vec<Line>, Vec<&str>); 8] = [
            (vec![earned()], vec!["1 30.00"]),
            // Held whole, held in part, and released again into its slot.
            (vec![earned(), moved(2, slot, -3_000)], vec![]),
            (vec![earned(), moved(2, slot, -1_000)], vec!["1 20.00"]),
            (vec![earned(), moved(2, slot, -3_000), moved(4, slot, 3_000)], vec!["1 30.00"]),
            // In `held`, and after the release.
            (vec![moved(3, "held", 3_000)], vec!["3 30.00"]),
            (vec![moved(3, "held", 1_000), moved(5, "held", 500)], vec!["5 15.00"]),
            (vec![moved(3, "held", 3_000), moved(5, "held", -3_000)], vec![]),
            // Released into another slot, because its own was final.
            (vec![moved(6, "270122.00", 3_000)], vec!["6 30.00"]),
        ];
        for (beside, expected) in rows {
            assert_eq!(amounts(&beside), expected);
        }
        // Another part of the same sale is shown for itself, and a line of nothing is a line.
        let mut bonus = moved(2, slot, -500);
        bonus.trace.part.kind = domain::line::PartKind::VolumeBonus;
        assert_eq!(amounts(&[earned(), bonus]), ["1 30.00", "2 -5.00"]);
        assert_eq!(amounts(&[life::line(1, slot, 0, None)]), ["1 0.00"]);
    }

    #[test]
    fn the_rows_of_a_place_come_to_what_is_in_it() {
        let usd = domain::currency::Currency::USD;
        // Every row of five that are nothing, a move here, a move from here or a part taken back.
        for number in 0..4_u32.pow(5) {
            for with_earned in [true, false] {
                let mut beside: Vec<Line> =
                    if with_earned { vec![life::line(1, "261222.00", 100, None)] } else { Vec::new() };
                for n in 0..5 {
                    match number / 4_u32.pow(n) % 4 {
                        0 => {}
                        1 => beside.push(moved(n + 2, "261222.00", 50)),
                        2 => beside.push(moved(n + 2, "261222.00", -50)),
                        _ => beside.push(life::line(n + 2, "261222.00", -20, Some(1))),
                    }
                }
                let all = Money::try_sum(beside.iter().map(|line| line.amount), usd);
                let shown = Money::try_sum(beside.iter().filter_map(|line| amount_of(line, &beside)), usd);
                assert_eq!(shown, all, "{beside:?}");
                let moves = beside.iter().filter(|line| line.kind == LineKind::HoldMove);
                assert!(moves.filter(|line| amount_of(line, &beside).is_some()).count() <= 1, "{beside:?}");
            }
        }
    }

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
    fn what_a_person_rejected_is_reversed_wherever_nothing_of_it_is_left() {
        let head = Head::new(domain::currency::Currency::USD);
        let today = BusinessDay::parse("2026-11-21").expect("day");
        let by_hand = |n, minor, kind, reason| {
            let mut line = life::line(n, "held", minor, None);
            (line.kind, line.trace.reason) = (kind, reason);
            line
        };
        let held = by_hand(3, 1_000, LineKind::HoldMove, EarningReason::Held);
        let rejected = by_hand(4, -1_000, LineKind::Adjustment, EarningReason::Rejected);
        let corrected = by_hand(4, -1_000, LineKind::Adjustment, EarningReason::Adjusted);
        let rows: [(&Line, &[Line], LineState); 4] = [
            (&held, std::slice::from_ref(&held), LineState::Held),
            (&held, &[held.clone(), rejected.clone()], LineState::Reversed),
            (&rejected, &[held.clone(), rejected.clone()], LineState::Reversed),
            (&held, &[held.clone(), corrected], LineState::Held),
        ];
        for (line, beside, expected) in rows {
            assert_eq!(state_of(line, beside, &head, today), expected, "line {} of {}", line.n, beside.len());
        }
    }

    #[test]
    fn a_line_of_nothing_is_not_reversed() {
        let head = Head::new(domain::currency::Currency::USD);
        let today = BusinessDay::parse("2026-11-21").expect("day");
        let nothing = life::line(1, "261222.00", 0, None);
        assert_eq!(state_of(&nothing, std::slice::from_ref(&nothing), &head, today), LineState::Pending);
    }
}
