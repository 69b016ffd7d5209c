//! Partners.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::error::CaseError;
use cases::risk::habits;
use domain::audit::Actor;
use domain::email::{self, Email};
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::{PartnerId, ProgramId};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, SealingError};
use edge::telemetry::chain;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::{self, Person};
use store::terms::EnrolmentTerms;
use store::{TenantKey, Written};
use utoipa::{IntoParams, ToSchema};

use super::faults::Faults;
use super::page::{self, Listed};
use super::who::{self, Admin, STAFF};
use crate::App;

const GROUPS_MAX: usize = 20;
const GROUP_CHARS_MAX: usize = 64;

/// A partner to be made, in one programme; it is active at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPartner {
    /// The person's or company's name; kept sealed.
    name: String,
    /// Where its mail goes; kept sealed.
    #[schema(format = Email)]
    email: String,
    /// The programme that it enrols in.
    program_id: String,
    /// Its step there.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "tier1")]
    tier: Tier,
    /// Its groups there, each a word of your own; rules can have rates for them.
    #[serde(default)]
    #[schema(example = json!(["gold"]))]
    groups: Vec<String>,
    /// The partner who referred it, for a second tier.
    referrer_id: Option<String>,
}

/// A partner, without what is personal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartnerBody {
    id: String,
    #[schema(value_type = String, example = "active")]
    status: PartnerStatus,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A partner's place in a programme.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnrolmentBody {
    program_id: String,
    #[schema(value_type = String, example = "tier1")]
    tier: Tier,
    #[schema(value_type = String, format = DateTime)]
    enrolled_at: Timestamp,
}

/// A partner with its person and its programmes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartnerDetail {
    #[serde(flatten)]
    partner: PartnerBody,
    /// Null when it was erased.
    name: Option<String>,
    /// Null when it was erased.
    email: Option<String>,
    programs: Vec<EnrolmentBody>,
}

impl From<&Partner> for PartnerBody {
    fn from(partner: &Partner) -> Self {
        Self { id: partner.id.to_string(), status: partner.status, created_at: partner.created_at }
    }
}

