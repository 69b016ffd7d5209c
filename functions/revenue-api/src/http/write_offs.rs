//! Write-offs: asked for by one person, approved by another.

use axum::extract::State;
use axum::response::Response;
use cases::desk::adjustments::Wish;
use domain::currency::Currency;
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

doors! {
    kind: "write_off",
    path: "/v1/revenue/write-offs",
    one: "a write-off",
    several: "write-offs",
    then: "the available balance comes to zero"
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
