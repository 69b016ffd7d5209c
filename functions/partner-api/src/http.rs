//! The routes, by noun.

mod affiliates;
mod applications;
mod claims;
mod commissions;
pub(crate) mod coupons;
mod dashboard;
mod figures;
mod groups;
mod members;
mod page;
mod partners;
mod payout_methods;
mod payouts;
mod programs;
mod recompute;
mod rules;
mod tax_forms;
mod trail;
mod who;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post};
use edge::api::api;
use edge::idempotency::{honoured, required};
use edge::openapi::Bearer;
use utoipa::OpenApi;

use crate::App;
use crate::sessions::noted;

/// The routes of partner-api.
pub fn routes(app: App) -> Router {
    let routes = working_with()
        .route("/v1/programs", get(programs::list).post(programs::create))
        .route(
            "/v1/programs/{id}",
            get(programs::read).patch(programs::changing::change).delete(programs::deleting::delete),
        )
        .route("/v1/programs/{id}/applications", get(applications::list))
        .route("/v1/programs/{id}/applications/{application_id}", get(applications::read))
        .route("/v1/programs/{id}/rules", get(rules::list).post(rules::create))
        .route("/v1/programs/{id}/rules/dry-run", post(recompute::dry_run))
        .route("/v1/programs/{id}/recompute", get(recompute::list))
        .route("/v1/programs/{id}/recompute/{recompute_id}", get(recompute::read))
        .route("/v1/programs/{id}/recompute/{recompute_id}/differences", get(recompute::differences))
        .route("/v1/partners/{id}/payout-method", get(payout_methods::read).put(payout_methods::replace))
        .route("/v1/members/{id}/bank-info", post(members::bank_info))
        .route("/v1/members/{id}/tax-info", post(members::tax_info))
        .route("/v1/partners/{id}/tax-form", get(tax_forms::read).put(tax_forms::submit))
        .route("/v1/partners/{id}/tax-form/accept", post(tax_forms::accept))
        .route("/v1/partners/{id}/tax-form/withdraw", post(tax_forms::withdraw))
        .route("/v1/partners/dashboard", get(dashboard::read))
        .route("/v1/partners/{id}/earnings", get(figures::earnings::read))
        .route("/v1/partners/revenue/metrics", get(figures::metrics::read))
        .route("/v1/partners/revenue/projection", get(figures::projection::read))
        .route("/v1/partners/revenue/commissions", get(commissions::list))
        .route("/v1/partners/revenue/commissions/{id}", get(commissions::read))
        .route("/v1/partners/revenue/commissions/{id}/explain", get(commissions::explain::read))
        .route("/v1/partners/revenue/payouts", get(payouts::list))
        .route("/v1/partners/revenue/payouts/{id}", get(payouts::read))
        .route("/v1/achievements", get(rules::achievements::list).post(rules::achievements::create))
        .route("/v1/achievements/awards", get(rules::achievements::awards::list))
        .route("/v1/achievements/{id}", patch(rules::achievements::change))
        .route("/v1/claims", get(claims::list::list).post(claims::create))
        .route("/v1/claims/{id}", get(claims::read))
        .route("/v1/claims/{id}/accept", post(claims::judge::accept))
        .route("/v1/claims/{id}/decline", post(claims::judge::decline))
        .route("/v1/coupons", get(coupons::list).post(coupons::create))
        .route("/v1/coupons/{code}", get(coupons::read).delete(coupons::end))
        .route("/v1/coupons/{code}/retry", post(coupons::retry))
        .route("/v1/revenue/affiliates", get(affiliates::list::list).post(affiliates::create))
        .route(
            "/v1/revenue/affiliates/{code}",
            get(affiliates::read).patch(affiliates::change::change).delete(affiliates::change::archive),
        )
        .route("/v1/revenue/affiliates/{code}/qr", get(affiliates::qr::read));
    let routes = routes.route_layer(from_fn_with_state(app.clone(), honoured::<App>));
    let routes = routes.merge(booking(&app)).route_layer(from_fn_with_state(app.clone(), noted));
    // Strangers have no key, so nothing of theirs is kept under one: an application is the same by its address.
    let strangers = Router::new().route("/v1/programs/{id}/applications", post(applications::apply));
    api(routes.merge(strangers), app)
}

