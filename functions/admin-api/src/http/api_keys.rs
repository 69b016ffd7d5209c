//! API-4: keys of machines, of persons and of pages. Shown once; only their hash is kept.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::audit::{Deed, Told};
use domain::id::{KeyId, PartnerId, ProgramId};
use domain::role::Role;
use domain::scope::{Scope, Scopes};
use domain::time::Timestamp;
use edge::auth::{Caller, Credential, hash_of, mint};
use edge::body::{Checked, Query, Segments};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::ShownOnce;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use edge::random;
use garde::Validate;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::api_keys::{ApiKey, ApiKeyCreated, ApiKeyRevoked, KeyTerms};
use utoipa::{IntoParams, ToSchema};

use super::doer;
use crate::App;

/// Who sees everybody's keys; the others see their own.
const READERS: &[Role] = &[Role::Admin, Role::Auditor];
const COLUMNS: [&str; 10] =
    ["id", "name", "kind", "role", "subject", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"];
const SCOPES_MAX: usize = 32;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A machine's: it opens what its scopes name.
    Service,
    /// A person's own: it does what the person may, as the person.
    Personal,
    /// A partner's own machine's: it does what the partner may, over its own.
    Partner,
    /// A page's: everybody can read it, and it leaves leads with one programme.
    Publishable,
}

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct KeysQuery {
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// A key; never its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyView {
    /// Its id.
    #[schema(example = "key_01JD4Q0Z0N6Y3V5T6K8R7W2M1A")]
    id: String,
    /// What people call it.
    #[schema(example = "our server")]
    name: String,
    /// What it is for.
    kind: Kind,
    /// What it may do.
    #[schema(value_type = String, example = "service")]
    role: Role,
    /// Who or what its bearer is.
    subject: String,
    /// What a machine's key opens, with blanks between; null where it is not confined so.
    #[schema(example = "leads:read track:write")]
    scopes: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewKeyView {
    #[serde(flatten)]
    key: KeyView,
    /// Its text, shown this once.
    #[schema(example = "trb_…")]
    secret: String,
}

/// The key to make.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKeyBody {
    /// What people call it.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "our server")]
    name: String,
    /// What it is for.
    #[garde(skip)]
    kind: Kind,
    /// What a machine's key opens: an area, a colon, `read` or `write`.
    #[serde(default)]
    #[garde(length(max = SCOPES_MAX))]
    #[schema(max_items = 32, example = json!(["track:write", "leads:read"]))]
    scopes: Vec<String>,
    /// The partner of a partner's key.
    #[garde(skip)]
    partner_id: Option<String>,
    /// The programme of a page's key.
    #[garde(skip)]
    program_id: Option<String>,
    /// When it ends by itself; never when left out.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

fn missing() -> Problem {
    Problem::not_found("no such key")
}

/// The keys.
///
/// Newest first. Admins and auditors see everybody's; others see their own, so that a page may be short and not the last.
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "api-keys", params(KeysQuery),
    responses((status = 200, description = "A page of keys; CSV for `Accept: text/csv`.", body = Listed<KeyView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(query): Query<KeysQuery>,
) -> Result<Response, Problem> {
    let sees_all = caller.require(READERS).is_ok();
    if !sees_all && caller.user.is_none() {
        return caller.require(READERS).map(IntoResponse::into_response);
    }
    let after = query.cursor.as_deref().map(KeyId::parse).transpose();
    let after = after.map_err(|_| Problem::bad_parameter("cursor", "not a cursor of this list"))?;
    let tenant = caller.tenant_key();
    let page = app.store.list_api_keys(&tenant, after.as_ref(), limit(query.limit)?).await?;
    let used = match (page.items.last(), page.items.first()) {
        (Some(oldest), Some(newest)) => app.store.list_api_keys_used(&tenant, (&oldest.id, &newest.id)).await?,
        _ => BTreeMap::new(),
    };
    let shown = page.items.iter().filter(|key| sees_all || is_own(&caller, key));
    let data = shown.map(|key| KeyView::of(key, used.get(&key.id).copied())).collect();
    csv::answer(query.format.unwrap_or(accepted), "api-keys", &COLUMNS, Listed { data, next_cursor: page.next })
}

/// Make a key.
///
/// Its text is shown this once. A machine's and a page's key are an admin's to make; a personal one is made by whoever is
/// signed in, for themselves.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "api-keys", request_body = NewKeyBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "The key, with its text.", body = NewKeyView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Checked(body): Checked<NewKeyBody>,
) -> Result<(StatusCode, Extension<ShownOnce>, Json<NewKeyView>), Problem> {
    let now = app.clock.now();
    if body.expires_at.is_some_and(|end| end <= now) {
        return Err(Problem::impossible("/expires_at", "must lie in the future"));
    }
    let key = match body.kind {
        Kind::Service => of_machine(&caller, &body, now)?,
        Kind::Personal => of_person(&app, &caller, &body, now).await?,
        Kind::Partner => of_partner(&app, &caller, &body, now).await?,
        Kind::Publishable => of_page(&app, &caller, &body, now).await?,
    };
    let text = mint(&caller.tenant);
    let new = [("kind", format!("{:?}", body.kind).to_lowercase()), ("subject", key.subject.clone())];
    let new = new.into_iter().chain([("scopes", scopes_text(&key).unwrap_or_default())]);
    let new = new.map(|(name, value)| (name.to_owned(), value)).collect();
    let deed = Deed { at: now, actor: doer(&caller, origin), action: "api_key.created", old: BTreeMap::new(), new };
    let tenant = caller.tenant_key();
    let store = app.store.telling(&tenant, Told { aggregate: key.id.to_string(), deed });
    match store.create_api_key(&tenant, &hash_of(text.reveal()), &key).await? {
        ApiKeyCreated::Created => {}
        ApiKeyCreated::AlreadyThere => return Err(Problem::unavailable("a key of this id exists; try again")),
    }
    tracing::info!(key.id = %key.id, role = %key.role, by = %caller.person(), "API key created");
    let view = NewKeyView { key: KeyView::of(&key, None), secret: text.reveal().clone() };
    Ok((StatusCode::CREATED, Extension(ShownOnce("secret")), Json(view)))
}

/// Revoke a key.
///
/// One's own, or any as an admin. It is refused everywhere within a minute. Revoked twice, the first time stands.
#[utoipa::path(
    delete, path = "/v1/api-keys/{id}", tag = "api-keys",
    params(
        ("id" = String, Path, description = "The key's id."),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 204, description = "It is revoked."), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    if matches!(caller.role, Role::Operator | Role::Service) {
        caller.require(&[Role::Admin])?;
    }
    let id = KeyId::parse(&id).map_err(|_| missing())?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    if caller.role != Role::Admin && caller.user.is_none() {
        return caller.require(&[Role::Admin]).map(|()| StatusCode::NO_CONTENT);
    }
    let hash = app.store.find_api_key(&tenant, &id).await?.ok_or_else(missing)?;
    let key = app.store.get_api_key(&tenant, &hash).await?.ok_or_else(missing)?;
    if caller.role != Role::Admin && !is_own(&caller, &key) {
        return Err(missing());
    }
    let deed = Deed {
        at: now,
        actor: doer(&caller, origin),
        action: "api_key.revoked",
        old: BTreeMap::new(),
        new: BTreeMap::new(),
    };
    let store = app.store.telling(&tenant, Told { aggregate: id.to_string(), deed });
    match store.record_api_key_revoked(&tenant, &hash, now).await? {
        ApiKeyRevoked::Revoked => {
            app.gate.forget(&hash);
            tracing::info!(key.id = %id, by = %caller.person(), "API key revoked");
            Ok(StatusCode::NO_CONTENT)
        }
        ApiKeyRevoked::NotThere => Err(missing()),
    }
}

