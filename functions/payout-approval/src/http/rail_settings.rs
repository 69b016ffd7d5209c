//! What the tenant's banks need in their files.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{ChainEnd, Deed, append};
use domain::role::Role;
use edge::auth::Caller;
use edge::body::Body;
use edge::http::Origin;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::header::ETAG;
use store::Written;

use super::{Here, actor};
use crate::export::settings::RailSettings;
use crate::export::{Belonging, seal, settings_at};

/// Where the audit trail of these settings is.
const AGGREGATE: &str = "rail_settings";
/// Who may see them: they say at which bank the tenant is.
const SEERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Auditor];

/// What the tenant's banks need in their files.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/rails", tag = "payouts",
    responses((status = 200, description = "What holds, with its `ETag`; of the own account the last characters.", body = RailSettings), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): Here, caller: Caller) -> Result<Response, Problem> {
    caller.require(SEERS)?;
    let (settings, version) = settings_at(&app, &caller.tenant_key()).await?;
    Ok(answer(settings.shown(), version))
}

/// Say what the tenant's banks need in their files.
///
/// All of it at once: a rail that is left out has no settings any more. Kept sealed. Whoever sets it says what they saw:
/// money would go out by an account that another person has just changed.
#[utoipa::path(
    put, path = "/v1/revenue/payouts/rails", tag = "payouts", request_body = RailSettings,
    params(
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
        ("If-Match" = String, Header, description = "The ETag of what you saw; \"0\" where nothing was set."),
    ),
    responses((status = 200, description = "What holds.", body = RailSettings), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn replace(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    seen: IfMatch,
    Body(body): Body<RailSettings>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    if seen.version().is_none() {
        return Err(Problem::bad_parameter("If-Match", "needed: the ETag that GET /v1/revenue/payouts/rails answers"));
    }
    body.faults().finish(Some(()))?;
    let tenant = caller.tenant_key();
    let before = app.store.get_rail_settings(&tenant).await?.map_or(0, |(_, version)| version);
    seen.check(before)?;
    let plain = serde_json::to_vec(&body).map_err(|_| Problem::internal())?;
    let sealed = seal(&app, &Belonging::of_settings(&tenant), &plain).await?;
    let shown = body.shown();
    let text = serde_json::to_string(&shown).map_err(|_| Problem::internal())?;
    let end = app.store.get_last_told(&tenant, AGGREGATE).await?.map_or(ChainEnd::START, |entry| entry.end());
    let new = BTreeMap::from([("settings".to_owned(), text)]);
    let (at, actor) = (app.clock.now(), actor(&caller, origin));
    let deed = Deed { at, actor, action: "rail_settings.set", old: BTreeMap::new(), new };
    let entry = append(end, AGGREGATE, deed);
    if app.store.replace_rail_settings(&tenant, before, &sealed, &entry).await? == Written::ConditionFailed {
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let last = app.store.get_last_told(&tenant, AGGREGATE).await?;
        if last.is_none_or(|last| last.hash != entry.hash) {
            return Err(Problem::conflict("another person sets this at the same time; look again"));
        }
    }
    tracing::info!(by = %caller.subject, "settings of rails set");
    Ok(answer(shown, before + 1))
}

fn answer(settings: RailSettings, version: u64) -> Response {
    ([(ETAG, etag(version))], Json(settings)).into_response()
}
