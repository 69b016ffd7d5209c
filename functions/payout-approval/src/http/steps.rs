//! The steps that people take with a payout.

use axum::Json;
use axum::extract::State;
use cases::awards;
use cases::payouts::{self, Command, Leaves, Moved};
use domain::digest::Digest;
use domain::id::PayoutFileId;
use domain::money::AmountText;
use domain::payout::{Arrived, PayoutState, Refused, Sent};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::{Approver, Caller};
use edge::body::{Body, Checked, Segments};
use edge::faults::of_amount;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::telemetry::chain;
use jiff::SignedDuration;

use super::shapes::{ApproveBody, CancelBody, ConfirmBody, FailBody, MarkSentBody, PayoutView, RejectBody};
use super::{Here, Id, actor, named, no_such_payout, wrong};
use crate::App;
use crate::window::return_window;

/// How far a caller's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What a step answers.
pub(super) type Answer = Result<Json<PayoutView>, Problem>;

/// Approve a payout.
///
/// An admin says yes to the seal that they saw. Large payouts need two people.
#[utoipa::path(
    put, path = "/v1/revenue/payouts/{id}/approve", tag = "payouts", request_body = ApproveBody,
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn approve(
    State(app): Here,
    Approver(caller): Approver,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
    Body(body): Body<ApproveBody>,
) -> Answer {
    caller.require(&[Role::Admin])?;
    let seal = Digest::parse_hex(&body.seal);
    let seal = seal.ok_or_else(|| Problem::bad_request("/seal", "not a seal: 64 hex digits"))?;
    take(&app, &caller, (origin, minting), &id, Command::Approve { seal }).await
}

/// Reject a payout.
///
/// One no is enough; the money goes back to the balance.
#[utoipa::path(
    put, path = "/v1/revenue/payouts/{id}/reject", tag = "payouts", request_body = RejectBody,
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn reject(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
    Checked(body): Checked<RejectBody>,
) -> Answer {
    caller.require(&[Role::Admin])?;
    take(&app, &caller, (origin, minting), &id, Command::Reject { reason: body.reason }).await
}

/// Take a payout back, until it is approved.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/cancel", tag = "payouts", request_body = Option<CancelBody>,
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn cancel(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
    body: Option<Body<CancelBody>>,
) -> Answer {
    caller.require(&[Role::Admin, Role::FinanceManager, Role::Partner])?;
    let body = body.map(|Body(body)| body).unwrap_or_default();
    garde::Validate::validate(&body)?;
    let reason = body.reason.unwrap_or_else(|| format!("cancelled by {}", caller.role));
    take(&app, &caller, (origin, minting), &id, Command::Cancel { reason }).await
}

/// Say that the money was sent.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/mark-sent", tag = "payouts", request_body = MarkSentBody,
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn mark_sent(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
    Checked(body): Checked<MarkSentBody>,
) -> Answer {
    caller.require(&[Role::FinanceManager])?;
    not_ahead(&app, "/sent_at", body.sent_at)?;
    // PAY-8: a payout leaves a voided file by the file's name in its reference; nobody else writes one there.
    if PayoutFileId::parse(body.payment_reference.trim()).is_ok() {
        let detail = "that is a file's id, and the file says so itself: give the bank's or your own reference";
        return Err(Problem::impossible("/payment_reference", detail));
    }
    let now = super::payout_of(&app, &caller, &id).await?.payout;
    if now.state == PayoutState::Approved {
        super::by_hand::not_noticed(&app, &caller.tenant_key(), &now).await?;
    }
    if let Some(net_amount) = &body.net_amount {
        is_what_leaves(&app, &caller, &id, net_amount).await?;
    }
    let sent =
        Sent { sent_at: body.sent_at, expected_arrival: body.expected_arrival_date, reference: body.payment_reference };
    take(&app, &caller, (origin, minting), &id, Command::MarkSent(sent)).await
}

/// Confirm, by a reference, that the money arrived.
///
/// What a NACHA file carried is confirmed once its bank cannot send it back any more: from the third banking day behind
/// the day on which the file settles (one that was first downloaded later than it says settles later). Before that the
/// answer is 409 (`return-window`), with the day in `detail`, and nothing is written. `completed_at` is when the money
/// arrived, and may lie before that day. What finance sent by hand waits for nothing.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/confirm", tag = "payouts", request_body = ConfirmBody,
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn confirm(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
    Checked(body): Checked<ConfirmBody>,
) -> Answer {
    caller.require(&[Role::FinanceManager])?;
    not_ahead(&app, "/completed_at", body.completed_at)?;
    let ConfirmBody { completed_at, payment_reference: reference } = body;
    let payout = super::payout_of(&app, &caller, &id).await?.payout;
    let command = match return_window(&app, &caller.tenant_key(), &payout, app.clock.now()).await? {
        Some(window) => Command::ConfirmFiled(Arrived { completed_at, reference, window }),
        None => Command::Confirm { completed_at, reference },
    };
    take(&app, &caller, (origin, minting), &id, command).await
}

/// Say that the payment will not arrive; the money goes back to the balance.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/fail", tag = "payouts", request_body = FailBody,
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The payout.", body = PayoutView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn fail(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
    Checked(body): Checked<FailBody>,
) -> Answer {
    caller.require(&[Role::FinanceManager])?;
    take(&app, &caller, (origin, minting), &id, Command::Fail { reason: body.failure_reason }).await
}

