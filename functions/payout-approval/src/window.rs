//! PAY-27: from which day on a bank cannot send back what an ACH file paid it.

use domain::payout::file::{FileState, PayoutFile};
use domain::payout::{Payout, ReturnWindow};
use domain::time::{BusinessDay, DateOutOfRange, Timestamp, Zone};
use edge::problem::Problem;
use rails::calendar::plus_banking_days;
use rails::nacha::confirmable_from;
use store::TenantKey;

use crate::App;

/// The return window of the ACH file that carries a payout; nothing, where none does.
pub(crate) async fn return_window(
    app: &App,
    tenant: &TenantKey,
    payout: &Payout,
    at: Timestamp,
) -> Result<Option<ReturnWindow>, Problem> {
    let Some(id) = payout.ach_file() else { return Ok(None) };
    let file = app.store.get_payout_file(tenant, &id).await?.map(|stored| stored.file);
    let over_from = over_from(file.as_ref(), Zone::utc().day_of(at)).map_err(|_| Problem::internal())?;
    Ok(Some(ReturnWindow { file: id, over_from }))
}

fn over_from(file: Option<&PayoutFile>, today: BusinessDay) -> Result<BusinessDay, DateOutOfRange> {
    let Some(PayoutFile { state: FileState::Ready(made), downloaded, .. }) = file else {
        // No bank has a file that is not made yet, or was voided: what it carries settles tomorrow at the earliest.
        return confirmable_from(plus_banking_days(today, 1)?, None);
    };
    let effective = made.effective.as_deref().map_or(Err(DateOutOfRange), BusinessDay::parse)?;
    confirmable_from(effective, downloaded.as_ref().map(|first| Zone::utc().day_of(first.at)))
}
