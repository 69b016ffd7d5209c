//! Can a condition ever hold, and can it where others do not? Conditions are taken apart into alternatives, each a list of
//! comparisons that must hold or must not, and for each field a value is looked for that they agree on. In doubt the answer
//! is yes: nothing possible is ever refused.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::money::Money;
use crate::rule::{Condition, Event, Field, Operand, Operator, Test};
use crate::tier::Tier;

/// More alternatives than this are not looked at: the answer is then yes.
const ALTERNATIVES_MAX: usize = 1_000;

/// What no text of a rule has in it.
const FRESH: &str = "\u{1}";

/// A comparison that must hold, or must not.
#[derive(Clone, Copy)]
struct Literal<'a> {
    test: &'a Test,
    holds: bool,
}

impl Literal<'_> {
    fn fits(&self, value: Option<&str>) -> bool {
        self.test.holds_for(value) == self.holds
    }
}

type Alternative<'a> = Vec<Literal<'a>>;

/// Can the condition hold for one of the events?
pub(super) fn can_hold(condition: &Condition, events: &[Event]) -> bool {
    alternatives(condition, true).is_none_or(|all| all.iter().any(|literals| agree(literals, events)))
}

/// Can both hold for one sale?
pub(super) fn can_both((left, of_left): (&Condition, &[Event]), (right, of_right): (&Condition, &[Event])) -> bool {
    let events: Vec<Event> = of_left.iter().filter(|event| of_right.contains(event)).copied().collect();
    if events.is_empty() {
        return false;
    }
    can_together(&[(left, true), (right, true)], &events)
}

/// Is every such event that the condition holds for one that an earlier condition holds for? None is a condition that
/// always does.
pub(super) fn is_taken(condition: Option<&Condition>, earlier: &[Option<&Condition>], event: Event) -> bool {
    let Some(conditions) = earlier.iter().copied().collect::<Option<Vec<&Condition>>>() else { return true };
    let left_over = condition.map(|own| (own, true)).into_iter().chain(conditions.into_iter().map(|one| (one, false)));
    !can_together(&left_over.collect::<Vec<_>>(), &[event])
}

/// Can all of them hold for one such event?
pub(super) fn can_all(conditions: &[&Condition], event: Event) -> bool {
    let asked: Vec<(&Condition, bool)> = conditions.iter().map(|condition| (*condition, true)).collect();
    can_together(&asked, &[event])
}

/// Can each condition hold, or not hold, as it is asked?
fn can_together(asked: &[(&Condition, bool)], events: &[Event]) -> bool {
    let mut all: Vec<Alternative<'_>> = vec![Vec::new()];
    for (condition, holds) in asked {
        let Some(next) = alternatives(condition, *holds).and_then(|part| product(&all, &part)) else { return true };
        all = next;
    }
    all.iter().any(|literals| agree(literals, events))
}

fn alternatives(condition: &Condition, holds: bool) -> Option<Vec<Alternative<'_>>> {
    let all = match (condition, holds) {
        (Condition::Test(test), holds) => vec![vec![Literal { test, holds }]],
        // None of several must hold where not one of them may.
        (Condition::Any(parts), true) | (Condition::All(parts), false) => {
            let parts: Option<Vec<_>> = parts.iter().map(|part| alternatives(part, holds)).collect();
            parts?.concat()
        }
        (Condition::All(parts), true) | (Condition::Any(parts), false) => {
            let mut all: Vec<Alternative<'_>> = vec![Vec::new()];
            for part in parts {
                all = product(&all, &alternatives(part, holds)?)?;
            }
            all
        }
    };
    (all.len() <= ALTERNATIVES_MAX).then_some(all)
}

