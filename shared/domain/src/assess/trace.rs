//! What is kept of how an earning came about: enough to explain it, and no more than a row has room for.

use super::caps::CapHit;
use super::items::Item;
use super::order::Placed;
use super::quote::Quote;
use crate::attribution::{Credit, Source};
use crate::commission::EarningReason;
use crate::line::LineTrace;
use crate::money::Money;
use crate::month::Month;
use crate::rate::{Base, Rounding};
use crate::rule::RuleVersion;

/// The most clauses that a trace names.
const NAMED_MAX: usize = 3;

/// The frame of a trace: what all earnings of a credit have in common.
pub(super) fn frame(
    placed: &Placed<'_>,
    credit: &Credit,
    version: &RuleVersion,
    (month, shares): (Month, Option<(u64, u64)>),
) -> LineTrace {
    let sale = placed.sale;
    let mut notes = Vec::new();
    notes.extend(placed.event.map(|event| format!("event: {}", event.word())));
    if credit.source == Source::Managed {
        notes.push("source: managed".to_owned());
    }
    notes.extend(shares.map(|(own, all)| format!("share: {own} of {all}")));
    if version.terms.rounding == Rounding::HalfEven {
        notes.push("rounding: half_even".to_owned());
    }
    LineTrace {
        program: Some(credit.program.clone()),
        link: credit.link.clone(),
        rule: Some(version.id.clone()),
        customer: sale.customer.clone(),
        invoice: sale.invoice.clone(),
        event_type: Some(sale.event_type),
        base: Money::zero(sale.paid.currency()).to_text(),
        period: Some(month),
        notes,
        ..LineTrace::because(EarningReason::NothingPaid)
    }
}

/// The trace of a commission by clauses.
pub(super) fn of_quote(
    frame: &LineTrace,
    (placed, version, item): (&Placed<'_>, &RuleVersion, &Item<'_>),
    (quote, base, before): (&Quote<'_>, &Base, i64),
) -> LineTrace {
    let mut trace = LineTrace { reward: quote.reward(), reason: quote.reason(), ..frame.clone() };
    trace.base = base.shown().map(Money::to_text).unwrap_or_default();
    let notes = &mut trace.notes;
    if let Some(product) = item.product.filter(|_| !placed.sale.items.is_empty()) {
        notes.push(format!("product: {product}"));
    }
    if !quote.clauses.is_empty() && version.terms.clauses.len() > 1 {
        let names: Vec<&str> = quote.clauses.iter().take(NAMED_MAX).copied().collect();
        notes.push(format!("clause: {}", names.join(", ")));
    }
    if quote.clauses.is_empty() {
        notes
            .extend(quote.passed.iter().take(NAMED_MAX).map(|(name, why)| format!("passed: {name} by {}", why.word())));
    }
    notes.extend(quote.overridden.map(|level| format!("override: {}", level.word())));
    if quote.banded.is_some() {
        let before = Money::from_minor(before, item.paid.currency());
        notes.push(format!("volume_before: {before}"));
    }
    trace
}

/// Takes note of the cap that cut an amount.
pub(super) fn note_cap(trace: &mut LineTrace, hit: Option<CapHit>, uncapped: Money) {
    if let Some(hit) = hit {
        let (word, cap) = hit.word();
        trace.notes.push(format!("cap: {word} {cap}"));
        trace.notes.push(format!("before_cap: {uncapped}"));
    }
}
