//! POR-3: the people who sign in for a partner: invited by an admin or by one of them, and taken away again.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Deed, Told};
use domain::email::Email;
use domain::id::{PartnerId, UserId};
use domain::role::Role;
use domain::time::Timestamp;
use domain::user::{Position, UserState, Wanted};
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::people::{NewPerson, People};
use edge::problem::Problem;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::users::{KeptUser, UserChanged, UserCreated};
use utoipa::{IntoParams, ToSchema};

use super::named;
use crate::App;
use crate::http::page::{self, Listed};

const NAME_CHARS_MAX: usize = 100;
const COLUMNS: [&str; 5] = ["id", "email", "name", "state", "created_at"];

/// Somebody who signs in for a partner.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartnerUserBody {
    #[schema(example = "usr_01JD4Q0Z0N6Y3V5T6K8R7W2M1A")]
    id: String,
    #[schema(example = "ada@partner.example")]
    email: String,
    #[schema(example = "Ada")]
    name: Option<String>,
    /// `active`, or `disabled`: taken away.
    #[schema(value_type = String, example = "active")]
    state: UserState,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Somebody who is to sign in for a partner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPartnerUser {
    /// Where they are reached: a link to sign in goes there. It stays theirs, and is one user's.
    #[schema(max_length = 254, example = "ada@partner.example")]
    email: String,
    /// What they are called.
    #[schema(max_length = 100, example = "Ada")]
    name: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` for CSV; so does `Accept: text/csv`.
    #[expect(dead_code, reason = "read by the answer's format; here for the documentation")]
    #[param(value_type = Option<String>, example = "csv")]
    format: Option<String>,
}

fn people(app: &App) -> People {
    People::new(app.store.clone(), app.sealer.clone(), app.place.public_url.clone())
}

/// Who signs in for a partner is a matter of persons: whatever could make one without being one would become one. A key
/// that is nobody's own, a partner's or an admin's from a shell, is refused as a machine's is.
async fn of_persons(app: &App, caller: &Caller, roles: &[Role], id: &str) -> Result<PartnerId, Problem> {
    let person_needed = || {
        let why = "who signs in is decided by persons, not by machines; sign in, or use a key of your own";
        Problem::forbidden(why).kind("person-needed")
    };
    if caller.role == Role::Service {
        return Err(person_needed());
    }
    caller.require(roles)?;
    // Of another's nothing is told, not even this.
    let partner = named(app, caller, id).await?;
    if caller.user.is_none() { Err(person_needed()) } else { Ok(partner) }
}

/// List the users of a partner.
///
/// Newest first, also those who were taken away.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}/users",
    tag = "partners",
    params(("id" = String, Path), Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<PartnerUserBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let partner = of_persons(&app, &caller, &[Role::Admin, Role::Auditor, Role::Partner], &id).await?;
    let tenant = caller.tenant_key();
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| UserId::parse(id).ok())?;
    let found = app.store.list_partner_users(&tenant, &partner, after.as_ref(), limit).await?;
    let people = people(&app);
    let mut data = Vec::with_capacity(found.items.len());
    for kept in &found.items {
        data.push(shown(&people, &tenant, kept).await?);
    }
    Listed::new(data, found.next.as_deref()).answer(format, "users", &COLUMNS)
}

/// Invite somebody to sign in for a partner.
///
/// An admin does, or somebody who signs in for it. They are sent a link, see and do what the partner may, and the trail
/// tells who invited them. An address is one user's: whoever signs in for something else already is refused.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/users",
    tag = "partners",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewPartnerUser,
    responses((status = 201, body = PartnerUserBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn invite(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Segments(id): Segments<String>,
    Body(asked): Body<NewPartnerUser>,
) -> Result<Response, Problem> {
    let partner_id = of_persons(&app, &caller, &[Role::Admin, Role::Partner], &id).await?;
    let tenant = caller.tenant_key();
    let mut faults = Faults::default();
    let email = faults.check("/email", Email::parse(&asked.email));
    let name = asked.name.map(|name| faults.text("/name", &name, NAME_CHARS_MAX)).unwrap_or_default();
    let email = faults.finish(email)?;
    let user = UserId::from_ulid(minting.ulid("partner-user"));
    let position = Position::Partner { partner_id };
    let new = NewPerson { id: user, position, email, name, at: minting.at() };
    let people = people(&app);
    let (created, kept) = people.create(&tenant, &new, caller.acting(origin)).await?;
    people.check_partner(&tenant, &new, created).await?;
    if created != UserCreated::Yes {
        // A run that crashed behind its write finds its own user.
        let own = app.store.get_user(&tenant, &new.id).await?.is_some_and(|there| there.user == kept.user);
        if !own {
            return Err(Problem::conflict("another user has this address").kind("address-taken").at("/email", "taken"));
        }
    }
    tracing::info!(user.id = %new.id, by = %caller.person(), "somebody invited to sign in for a partner");
    people.ask(&tenant, &new.email, app.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(shown(&people, &tenant, &kept).await?)).into_response())
}

/// Take a user of a partner away.
///
/// Their sessions and their own keys end within a minute; what they did stays theirs. An admin lets them in again by
/// `PATCH /v1/users/{id}`. Nobody takes themselves away.
#[utoipa::path(
    delete,
    path = "/v1/partners/{id}/users/{user_id}",
    tag = "partners",
    params(("id" = String, Path), ("user_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 204, description = "They sign in no more."), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Segments((id, user_id)): Segments<(String, String)>,
) -> Result<StatusCode, Problem> {
    let partner = of_persons(&app, &caller, &[Role::Admin, Role::Partner], &id).await?;
    let tenant = caller.tenant_key();
    let before = of(&app, &tenant, &partner, &user_id).await?;
    if before.user.state == UserState::Disabled {
        return Ok(StatusCode::NO_CONTENT);
    }
    let wanted = Wanted { position: None, state: Some(UserState::Disabled) };
    // A key without a person is nobody's own.
    let by = caller.user.clone().unwrap_or_else(|| UserId::from_ulid(caller.key_id.ulid()));
    let changed = before.user.clone().change(&wanted, &by, minting.at());
    let changed = changed.map_err(|why| Problem::conflict(why.to_string()).kind("own-rights"))?;
    let deed = Deed {
        at: minting.at(),
        actor: caller.acting(origin),
        action: "user.changed",
        old: [("state".to_owned(), "active".to_owned())].into(),
        new: [("state".to_owned(), "disabled".to_owned())].into(),
    };
    let told = Told { aggregate: before.user.id.to_string(), deed };
    let after = KeptUser { user: changed.user, ..before };
    match app.store.telling(&tenant, told).replace_user(&tenant, &after, changed.admins).await? {
        UserChanged::Yes => {
            tracing::info!(user.id = %after.user.id, by = %caller.person(), "somebody signs in for a partner no more");
            Ok(StatusCode::NO_CONTENT)
        }
        UserChanged::ChangedMeanwhile | UserChanged::LastAdmin | UserChanged::PartnerGone | UserChanged::TooMany => {
            Err(Problem::conflict("another person changes this user at the same time; look again"))
        }
    }
}

/// The user of a partner. Another's is as little there as nobody's.
async fn of(app: &App, tenant: &TenantKey, partner: &PartnerId, user: &str) -> Result<KeptUser, Problem> {
    let missing = || Problem::not_found("no such user of this partner");
    let id = UserId::parse(user).map_err(|_| missing())?;
    let kept = app.store.get_user(tenant, &id).await?.ok_or_else(missing)?;
    let is_of = matches!(&kept.user.position, Position::Partner { partner_id } if partner_id == partner);
    if is_of { Ok(kept) } else { Err(missing()) }
}

async fn shown(people: &People, tenant: &TenantKey, kept: &KeptUser) -> Result<PartnerUserBody, Problem> {
    let opened = people.open(tenant, kept).await?;
    Ok(PartnerUserBody {
        id: kept.user.id.to_string(),
        email: opened.email,
        name: opened.name,
        state: kept.user.state,
        created_at: kept.user.created_at,
    })
}
