//! Corrections: asked for by one person, approved by another.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use cases::desk::adjustments::Wish;
use domain::currency::Currency;
use domain::money::AmountText;
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
use super::{Here, Id, MONEY, plain};

const KIND: &str = "correction";
/// Where they are.
const PATH: &str = "/v1/revenue/adjustments";
const REASON_CHARS_MAX: usize = 1_000;

/// A correction of a balance.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = CorrectionBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskBody {
    /// Whose balance.
    #[garde(skip)]
    partner_id: String,
    /// What is added to it; below zero takes away.
    #[garde(skip)]
    #[schema(value_type = String, example = "-25.00")]
    amount: AmountText,
    /// In which currency.
    #[garde(skip)]
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Why; the audit trail and the line keep it.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    reason: String,
}

/// List corrections, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/adjustments", tag = "desk", params(PageQuery),
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

/// Read one of the corrections.
#[utoipa::path(
    get, path = "/v1/revenue/adjustments/{id}", tag = "desk",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "As it stands.", body = AdjustmentView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Json<AdjustmentView>, Problem> {
    one(&app, &caller, KIND, &id).await.map(Json)
}

/// Ask for a correction.
///
/// Up to the tenant's threshold (100.00) it is booked at once; above, and in currencies without a band, a second
/// person approves it first.
#[utoipa::path(
    post, path = "/v1/revenue/adjustments", tag = "desk", request_body = AskBody,
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
    caller.require(MONEY)?;
    let amount =
        body.amount.in_currency(body.currency).map_err(|error| Problem::bad_request("/amount", error.to_string()))?;
    if amount.is_zero() {
        return Err(Problem::bad_request("/amount", "must not be zero"));
    }
    let wish = Wish::Correction { amount };
    let request = Request { partner_id: body.partner_id, wish, reason: body.reason };
    adjusting::ask(&app, &caller, (origin, minting), PATH, request).await
}

/// Approve a correction that somebody else asked for: it is booked.
#[utoipa::path(
    post, path = "/v1/revenue/adjustments/{id}/approve", tag = "desk", request_body = SealBody,
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

/// Say no to one of the corrections; who asked takes it back in the same way.
#[utoipa::path(
    post, path = "/v1/revenue/adjustments/{id}/reject", tag = "desk", request_body = ReasonBody,
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
