//! Nights: their records, and one that is begun by hand.

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use cases::night::{self, DryRun, NightError, with_report};
use domain::id::RunId;
use domain::line::Line;
use domain::money::Money;
use domain::role::Role;
use domain::time::{BusinessDay, Timestamp};
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::clock::Stopwatch;
use edge::csv::{self, Format};
use edge::http::CorrelationId;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use edge::telemetry::chain;
use serde::{Deserialize, Serialize};
use store::runs::{Run, RunReport, UnitError};
use utoipa::ToSchema;

use super::page::{PageQuery, after, listed};
use super::{DESK, Here, Id, wrong};

/// How long a request looks at what a night would book.
const WORKING_MS_MAX: u64 = 5_000;

const COLUMNS: [&str; 10] = [
    "id",
    "batch_date",
    "status",
    "accounts",
    "done",
    "unanswered",
    "sales",
    "total_commissions",
    "error_count",
    "completed_at",
];

/// The record of a night.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchView {
    /// Derived from the business date.
    id: String,
    /// The business date that ended.
    #[schema(value_type = String, format = Date)]
    batch_date: BusinessDay,
    /// `processing`, `completed`, `completed_with_errors` or `failed`.
    #[schema(example = "completed")]
    status: &'static str,
    /// How many accounts were visited.
    accounts: u64,
    /// How many of them are done.
    done: u64,
    /// How many have not answered yet.
    unanswered: u64,
    /// How many sales were put in order.
    sales: u64,
    /// How many lines were booked.
    total_commissions: u64,
    /// What they come to, one amount a currency.
    totals: Vec<TotalView>,
    /// A hash of what was read.
    input_digest: Option<String>,
    /// A hash of what was booked.
    output_digest: Option<String>,
    /// How many units failed.
    error_count: usize,
    /// Which, and why. One bad partner is an error here and never a failed night.
    errors: Vec<UnitErrorView>,
    /// When the visits were sent.
    #[schema(value_type = String, format = DateTime)]
    completed_at: Timestamp,
}

/// An amount of a currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotalView {
    /// Signed.
    #[schema(example = "-12.50")]
    amount: String,
    /// ISO currency.
    #[schema(example = "USD")]
    currency: String,
}

impl From<&Money> for TotalView {
    fn from(money: &Money) -> Self {
        Self { amount: money.to_text(), currency: money.currency().to_string() }
    }
}

/// A unit of a night that failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitErrorView {
    /// The account, or the programme.
    unit: String,
    /// Whose account.
    partner_id: Option<String>,
    /// Why.
    reason: String,
}

impl From<&UnitError> for UnitErrorView {
    fn from(error: &UnitError) -> Self {
        Self {
            unit: error.unit.clone(),
            partner_id: error.partner.as_ref().map(ToString::to_string),
            reason: error.reason.clone(),
        }
    }
}

impl From<Run> for BatchView {
    fn from(run: Run) -> Self {
        let report: Option<&RunReport> = run.report.as_ref();
        let errors = report.map_or(&[][..], |report| report.errors.as_slice());
        let errors: Vec<UnitErrorView> = errors.iter().map(UnitErrorView::from).collect();
        Self {
            id: run.id.to_string(),
            batch_date: run.business_date,
            status: report.map_or("processing", |report| report.status.word()),
            accounts: run.accounts,
            done: report.map_or(0, |report| report.done),
            unanswered: report.map_or(run.accounts, |report| report.unanswered),
            sales: report.map_or(0, |report| report.sales),
            total_commissions: report.map_or(0, |report| report.lines),
            totals: report.map_or_else(Vec::new, |report| report.totals.iter().map(TotalView::from).collect()),
            input_digest: report.map(|report| report.inputs.to_hex()),
            output_digest: report.map(|report| report.outputs.to_hex()),
            error_count: errors.len(),
            errors,
            completed_at: run.completed_at,
        }
    }
}

/// List nights, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/commission/batches", tag = "desk", params(PageQuery),
    responses((status = 200, description = "A page of nights; CSV for `Accept: text/csv`.", body = Listed<BatchView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let before = after(query.cursor.as_deref(), |text| BusinessDay::parse(text).ok())?;
    let limit = limit(query.limit)?;
    let tenant = caller.tenant_key();
    let mut runs = app.store.list_runs(&tenant).await?;
    runs.reverse();
    runs.retain(|run| before.is_none_or(|before| run.business_date < before));
    let more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| more).map(|run| run.business_date.to_string());
    let mut rows = Vec::new();
    for run in runs {
        rows.push(BatchView::from(with_report(&app.store, &tenant, run).await.map_err(wrong)?));
    }
    csv::answer(query.format.unwrap_or(accepted), "batches", &COLUMNS, listed(rows, next))
}

/// Read the record of a night.
#[utoipa::path(
    get, path = "/v1/revenue/commission/batches/{id}", tag = "desk",
    params(("id" = String, Path, description = "The night's id (`run_…`).")),
    responses((status = 200, description = "The record.", body = BatchView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Json<BatchView>, Problem> {
    caller.require(DESK)?;
    let no_such = || Problem::not_found("no such batch");
    let id = RunId::parse(&id).map_err(|_| no_such())?;
    let tenant = caller.tenant_key();
    let run = app.store.list_runs(&tenant).await?.into_iter().find(|run| run.id == id).ok_or_else(no_such)?;
    Ok(Json(BatchView::from(with_report(&app.store, &tenant, run).await.map_err(wrong)?)))
}

/// Whether a night is only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Says what would be booked, and books nothing.
    DryRun,
    /// Works through every ended date that is not recorded yet, up to the one named.
    Apply,
}

/// A night that is begun by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessBody {
    /// Only look, or book.
    mode: Mode,
    /// The business date, which has ended; yesterday when left out.
    #[schema(value_type = Option<String>, format = Date)]
    business_date: Option<BusinessDay>,
}