/// Who works with the tenant: partners, their places, customers and people, and groups.
fn working_with() -> Router<App> {
    Router::new()
        .route("/v1/partners", get(partners::list::list).post(partners::create))
        .route(
            "/v1/partners/{id}",
            get(partners::read).patch(partners::changing::change).delete(partners::deleting::delete),
        )
        .route("/v1/partners/{id}/approve", post(applications::approve))
        .route("/v1/partners/{id}/decline", post(applications::decline))
        .route("/v1/partners/{id}/suspend", post(partners::standing::suspend))
        .route("/v1/partners/{id}/reinstate", post(partners::standing::reinstate))
        .route("/v1/partners/{id}/enrolments", get(partners::enrolments::list).post(partners::enrolments::create))
        .route("/v1/partners/{id}/enrolments/{program_id}", patch(partners::enrolments::change))
        .route("/v1/partners/{id}/accounts", get(partners::accounts::list).post(partners::accounts::create))
        .route("/v1/partners/{id}/accounts/{customer_id}", delete(partners::accounts::end))
        .route("/v1/partners/{id}/terms", get(partners::terms::list).post(partners::terms::accept))
        .route("/v1/partners/{id}/users", get(partners::users::list).post(partners::users::invite))
        .route("/v1/partners/{id}/users/{user_id}", delete(partners::users::remove))
        .route("/v1/groups", get(groups::list).post(groups::create))
        .route("/v1/groups/{id}", get(groups::read).patch(groups::change).delete(groups::delete))
}

/// What books money is asked for under a key, or not at all. A yes to a claim books money, too, and is served without a key:
/// a claim is decided once, and its sales are paid for once, however often the yes comes.
fn booking(app: &App) -> Router<App> {
    Router::new()
        .route("/v1/programs/{id}/recompute", post(recompute::create))
        .route("/v1/programs/{id}/recompute/{recompute_id}/approve", post(recompute::approve))
        .route("/v1/programs/{id}/recompute/{recompute_id}/reject", post(recompute::reject))
        .route_layer(from_fn_with_state(app.clone(), required::<App>))
}

/// The paths of partner-api in OpenAPI.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Paths::openapi()
}

#[derive(OpenApi)]
#[openapi(
        paths(
            programs::list,
            programs::create,
            programs::read,
            programs::changing::change,
            programs::deleting::delete,
            applications::apply,
            applications::list,
            applications::read,
            applications::approve,
            applications::decline,
            rules::list,
            rules::create,
            recompute::dry_run,
            recompute::create,
            recompute::list,
            recompute::read,
            recompute::differences,
            recompute::approve,
            recompute::reject,
            partners::list::list,
            partners::create,
            partners::read,
            partners::changing::change,
            partners::deleting::delete,
            partners::standing::suspend,
            partners::standing::reinstate,
            partners::enrolments::list,
            partners::enrolments::create,
            partners::enrolments::change,
            partners::accounts::list,
            partners::accounts::create,
            partners::accounts::end,
            partners::terms::list,
            partners::terms::accept,
            partners::users::list,
            partners::users::invite,
            partners::users::remove,
            groups::list,
            groups::create,
            groups::read,
            groups::change,
            groups::delete,
            members::bank_info,
            members::tax_info,
            payout_methods::read,
            payout_methods::replace,
            tax_forms::read,
            tax_forms::submit,
            tax_forms::accept,
            tax_forms::withdraw,
            rules::achievements::list,
            rules::achievements::create,
            rules::achievements::change,
            rules::achievements::awards::list,
            claims::list::list,
            claims::create,
            claims::read,
            claims::judge::accept,
            claims::judge::decline,
            coupons::list,
            coupons::create,
            coupons::read,
            coupons::end,
            coupons::retry,
            affiliates::list::list,
            affiliates::create,
            affiliates::read,
            affiliates::change::change,
            affiliates::change::archive,
            affiliates::qr::read,
            dashboard::read,
            figures::earnings::read,
            figures::metrics::read,
            figures::projection::read,
            commissions::list,
            commissions::read,
            commissions::explain::read,
            payouts::list,
            payouts::read,
        ),
        modifiers(&Bearer)
    )]
struct Paths;
