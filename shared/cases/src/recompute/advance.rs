//! A recompute goes on: page by page of partners it is counted, checked, booked.

use domain::id::{ProgramId, RecomputeId};
use domain::recompute::{Counted, Recompute, RecomputeState};
use store::Written;
use store::recomputes::StoredRecompute;

use super::over::{Over, left_out};
use super::{Desk, IsOver};
use crate::error::CaseError;

/// Goes on with a recompute that is at work: counts, checks or books page after page of partners, until a person is to
/// decide, all is booked or the time is over. Whoever calls it again goes on where it stopped. Answers it as it stands.
///
/// # Errors
/// The store does not answer, or the totals are out of range.
pub async fn advance(
    desk: Desk<'_>,
    (program, id): (&ProgramId, &RecomputeId),
    is_over: IsOver<'_>,
) -> Result<Option<StoredRecompute>, CaseError> {
    let mut stuck = None;
    loop {
        let Some(stored) = desk.store.get_recompute(desk.tenant, program, id).await? else { return Ok(None) };
        if !stored.recompute.state.is_at_work() || is_over() || stuck == Some(stored.version) {
            return Ok(Some(stored));
        }
        let recompute = next_page(desk, &stored.recompute).await?;
        let after = StoredRecompute { recompute, chain: stored.chain, version: stored.version + 1 };
        // Refused when another goes on with it as well: what both have done is the same. In the same version still, another
        // recompute of the programme is being booked: it waits.
        if desk.store.replace_recompute(desk.tenant, &stored, &after, None).await? == Written::ConditionFailed {
            stuck = Some(stored.version);
        } else if after.recompute.state.word() != stored.recompute.state.word() {
            let (state, lines) = (after.recompute.state.word(), after.recompute.shown.lines);
            tracing::info!(recompute.id = %id, program.id = %program, state, lines, "recompute moved on");
        }
    }
}

/// Works on one more page of partners.
async fn next_page(desk: Desk<'_>, recompute: &Recompute) -> Result<Recompute, CaseError> {
    let over = Over::read(desk, recompute).await?;
    if let RecomputeState::Applying { after, .. } = &recompute.state {
        let (groups, next) = over.page(after.as_ref()).await?;
        let mut not_booked = Vec::new();
        for group in &groups {
            if let Err(error) = over.apply(group).await {
                not_booked.extend(left_out(group, error)?);
            }
        }
        return Ok(recompute.clone().book(&not_booked, next));
    }
    let after = match &recompute.state {
        RecomputeState::Counting { after, .. } | RecomputeState::Checking { after, .. } => after.as_ref(),
        _ => None,
    };
    let (groups, next) = over.page(after).await?;
    let mut counted = Vec::new();
    for group in &groups {
        counted.extend(over.counted(group).await?);
    }
    for one in &counted {
        if let Counted::Differs(difference) = one {
            let place = (&recompute.id, recompute.round_counted());
            let _: Written = desk.store.record_difference(desk.tenant, place, difference).await?;
        }
    }
    Ok(recompute.clone().count(&counted, next, over.rules())?)
}
