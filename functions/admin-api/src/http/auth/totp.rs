//! The second factor: codes of an authenticator app. Its secret is shown once and lies sealed; a code is taken once.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Deed, Told};
use domain::id::UserId;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::auth::totp::{SECRET_BYTES, base32, fresh, step_of, wait_after};
use edge::body::Body;
use edge::http::Origin;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::authenticators::{Authenticator, AuthenticatorState, SECRET};
use store::calls::Allowance;
use store::{Store, Written};
use utoipa::ToSchema;

use super::sessions::{current, told, transport_of};
use super::{people, within};
use crate::App;
use crate::http::doer;

/// Codes that a person may try within five minutes: of a million codes three are good at a time.
const CODES: Allowance = Allowance { kind: "codes", calls_max: 5, window_s: 300 };
/// How fresh a code must be for the authenticator to be taken away.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// A new authenticator, shown once.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct EnrolledView {
    /// The secret in base32, for typing.
    #[schema(example = "JBSWY3DPEHPK3PXP")]
    secret: String,
    /// The same for a QR code.
    #[schema(example = "otpauth://totp/Tributary:usr_…?secret=…")]
    otpauth_uri: String,
}

/// A code of an authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CodeBody {
    /// Six digits.
    #[schema(min_length = 6, max_length = 6, example = "287082")]
    code: String,
}

