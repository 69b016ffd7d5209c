//! The routes by which a deployment is run: its tenants, their settings, its jobs, and whether it is well.

mod health;
mod jobs;
mod settings;
mod tenants;
mod zone;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use edge::idempotency::{honoured, required};
use edge::openapi::Bearer;
use utoipa::OpenApi;

use crate::App;

pub(crate) use health::Remembered;

/// The routes of this room, with what guards their writes.
pub(super) fn routes(app: &App) -> Router<App> {
    // A tenant is made once, however often it is asked for.
    let tenants = Router::new()
        .route("/v1/tenants", get(tenants::list).post(tenants::create))
        .route_layer(from_fn_with_state(app.clone(), required::<App>));
    // Whoever sets a thing twice has set it.
    let settings = Router::new()
        .route("/v1/settings", get(settings::read).patch(settings::change))
        .route_layer(from_fn_with_state(app.clone(), honoured::<App>));
    let started = Router::new()
        .route("/v1/jobs/{name}/run", post(jobs::run))
        .route_layer(from_fn_with_state(app.clone(), honoured::<App>));
    // Nothing is written here; of these only the jobs are shown to callers alone.
    let open = Router::new()
        .route("/health", get(health::alive))
        .route("/ready", get(health::ready))
        .route("/v1/jobs", get(jobs::list));
    tenants.merge(settings).merge(started).merge(open)
}

#[derive(OpenApi)]
#[openapi(
    paths(tenants::list, tenants::create, settings::read, settings::change, jobs::list, jobs::run, health::alive, health::ready),
    modifiers(&Bearer),
    tags(
        (name = "health", description = "Is it alive, and can it work?"),
        (name = "jobs", description = "What runs by the clock."),
        (name = "settings", description = "What a tenant has set about itself."),
        (name = "tenants", description = "The tenants of a deployment; for its operator."),
    )
)]
struct Document;

/// The paths of this room.
pub(super) fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
