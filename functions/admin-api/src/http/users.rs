//! POR-3: people who sign in: made, listed, changed; never the last admin away.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Deed, Told};
use domain::email::Email;
use domain::id::{MemberId, PartnerId, UserId};
use domain::role::Role;
use domain::time::Timestamp;
use domain::user::{Position, User, UserState, Wanted};
use edge::auth::{Approver, Caller};
use edge::body::{Checked, Query, Segments};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::page::{Listed, limit};
use edge::people::{NewPerson, partner_leaves, too_many_users};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use futures::{StreamExt, TryStreamExt, stream};
use garde::Validate;
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::users::{KeptUser, UserChanged, UserCreated};
use utoipa::{IntoParams, ToSchema};

use super::auth::{people, take_away};
use super::doer;
use crate::App;

/// Who sees who may sign in.
const READERS: &[Role] = &[Role::Admin, Role::Auditor];
const COLUMNS: [&str; 9] =
    ["id", "email", "name", "role", "partner_id", "member_id", "state", "created_at", "changed_at"];
/// How many users are opened at a time.
const AT_A_TIME: usize = 8;

/// Which users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsersQuery {
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// A user.
#[derive(Serialize, ToSchema)]
pub(super) struct UserView {
    /// The id.
    #[schema(example = "usr_01JD4Q0Z0N6Y3V5T6K8R7W2M1A")]
    id: String,
    /// Where they are reached.
    #[schema(example = "ada@example.com")]
    email: String,
    /// What they are called.
    #[schema(example = "Ada")]
    name: Option<String>,
    /// What they may do.
    #[schema(value_type = String, example = "admin")]
    role: Role,
    /// For whom, where the role is partner.
    partner_id: Option<String>,
    /// Who, where the role is member.
    member_id: Option<String>,
    /// `active` or `disabled`.
    #[schema(value_type = String, example = "active")]
    state: UserState,
    /// Since when there is such a user.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When they were last changed.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

/// The user to make.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUserBody {
    /// Where they are reached; it stays theirs.
    #[garde(length(chars, max = 254))]
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    /// What they are called.
    #[serde(default)]
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100, example = "Ada")]
    name: String,
    /// admin, finance_manager, support, auditor, partner or member.
    #[garde(skip)]
    #[schema(value_type = String, example = "finance_manager")]
    role: Role,
    /// For whom; with the role partner alone.
    #[garde(skip)]
    partner_id: Option<String>,
    /// Who; with the role member alone.
    #[garde(skip)]
    member_id: Option<String>,
    /// Whether a sign-in link is sent; true when left out.
    #[serde(default = "yes")]
    #[garde(skip)]
    send_link: bool,
}

/// What is to be otherwise.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeUserBody {
    /// What they are called.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    name: Option<String>,
    /// Another role: it ends their sessions and their own keys.
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// For whom; with the role partner alone.
    #[garde(skip)]
    partner_id: Option<String>,
    /// Who; with the role member alone.
    #[garde(skip)]
    member_id: Option<String>,
    /// `disabled` ends their sessions and their own keys.
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    state: Option<UserState>,
}

fn yes() -> bool {
    true
}

fn missing() -> Problem {
    Problem::not_found("no such user")
}

