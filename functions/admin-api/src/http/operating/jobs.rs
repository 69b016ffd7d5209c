//! OPS-12: what runs by the clock: when it last ran, how that ended, when it runs next; and beginning it by hand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::audit::Told;
use domain::id::TenantId;
use domain::job::{Job, JobOutcome, JobRecord};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Query, Segments};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::Listed;
use edge::problem::Problem;
use edge::telemetry::chain;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::calls::{Allowance, Counted};
use store::runs::Run;
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::http::actor;

/// Who sees the jobs.
const READERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor, Role::Operator];
const COLUMNS: [&str; 12] = [
    "name",
    "function",
    "schedule",
    "status",
    "scheduled_for",
    "started_at",
    "ended_at",
    "last_good_at",
    "is_late",
    "next_at",
    "error_units",
    "by_hand",
];
/// An invocation takes no longer than this: what has not ended by then has crashed.
const RUNNING_S_MAX: i64 = 900;

/// OPS-12: a beginning shows only once the function has noted it, and each takes a part of what the account may run at once.
const BEGINNINGS: Allowance = Allowance { kind: "job", calls_max: 3, window_s: 300 };

/// Who begins one by hand: it serves every tenant, so of a tenant's people only those of the deployment's own.
const STARTERS: &[Role] = &[Role::Admin, Role::Operator];

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct JobsQuery {
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// A job of the deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobView {
    /// Its name.
    #[schema(example = "night")]
    name: &'static str,
    /// The function that does it.
    function: &'static str,
    /// When it runs, in UTC, as its schedule says it.
    #[schema(example = "cron(0 2 * * ? *)")]
    schedule: String,
    /// `never_ran`, `running`, `done`, `failed`, or `crashed`: begun and not ended.
    #[schema(example = "done")]
    status: &'static str,
    /// For when the last run was meant.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_for: Option<Timestamp>,
    /// When it began.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended; null while it runs, and where it crashed.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// When a run last ended with all that was to be done.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_good_at: Option<Timestamp>,
    /// Have two runs gone by without a good end?
    is_late: bool,
    /// When it runs next.
    #[schema(value_type = String, format = DateTime)]
    next_at: Timestamp,
    /// Of the night: units of this tenant's last recorded one that ended with an error; null while they are under way.
    error_units: Option<u64>,
    /// The door that does this tenant's part of it by hand; null where there is none.
    by_hand: Option<&'static str>,
}

impl JobView {
    fn of(job: Job, record: Option<&JobRecord>, now: Timestamp) -> Self {
        let ended = record.and_then(|record| record.ended);
        Self {
            name: job.name(),
            function: job.function(),
            schedule: job.cadence().expression(),
            status: record.map_or("never_ran", |record| status(record, now)),
            scheduled_for: record.map(|record| record.scheduled_for),
            started_at: record.map(|record| record.started_at),
            ended_at: ended.map(|(at, _)| at),
            last_good_at: record.and_then(|record| record.last_good_at),
            is_late: record.is_some_and(|record| record.is_late(now)),
            next_at: job.cadence().next_after(now),
            error_units: None,
            by_hand: by_hand(job),
        }
    }
}

fn status(record: &JobRecord, now: Timestamp) -> &'static str {
    match record.ended {
        Some((_, JobOutcome::Done)) => "done",
        Some((_, JobOutcome::Failed)) => "failed",
        None if now.as_second() - record.started_at.as_second() <= RUNNING_S_MAX => "running",
        None => "crashed",
    }
}

fn by_hand(job: Job) -> Option<&'static str> {
    match job {
        Job::Night => Some("POST /v1/revenue/commission/process"),
        Job::AwardEligibility => Some("POST /v1/revenue/payouts/check-eligibility"),
        Job::Verification => Some("POST /v1/revenue/verify"),
        Job::ClickCounts | Job::Memberships | Job::PayoutOutcomes | Job::CouponsAtStripe => None,
    }
}

fn error_units(run: &Run) -> Option<u64> {
    // A count of what is in memory fits.
    run.report.as_ref().map(|report| u64::try_from(report.errors.len()).unwrap_or(u64::MAX))
}

