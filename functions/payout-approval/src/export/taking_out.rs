//! Payouts leave a file that was voided, or that they cannot be in any more.

use cases::payouts::{Moved, filed};
use domain::audit::Actor;
use domain::id::{PayoutFileId, PayoutId};
use domain::payout::file::{NotInFile, PayoutFile};
use domain::time::Timestamp;
use edge::problem::Problem;
use store::TenantKey;

use crate::App;
use crate::http::wrong;

/// One payout leaves; why it does not, where it has gone on.
pub(crate) async fn one(
    app: &App,
    tenant: &TenantKey,
    (payout, file): (&PayoutId, &PayoutFileId),
    (by, at): (&Actor, Timestamp),
) -> Result<Option<String>, Problem> {
    match filed::take_out(&app.store, tenant, (payout, file), (by, at)).await.map_err(wrong)? {
        Moved::Done(_) => {
            tracing::info!(payout.id = %payout, file.id = %file, "payout taken out of a file");
            Ok(None)
        }
        Moved::Refused(refused) => Ok(Some(refused.to_string())),
        _ => Ok(Some("there is no such payout".to_owned())),
    }
}

/// All of a voided file leave; those that have gone on stay where they are, and are told.
pub(crate) async fn all(
    app: &App,
    tenant: &TenantKey,
    file: &PayoutFile,
    by: (&Actor, Timestamp),
) -> Result<Vec<NotInFile>, Problem> {
    let mut stayed = Vec::new();
    for payout in file.payouts() {
        let why = one(app, tenant, (&payout, &file.id), by).await?;
        // Of a made file, what it does not hold has not stayed in it.
        let is_in = file.rows.is_empty() || file.rows.iter().any(|row| row.payout == payout);
        if let Some(why) = why.filter(|_| is_in) {
            stayed.push(NotInFile { payout, why });
        }
    }
    Ok(stayed)
}
