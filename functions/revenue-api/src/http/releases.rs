//! Releases: what came back of a paid payout is the partner's to ask for again.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use cases::desk::adjustments::Wish;
use domain::id::PayoutId;
use edge::auth::{Approver, Caller};
use edge::body::{Body, Checked, Query, Segments};
use edge::csv::Format;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::Listed;
use edge::problem::Problem;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::adjusting::{self, AdjustmentView, ReasonBody, Request, SealBody, one, page};
use super::page::PageQuery;
use super::{Here, Id, plain};

const KIND: &str = "release";
/// Where they are.
const PATH: &str = "/v1/revenue/releases";
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

/// List releases, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/releases", tag = "desk", params(PageQuery),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<AdjustmentView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    page(&app, &caller, KIND, &query, accepted).await
}

/// Read one of the releases.
#[utoipa::path(
    get, path = "/v1/revenue/releases/{id}", tag = "desk",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "As it stands.", body = AdjustmentView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Json<AdjustmentView>, Problem> {
    one(&app, &caller, KIND, &id).await.map(Json)
}

/// Ask that what came back of a payout be released.
///
/// What came back is held, because whoever could ask for it at once would have it sent where it came from. Up to the
/// tenant's threshold (100.00) it is released at once; above, a second person approves it first. It is released once; then
/// the partner is paid by a new payout.
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

/// Approve a release that somebody else asked for: what came back is available.
#[utoipa::path(
    post, path = "/v1/revenue/releases/{id}/approve", tag = "desk", request_body = SealBody,
    params(
        ("id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Booked.", body = AdjustmentView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn approve(
    State(app): Here,
    Approver(caller): Approver,
    origin: Origin,
    minting: Minting,
    Segments(id): Id,
    Body(body): Body<SealBody>,
) -> Result<Json<AdjustmentView>, Problem> {
    adjusting::approve(&app, &caller, (origin, minting), (KIND, &id), &body).await
}

/// Say no to one of the releases; who asked takes it back in the same way.
#[utoipa::path(
    post, path = "/v1/revenue/releases/{id}/reject", tag = "desk", request_body = ReasonBody,
    params(
        ("id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Rejected.", body = AdjustmentView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn reject(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Segments(id): Id,
    Checked(body): Checked<ReasonBody>,
) -> Result<Json<AdjustmentView>, Problem> {
    adjusting::reject(&app, &caller, (origin, minting), (KIND, &id), &body).await
}
