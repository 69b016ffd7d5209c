//! Asking for a payout.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::closing::Pace;
use cases::payouts::{self, Asked, Requested};
use domain::currency::Currency;
use domain::id::PartnerId;
use domain::money::{AmountText, Money};
use domain::payout::hold::Hold;
use domain::role::Role;
use edge::auth::Caller;
use edge::body::Body;
use edge::clock::Stopwatch;
use edge::faults::of_amount;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use http::StatusCode;
use http::header::{LOCATION, RETRY_AFTER};

use super::shapes::{CountingView, PayoutView, RequestBody};
use super::{Here, actor, own_partner, wrong};
use crate::App;

/// How long one request counts lines: well within the function's time of ten seconds.
const COUNTING_MS_MAX: u64 = 5_000;
/// When a client asks again for a payout whose lines are being counted.
const RETRY_AFTER_S: u32 = 1;

/// Ask to be paid what is available, or a part of it.
///
/// What has matured is closed first; then the available balance, or the `amount` that is named, becomes a payout, sealed and
/// reserved. A part is approved by as many people as the whole would be. What is more than the balance, less than the
/// minimum, or finer than the currency is refused with the figures.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/request", tag = "payouts", request_body = RequestBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses(
        (status = 201, description = "The payout, waiting for approval.", body = PayoutView),
        (
            status = 202,
            description = "The account has very many lines and they are still being counted. Send the same request again after `Retry-After` seconds: it goes on where this one stopped.",
            body = CountingView
        ),
        Refusals,
        WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(super) async fn request(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Body(body): Body<RequestBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Partner, Role::Admin, Role::FinanceManager])?;
    let partner = payee(&app, &caller, body.partner_id.as_deref()).await?;
    let (tenant, actor) = (caller.tenant_key(), actor(&caller, origin));
    let amount = body.amount.as_ref().map(|amount| part_of(amount, body.currency)).transpose()?;
    let under = minting.ulid("payout").to_string();
    let asked = Asked { partner: partner.clone(), currency: body.currency, amount, by: actor, under };
    let watch = Stopwatch::start();
    let is_over = || watch.elapsed_ms() >= COUNTING_MS_MAX;
    let pace = app.pace.unwrap_or(Pace::until(&is_over));
    let requested = payouts::request_within(&app.store, &tenant, &asked, app.clock.now(), pace).await;
    match requested.map_err(wrong)? {
        Requested::Counting { lines } => {
            tracing::info!(partner.id = %partner, lines, "payout asked for, its lines are still being counted");
            let again = [(RETRY_AFTER, RETRY_AFTER_S.to_string())];
            Ok((StatusCode::ACCEPTED, again, Json(CountingView { lines_counted: lines })).into_response())
        }
        Requested::PartnerNotActive => Err(partner_not_active()),
        Requested::UnderReview => Err(under_review()),
        Requested::Held(holds) => Err(held(&holds)),
        Requested::Created(stored) => {
            tracing::info!(payout.id = %stored.payout.id, partner.id = %partner, "payout requested");
            let location = format!("/v1/revenue/payouts/{}", stored.payout.id);
            Ok((StatusCode::CREATED, [(LOCATION, location)], Json(PayoutView::from(&stored.payout))).into_response())
        }
        Requested::OpenPayout(id) => {
            Err(Problem::conflict(format!("{id} is under way; one payout at a time leaves an account"))
                .kind("payout-under-way"))
        }
        Requested::NothingAvailable { available, pending } => {
            let currency = body.currency;
            let detail =
                format!("nothing to pay: {available} {currency} is available, {pending} {currency} waits for its day");
            Err(Problem::unprocessable(detail).kind("nothing-available"))
        }
    }
}

/// PAY-1: a part is an amount of the currency above zero.
fn part_of(amount: &AmountText, currency: Currency) -> Result<Money, Problem> {
    let money = amount.not_negative_in(currency).map_err(|error| of_amount("/amount", &error))?;
    if money.is_zero() {
        let why = format!("{money} {currency} is not above zero; leave the amount out to ask for all of it");
        return Err(Problem::impossible("/amount", why));
    }
    Ok(money)
}

/// PAY-2, PAY-12: every reason with its figures, so that nobody is sent from door to door.
fn held(holds: &[Hold]) -> Problem {
    let sentences: Vec<String> = holds.iter().map(Hold::sentence).collect();
    let kind = holds.first().map_or("payout-held", Hold::code);
    let problem = Problem::unprocessable(sentences.join("; ")).kind(kind);
    sentences.into_iter().fold(problem, |problem, sentence| problem.at("", sentence))
}

/// PAY-16: the reason, and who can change it.
pub(super) fn partner_not_active() -> Problem {
    let detail = "the partner is not active; nothing is paid until an admin reinstates them";
    Problem::unprocessable(detail).kind("partner-not-active")
}

/// What was noticed is for the reviewers' eyes.
pub(super) fn under_review() -> Problem {
    Problem::conflict("payouts of this partner wait until a review is decided").kind("under-review")
}

/// Whose balance it is about: a partner's own, or the one that the desk names.
async fn payee(app: &App, caller: &Caller, named: Option<&str>) -> Result<PartnerId, Problem> {
    let named = named
        .map(|text| PartnerId::parse(text).map_err(|error| Problem::bad_request("/partner_id", error.to_string())))
        .transpose()?;
    let no_such = || Problem::not_found("no such partner");
    match (own_partner(caller)?, named) {
        (Some(own), None) => Ok(own),
        (Some(own), Some(named)) if own == named => Ok(own),
        (Some(_), Some(_)) => Err(no_such()),
        (None, None) => Err(Problem::impossible("/partner_id", "missing: whose balance is to be paid")),
        (None, Some(named)) => {
            let known = app.store.get_partner(&caller.tenant_key(), &named).await?;
            known.map(|partner| partner.id).ok_or_else(no_such)
        }
    }
}
