//! OPS-12: what runs by the clock: when it last ran, how that ended, when it runs next.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::job::{Job, JobOutcome, JobRecord};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::openapi::Refusals;
use edge::page::Listed;
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::runs::Run;
use utoipa::{IntoParams, ToSchema};

use crate::App;

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
        Job::ClickCounts | Job::Memberships | Job::PayoutOutcomes => None,
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
