//! Write-offs: asked for by one person, approved by another.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use cases::desk::adjustments::Wish;
use domain::currency::Currency;
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

const KIND: &str = "write_off";
/// Where they are.
const PATH: &str = "/v1/revenue/write-offs";
const REASON_CHARS_MAX: usize = 1_000;

/// A debt that is to be given up.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = WriteOffBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskBody {
    /// Whose debt.
    #[garde(skip)]
    partner_id: String,
    /// In which currency; the whole of what is below zero is given up.
    #[garde(skip)]
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Why.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    reason: String,
}

/// List write-offs, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/write-offs", tag = "desk", params(PageQuery),
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

/// Read one of the write-offs.
#[utoipa::path(
    get, path = "/v1/revenue/write-offs/{id}", tag = "desk",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "As it stands.", body = AdjustmentView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Json<AdjustmentView>, Problem> {
    one(&app, &caller, KIND, &id).await.map(Json)
}

/// Ask that a debt be given up.
///
/// A second person approves it, and only as long as the debt is what it was.
#[utoipa::path(
    post, path = "/v1/revenue/write-offs", tag = "desk", request_body = AskBody,
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
    let wish = Wish::WriteOff { currency: body.currency };
    let request = Request { partner_id: body.partner_id, wish, reason: body.reason };
    adjusting::ask(&app, &caller, (origin, minting), PATH, request).await
}

/// Approve a write-off that somebody else asked for: the available balance comes to zero.
#[utoipa::path(
    post, path = "/v1/revenue/write-offs/{id}/approve", tag = "desk", request_body = SealBody,
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

/// Say no to one of the write-offs; who asked takes it back in the same way.
#[utoipa::path(
    post, path = "/v1/revenue/write-offs/{id}/reject", tag = "desk", request_body = ReasonBody,
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
