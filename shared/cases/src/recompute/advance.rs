//! A recompute goes on: page by page of partners it is counted, checked, booked.

use domain::id::{PartnerId, ProgramId, RecomputeId};
use domain::line::Account;
use domain::recompute::{Counted, Recompute, RecomputeState};
use store::Written;
use store::recomputes::StoredRecompute;

use super::over::{Over, left_out};
use super::{Desk, IsOver};
use crate::error::CaseError;

/// Goes on with a recompute that is at work: counts, checks or books page after page of partners, until a person is to
/// decide, all is booked or the time is over, be it within a page. Whoever calls it again goes on where it stopped.
/// Answers it as it stands.
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
        let recompute = next_page(desk, &stored.recompute, is_over).await?;
        let after = StoredRecompute { recompute, chain: stored.chain, version: stored.version + 1 };
        // Refused when another goes on with it as well: what either has done up to where it stopped is the same. In the same
        // version still, another recompute of the programme is being booked: it waits.
        if desk.store.replace_recompute(desk.tenant, &stored, &after, None).await? == Written::ConditionFailed {
            stuck = Some(stored.version);
        } else if after.recompute.state.word() != stored.recompute.state.word() {
            let (state, lines) = (after.recompute.state.word(), after.recompute.shown.lines);
            tracing::info!(recompute.id = %id, program.id = %program, state, lines, "recompute moved on");
        }
    }
}

/// Works on one more page of partners, or on as many of them as there is time for.
async fn next_page(desk: Desk<'_>, recompute: &Recompute, is_over: IsOver<'_>) -> Result<Recompute, CaseError> {
    let over = Over::read(desk, recompute).await?;
    let after = match &recompute.state {
        RecomputeState::Counting { after, .. }
        | RecomputeState::Checking { after, .. }
        | RecomputeState::Applying { after, .. } => after.as_ref(),
        _ => None,
    };
    let (groups, mut next) = over.page(after).await?;
    let is_booking = matches!(recompute.state, RecomputeState::Applying { .. });
    let (mut counted, mut not_booked) = (Vec::new(), Vec::new());
    let mut before = None;
    for group in &groups {
        if let Some(partner) = all_done(before, group).filter(|_| is_over()) {
            next = Some(partner.clone());
            break;
        }
        before = Some(group);
        if !is_booking {
            counted.extend(over.counted(group).await?);
        } else if let Err(error) = over.apply(group).await {
            not_booked.extend(left_out(group, error)?);
        }
    }
    if is_booking {
        return Ok(recompute.clone().book(&not_booked, next));
    }
    for one in &counted {
        if let Counted::Differs(difference) = one {
            let place = (&recompute.id, recompute.round_counted());
            let _: Written = desk.store.record_difference(desk.tenant, place, difference).await?;
        }
    }
    Ok(recompute.clone().count(&counted, next, over.rules())?)
}

/// The partner of the group before, where none of theirs is in this one: it is gone on from behind a partner.
fn all_done<'a>(before: Option<&'a Vec<Account>>, group: &[Account]) -> Option<&'a PartnerId> {
    let partner = &before?.last()?.partner;
    group.iter().all(|account| account.partner != *partner).then_some(partner)
}
