//! Leads at the desk: who left an address, how promising they are, and what became of them.

mod shown;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::leads::{self, Moved, Step};
use domain::id::{LeadId, ProgramId};
use domain::lead::analytics::add_up;
use domain::lead::{LeadSource, LeadState};
use domain::role::Role;
use domain::time::{BusinessDay, Zone};
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::openapi::{Clashes, Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, SealingError};
use edge::telemetry::chain;
use serde::Deserialize;
use store::leads::{LeadPlace, PERSON, StoredLead};
use utoipa::IntoParams;

use self::shown::{AnalyticsView, COLUMNS, LeadDetail, LeadView, Person, SOURCE_COLUMNS, SourceView};
use super::page::{after, listed};
use super::{DESK, Here, Id, wrong};
use crate::App;

/// Who says that a lead is a customer.
const SELLERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support];
/// How many leads one page looks at before it says where to go on.
const LOOKED_AT_MAX: usize = 2_000;
/// How many leads are read at a time, at most.
const STRIDE: usize = 100;
/// How many days analytics cover when nobody says, and at most.
const DAYS: i32 = 30;
const DAYS_MAX: i64 = 366;

/// Which leads.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only those of this programme.
    program_id: Option<String>,
    /// Only those from this source.
    source: Option<String>,
    /// Only those in this state: `scored`, `qualified`, `converted`, `rejected`, `duplicate`, `erased`.
    state: Option<String>,
    /// How many, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// Which leads are added up.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AnalyticsQuery {
    /// The first UTC day on which they were captured; 30 days back when left out.
    #[param(value_type = Option<String>, format = Date, example = "2026-09-01")]
    from: Option<BusinessDay>,
    /// The last one; today when left out. At most 366 days in all.
    #[param(value_type = Option<String>, format = Date, example = "2026-09-30")]
    to: Option<BusinessDay>,
    /// Only those of this programme.
    program_id: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// List leads, newest first.
///
/// Without what is personal: that is opened one lead at a time. A page looks at 2,000 leads at most: it may hold fewer
/// than asked for, or none, and still have a `next_cursor`.
#[utoipa::path(
    get, path = "/v1/revenue/leads", tag = "leads", params(ListQuery),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<LeadView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let limit = limit(query.limit)?;
    let wanted = Wanted::of(&query)?;
    let mut place = after(query.cursor.as_deref(), LeadPlace::parse)?;
    let (mut rows, mut left, mut next) = (Vec::new(), LOOKED_AT_MAX, None);
    while rows.len() < limit && left > 0 {
        let stride = STRIDE.min(limit.saturating_sub(rows.len()).max(1)).min(left);
        let take = i32::try_from(stride).unwrap_or(1);
        let page = app.store.list_leads(&caller.tenant_key(), take, place.as_ref()).await?;
        left -= page.items.len().clamp(1, left);
        rows.extend(page.items.iter().filter(|stored| wanted.takes(stored)).map(LeadView::from));
        next = page.next;
        place = next.as_deref().and_then(LeadPlace::parse);
        if place.is_none() {
            break;
        }
    }
    csv::answer(query.format.unwrap_or(accepted), "leads", &COLUMNS, listed(rows, next))
}

/// Read a lead, with who it is.
#[utoipa::path(
    get, path = "/v1/revenue/leads/{id}", tag = "leads",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "The lead.", body = LeadDetail), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(
    State(app): Here,
    caller: Caller,
    edge::body::Segments(id): Id,
) -> Result<Json<LeadDetail>, Problem> {
    caller.require(DESK)?;
    let stored = app.store.get_lead(&caller.tenant_key(), &named(&id)?).await?.ok_or_else(no_such)?;
    detail(&app, &caller, &stored).await.map(Json)
}

