//! What shares come to where everything that applies is added up: refused where it is always more than was sold, and warned of
//! where it can be. A sum has no order, so neither answer depends on the order of the clauses.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, logic};
use crate::rule::bands::MILLION;
use crate::rule::{Clause, Condition, Event, Reward, Terms};

/// How many sets of clauses are looked at; behind them the answer is that they can meet.
const LOOKS_MAX: u32 = 1_000;

/// A clause that pays a share, with its place and the share in millionths.
#[derive(Clone, Copy)]
struct Shared<'a> {
    place: usize,
    clause: &'a Clause,
    share: i128,
}

/// Looks at what the clauses of a rule come to together.
pub(super) fn check(terms: &Terms, findings: &mut Findings) {
    let clauses = terms.clauses.iter().enumerate();
    let clauses: Vec<Shared<'_>> = clauses
        .map(|(place, clause)| Shared { place, clause, share: share(clause) })
        .filter(|shared| shared.share > 0)
        .collect();
    let bonus = terms.volume_bonus.map_or(0, |bonus| bonus.bonus.millionths());
    // COM-8: a bonus from nothing on is paid with every sale.
    let always = if terms.volume_bonus.is_some_and(|bonus| bonus.from.is_zero()) { bonus } else { 0 };
    let certain = certain(&clauses, MILLION + always);
    for (last, name) in &certain {
        let why = format!("whenever \"{name}\" applies, the shares that are added up come to more than the sale");
        findings.refuse(format_args!("/clauses/{last}/reward"), "over_the_sale", why);
    }
    if certain.is_empty() {
        warn(&clauses, MILLION + bonus, findings);
    }
}

/// The share of a sale that a clause pays by itself, in millionths.
fn share(clause: &Clause) -> i128 {
    match &clause.reward {
        Reward::Percentage(rate) => rate.millionths(),
        Reward::Flat(_) | Reward::Banded => 0,
    }
}

/// Is this much, raised by a bonus, more than the sale?
fn is_over(sum: i128, raised: i128) -> bool {
    sum * raised > MILLION * MILLION
}

/// The clauses that never apply without others that make it more than the sale: by the place of the last of them, each the
/// first such clause.
fn certain<'a>(clauses: &[Shared<'a>], raised: i128) -> BTreeMap<usize, &'a str> {
    let mut found = BTreeMap::new();
    for own in clauses {
        for event in own.clause.events.iter().filter(|event| event.has_amount()) {
            // Not even all of them together: nothing is to be compared.
            let all = clauses.iter().filter(|other| other.clause.events.contains(event)).map(|other| other.share);
            if !is_over(all.fold(0, i128::saturating_add), raised) {
                continue;
            }
            let beside = clauses.iter().filter(|other| other.place != own.place && is_always(other, own, *event));
            let (sum, last) =
                beside.fold((own.share, own.place), |(sum, last), other| (sum + other.share, last.max(other.place)));
            if is_over(sum, raised) {
                found.entry(last).or_insert(own.clause.name.as_str());
            }
        }
    }
    found
}

/// Does another clause pay whenever this one does? What has a limit does not; nor does what a condition might rule out.
fn is_always(other: &Shared<'_>, own: &Shared<'_>, event: Event) -> bool {
    let (when, holds) = (own.clause.when.as_ref(), other.clause.when.as_ref());
    other.clause.limits.is_empty()
        && other.clause.events.contains(&event)
        && (when == holds || logic::is_taken(when, &[holds], event))
}

/// Warns where several can apply to one sale and come to more than it. Where one alone does, with its bonus, that is told of
/// the bonus.
fn warn(clauses: &[Shared<'_>], raised: i128, findings: &mut Findings) {
    if clauses.iter().any(|shared| is_over(shared.share, raised)) {
        return;
    }
    let events: BTreeSet<Event> = clauses.iter().flat_map(|shared| &shared.clause.events).copied().collect();
    let (mut told, mut looks) = (BTreeSet::new(), 0);
    for event in events.into_iter().filter(|event| event.has_amount()) {
        let mut of_event: Vec<Shared<'_>> =
            clauses.iter().filter(|shared| shared.clause.events.contains(&event)).copied().collect();
        // Largest first, so that what is over is found soon; by name, so that the order of the clauses says nothing.
        of_event.sort_by(|left, right| right.share.cmp(&left.share).then(left.clause.name.cmp(&right.clause.name)));
        let mut search = Search { clauses: &of_event, event, raised, looks };
        let mut chosen = Vec::new();
        let is_found = search.finds(0, 0, &mut chosen);
        looks = search.looks;
        if !is_found {
            continue;
        }
        let names: Vec<String> = chosen.iter().map(|shared| format!("\"{}\"", shared.clause.name)).collect();
        let last = chosen.iter().map(|shared| shared.place).max().unwrap_or_default();
        if told.insert(last) {
            let why = format!("{} can apply to one sale, and add up to more than it", names.join(" and "));
            findings.warn(format_args!("/clauses/{last}/reward"), "over_the_sale", why);
        }
    }
}

/// A search for clauses that can all apply to one sale and come to more than it.
struct Search<'s, 'a> {
    clauses: &'s [Shared<'a>],
    event: Event,
    raised: i128,
    looks: u32,
}

impl<'a> Search<'_, 'a> {
    /// Goes on from what is chosen, which can apply to one sale. As deep as there are clauses, which are fifty at most.
    fn finds(&mut self, next: usize, sum: i128, chosen: &mut Vec<Shared<'a>>) -> bool {
        if is_over(sum, self.raised) {
            return true;
        }
        let clauses = self.clauses;
        for (at, shared) in clauses.iter().enumerate().skip(next) {
            let rest: i128 = clauses.iter().skip(at).map(|shared| shared.share).fold(0, i128::saturating_add);
            if !is_over(sum + rest, self.raised) {
                return false;
            }
            self.looks += 1;
            chosen.push(*shared);
            let whens: Vec<&Condition> = chosen.iter().filter_map(|shared| shared.clause.when.as_ref()).collect();
            let can_meet = self.looks > LOOKS_MAX || logic::can_all(&whens, self.event);
            if can_meet && (self.looks > LOOKS_MAX || self.finds(at + 1, sum + shared.share, chosen)) {
                return true;
            }
            chosen.pop();
        }
        false
    }
}
