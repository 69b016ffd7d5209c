//! OPS-3: who did what to which thing, as a list and as a table, and the proof that nobody changed it afterwards.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cases::audit::proof::{self, Proved, Resume};
use cases::audit::row::{AuditRow, COLUMNS};
use cases::audit::{self, Span, Wanted};
use domain::audit::{Actor, AuditEntry, Breach, entity_of};
use domain::role::Role;
use domain::time::{BusinessDay, Timestamp, Zone};
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::openapi::{Bearer, Clashes, Refusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::audit::AuditPlace;
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::App;

/// Who reads the audit: it tells addresses of colleagues, which partners and support have no need of.
const READERS: &[Role] = &[Role::Admin, Role::Auditor];
/// How far back a list or a proof goes where nobody says.
const DAYS_SHIPPED: i32 = 30;
/// How long a filter may be.
const CHARS_MAX: usize = 200;

/// The routes: nothing is written here.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/v1/audit", get(list)).route("/v1/audit/verify", get(verify))
}

#[derive(OpenApi)]
#[openapi(
    paths(list, verify),
    modifiers(&Bearer),
    tags((name = "audit", description = "Who did what to which thing, and the proof that nobody changed it afterwards."))
)]
struct Document;

/// The paths of the audit.
pub(super) fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Only of this kind of thing: `program`, `partner`, `payout`, `api_key`, `settings`, …
    entity: Option<String>,
    /// Only of this one. Faster than any other filter: its own trail is read.
    entity_id: Option<String>,
    /// Only by this user, partner or key: also what a partner's user or key did for the partner.
    actor: Option<String>,
    /// Only this action, such as `rule.created`; with a `*` at its end whatever begins so: `payout.*`.
    action: Option<String>,
    /// From this instant or day (UTC) on; thirty days back when left out.
    #[param(value_type = Option<String>, example = "2026-09-01")]
    from: Option<String>,
    /// Up to, and not with, this instant or day (UTC); now when left out.
    #[param(value_type = Option<String>, example = "2026-10-01")]
    to: Option<String>,
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// Who acted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditActorView {
    /// In which role.
    #[schema(example = "admin")]
    role: &'static str,
    /// The user, partner or key.
    id: String,
    /// From which address; null where nobody came over HTTP.
    ip: Option<String>,
    /// With which program.
    user_agent: Option<String>,
    /// Who it was of those who may act as `id`: a partner's user, or the key. Left out where `id` is the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "usr_01JD4Q0Z0N6Y3V5T6K8R7W2M1A")]
    person: Option<String>,
}

/// One entry. SHA-256 over its canonical JSON (RFC 8785) without `hash`, `entity` and `entity_id` is `hash`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEntryView {
    /// In which form it is hashed.
    v: u32,
    /// The chain that it is of.
    aggregate: String,
    /// Its number there, from 1, without gaps.
    no: u32,
    /// The kind of thing.
    #[schema(example = "program")]
    entity: String,
    /// Which one.
    entity_id: String,
    #[schema(format = DateTime)]
    at: String,
    actor: AuditActorView,
    /// What was done.
    #[schema(example = "rule.created")]
    action: String,
    /// What it was before, without secrets.
    old: BTreeMap<String, String>,
    /// What it is now, without secrets.
    new: BTreeMap<String, String>,
    /// The hash of the entry before it in its chain; zeros for the first.
    previous: String,
    /// The hash of this entry.
    hash: String,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        let entity = entity_of(&entry.aggregate);
        let (kind, id) = (entity.kind.to_owned(), entity.id.to_owned());
        let AuditEntry { v, aggregate, no, at, actor, action, old, new, previous, hash } = entry;
        let Actor { role, id: actor_id, ip, user_agent, person } = actor;
        let actor = AuditActorView { role: role.word(), id: actor_id, ip, user_agent, person };
        let (previous, hash) = (previous.to_hex(), hash.to_hex());
        Self { v, aggregate, no, entity: kind, entity_id: id, at, actor, action, old, new, previous, hash }
    }
}

/// Who did what.
///
/// Newest first. A page may have fewer than asked for, and `next_cursor` all the same: go on until there is none.
#[utoipa::path(
    get, path = "/v1/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page of entries; CSV for `Accept: text/csv`.", body = Listed<AuditEntryView>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let span = span_of(&app, query.from.as_deref(), query.to.as_deref())?;
    let (limit, after) = (limit(query.limit)?, query.cursor.as_deref().map(place_of).transpose()?);
    let wanted = Wanted {
        kind: filter("entity", query.entity)?,
        id: filter("entity_id", query.entity_id)?,
        actor: filter("actor", query.actor)?,
        action: filter("action", query.action)?,
    };
    let page = audit::page(&app.store, &caller.tenant_key(), (&wanted, span), after, limit).await?;
    let next_cursor = page.next.map(|next| URL_SAFE_NO_PAD.encode(next));
    if query.format.unwrap_or(accepted) == Format::Csv {
        let data: Vec<AuditRow> = page.items.iter().map(AuditRow::from).collect();
        return csv::answer(Format::Csv, "audit", &COLUMNS, Listed { data, next_cursor });
    }
    let data: Vec<AuditEntryView> = page.items.into_iter().map(AuditEntryView::from).collect();
    csv::answer(Format::Json, "audit", &COLUMNS, Listed { data, next_cursor })
}

