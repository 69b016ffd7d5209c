//! Releases: what came back of a paid payout is the partner's to ask for again.

use axum::extract::State;
use axum::response::Response;
use cases::desk::adjustments::Wish;
use domain::id::PayoutId;
use edge::auth::Caller;
use edge::body::Checked;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::adjusting::{self, AdjustmentView, Request, doors};
use super::{Here, plain};

const REASON_CHARS_MAX: usize = 1_000;

/// What came back of a payout and is to be the partner's again.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = ReleaseBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskBody {
    /// Which payout came back, whole.
    #[garde(skip)]
    #[schema(example = "pay_01KSA104YMAFR7ZKSP7NEJD63WUSD000001")]
    payout_id: String,
    /// Why; the audit trail and the lines keep it.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    reason: String,
}

doors! {
    kind: "release",
    path: "/v1/revenue/releases",
    one: "a release",
    several: "releases",
    then: "what came back is available"
}

/// Ask that what came back of a payout be released.
///
/// What came back is held, because whoever could ask for it at once would have it sent where it came from. Up to the
/// tenant's threshold (100.00) it is released at once; above, a second person approves it first. It is released once; then
/// the partner is paid by a new payout. What came back of an award is asked for again by itself: that payout takes two
/// approvals as the first did, and rejecting it gives the award up, so that what came back is yours again.
#[utoipa::path(
    post, path = "/v1/revenue/releases", tag = "desk", request_body = AskBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "As it stands: `pending` where a second person is needed.", body = AdjustmentView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn ask(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Checked(body): Checked<AskBody>,
) -> Result<Response, Problem> {
    let payout = PayoutId::parse(&body.payout_id);
    let payout = payout.map_err(|error| Problem::bad_request("/payout_id", error.to_string()))?;
    // The id names the partner: nothing else is to be said.
    let partner_id = payout.account_and_number().0.to_string();
    let request = Request { partner_id, wish: Wish::Release { payout }, reason: body.reason };
    adjusting::ask(&app, &caller, (origin, minting), PATH, request).await
}
