//! Rates of exchange: stored with source and time, never changed.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::fx::{FxRate, StoredRate};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Checked, Query};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::openapi::{Clashes, Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::Written;
use store::fx::{place_of, trail_of};
use utoipa::{IntoParams, ToSchema};

use super::page::{after, listed, place};
use super::{DESK, Here, MONEY, plain};

/// How far a source's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
const SOURCE_CHARS_MAX: usize = 100;
const COLUMNS: [&str; 5] = ["from_currency", "to_currency", "rate", "source", "at"];

/// A rate of exchange.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RateView {
    /// One unit of this …
    #[schema(example = "EUR")]
    from_currency: String,
    /// … is so many of that.
    #[schema(example = "USD")]
    to_currency: String,
    /// How many, as a decimal string.
    #[schema(example = "1.0837")]
    rate: String,
    /// Who says so.
    #[schema(example = "ecb")]
    source: String,
    /// For when it was told.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<&StoredRate> for RateView {
    fn from(stored: &StoredRate) -> Self {
        Self {
            from_currency: stored.from.to_string(),
            to_currency: stored.to.to_string(),
            rate: stored.rate.to_string(),
            source: stored.source.clone(),
            at: stored.at,
        }
    }
}

/// A rate to store.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateBody {
    /// One unit of this …
    #[garde(skip)]
    #[schema(value_type = String, example = "EUR")]
    from_currency: Currency,
    /// … is so many of that.
    #[garde(skip)]
    #[schema(value_type = String, example = "USD")]
    to_currency: Currency,
    /// How many, as a decimal string above zero with at most ten places.
    #[garde(skip)]
    #[schema(value_type = String, example = "1.0837")]
    rate: FxRate,
    /// Who says so: a bank, a feed.
    #[garde(length(chars, min = 1, max = SOURCE_CHARS_MAX), custom(plain))]
    source: String,
    /// For when it was told.
    #[garde(skip)]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Which rates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RateQuery {
    /// Only of this currency; goes with `to_currency`.
    #[param(value_type = Option<String>)]
    from_currency: Option<Currency>,
    /// Only into this currency.
    #[param(value_type = Option<String>)]
    to_currency: Option<Currency>,
    /// How many rows, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// List rates of exchange, pair by pair, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/fx-rates", tag = "desk", params(RateQuery),
    responses((status = 200, description = "A page of rates; CSV for `Accept: text/csv`.", body = Listed<RateView>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<RateQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let pair = match (query.from_currency, query.to_currency) {
        (None, None) => None,
        (Some(from), Some(to)) => Some((from, to)),
        (Some(_), None) => return Err(Problem::impossible_parameter("to_currency", "goes with from_currency")),
        (None, Some(_)) => return Err(Problem::impossible_parameter("from_currency", "goes with to_currency")),
    };
    let before = after(query.cursor.as_deref(), place)?;
    let limit = limit(query.limit)?;
    let found = app.store.list_fx_rates(&caller.tenant_key(), pair, before.as_deref(), limit).await?;
    let rows: Vec<RateView> = found.items.iter().map(RateView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "fx-rates", &COLUMNS, listed(rows, found.next))
}

/// Store a rate of exchange.
///
/// Never changed afterwards: another one follows. The same rate sent again is the one that is there.
#[utoipa::path(
    post, path = "/v1/revenue/fx-rates", tag = "desk", request_body = RateBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "Stored.", body = RateView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Checked(body): Checked<RateBody>,
) -> Result<Response, Problem> {
    caller.require(MONEY)?;
    if body.from_currency == body.to_currency {
        return Err(Problem::impossible("/to_currency", "must be another currency"));
    }
    let now = app.clock.now();
    if body.at > now.saturating_add(AHEAD).unwrap_or(now) {
        return Err(Problem::impossible("/at", "lies in the future"));
    }
    let at = edge::clock::to_ms(body.at);
    let rate = StoredRate { from: body.from_currency, to: body.to_currency, rate: body.rate, source: body.source, at };
    let tenant = caller.tenant_key();
    let actor = caller.acting(origin);
    let place = place_of(&rate);
    let new = BTreeMap::from([("rate".to_owned(), rate.rate.to_string()), ("source".to_owned(), rate.source.clone())]);
    let deed = Deed { at: now, actor, action: "fx_rate.stored", old: BTreeMap::new(), new };
    let told = append(ChainEnd::START, &trail_of(&rate), deed);
    match app.store.create_fx_rate(&tenant, &rate, (&caller.subject, now), &told).await? {
        Written::Yes => {
            tracing::info!(fx.pair = format!("{}/{}", rate.from, rate.to), fx.rate = %rate.rate, "rate of exchange stored");
        }
        Written::ConditionFailed => {
            let there = app.store.get_fx_rate(&tenant, &place).await?;
            if there.is_none_or(|there| there != rate) {
                let detail = "this source has told another rate for this pair and instant; rates are never changed";
                return Err(Problem::conflict(detail).kind("rate-differs"));
            }
        }
    }
    Ok((StatusCode::CREATED, Json(RateView::from(&rate))).into_response())
}
