//! All accounts of a tenant: a cap over all of them must miss none, and the index of live ones may lag.

use domain::line::Account;
use store::{Store, TenantKey};

use crate::error::CaseError;

/// How many partners of the registry are read at once.
const PAGE_SIZE: usize = 100;

/// Every account of every partner in the registry.
///
/// # Errors
/// The store does not answer.
pub async fn all_accounts(store: &Store, tenant: &TenantKey) -> Result<Vec<Account>, CaseError> {
    let mut accounts = Vec::new();
    let mut after = None;
    loop {
        let page = store.list_partner_ids(tenant, after.as_ref(), PAGE_SIZE).await?;
        for partner in &page.items {
            for head in store.list_heads(tenant, partner).await? {
                accounts.push(Account { partner: partner.clone(), currency: head.currency });
            }
        }
        if page.next.is_none() {
            return Ok(accounts);
        }
        after = page.items.last().cloned();
    }
}
