//! Has anything been booked by the zone of the ledger?

use domain::id::PartnerId;
use futures::future::try_join_all;
use store::{Store, StoreError, TenantKey};

/// How many partners are looked at one by one; whoever has more has long begun.
const PARTNERS_MAX: usize = 50;

/// Whether the ledger has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// Something is booked, or may be: the zone stays.
    Yes,
    /// No partner has an account, and no award was given.
    NotYet,
}

/// Looks whether a line can have been booked.
pub(super) async fn is_begun(store: &Store, tenant: &TenantKey) -> Result<Begun, StoreError> {
    let page = store.list_partner_ids(tenant, None, PARTNERS_MAX).await?;
    if page.next.is_some() || !store.list_awards(tenant, None, 1).await?.items.is_empty() {
        return Ok(Begun::Yes);
    }
    let accounts = try_join_all(page.items.iter().map(|partner: &PartnerId| store.list_heads(tenant, partner))).await?;
    Ok(if accounts.iter().any(|heads| !heads.is_empty()) { Begun::Yes } else { Begun::NotYet })
}
