//! Tax forms of partners: submitted, believed, withdrawn; each with its entry of the audit trail.

use domain::audit::{Actor, ChainEnd, append};
use domain::id::PartnerId;
use domain::tax::{FormStep, Given, TaxForm};
use domain::time::Timestamp;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;
use crate::privacy;

/// What became of a step of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is taken.
    Done(Box<TaxForm>),
    /// There is no form.
    NotFound,
    /// The form is not one that this can be done with.
    NotNow,
    /// The form is not the one that the caller saw.
    Stale,
    /// OPS-4: nobody is left whose form it could be.
    Erased,
}

/// What is done with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormCommand {
    /// It is given.
    Submit(Box<Given>),
    /// A person believes it.
    Accept,
    /// It holds no longer.
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// TAX-1: a step of a partner's form, in one transaction with its entry of the trail; what gave way is kept.
///
/// # Errors
/// The store does not answer.
pub async fn take(
    store: &Store,
    (tenant, partner): (&TenantKey, &PartnerId),
    seen: Option<u32>,
    command: FormCommand,
    (by, at): (&Actor, Timestamp),
) -> Result<Taken, CaseError> {
    let before = store.get_tax_form(tenant, partner).await?;
    let version = before.as_ref().map_or(0, |form| form.version);
    let step = match (command, &before) {
        (FormCommand::Submit(given), before) => {
            // The same request again, sealed anew: what its first run wrote stands.
            if before.as_ref().is_some_and(|form| form.under == given.under) {
                return Ok(before.clone().map_or(Taken::NotFound, |form| Taken::Done(Box::new(form))));
            }
            Some(TaxForm::submit(before.as_ref(), *given, by.clone(), at))
        }
        (_, None) => return Ok(Taken::NotFound),
        (FormCommand::Accept, Some(form)) => form.accept(by.clone(), at),
        (FormCommand::Withdraw { reason }, Some(form)) => form.withdraw(reason, by.clone(), at),
    };
    let Some(FormStep { form, deed }) = step else { return Ok(Taken::NotNow) };
    if seen.is_some_and(|seen| seen != version) {
        return Ok(Taken::Stale);
    }
    let aggregate = TaxForm::aggregate(partner);
    let end = store.get_last_told(tenant, &aggregate).await?.map_or(ChainEnd::START, |entry| entry.end());
    let entry = append(end, &aggregate, deed);
    let written = store.replace_tax_form(tenant, partner, before.as_ref(), &form, &entry).await?;
    // The client's own retry can report a failed condition for a write that succeeded: read it back.
    if written == Written::ConditionFailed && store.get_tax_form(tenant, partner).await?.as_ref() != Some(&form) {
        if privacy::is_erased(store, tenant, partner).await? {
            return Ok(Taken::Erased);
        }
        return Ok(Taken::Stale);
    }
    Ok(Taken::Done(Box::new(form)))
}
