//! A span in one row: what was earned in it, what was paid in it, and what of it is still to be paid.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::figures::Span;
use domain::month::Month;
use domain::payout::{Payout, PayoutState};
use domain::time::{Timestamp, Zone};
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::openapi::{Clashes, Refusals};
use edge::page::Listed;
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Ledger, day, out_of_range, start};
use crate::App;
use crate::http::who;

const COLUMNS: [&str; 8] = [
    "partner_id",
    "period_start",
    "period_end",
    "total_commissions",
    "total_commission_count",
    "total_payouts",
    "pending_amount",
    "currency",
];

/// Of which span.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// For staff: which partner. A partner sees its own.
    partner_id: Option<String>,
    /// From this instant on, or from the beginning of this day in the ledger's zone; from the beginning of the month when
    /// left out.
    #[param(example = "2026-09-01")]
    period_start: Option<String>,
    /// Before this instant, or before the beginning of this day; up to now when left out.
    #[param(example = "2026-10-01")]
    period_end: Option<String>,
    /// Which account; may be left out where there is one only.
    #[param(example = "USD")]
    currency: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    #[param(inline)]
    format: Option<Format>,
}

/// What a span came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricsBody {
    partner_id: String,
    #[schema(value_type = String, format = DateTime)]
    period_start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    period_end: Timestamp,
    /// The commissions that happened in the span and were not rejected, less what was taken back in it.
    #[schema(example = "250.50")]
    total_commissions: String,
    /// How many they are, those that take back among them.
    total_commission_count: u64,
    /// What arrived in the span of payouts, whenever it was earned.
    total_payouts: String,
    /// What of those commissions no arrived payout covers.
    pending_amount: String,
    #[schema(example = "USD")]
    currency: String,
}

/// What a span came to: earned, paid, still to be paid.
///
/// The span is half-open: what happened at `period_end` is in the next one. A refund counts when it happened, below zero,
/// so that the months of a year add up to the year.
#[utoipa::path(
    get,
    path = "/v1/partners/revenue/metrics",
    tag = "figures",
    params(Asked),
    responses((status = 200, description = "One row; CSV for `Accept: text/csv`.", body = MetricsBody), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let partner = who::asked_partner(&caller, asked.partner_id.as_deref())?;
    let ledger = Ledger::open(&app, caller.tenant_key(), partner, asked.currency.as_deref()).await?;
    let span = span(&asked, &ledger)?;
    let figures = ledger.figures(span).await?;
    let total = figures.total().map_err(|error| out_of_range(&error))?;
    let payouts = app.store.list_account_payouts(&ledger.tenant, &ledger.account).await?;
    let arrived = payouts.iter().filter(|stored| arrived_in(&stored.payout, span));
    let paid = arrived.map(|stored| stored.payout.amount);
    let paid = domain::money::Money::try_sum(paid, ledger.account.currency).map_err(|error| out_of_range(&error))?;
    let body = MetricsBody {
        partner_id: ledger.account.partner.to_string(),
        period_start: span.from,
        period_end: span.to,
        total_commissions: ledger.text(total.net),
        total_commission_count: total.count,
        total_payouts: paid.to_text(),
        pending_amount: ledger.text(figures.unpaid),
        currency: ledger.account.currency.to_string(),
    };
    let format = asked.format.unwrap_or(accepted);
    if format == Format::Csv {
        return csv::answer(format, "metrics", &COLUMNS, Listed { data: vec![body], next_cursor: None });
    }
    Ok(axum::Json(body).into_response())
}

/// A payout that came back is none that arrived.
fn arrived_in(payout: &Payout, span: Span) -> bool {
    matches!(&payout.state, PayoutState::Paid { completed_at, .. } if span.holds(*completed_at))
}

fn span(asked: &Asked, ledger: &Ledger<'_>) -> Result<Span, Problem> {
    let to = match &asked.period_end {
        Some(text) => instant("period_end", text, &ledger.zone)?,
        None => ledger.now,
    };
    let from = match &asked.period_start {
        Some(text) => instant("period_start", text, &ledger.zone)?,
        None => {
            let first = Month::of(ledger.today()).first_day();
            let first = first.map_err(|why| Problem::impossible_parameter("period_start", why.to_string()))?;
            start("period_start", first, &ledger.zone)?
        }
    };
    if from >= to {
        return Err(Problem::impossible_parameter("period_start", "must be before period_end"));
    }
    Ok(Span { from, to })
}

/// An instant, or the first one of a day in the ledger's zone.
fn instant(name: &'static str, text: &str, zone: &Zone) -> Result<Timestamp, Problem> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(edge::clock::to_ms(at));
    }
    let day = day(name, text);
    let day = day.map_err(|_| Problem::bad_parameter(name, "a date such as 2026-09-30, or an instant in RFC 3339"))?;
    start(name, day, zone)
}
