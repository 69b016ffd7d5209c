//! What of a payout leaves, and what is kept.

use domain::payout::policy::MissingTaxForm;
use domain::payout::{Payout, Refused};
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
    /// TAX-2: an award, and its payee is foreign by a form that holds.
    ForeignPayee,
    /// Fee and tax would leave nothing.
    Nothing,
}

impl Leaves {
    /// The parts that leave.
    ///
    /// # Errors
    /// Nothing leaves, and this is why.
    pub fn parts(self) -> Result<Net, Refused> {
        match self {
            Self::Parts(net) => Ok(net),
            Self::NoTaxForm(status) => Err(Refused::TaxFormMissing { status: status.word() }),
            Self::ForeignPayee => Err(Refused::ForeignPayee),
            Self::Nothing => Err(Refused::NothingLeft),
        }
    }
}

/// PAY-13: what of a payout would leave at an instant: less the retention fee, less what is withheld from a payee without a
/// valid tax form (TAX-2). What it comes to for an award to a foreign payee is not reckoned here, and nothing of it leaves.
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
    let today = Zone::utc().day_of(at);
    // TAX-2: from a commission earned abroad nothing is withheld; an award is income of where it is paid from, and 0 % is wrong.
    if awards::award_of(payout).is_some() && form.as_ref().is_some_and(|form| form.is_foreign(today)) {
        return Ok(Leaves::ForeignPayee);
    }
    let fee = awards::retention_of(store, tenant, payout).await?;
    let withheld = withholding_of(form.as_ref(), today);
    match net_of(payout.amount, fee, withheld, policy.withholding_base) {
        Ok(net) => Ok(Leaves::Parts(net)),
        Err(NothingLeft::Nothing) => Ok(Leaves::Nothing),
        Err(NothingLeft::Money(error)) => Err(error.into()),
    }
}
