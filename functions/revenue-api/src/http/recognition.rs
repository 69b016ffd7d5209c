//! The schedule of revenue recognition.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::desk::recognition::{LOOK_BACK_DAYS, WithoutPeriod, recognised};
use domain::currency::Currency;
use domain::recognition::Spread;
use domain::time::BusinessDay;
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::openapi::{Clashes, Refusals};
use edge::page::Listed;
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{DESK, Here, desk, wrong};

/// How many months one answer covers.
const MONTHS_MAX: i32 = 24;
const LOOK_BACK_DAYS_MAX: u16 = 1_000;
const COLUMNS: [&str; 6] = ["month", "currency", "recognised", "contra", "net", "deferred"];

/// In what steps services are earned.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// Day by day.
    #[default]
    Day,
    /// By the exact time.
    Time,
    /// The same in each month.
    Month,
}

/// Which months.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthQuery {
    /// The first month.
    #[param(example = "2026-09")]
    from: String,
    /// The last month, at most 24 in all.
    #[param(example = "2026-11")]
    to: String,
    /// In what steps: `day` (when left out), `time` or `month`.
    #[param(inline)]
    by: Option<By>,
    /// How many days before the first month, or behind the last, a sale that counts may have been booked: 0 to 1,000; 400
    /// when left out.
    #[param(maximum = 1000)]
    look_back_days: Option<u16>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// What a month earns, of all subscriptions' sales of a currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonthView {
    /// The month.
    #[schema(example = "2026-09")]
    month: String,
    /// ISO currency.
    currency: String,
    /// What was earned of services, net of tax.
    #[schema(example = "1200.00")]
    recognised: String,
    /// What went back in this month of what had been earned: below zero or zero.
    contra: String,
    /// Both together.
    net: String,
    /// What is paid and not earned at the month's end.
    deferred: String,
}

/// The months, and what is in none of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecognitionView {
    /// One row a month and currency.
    data: Vec<MonthView>,
    /// Null: all months are on this page.
    next_cursor: Option<String>,
    /// Sales of subscriptions that were booked from `look_back_days` before the first month until the last one's end, and
    /// that are in no month: nobody told how long was paid for. One row a currency; empty where there are none.
    without_period: Vec<WithoutPeriodView>,
}

/// Sales of subscriptions that no month has, for want of a period: Lemon Squeezy tells of none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithoutPeriodView {
    /// ISO currency.
    currency: String,
    /// How many.
    #[schema(example = 3)]
    sales: u64,
    /// What was paid for them, net of tax, before anything went back.
    #[schema(example = "87.00")]
    amount: String,
}

impl WithoutPeriodView {
    fn of((currency, left_out): (&Currency, &WithoutPeriod)) -> Self {
        Self { currency: currency.to_string(), sales: left_out.sales, amount: left_out.amount.to_text() }
    }
}

/// Revenue of subscriptions, in a straight line over the time that was paid.
///
/// It reads the journal of the months and of `look_back_days` before and behind them: services that are longer and older, or
/// were booked later, are not seen. What twenty-five seconds do not read is 503 `too-many-days`. A sale whose commission was
/// rejected is revenue like any other. What is paid ahead is deferred from its payment on, and lines of an invoice of several
/// times are each spread over their own. CSV has the months alone; what is without a period is in JSON.
#[utoipa::path(
    get, path = "/v1/revenue/recognition", tag = "desk", params(MonthQuery),
    responses((status = 200, description = "One row a month and currency; CSV for `Accept: text/csv`.", body = RecognitionView), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(super) async fn read(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    accepted: Format,
    Query(query): Query<MonthQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let (from, to) = (month("from", &query.from)?, month("to", &query.to)?);
    let index = |day: BusinessDay| i32::from(day.parts().0) * 12 + i32::from(day.parts().1);
    if !(0..MONTHS_MAX).contains(&(index(to) - index(from))) {
        return Err(Problem::impossible_parameter(
            "to",
            format!("not before `from`, and at most {MONTHS_MAX} months in all"),
        ));
    }
    let look_back = query.look_back_days.unwrap_or(LOOK_BACK_DAYS);
    if look_back > LOOK_BACK_DAYS_MAX {
        return Err(Problem::bad_parameter("look_back_days", format!("at most {LOOK_BACK_DAYS_MAX}")));
    }
    let spread = match query.by.unwrap_or_default() {
        By::Day => Spread::ByDay,
        By::Time => Spread::ByTime,
        By::Month => Spread::ByMonth,
    };
    let tenant = caller.tenant_key();
    let desk = desk(&app, &tenant, &caller, origin).await?;
    let mut rows = Vec::new();
    let found = tokio::time::timeout(app.patience, recognised(&desk, (from, to), spread, look_back)).await;
    let found = found.map_err(|_| {
        // The store's pace decides, not the request.
        let why = "more than was read in time: try again, ask for fewer months, or look back on fewer days";
        Problem::unavailable(why).kind("too-many-days")
    })?;
    let found = found.map_err(wrong)?;
    for ((currency, month), figures) in found.months {
        let net = figures.recognised.try_add(figures.contra).map_err(|error| wrong(error.into()))?;
        rows.push(MonthView {
            month: month.to_string().get(..7).unwrap_or_default().to_owned(),
            currency: currency.to_string(),
            recognised: figures.recognised.to_text(),
            contra: figures.contra.to_text(),
            net: net.to_text(),
            deferred: figures.deferred.to_text(),
        });
    }
    let format = query.format.unwrap_or(accepted);
    if format == Format::Csv {
        return csv::answer(format, "recognition", &COLUMNS, Listed { data: rows, next_cursor: None });
    }
    let without_period = found.without_period.iter().map(WithoutPeriodView::of).collect();
    Ok(Json(RecognitionView { data: rows, next_cursor: None, without_period }).into_response())
}

fn month(name: &'static str, text: &str) -> Result<BusinessDay, Problem> {
    BusinessDay::parse(&format!("{text}-01")).map_err(|_| Problem::bad_parameter(name, "a month such as 2026-09"))
}
