//! The routes, by noun.

mod api_keys;
mod audit;
mod auth;
mod deliveries;
mod elsewhere;
mod marks;
mod operating;
mod policy;
mod privacy;
mod queue;
mod reviews;
mod users;
mod viewer;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use cases::error::CaseError;
use domain::audit::Actor;
use domain::role::Role;
use edge::api::api_before;
use edge::auth::Caller;
use edge::http::Origin;
use edge::idempotency::required;
use edge::openapi::Bearer;
use edge::problem::Problem;
use edge::telemetry::chain;
use utoipa::OpenApi;

use crate::App;

pub(crate) use operating::Remembered;

/// Who sees what was noticed. Never partners: they would learn what to avoid.
const REVIEWERS_AND_READERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor];
/// Who decides it.
const REVIEWERS: &[Role] = &[Role::Admin, Role::FinanceManager];

/// The routes of admin-api.
pub fn routes(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/risk", get(reviews::list))
        .route("/v1/risk/marks", post(marks::create))
        .route("/v1/risk/policy", get(policy::read).put(policy::replace))
        .route("/v1/risk/{id}", get(reviews::read))
        .route("/v1/risk/{id}/decide", post(reviews::decide))
        .route("/v1/webhooks/deliveries", get(deliveries::list))
        .route("/v1/webhooks/deliveries/{id}/replay", post(deliveries::replay))
        .route("/v1/webhooks/endpoints", get(deliveries::endpoints))
        // Money moves here: every write needs its key.
        .route_layer(from_fn_with_state(app.clone(), required::<App>))
        .merge(audit::routes())
        .merge(privacy::routes(&app))
        .merge(operating::routes(&app))
        .merge(auth::routes(&app))
        .merge(viewer::routes());
    api_before(routes, app, elsewhere::elsewhere)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        reviews::list,
        reviews::read,
        reviews::decide,
        marks::create,
        policy::read,
        policy::replace,
        deliveries::list,
        deliveries::replay,
        deliveries::endpoints
    ),
    modifiers(&Bearer),
    tags((name = "risk", description = "What was noticed as possible fraud, what is held because of it, and what a person decides."))
)]
struct Document;

/// The paths of admin-api in OpenAPI.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.merge(audit::openapi());
    document.merge(privacy::openapi());
    document.merge(operating::openapi());
    document.merge(viewer::openapi());
    document.merge(auth::openapi());
    document
}

fn actor(caller: &Caller, origin: Origin) -> Actor {
    caller.acting(origin)
}

/// Who does something about sign-in, for the audit trail: the person, by whatever they came.
fn doer(caller: &Caller, origin: Origin) -> Actor {
    caller.acting_as_person(origin)
}

/// An error of a case, as an answer.
fn wrong(error: CaseError) -> Problem {
    match error {
        CaseError::Store(error) => error.into(),
        CaseError::Busy => Problem::unavailable("others change this sale at the moment; try again"),
        error => {
            tracing::error!(reason = chain(&error), "a review's sale does not add up");
            Problem::internal()
        }
    }
}
