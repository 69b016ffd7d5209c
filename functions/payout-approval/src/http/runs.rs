//! Payouts built together, and what is to be looked at before any of them is approved.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::closing::Pace;
use cases::payout_runs::{self, Wanted};
use domain::audit::{ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::id::{PartnerId, PayoutRunId};
use domain::payout::run::{Check, Finding, NotOverridden, Overridden, PayoutRun};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::{Approver, Caller};
use edge::body::{Body, Checked, Query, Segments};
use edge::clock::Stopwatch;
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use store::Written;
use utoipa::{IntoParams, ToSchema};

use super::{DESK, Here, Id, actor, wrong};

/// How long one request builds payouts: well within the function's time of ten seconds.
const BUILDING_MS_MAX: u64 = 6_000;
const REASON_CHARS_MAX: usize = 1_000;

/// Which payouts are to be built.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunBody {
    /// Of every account of this currency.
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Only of accounts of partners behind this one. Left out: it goes on where the newest run of the currency stopped, or
    /// begins with the first where that came to the end.
    #[schema(value_type = Option<String>, example = "par_01JF8Q3W5T6Y7Z8A9B0C1D2E3F")]
    #[serde(default)]
    after: Option<PartnerId>,
}

/// Which page of the runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RunsQuery {
    /// How many, 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// The columns of the list as CSV.
const COLUMNS: [&str; 9] =
    ["id", "currency", "payout_count", "total_amount", "verdict", "more", "stopped_at", "created_by", "created_at"];

/// Payouts that were built together.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunView {
    /// Its id.
    id: String,
    /// ISO currency.
    currency: String,
    /// How many payouts it has.
    payout_count: usize,
    /// What they amount to.
    #[schema(example = "1250.50")]
    total_amount: String,
    /// `go`, or `no_go` where something forbids it or there is nothing to pay.
    verdict: &'static str,
    /// Are there accounts left that another run must take?
    more: bool,
    /// Behind this partner that other run goes on; null where none is left.
    stopped_at: Option<String>,
    /// Who built it; they approve none of its payouts.
    created_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// The report of a run, as it was stored when the run was built.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GoNoGoView {
    #[serde(flatten)]
    run: RunView,
    /// The payouts.
    payout_ids: Vec<String>,
    /// What is to be looked at, the gravest first.
    findings: Vec<FindingView>,
    /// Which admin said that it may be approved although the report says no; null where nobody did.
    overridden_by: Option<String>,
    /// Why.
    override_reason: Option<String>,
}

/// Something to be looked at.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FindingView {
    /// `totals`, `seal`, `duplicate`, `new_payee`, `changed_method`, `outlier`, `missing_tax_form`, `negative_balance`,
    /// `held`.
    #[schema(value_type = String, example = "new_payee")]
    check: Check,
    /// Does it forbid the run?
    forbids: bool,
    /// Whose account; null where it is about the run.
    partner_id: Option<String>,
    /// What was found, with the figures.
    detail: String,
}

impl From<&PayoutRun> for RunView {
    fn from(run: &PayoutRun) -> Self {
        Self {
            id: run.id.to_string(),
            currency: run.currency.to_string(),
            payout_count: run.payouts.len(),
            total_amount: run.total.to_text(),
            verdict: if run.is_go() { "go" } else { "no_go" },
            more: run.more,
            stopped_at: run.stopped_at.as_ref().map(ToString::to_string),
            created_by: run.by.clone(),
            created_at: run.at,
        }
    }
}

impl From<&PayoutRun> for GoNoGoView {
    fn from(run: &PayoutRun) -> Self {
        let finding = |finding: &Finding| FindingView {
            check: finding.check,
            forbids: finding.check.forbids(),
            partner_id: finding.partner.as_ref().map(ToString::to_string),
            detail: finding.detail.clone(),
        };
        Self {
            run: RunView::from(run),
            payout_ids: run.payouts.iter().map(ToString::to_string).collect(),
            findings: run.findings.iter().map(finding).collect(),
            overridden_by: None,
            override_reason: None,
        }
    }
}

impl GoNoGoView {
    fn overridden(self, by: Option<Overridden>) -> Self {
        let (overridden_by, override_reason) = by.map(|by| (by.by, by.reason)).unzip();
        Self { overridden_by, override_reason, ..self }
    }
}

