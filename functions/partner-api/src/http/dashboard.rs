//! The partner's balances.

use axum::Json;
use axum::extract::State;
use domain::ledger::Head;
use domain::money::{Money, MoneyError};
use domain::time::{BusinessDay, Timestamp};
use edge::auth::Caller;
use edge::body::Query;
use edge::openapi::{Clashes, Refusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::who;
use crate::App;

/// Whose.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// For staff: which partner. A partner sees itself.
    partner_id: Option<String>,
}

/// A partner's balances, one a currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dashboard {
    partner_id: String,
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// The zone in which waiting days are counted.
    time_zone: String,
    balances: Vec<Balance>,
}

/// What an account holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Balance {
    #[schema(example = "USD")]
    currency: String,
    /// May be asked for now; below zero after refunds of what was paid.
    #[schema(example = "250.50")]
    available: String,
    /// Waits for its day.
    pending: String,
    /// Held back by a decision.
    held: String,
    /// In a payout under way.
    reserved: String,
    /// Paid out.
    paid: String,
    /// The next day on which something pending becomes available; null when nothing is pending.
    next_maturing: Option<Maturing>,
    /// The payout under way; null without one.
    open_payout_id: Option<String>,
}

/// What becomes available on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Maturing {
    #[schema(value_type = String, format = Date)]
    day: BusinessDay,
    amount: String,
}

/// See the partner's balances.
#[utoipa::path(
    get,
    path = "/v1/partners/dashboard",
    tag = "figures",
    params(Asked),
    responses((status = 200, body = Dashboard), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Dashboard>, Problem> {
    let partner = who::asked_partner(&caller, asked.partner_id.as_deref())?;
    let tenant = caller.tenant_key();
    let missing = || Problem::not_found("no such partner");
    app.store.get_partner(&tenant, &partner).await?.ok_or_else(missing)?;
    let zone = app.store.get_settings(&tenant).await?.ledger_zone;
    let as_of = app.clock.now();
    let today = zone.day_of(as_of);
    let heads = app.store.list_heads(&tenant, &partner).await?;
    let balances: Result<Vec<Balance>, MoneyError> = heads.iter().map(|head| balance(head, today)).collect();
    let balances = balances.map_err(|error| {
        tracing::error!(partner.id = %partner, %error, "a balance is out of range");
        Problem::internal()
    })?;
    let time_zone = zone.name().to_owned();
    Ok(Json(Dashboard { partner_id: partner.to_string(), as_of, time_zone, balances }))
}

fn balance(head: &Head, today: BusinessDay) -> Result<Balance, MoneyError> {
    let text = |minor: i64| Money::from_minor(minor, head.currency).to_text();
    Ok(Balance {
        currency: head.currency.to_string(),
        available: head.available_on(today)?.to_text(),
        pending: head.pending_on(today)?.to_text(),
        held: text(head.held),
        reserved: text(head.reserved),
        paid: text(head.settled),
        next_maturing: head.next_maturing(today).map(|(day, amount)| Maturing { day, amount: amount.to_text() }),
        open_payout_id: head.open_payout.as_ref().map(ToString::to_string),
    })
}
