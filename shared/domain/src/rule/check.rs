//! Is a rule in order? What can never be meant is refused with the reason; what may be meant is accepted with a named
//! warning.
//!
//! | Refused | Why |
//! |---|---|
//! | `empty` | a list or a rule with nothing in it |
//! | `not_unique` | two clauses, events or milestones of one name |
//! | `out_of_range` | a hold above a year, an amount below zero, a limit of nothing |
//! | `out_of_order` | bands that do not ascend from zero |
//! | `too_deep`, `too_large` | conditions beyond three levels or fifty comparisons, more than fifty clauses |
//! | `never_matches` | a condition that contradicts itself |
//! | `hidden` | a clause behind others that take everything before it, where the first match pays |
//! | `nothing_to_share` | a share of events that have no amount |
//! | `bands_missing`, `not_addable` | a banded clause without bands, or added to other shares |
//! | `over_the_sale` | shares that are added up whenever a clause applies, or a bonus from nothing on, and exceed what was sold |
//!
//! | Warned | Why |
//! |---|---|
//! | `branch_never_matches` | one of several alternatives contradicts itself |
//! | `always_true` | a comparison that says nothing |
//! | `partly_hidden` | a clause behind others that take some of its events |
//! | `overlap` | two conditions can hold for one sale, where the first match pays |
//! | `over_the_sale` | shares that are added up, or raised by a bonus and a referrer's share, can exceed what was sold |
//! | `no_amount` | a share of events some of which have no amount |
//! | `bands_unused`, `bands_fall` | bands without a banded clause, or with a rate that falls |
//! | `pays_nothing` | a share, bonus or flat amount of nothing |
//! | `bonus_without_effect` | a volume bonus where no clause pays a share that it could raise |
//! | `limit_without_effect` | a limit on events that are no sales, which are never counted |
//! | `overrides_unused`, `second_tier_unused` | own rates, or a referrer's share, where no clause is about sales |
//! | `first_band_counts` | retroactive bands beside another reward where the best pays, which the first band decides |
//! | `cap_of_nothing`, `cap_without_effect` | a cap of zero, or one above a narrower one's reach |

mod conditions;
mod logic;
mod parts;
mod sums;

use std::collections::BTreeSet;
use std::fmt::Display;

use super::bands::MILLION;
use super::{Clause, Condition, Event, Matching, Reward, Terms};
use crate::money::Money;
use crate::rate::Rate;

/// The longest hold.
pub const HOLD_DAYS_MAX: u16 = 365;
/// The most clauses of a version.
pub const CLAUSES_MAX: usize = 50;
/// COM-3: how many payments of a subscription a limit may speak of; the night keeps no more of them one by one.
pub const OCCURRENCES_MAX: u32 = 240;
/// The most comparisons of a condition.
pub const TESTS_MAX: usize = 50;

/// Something that was found in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, as a JSON pointer into the document.
    pub pointer: String,
    /// Its name, which does not change.
    pub name: &'static str,
    /// Why, in a sentence.
    pub why: String,
}

impl Finding {
    /// Is it a value that is not of the form that is told of it: beyond its range, or a list of too many or none?
    #[must_use]
    pub fn is_form(&self) -> bool {
        match self.name {
            // Nothing is an amount, too, and reaching it is none.
            "out_of_range" => !self.pointer.ends_with("/threshold"),
            "too_large" => ["/clauses", "/bands/steps", "/milestones"].contains(&self.pointer.as_str()),
            "empty" => self.pointer.ends_with("/events"),
            _ => false,
        }
    }
}

/// All that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is refused.
    pub faults: Vec<Finding>,
    /// What is accepted with a warning.
    pub warnings: Vec<Finding>,
}

impl Findings {
    fn refuse(&mut self, pointer: impl Display, name: &'static str, why: impl Display) {
        self.faults.push(Finding { pointer: pointer.to_string(), name, why: why.to_string() });
    }

