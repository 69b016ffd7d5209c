//! OPS-1: how the revenue of a tenant is doing: for its people. Whether the deployment can work, `/ready` says.

use axum::Json;
use axum::extract::State;
use cases::night::with_report;
use domain::job::Job;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::openapi::Refusals;
use edge::problem::Problem;
use futures::future::{try_join, try_join_all};
use serde::Serialize;
use store::proofs::Reach;
use store::runs::Run;
use store::{Page, TenantKey};
use utoipa::ToSchema;

use super::{DESK, Here, wrong};
use crate::App;
use crate::health::{Part, Readings, Standing, judge};

/// How many things of a kind are looked at: few reads, however much there is.
const LOOKED_AT_MAX: usize = 100;
/// How many nights are looked at: what came of the last may not be known yet.
const NIGHTS: i32 = 2;
/// Up to how many units of a night are read for what came of it before the next night counts them.
const UNITS_MAX: u64 = 500;
/// How many comparings are looked at, of which the newest of each provider counts.
const COMPARINGS: usize = 10;
/// The jobs that revenue lives on.
const JOBS: [Job; 3] = [Job::Night, Job::Verification, Job::PayoutOutcomes];

/// How the revenue of a tenant is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevenueHealthView {
    /// As the worst of its parts.
    status: Standing,
    /// Now.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Each part, always all of them.
    parts: Vec<RevenuePartView>,
}

/// A part of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevenuePartView {
    /// `ledger`, `nights`, `events`, `facts`, `payouts`, `reconciliation` or `jobs`.
    #[schema(example = "nights")]
    name: &'static str,
    /// How it is doing.
    status: Standing,
    /// What is known, and where to look or what to do.
    #[schema(example = "closed through 2026-09-02")]
    reason: String,
    /// Since when it is so, or when that was last looked at; null where nothing was there yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// How many things the reason speaks of; of what is `ok` how many were looked at.
    #[schema(example = 12)]
    count: u64,
}

impl From<Part> for RevenuePartView {
    fn from(part: Part) -> Self {
        let Part { name, standing, reason, at, count } = part;
        Self { name, status: standing, reason, at, count }
    }
}

/// How is the revenue doing?
///
/// Whether the ledger is proved, which business dates the nights have closed, what waits for its payment or for a person,
/// payouts whose outcome nobody knows, and whether what providers list matches. Each part is `ok`; `late`, where something
/// should be there by now and is not; or `broken`, until a person acts. It looks at up to a hundred things of a kind, and of
/// payouts at the newest hundred. Always 200: whether the deployment can work `/ready` says.
#[utoipa::path(
    get, path = "/v1/revenue/health", tag = "desk",
    responses((status = 200, description = "Every part, and the worst of them.", body = RevenueHealthView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): Here, caller: Caller) -> Result<Json<RevenueHealthView>, Problem> {
    caller.require(DESK)?;
    let readings = readings(&app, &caller.tenant_key()).await?;
    let parts = judge(&readings);
    let status = parts.iter().map(|part| part.standing).max().unwrap_or(Standing::Ok);
    Ok(Json(RevenueHealthView { status, at: readings.now, parts: parts.into_iter().map(Into::into).collect() }))
}

/// Everything that is judged, read side by side.
async fn readings(app: &App, tenant: &TenantKey) -> Result<Readings, Problem> {
    let (store, page) = (&app.store, i32::try_from(LOOKED_AT_MAX).unwrap_or(i32::MAX));
    let jobs = try_join_all(JOBS.map(|job| async move { store.get_job(job).await.map(|record| (job, record)) }));
    let proofs = try_join(store.get_proof(tenant, Reach::Recent), store.get_proof(tenant, Reach::Whole));
    let (settings, jobs, proved, seals, nights, events, facts, attempts, payouts, compared) = futures::try_join!(
        store.get_settings(tenant),
        jobs,
        proofs,
        store.get_seals(tenant),
        store.list_last_runs(tenant, NIGHTS),
        store.list_waiting(tenant, None, LOOKED_AT_MAX),
        store.list_waiting(tenant, Some(FACTS), LOOKED_AT_MAX),
        store.list_looked_for(tenant, page, None),
        store.list_payouts(tenant, page, None),
        store.list_reconciliations(tenant, None, COMPARINGS),
    )?;
    let attempts =
        Page { items: attempts.items.into_iter().map(|stored| stored.attempt).collect(), next: attempts.next };
    let payouts = Page {
        items: payouts.items.into_iter().map(|stored| (stored.payout.id, stored.payout.state)).collect(),
        next: payouts.next,
    };
    let (recent, whole) = proved;
    let is_proved = recent.is_some() || whole.is_some();
    let ran_all = is_proved && !nights.is_empty() && jobs.iter().all(|(_, record)| record.is_some());
    let live_since = if ran_all { None } else { first_program(app, tenant).await? };
    Ok(Readings {
        now: app.clock.now(),
        zone: settings.ledger_zone,
        jobs,
        proofs: [recent, whole],
        seals,
        live_since,
        nights: reported(app, tenant, nights).await?,
        events,
        facts,
        attempts,
        payouts,
        comparings: compared.items,
    })
}

/// When the first programme was made, before which there is nothing to prove and to close.
async fn first_program(app: &App, tenant: &TenantKey) -> Result<Option<Timestamp>, Problem> {
    let programs = app.store.list_programs(tenant).await?;
    Ok(programs.iter().map(|program| program.created_at).min())
}

/// Where the facts begin in the list of what waits: behind the events.
const FACTS: &str = "fact";

/// The nights, the last with what came of it so far, where its units are few enough to be read.
async fn reported(app: &App, tenant: &TenantKey, nights: Vec<Run>) -> Result<Vec<Run>, Problem> {
    let mut nights = nights.into_iter();
    let mut reported = Vec::new();
    if let Some(last) = nights.next() {
        let is_read = last.report.is_none() && last.accounts <= UNITS_MAX;
        reported.push(if is_read { with_report(&app.store, tenant, last).await.map_err(wrong)? } else { last });
    }
    reported.extend(nights);
    Ok(reported)
}
