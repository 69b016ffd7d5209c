//! The record of a decision, as people ask for it: who won, why everybody else did not, and what each model would give.

use serde::Serialize;

use crate::allocate::largest_remainder;
use crate::attribution::candidate::{Candidate, CandidateTarget, Moment};
use crate::attribution::choice::{choose, credits};
use crate::attribution::customer::{Customer, decision_for, is_by_a_person, pays_the_same};
use crate::attribution::models::Model;
use crate::attribution::settings::AttributionSettings;
use crate::attribution::{Credit, Loser, LossReason, NobodyReason, PartnerTerms, Source};
use crate::currency::Currency;
use crate::id::{LinkId, PartnerId, ProgramId, SaleId};
use crate::money::{Money, MoneyError};
use crate::sale::{Decision, Sale};
use crate::time::Timestamp;

/// One million: shares are shown with six places, and add up to exactly 1.
const WHOLE: i64 = 1_000_000;

/// A decision, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionRecord {
    /// The sale.
    pub conversion_id: SaleId,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
    /// Who is paid, and in which proportion; empty for nobody.
    pub winners: Vec<ShownCredit>,
    /// Why nobody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nobody_because: Option<NobodyReason>,
    /// What lost, newest first, each with its reason.
    pub losers: Vec<Loser>,
    /// Did a person decide?
    pub is_by_a_person: bool,
    /// Would what is known of the customer today decide otherwise? Then the next night does, in an open period.
    pub is_outdated: bool,
    /// What each model would give for the touches that count.
    pub models: Vec<ModelShares>,
}

/// A credit, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownCredit {
    /// Who.
    pub partner_id: PartnerId,
    /// Under which programme's rules.
    pub program_id: ProgramId,
    /// What made it win.
    pub source: Source,
    /// The link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_id: Option<LinkId>,
    /// When the click was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicked_at: Option<Timestamp>,
    /// Its part of the commission, a fraction with six places.
    pub share: String,
    /// The partner's terms at the time of the decision.
    pub terms: PartnerTerms,
}

/// What a model would give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelShares {
    /// The model.
    pub model: Model,
    /// The shares, in the order of the oldest touches; they add up to 1, or there are none.
    pub shares: Vec<ModelShare>,
}

/// A partner's share under a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelShare {
    /// Who.
    pub partner_id: PartnerId,
    /// A fraction with six places.
    pub share: String,
}

/// The record of a sale's decision. `customer` is what is known of its customer, if it has one.
///
/// # Errors
/// Weights out of range.
pub fn record(sale: &Sale, customer: Option<&Customer>) -> Result<DecisionRecord, MoneyError> {
    let today = decision_for(sale, customer);
    // A sale keeps only who won; what lost is kept once, with its customer.
    let losers = match customer {
        Some(customer) => customer.decide(sale.occurred_at, sale.traits.coupon.as_deref()).losers().to_vec(),
        None => sale.decision.losers().to_vec(),
    };
    let nobody_because = match &sale.decision {
        Decision::Nobody { reason, .. } => Some(*reason),
        Decision::Partners { .. } => None,
    };
    let had_no_rule = nobody_because == Some(NobodyReason::NoRule);
    Ok(DecisionRecord {
        conversion_id: sale.id.clone(),
        occurred_at: sale.occurred_at,
        winners: shown(sale.decision.credits())?,
        nobody_because,
        losers,
        is_by_a_person: is_by_a_person(&sale.decision),
        is_outdated: !had_no_rule && !pays_the_same(&today, &sale.decision),
        models: Model::ALL.into_iter().map(|model| shares_of(model, sale, customer)).collect::<Result<_, _>>()?,
    })
}

