//! OPS-1: is it alive, and can it work? Anybody may ask: nothing is told but names, and what is wrong with them.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use domain::job::{Job, JobRecord};
use domain::time::Timestamp;
use edge::clock::Stopwatch;
use edge::telemetry::chain;
use http::StatusCode;
use serde::Serialize;
use store::programs::Program;
use store::{StoreError, TenantKey};
use utoipa::ToSchema;

use crate::App;
use crate::probes::NotVerified;

/// How long an answer of `/ready` holds: it may be asked by anybody, and each look costs calls.
const HOLDS_MS: u64 = 10_000;
/// How old a programme is once all that runs by the clock must have run: the longest way from one run to the next is a day.
const FIRST_RUNS_S: i64 = 2 * 86_400;
/// How many tenants are asked for a programme so old.
const TENANTS_MAX: usize = 20;

/// It is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthView {
    /// Always `ok`: what is not alive answers nothing.
    #[schema(example = "ok")]
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Something that work needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PartView {
    /// `table core`, `queue facts`, `key`, `mail`, `job night`, …
    #[schema(example = "table core")]
    name: String,
    /// Does it do?
    ok: bool,
    /// What is wrong with it; null where nothing is.
    why: Option<&'static str>,
}

/// Can it work?
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReadyView {
    /// Do all parts?
    ready: bool,
    parts: Vec<PartView>,
}

/// The last answer and how old it is.
pub(crate) type Remembered = Arc<Mutex<Option<(Stopwatch, ReadyView)>>>;

/// Is it alive?
///
/// Looks at nothing else: a store that is away does not make it dead.
#[utoipa::path(
    get, path = "/health", tag = "health",
    responses((status = 200, description = "It is.", body = HealthView))
)]
pub(super) async fn alive(State(app): State<App>) -> Json<HealthView> {
    Json(HealthView { status: "ok", at: app.clock.now() })
}

/// Can it work?
///
/// Looks at tables, queues, the key that seals, whether mail may be sent from the deployment's address, and whether what runs
/// by the clock has ended well lately, or ever began. An answer holds for ten seconds.
#[utoipa::path(
    get, path = "/ready", tag = "health",
    responses(
        (status = 200, description = "All parts do.", body = ReadyView),
        (status = 503, description = "Some part does not.", body = ReadyView),
    )
)]
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<ReadyView>) {
    let view = match known(&app.ready) {
        Some(view) => view,
        None => {
            let view = look(&app).await;
            *app.ready.lock().unwrap_or_else(PoisonError::into_inner) = Some((Stopwatch::start(), view.clone()));
            view
        }
    };
    (if view.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(view))
}

fn known(remembered: &Remembered) -> Option<ReadyView> {
    let remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
    remembered.as_ref().filter(|(since, _)| since.elapsed_ms() < HOLDS_MS).map(|(_, view)| view.clone())
}

async fn look(app: &App) -> ReadyView {
    let (tables, probed, jobs) = futures::join!(app.store.check_tables(), app.probes.look(), app.store.list_jobs());
    let mut parts: Vec<PartView> = tables
        .into_iter()
        .map(|(name, answer)| part(format!("table {name}"), answer.err().map(|error| told(&error))))
        .collect();
    parts.extend(probed.into_iter().map(|(name, error)| {
        let why = error.map(|error| match error.downcast_ref::<NotVerified>() {
            Some(_) => not_verified(error.as_ref()),
            None => told(error.as_ref()),
        });
        part(name, why)
    }));
    match jobs {
        Ok(records) => {
            parts.extend(records.iter().map(|record| of_job(record, app.clock.now())));
            parts.extend(never_ran(app, &records).await);
        }
        Err(error) => parts.push(part("jobs".to_owned(), Some(told(&error)))),
    }
    ReadyView { ready: parts.iter().all(|part| part.ok), parts }
}

/// The reason is for the log: it names what outsiders need not know.
fn told(error: &(dyn std::error::Error + 'static)) -> &'static str {
    tracing::warn!(reason = chain(error), "a part that work needs does not answer");
    "does not answer"
}

/// Which address it is, is for the log as well.
fn not_verified(error: &(dyn std::error::Error + 'static)) -> &'static str {
    tracing::warn!(reason = chain(error), "the address that mail is sent from is not verified");
    "the address that mail is sent from is not verified"
}

fn part(name: String, why: Option<&'static str>) -> PartView {
    PartView { name, ok: why.is_none(), why }
}

fn of_job(record: &JobRecord, now: Timestamp) -> PartView {
    let job: Job = record.job;
    part(format!("job {}", job.name()), record.is_late(now).then_some("has not ended well for two runs"))
}

/// A schedule that does not fire leaves no record. In a new deployment none had time to: it is ready.
async fn never_ran(app: &App, records: &[JobRecord]) -> Vec<PartView> {
    let has_run = |job: &Job| records.iter().any(|record| record.job == *job);
    let missing: Vec<Job> = Job::ALL.into_iter().filter(|job| !has_run(job)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    match has_old_program(app).await {
        Ok(false) => Vec::new(),
        Ok(true) => missing.iter().map(|job| part(format!("job {}", job.name()), Some("has never run"))).collect(),
        Err(error) => vec![part("jobs".to_owned(), Some(told(&error)))],
    }
}

async fn has_old_program(app: &App) -> Result<bool, StoreError> {
    let now = app.clock.now().as_second();
    let is_old = |program: &Program| now.saturating_sub(program.created_at.as_second()) > FIRST_RUNS_S;
    for tenant in app.store.list_tenants().await?.iter().take(TENANTS_MAX) {
        if app.store.list_programs(&TenantKey::from(tenant)).await?.iter().any(is_old) {
            return Ok(true);
        }
    }
    Ok(false)
}