/// Begin with an authenticator.
///
/// The secret is shown this once. It counts from the first right code on (`/v1/auth/totp/confirm`); until then it can be
/// begun anew.
#[utoipa::path(
    post, path = "/v1/auth/totp", tag = "sign-in",
    responses((status = 201, description = "The secret, to be scanned or typed.", body = EnrolledView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn enrol(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
) -> Result<(StatusCode, Json<EnrolledView>), Problem> {
    let (user, _, _) = current(&app, &caller).await?;
    let tenant = caller.tenant_key();
    let secret = fresh();
    debug_assert_eq!(secret.reveal().len(), SECRET_BYTES);
    let secret_sealed = people(&app)?.seal_bytes(&tenant, (&user.id, SECRET), secret.reveal()).await?;
    let authenticator = Authenticator {
        user: user.id.clone(),
        secret_sealed,
        state: AuthenticatorState::Pending,
        created_at: app.clock.now(),
        refused: 0,
        refused_at: None,
    };
    let store = telling(&app, &caller, origin, (&user.id, "authenticator.enrolled"));
    if store.record_authenticator(&tenant, &authenticator).await? == Written::ConditionFailed {
        let detail = "there is an authenticator already; take it away first, with one of its codes";
        return Err(Problem::conflict(detail).kind("authenticator-there"));
    }
    let secret = base32(secret.reveal());
    let otpauth_uri = format!("otpauth://totp/Tributary:{}?secret={}&issuer=Tributary", user.id, secret.reveal());
    Ok((StatusCode::CREATED, Json(EnrolledView { secret: secret.reveal().clone(), otpauth_uri })))
}

/// Confirm an authenticator by its first code.
#[utoipa::path(
    post, path = "/v1/auth/totp/confirm", tag = "sign-in", request_body = CodeBody,
    responses(
        (status = 200, description = "It counts from now on; the session has its second factor, and another text.", body = super::shapes::SignedInView),
        Refusals, WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(in crate::http) async fn confirm(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    headers: HeaderMap,
    Body(body): Body<CodeBody>,
) -> Result<Response, Problem> {
    give(&app, &caller, (origin, &headers), (&body, true)).await
}

/// Give the session its second factor.
///
/// A code is taken once, and five may be tried within five minutes. After five refused in a row there is a wait, which
/// doubles with each further one, up to a day (429). The session gets another text.
#[utoipa::path(
    post, path = "/v1/auth/totp/verify", tag = "sign-in", request_body = CodeBody,
    responses(
        (status = 200, description = "The session has its second factor, and another text.", body = super::shapes::SignedInView),
        Refusals, WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(in crate::http) async fn verify(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    headers: HeaderMap,
    Body(body): Body<CodeBody>,
) -> Result<Response, Problem> {
    give(&app, &caller, (origin, &headers), (&body, false)).await
}

/// Take the own authenticator away.
///
/// The session must have been given a code within the last five minutes. Who has lost theirs asks an admin.
#[utoipa::path(
    delete, path = "/v1/auth/totp", tag = "sign-in",
    responses((status = 204, description = "It is gone."), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn remove(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
) -> Result<StatusCode, Problem> {
    let (user, _, _) = current(&app, &caller).await?;
    if !caller.has_second_factor(app.clock.now(), FRESH) {
        return Err(Problem::forbidden("give a code first: POST /v1/auth/totp/verify").kind("second-factor-needed"));
    }
    take_away(&app, &caller, origin, &user.id).await
}

/// Takes a person's authenticator away, and tells who did.
pub(in crate::http) async fn take_away(
    app: &App,
    caller: &Caller,
    origin: Origin,
    user: &UserId,
) -> Result<StatusCode, Problem> {
    let store = telling(app, caller, origin, (user, "authenticator.removed"));
    match store.delete_authenticator(&caller.tenant_key(), user).await? {
        Written::Yes => Ok(StatusCode::NO_CONTENT),
        Written::ConditionFailed => Err(Problem::not_found("there is no authenticator")),
    }
}

async fn give(
    app: &App,
    caller: &Caller,
    (origin, headers): (Origin, &HeaderMap),
    (body, confirms): (&CodeBody, bool),
) -> Result<Response, Problem> {
    let (user, session, presented) = current(app, caller).await?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    within(app, &tenant, user.id.as_str(), (&CODES, now)).await?;
    let wanted = if confirms { AuthenticatorState::Pending } else { AuthenticatorState::Confirmed };
    let found = app.store.get_authenticator(&tenant, &user.id).await?;
    let Some(authenticator) = found.filter(|found| found.state == wanted) else {
        let what = if confirms { "none that waits for its first code" } else { "none that counts" };
        return Err(Problem::conflict(format!("there is no authenticator, or {what}")).kind("no-authenticator"));
    };
    hold_back(&authenticator, now)?;
    let people = people(app)?;
    let secret = people.open_bytes(&tenant, (&user.id, SECRET), &authenticator.secret_sealed).await?;
    let step = step_of(secret.reveal(), &body.code, now);
    let told_as = |action| telling(app, caller, origin.clone(), (&user.id, action));
    let store = if confirms { told_as("authenticator.confirmed") } else { app.store.clone() };
    let taken = match step {
        Some(step) => store.record_code(&tenant, &authenticator, (step, confirms)).await?,
        None => Written::ConditionFailed,
    };
    if taken == Written::ConditionFailed {
        // A wrong code and one that was taken already are counted and answered the same.
        let refused = told_as("authenticator.code_refused");
        let _: Written = refused.record_code_refused(&tenant, &authenticator, now).await?;
        return Err(Problem::unprocessable("this code is not good now; wait for the next one").kind("code-refused"));
    }
    // More may be done now than before: what was carried until now may not do it.
    let rotated = if session.hash == presented { people.rotate(&tenant, session, (now, true)).await? } else { None };
    let Some(signed_in) = rotated else {
        return Err(Problem::conflict("the session got another text meanwhile; send the next code with that one"));
    };
    app.gate.forget(&presented);
    tracing::info!(session.id = %signed_in.session.id, "second factor given");
    Ok(told(&user, &signed_in, (StatusCode::OK, transport_of(headers)), now).into_response())
}

/// POR-7: while the wait after refused codes lasts, none is looked at, not even a good one.
fn hold_back(authenticator: &Authenticator, now: Timestamp) -> Result<(), Problem> {
    let until = authenticator.refused_at.and_then(|at| at.checked_add(wait_after(authenticator.refused)).ok());
    let left_s = until.map_or(0, |until| until.duration_since(now).as_secs());
    let left_s = u32::try_from(left_s).unwrap_or(0);
    if left_s == 0 { Ok(()) } else { Err(Problem::too_many(left_s).kind("code-wait")) }
}

fn telling(app: &App, caller: &Caller, origin: Origin, (user, action): (&UserId, &'static str)) -> Store {
    let actor = doer(caller, origin);
    let deed = Deed { at: app.clock.now(), actor, action, old: BTreeMap::new(), new: BTreeMap::new() };
    app.store.telling(&caller.tenant_key(), Told { aggregate: user.to_string(), deed })
}