/// Every alternative of the one with every alternative of the other.
fn product<'a>(left: &[Alternative<'a>], right: &[Alternative<'a>]) -> Option<Vec<Alternative<'a>>> {
    if left.len().saturating_mul(right.len()) > ALTERNATIVES_MAX {
        return None;
    }
    Some(left.iter().flat_map(|left| right.iter().map(move |right| [&left[..], &right[..]].concat())).collect())
}

/// Is there a value of every field that all its comparisons are as they must be for?
fn agree(literals: &[Literal<'_>], events: &[Event]) -> bool {
    let mut fields: BTreeMap<&Field, Vec<Literal<'_>>> = BTreeMap::new();
    for literal in literals {
        fields.entry(&literal.test.field).or_default().push(*literal);
    }
    let of = |field: &Field| fields.get(field).map_or(&[][..], Vec::as_slice);
    let money = agree_on_money(of(&Field::Amount), of(&Field::Currency));
    money
        && fields.iter().all(|(field, own)| match field {
            Field::Amount | Field::Currency => true,
            Field::Tier => {
                let fits = |tier: Tier| own.iter().all(|literal| literal.test.holds_for_tier(tier) == literal.holds);
                Tier::ALL.into_iter().any(fits)
            }
            Field::Group => agree_on_groups(own),
            Field::Event => agree_on_event(own, events),
            _ => agree_on_text(own, true),
        })
}

/// An amount is of one currency, and never below zero. Between two amounts that are named nothing changes, so it is enough
/// to try each, the one below and the one above.
fn agree_on_money(amounts: &[Literal<'_>], currencies: &[Literal<'_>]) -> bool {
    let mut minors = vec![0_i64];
    for literal in amounts {
        let named: &[Money] = match &literal.test.operand {
            Operand::Money(money) => std::slice::from_ref(money),
            Operand::Amounts(amounts) => amounts,
            _ => &[],
        };
        minors.extend(named.iter().map(|money| money.minor()).flat_map(|minor| {
            [minor.saturating_sub(1), minor, minor.saturating_add(1)].into_iter().filter(|minor| *minor >= 0)
        }));
    }
    Currency::all().any(|currency| {
        let fits = |minor: &i64| {
            let money = Money::from_minor(*minor, currency);
            amounts.iter().all(|literal| literal.test.holds_for_money(money) == literal.holds)
        };
        currencies.iter().all(|literal| literal.fits(Some(currency.code()))) && minors.iter().any(fits)
    })
}

/// The events of the clause by their words; an event of the tenant's own has any name.
fn agree_on_event(literals: &[Literal<'_>], events: &[Event]) -> bool {
    let own = events.iter().filter(|event| **event != Event::Custom);
    let mut words = own.map(|event| event.word());
    words.any(|word| literals.iter().all(|literal| literal.fits(Some(word))))
        || events.contains(&Event::Custom) && agree_on_text(literals, false)
}

/// A partner has several groups. "One of them is" may be about another group each time; "none of them is", which is also
/// what becomes of the first where it must not hold, is about all.
fn agree_on_groups(literals: &[Literal<'_>]) -> bool {
    if literals.iter().all(|literal| literal.fits(None)) {
        return true;
    }
    let is_of_one = |literal: &Literal<'_>| literal.test.operator.is_negative() != literal.holds;
    let (of_one, of_all): (Vec<Literal<'_>>, Vec<Literal<'_>>) =
        literals.iter().copied().partition(|literal| is_of_one(literal));
    let with = |one: &[Literal<'_>]| agree_on_text(&[&of_all[..], one].concat(), false);
    if of_one.is_empty() { with(&[]) } else { of_one.iter().all(|one| with(std::slice::from_ref(one))) }
}

/// A text, or where it may be missing none, that all comparisons are as they must be for.
fn agree_on_text(literals: &[Literal<'_>], may_be_missing: bool) -> bool {
    let is_part = |operator| matches!(operator, Operator::StartsWith | Operator::EndsWith | Operator::Contains);
    let has = |is: &dyn Fn(Operator) -> bool| literals.iter().any(|literal| is(literal.test.operator));
    if has(&Operator::is_order) && has(&is_part) {
        return true;
    }
    if may_be_missing && literals.iter().all(|literal| literal.fits(None)) {
        return true;
    }
    candidates(literals).iter().any(|text| literals.iter().all(|literal| literal.fits(Some(text))))
}

/// Every text that is named, every number with those beside and between, and one made of all beginnings, middles and ends
/// that there must be: what it has in it besides is in no text of a rule.
fn candidates(literals: &[Literal<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    let mut numbers = Vec::new();
    let (mut beginning, mut middle, mut end) = ("", String::new(), "");
    for Literal { test, holds } in literals {
        match (&test.operand, test.operator) {
            (Operand::Text(_), Operator::StartsWith | Operator::EndsWith | Operator::Contains) if !holds => {}
            (Operand::Text(text), Operator::StartsWith) if text.len() > beginning.len() => beginning = text,
            (Operand::Text(text), Operator::EndsWith) if text.len() > end.len() => end = text,
            (Operand::Text(text), Operator::Contains) => middle.extend([text.as_str(), FRESH]),
            (Operand::Text(text), _) => all.push(text.clone()),
            (Operand::Texts(texts), _) => all.extend(texts.iter().cloned()),
            (Operand::Number(number), _) => numbers.push(*number),
            _ => {}
        }
    }
    // Written with more zeros than any text that is named, a number is none of those texts.
    let zeros = "0".repeat(all.iter().map(String::len).max().unwrap_or(0));
    all.push([beginning, FRESH, &middle, end].concat());
    for left in &numbers {
        let beside = [left.checked_sub(Decimal::ONE), Some(*left), left.checked_add(Decimal::ONE)];
        let between = numbers.iter().map(|right| left.checked_add(*right)?.checked_div(Decimal::TWO));
        for number in beside.into_iter().chain(between).flatten() {
            let sign = if number.is_sign_negative() { "-" } else { "" };
            all.push(format!("{sign}{zeros}{}", number.abs()));
        }
    }
    all
}
