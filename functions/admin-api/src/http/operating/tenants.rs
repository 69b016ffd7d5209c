//! The tenants of a deployment: only its operator makes them and sees that there are others.

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use domain::audit::{Actor, ChainEnd, Deed, Told, append};
use domain::id::{KeyId, TenantId, UserId};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::{Caller, hash_of, mint};
use edge::body::{Body, Query};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::{Minting, ShownOnce};
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use http::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::api_keys::{ApiKey, ApiKeyCreated, KeyTerms};
use store::settings::KeptSettings;
use store::settings::tenants::RegisteredTenant;
use store::{TenantKey, Written};
use utoipa::{IntoParams, ToSchema};

use super::settings::{SettingsBody, told};
use crate::App;
use crate::http::actor;

/// What the first admin's key is called.
const FIRST_KEY: &str = "first admin";
/// How long it is good.
const FIRST_KEY_LASTS: SignedDuration = SignedDuration::from_hours(30 * 24);
const COLUMNS: [&str; 4] = ["id", "name", "ledger_zone", "created_at"];

/// Which tenants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TenantsQuery {
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TenantView {
    /// Its id.
    #[schema(example = "ten_01JD4Q0Z0N6Y3V5T6K8R7W2M1A")]
    id: String,
    /// What people call it; empty until somebody says.
    #[schema(example = "Acme")]
    name: String,
    /// The zone in which holds end and nights are counted.
    #[schema(example = "Europe/Berlin")]
    ledger_zone: String,
    /// Null where nobody created it but its first key, or the deployment itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
}

impl TenantView {
    fn of(tenant: &RegisteredTenant, kept: &KeptSettings) -> Self {
        Self {
            id: tenant.id.to_string(),
            name: kept.general.name.clone(),
            ledger_zone: kept.ledger_zone.name().to_owned(),
            created_at: tenant.created_at,
        }
    }
}

/// A tenant that was made, and the key of its first admin.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewTenantView {
    #[serde(flatten)]
    tenant: TenantView,
    /// The API key of its first admin, good for 30 days and shown this once: only its hash is kept. Empty where the same
    /// request is sent again.
    first_admin_key: String,
}

/// The tenant to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    name: String,
    /// An IANA zone; UTC when left out. It can be set until something is booked.
    #[schema(example = "Europe/Berlin")]
    ledger_zone: Option<String>,
}

/// The tenants of the deployment.
///
/// The default one first, then as they were made.
#[utoipa::path(
    get, path = "/v1/tenants", tag = "tenants", params(TenantsQuery),
    responses(
        (status = 200, description = "A page of tenants; CSV for `Accept: text/csv`.", body = Listed<TenantView>),
        Refusals
    ),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(query): Query<TenantsQuery>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Operator])?;
    let limit = limit(query.limit)?;
    let after = query.cursor.as_deref().map(TenantId::parse).transpose();
    let after = after.map_err(|_| Problem::bad_parameter("cursor", "the next_cursor of a page"))?;
    let all = app.store.list_registered_tenants().await?;
    let mut rest = all.into_iter().skip_while(|tenant| after.as_ref().is_some_and(|after| tenant.id <= *after));
    let page: Vec<RegisteredTenant> = rest.by_ref().take(limit).collect();
    let next_cursor = rest.next().and(page.last()).map(|last| last.id.to_string());
    let mut data = Vec::with_capacity(page.len());
    for tenant in &page {
        let kept = app.store.get_kept_settings(&TenantKey::from(&tenant.id)).await?;
        data.push(TenantView::of(tenant, &kept));
    }
    csv::answer(query.format.unwrap_or(accepted), "tenants", &COLUMNS, Listed { data, next_cursor })
}

/// Make a tenant.
///
/// Answers with the API key of its first admin, shown this once. What one tenant has, no other sees.
#[utoipa::path(
    post, path = "/v1/tenants", tag = "tenants", request_body = TenantBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses(
        (status = 201, description = "The tenant, and its first admin's key.", body = NewTenantView),
        Refusals, WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Body(body): Body<TenantBody>,
) -> Result<(StatusCode, Extension<ShownOnce>, Json<NewTenantView>), Problem> {
    caller.require(&[Role::Operator])?;
    let TenantBody { name, ledger_zone } = body;
    let asked = SettingsBody::of_new(name, ledger_zone);
    let settings = asked.over(&KeptSettings::default())?;
    let at = minting.at();
    let id = TenantId::from_ulid(minting.ulid("tenant"));
    let tenant = TenantKey::from(&id);
    let new = told(&settings);
    let deed = Deed { at, actor: actor(&caller, origin), action: "tenant.created", old: Default::default(), new };
    let by = deed.actor.clone();
    let entry = append(ChainEnd::START, id.as_str(), deed);
    if app.store.create_tenant(&tenant, &settings, at, &entry).await? == Written::ConditionFailed
        && app.store.get_last_told(&tenant, id.as_str()).await?.is_none_or(|last| last.hash != entry.hash)
    {
        // Ids come from the idempotency key: only a first run that died before its answer was kept stands there.
        return Err(Problem::conflict("this tenant is there already"));
    }
    let key = first_key(&app, &tenant, &minting, by).await?;
    tracing::info!(tenant.id = %id, by = %caller.subject, "tenant created");
    let registered = RegisteredTenant { id, created_at: Some(at) };
    let tenant = TenantView::of(&registered, &settings);
    let view = NewTenantView { tenant, first_admin_key: key };
    Ok((StatusCode::CREATED, Extension(ShownOnce("first_admin_key")), Json(view)))
}

/// A key for the tenant's first admin, at random: a run that takes over from one that died makes another, and nobody ever
/// saw the first.
async fn first_key(app: &App, tenant: &TenantKey, minting: &Minting, by: Actor) -> Result<String, Problem> {
    let (text, at) = (mint(tenant.tenant()), minting.at());
    // It is for making the first users, who sign in; nobody is behind it whom one could disable.
    let expires_at = at.saturating_add(FIRST_KEY_LASTS).map_err(|_| Problem::internal())?;
    let key = ApiKey {
        id: KeyId::from_ulid(edge::random::ulid(minting.at())),
        tenant: tenant.tenant().clone(),
        role: Role::Admin,
        subject: UserId::from_ulid(minting.ulid("first admin")).to_string(),
        name: FIRST_KEY.to_owned(),
        created_at: minting.at(),
        revoked_at: None,
        terms: KeyTerms { expires_at: Some(expires_at), ..KeyTerms::default() },
    };
    let told = Told::new(key.id.to_string(), by, at, "api_key.created")
        .is("role", key.role)
        .is("subject", &key.subject)
        .is("name", &key.name);
    match app.store.telling(tenant, told).create_api_key(tenant, &hash_of(text.reveal()), &key).await? {
        ApiKeyCreated::Created => Ok(text.reveal().clone()),
        ApiKeyCreated::AlreadyThere => Err(Problem::unavailable("the key could not be made; try again")),
    }
}
