//! Payouts by a rail that moves by itself: handed over, looked at again, and resolved by people where nobody knows.

use axum::extract::State;
use cases::payouts::Command;
use domain::payout::Word;
use domain::role::Role;
use edge::auth::Caller;
use edge::body::{Checked, Segments};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;

use super::shapes::{OutcomeWord, PayoutView, ResolveBody};
use super::steps::{Answer, not_ahead, take};
use super::{Here, Id};

/// Hand a payout to its rail.
///
/// For rails that move by themselves (Stripe Connect). The answer is the payout in `submitting`; what the rail makes of it
/// follows within moments.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/submit", tag = "payouts",
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn submit(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
) -> Answer {
    caller.require(&[Role::FinanceManager])?;
    take(&app, &caller, (origin, minting), &id, Command::Submit).await
}

/// Have the rail looked at again.
///
/// It is read, and asked again only where it knows nothing and its memory of the same key can be trusted.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/retry", tag = "payouts",
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn retry(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
) -> Answer {
    caller.require(&[Role::FinanceManager])?;
    take(&app, &caller, (origin, minting), &id, Command::Retry).await
}

/// Say what became of a payout whose outcome the rail does not tell.
///
/// One person's word is kept; another person's same word takes effect: paid, or the money goes back to the balance.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/resolve", tag = "payouts", request_body = ResolveBody,
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn resolve(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
    Checked(body): Checked<ResolveBody>,
) -> Answer {
    caller.require(&[Role::FinanceManager, Role::Admin])?;
    let word = word_of(body)?;
    if let Word::Paid { completed_at, .. } = &word {
        not_ahead(&app, "/completed_at", *completed_at)?;
    }
    take(&app, &caller, (origin, minting), &id, Command::Resolve(word)).await
}

/// What belongs to one outcome is missing, or told of the other, is a slip that nobody should pay by.
fn word_of(body: ResolveBody) -> Result<Word, Problem> {
    let missing = |pointer: &str| Problem::impossible(pointer, "missing: it belongs to this outcome");
    let foreign = |pointer: &str| Problem::impossible(pointer, "does not belong to this outcome");
    let ResolveBody { outcome, completed_at, payment_reference, reason } = body;
    match outcome {
        OutcomeWord::Paid if reason.is_some() => Err(foreign("/reason")),
        OutcomeWord::Paid => Ok(Word::Paid {
            completed_at: completed_at.ok_or_else(|| missing("/completed_at"))?,
            reference: payment_reference
                .map(|reference| reference.trim().to_owned())
                .filter(|reference| !reference.is_empty())
                .ok_or_else(|| missing("/payment_reference"))?,
        }),
        OutcomeWord::NotPaid if completed_at.is_some() => Err(foreign("/completed_at")),
        OutcomeWord::NotPaid if payment_reference.is_some() => Err(foreign("/payment_reference")),
        OutcomeWord::NotPaid => Ok(Word::NotPaid { reason: reason.ok_or_else(|| missing("/reason"))? }),
    }
}