/// Which days are proved.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofQuery {
    /// From this instant or day (UTC) on; thirty days back when left out. Days are proved whole.
    #[param(value_type = Option<String>, example = "2026-09-01")]
    from: Option<String>,
    /// Up to, and not with, this instant or day (UTC); now when left out.
    #[param(value_type = Option<String>, example = "2026-10-01")]
    to: Option<String>,
    /// Where to go on: `next_cursor` of the answer before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
}

/// What does not fit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnfitView {
    /// The chain; `day#…` where the entries of a day are not those that were sealed.
    aggregate: String,
    /// The kind of thing.
    entity: String,
    /// Which one.
    entity_id: String,
    /// The number of the first entry that is not as it must be.
    no: u32,
    /// What is wrong with it.
    what: &'static str,
    /// The hash that must be there.
    expected: String,
    /// The hash that is there; zeros where nothing is.
    found: String,
}

impl From<Breach> for UnfitView {
    fn from(breach: Breach) -> Self {
        let entity = entity_of(&breach.aggregate);
        Self {
            entity: entity.kind.to_owned(),
            entity_id: entity.id.to_owned(),
            no: breach.no,
            what: breach.what,
            expected: breach.expected.to_hex(),
            found: breach.found.to_hex(),
            aggregate: breach.aggregate,
        }
    }
}

/// What was proved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProofView {
    /// Whether everything that was read fits.
    intact: bool,
    /// How many entries were read.
    entries: u64,
    /// How many days were read to their end.
    days: u64,
    /// How many of these were compared with the seal that was kept of them elsewhere, two days after.
    sealed_days: u64,
    /// The first thing that does not fit; null where everything does.
    breach: Option<UnfitView>,
    /// Days are left: ask again with `?cursor=`. Null at the end.
    next_cursor: Option<String>,
}

/// Prove the audit.
///
/// Every entry of the days against the one before it in its chain, and each sealed day against its seal. A day
/// whose seal must be there and is not is a breach. Bounded: where days
/// are left, `next_cursor` says where to go on. Without a network, over an export: `tributary audit verify FILE`.
#[utoipa::path(
    get, path = "/v1/audit/verify", tag = "audit", params(ProofQuery),
    responses((status = 200, description = "What was proved.", body = ProofView), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(super) async fn verify(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ProofQuery>,
) -> Result<Json<ProofView>, Problem> {
    caller.require(READERS)?;
    let span = span_of(&app, query.from.as_deref(), query.to.as_deref())?;
    let resume = query.cursor.as_deref().map(|cursor| text_of(cursor).and_then(|text| Resume::parse(&text)));
    let resume = resume.map(|resume| resume.ok_or_else(bad_cursor)).transpose()?;
    let proved = proof::prove(&app.store, &caller.tenant_key(), span, resume, app.clock.now()).await?;
    let Proved { entries, days, sealed_days, breach, next } = proved;
    if let Some(breach) = &breach {
        tracing::error!(tenant.id = %caller.tenant, breach = %breach, "the audit is not intact");
    }
    let next_cursor = next.map(|next| URL_SAFE_NO_PAD.encode(next.text()));
    let intact = breach.is_none();
    Ok(Json(ProofView { intact, entries, days, sealed_days, breach: breach.map(UnfitView::from), next_cursor }))
}

fn span_of(app: &App, from: Option<&str>, to: Option<&str>) -> Result<Span, Problem> {
    let now = app.clock.now();
    let to = to.map(|text| instant("to", text)).transpose()?;
    // What is told at this very instant is told too.
    let to = to.unwrap_or_else(|| Timestamp::from_millisecond(now.as_millisecond() + 1).unwrap_or(now));
    let from = match from {
        Some(text) => instant("from", text)?,
        None => {
            let day = Zone::utc().day_of(to).plus_days(-DAYS_SHIPPED).and_then(|day| Zone::utc().start_of(day));
            day.map_err(|_| Problem::impossible_parameter("to", "too early"))?
        }
    };
    if from > to {
        return Err(Problem::impossible_parameter("from", "not after `to`"));
    }
    Ok(Span { from, to })
}

fn instant(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let bad = || Problem::bad_parameter(name, "an instant such as 2026-09-03T10:00:00Z, or a day such as 2026-09-03");
    let day = BusinessDay::parse(text).and_then(|day| Zone::utc().start_of(day));
    let instant = match day {
        Ok(instant) => instant,
        Err(_) => text.parse::<Timestamp>().map_err(|_| bad())?,
    };
    // Beyond these years there are no days to list.
    let is_listed = BusinessDay::parse(instant.to_string().get(..10).unwrap_or_default()).is_ok();
    if is_listed { Ok(instant) } else { Err(bad()) }
}

fn filter(name: &str, asked: Option<String>) -> Result<Option<String>, Problem> {
    let is_fine = |text: &String| !text.is_empty() && text.len() <= CHARS_MAX;
    if asked.as_ref().is_some_and(|text| !is_fine(text)) {
        return Err(Problem::bad_parameter(name, format!("1 to {CHARS_MAX} characters")));
    }
    Ok(asked)
}

fn text_of(cursor: &str) -> Option<String> {
    URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

fn place_of(cursor: &str) -> Result<AuditPlace, Problem> {
    text_of(cursor).as_deref().and_then(AuditPlace::parse).ok_or_else(bad_cursor)
}

fn bad_cursor() -> Problem {
    Problem::bad_parameter("cursor", "not a cursor of this list")
}
