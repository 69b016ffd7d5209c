//! The routes: who may, what is read, and what an outcome is called in HTTP.

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use cases::error::CaseError;
use domain::audit::{Actor, AuditEntry};
use domain::id::{PartnerId, PayoutId};
use domain::role::Role;
use edge::api::api;
use edge::auth::Caller;
use edge::body::Segments;
use edge::http::Origin;
use edge::idempotency::required;
use edge::openapi::Bearer;
use edge::problem::Problem;
use edge::revision::IfMatch;
use edge::telemetry::chain;
use store::payouts::StoredPayout;
use utoipa::OpenApi;

use crate::App;

mod asking;
mod awards;
mod by_hand;
mod desk;
mod executed;
mod files;
mod instructed;
mod members;
mod notes;
mod papers;
mod policy;
mod rail_settings;
mod runs;
mod sealed;
mod shapes;
mod steps;

/// Who works at the payout desk or looks at it.
const DESK: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor];
/// The desk, and partners over their own.
const DESK_AND_PARTNER: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor, Role::Partner];

/// The function's routes.
pub fn routes(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/revenue/payouts", get(desk::list))
        .route("/v1/revenue/payouts/request", post(asking::request))
        .route("/v1/revenue/payouts/policy", get(policy::read).put(policy::replace))
        .route("/v1/revenue/payouts/rails", get(rail_settings::read).put(rail_settings::replace))
        .route("/v1/revenue/payouts/export", post(files::export))
        .route("/v1/revenue/payouts/files", get(files::list))
        .route("/v1/revenue/payouts/files/{id}", get(files::show))
        .route("/v1/revenue/payouts/files/{id}/content", get(files::content))
        .route("/v1/revenue/payouts/files/{id}/void", post(files::void))
        .route("/v1/revenue/payouts/returns", post(by_hand::returns))
        .route("/v1/revenue/payouts/eligibility", get(awards::eligibility))
        .route("/v1/revenue/payouts/check-eligibility", post(awards::check))
        .route("/v1/revenue/payouts/eligible-members", get(awards::eligible_members))
        .route("/v1/revenue/payouts/initiate", post(awards::initiate))
        .route("/v1/revenue/payouts/award-policy", get(awards::policy).put(awards::set_policy))
        .route("/v1/revenue/payout-runs", get(runs::list).post(runs::build))
        .route("/v1/revenue/payout-runs/{id}/go-no-go", get(runs::report))
        .route("/v1/revenue/payout-runs/{id}/override", post(runs::override_report))
        .route("/v1/members", get(members::list).post(members::create))
        .route("/v1/members/queue", get(members::queue))
        .route("/v1/members/{id}", get(members::show).patch(members::change))
        .route("/v1/members/{id}/kyc", put(members::kyc))
        .route("/v1/members/{id}/payout", get(members::payout))
        .route("/v1/members/{id}/reactivate", post(members::reactivate))
        .route("/v1/revenue/payouts/{id}", get(desk::show))
        .route("/v1/revenue/payouts/{id}/approve", put(steps::approve))
        .route("/v1/revenue/payouts/{id}/reject", put(steps::reject))
        .route("/v1/revenue/payouts/{id}/cancel", post(steps::cancel))
        .route("/v1/revenue/payouts/{id}/mark-sent", post(steps::mark_sent))
        .route("/v1/revenue/payouts/{id}/confirm", post(steps::confirm))
        .route("/v1/revenue/payouts/{id}/fail", post(steps::fail))
        .route("/v1/revenue/payouts/{id}/submit", post(executed::submit))
        .route("/v1/revenue/payouts/{id}/retry", post(executed::retry))
        .route("/v1/revenue/payouts/{id}/resolve", post(executed::resolve))
        .route("/v1/revenue/payouts/{id}/generate-instructions", post(by_hand::instructions_of))
        .route("/v1/revenue/payouts/{id}/instructions", get(instructed::page))
        .route("/v1/revenue/payouts/{id}/receipt", get(papers::receipt))
        .route("/v1/revenue/payouts/{id}/audit", get(papers::audit))
        .route("/v1/revenue/payouts/{id}/notes", get(notes::list).post(notes::create))
        // Money moves here: every write needs its key.
        .route_layer(from_fn_with_state(app.clone(), required::<App>));
    api(routes, app)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        desk::list,
        desk::show,
        asking::request,
        policy::read,
        policy::replace,
        rail_settings::read,
        rail_settings::replace,
        files::export,
        files::list,
        files::show,
        files::content,
        files::void,
        by_hand::returns,
        by_hand::instructions_of,
        instructed::page,
        runs::list,
        runs::build,
        runs::report,
        runs::override_report,
        steps::approve,
        steps::reject,
        steps::cancel,
        steps::mark_sent,
        steps::confirm,
        steps::fail,
        executed::submit,
        executed::retry,
        executed::resolve,
        papers::receipt,
        papers::audit,
        notes::list,
        notes::create,
        awards::eligibility,
        awards::check,
        awards::eligible_members,
        awards::initiate,
        awards::policy,
        awards::set_policy,
        members::list,
        members::queue,
        members::create,
        members::show,
        members::change,
        members::kyc,
        members::reactivate,
        members::payout,
    ),
    modifiers(&Bearer),
    tags(
        (name = "payouts", description = "Payouts: asked for, approved, sent, confirmed, or given back."),
        (name = "awards", description = "Awards: one for each so much of revenue."),
        (name = "members", description = "Members, who wait for an award by their tenure."),
    )
)]
struct Document;

/// The OpenAPI document of this function's paths.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

type Id = Segments<String>;
type Here = State<App>;

/// What any path without such a payout answers, whosever it is.
fn no_such_payout() -> Problem {
    Problem::not_found("no such payout")
}

/// The payout that the path names, if this caller may know of it. The id names the partner: nothing is read.
fn named(caller: &Caller, id: &str) -> Result<PayoutId, Problem> {
    let id = PayoutId::parse(id).map_err(|_| no_such_payout())?;
    let (partner, _, _) = id.account_and_number();
    if caller.confined_to().is_some_and(|own| own != partner.as_str()) {
        return Err(no_such_payout());
    }
    Ok(id)
}

/// The partner that a caller is confined to, if it is.
fn own_partner(caller: &Caller) -> Result<Option<PartnerId>, Problem> {
    let Some(subject) = caller.confined_to() else { return Ok(None) };
    // A member has no account of commissions.
    PartnerId::parse(subject).map(Some).map_err(|_| Problem::forbidden("this key belongs to no partner"))
}

fn actor(caller: &Caller, origin: Origin) -> Actor {
    caller.acting(origin)
}

async fn payout_of(app: &App, caller: &Caller, id: &str) -> Result<StoredPayout, Problem> {
    let id = named(caller, id)?;
    app.store.get_payout(&caller.tenant_key(), &id).await?.ok_or_else(no_such_payout)
}

/// Another was quicker between our reading and our writing. Whoever said what they saw is told both versions; whoever did not
/// is told to look again.
fn overtaken(seen: IfMatch, last: Option<&AuditEntry>, why: &str) -> Problem {
    match seen.version() {
        Some(_) => seen.changed(last.map_or(0, |last| last.no.into())),
        None => Problem::conflict(why),
    }
}

/// An error of a case, as an answer.
pub(crate) fn wrong(error: CaseError) -> Problem {
    match error {
        CaseError::Store(error) => error.into(),
        CaseError::Busy => Problem::unavailable("others change this account at the moment; try again"),
        error => {
            tracing::error!(reason = chain(&error), "a payout's account does not add up");
            Problem::internal()
        }
    }
}