    fn warn(&mut self, pointer: impl Display, name: &'static str, why: impl Display) {
        self.warnings.push(Finding { pointer: pointer.to_string(), name, why: why.to_string() });
    }

    fn not_negative(&mut self, pointer: impl Display, amount: Option<Money>) {
        if amount.is_some_and(Money::is_negative) {
            self.refuse(pointer, "out_of_range", "must not be negative");
        }
    }
}

impl Terms {
    /// Looks at a rule as a whole.
    #[must_use]
    pub fn check(&self) -> Findings {
        let mut findings = Findings::default();
        for (pointer, days) in [("/hold_days", self.hold_days), ("/managed_hold_days", self.managed_hold_days)] {
            if days > HOLD_DAYS_MAX {
                findings.refuse(pointer, "out_of_range", format_args!("must be from 0 to {HOLD_DAYS_MAX}"));
            }
        }
        if self.clauses.is_empty() && self.sign_up_bonus.is_none() {
            findings.refuse("/clauses", "empty", "a rule needs a clause or a sign-up bonus");
        }
        if self.clauses.len() > CLAUSES_MAX {
            findings.refuse("/clauses", "too_large", format_args!("at most {CLAUSES_MAX} clauses"));
            return findings;
        }
        let mut names = BTreeSet::new();
        for (place, clause) in self.clauses.iter().enumerate() {
            let at = format!("/clauses/{place}");
            if !names.insert(&clause.name) {
                findings.refuse(format_args!("{at}/name"), "not_unique", "another clause has this name");
            }
            clause.check(&at, &mut findings);
        }
        parts::check(self, &mut findings);
        if findings.faults.is_empty() {
            self.check_together(&mut findings);
        }
        findings
    }

    /// COM-2: Is a share, raised by the volume bonus where that is paid with every sale, more than the sale?
    #[must_use]
    pub fn is_over_the_sale(&self, share: Rate) -> bool {
        // COM-8: a bonus from nothing on is paid with every sale.
        let always = self.volume_bonus.filter(|bonus| bonus.from.is_zero());
        share.millionths() * (MILLION + always.map_or(0, |bonus| bonus.bonus.millionths())) > MILLION * MILLION
    }

    /// What clauses are to each other.
    fn check_together(&self, findings: &mut Findings) {
        match self.matching {
            Matching::First => {
                for (place, clause) in self.clauses.iter().enumerate() {
                    check_order(&self.clauses[..place], (place, clause), findings);
                }
            }
            // A sum has no order.
            Matching::Sum => sums::check(self, findings),
            Matching::BestMoney => parts::check_first_band(self, findings),
        }
    }
}

impl Clause {
    fn check(&self, at: &str, findings: &mut Findings) {
        if self.name.trim().is_empty() {
            findings.refuse(format_args!("{at}/name"), "empty", "a clause needs a name");
        }
        if self.events.is_empty() {
            findings.refuse(format_args!("{at}/events"), "empty", "a clause without events can never match");
        }
        let events: BTreeSet<Event> = self.events.iter().copied().collect();
        if events.len() < self.events.len() {
            findings.refuse(format_args!("{at}/events"), "not_unique", "an event is named twice");
        }
        for (field, is_nothing) in [
            ("max_months", self.limits.max_months == Some(0)),
            ("max_occurrences", self.limits.max_occurrences == Some(0)),
        ] {
            if is_nothing {
                let why = "a limit of 0 can never match; leave it out for no limit";
                findings.refuse(format_args!("{at}/{field}"), "out_of_range", why);
            }
        }
        // COM-3: of a series so many payments are kept one by one; a limit beyond them could not be told exactly.
        if self.limits.max_occurrences.is_some_and(|most| most > OCCURRENCES_MAX) {
            let why = format_args!("a limit of payments goes up to {OCCURRENCES_MAX}; leave it out for no limit");
            findings.refuse(format_args!("{at}/max_occurrences"), "out_of_range", why);
        }
        if !self.limits.is_empty() && !self.events.is_empty() && !self.events.iter().any(|event| event.is_sale()) {
            let why = "only paid sales are counted, so these events never reach a limit";
            findings.warn(format_args!("{at}/events"), "limit_without_effect", why);
        }
        self.check_reward(at, findings);
        if let Some(when) = &self.when {
            conditions::check(when, &self.events, &format!("{at}/when"), findings);
        }
    }