impl From<&Enrolment> for EnrolmentBody {
    fn from(enrolment: &Enrolment) -> Self {
        Self { program_id: enrolment.program.to_string(), tier: enrolment.tier, enrolled_at: enrolment.enrolled_at }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List partners.
///
/// Newest first, without what is personal: names and addresses are opened one partner at a time.
#[utoipa::path(
    get,
    path = "/v1/partners",
    tag = "partners",
    params(Asked),
    responses((status = 200, body = Listed<PartnerBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<PartnerBody>>, Problem> {
    caller.require(&STAFF)?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| PartnerId::parse(id).ok())?;
    let page = app.store.list_partners(&caller.tenant_key(), after.as_ref(), limit).await?;
    Ok(Json(Listed::new(page.items.iter().map(PartnerBody::from).collect(), page.next.as_deref())))
}

/// Create a partner.
///
/// It is active and enrolled at once.
#[utoipa::path(
    post,
    path = "/v1/partners",
    tag = "partners",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewPartner,
    responses((status = 201, body = PartnerDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    minting: Minting,
    Body(asked): Body<NewPartner>,
) -> Result<Response, Problem> {
    let (now, tenant) = (minting.at(), caller.tenant_key());
    let mut faults = Faults::default();
    let name = faults.text("/name", &asked.name, 200);
    let email = faults.check("/email", Email::parse(&asked.email));
    let program = faults.check("/program_id", ProgramId::parse(&asked.program_id));
    if let Some(program) = &program
        && app.store.get_program(&tenant, program).await?.is_none()
    {
        faults.note("/program_id", "no such program");
    }
    let terms = terms(&app, &tenant, &asked, &mut faults).await?;
    let (email, program) = faults.finish(email.zip(program))?;
    let partner =
        Partner { id: PartnerId::from_ulid(minting.ulid("partner")), status: PartnerStatus::Active, created_at: now };
    let person = Person {
        email_sealed: seal(&app, &caller, &partner.id, people::EMAIL, email.as_str()).await?,
        name_sealed: seal(&app, &caller, &partner.id, people::NAME, &name).await?,
        recorded_at: now,
    };
    let enrolment = Enrolment { program, tier: asked.tier, enrolled_at: now };
    app.store.create_partner(&tenant, &partner, &person, &enrolment).await?;
    if terms != (EnrolmentTerms { tier: asked.tier, ..EnrolmentTerms::default() })
        && app.store.set_terms(&tenant, &partner.id, &enrolment.program, &terms).await? == Written::ConditionFailed
    {
        return Err(Problem::unavailable("the partner is there, but not yet its terms; send the same request again"));
    }
    // Behind the partner, and done again when the same request comes again: the marks of nobody would make the next
    // partner a duplicate.
    let marks: Vec<Mark> =
        email::digest(email.as_str()).map(|digest| Mark { kind: MarkKind::Email, digest }).into_iter().collect();
    let noticed = habits::record_marks(&app.store, &tenant, &partner.id, &marks, now).await;
    noticed.map_err(|error| marks_missing(&partner.id, error))?;
    tracing::info!(partner.id = %partner.id, program.id = %enrolment.program, by = %caller.subject, "partner created");
    let location = [(LOCATION, format!("/v1/partners/{}", partner.id))];
    let body = PartnerDetail {
        partner: PartnerBody::from(&partner),
        name: Some(name),
        email: Some(email.as_str().to_owned()),
        programs: vec![EnrolmentBody::from(&enrolment)],
    };
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

/// Read a partner.
///
/// A partner reads itself.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}",
    tag = "partners",
    params(("id" = String, Path)),
    responses((status = 200, body = PartnerDetail), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<PartnerDetail>, Problem> {
    let own = who::own_partner(&caller)?;
    let missing = || Problem::not_found("no such partner");
    let id = PartnerId::parse(&id).map_err(|_| missing())?;
    if own.is_some_and(|own| own != id) {
        return Err(missing());
    }
    let tenant = caller.tenant_key();
    let partner = app.store.get_partner(&tenant, &id).await?.ok_or_else(missing)?;
    let enrolments = app.store.list_enrolments(&tenant, &id).await?;
    let (mut name, mut email) = (None, None);
    if let Some(person) = app.store.get_person(&tenant, &id).await? {
        name = Some(open(&app, &caller, &id, people::NAME, &person.name_sealed).await?);
        email = Some(open(&app, &caller, &id, people::EMAIL, &person.email_sealed).await?);
    }
    let programs = enrolments.iter().map(EnrolmentBody::from).collect();
    Ok(Json(PartnerDetail { partner: PartnerBody::from(&partner), name, email, programs }))
}

/// The partner that the path names, if it is there and this caller may know of it.
pub(super) async fn named(app: &App, caller: &Caller, id: &str) -> Result<PartnerId, Problem> {
    let own = who::own_partner(caller)?;
    let missing = || Problem::not_found("no such partner");
    let id = PartnerId::parse(id).map_err(|_| missing())?;
    if own.is_some_and(|own| own != id) {
        return Err(missing());
    }
    app.store.get_partner(&caller.tenant_key(), &id).await?.map(|partner| partner.id).ok_or_else(missing)
}

/// Who acts, for the audit trail.
pub(super) fn actor(caller: &Caller, origin: Origin) -> Actor {
    Actor { role: caller.role, id: caller.subject.clone(), ip: origin.ip, user_agent: origin.user_agent }
}

/// An error of a case, as an answer.
pub(super) fn failed(error: CaseError) -> Problem {
    match error {
        CaseError::Store(error) => error.into(),
        CaseError::Busy => Problem::unavailable("others change this at the moment; try again"),
        error => {
            tracing::error!(reason = chain(&error), "what is known of a partner does not fit together");
            Problem::internal()
        }
    }
}

/// What rules will look at of the partner.
async fn terms(
    app: &App,
    tenant: &TenantKey,
    asked: &NewPartner,
    faults: &mut Faults,
) -> Result<EnrolmentTerms, Problem> {
    if asked.groups.len() > GROUPS_MAX {
        faults.note("/groups", format!("at most {GROUPS_MAX}"));
    }
    let named = asked.groups.iter().take(GROUPS_MAX).enumerate();
    let groups = named.map(|(n, group)| faults.text(&format!("/groups/{n}"), group, GROUP_CHARS_MAX)).collect();
    let referrer = faults.check("/referrer_id", asked.referrer_id.as_deref().map(PartnerId::parse).transpose());
    let referrer = referrer.flatten();
    // COM-13: a share for nobody would be booked to nobody.
    if let Some(referrer) = &referrer
        && app.store.get_partner(tenant, referrer).await?.is_none()
    {
        faults.note("/referrer_id", "no such partner");
    }
    Ok(EnrolmentTerms { tier: asked.tier, groups, referrer })
}

fn marks_missing(id: &PartnerId, error: CaseError) -> Problem {
    match error {
        CaseError::Store(error) => error.into(),
        error => {
            tracing::warn!(partner.id = %id, reason = chain(&error), "marks of a new partner not recorded, request refused");
            Problem::unavailable("the partner is there, but not yet known again; send the same request again")
        }
    }
}

pub(super) async fn seal(
    app: &App,
    caller: &Caller,
    id: &PartnerId,
    field: &str,
    plain: &str,
) -> Result<String, Problem> {
    let belongs = Belongs { tenant: caller.tenant.as_str(), subject: id.as_str(), field };
    let sealed = app.sealer.seal_text(&belongs, plain).await.map_err(|error| not_opened(id, &error))?;
    Ok(sealed.to_string())
}

async fn open(app: &App, caller: &Caller, id: &PartnerId, field: &str, sealed: &str) -> Result<String, Problem> {
    let belongs = Belongs { tenant: caller.tenant.as_str(), subject: id.as_str(), field };
    let sealed: Sealed = sealed.parse().map_err(|error| not_opened(id, &error))?;
    let opened = app.sealer.open_text(&belongs, &sealed).await.map_err(|error| not_opened(id, &error))?;
    Ok(opened.reveal().clone())
}

pub(super) fn not_opened(id: &PartnerId, error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(partner.id = %id, reason, "key service away, request refused");
            Problem::unavailable("personal data cannot be sealed or opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(partner.id = %id, reason, "a sealed value does not open");
            Problem::internal()
        }
    }
}
