//! The attempts of a rail behind the steps that people take with an executed payout.

use domain::payout::attempt::{Attempt, Ended, next_no};
use domain::payout::{Payout, Refused, Word};
use domain::time::Timestamp;
use store::attempts::StoredAttempt;
use store::{Store, TenantKey};

use crate::error::CaseError;

/// The number of the attempt that may be made at a payout now.
pub(super) async fn attempt_no(
    store: &Store,
    tenant: &TenantKey,
    payout: &Payout,
) -> Result<Result<u32, Refused>, CaseError> {
    // PAY-6: what goes by a file or by hand is not handed to a machine, and what names no payee to nobody.
    let by_itself = payout.terms.payee.as_ref().is_some_and(|payee| payee.rail.moves_by_itself());
    if !by_itself {
        return Ok(Err(Refused::NoSuchRail));
    }
    let attempts = store.list_attempts(tenant, &payout.id).await?;
    let attempts: Vec<Attempt> = attempts.into_iter().map(|stored| stored.attempt).collect();
    Ok(next_no(&attempts))
}

/// The attempt that ends with what two people say, as read and as it becomes; nothing while only one has spoken.
///
/// It moves in the transaction of the payout: whoever is about to ask the rail claims the attempt first, so that either
/// they ask and the word is refused, or the word holds and nobody asks any more.
pub(super) async fn ended_by(
    store: &Store,
    tenant: &TenantKey,
    after: &Payout,
    word: &Word,
    at: Timestamp,
) -> Result<Result<Option<(StoredAttempt, Attempt)>, Refused>, CaseError> {
    if after.state.is_open() {
        return Ok(Ok(None));
    }
    let Some(read) = store.list_attempts(tenant, &after.id).await?.pop() else { return Ok(Ok(None)) };
    let ended = match word {
        Word::Paid { reference, .. } => Ended::Paid { reference: reference.clone() },
        // PAY-7: what is being asked for at this moment may be paid in the next.
        Word::NotPaid { .. } if !read.attempt.is_quiet(at) => return Ok(Err(Refused::BeingAsked)),
        Word::NotPaid { reason } => Ended::Refused { reason: reason.clone() },
    };
    let after = read.attempt.clone().end(ended);
    Ok(Ok(Some((read, after))))
}