/// What a night would book.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DryRunView {
    /// The business date.
    #[schema(value_type = String, format = Date)]
    batch_date: BusinessDay,
    /// How many accounts were looked at.
    accounts: u64,
    /// How many lines would be booked.
    total_commissions: u64,
    /// What they come to, one amount a currency.
    totals: Vec<TotalView>,
    /// The first 500 of them.
    lines: Vec<WouldBookView>,
    /// Which units would fail, and why.
    errors: Vec<UnitErrorView>,
}

/// A line that would be booked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WouldBookView {
    /// Whose.
    partner_id: String,
    /// The sale; null for an entry of a period.
    conversion_id: Option<String>,
    /// `adjustment`, `earned`, `reversal`, `hold_move` or `entry`.
    kind: &'static str,
    /// Signed.
    amount: String,
    /// ISO currency.
    currency: String,
    /// How it comes about.
    notes: Vec<String>,
}

impl From<&Line> for WouldBookView {
    fn from(line: &Line) -> Self {
        Self {
            partner_id: line.partner.to_string(),
            conversion_id: line.origin.sale().map(ToString::to_string),
            kind: line.kind.word(),
            amount: line.amount.to_text(),
            currency: line.amount.currency().to_string(),
            notes: line.trace.notes.clone(),
        }
    }
}

impl From<&DryRun> for DryRunView {
    fn from(dry: &DryRun) -> Self {
        Self {
            batch_date: dry.business_date,
            accounts: dry.accounts,
            total_commissions: dry.line_count,
            totals: dry.totals.iter().map(TotalView::from).collect(),
            lines: dry.lines.iter().map(WouldBookView::from).collect(),
            errors: dry.errors.iter().map(UnitErrorView::from).collect(),
        }
    }
}

/// Begin a night by hand, or look at what it would book.
///
/// `apply` sends the visits of every ended date that is not recorded yet, in order; a date that is recorded answers its
/// record. The visits do the work; ask for the record until it is no longer `processing`.
#[utoipa::path(
    post, path = "/v1/revenue/commission/process", tag = "desk", request_body = ProcessBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses(
        (status = 200, description = "`dry_run`: what would be booked. `apply`: the record of the date.", body = ProcessedView),
        Refusals, WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(super) async fn process(
    State(app): Here,
    Extension(CorrelationId(correlation_id)): Extension<CorrelationId>,
    caller: Caller,
    Body(body): Body<ProcessBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    let zone = app.store.get_settings(&tenant).await?.ledger_zone;
    let day = |after: i32| zone.day_of(now).plus_days(after).map_err(|error| wrong(error.into()));
    let date = body.business_date.map_or_else(|| day(-1), Ok)?;
    if date > day(-1)? {
        return Err(Problem::impossible("/business_date", "has not ended yet"));
    }
    if body.mode == Mode::DryRun {
        let watch = Stopwatch::start();
        let is_over = || watch.elapsed_ms() >= WORKING_MS_MAX;
        let dry = night::dry_run(&app.store, &tenant, (date, now), &is_over).await.map_err(wrong)?;
        if !dry.is_whole {
            return Err(too_many_accounts(&dry));
        }
        return Ok(Json(ProcessedView::DryRun(DryRunView::from(&dry))).into_response());
    }
    let next = date.plus_days(1).map_err(|error| wrong(error.into()))?;
    let scheduled_for = zone.start_of(next).map_err(|error| wrong(error.into()))?;
    if app.store.get_run(&tenant, date).await?.is_none() {
        let visits = app.visits.following(&correlation_id);
        night::run(&app.store, &visits, &caller.tenant, scheduled_for, now).await.map_err(not_worked_through)?;
    }
    let Some(run) = app.store.get_run(&tenant, date).await? else {
        let detail =
            "nights begin with the day before the first one, and go on from the last; this date is none of them";
        return Err(Problem::unprocessable(detail).kind("not-a-night"));
    };
    let run = with_report(&app.store, &tenant, run).await.map_err(wrong)?;
    Ok(Json(ProcessedView::Record(BatchView::from(run))).into_response())
}

/// What a night by hand answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ProcessedView {
    /// Of a dry run: what would be booked.
    DryRun(DryRunView),
    /// Of an applied one: its record.
    Record(BatchView),
}

/// What a dry run answers that the time was too short for: half of it would be taken for the whole.
fn too_many_accounts(dry: &DryRun) -> Problem {
    let detail = format!(
        "after {} accounts the time of a request was over, and nothing was booked; begin the night with mode apply: its \
         units are worked through in the background, and its record tells what each has booked",
        dry.accounts
    );
    Problem::unprocessable(detail).kind("too-many-accounts")
}

fn not_worked_through(error: NightError) -> Problem {
    match error {
        NightError::Store(error) => error.into(),
        NightError::Case(error) => wrong(error),
        NightError::Date(error) => wrong(error.into()),
        NightError::ToCome { .. } => Problem::impossible("/business_date", "has not ended yet"),
        NightError::Send(error) => {
            tracing::warn!(reason = chain(&error), "visits could not be sent, request refused");
            Problem::unavailable("the queue of visits did not answer; try again")
        }
    }
}
