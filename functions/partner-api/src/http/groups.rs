//! Groups of partners: a name that enrolments and rules speak of, and the rate that new rule versions take for it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::id::{GroupId, PartnerId};
use domain::rate::Rate;
use domain::rule::in_force;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{self, IfMatch, etag};
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::{Deserialize, Deserializer, Serialize};
use store::groups::Group;
use store::partner_rows::{PartnerRow, RowsAsked};
use store::{TenantKey, Written};
use utoipa::{IntoParams, ToSchema};

use super::page::{self, Listed};
use super::trail::{Changes, or_none};
use super::who::{Admin, STAFF};
use crate::App;

/// The most characters of a group's name.
pub(crate) const NAME_CHARS_MAX: usize = 64;
const DESCRIPTION_CHARS_MAX: usize = 500;
/// The most groups of a tenant: all of them are read at once where a rule is made.
const GROUPS_MAX: usize = 500;
/// How many pages of partners are looked through for one who is in a group.
const PAGES_MAX: usize = 1_000;
const COLUMNS: [&str; 5] = ["id", "name", "description", "default_rate", "created_at"];

/// A group to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    /// What partners and rules call it; it does not change.
    #[schema(example = "gold")]
    name: String,
    /// What it is for.
    description: Option<String>,
    /// The rate that a new rule version takes for the group, where it says none itself: 35 % is "0.35".
    #[schema(example = "0.35")]
    default_rate: Option<String>,
}

/// What is to change of a group; what is left out stays, and null takes it away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedGroup {
    /// What it is for.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// The rate for rule versions from now on; those that are there keep theirs (COM-4).
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "0.35")]
    default_rate: Option<Option<String>>,
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupBody {
    id: String,
    #[schema(example = "gold")]
    name: String,
    description: Option<String>,
    #[schema(example = "0.35")]
    default_rate: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<&Group> for GroupBody {
    fn from(group: &Group) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name.clone(),
            description: group.description.clone(),
            default_rate: group.default_rate.map(|rate| rate.to_string()),
            created_at: group.created_at,
        }
    }
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

/// A field that was named, perhaps with null; absent it is `None`.
///
/// # Errors
/// Not of the field's type.
pub(crate) fn present<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

/// List the groups of partners.
#[utoipa::path(
    get,
    path = "/v1/groups",
    tag = "partners",
    params(Asked, ("format" = Option<Format>, Query, description = "`csv` for a table.")),
    responses((status = 200, body = Listed<GroupBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    caller.require(&STAFF)?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| GroupId::parse(id).ok())?;
    let groups = app.store.list_groups(&caller.tenant_key()).await?;
    let rest: Vec<&Group> =
        groups.iter().filter(|group| after.as_ref().is_none_or(|after| group.id > *after)).collect();
    let shown = &rest[..limit.min(rest.len())];
    let next = shown.last().filter(|_| rest.len() > limit).map(|group| group.id.as_str());
    let page = Listed::new(shown.iter().map(|group| GroupBody::from(*group)).collect(), next);
    page.answer(format, "groups", &COLUMNS)
}

/// Make a group of partners.
///
/// Its name is what enrolments and the `overrides.groups` of rules speak of.
#[utoipa::path(
    post,
    path = "/v1/groups",
    tag = "partners",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewGroup,
    responses((status = 201, body = GroupBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Body(asked): Body<NewGroup>,
) -> Result<Response, Problem> {
    let (now, tenant) = (minting.at(), caller.tenant_key());
    let mut faults = Faults::default();
    let name = faults.text("/name", &asked.name, NAME_CHARS_MAX);
    let description = asked.description.map(|text| faults.text("/description", &text, DESCRIPTION_CHARS_MAX));
    let rate = asked.default_rate.map(|text| faults.check("/default_rate", Rate::parse(&text)));
    let name = faults.finish(Some(name))?;
    let id = GroupId::of(&name);
    let group = Group { id, name, description, default_rate: rate.flatten(), created_at: now, version: 1 };
    if app.store.list_groups(&tenant).await?.len() >= GROUPS_MAX {
        return Err(Problem::unprocessable(format!("a tenant has at most {GROUPS_MAX} groups")).kind("too-many-groups"));
    }
    let changes =
        Changes::default().added("name", &group.name).added("default_rate", or_none(group.default_rate.as_ref()));
    let told = changes.told(&format!("group#{}", group.id), "group.created", (caller.acting(origin), now));
    if app.store.telling(&tenant, told).replace_group(&tenant, &group).await? == Written::ConditionFailed {
        return Err(Problem::conflict("there is a group of this name; change that one").at("/name", "taken"));
    }
    let location = [(LOCATION, format!("/v1/groups/{}", group.id))];
    Ok((StatusCode::CREATED, location, [(ETAG, etag(group.version))], Json(GroupBody::from(&group))).into_response())
}

/// Read a group of partners.
#[utoipa::path(
    get,
    path = "/v1/groups/{id}",
    tag = "partners",
    params(("id" = String, Path)),
    responses((status = 200, body = GroupBody, headers(("ETag" = String, description = "For `If-Match`."))), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    caller.require(&STAFF)?;
    Ok(shown(&existing(&app, &caller.tenant_key(), &id).await?))
}

/// Change a group of partners.
///
/// Its name stays: rules and enrolments speak of it.
#[utoipa::path(
    patch,
    path = "/v1/groups/{id}",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    request_body = ChangedGroup,
    responses(
        (status = 200, body = GroupBody, headers(("ETag" = String, description = "For `If-Match`."))),
        Refusals,
        WriteRefusals,
        Stale
    ),
    security(("bearer" = []))
)]
pub(crate) async fn change(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    Body(asked): Body<ChangedGroup>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    let before = existing(&app, &tenant, &id).await?;
    let mut faults = Faults::default();
    let mut after = Group { version: before.version + 1, ..before.clone() };
    if let Some(text) = asked.description {
        after.description = text.map(|text| faults.text("/description", &text, DESCRIPTION_CHARS_MAX));
    }
    if let Some(text) = asked.default_rate {
        after.default_rate = text.and_then(|text| faults.check("/default_rate", Rate::parse(&text)));
    }
    faults.finish(Some(()))?;
    let description = |group: &Group| group.description.clone().unwrap_or_default();
    let changes = Changes::default().field("description", description(&before), description(&after)).field(
        "default_rate",
        or_none(before.default_rate.as_ref()),
        or_none(after.default_rate.as_ref()),
    );
    if changes.is_empty() {
        return Ok(shown(&before));
    }
    seen.check(before.version)?;
    let told = changes.told(&format!("group#{}", after.id), "group.changed", (caller.acting(origin), minting.at()));
    if app.store.telling(&tenant, told).replace_group(&tenant, &after).await? == Written::ConditionFailed {
        let now = existing(&app, &tenant, &id).await?;
        return Err(revision::changed(before.version, now.version));
    }
    Ok(shown(&after))
}

