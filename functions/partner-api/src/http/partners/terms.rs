//! OPS-4: the terms that a partner accepts: which version, when, and who of them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::Written;
use store::agreed::Agreed;
use utoipa::ToSchema;

use super::named;
use crate::App;
use crate::http::page::Listed;
use crate::http::trail::Changes;
use crate::http::who::STAFF_AND_PARTNERS;

/// As long as the tenant's settings let a version be.
const VERSION_CHARS_MAX: usize = 40;
const COLUMNS: [&str; 3] = ["version", "accepted_at", "accepted_by"];

/// Which terms a partner accepts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TermsAcceptance {
    /// The version of today: of any other it is told which that is.
    #[schema(max_length = 40, example = "2026-09")]
    version: String,
}

/// Terms that a partner accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedTermsBody {
    /// Which version.
    #[schema(example = "2026-09")]
    version: String,
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
    /// Who of the partner: a user, or a key.
    accepted_by: String,
}

impl From<Agreed> for AcceptedTermsBody {
    fn from(agreed: Agreed) -> Self {
        let Agreed { terms, at, by } = agreed;
        Self { version: terms, accepted_at: at, accepted_by: by }
    }
}

impl TermsAcceptance {
    /// The version, if it is the one that the tenant asks for.
    fn read(&self, asked_for: Option<&str>) -> Result<String, Problem> {
        let mut faults = Faults::default();
        let version = faults.text("/version", &self.version, VERSION_CHARS_MAX);
        let version = faults.finish(Some(version))?;
        match asked_for {
            Some(terms) if terms == version => Ok(version),
            Some(terms) => {
                let why = format!("the terms of today are version {terms}: accept those");
                Err(Problem::unprocessable(why).kind("other-terms"))
            }
            None => Err(Problem::unprocessable("no terms are asked for").kind("no-terms")),
        }
    }
}

/// List the terms that a partner accepted.
///
/// What it accepted when it applied stands with its application.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}/terms",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("format" = Option<String>, Query, description = "`csv` for CSV; so does `Accept: text/csv`."),
    ),
    responses((status = 200, description = "All of them; CSV for `Accept: text/csv`.", body = Listed<AcceptedTermsBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    format: Format,
) -> Result<Response, Problem> {
    caller.require(&STAFF_AND_PARTNERS)?;
    let partner = named(&app, &caller, &id).await?;
    let found = app.store.list_agreed(&caller.tenant_key(), &partner).await?;
    let data: Vec<AcceptedTermsBody> = found.into_iter().map(AcceptedTermsBody::from).collect();
    Listed::new(data, None).answer(format, "terms", &COLUMNS)
}

/// Accept the terms.
///
/// A partner does, for itself, in the version of today. It is kept with the time and who of them it was, and told in the
/// audit. The first time stands: said again it is answered as it was kept.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/terms",
    tag = "partners",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = TermsAcceptance,
    responses((status = 200, description = "Accepted.", body = AcceptedTermsBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn accept(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Segments(id): Segments<String>,
    Body(asked): Body<TermsAcceptance>,
) -> Result<Json<AcceptedTermsBody>, Problem> {
    // Nobody accepts for another: neither an admin nor a machine.
    caller.require(&[Role::Partner])?;
    let partner = named(&app, &caller, &id).await?;
    let tenant = caller.tenant_key();
    let asked_for = app.store.get_tenant_settings(&tenant).await?.terms_version;
    let terms = asked.read(asked_for.as_deref())?;
    let by = caller.user.as_ref().map_or_else(|| caller.key_id.to_string(), ToString::to_string);
    let agreed = Agreed { terms, at: minting.at(), by };
    let told = Changes::default().added("version", &agreed.terms);
    let told = told.told(partner.as_str(), "partner.terms_accepted", (caller.acting(origin), agreed.at));
    if app.store.telling(&tenant, told).record_agreed(&tenant, &partner, &agreed).await? == Written::Yes {
        tracing::info!(partner.id = %partner, by = agreed.by, "terms accepted");
        return Ok(Json(agreed.into()));
    }
    let before = app.store.list_agreed(&tenant, &partner).await?;
    let before = before.into_iter().find(|before| before.terms == agreed.terms);
    let gone = || Problem::conflict("the partner was erased, or is being deleted: nothing is accepted for it any more");
    Ok(Json(before.ok_or_else(gone)?.into()))
}
