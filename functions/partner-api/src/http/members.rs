//! What members say of where their award goes and of their tax: a member is paid through a payee, and acts for it here as a
//! partner acts for itself.

use axum::extract::State;
use axum::response::Response;
use domain::id::MemberId;
use domain::role::Role;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::revision::IfMatch;

use super::payout_methods::{self, NewPayoutMethods, PayoutMethodsBody};
use super::tax_forms::{self, NewTaxForm, TaxFormBody};
use crate::App;

/// Set where a member's award goes.
///
/// As a partner's payout methods: the whole list, in its order, and nothing leaves by a new method for 72 hours.
#[utoipa::path(
    post,
    path = "/v1/members/{id}/bank-info",
    tag = "members",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    request_body = NewPayoutMethods,
    responses(
        (status = 200, description = "The methods, in their order.", body = PayoutMethodsBody),
        Refusals,
        WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(crate) async fn bank_info(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    body: Body<NewPayoutMethods>,
) -> Result<Response, Problem> {
    let (caller, payee) = for_payee(&app, caller, &id).await?;
    payout_methods::replace(State(app), caller, origin, minting, seen, Segments(payee), body).await
}

/// Give a member's signed tax form.
///
/// As a partner's. Everything personal is kept sealed.
#[utoipa::path(
    post,
    path = "/v1/members/{id}/tax-info",
    tag = "members",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    request_body = NewTaxForm,
    responses((status = 200, description = "The form.", body = TaxFormBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn tax_info(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    body: Body<NewTaxForm>,
) -> Result<Response, Problem> {
    let (caller, payee) = for_payee(&app, caller, &id).await?;
    tax_forms::submit(State(app), caller, origin, minting, seen, Segments(payee), body).await
}

/// The payee of a member, and who acts for it: a member is to their own payee what a partner is to themselves.
async fn for_payee(app: &App, caller: Caller, id: &str) -> Result<(Caller, String), Problem> {
    let missing = || Problem::not_found("no such member");
    let id = MemberId::parse(id).map_err(|_| missing())?;
    if caller.confined_to().is_some_and(|own| own != id.as_str()) {
        return Err(missing());
    }
    caller.require(&[Role::Admin, Role::FinanceManager, Role::Member])?;
    if app.store.get_member(&caller.tenant_key(), &id).await?.is_none() {
        return Err(missing());
    }
    let payee = id.payee().to_string();
    let caller = match caller.role {
        Role::Member => Caller { role: Role::Partner, subject: payee.clone(), ..caller },
        _ => caller,
    };
    Ok((caller, payee))
}