/// The people who may sign in.
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/users", tag = "users", params(UsersQuery),
    responses((status = 200, description = "A page of users; CSV for `Accept: text/csv`.", body = Listed<UserView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(query): Query<UsersQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let after = query.cursor.as_deref().map(UserId::parse).transpose();
    let after = after.map_err(|_| Problem::bad_parameter("cursor", "not a cursor of this list"))?;
    let tenant = caller.tenant_key();
    let page = app.store.list_users(&tenant, after.as_ref(), limit(query.limit)?).await?;
    let opened = page.items.into_iter().map(|kept| {
        let (app, tenant) = (app.clone(), tenant.clone());
        async move { view(&app, &tenant, &kept).await }
    });
    let data: Vec<UserView> = stream::iter(opened).buffered(AT_A_TIME).try_collect().await?;
    csv::answer(query.format.unwrap_or(accepted), "users", &COLUMNS, Listed { data, next_cursor: page.next })
}

/// Read a user.
#[utoipa::path(
    get, path = "/v1/users/{id}", tag = "users", params(("id" = String, Path, description = "The user's id.")),
    responses((status = 200, description = "The user, with an ETag.", body = UserView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let id = UserId::parse(&id).map_err(|_| missing())?;
    let tenant = caller.tenant_key();
    let kept = app.store.get_user(&tenant, &id).await?.ok_or_else(missing)?;
    answer(&app, &tenant, &kept, StatusCode::OK).await
}

/// Make a user.
///
/// An address is one user's. Unless told otherwise, a sign-in link is sent.
#[utoipa::path(
    post, path = "/v1/users", tag = "users", request_body = NewUserBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "The user, with an ETag.", body = UserView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Checked(body): Checked<NewUserBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let tenant = caller.tenant_key();
    let email = Email::parse(&body.email).map_err(|why| Problem::bad_request("/email", why.to_string()))?;
    let named = (body.partner_id.as_deref(), body.member_id.as_deref());
    let position = position(&app, &tenant, body.role, named).await?;
    let id = UserId::from_ulid(minting.ulid("user"));
    let new = NewPerson { id, position, email, name: body.name.trim().to_owned(), at: minting.at() };
    let people = people(&app)?;
    let (created, kept) = people.create(&tenant, &new, doer(&caller, origin)).await?;
    people.check_partner(&tenant, &new, created).await?;
    if created != UserCreated::Yes {
        // A run that crashed behind its write finds its own user.
        let own = app.store.get_user(&tenant, &new.id).await?.is_some_and(|there| there.user == kept.user);
        if !own {
            return Err(Problem::conflict("another user has this address").kind("address-taken"));
        }
    }
    tracing::info!(user.id = %new.id, role = %body.role, by = %caller.person(), "user created");
    if body.send_link {
        people.ask(&tenant, &new.email, app.clock.now()).await?;
    }
    let mut response = answer(&app, &tenant, &kept, StatusCode::CREATED).await?;
    if let Ok(location) = http::HeaderValue::try_from(format!("/v1/users/{}", new.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Change a user.
///
/// Another role, another partner or `disabled` ends their sessions and their own keys within a minute. Nobody changes
/// their own role or disables themselves, and the last active admin stays one. Nobody comes to a partner for whom twenty
/// sign in (409 `too-many-users`).
#[utoipa::path(
    patch, path = "/v1/users/{id}", tag = "users", request_body = ChangeUserBody,
    params(
        ("id" = String, Path, description = "The user's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read."),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses(
        (status = 200, description = "The user, with an ETag.", body = UserView),
        Refusals, WriteRefusals, Stale
    ),
    security(("bearer" = []))
)]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Segments(id): Segments<String>,
    seen: IfMatch,
    Checked(body): Checked<ChangeUserBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let id = UserId::parse(&id).map_err(|_| missing())?;
    let tenant = caller.tenant_key();
    let before = app.store.get_user(&tenant, &id).await?.ok_or_else(missing)?;
    seen.check(u64::from(before.user.version))?;
    let named = (body.partner_id.as_deref(), body.member_id.as_deref());
    let wanted_position = match body.role {
        Some(role) => Some(position(&app, &tenant, role, named).await?),
        None if named == (None, None) => None,
        None => return Err(Problem::impossible("/role", "say the role with whom it is for")),
    };
    let wanted = Wanted { position: wanted_position, state: body.state };
    // A machine that may do this is no user, and changes none of its own.
    let by = caller.user.clone().unwrap_or_else(|| UserId::from_ulid(caller.key_id.ulid()));
    let changed = before.user.clone().change(&wanted, &by, app.clock.now());
    let changed = changed.map_err(|why| Problem::conflict(why.to_string()).kind("own-rights"))?;
    let name_sealed = match &body.name {
        Some(name) => people(&app)?.seal_name(&tenant, &id, name.trim()).await?,
        None => before.name_sealed.clone(),
    };
    let after = KeptUser { user: changed.user, name_sealed, email_sealed: before.email_sealed.clone() };
    let deed = Deed {
        at: after.user.changed_at,
        actor: doer(&caller, origin),
        action: "user.changed",
        old: told_of(&before.user),
        new: told_of(&after.user),
    };
    let store = app.store.telling(&tenant, Told { aggregate: id.to_string(), deed });
    let written = match after.user.comes_to(&before.user) {
        Some(partner) => store.replace_joining_user(&tenant, (&after, changed.admins), partner).await?,
        None => store.replace_user(&tenant, &after, changed.admins).await?,
    };
    if written != UserChanged::Yes {
        return Err(why_unchanged(&app, &tenant, (written, &after.user), seen).await?);
    }
    tracing::info!(user.id = %id, role = %after.user.position.role(), by = %caller.person(), "user changed");
    answer(&app, &tenant, &after, StatusCode::OK).await
}

async fn why_unchanged(
    app: &App,
    tenant: &TenantKey,
    (written, user): (UserChanged, &User),
    seen: IfMatch,
) -> Result<Problem, Problem> {
    Ok(match (written, &user.position) {
        (UserChanged::LastAdmin, _) => {
            Problem::conflict(domain::user::Refused::LastAdmin.to_string()).kind("last-admin")
        }
        (UserChanged::TooMany, _) => too_many_users(),
        (UserChanged::PartnerGone, Position::Partner { partner_id }) => {
            partner_leaves(&app.store, tenant, partner_id, app.clock.now()).await?
        }
        _ => {
            let now = app.store.get_user(tenant, &user.id).await?.map_or(0, |kept| kept.user.version);
            seen.changed(u64::from(now))
        }
    })
}

/// Take a user's authenticator away.
///
/// For whoever has lost theirs. Nobody takes their own away here. Where approvals need a second factor, so does this.
#[utoipa::path(
    delete, path = "/v1/users/{id}/totp", tag = "users",
    params(
        ("id" = String, Path, description = "The user's id."),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 204, description = "It is gone."), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn remove_totp(
    State(app): State<App>,
    // POR-3: where approvals need it, nobody takes another's second factor away without their own.
    Approver(caller): Approver,
    origin: Origin,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    caller.require(&[Role::Admin])?;
    let id = UserId::parse(&id).map_err(|_| missing())?;
    if caller.user.as_ref() == Some(&id) {
        return Err(Problem::forbidden("take your own away by DELETE /v1/auth/totp, with one of its codes"));
    }
    take_away(&app, &caller, origin, &id).await
}

/// The position that a body names, of a partner or member who is there.
async fn position(
    app: &App,
    tenant: &TenantKey,
    role: Role,
    (partner, member): (Option<&str>, Option<&str>),
) -> Result<Position, Problem> {
    let partner = partner.map(PartnerId::parse).transpose();
    let partner = partner.map_err(|why| Problem::bad_request("/partner_id", why.to_string()))?;
    let member = member.map(MemberId::parse).transpose();
    let member = member.map_err(|why| Problem::bad_request("/member_id", why.to_string()))?;
    let position = Position::of(role, partner, member).map_err(|why| {
        let pointer = match why {
            domain::user::NotAPosition::Role => "/role",
            domain::user::NotAPosition::Partner => "/partner_id",
            domain::user::NotAPosition::Member => "/member_id",
        };
        Problem::impossible(pointer, why.to_string())
    })?;
    match &position {
        Position::Partner { partner_id } if app.store.get_partner(tenant, partner_id).await?.is_none() => {
            Err(Problem::impossible("/partner_id", "no such partner"))
        }
        Position::Member { member_id } if app.store.get_member(tenant, member_id).await?.is_none() => {
            Err(Problem::impossible("/member_id", "no such member"))
        }
        _ => Ok(position),
    }
}

/// What the audit trail is told of a user: nothing personal.
fn told_of(user: &User) -> BTreeMap<String, String> {
    let state = if user.state == UserState::Active { "active" } else { "disabled" };
    let pairs = [("role", user.position.role().to_string()), ("subject", user.subject()), ("state", state.to_owned())];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

async fn answer(app: &App, tenant: &TenantKey, kept: &KeptUser, status: StatusCode) -> Result<Response, Problem> {
    let version = [(ETAG, etag(u64::from(kept.user.version)))];
    Ok((status, version, Json(view(app, tenant, kept).await?)).into_response())
}

async fn view(app: &App, tenant: &TenantKey, kept: &KeptUser) -> Result<UserView, Problem> {
    let opened = people(app)?.open(tenant, kept).await?;
    let (partner_id, member_id) = match &kept.user.position {
        Position::Partner { partner_id } => (Some(partner_id.to_string()), None),
        Position::Member { member_id } => (None, Some(member_id.to_string())),
        Position::Admin | Position::FinanceManager | Position::Support | Position::Auditor => (None, None),
    };
    Ok(UserView {
        id: kept.user.id.to_string(),
        email: opened.email,
        name: opened.name,
        role: kept.user.position.role(),
        partner_id,
        member_id,
        state: kept.user.state,
        created_at: kept.user.created_at,
        changed_at: kept.user.changed_at,
    })
}
