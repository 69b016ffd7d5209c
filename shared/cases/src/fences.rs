//! How far accounts are final: what whoever moves a sale's money must know before.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::Head;
use domain::line::Account;
use domain::retarget::Target;
use domain::sale::Sale;
use store::{Store, TenantKey};

use crate::error::CaseError;

/// The heads of the accounts that a sale has lines in, and of those that its new targets reach.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn fences_of(
    store: &Store,
    tenant: &TenantKey,
    sale: &Sale,
    targets: &[Target],
) -> Result<BTreeMap<Account, Head>, CaseError> {
    let currency = sale.paid.currency();
    let partners: BTreeSet<_> =
        sale.lines.iter().map(|line| &line.partner).chain(targets.iter().map(|target| &target.partner)).collect();
    let mut fences = BTreeMap::new();
    for partner in partners {
        let account = Account { partner: partner.clone(), currency };
        let head = store.get_head(tenant, &account).await?;
        fences.insert(account, head);
    }
    Ok(fences)
}
