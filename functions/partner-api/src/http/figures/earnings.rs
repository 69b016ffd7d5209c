//! What a partner earned, piece by piece, beside the span before.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::aging::days_between;
use domain::figures::{Figures, Interval, Span, Tally, growth};
use domain::id::PartnerId;
use domain::time::{BusinessDay, DateOutOfRange};
use edge::auth::Caller;
use edge::body::{Query, Segments};
use edge::csv::{self, Format};
use edge::openapi::{Clashes, Refusals};
use edge::page::Listed;
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Ledger, day, out_of_range, start};
use crate::App;
use crate::http::who;

const COLUMNS: [&str; 7] =
    ["period_start", "period_end", "earned", "taken_back", "net", "commission_count", "currency"];
/// How many days a span has when nobody says.
const DAYS: i32 = 30;
/// How many days a span has at most: five years, and a day for each leap year among them.
const DAYS_MAX: i64 = 1_827;
/// How many pieces one answer has at most.
const PIECES_MAX: usize = 400;

/// Which span, in which pieces.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The first day, in the ledger's zone; thirty days before the last when left out.
    #[param(example = "2026-09-01")]
    period_start: Option<String>,
    /// The day before which the span ends; tomorrow when left out, so that today is in it. At most five years in all.
    #[param(example = "2026-10-01")]
    period_end: Option<String>,
    /// `day`, `week` (from Monday) or `month`; `day` when left out. At most 400 pieces.
    #[param(value_type = Option<String>, example = "week")]
    interval: Option<Interval>,
    /// Which account; may be left out where there is one only.
    #[param(example = "USD")]
    currency: Option<String>,
    /// `csv` or `json`; so does the header `Accept`. CSV has a row each piece.
    #[param(inline)]
    format: Option<Format>,
}

/// What some days came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PieceBody {
    /// The first day.
    #[schema(value_type = String, format = Date)]
    period_start: BusinessDay,
    /// The day before which it ends.
    #[schema(value_type = String, format = Date)]
    period_end: BusinessDay,
    /// What was earned.
    #[schema(example = "29.70")]
    earned: String,
    /// What was taken back, below zero or zero.
    #[schema(example = "-9.90")]
    taken_back: String,
    /// Both together.
    #[schema(example = "19.80")]
    net: String,
    /// How many commissions, those that take back among them.
    commission_count: u64,
    #[schema(example = "USD")]
    currency: String,
}

/// How a span stands to the one before it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeBody {
    /// How much more it came to; below zero, less.
    net: String,
    /// As a fraction of the span before, to four places; null where that came to nothing or less.
    #[schema(example = "0.25")]
    rate: Option<String>,
}

/// What a partner earned in a span.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EarningsBody {
    partner_id: String,
    /// The zone in which days begin.
    time_zone: String,
    #[schema(value_type = String, example = "day")]
    interval: Interval,
    /// The whole span.
    total: PieceBody,
    /// As many days before it.
    previous: PieceBody,
    change: ChangeBody,
    /// Piece by piece, the earliest first; those without commission too.
    trends: Vec<PieceBody>,
}

/// What a partner earned in a span, piece by piece, beside as many days before it.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}/earnings",
    tag = "figures",
    params(("id" = String, Path, description = "The partner: its own only, unless staff asks."), Asked),
    responses((status = 200, description = "The span; the pieces as CSV for `Accept: text/csv`.", body = EarningsBody), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Segments(id): Segments<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let partner = named(&caller, &id)?;
    let ledger = Ledger::open(&app, caller.tenant_key(), partner, asked.currency.as_deref()).await?;
    let days = Days::of(&asked, ledger.today())?;
    let span = Span {
        from: start("period_start", days.before, &ledger.zone)?,
        to: start("period_end", days.to, &ledger.zone)?,
    };
    let figures = ledger.figures(span).await?;
    let piece = |from, to| piece(&ledger, &figures, from, to);
    let trends: Result<Vec<PieceBody>, Problem> =
        days.pieces.iter().map(|(from, to)| piece(*from, *to).map(|(body, _)| body)).collect();
    let ((total, now), (previous, before)) = (piece(days.from, days.to)?, piece(days.before, days.from)?);
    let format = asked.format.unwrap_or(accepted);
    if format == Format::Csv {
        return csv::answer(format, "earnings", &COLUMNS, Listed { data: trends?, next_cursor: None });
    }
    let change = change(&ledger, now, before)?;
    let body = EarningsBody {
        partner_id: ledger.account.partner.to_string(),
        time_zone: ledger.zone.name().to_owned(),
        interval: days.interval,
        total,
        previous,
        change,
        trends: trends?,
    };
    Ok(axum::Json(body).into_response())
}

/// The partner of the path: the caller itself, or any for staff.
fn named(caller: &Caller, id: &str) -> Result<PartnerId, Problem> {
    let own = who::own_partner(caller)?;
    let missing = || Problem::not_found("no such partner");
    let partner = PartnerId::parse(id).map_err(|_| missing())?;
    if own.is_some_and(|own| own != partner) { Err(missing()) } else { Ok(partner) }
}

/// The days that are asked for.
struct Days {
    before: BusinessDay,
    from: BusinessDay,
    to: BusinessDay,
    interval: Interval,
    pieces: Vec<(BusinessDay, BusinessDay)>,
}

impl Days {
    fn of(asked: &Asked, today: BusinessDay) -> Result<Self, Problem> {
        let far = |name: &'static str| move |why: DateOutOfRange| Problem::impossible_parameter(name, why.to_string());
        let to = match &asked.period_end {
            Some(text) => day("period_end", text)?,
            None => today.plus_days(1).map_err(far("period_end"))?,
        };
        let from = match &asked.period_start {
            Some(text) => day("period_start", text)?,
            None => to.plus_days(-DAYS).map_err(far("period_start"))?,
        };
        let length = days_between(from, to).map_err(far("period_end"))?;
        if !(1..=DAYS_MAX).contains(&length) {
            let detail = format!("must be after period_start, by {DAYS_MAX} days at most");
            return Err(Problem::impossible_parameter("period_end", detail));
        }
        let back = i32::try_from(length).unwrap_or(i32::MAX);
        let before = from.plus_days(-back).map_err(far("period_start"))?;
        let interval = asked.interval.unwrap_or(Interval::Day);
        let pieces = interval.pieces(from, to).map_err(far("period_end"))?;
        if pieces.len() > PIECES_MAX {
            let detail = format!("more than {PIECES_MAX} pieces; take longer ones, or a shorter span");
            return Err(Problem::impossible_parameter("interval", detail));
        }
        Ok(Self { before, from, to, interval, pieces })
    }
}

fn piece(
    ledger: &Ledger<'_>,
    figures: &Figures,
    from: BusinessDay,
    to: BusinessDay,
) -> Result<(PieceBody, Tally), Problem> {
    let tally = figures.sum(from, to).map_err(|error| out_of_range(&error))?;
    let body = PieceBody {
        period_start: from,
        period_end: to,
        earned: ledger.text(tally.earned),
        taken_back: ledger.text(tally.net.saturating_sub(tally.earned)),
        net: ledger.text(tally.net),
        commission_count: tally.count,
        currency: ledger.account.currency.to_string(),
    };
    Ok((body, tally))
}

fn change(ledger: &Ledger<'_>, now: Tally, before: Tally) -> Result<ChangeBody, Problem> {
    let more = now.net.checked_sub(before.net);
    let more = more.ok_or_else(|| out_of_range(&domain::money::MoneyError::OutOfRange))?;
    Ok(ChangeBody { net: ledger.text(more), rate: growth(more, before.net) })
}