fn is_own(caller: &Caller, key: &ApiKey) -> bool {
    let person = key.terms.person.as_ref().map(|(person, _)| person);
    person.is_some() && person == caller.user.as_ref()
}

/// API-4: a machine's key: it has scopes, or it opens nothing.
fn of_machine(caller: &Caller, body: &NewKeyBody, now: Timestamp) -> Result<ApiKey, Problem> {
    caller.require(&[Role::Admin])?;
    only(body, Kind::Service)?;
    let mut scopes = Scopes::new();
    for (no, text) in body.scopes.iter().enumerate() {
        let known = || Scope::all().map(|scope| scope.to_string()).collect::<Vec<_>>().join(", ");
        let scope = Scope::parse(text)
            .map_err(|why| Problem::bad_request(format!("/scopes/{no}"), format!("{why}; there are {}", known())))?;
        scopes.insert(scope);
    }
    if scopes.is_empty() {
        return Err(Problem::impossible("/scopes", "a machine's key needs at least one scope"));
    }
    let id = KeyId::from_ulid(random::ulid(now));
    // A machine is itself: it is nobody's second person, and its deeds are told under its key.
    let subject = id.to_string();
    let terms = KeyTerms { scopes: Some(scopes), ..terms(caller, body) };
    Ok(key(caller, (id, Role::Service, subject), body, (terms, now)))
}