/// Say that a lead is a customer.
///
/// Who pays under the address converts by that; this is for who buys otherwise.
#[utoipa::path(
    post, path = "/v1/revenue/leads/{id}/convert", tag = "leads",
    params(
        ("id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The lead, converted.", body = LeadDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn convert(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    edge::body::Segments(id): Id,
) -> Result<Json<LeadDetail>, Problem> {
    caller.require(SELLERS)?;
    let stored = step(&app, &caller, origin, &id, Step::Convert).await?;
    detail(&app, &caller, &stored).await.map(Json)
}

/// Erase a lead: everything personal goes.
///
/// What is left names nobody and keeps the counts true. Left again by the same person, the address begins anew.
#[utoipa::path(
    delete, path = "/v1/revenue/leads/{id}", tag = "leads",
    params(
        ("id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 204, description = "Erased."), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn erase(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    edge::body::Segments(id): Id,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    step(&app, &caller, origin, &id, Step::Erase).await?;
    Ok(http::StatusCode::NO_CONTENT.into_response())
}

/// How many leads were captured, how many of those are customers, and how long that took.
///
/// Of the leads that were captured in the span: what happens to one later counts where it was captured. CSV tells the
/// sources, and all of them together.
#[utoipa::path(
    get, path = "/v1/revenue/leads/analytics", tag = "leads", params(AnalyticsQuery),
    responses((status = 200, description = "Added up, in all and by source.", body = AnalyticsView), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(super) async fn analytics(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<AnalyticsQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let (from, to) = span(&query, Zone::utc().day_of(app.clock.now()))?;
    let program = program_of(query.program_id.as_deref())?;
    let days = app.store.list_lead_days(&caller.tenant_key(), from, to).await?;
    let own = days.iter().filter(|day| program.as_ref().is_none_or(|program| *program == day.program));
    let told = add_up(own.map(|day| (&day.source, &day.tally)));
    if query.format.unwrap_or(accepted) == Format::Json {
        return Ok(Json(AnalyticsView::of((from, to), &told)).into_response());
    }
    let sources = told.by_source.iter().map(|(source, tally)| SourceView::of(source.as_str(), tally));
    let rows: Vec<SourceView> = sources.chain([SourceView::of("(all)", &told.all)]).collect();
    csv::answer(Format::Csv, "leads-by-source", &SOURCE_COLUMNS, Listed { data: rows, next_cursor: None })
}

/// A question for the list, checked.
struct Wanted {
    program: Option<ProgramId>,
    source: Option<LeadSource>,
    state: Option<String>,
}

impl Wanted {
    fn of(query: &ListQuery) -> Result<Self, Problem> {
        let source = match query.source.as_deref() {
            None => None,
            Some(text) => {
                Some(LeadSource::parse(text).ok_or_else(|| Problem::bad_parameter("source", "not a source's name"))?)
            }
        };
        if query.state.as_deref().is_some_and(|state| !LeadState::WORDS.contains(&state)) {
            return Err(Problem::bad_parameter("state", format!("one of {}", LeadState::WORDS.join(", "))));
        }
        Ok(Self { program: program_of(query.program_id.as_deref())?, source, state: query.state.clone() })
    }

    fn takes(&self, stored: &StoredLead) -> bool {
        let lead = &stored.lead;
        self.program.as_ref().is_none_or(|program| *program == lead.program)
            && self.source.as_ref().is_none_or(|source| *source == lead.source)
            && self.state.as_deref().is_none_or(|state| state == lead.state.word())
    }
}

fn program_of(text: Option<&str>) -> Result<Option<ProgramId>, Problem> {
    let program = text.map(ProgramId::parse).transpose();
    program.map_err(|error| Problem::bad_parameter("program_id", error.to_string()))
}

fn span(query: &AnalyticsQuery, today: BusinessDay) -> Result<(BusinessDay, BusinessDay), Problem> {
    let to = query.to.unwrap_or(today);
    let from = match query.from {
        Some(from) => from,
        None => to.plus_days(1 - DAYS).map_err(|error| wrong(error.into()))?,
    };
    let days = domain::aging::days_between(from, to).map_err(|error| wrong(error.into()))?;
    if (0..DAYS_MAX).contains(&days) {
        return Ok((from, to));
    }
    Err(Problem::impossible_parameter("to", format!("not before `from`, and at most {DAYS_MAX} days in all")))
}

fn named(id: &str) -> Result<LeadId, Problem> {
    LeadId::parse(id).map_err(|_| no_such())
}

fn no_such() -> Problem {
    Problem::not_found("no such lead")
}

async fn step(app: &App, caller: &Caller, origin: Origin, id: &str, step: Step) -> Result<StoredLead, Problem> {
    let id = named(id)?;
    let actor = caller.acting(origin);
    let by = (&actor, app.clock.now());
    match leads::step(&app.store, &caller.tenant_key(), &id, step, by).await.map_err(wrong)? {
        Moved::Done(stored) => {
            tracing::info!(lead.id = %id, lead.state = stored.lead.state.word(), by = %caller.subject, "lead moved");
            Ok(*stored)
        }
        Moved::NotFound => Err(no_such()),
        Moved::Refused(ended) => Err(Problem::conflict(ended.to_string()).kind("wrong-state")),
    }
}

async fn detail(app: &App, caller: &Caller, stored: &StoredLead) -> Result<LeadDetail, Problem> {
    let id = &stored.lead.id;
    let belongs = Belongs { tenant: caller.tenant.as_str(), subject: id.as_str(), field: PERSON };
    let mut person = Person::default();
    // The piece that is believed first comes first, and there are no more than fields.
    for piece in &stored.person {
        let sealed: Sealed = piece.sealed.parse().map_err(|error| not_opened(id, &error))?;
        let opened = app.sealer.open_text(&belongs, &sealed).await.map_err(|error| not_opened(id, &error))?;
        let said: Person = serde_json::from_str(opened.reveal()).map_err(|error| {
            tracing::error!(lead.id = %id, reason = chain(&error), "what is sealed of a lead cannot be read");
            Problem::internal()
        })?;
        person = person.filled_by(said);
    }
    Ok(LeadDetail::of(LeadView::from(stored), person, &stored.lead))
}

fn not_opened(id: &LeadId, error: &SealingError) -> Problem {
    let reason = chain(error);
    if let SealingError::Unavailable(_) = error {
        tracing::warn!(lead.id = %id, reason, "key service away, request refused");
        return Problem::unavailable("personal data cannot be opened now; try again");
    }
    tracing::error!(lead.id = %id, reason, "a sealed value does not open");
    Problem::internal()
}
