//! Corrections: asked for by one person, approved by another.

use axum::extract::State;
use axum::response::Response;
use cases::desk::adjustments::Wish;
use domain::currency::Currency;
use domain::money::AmountText;
use edge::auth::Caller;
use edge::body::Checked;
use edge::faults::of_amount;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::adjusting::{self, AdjustmentView, Request, doors};
use super::{Here, MONEY, plain};

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

doors! {
    kind: "correction",
    path: "/v1/revenue/adjustments",
    one: "a correction",
    several: "corrections",
    then: "it is booked"
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
    let amount = body.amount.in_currency(body.currency).map_err(|error| of_amount("/amount", &error))?;
    if amount.is_zero() {
        return Err(Problem::impossible("/amount", "must not be zero"));
    }
    let wish = Wish::Correction { amount };
    let request = Request { partner_id: body.partner_id, wish, reason: body.reason };
    adjusting::ask(&app, &caller, (origin, minting), PATH, request).await
}