/// Takes a step with a payout, once for each request.
pub(super) async fn take(
    app: &App,
    caller: &Caller,
    (origin, minting): (Origin, Minting),
    id: &str,
    command: Command,
) -> Answer {
    let id = named(caller, id)?;
    let (tenant, actor) = (caller.tenant_key(), actor(caller, origin));
    let (by, request) = ((&actor, app.clock.now()), minting.ulid("step").to_string());
    let moved = payouts::command_under(&app.store, (&tenant, &id), &command, by, &request).await.map_err(wrong)?;
    if let Moved::Done(stored) | Moved::Voided(stored) = &moved
        && let Err(error) = awards::follow(&app.store, &tenant, &stored.payout, by).await
    {
        // The step is taken, whatever becomes of the award now: the daily round follows what was not followed.
        tracing::warn!(payout.id = %id, reason = chain(&error), "an award does not follow its payout yet");
    }
    match moved {
        Moved::Done(stored) => {
            tracing::info!(payout.id = %id, payout.state = stored.payout.state.word(), "payout moved");
            Ok(Json(PayoutView::from(&stored.payout)))
        }
        Moved::NotFound => Err(no_such_payout()),
        Moved::Voided(stored) => {
            tracing::info!(payout.id = %id, payout.state = stored.payout.state.word(), "payout taken back at its approval");
            let detail = "reversals since the request exceed the balance: the payout was cancelled, ask for a new one";
            Err(Problem::conflict(detail).kind("payout-voided"))
        }
        Moved::Refused(refused) => Err(refusal(&refused)),
        Moved::UnderReview => Err(super::asking::under_review()),
        Moved::PartnerNotActive => Err(super::asking::partner_not_active()),
    }
}

/// PAY-13: whoever says how much they sent must have sent what leaves; a form that came meanwhile changes it.
async fn is_what_leaves(app: &App, caller: &Caller, id: &str, said: &AmountText) -> Result<(), Problem> {
    let payout = super::payout_of(app, caller, id).await?.payout;
    let currency = payout.amount.currency();
    let said = said.not_negative_in(currency).map_err(|error| of_amount("/net_amount", &error))?;
    let leaves = payouts::leaves(&app.store, &caller.tenant_key(), &payout, app.clock.now()).await.map_err(wrong)?;
    match leaves {
        Leaves::Parts(net) if net.net != said => {
            let detail = format!("{said} {currency} is not what leaves: that is {} {currency} now", net.net);
            Err(Problem::conflict(detail).kind("net-differs"))
        }
        // What else stands against it, the step itself says.
        Leaves::Parts(_) | Leaves::NoTaxForm(_) | Leaves::ForeignPayee | Leaves::Nothing => Ok(()),
    }
}

/// 403 where another person could, 409 where nobody can now.
pub(super) fn refusal(refused: &Refused) -> Problem {
    let detail = refused.to_string();
    match refused {
        Refused::RoleMayNot { .. } => Problem::forbidden(detail),
        Refused::RequesterMayNotApprove => Problem::forbidden(detail).kind("requester-may-not-approve"),
        Refused::PayeeEditorMayNotApprove => Problem::forbidden(detail).kind("payee-editor-may-not-approve"),
        Refused::TaxFormMissing { .. } => Problem::unprocessable(detail).kind("tax-form-missing"),
        Refused::ForeignPayee => Problem::unprocessable(detail).kind("foreign-payee"),
        Refused::NothingLeft => Problem::unprocessable(detail).kind("nothing-left"),
        Refused::PayeeChanged => Problem::conflict(detail).kind("payee-changed"),
        Refused::ApproverMayNotConfirm => Problem::forbidden(detail).kind("approver-may-not-confirm"),
        Refused::AlreadyApprovedByYou => Problem::conflict(detail).kind("already-approved-by-you"),
        Refused::WrongState { .. } => Problem::conflict(detail).kind("wrong-state"),
        Refused::TooEarly { what, .. } => Problem::impossible(format!("/{what}"), detail),
        Refused::SealDiffers => Problem::conflict(detail).kind("seal-differs"),
        Refused::ApprovalsExpired => Problem::conflict(detail).kind("approvals-expired"),
        Refused::ReturnWindow { .. } => Problem::conflict(detail).kind("return-window"),
        Refused::CarriedByFile { .. } => Problem::conflict(detail).kind("carried-by-file"),
        Refused::ReferenceUsed { .. } => Problem::conflict(detail).kind("reference-used"),
        Refused::NoSuchRail => Problem::conflict(detail).kind("no-such-rail"),
        Refused::RunForbids { .. } => Problem::conflict(detail).kind("run-forbids"),
        Refused::SaidByYou => Problem::conflict(detail).kind("said-by-you"),
        Refused::BeingAsked => Problem::conflict(detail).kind("being-asked"),
        Refused::AttemptStands { .. } => Problem::conflict(detail).kind("attempt-stands"),
    }
}

/// Nobody tells what has yet to happen.
pub(super) fn not_ahead(app: &App, pointer: &str, given: Timestamp) -> Result<(), Problem> {
    let latest = app.clock.now().saturating_add(AHEAD).unwrap_or(given);
    if given > latest { Err(Problem::impossible(pointer, "lies in the future")) } else { Ok(()) }
}