/// POR-3: a person's own key: the person stays one, and it ends when what they may do changes.
async fn of_person(app: &App, caller: &Caller, body: &NewKeyBody, now: Timestamp) -> Result<ApiKey, Problem> {
    only(body, Kind::Personal)?;
    // A key that could make keys would outlive its own revocation.
    let (Credential::Session { .. }, Some(user)) = (&caller.credential, &caller.user) else {
        return Err(Problem::forbidden("a personal key is made by whoever is signed in").kind("session-needed"));
    };
    let kept = app.store.get_user(&caller.tenant_key(), user).await?.ok_or_else(Problem::internal)?;
    let terms = KeyTerms { person: Some((user.clone(), kept.user.epoch)), ..terms(caller, body) };
    let id = KeyId::from_ulid(random::ulid(now));
    Ok(key(caller, (id, caller.role, caller.subject.clone()), body, (terms, now)))
}

/// A partner's key: an admin gives it to the partner's own machine.
async fn of_partner(app: &App, caller: &Caller, body: &NewKeyBody, now: Timestamp) -> Result<ApiKey, Problem> {
    caller.require(&[Role::Admin])?;
    only(body, Kind::Partner)?;
    let named = body.partner_id.as_deref();
    let named = named.ok_or_else(|| Problem::impossible("/partner_id", "a partner's key needs its partner"))?;
    let partner = PartnerId::parse(named).map_err(|why| Problem::bad_request("/partner_id", why.to_string()))?;
    if app.store.get_partner(&caller.tenant_key(), &partner).await?.is_none() {
        return Err(Problem::impossible("/partner_id", "no such partner"));
    }
    // OPS-4: nobody is left who could hold it.
    if app.store.get_subject(&caller.tenant_key(), partner.as_str()).await?.erased.is_some() {
        return Err(Problem::impossible("/partner_id", "the partner was erased"));
    }
    let id = KeyId::from_ulid(random::ulid(now));
    Ok(key(caller, (id, Role::Partner, partner.to_string()), body, (terms(caller, body), now)))
}

/// REV-6: a page's key, of one programme.
async fn of_page(app: &App, caller: &Caller, body: &NewKeyBody, now: Timestamp) -> Result<ApiKey, Problem> {
    caller.require(&[Role::Admin])?;
    only(body, Kind::Publishable)?;
    let named = body.program_id.as_deref();
    let named = named.ok_or_else(|| Problem::impossible("/program_id", "a page's key needs its programme"))?;
    let program = ProgramId::parse(named).map_err(|why| Problem::bad_request("/program_id", why.to_string()))?;
    if app.store.get_program(&caller.tenant_key(), &program).await?.is_none() {
        return Err(Problem::impossible("/program_id", "no such programme"));
    }
    let id = KeyId::from_ulid(random::ulid(now));
    Ok(key(caller, (id, Role::Publishable, program.to_string()), body, (terms(caller, body), now)))
}

/// What belongs to another kind of key is refused: it would be thought to confine this one.
fn only(body: &NewKeyBody, kind: Kind) -> Result<(), Problem> {
    let given = [
        ("/scopes", Kind::Service, !body.scopes.is_empty(), "only a machine's key has scopes"),
        ("/partner_id", Kind::Partner, body.partner_id.is_some(), "only a partner's key has a partner"),
        ("/program_id", Kind::Publishable, body.program_id.is_some(), "only a page's key has a programme"),
    ];
    match given.into_iter().find(|(_, of, is_given, _)| *is_given && *of != kind) {
        Some((pointer, _, _, why)) => Err(Problem::impossible(pointer, why)),
        None => Ok(()),
    }
}

fn terms(caller: &Caller, body: &NewKeyBody) -> KeyTerms {
    KeyTerms { expires_at: body.expires_at, created_by: caller.user.clone(), ..KeyTerms::default() }
}

fn key(
    caller: &Caller,
    (id, role, subject): (KeyId, Role, String),
    body: &NewKeyBody,
    (terms, created_at): (KeyTerms, Timestamp),
) -> ApiKey {
    let (tenant, name) = (caller.tenant.clone(), body.name.clone());
    ApiKey { id, tenant, role, subject, name, created_at, revoked_at: None, terms }
}

fn scopes_text(key: &ApiKey) -> Option<String> {
    let scopes = key.terms.scopes.as_ref()?;
    Some(scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

impl KeyView {
    fn of(key: &ApiKey, last_used_at: Option<Timestamp>) -> Self {
        let kind = match key.role {
            Role::Service => Kind::Service,
            Role::Publishable => Kind::Publishable,
            // A partner's person has a key of their own; a partner's machine has one of nobody's.
            Role::Partner if key.terms.person.is_none() => Kind::Partner,
            _ => Kind::Personal,
        };
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            kind,
            role: key.role,
            subject: key.subject.clone(),
            scopes: scopes_text(key),
            created_at: key.created_at,
            expires_at: key.terms.expires_at,
            last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}
