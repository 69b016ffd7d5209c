//! The routes, by noun.

mod affiliates;
mod commissions;
mod coupons;
mod dashboard;
mod faults;
mod members;
mod page;
mod partners;
mod payout_methods;
mod payouts;
mod programs;
mod recompute;
mod rules;
mod tax_forms;
mod who;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use edge::http::{Cors, border};
use edge::idempotency::honoured;
use edge::openapi::Bearer;
use utoipa::OpenApi;

use crate::App;
use crate::sessions::noted;

/// The routes of partner-api.
pub fn routes(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/programs", get(programs::list).post(programs::create))
        .route("/v1/programs/{id}", get(programs::read))
        .route("/v1/programs/{id}/rules", get(rules::list).post(rules::create))
        .route("/v1/programs/{id}/rules/dry-run", post(recompute::dry_run))
        .route("/v1/programs/{id}/recompute", get(recompute::list).post(recompute::create))
        .route("/v1/programs/{id}/recompute/{recompute_id}", get(recompute::read))
        .route("/v1/programs/{id}/recompute/{recompute_id}/differences", get(recompute::differences))
        .route("/v1/programs/{id}/recompute/{recompute_id}/approve", post(recompute::approve))
        .route("/v1/programs/{id}/recompute/{recompute_id}/reject", post(recompute::reject))
        .route("/v1/partners", get(partners::list).post(partners::create))
        .route("/v1/partners/{id}", get(partners::read))
        .route("/v1/partners/{id}/payout-method", get(payout_methods::read).put(payout_methods::replace))
        .route("/v1/members/{id}/bank-info", post(members::bank_info))
        .route("/v1/members/{id}/tax-info", post(members::tax_info))
        .route("/v1/partners/{id}/tax-form", get(tax_forms::read).put(tax_forms::submit))
        .route("/v1/partners/{id}/tax-form/accept", post(tax_forms::accept))
        .route("/v1/partners/{id}/tax-form/withdraw", post(tax_forms::withdraw))
        .route("/v1/partners/dashboard", get(dashboard::read))
        .route("/v1/partners/revenue/commissions", get(commissions::list))
        .route("/v1/partners/revenue/commissions/{id}", get(commissions::read))
        .route("/v1/partners/revenue/commissions/{id}/explain", get(commissions::explain::read))
        .route("/v1/partners/revenue/payouts", get(payouts::list))
        .route("/v1/partners/revenue/payouts/{id}", get(payouts::read))
        .route("/v1/coupons", get(coupons::list).post(coupons::create))
        .route("/v1/coupons/{code}", delete(coupons::end))
        .route("/v1/revenue/affiliates", get(affiliates::list).post(affiliates::create))
        .route("/v1/revenue/affiliates/{code}", get(affiliates::read));
    let routes = routes.route_layer(from_fn_with_state(app.clone(), honoured::<App>));
    let routes = routes.route_layer(from_fn_with_state(app.clone(), noted));
    border(routes.with_state(app), Cors::Nobody)
}

/// The paths of partner-api in OpenAPI.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        paths(
            programs::list,
            programs::create,
            programs::read,
            rules::list,
            rules::create,
            recompute::dry_run,
            recompute::create,
            recompute::list,
            recompute::read,
            recompute::differences,
            recompute::approve,
            recompute::reject,
            partners::list,
            partners::create,
            partners::read,
            members::bank_info,
            members::tax_info,
            payout_methods::read,
            payout_methods::replace,
            tax_forms::read,
            tax_forms::submit,
            tax_forms::accept,
            tax_forms::withdraw,
            coupons::list,
            coupons::create,
            coupons::end,
            affiliates::list,
            affiliates::create,
            affiliates::read,
            dashboard::read,
            commissions::list,
            commissions::read,
            commissions::explain::read,
            payouts::list,
            payouts::read,
        ),
        modifiers(&Bearer)
    )]
    struct Paths;
    Paths::openapi()
}
