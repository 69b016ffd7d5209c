//! COM-15: why a line is what it is, and why a sale has none, in sentences that a partner understands. Everything is read
//! from what was kept with the line: a later rule explains nothing away.

mod told;
mod words;

use serde::Serialize;

use crate::attribution::{Credit, NobodyReason, Source};
use crate::commission::EarningReason;
use crate::id::{LinkId, ProgramId, RuleId};
use crate::line::{Line, LineKind, PartKind};
use crate::money::Money;
use crate::rate::Rounding;
use crate::sale::{Decision, Sale};
use crate::time::Timestamp;

/// Why, in sentences and in facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// To be read in order.
    pub sentences: Vec<String>,
    /// What the sentences were made of.
    pub facts: Facts,
}

/// What an explanation rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The kind of line; none for a sale without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<LineKind>,
    /// Why this amount, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<EarningReason>,
    /// Which part of the commission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<PartKind>,
    /// The number of the item, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u16>,
    /// What a share was taken of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The share or the flat amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<String>,
    /// How much came of it, signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// In which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The programme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramId>,
    /// The version of its rule that was in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// The link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// The month in which it counts for bands and caps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Did it come after its month was closed?
    pub late: bool,
    /// What was paid for the sale, tax included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<String>,
    /// What made the partner win the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// When the click was that won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicked_at: Option<Timestamp>,
    /// How the amount was rounded, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// Of what takes back: how much of the payment had gone back by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub went_back: Option<String>,
    /// Of what takes back: how much of the commission had been taken back by then, this line included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<String>,
    /// Why nobody is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nobody_because: Option<NobodyReason>,
    /// What else made it so, each `word: value`.
    pub notes: Vec<String>,
}

/// Why a line is what it is. The sale, where it is of one, tells what was paid and why the partner is credited.
#[must_use]
pub fn line(line: &Line, sale: Option<&Sale>) -> Explanation {
    let trace = &line.trace;
    let is_earned = line.kind == LineKind::Earned;
    let credit = sale.filter(|_| is_earned).and_then(|sale| credit_of(line, sale));
    let mut sentences = vec![told::opening(line)];
    if let (Some(sale), true) = (sale, is_earned) {
        sentences.extend(told::paid(line, sale));
        sentences.extend(credit.and_then(told::credited));
    }
    sentences.extend(told::computation(line));
    if matches!(line.kind, LineKind::Earned | LineKind::Adjustment | LineKind::Entry) {
        sentences.extend(trace.notes.iter().filter_map(|note| words::sentence(note, line.amount)));
    }
    if trace.late {
        let month = trace.period.map(|month| format!(" and counts in {month}")).unwrap_or_default();
        sentences.push(format!("It came after its own month had been closed{month}."));
    }
    sentences.extend(told::availability(line));
    Explanation { sentences, facts: facts_of(line, sale, credit) }
}

fn facts_of(line: &Line, sale: Option<&Sale>, credit: Option<&Credit>) -> Facts {
    let trace = &line.trace;
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    // What takes back keeps what went back where others keep base and reward.
    let is_reversal = line.kind == LineKind::Reversal;
    let computed = matches!(line.kind, LineKind::Earned | LineKind::Adjustment);
    let is_even = trace.notes.iter().any(|note| note == "rounding: half_even");
    let rounding = if is_even { Rounding::HalfEven } else { Rounding::HalfAwayFromZero };
    Facts {
        kind: Some(line.kind),
        reason: Some(trace.reason),
        part: trace.event_type.map(|_| trace.part.kind),
        item: trace.event_type.map(|_| trace.part.item),
        base: text(&trace.base).filter(|_| computed),
        reward: text(&trace.reward).filter(|_| computed),
        amount: Some(line.amount.to_text()),
        currency: Some(line.amount.currency().to_string()),
        program: trace.program.clone(),
        rule: trace.rule.clone(),
        link: trace.link.clone(),
        month: trace.period.map(|month| month.to_string()),
        late: trace.late,
        paid: sale.filter(|_| credit.is_some()).map(|sale| sale.paid.to_text()),
        source: credit.map(|credit| credit.source),
        clicked_at: credit.and_then(|credit| credit.clicked_at),
        rounding: (computed && !trace.reward.is_empty()).then_some(rounding),
        went_back: text(&trace.base).filter(|_| is_reversal),
        taken_back: text(&trace.reward).filter(|_| is_reversal),
        nobody_because: None,
        notes: trace.notes.clone(),
    }
}

/// Whose credit a line comes of: the partner's own. A referrer earns by the credit of another, who is not named to them.
fn credit_of<'s>(line: &Line, sale: &'s Sale) -> Option<&'s Credit> {
    let is_own = line.trace.part.kind != PartKind::SecondTier;
    sale.decision.credits().iter().find(|credit| is_own && credit.partner == line.partner)
}

/// Why a sale has the lines that it has, or none.
#[must_use]
pub fn sale(sale: &Sale) -> Explanation {
    let paid = words::amount(sale.paid);
    let mut facts = Facts {
        amount: Some(sale.paid.to_text()),
        currency: Some(sale.paid.currency().to_string()),
        ..Facts::default()
    };
    let mut sentences = vec![format!("The customer paid {paid} ({}).", sale.invoice)];
    match &sale.decision {
        Decision::Nobody { reason, .. } => {
            facts.nobody_because = Some(*reason);
            sentences
                .push(format!("No partner is credited for it, so it has no commission: {}.", words::nobody(*reason)));
        }
        Decision::Partners { credits, .. } => {
            let sum = words::amount(come_to(sale, None));
            let who = words::count(credits.len(), "partner is credited", "partners are credited");
            sentences.push(format!("{who} for it; the commission comes to {sum}."));
            for credit in credits {
                let own = words::amount(come_to(sale, Some(credit)));
                sentences.push(format!("{} {}: {own}.", credit.partner, words::by_what(credit.source)));
            }
        }
    }
    for loser in sale.decision.losers() {
        let whose = loser.partner.as_ref().map_or_else(String::new, |partner| format!(" of {partner}"));
        let what = words::touch(loser.source);
        sentences.push(format!("{what}{whose} did not count: {}.", words::loss(loser.reason)));
    }
    if !sale.refunded.is_zero() {
        sentences.push(format!("{} went back to the customer.", words::amount(sale.refunded)));
    }
    if sale.rejected {
        sentences.push("It was rejected by a person, so nothing of it is paid.".to_owned());
    }
    Explanation { sentences, facts }
}

/// What the lines of a sale come to: of a credited partner, or of all.
fn come_to(sale: &Sale, credit: Option<&Credit>) -> Money {
    let lines = sale.lines.iter().filter(|line| line.kind != LineKind::HoldMove);
    let own = lines.filter(|line| credit.is_none_or(|credit| credit.partner == line.partner));
    let minor = own.fold(0_i64, |sum, line| sum.saturating_add(line.amount.minor()));
    Money::from_minor(minor, sale.paid.currency())
}

#[cfg(test)]
mod tests;
