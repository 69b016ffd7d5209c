//! REV-7, plain: what the coming days would bring if they were like the last ones.

use axum::Json;
use axum::extract::State;
use domain::figures::{Span, projected};
use domain::time::{BusinessDay, Timestamp};
use edge::auth::Caller;
use edge::body::Query;
use edge::openapi::{Clashes, Refusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Ledger, out_of_range, start};
use crate::App;
use crate::http::who;

/// How many days are looked back at, at most.
const OBSERVED_DAYS_MAX: i32 = 90;
const HORIZON_DAYS: u32 = 30;
const HORIZON_DAYS_MAX: u32 = 365;
const METHOD: &str = "the mean of what each whole day came to, over the last 90 days or since the first commission among \
    them, for each day of the horizon";

/// How far ahead.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// For staff: which partner. A partner sees its own.
    partner_id: Option<String>,
    /// How many days ahead, from tomorrow on: 1 to 365; 30 when left out.
    #[param(minimum = 1, maximum = 365)]
    horizon_days: Option<u32>,
    /// Which account; may be left out where there is one only.
    #[param(example = "USD")]
    currency: Option<String>,
}

/// What the coming days may bring, and what they are known to bring.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectionBody {
    partner_id: String,
    #[schema(example = "USD")]
    currency: String,
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    horizon_days: u32,
    /// How it is worked out, in words.
    method: &'static str,
    /// The first day that was looked at; null where nothing was earned yet.
    #[schema(value_type = Option<String>, format = Date)]
    observed_from: Option<BusinessDay>,
    /// How many whole days were looked at, up to yesterday.
    observed_days: u32,
    /// What they came to.
    observed_net: String,
    /// What the horizon would come to; below zero where refunds outweigh.
    #[schema(example = "310.00")]
    projected_net: String,
    /// What is earned already and becomes available within the horizon.
    #[schema(example = "120.00")]
    maturing: String,
}

/// What the coming days would bring if they were like the last ones.
///
/// A plain figure: the mean of the last whole days. It knows no season and no trend, and promises nothing.
#[utoipa::path(
    get,
    path = "/v1/partners/revenue/projection",
    tag = "figures",
    params(Asked),
    responses((status = 200, body = ProjectionBody), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<ProjectionBody>, Problem> {
    let partner = who::asked_partner(&caller, asked.partner_id.as_deref())?;
    let horizon_days = asked.horizon_days.unwrap_or(HORIZON_DAYS);
    if !(1..=HORIZON_DAYS_MAX).contains(&horizon_days) {
        return Err(Problem::bad_parameter("horizon_days", format!("must be from 1 to {HORIZON_DAYS_MAX}")));
    }
    let ledger = Ledger::open(&app, caller.tenant_key(), partner, asked.currency.as_deref()).await?;
    let far = |why: domain::time::DateOutOfRange| Problem::impossible_parameter("horizon_days", why.to_string());
    let today = ledger.today();
    let earliest = today.plus_days(-OBSERVED_DAYS_MAX).map_err(far)?;
    let span =
        Span { from: start("horizon_days", earliest, &ledger.zone)?, to: start("horizon_days", today, &ledger.zone)? };
    let figures = ledger.figures(span).await?;
    // Days before a partner's first commission say nothing about its pace.
    let first = figures.days.keys().next().copied();
    let observed = first.map_or(Ok(0), |first| domain::aging::days_between(first, today)).map_err(far)?;
    let observed_days = u32::try_from(observed).unwrap_or(0);
    let net = figures.total().map_err(|error| out_of_range(&error))?.net;
    let projected = projected(net, observed_days, horizon_days).map_err(|error| out_of_range(&error))?;
    let last = today.plus_days(i32::try_from(horizon_days).unwrap_or(i32::MAX)).map_err(far)?;
    let maturing = ledger.head.maturing(today, last).map_err(|error| out_of_range(&error))?;
    Ok(Json(ProjectionBody {
        partner_id: ledger.account.partner.to_string(),
        currency: ledger.account.currency.to_string(),
        as_of: ledger.now,
        horizon_days,
        method: METHOD,
        observed_from: first,
        observed_days,
        observed_net: ledger.text(net),
        projected_net: ledger.text(projected),
        maturing: maturing.to_text(),
    }))
}
