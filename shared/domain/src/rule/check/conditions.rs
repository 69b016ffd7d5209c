//! A condition by itself: its shape, and whether it can ever hold.

use super::{Findings, TESTS_MAX, logic};
use crate::rule::condition::DEPTH_MAX;
use crate::rule::{Condition, Event, Operand};

pub(super) fn check(when: &Condition, events: &[Event], at: &str, findings: &mut Findings) {
    let before = findings.faults.len();
    let mut tests = 0;
    shape(when, at, 0, (&mut tests, findings));
    if tests > TESTS_MAX {
        findings.refuse(at, "too_large", format_args!("at most {TESTS_MAX} comparisons"));
    }
    if findings.faults.len() > before {
        return;
    }
    if !logic::can_hold(when, events) {
        findings.refuse(at, "never_matches", "this contradicts itself and can never hold");
        return;
    }
    branches(when, events, at, findings);
}

/// Levels and lists. `depth` is how many levels are around it.
fn shape(condition: &Condition, at: &str, depth: usize, (tests, findings): (&mut usize, &mut Findings)) {
    let (word, parts) = match condition {
        Condition::Test(test) => {
            *tests += 1;
            if test.operand == Operand::There(true) && test.field.is_always_there() {
                findings.warn(at, "always_true", format_args!("{} is always there", test.field));
            }
            return;
        }
        Condition::All(parts) => ("all", parts),
        Condition::Any(parts) => ("any", parts),
    };
    if depth == DEPTH_MAX {
        findings.refuse(at, "too_deep", format_args!("at most {DEPTH_MAX} levels of all and any"));
        return;
    }
    if parts.is_empty() {
        findings.refuse(format_args!("{at}/{word}"), "empty", "name at least one condition");
    }
    for (place, part) in parts.iter().enumerate() {
        shape(part, &format!("{at}/{word}/{place}"), depth + 1, (tests, findings));
    }
}

/// Alternatives that can never be the one.
fn branches(condition: &Condition, events: &[Event], at: &str, findings: &mut Findings) {
    let (word, parts) = match condition {
        Condition::Test(_) => return,
        Condition::All(parts) => ("all", parts),
        Condition::Any(parts) => ("any", parts),
    };
    for (place, part) in parts.iter().enumerate() {
        let at = format!("{at}/{word}/{place}");
        if logic::can_hold(part, events) {
            branches(part, events, &at, findings);
        } else {
            findings.warn(at, "branch_never_matches", "this alternative contradicts itself and can never hold");
        }
    }
}