    fn check_reward(&self, at: &str, findings: &mut Findings) {
        let at = format!("{at}/reward");
        let is_nothing = match &self.reward {
            Reward::Percentage(rate) => *rate == Rate::ZERO,
            Reward::Flat(amount) => amount.is_zero(),
            Reward::Banded => false,
        };
        if is_nothing {
            // It may be meant: a clause of nothing keeps a sale from the clauses behind it.
            findings.warn(&at, "pays_nothing", "a clause of nothing pays nothing, and keeps the sale from later ones");
        }
        if let Reward::Flat(amount) = &self.reward {
            return findings.not_negative(at, Some(*amount));
        }
        let with = self.events.iter().filter(|event| event.has_amount()).count();
        if with == 0 && !self.events.is_empty() {
            findings.refuse(
                at,
                "nothing_to_share",
                "these events have no amount to take a share of; pay a flat amount",
            );
        } else if with < self.events.len() {
            findings.warn(at, "no_amount", "some of these events have no amount to take a share of, and pay nothing");
        }
    }
}

/// Where the first match pays, whoever stands behind clauses that take everything waits forever.
fn check_order(before: &[Clause], (place, clause): (usize, &Clause), findings: &mut Findings) {
    // What its own condition rules out nobody takes from it.
    let can_hold = |event: &Event| clause.when.as_ref().is_none_or(|when| logic::can_hold(when, &[*event]));
    let events: Vec<Event> = clause.events.iter().copied().filter(can_hold).collect();
    let taken: Vec<(Event, Option<&Clause>)> =
        events.iter().filter_map(|event| Some((*event, taken_by(before, clause, *event)?))).collect();
    if let Some((event, earlier)) = taken.first() {
        let at = format!("/clauses/{place}");
        let first = earlier.map_or_else(
            || "the clauses before it together take".to_owned(),
            |earlier| format!("\"{}\" comes first and takes", earlier.name),
        );
        if taken.len() == events.len() {
            findings.refuse(at, "hidden", format_args!("can never match: {first} every such sale"));
        } else {
            let why = format!("{first} every {} that it could match", event.word());
            findings.warn(format_args!("{at}/events"), "partly_hidden", why);
        }
        return;
    }
    for earlier in before {
        if let (Some(left), Some(right)) = (&earlier.when, &clause.when)
            && logic::can_both((left, &earlier.events), (right, &clause.events))
        {
            let why = format!("a sale can match \"{}\" as well, which comes first and then pays", earlier.name);
            findings.warn(format_args!("/clauses/{place}/when"), "overlap", why);
        }
    }
}

/// Which earlier clause takes every such event that the clause could match; none where several do it together.
fn taken_by<'c>(before: &'c [Clause], clause: &Clause, event: Event) -> Option<Option<&'c Clause>> {
    // What has a limit lets through whatever is beyond it.
    let takes = |earlier: &&Clause| earlier.limits.is_empty() && earlier.events.contains(&event);
    let earlier: Vec<&Clause> = before.iter().filter(takes).collect();
    let own = clause.when.as_ref();
    let alone = earlier
        .iter()
        .find(|earlier| earlier.when.as_ref() == own || logic::is_taken(own, &[earlier.when.as_ref()], event));
    if let Some(alone) = alone {
        return Some(Some(alone));
    }
    let whens: Vec<Option<&Condition>> = earlier.iter().map(|earlier| earlier.when.as_ref()).collect();
    logic::is_taken(own, &whens, event).then_some(None)
}

#[cfg(test)]
mod tests;
