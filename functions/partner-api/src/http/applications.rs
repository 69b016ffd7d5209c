//! POR-8: strangers apply to a programme; a person of the tenant takes them on, or does not.

mod deciding;
mod form;

pub(crate) use deciding::{__path_approve, __path_decline};
pub(crate) use deciding::{approve, decline};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::application::{Application, ApplicationState};
use domain::email;
use domain::id::{ApplicationId, ProgramId};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::Format;
use edge::http::Origin;
use edge::openapi::Refusals;
use edge::problem::Problem;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::applications::{ApplicationPlace, StoredApplication};
use store::pace::Pace;
use store::programs::record::ProgramRecord;
use store::{TenantKey, Written};
use utoipa::{IntoParams, ToSchema};

use super::page::{self, Listed};
use super::programs;
use super::who::{self, STAFF};
use crate::App;
use form::{Answer, Form, NewApplication};

/// How many applications one programme takes within a minute, and one address or network.
const PROGRAM_USES_MAX: u32 = 60;
const SENDER_USES_MAX: u32 = 5;
const COLUMNS: [&str; 8] =
    ["id", "status", "name", "email", "company", "is_disposable_email", "terms_version", "applied_at"];

/// What an applicant is told, whoever they are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceivedBody {
    /// `received`: a person looks at it, and the answer comes by mail.
    #[schema(example = "received")]
    status: &'static str,
}

/// An application, opened for staff.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApplicationBody {
    id: String,
    program_id: String,
    /// `pending`, `approved` or `declined`.
    #[schema(example = "pending")]
    status: &'static str,
    /// Null where it was erased.
    name: Option<String>,
    /// Null where it was erased.
    email: Option<String>,
    website: Option<String>,
    company: Option<String>,
    answers: Vec<Answer>,
    /// Was the address made to be thrown away?
    is_disposable_email: bool,
    /// The version of the terms that the applicant accepted.
    terms_version: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    applied_at: Timestamp,
    /// The partner that the applicant became.
    partner_id: Option<String>,
    /// What a refused applicant was told.
    reason: Option<String>,
    decided_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
}

impl ApplicationBody {
    fn of(application: &Application, form: Option<Form>) -> Self {
        let (partner_id, reason, decided) = match &application.state {
            ApplicationState::Pending => (None, None, None),
            ApplicationState::Approved { partner, decided } => (Some(partner.to_string()), None, Some(decided)),
            ApplicationState::Declined { reason, decided } => (None, reason.clone(), Some(decided)),
        };
        let decided = decided.cloned();
        let Form { name, email, website, company, answers } = form.clone().unwrap_or_default();
        let is_there = form.is_some();
        Self {
            id: application.id.to_string(),
            program_id: application.program.to_string(),
            status: application.state.word(),
            name: is_there.then_some(name),
            email: is_there.then_some(email),
            website,
            company,
            answers,
            is_disposable_email: application.is_disposable,
            terms_version: application.terms_version.clone(),
            applied_at: application.applied_at,
            partner_id,
            reason,
            decided_at: decided.as_ref().map(|decided| decided.at),
            decided_by: decided.map(|decided| decided.by),
        }
    }
}

/// Which applications, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `pending` when left out, `approved` or `declined`.
    #[param(example = "pending")]
    status: Option<String>,
    /// How many, 1 to 100; 50 when left out: each is opened with the key service.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` for CSV; so does `Accept: text/csv`.
    #[expect(dead_code, reason = "read by the answer's format; here for the documentation")]
    #[param(value_type = Option<String>, example = "csv")]
    format: Option<String>,
}

/// How many applications a page has at most: each is opened by one call of the key service.
const PAGE_MAX: u32 = 100;
const PAGE: u32 = 50;

/// Apply to a program.
///
/// Anybody may, without a key. The answer is the same whether the address is known here or not. A person
/// looks at it, and the decision comes by mail. Sent again, nothing changes.
#[utoipa::path(
    post,
    path = "/v1/programs/{id}/applications",
    tag = "programs",
    params(("id" = String, Path)),
    request_body = NewApplication,
    responses(
        (status = 202, body = ReceivedBody),
        (status = 400, description = "Something in the application is not as declared.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such programme, or one that takes no applications.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The terms are others by now.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too often; try again later.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Something that this needs is away; try again.", body = Problem, content_type = "application/problem+json")
    ),
    security(())
)]
pub(crate) async fn apply(
    State(app): State<App>,
    origin: Origin,
    Segments(id): Segments<String>,
    Body(asked): Body<NewApplication>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let (tenant, record) = open_to_strangers(&app, &id).await?;
    pace_of_sender(&app, &tenant, (&record.program.id, &origin), now).await?;
    let terms = app.store.get_tenant_settings(&tenant).await?.terms_version;
    let (form, digest) = asked.read(&app, terms.as_deref())?;
    let program = record.program.id.clone();
    // Counted for each form that could be kept, whether it is or not: else the answer would say whose address is known.
    pace_of_program(&app, &tenant, &program, now).await?;
    let application = Application {
        id: ApplicationId::of(&program, &digest),
        program,
        email: digest,
        is_disposable: email::is_disposable(&form.email),
        terms_version: terms,
        applied_at: now,
        state: ApplicationState::Pending,
    };
    // Sealed before anybody looks, and written in either case: the time of the answer is the same whoever is known.
    let form_sealed = form::seal(&app, &tenant, &application.id, &form).await?;
    let known = app.store.get_application(&tenant, &application.id).await?;
    let is_new = known.as_ref().is_none_or(|known| known.application.may_be_sent_again(now));
    let version = known.map_or(1, |known| known.version + 1);
    let stored = StoredApplication { application, form_sealed, version };
    if is_new {
        // Of two at once the other's stands: it is the same applicant.
        if app.store.replace_application(&tenant, &stored, None).await? == Written::Yes {
            tracing::info!(application.id = %stored.application.id, program.id = %stored.application.program, "application received");
        }
    } else {
        app.store.repeat_application(&tenant, &stored).await?;
    }
    // Whether there was one already is nobody's business.
    Ok((StatusCode::ACCEPTED, Json(ReceivedBody { status: "received" })).into_response())
}