/// Delete a group of partners.
///
/// Only one that no partner is in, and no rule that holds or is to come speaks of. Versions of before keep the rates that
/// they took of it.
#[utoipa::path(
    delete,
    path = "/v1/groups/{id}",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    responses(
        (status = 204, description = "It is gone."),
        Refusals,
        WriteRefusals,
        Stale
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    let tenant = caller.tenant_key();
    let before = existing(&app, &tenant, &id).await?;
    seen.check(before.version)?;
    in_use(&app, &tenant, &before.name, minting.at()).await?;
    let changes =
        Changes::default().gone("name", &before.name).gone("default_rate", or_none(before.default_rate.as_ref()));
    let by = (caller.acting(origin), minting.at());
    let told = changes.told(&format!("group#{}", before.id), "group.deleted", by);
    if app.store.telling(&tenant, told).delete_group(&tenant, &before).await? == Written::ConditionFailed {
        // Gone by this very request, whose answer was lost; or changed.
        let Some(now) = app.store.get_group(&tenant, &before.id).await? else { return Ok(StatusCode::NO_CONTENT) };
        return Err(revision::changed(before.version, now.version));
    }
    tracing::info!(by = %caller.subject, "group deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses where somebody is in a group, or a rule that holds or is to come speaks of it.
async fn in_use(app: &App, tenant: &TenantKey, name: &str, now: Timestamp) -> Result<(), Problem> {
    for program in app.store.list_programs(tenant).await? {
        let versions = app.store.list_rules(tenant, &program.id).await?;
        let holds = in_force(&versions, now).map(|version| version.effective_from);
        let matter = versions.iter().filter(|version| holds.is_none_or(|holds| version.effective_from >= holds));
        if let Some(version) = matter.into_iter().find(|version| version.terms.overrides.groups.contains_key(name)) {
            let why = format!("rule {} has a rate for this group; make a version without it first", version.id);
            return Err(Problem::conflict(why).kind("group-in-use"));
        }
    }
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let asked = RowsAsked { is_oldest_first: true, after, limit: 1 };
        let is_in = |row: &PartnerRow| row.places.iter().any(|place| place.groups.iter().any(|group| group == name));
        let page = app.store.list_partner_rows(tenant, &asked, true, is_in).await?;
        if let Some(row) = page.items.first() {
            let why = format!("partner {} is in this group; take its partners out of it first", row.partner);
            return Err(Problem::conflict(why).kind("group-in-use"));
        }
        after = page.next.as_deref().and_then(|next| PartnerId::parse(next).ok());
        if after.is_none() {
            return Ok(());
        }
    }
    Err(Problem::unavailable("there are too many partners to look through at once"))
}

/// COM-11: the rates that a new rule version takes for groups, where it says none itself.
pub(crate) async fn rates(app: &App, tenant: &TenantKey) -> Result<BTreeMap<String, Rate>, Problem> {
    let groups = app.store.list_groups(tenant).await?;
    Ok(groups.into_iter().filter_map(|group| Some((group.name, group.default_rate?))).collect())
}

async fn existing(app: &App, tenant: &TenantKey, id: &str) -> Result<Group, Problem> {
    let missing = || Problem::not_found("no such group");
    let id = GroupId::parse(id).map_err(|_| missing())?;
    app.store.get_group(tenant, &id).await?.ok_or_else(missing)
}

fn shown(group: &Group) -> Response {
    ([(ETAG, etag(group.version))], Json(GroupBody::from(group))).into_response()
}
