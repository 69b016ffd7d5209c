//! The routes, by noun.

mod adjusting;
mod balances;
mod batches;
mod billing;
mod commissions;
mod conversions;
mod corrections;
mod disputes;
mod exchanges;
mod health;
mod leads;
mod page;
mod rates;
mod recognition;
mod reconciliation;
mod releases;
mod taxes;
mod verification;
mod write_offs;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use cases::desk::Desk;
use cases::error::CaseError;
use domain::role::Role;
use edge::api::api;
use edge::auth::Caller;
use edge::body::Segments;
use edge::http::Origin;
use edge::idempotency::{Minting, required};
use edge::openapi::Bearer;
use edge::problem::Problem;
use edge::telemetry::chain;
use store::TenantKey;
use utoipa::OpenApi;

use crate::App;

/// Who looks at the desk.
const DESK: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor];
/// Who moves money there.
const MONEY: &[Role] = &[Role::Admin, Role::FinanceManager];

type Id = Segments<String>;
type Here = State<App>;

/// The routes of revenue-api.
pub fn routes(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/revenue/commission/batches", get(batches::list))
        .route("/v1/revenue/commission/batches/{id}", get(batches::read))
        .route("/v1/revenue/commission/process", post(batches::process))
        .route("/v1/revenue/commission/summary", get(commissions::summary))
        .route("/v1/revenue/commissions", get(commissions::list::list))
        .route("/v1/revenue/commissions/{id}/hold", post(commissions::hold))
        .route("/v1/revenue/commissions/{id}/release", post(commissions::release))
        .route("/v1/revenue/commissions/{id}/reject", post(commissions::reject))
        .route("/v1/revenue/adjustments", get(corrections::list).post(corrections::ask))
        .route("/v1/revenue/adjustments/{id}", get(corrections::read))
        .route("/v1/revenue/adjustments/{id}/approve", post(corrections::approve))
        .route("/v1/revenue/adjustments/{id}/reject", post(corrections::reject))
        .route("/v1/revenue/write-offs", get(write_offs::list).post(write_offs::ask))
        .route("/v1/revenue/write-offs/{id}", get(write_offs::read))
        .route("/v1/revenue/write-offs/{id}/approve", post(write_offs::approve))
        .route("/v1/revenue/write-offs/{id}/reject", post(write_offs::reject))
        .route("/v1/revenue/releases", get(releases::list).post(releases::ask))
        .route("/v1/revenue/releases/{id}", get(releases::read))
        .route("/v1/revenue/releases/{id}/approve", post(releases::approve))
        .route("/v1/revenue/releases/{id}/reject", post(releases::reject))
        .route("/v1/revenue/fx-conversions", get(exchanges::list).post(exchanges::ask))
        .route("/v1/revenue/fx-conversions/{id}", get(exchanges::read))
        .route("/v1/revenue/fx-conversions/{id}/approve", post(exchanges::approve))
        .route("/v1/revenue/fx-conversions/{id}/reject", post(exchanges::reject))
        .route("/v1/revenue/fx-rates", get(rates::list).post(rates::create))
        .route("/v1/revenue/balances", get(balances::read))
        .route("/v1/revenue/negative-balances", get(balances::negative))
        .route("/v1/revenue/disputes", get(disputes::list))
        .route("/v1/revenue/recognition", get(recognition::read))
        .route("/v1/revenue/reconciliation", get(reconciliation::list))
        .route("/v1/revenue/verify", post(verification::run))
        .route("/v1/revenue/health", get(health::read))
        .route("/v1/revenue/conversions/{id}/decision", get(conversions::decision))
        .route("/v1/revenue/conversions/{id}/reattribute", post(conversions::reattribute))
        .route("/v1/revenue/leads", get(leads::list))
        .route("/v1/revenue/leads/analytics", get(leads::analytics))
        .route("/v1/revenue/leads/{id}", get(leads::read).delete(leads::erase))
        .route("/v1/revenue/leads/{id}/convert", post(leads::convert))
        .merge(billing::routes())
        .merge(taxes::routes())
        // Money moves here: every write needs its key.
        .route_layer(from_fn_with_state(app.clone(), required::<App>))
        .merge(billing::pure_routes());
    api(routes, app)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        batches::list,
        batches::read,
        batches::process,
        commissions::summary,
        commissions::list::list,
        commissions::hold,
        commissions::release,
        commissions::reject,
        corrections::list,
        corrections::ask,
        corrections::read,
        corrections::approve,
        corrections::reject,
        releases::list,
        releases::ask,
        releases::read,
        releases::approve,
        releases::reject,
        write_offs::list,
        write_offs::ask,
        write_offs::read,
        write_offs::approve,
        write_offs::reject,
        exchanges::list,
        exchanges::ask,
        exchanges::read,
        exchanges::approve,
        exchanges::reject,
        rates::list,
        rates::create,
        balances::read,
        balances::negative,
        disputes::list,
        recognition::read,
        reconciliation::list,
        verification::run,
        health::read,
        conversions::decision,
        conversions::reattribute,
        leads::list,
        leads::analytics,
        leads::read,
        leads::erase,
        leads::convert,
    ),
    modifiers(&Bearer),
    tags(
        (name = "desk", description = "The ledger's desk: commissions of everybody, corrections, debts, exchanges, proofs."),
        (name = "reconciliation", description = "What providers list, held against the ledger."),
        (name = "leads", description = "Who left an address, how promising they are, and what became of them.")
    )
)]
struct Document;

/// The paths of revenue-api in OpenAPI.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.merge(billing::Document::openapi());
    document.merge(taxes::Document::openapi());
    document
}

/// The desk that a caller sits at.
///
/// # Errors
/// The store is away.
async fn desk<'a>(app: &'a App, tenant: &'a TenantKey, caller: &Caller, origin: Origin) -> Result<Desk<'a>, Problem> {
    Desk::open(&app.store, tenant, caller.acting(origin), app.clock.now()).await.map_err(wrong)
}

/// The desk that a caller writes at: under the name of the request, so that sent twice it is done once.
///
/// # Errors
/// The store is away.
async fn writing_desk<'a>(
    app: &'a App,
    tenant: &'a TenantKey,
    caller: &Caller,
    (origin, minting): (Origin, Minting),
) -> Result<Desk<'a>, Problem> {
    Ok(desk(app, tenant, caller, origin).await?.under(minting.ulid("step").to_string()))
}

/// Text for people: something to read, and nothing that steers a terminal or a spreadsheet.
fn plain(text: &str, _: &()) -> garde::Result {
    if text.trim().is_empty() || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(garde::Error::new("must be readable text"));
    }
    Ok(())
}

/// An error of a case, as an answer.
fn wrong(error: CaseError) -> Problem {
    match error {
        CaseError::Store(error) => error.into(),
        CaseError::TooManyLines { .. } => {
            Problem::unprocessable("the sale has more commissions than one transaction changes").kind("too-many-lines")
        }
        CaseError::Busy => Problem::unavailable("others change this account at the moment; try again"),
        error => {
            tracing::error!(reason = chain(&error), "the ledger's desk cannot work out an account");
            Problem::internal()
        }
    }
}
