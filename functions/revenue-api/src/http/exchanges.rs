//! Exchanges: asked for by one person, approved by another.

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

/// An exchange of one balance into another currency.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = ExchangeBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskBody {
    /// Whose balance.
    #[garde(skip)]
    partner_id: String,
    /// What leaves, above zero.
    #[garde(skip)]
    #[schema(value_type = String, example = "100.00")]
    amount: AmountText,
    /// Which currency leaves.
    #[garde(skip)]
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// Which currency comes.
    #[garde(skip)]
    #[schema(value_type = String, example = "USD")]
    into_currency: Currency,
    /// Why.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    reason: String,
}

doors! {
    kind: "exchange",
    path: "/v1/revenue/fx-conversions",
    one: "an exchange",
    several: "exchanges",
    then: "one line in each currency, in one transaction"
}

/// Ask for an exchange, at the newest stored rate of the pair.
///
/// A second person approves it; the rate stays the one that was seen when it was asked for.
#[utoipa::path(
    post, path = "/v1/revenue/fx-conversions", tag = "desk", request_body = AskBody,
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
    let out = body.amount.not_negative_in(body.currency).map_err(|error| of_amount("/amount", &error))?;
    if out.is_zero() {
        return Err(Problem::impossible("/amount", "must not be zero"));
    }
    if body.currency == body.into_currency {
        return Err(Problem::impossible("/into_currency", "must be another currency"));
    }
    let wish = Wish::Exchange { out, into: body.into_currency };
    let request = Request { partner_id: body.partner_id, wish, reason: body.reason };
    adjusting::ask(&app, &caller, (origin, minting), PATH, request).await
}