/// The programme of this id, if strangers may apply to it: of any other nothing is said.
async fn open_to_strangers(app: &App, id: &str) -> Result<(TenantKey, ProgramRecord), Problem> {
    let missing = || Problem::not_found("no such program");
    let id = ProgramId::parse(id).map_err(|_| missing())?;
    let owner = app.store.get_program_owner(&id).await?.ok_or_else(missing)?;
    let tenant = TenantKey::from(&owner);
    let record = app.store.get_program_record_eventually(&tenant, &id).await?.ok_or_else(missing)?;
    if !record.is_open() || !record.takes_applications {
        return Err(missing());
    }
    Ok((tenant, record))
}

/// What anybody can read must not be used without end: counted by whoever sends, as a hash of the minute, for whatever
/// they send.
async fn pace_of_sender(
    app: &App,
    tenant: &TenantKey,
    (program, origin): (&ProgramId, &Origin),
    now: Timestamp,
) -> Result<(), Problem> {
    let Some(address) = &origin.ip else { return Ok(()) };
    let minute = now.as_second().div_euclid(60).to_string();
    let hash = domain::digest::Digest::of(&[program.as_str().as_bytes(), minute.as_bytes(), address.as_bytes()]);
    use_door(app, tenant, (&format!("apply#{hash}"), SENDER_USES_MAX), now).await
}

/// And by programme, for what is an application at all: nobody shuts the door for others with empty forms.
async fn pace_of_program(app: &App, tenant: &TenantKey, program: &ProgramId, now: Timestamp) -> Result<(), Problem> {
    use_door(app, tenant, (&format!("apply#{program}"), PROGRAM_USES_MAX), now).await
}

async fn use_door(app: &App, tenant: &TenantKey, (door, uses_max): (&str, u32), now: Timestamp) -> Result<(), Problem> {
    match app.store.record_use_of_door(tenant, door, now, uses_max).await? {
        Pace::Go => Ok(()),
        Pace::Wait(seconds) => Err(Problem::too_many(seconds)),
    }
}

/// List the applications to a program.
///
/// Of one status, newest first.
#[utoipa::path(
    get,
    path = "/v1/programs/{id}/applications",
    tag = "programs",
    params(
        ("id" = String, Path),
        Asked,
        ("format" = Option<Format>, Query, description = "`csv` for a table.")
    ),
    responses((status = 200, body = Listed<ApplicationBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Segments(id): Segments<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    caller.require(&STAFF)?;
    let limit = asked.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::bad_parameter("limit", format!("must be from 1 to {PAGE_MAX}")));
    }
    let state = asked.status.as_deref().unwrap_or("pending");
    if !ApplicationState::WORDS.contains(&state) {
        return Err(Problem::bad_parameter("status", format!("one of {}", ApplicationState::WORDS.join(", "))));
    }
    let after = page::after(asked.cursor.as_deref(), ApplicationPlace::parse)?;
    let program = programs::existing(&app, &caller, &id).await?;
    let tenant = caller.tenant_key();
    let limit = usize::try_from(limit).unwrap_or(1);
    let found = app.store.list_applications(&tenant, (&program.id, state), limit, after.as_ref()).await?;
    let mut shown = Vec::with_capacity(found.items.len());
    for stored in &found.items {
        shown.push(body_of(&app, &tenant, stored).await?);
    }
    Listed::new(shown, found.next.as_deref()).answer(format, "applications", &COLUMNS)
}

/// Read an application.
#[utoipa::path(
    get,
    path = "/v1/programs/{id}/applications/{application_id}",
    tag = "programs",
    params(("id" = String, Path), ("application_id" = String, Path)),
    responses((status = 200, body = ApplicationBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments((program, id)): Segments<(String, String)>,
) -> Result<Json<ApplicationBody>, Problem> {
    caller.require(&STAFF)?;
    who::own_partner(&caller)?;
    let tenant = caller.tenant_key();
    let stored = existing(&app, &tenant, &id).await?;
    if stored.application.program.as_str() != program {
        return Err(Problem::not_found("no such application"));
    }
    body_of(&app, &tenant, &stored).await.map(Json)
}

async fn existing(app: &App, tenant: &TenantKey, id: &str) -> Result<StoredApplication, Problem> {
    let missing = || Problem::not_found("no such application");
    let id = ApplicationId::parse(id).map_err(|_| missing())?;
    app.store.get_application(tenant, &id).await?.ok_or_else(missing)
}

async fn body_of(app: &App, tenant: &TenantKey, stored: &StoredApplication) -> Result<ApplicationBody, Problem> {
    let form = form::open(app, tenant, stored).await?;
    Ok(ApplicationBody::of(&stored.application, form))
}
