//! What the tax office is told of payees, and what was withheld from them.

pub(super) mod forms;
pub(super) mod remittances;
pub(super) mod settings;
mod shapes;

use axum::Router;
use axum::routing::{get, post};
use domain::audit::Actor;
use domain::role::Role;
use edge::auth::Caller;
use edge::http::Origin;
use utoipa::OpenApi;

use crate::App;

/// Who looks at a year.
const SEERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Auditor];
/// Who has it counted, and files it.
const FILERS: &[Role] = &[Role::Admin, Role::FinanceManager];

/// The paths; each write under an idempotency key.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/revenue/tax/settings", get(settings::read).put(settings::replace))
        .route("/v1/revenue/tax/remittances", get(remittances::list).post(remittances::enter))
        .route("/v1/revenue/tax/remittances/{id}/approve", post(remittances::approve))
        .route("/v1/revenue/tax/remittances/{id}/reject", post(remittances::reject))
        .route("/v1/revenue/tax/remittances/{id}/take-back", post(remittances::take_back))
        .route("/v1/reports/tax-forms/{year}", get(forms::read))
        .route("/v1/reports/tax-forms/{year}/rows", get(forms::rows))
        .route("/v1/reports/tax-forms/{year}/corrections", get(forms::corrections))
        .route("/v1/reports/tax-forms/{year}/files/{name}", get(forms::file))
        .route("/v1/reports/tax-forms/{year}/generate", post(forms::generate))
        .route("/v1/reports/tax-forms/{year}/correct", post(forms::correct))
        .route("/v1/reports/tax-forms/{year}/filed", post(forms::filed))
}

#[derive(OpenApi)]
#[openapi(
    paths(
        settings::read,
        settings::replace,
        remittances::list,
        remittances::enter,
        remittances::approve,
        remittances::reject,
        remittances::take_back,
        forms::read,
        forms::rows,
        forms::corrections,
        forms::file,
        forms::generate,
        forms::correct,
        forms::filed,
    ),
    tags((name = "tax-forms", description = "What the tax office is told of payees, and what was withheld from them."))
)]
pub(super) struct Document;

/// POR-3: who acts: the person, by whichever of their credentials.
fn acting(caller: &Caller, origin: Origin) -> Actor {
    caller.acting_as_person(origin)
}