/// What runs by the clock.
///
/// Each job serves every tenant of the deployment; of the night it is told, too, how many of this tenant's units ended with
/// an error.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs", params(JobsQuery),
    responses((status = 200, description = "Every job; CSV for `Accept: text/csv`.", body = Listed<JobView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(query): Query<JobsQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let now = app.clock.now();
    let records: BTreeMap<Job, JobRecord> =
        app.store.list_jobs().await?.into_iter().map(|record| (record.job, record)).collect();
    let mut data: Vec<JobView> = Job::ALL.into_iter().map(|job| JobView::of(job, records.get(&job), now)).collect();
    let last = app.store.get_last_run(&caller.tenant_key()).await?;
    if let Some(night) = data.iter_mut().find(|view| view.name == Job::Night.name()) {
        night.error_units = last.as_ref().and_then(error_units);
    }
    csv::answer(query.format.unwrap_or(accepted), "jobs", &COLUMNS, Listed { data, next_cursor: None })
}

/// A job that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StartedView {
    /// Which.
    #[schema(example = "night")]
    name: &'static str,
    /// The instant that it works for: now.
    #[schema(value_type = String, format = DateTime)]
    scheduled_for: Timestamp,
    /// Always `begun`: how it ends `GET /v1/jobs` tells.
    #[schema(example = "begun")]
    status: &'static str,
}

/// Begin a job by hand.
///
/// As its schedule would at this moment, for every tenant of the deployment; nobody waits for its end. Each job does what is
/// due and not done, so that one more run changes nothing that is in order. One that is running is not begun beside itself
/// (409), nor more than three times in five minutes (429). For the deployment's operator, and the admins of
/// its own tenant; the others have the doors that `by_hand` names.
#[utoipa::path(
    post, path = "/v1/jobs/{name}/run", tag = "jobs",
    params(("name" = String, Path, description = "The job's name, as `GET /v1/jobs` has it.", example = "night")),
    responses((status = 202, description = "Begun.", body = StartedView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn run(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Segments(name): Segments<String>,
) -> Result<(StatusCode, Json<StartedView>), Problem> {
    caller.require(STARTERS)?;
    if caller.tenant != TenantId::default_tenant() {
        return Err(Problem::forbidden("a job serves every tenant: the deployment's operator begins it"));
    }
    let job = Job::parse(&name).ok_or_else(|| Problem::not_found("no such job"))?;
    let starter = app.starter.as_ref().ok_or_else(|| Problem::unavailable("no job can be begun here"))?;
    let at = app.clock.now();
    check_not_running(&app, job, at).await?;
    // Told first: a beginning that nobody may know of is worse than a telling of one that did not come about.
    let told = Told::new(format!("job#{}", job.name()), actor(&caller, origin), at, "job.begun");
    app.store.tell(&caller.tenant_key(), told.is("scheduled_for", at)).await?;
    if let Err(error) = starter.start(job, at).await {
        tracing::warn!(job = job.name(), reason = chain(error.as_ref()), "a job could not be begun by hand");
        return Err(Problem::unavailable("the job could not be begun; try again"));
    }
    tracing::info!(job = job.name(), by = %caller.subject, "job begun by hand");
    Ok((StatusCode::ACCEPTED, Json(StartedView { name: job.name(), scheduled_for: at, status: "begun" })))
}

/// OPS-12: a second run beside the first hides its end, and many at once take what clicks and webhooks run on.
async fn check_not_running(app: &App, job: Job, now: Timestamp) -> Result<(), Problem> {
    let last = app.store.list_jobs().await?.into_iter().find(|record| record.job == job);
    if last.is_some_and(|record| status(&record, now) == "running") {
        let why = format!("it is running; what has not ended {RUNNING_S_MAX} s after its beginning has crashed");
        return Err(Problem::conflict(why).kind("job-running"));
    }
    let deployment = TenantKey::from(&TenantId::default_tenant());
    match app.store.record_call(&deployment, job.name(), &BEGINNINGS, now).await? {
        Counted::Allowed { .. } => Ok(()),
        Counted::TooMany => Err(Problem::too_many(BEGINNINGS.window(now).1)),
    }
}
