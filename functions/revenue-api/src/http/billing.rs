//! Billing by our own API: customers, plans, subscriptions, payments that failed; and sales tax.

pub(super) mod customers;
pub(super) mod failed;
pub(super) mod plans;
pub(super) mod subscriptions;
pub(super) mod tax;
mod told;

use axum::Router;
use axum::routing::{get, post, put};
use domain::role::Role;
use edge::auth::Caller;
use edge::idempotency::Minting;
use edge::problem::Problem;
use stripe::Key;
use utoipa::OpenApi;

use crate::App;
use crate::billing::Billing;

/// Who looks at what is billed: the desk, and the machines of the tenant.
const READERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor, Role::Service];
/// Who bills.
const BILLERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Service];

/// The paths that write under an idempotency key, or read.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/revenue/customers", get(customers::list).post(customers::create))
        .route("/v1/revenue/customers/{id}", get(customers::read).patch(customers::change))
        .route("/v1/revenue/customers/{id}/payment-method", put(customers::pay_with))
        .route("/v1/revenue/plans", get(plans::list).post(plans::create))
        .route("/v1/revenue/subscriptions", get(subscriptions::list).post(subscriptions::create))
        .route("/v1/revenue/subscriptions/{id}", get(subscriptions::read).patch(subscriptions::change))
        .route("/v1/revenue/subscriptions/{id}/cancel", post(subscriptions::cancel))
        .route("/v1/revenue/payments/failed", get(failed::list))
        .route("/v1/revenue/tax/rates", get(tax::rates::list).post(tax::rates::create))
}

/// The path that computes and writes nothing: it needs no key.
pub(super) fn pure_routes() -> Router<App> {
    Router::new().route("/v1/revenue/tax/calculate", post(tax::calculate))
}

#[derive(OpenApi)]
#[openapi(
    paths(
        customers::list,
        customers::create,
        customers::read,
        customers::change,
        customers::pay_with,
        plans::list,
        plans::create,
        subscriptions::list,
        subscriptions::create,
        subscriptions::read,
        subscriptions::change,
        subscriptions::cancel,
        failed::list,
        tax::rates::list,
        tax::rates::create,
        tax::calculate,
    ),
    tags(
        (name = "billing", description = "Customers, plans and subscriptions at Stripe, and payments that failed."),
        (name = "tax", description = "Sales tax and VAT by jurisdiction.")
    )
)]
pub(super) struct Document;

/// The billing of this deployment.
///
/// # Errors
/// It has none.
fn billing(app: &App) -> Result<&Billing, Problem> {
    app.billing.as_ref().ok_or_else(|| Problem::unavailable("billing is not set up here").kind("billing-not-set-up"))
}

/// What a write is called at Stripe: by the request that causes it, so that sent twice it is done once.
fn key_of(caller: &Caller, minting: &Minting, step: &str) -> Key {
    Key::of(&caller.tenant, &minting.ulid("billing").to_string(), step)
}