/// ATT-2, ATT-8: multi-touch is always there as a report, whatever the programme pays by: who would be paid if it paid by
/// this model, by clicks alone.
fn shares_of(model: Model, sale: &Sale, customer: Option<&Customer>) -> Result<ModelShares, MoneyError> {
    let credits = match customer {
        Some(customer) => under(customer, model).decide(sale.occurred_at, None).credits().to_vec(),
        None => {
            let clicks: Vec<Candidate> = clicks_of(sale).iter().map(|click| click_under(click, model)).collect();
            let moment = Moment { at: sale.occurred_at, is_existing: false, coupon: None };
            credits(&choose(&clicks, &moment).shares)
        }
    };
    let weights: Vec<u64> = credits.iter().map(|credit| credit.weight).collect();
    let shares = credits.iter().zip(fractions(&weights)?);
    let shares = shares.map(|(credit, share)| ModelShare { partner_id: credit.partner.clone(), share }).collect();
    Ok(ModelShares { model, shares })
}

/// A customer whom nobody was given by hand and who came by clicks alone, where every programme pays by a model. What
/// binds them binds them still: a renewal has the shares of the check-out long before it.
fn under(customer: &Customer, model: Model) -> Customer {
    let mut customer = Customer { assigned: Vec::new(), ..customer.clone() };
    customer.sightings.retain(|seen| seen.candidate.source == Source::Click);
    for seen in &mut customer.sightings {
        seen.candidate = click_under(&seen.candidate, model);
    }
    customer
}

fn click_under(click: &Candidate, model: Model) -> Candidate {
    let target = click
        .target
        .as_ref()
        .map(|target| CandidateTarget { settings: AttributionSettings { model, ..target.settings }, ..target.clone() });
    Candidate { target, ..click.clone() }
}

/// The clicks that counted for a sale of nobody's customer, as far as its decision tells of them.
fn clicks_of(sale: &Sale) -> Vec<Candidate> {
    let Some(program) = sale.decision.credits().first().map(|credit| credit.program.clone()) else {
        return Vec::new();
    };
    let click = |partner: &PartnerId, link: Option<&LinkId>, at: Timestamp| Candidate {
        source: Source::Click,
        at,
        link: link.cloned(),
        coupon: None,
        visitor: None,
        target: Some(CandidateTarget {
            partner: partner.clone(),
            program: program.clone(),
            // Its window was looked at when it was decided.
            window_days: u16::MAX,
            settings: AttributionSettings::default(),
        }),
        refused: None,
    };
    let won = sale.decision.credits().iter();
    let won = won.filter_map(|credit| Some(click(&credit.partner, credit.link.as_ref(), credit.clicked_at?)));
    let by_model = |reason| matches!(reason, LossReason::EarlierThanWinner | LossReason::LaterThanWinner);
    let beaten = sale.decision.losers().iter().filter(|one| one.source == Source::Click && by_model(one.reason));
    let beaten = beaten.filter_map(|one| Some(click(one.partner.as_ref()?, one.link.as_ref(), one.touched_at)));
    won.chain(beaten).collect()
}

fn shown(credits: &[Credit]) -> Result<Vec<ShownCredit>, MoneyError> {
    let weights: Vec<u64> = credits.iter().map(|credit| credit.weight).collect();
    let shown = credits.iter().zip(fractions(&weights)?).map(|(credit, share)| ShownCredit {
        partner_id: credit.partner.clone(),
        program_id: credit.program.clone(),
        source: credit.source,
        link_id: credit.link.clone(),
        clicked_at: credit.clicked_at,
        share,
        terms: credit.terms.clone(),
    });
    Ok(shown.collect())
}

/// Shares that add up to exactly one, six places each.
fn fractions(weights: &[u64]) -> Result<Vec<String>, MoneyError> {
    // The currency is of no matter: only minor units are split.
    let parts = largest_remainder(Money::from_minor(WHOLE, Currency::USD), weights)?;
    Ok(parts.iter().map(|part| format!("{}.{:06}", part.minor() / WHOLE, part.minor() % WHOLE)).collect())
}

#[cfg(test)]
mod tests;
