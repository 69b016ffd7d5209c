//! PAY-11: the report of the run that a payout was built by.

use domain::payout::run::run_of;
use domain::payout::{Payout, Refused};
use store::{Store, TenantKey};

use crate::error::CaseError;

/// Why no payout of the run may be approved; nothing where its report says go, where an admin has overridden it, and where
/// no run built the payout.
pub(super) async fn forbidden(
    store: &Store,
    tenant: &TenantKey,
    payout: &Payout,
) -> Result<Option<Refused>, CaseError> {
    let Some(id) = run_of(&payout.asked_under) else { return Ok(None) };
    // A run that died before its report was kept has none that says go.
    let is_go = store.get_payout_run(tenant, &id).await?.is_some_and(|run| run.is_go());
    if is_go || store.get_run_override(tenant, &id).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(Refused::RunForbids { run: id }))
}
