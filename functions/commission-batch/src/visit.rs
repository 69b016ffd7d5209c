//! A visit to one account: finish or begin a close when one is due; let an account at rest go.

use cases::closing;
use cases::error::CaseError;
use domain::ledger::MATURED_SLOTS_MAX;
use domain::line::Account;
use domain::time::Timestamp;
use edge::lambda::Failure;
use queues::VisitDue;
use store::{Store, TenantKey, Written};

/// Looks at the account as it is now, with the day after the business date as today.
///
/// # Errors
/// The store is away (try again), or a law of the ledger does not hold (a person must look).
pub async fn visit(store: &Store, tenant: &TenantKey, due: &VisitDue, now: Timestamp) -> Result<(), Failure> {
    let account = Account { partner: due.partner.clone(), currency: due.currency };
    // The date comes from the message, not from the clock: a late delivery closes no more than its night would have.
    let day_after = due.business_date.plus_days(1).map_err(Failure::reject)?;
    let mut head = store.get_head(tenant, &account).await.map_err(Failure::retry)?;
    if head.close_is_unfinished() || head.matured_slots(day_after) >= MATURED_SLOTS_MAX {
        // And never more than today's: what is to come is not closed, whatever a message says.
        let settings = store.get_settings(tenant).await.map_err(Failure::retry)?;
        let today = day_after.min(settings.ledger_zone.day_of(now));
        let closed = closing::close_matured(store, tenant, &account, today).await.map_err(policy_of)?;
        if let Some(close) = closed {
            tracing::info!(account.partner = %account.partner, account.currency = %account.currency, close.no = close.no, lines = close.count, net = %close.net, "slots closed");
        }
        head = store.get_head(tenant, &account).await.map_err(Failure::retry)?;
    }
    if head.live && head.is_at_rest() {
        // Refused when something was booked meanwhile: then the account lives on, as it should.
        let _: Written = store.rest_account(tenant, &account, &head).await.map_err(Failure::retry)?;
    }
    Ok(())
}

fn policy_of(error: CaseError) -> Failure {
    match error {
        CaseError::Store(_) | CaseError::Busy => Failure::retry(error),
        CaseError::Breach { .. } | CaseError::Money(_) | CaseError::Slot(_) => Failure::reject(error),
    }
}
