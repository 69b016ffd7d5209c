//! A person decides who is credited for a sale: a new decision that supersedes the one before.

use std::collections::BTreeMap;

use domain::attribution::customer::{Customer, pays_the_same};
use domain::attribution::{Credit, NobodyReason, PartnerTerms, Source};
use domain::commission::EarningReason;
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::sale::{Decision, Sale};
use thiserror::Error;

use super::holds::{NewMoney, write};
use super::{Desk, TRIES_MAX};
use crate::alone::{Alone, Frozen, Worth, history_of, settle_currency};
use crate::error::CaseError;

/// Who is to be credited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// This partner alone, under the rules of a programme.
    Partner {
        /// Who.
        partner: PartnerId,
        /// Under which programme; without one, the programme that the partner is enrolled in, if it is one.
        program: Option<ProgramId>,
    },
    /// Nobody.
    Nobody,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reattributed {
    /// It is decided anew, and the lines are booked.
    Done(Box<Sale>),
    /// A person decided so already; nothing was written.
    Already(Box<Sale>),
    /// There is no such sale.
    NotFound,
    /// It is not possible.
    Refused(Refused),
}

/// Why somebody cannot be credited.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum Refused {
    /// A person rejected the sale, for good.
    #[error("the sale was rejected; nobody earns by it")]
    Rejected,
    /// There is no such partner.
    #[error("there is no such partner")]
    NoPartner,
    /// The partner is not in the programme, or in several and none was named.
    #[error("say under which programme: the partner is enrolled in none, in several, or not in this one")]
    NoProgram,
    /// The programme had no rule in force when the sale happened.
    #[error("the programme had no rule in force when the sale happened")]
    NoRule,
}

/// Credits a sale anew: the old partner's lines go to zero, the new one's are booked, in one transaction on the sale's
/// version. What the night makes of it later is the same decision: a person's stands.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others raced each try.
pub async fn reattribute(desk: &Desk<'_>, id: &SaleId, who: &Who, reason: &str) -> Result<Reattributed, CaseError> {
    let is_done = desk.has_done(id.as_str()).await?;
    for _ in 0..TRIES_MAX {
        let Some(before) = desk.store.get_sale(desk.tenant, id).await? else { return Ok(Reattributed::NotFound) };
        if is_done {
            return Ok(Reattributed::Already(Box::new(before)));
        }
        if before.rejected {
            return Ok(Reattributed::Refused(Refused::Rejected));
        }
        let decision = match decision_of(desk, &before, who).await? {
            Ok(decision) => decision,
            Err(refused) => return Ok(Reattributed::Refused(refused)),
        };
        if domain::attribution::customer::is_by_a_person(&before.decision) && pays_the_same(&decision, &before.decision)
        {
            return Ok(Reattributed::Already(Box::new(before)));
        }
        let mut sale = Sale { decision, ..before.clone() };
        settle_currency(desk.store, desk.tenant, &mut sale).await?;
        let customer = match &sale.customer {
            Some(customer) => desk.store.get_customer(desk.tenant, customer).await?,
            None => None,
        };
        let worth = worth_of(desk, (&sale, before.decision.credits()), customer.as_ref()).await?;
        if worth.targets.is_empty() && matches!(who, Who::Partner { .. }) {
            return Ok(Reattributed::Refused(Refused::NoRule));
        }
        // FRD-4: a person's word credits, and does not look away: who is credited is looked at as by a fresh sale.
        let noticed = desk.look().again(&mut sale, None, customer.as_ref()).await?;
        let told = ("conversion.reattributed", told(&before, None), told(&sale, Some(reason)));
        let why = (EarningReason::Reattributed, &noticed);
        let money = NewMoney { worth: &worth, customer: customer.as_ref() };
        if let Some(sale) = write(desk, &before, sale, money, why, told).await? {
            return Ok(Reattributed::Done(Box::new(sale)));
        }
    }
    Err(CaseError::Busy)
}

/// The decision of a person. What lost stays told, with what had won until now.
async fn decision_of(desk: &Desk<'_>, sale: &Sale, who: &Who) -> Result<Result<Decision, Refused>, CaseError> {
    let losers = sale.decision.losers().to_vec();
    let Who::Partner { partner, program } = who else {
        return Ok(Ok(Decision::Nobody { reason: NobodyReason::ByDecision, losers }));
    };
    if desk.store.get_partner(desk.tenant, partner).await?.is_none() {
        return Ok(Err(Refused::NoPartner));
    }
    let enrolled = desk.store.list_enrolments(desk.tenant, partner).await?;
    let named = match program {
        Some(program) => enrolled.into_iter().find(|enrolment| enrolment.program == *program),
        None if enrolled.len() == 1 => enrolled.into_iter().next(),
        None => None,
    };
    let Some(enrolment) = named else { return Ok(Err(Refused::NoProgram)) };
    let credit = Credit {
        partner: partner.clone(),
        program: enrolment.program,
        link: None,
        source: Source::Manual,
        clicked_at: None,
        weight: 1,
        terms: PartnerTerms::default(),
    };
    let mut decision = Decision::Partners { credits: vec![credit], losers };
    desk.store.fill_terms(desk.tenant, &mut decision, sale.decision.credits()).await?;
    Ok(Ok(decision))
}

/// What the sale earns by its new decision. What depends on the order of sales is put right by the next night.
pub(super) async fn worth_of(
    desk: &Desk<'_>,
    (sale, until_now): (&Sale, &[Credit]),
    known: Option<&Customer>,
) -> Result<Worth, CaseError> {
    let Desk { store, tenant, zone, .. } = desk;
    let alone = Alone { store, tenant, ledger_zone: zone, frames: None, counting: None, frozen: Frozen::Read };
    Ok(alone.worth(sale, until_now, known.map(history_of)).await?)
}

pub(super) fn told(sale: &Sale, reason: Option<&str>) -> BTreeMap<String, String> {
    let credited: Vec<String> = sale
        .decision
        .credits()
        .iter()
        .map(|credit| format!("{} under {}, weight {}", credit.partner, credit.program, credit.weight))
        .collect();
    let credited = if credited.is_empty() { "nobody".to_owned() } else { credited.join("; ") };
    let mut told = BTreeMap::from([("credited".to_owned(), credited)]);
    if let Some(reason) = reason {
        told.insert("reason".to_owned(), reason.to_owned());
    }
    told
}
