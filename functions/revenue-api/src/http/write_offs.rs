//! Write-offs: asked for by one person, approved by another.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::desk::adjustments::{self, Asked, Wish};
use domain::currency::Currency;
use domain::id::{AdjustmentId, PartnerId};
use edge::auth::Caller;
use edge::body::{Body, Checked, Query, Segments};
use edge::csv::Format;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::Listed;
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::ToSchema;

use super::adjusting::{AdjustmentView, ReasonBody, SealBody, moved, named, one, page};
use super::page::PageQuery;
use super::{Here, Id, MONEY, plain, writing_desk, wrong};

const KIND: &str = "write_off";
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
    caller.require(MONEY)?;
    let partner =
        PartnerId::parse(&body.partner_id).map_err(|error| Problem::bad_request("/partner_id", error.to_string()))?;
    let wish = Wish::WriteOff { currency: body.currency };
    let id = AdjustmentId::from_ulid(minting.ulid("adjustment"));
    let tenant = caller.tenant_key();
    let desk = writing_desk(&app, &tenant, &caller, (origin, minting)).await?;
    let asked = Asked { id, partner, wish, reason: body.reason };
    let view = moved(adjustments::ask(&desk, &asked).await.map_err(wrong)?)?;
    let location = format!("/v1/revenue/write-offs/{}", asked.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view)).into_response())
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
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Segments(id): Id,
    Body(body): Body<SealBody>,
) -> Result<Json<AdjustmentView>, Problem> {
    caller.require(MONEY)?;
    let (id, tenant) = (named(&id)?, caller.tenant_key());
    let desk = writing_desk(&app, &tenant, &caller, (origin, minting)).await?;
    moved(adjustments::approve(&desk, KIND, &id, body.seal()?).await.map_err(wrong)?).map(Json)
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
    caller.require(MONEY)?;
    let (id, tenant) = (named(&id)?, caller.tenant_key());
    let desk = writing_desk(&app, &tenant, &caller, (origin, minting)).await?;
    moved(adjustments::reject(&desk, KIND, &id, &body.reason).await.map_err(wrong)?).map(Json)
}
