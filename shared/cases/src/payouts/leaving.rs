//! What of a payout leaves, and what is kept.

use domain::payout::Payout;
use domain::payout::policy::MissingTaxForm;
use domain::tax::{Net, NothingLeft, TaxStatus, net_of, withholding_of};
use domain::time::{Timestamp, Zone};
use store::{Store, TenantKey};

use super::ground::status_of;
use crate::awards;
use crate::error::CaseError;

/// What of a payout leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// These are its parts.
    Parts(Net),
    /// The tenant pays nobody without a valid tax form, and this is what there is.
    NoTaxForm(TaxStatus),
    /// Fee and tax would leave nothing.
    Nothing,
}

/// PAY-13: what of a payout would leave at an instant: less the retention fee, less what is withheld from a payee without a
/// valid tax form (TAX-2).
///
/// # Errors
/// The store does not answer, or amounts are out of range.
pub async fn leaves(store: &Store, tenant: &TenantKey, payout: &Payout, at: Timestamp) -> Result<Leaves, CaseError> {
    let policy = store.get_payout_policy(tenant).await?;
    let form = store.get_tax_form(tenant, &payout.partner).await?;
    let status = status_of(form.as_ref(), at);
    if policy.missing_tax_form == MissingTaxForm::Block && status != TaxStatus::Valid {
        return Ok(Leaves::NoTaxForm(status));
    }
    let fee = awards::retention_of(store, tenant, payout).await?;
    let withheld = withholding_of(form.as_ref(), Zone::utc().day_of(at));
    match net_of(payout.amount, fee, withheld, policy.withholding_base) {
        Ok(net) => Ok(Leaves::Parts(net)),
        Err(NothingLeft::Nothing) => Ok(Leaves::Nothing),
        Err(NothingLeft::Money(error)) => Err(error.into()),
    }
}
