//! The table of rates: each from a day on, never changed.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{ChainEnd, Deed, append};
use domain::rate::Rate;
use domain::sales_tax::{Stacking, TaxBehavior, TaxRate};
use domain::time::BusinessDay;
use edge::auth::Caller;
use edge::body::{Checked, Query};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::Written;
use utoipa::ToSchema;

use super::super::READERS;
use super::place_of;
use crate::http::page::{PageQuery, after, listed, place};
use crate::http::{Here, MONEY, plain};

const COLUMNS: [&str; 8] =
    ["id", "country", "region", "name", "rate", "behavior", "has_reverse_charge", "effective_from"];

/// A rate to be stored.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTaxRate {
    /// Two letters.
    #[garde(skip)]
    #[schema(example = "DE")]
    country: String,
    /// Where the rate differs within the country.
    #[garde(skip)]
    #[schema(example = "NY")]
    region: Option<String>,
    /// What people call the tax.
    #[garde(length(chars, min = 1, max = 60), custom(plain))]
    #[schema(example = "VAT")]
    name: String,
    /// A fraction as a decimal string: 19 % is "0.19"; "0" ends a tax.
    #[garde(skip)]
    #[schema(value_type = String, example = "0.19")]
    rate: Rate,
    /// `exclusive` or `inclusive`: how prices are told there.
    #[garde(skip)]
    #[schema(value_type = String, example = "exclusive")]
    behavior: TaxBehavior,
    /// Do businesses of another country owe the tax themselves?
    #[garde(skip)]
    #[serde(default)]
    has_reverse_charge: bool,
    /// `instead_of_country` (when left out) or `beside_country`: what a region's rate does with its country's.
    #[garde(skip)]
    #[serde(default, deserialize_with = "edge::body::or_default")]
    #[schema(value_type = Option<String>)]
    stacking: Stacking,
    /// The first day on which it holds.
    #[garde(skip)]
    #[schema(value_type = String, format = Date)]
    effective_from: BusinessDay,
}

/// A rate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxRateView {
    id: String,
    country: String,
    region: Option<String>,
    name: String,
    #[schema(example = "0.19")]
    rate: String,
    #[schema(value_type = String)]
    behavior: TaxBehavior,
    has_reverse_charge: bool,
    #[schema(value_type = String)]
    stacking: Stacking,
    #[schema(value_type = String, format = Date)]
    effective_from: BusinessDay,
}

impl From<&TaxRate> for TaxRateView {
    fn from(rate: &TaxRate) -> Self {
        Self {
            id: rate.id().to_string(),
            country: rate.place.country().to_owned(),
            region: rate.place.region().map(str::to_owned),
            name: rate.name.clone(),
            rate: rate.rate.to_string(),
            behavior: rate.behavior,
            has_reverse_charge: rate.has_reverse_charge,
            stacking: rate.stacking,
            effective_from: rate.from,
        }
    }
}

/// List rates of sales tax, place by place, oldest first.
#[utoipa::path(
    get, path = "/v1/revenue/tax/rates", tag = "tax", params(PageQuery),
    responses((status = 200, description = "A page of rates; CSV for `Accept: text/csv`.", body = Listed<TaxRateView>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let behind = after(query.cursor.as_deref(), place)?;
    let page = app.store.list_tax_rates(&caller.tenant_key(), behind.as_deref(), limit(query.limit)?).await?;
    let rows: Vec<TaxRateView> = page.items.iter().map(TaxRateView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "tax-rates", &COLUMNS, listed(rows, page.next))
}

/// Store a rate of sales tax.
///
/// Never changed afterwards: another one takes its place from its own day. The same rate sent again is the one that is
/// there.
#[utoipa::path(
    post, path = "/v1/revenue/tax/rates", tag = "tax", request_body = NewTaxRate,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "Stored.", body = TaxRateView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Checked(body): Checked<NewTaxRate>,
) -> Result<Response, Problem> {
    caller.require(MONEY)?;
    let place = place_of(&body.country, body.region.as_deref())?;
    if place.region().is_none() && body.stacking == Stacking::BesideCountry {
        return Err(Problem::impossible("/stacking", "only a region's rate stands beside its country's"));
    }
    let rate = TaxRate {
        place,
        name: body.name,
        rate: body.rate,
        behavior: body.behavior,
        has_reverse_charge: body.has_reverse_charge,
        stacking: body.stacking,
        from: body.effective_from,
    };
    let tenant = caller.tenant_key();
    let told = deed_of(&caller, origin, &rate, minting.at());
    match app.store.create_tax_rate(&tenant, &rate, &told).await? {
        Written::Yes => {
            tracing::info!(tax.place = %rate.place, tax.rate = %rate.rate, by = %caller.subject, "rate of sales tax stored");
        }
        Written::ConditionFailed => {
            let there = app.store.get_tax_rate_like(&tenant, &rate).await?;
            if there.is_none_or(|there| there != rate) {
                let detail = "another rate of this place begins on that day; rates are never changed";
                return Err(Problem::conflict(detail).kind("rate-differs"));
            }
        }
    }
    Ok((StatusCode::CREATED, Json(TaxRateView::from(&rate))).into_response())
}

fn deed_of(caller: &Caller, origin: Origin, rate: &TaxRate, at: domain::time::Timestamp) -> domain::audit::AuditEntry {
    let actor = caller.acting(origin);
    let new = BTreeMap::from([
        ("rate".to_owned(), rate.rate.to_string()),
        ("place".to_owned(), rate.place.to_string()),
        ("from".to_owned(), rate.from.to_string()),
    ]);
    let deed = Deed { at, actor, action: "tax_rate.stored", old: BTreeMap::new(), new };
    append(ChainEnd::START, &format!("tax-rate/{}/{}", rate.place, rate.from), deed)
}
