//! Sales tax: what an amount comes to, by the rates in force. Pure: nothing is written.

pub(super) mod rates;

use axum::Json;
use axum::extract::State;
use domain::currency::Currency;
use domain::money::AmountText;
use domain::sales_tax::{Buyer, Jurisdiction, TaxBehavior, Taxable, Taxed, Treatment, tax_of};
use domain::time::{BusinessDay, Zone};
use edge::auth::Caller;
use edge::body::Body;
use edge::faults::of_amount;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::buyers::TaxStanding;
use utoipa::ToSchema;

use super::{READERS, customers};
use crate::App;
use crate::http::Here;

/// What is to be taxed: a place and who buys, or a customer whose place and standing are known.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalculateBody {
    /// How much, as the price is told.
    #[schema(value_type = String, example = "100.00")]
    amount: AmountText,
    /// ISO currency.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// A customer, instead of `country`, `region` and `buyer`.
    customer_id: Option<String>,
    /// Where the buyer is.
    #[schema(example = "DE")]
    country: Option<String>,
    /// Where tax differs within the country.
    region: Option<String>,
    /// `consumer` (when left out), `business` or `exempt`.
    #[schema(value_type = Option<String>, example = "business")]
    buyer: Option<TaxStanding>,
    /// Where the seller is; a business needs it, since only abroad it owes the tax itself.
    #[schema(example = "US")]
    seller_country: Option<String>,
    /// The day on which the tax is due; today, when left out.
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<BusinessDay>,
    /// Is tax within the amount? As the rates say, when left out.
    #[schema(value_type = Option<String>, example = "exclusive")]
    behavior: Option<TaxBehavior>,
}

/// One jurisdiction's part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxPartView {
    #[schema(example = "US-NY")]
    jurisdiction: String,
    #[schema(example = "VAT")]
    name: String,
    #[schema(example = "0.19")]
    rate: String,
    #[schema(example = "19.00")]
    tax: String,
    tax_rate_id: String,
}

/// What an amount comes to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxedView {
    /// Without tax.
    #[schema(example = "100.00")]
    net: String,
    #[schema(example = "19.00")]
    tax: String,
    /// With tax.
    #[schema(example = "119.00")]
    gross: String,
    #[schema(example = "EUR")]
    currency: String,
    /// Was tax within the amount?
    #[schema(value_type = String, example = "exclusive")]
    behavior: TaxBehavior,
    /// `standard`, `reverse_charge`, `exempt` or `not_collecting`.
    #[schema(value_type = String, example = "standard")]
    treatment: Treatment,
    parts: Vec<TaxPartView>,
    /// How it was rounded.
    #[schema(example = "half_away_from_zero")]
    rounding: &'static str,
}

impl From<&Taxed> for TaxedView {
    fn from(taxed: &Taxed) -> Self {
        let parts = taxed.parts.iter().map(|part| TaxPartView {
            jurisdiction: part.rate.place.to_string(),
            name: part.rate.name.clone(),
            rate: part.rate.rate.to_string(),
            tax: part.tax.to_text(),
            tax_rate_id: part.rate.id().to_string(),
        });
        Self {
            net: taxed.net.to_text(),
            tax: taxed.tax.to_text(),
            gross: taxed.gross.to_text(),
            currency: taxed.net.currency().to_string(),
            behavior: taxed.behavior,
            treatment: taxed.treatment,
            parts: parts.collect(),
            rounding: "half_away_from_zero",
        }
    }
}

/// A place from its parts.
///
/// # Errors
/// 400 with the field that is wrong.
pub(super) fn place_of(country: &str, region: Option<&str>) -> Result<Jurisdiction, Problem> {
    use domain::sales_tax::JurisdictionError;
    Jurisdiction::parse(country, region).map_err(|error| {
        let pointer = if error == JurisdictionError::Country { "/country" } else { "/region" };
        Problem::bad_request(pointer, error.to_string())
    })
}

impl CalculateBody {
    async fn place(&self, app: &App, caller: &Caller) -> Result<(Jurisdiction, TaxStanding), Problem> {
        let Some(id) = &self.customer_id else {
            let country = self.country.as_deref().ok_or_else(|| Problem::impossible("/country", "missing"))?;
            return Ok((place_of(country, self.region.as_deref())?, self.buyer.unwrap_or_default()));
        };
        let id = customers::read_id(id)?;
        if self.country.is_some() || self.region.is_some() || self.buyer.is_some() {
            return Err(Problem::impossible("/customer_id", "either a customer, or country, region and buyer"));
        }
        let buyer = customers::named(app, caller, &id).await?;
        let place = buyer.place.ok_or_else(|| {
            Problem::unprocessable("the customer has no country")
                .kind("tax-location-missing")
                .at("/customer_id", "no country")
        })?;
        Ok((place, buyer.tax))
    }
}

/// Compute the tax of an amount.
///
/// By the rates of `/v1/revenue/tax/rates` in force on the day. Nothing is written.
#[utoipa::path(
    post, path = "/v1/revenue/tax/calculate", tag = "tax", request_body = CalculateBody,
    responses((status = 200, description = "What it comes to.", body = TaxedView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn calculate(
    State(app): Here,
    caller: Caller,
    Body(body): Body<CalculateBody>,
) -> Result<Json<TaxedView>, Problem> {
    caller.require(READERS)?;
    let amount = body.amount.in_currency(body.currency);
    let amount = amount.map_err(|error| of_amount("/amount", &error))?;
    let (place, standing) = body.place(&app, &caller).await?;
    let buyer = match standing {
        TaxStanding::Consumer => Buyer::Consumer,
        TaxStanding::Business => Buyer::Business,
        TaxStanding::Exempt => Buyer::Exempt,
    };
    let seller_country = match (&body.seller_country, &buyer) {
        (Some(country), _) => place_of(country, None)
            .map_err(|_| Problem::bad_request("/seller_country", "a country is two capital letters, such as DE"))?
            .country()
            .to_owned(),
        // TAX-6: whether a business is abroad decides who owes the tax; it is not guessed.
        (None, Buyer::Business) => {
            return Err(Problem::impossible("/seller_country", "missing; a business pays as anybody at home"));
        }
        (None, _) => place.country().to_owned(),
    };
    let day = body.date.unwrap_or_else(|| Zone::utc().day_of(app.clock.now()));
    let rates = app.store.list_tax_rates_of(&caller.tenant_key(), &place).await?;
    let taxable = Taxable { amount, place, buyer, seller_country, day, behavior: body.behavior };
    let taxed = tax_of(&rates, &taxable).map_err(|error| Problem::unprocessable(error.to_string()))?;
    Ok(Json(TaxedView::from(&taxed)))
}
