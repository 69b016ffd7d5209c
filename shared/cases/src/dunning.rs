//! Reminders of payments that failed, each night: which are due. The mails follow from the steps that are taken here.

use domain::dunning::step_due;
use domain::fact::PaymentKey;
use domain::subscription::{FailedPayment, FailedStanding};
use domain::time::Timestamp;
use jiff::SignedDuration;
use store::dunning::Dunning;
use store::sales::Known;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;

const PAGE: usize = 100;
/// A bound, not a limit that a tenant reaches.
const PAGES_MAX: usize = 10_000;
/// A payment that failed long before reminders were switched on is counted from here.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24);

/// What a night found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reminded {
    /// Payments that are still open.
    pub open: u64,
    /// Steps that were taken.
    pub steps: u64,
}

/// REV-10: takes the steps that are due of every payment that is still open; one that came after all is settled by it and
/// is not looked at again. Run twice, it does nothing the second time.
///
/// # Errors
/// The store does not answer, or an item cannot be read.
pub async fn remind(store: &Store, tenant: &TenantKey, now: Timestamp) -> Result<Reminded, CaseError> {
    let mut reminded = Reminded::default();
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = store.list_open_payments(tenant, after.as_deref(), PAGE).await?;
        for payment in &page.items {
            if let Some(told) = open_or_settled(store, tenant, payment).await? {
                reminded.open += 1;
                reminded.steps += u64::from(step(store, tenant, &told, now).await?);
            }
        }
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    Ok(reminded)
}

/// The payment, if it is open; if it is not, that is noted, so that no later night asks again.
async fn open_or_settled(
    store: &Store,
    tenant: &TenantKey,
    payment: &PaymentKey,
) -> Result<Option<FailedPayment>, CaseError> {
    // Noted a moment before it was told: the next night finds it.
    let Some(kept) = store.get_failed_payment(tenant, payment).await? else { return Ok(None) };
    let told = kept.told;
    if told.standing != FailedStanding::Open {
        store.delete_open_payment(tenant, payment).await?;
        return Ok(None);
    }
    if is_open(store, tenant, &told).await? {
        return Ok(Some(told));
    }
    let paid = FailedPayment { standing: FailedStanding::Paid, next_attempt_at: None, ..told };
    store.record_failed_payment(tenant, &paid).await?;
    Ok(None)
}

/// Is a payment still owed? That it came after all is told by its sale, under this name or another of its own.
///
/// # Errors
/// The store does not answer, or an item cannot be read.
pub async fn is_open(store: &Store, tenant: &TenantKey, failed: &FailedPayment) -> Result<bool, CaseError> {
    if failed.standing != FailedStanding::Open {
        return Ok(false);
    }
    let known = match store.find_payment(tenant, &failed.payment).await? {
        Known::As(owner) => store.find_payment(tenant, &owner).await?,
        known => known,
    };
    Ok(!matches!(known, Known::Sale(_)))
}

async fn step(store: &Store, tenant: &TenantKey, failed: &FailedPayment, now: Timestamp) -> Result<bool, CaseError> {
    let Some(known) = store.get_dunning(tenant, &failed.payment).await? else {
        let oldest = now.checked_sub(LOOK_BACK).unwrap_or(now);
        let since = failed.told_at.max(oldest);
        let begun = Dunning { payment: failed.payment.clone(), since, step: None, version: 1 };
        // Another run that began it at this moment counts from the same telling.
        let _: Written = store.create_dunning(tenant, &begun).await?;
        return Ok(false);
    };
    let Some(due) = step_due(known.since, now, known.step) else { return Ok(false) };
    let taken = Dunning { step: Some(due), version: known.version + 1, ..known };
    Ok(store.replace_dunning(tenant, &taken).await? == Written::Yes)
}