/// Build payouts of every account of a currency that may be paid.
///
/// Each waits for its approval as if it had been asked for alone. At most 200 at once: where `more` is true, build another
/// run, which goes on where this one stopped.
#[utoipa::path(
    post, path = "/v1/revenue/payout-runs", tag = "payouts", request_body = RunBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses(
        (status = 201, description = "The run with its report.", body = GoNoGoView),
        Refusals,
        WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(super) async fn build(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Body(body): Body<RunBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin, Role::FinanceManager])?;
    let id = PayoutRunId::from_ulid(minting.ulid("payout run"));
    let wanted = Wanted { id, currency: body.currency, after: body.after, by: actor(&caller, origin) };
    let watch = Stopwatch::start();
    let is_over = || watch.elapsed_ms() >= BUILDING_MS_MAX;
    let pace = app.pace.unwrap_or(Pace::until(&is_over));
    let built = payout_runs::build(&app.store, &caller.tenant_key(), &wanted, minting.at(), pace, &is_over).await;
    let run = built.map_err(wrong)?;
    tracing::info!(run.id = %run.id, payout_count = run.payouts.len(), "payout run built");
    let location = format!("/v1/revenue/payout-runs/{}/go-no-go", run.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(GoNoGoView::from(&run))).into_response())
}

/// Why a report is overridden.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideBody {
    /// What was looked at, and why the payouts may be approved all the same.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX))]
    reason: String,
}

/// Override the report of a run that says no.
///
/// No payout of such a run is approved before an admin who did not build it has said why it may be.
#[utoipa::path(
    post, path = "/v1/revenue/payout-runs/{id}/override", tag = "payouts", request_body = OverrideBody,
    params(
        ("id" = String, Path, description = "The run's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The report, as it was stored.", body = GoNoGoView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn override_report(
    State(app): Here,
    Approver(caller): Approver,
    origin: Origin,
    Segments(id): Id,
    Checked(body): Checked<OverrideBody>,
) -> Result<Json<GoNoGoView>, Problem> {
    caller.require(&[Role::Admin])?;
    let (tenant, by, at) = (caller.tenant_key(), actor(&caller, origin), app.clock.now());
    let missing = || Problem::not_found("no such payout run");
    let id = PayoutRunId::parse(&id).map_err(|_| missing())?;
    let run = app.store.get_payout_run(&tenant, &id).await?.ok_or_else(missing)?;
    let overridden = run.overridden(&by, &body.reason, at).map_err(|refused| {
        let detail = refused.to_string();
        match refused {
            NotOverridden::RoleMayNot { .. } => Problem::forbidden(detail),
            NotOverridden::SamePerson => Problem::forbidden(detail).kind("second-person-needed"),
            NotOverridden::IsGo => Problem::conflict(detail).kind("run-is-go"),
        }
    })?;
    let new = BTreeMap::from([("reason".to_owned(), overridden.reason.clone())]);
    let deed = Deed { at, actor: by, action: "payout_run.overridden", old: BTreeMap::new(), new };
    let told = append(ChainEnd::START, id.as_str(), deed);
    // Refused where somebody has overridden it before: the first word stands.
    let _: Written = app.store.create_run_override(&tenant, &id, &overridden, &told).await?;
    tracing::info!(run.id = %id, "report of a payout run overridden");
    let by = app.store.get_run_override(&tenant, &id).await?;
    Ok(Json(GoNoGoView::from(&run).overridden(by)))
}

/// Payout runs, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/payout-runs", tag = "payouts", params(RunsQuery),
    responses((status = 200, description = "A page of runs; CSV for `Accept: text/csv`.", body = Listed<RunView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<RunsQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let before = query.cursor.as_deref().map(PayoutRunId::parse).transpose();
    let before = before.map_err(|_| Problem::bad_parameter("cursor", "not a cursor of this list"))?;
    let limit = limit(query.limit)?;
    let page = app.store.list_payout_runs(&caller.tenant_key(), before.as_ref(), limit).await?;
    let data: Vec<RunView> = page.items.iter().map(RunView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "payout-runs", &COLUMNS, Listed { data, next_cursor: page.next })
}

/// What is to be looked at before any payout of a run is approved.
#[utoipa::path(
    get, path = "/v1/revenue/payout-runs/{id}/go-no-go", tag = "payouts",
    params(("id" = String, Path, description = "The run's id.")),
    responses((status = 200, description = "The report, as it was stored.", body = GoNoGoView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn report(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Json<GoNoGoView>, Problem> {
    caller.require(DESK)?;
    let missing = || Problem::not_found("no such payout run");
    let id = PayoutRunId::parse(&id).map_err(|_| missing())?;
    let run = app.store.get_payout_run(&caller.tenant_key(), &id).await?.ok_or_else(missing)?;
    let overridden = app.store.get_run_override(&caller.tenant_key(), &id).await?;
    Ok(Json(GoNoGoView::from(&run).overridden(overridden)))
}
