//! Partners.

pub(crate) mod accounts;
pub(crate) mod changing;
pub(crate) mod deleting;
pub(crate) mod enrolments;
pub(crate) mod list;
pub(crate) mod sealed;
pub(crate) mod standing;
pub(crate) mod terms;
pub(crate) mod users;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::error::CaseError;
use cases::risk::habits;
use domain::email::{self, Email};
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::PartnerId;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::revision::etag;
use edge::telemetry::chain;
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::partners::record::{EnrolmentRecord, PartnerRecord};
use store::partners::{Partner, PartnerStatus, Tier};
use store::people::{self, Particulars, Person};
use utoipa::ToSchema;

use super::trail::{Changes, joined, or_none};
use super::who::{self, Admin};
use crate::App;
use crate::destination::Destination;
pub(crate) use sealed::{Opened, opened, seal, seal_maybe};

const NAME_CHARS_MAX: usize = 200;
const TAGS_MAX: usize = 20;
const TAG_CHARS_MAX: usize = 64;

/// A partner to be made, in one programme; it is active at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPartner {
    /// The person's or company's name; kept sealed.
    name: String,
    /// Where its mail goes; kept sealed.
    #[schema(format = Email)]
    email: String,
    /// The company it works for; kept sealed.
    company: Option<String>,
    /// Its page; kept sealed.
    #[schema(example = "https://ada.example/")]
    website: Option<String>,
    /// The programme that it enrols in.
    program_id: String,
    /// Its step there.
    #[serde(default, deserialize_with = "edge::body::or_default")]
    #[schema(value_type = Option<String>, example = "tier1")]
    tier: Tier,
    /// Its groups there, each a word of your own; rules can have rates for them.
    #[serde(default)]
    #[schema(example = json!(["gold"]))]
    groups: Vec<String>,
    /// Words of your own to find it by.
    #[serde(default)]
    #[schema(example = json!(["newsletter"]))]
    tags: Vec<String>,
    /// The partner who referred it, for a second tier.
    referrer_id: Option<String>,
}

/// A partner's place in a programme.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnrolmentBody {
    program_id: String,
    #[schema(value_type = String, example = "tier1")]
    tier: Tier,
    groups: Vec<String>,
    /// Who referred the partner there.
    referrer_id: Option<String>,
    #[schema(value_type = String, example = "active")]
    status: PartnerStatus,
    #[schema(value_type = String, format = DateTime)]
    enrolled_at: Timestamp,
}

/// A partner with its person and its programmes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartnerDetail {
    id: String,
    #[schema(value_type = String, example = "active")]
    status: PartnerStatus,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Null when it was erased.
    name: Option<String>,
    /// Null when it was erased.
    email: Option<String>,
    company: Option<String>,
    website: Option<String>,
    programs: Vec<EnrolmentBody>,
    /// What only staff sees.
    #[serde(flatten)]
    for_staff: Option<ForStaff>,
}

/// What only staff sees of a partner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForStaff {
    /// Words of your own.
    tags: Vec<String>,
    /// What staff notes of it.
    notes: Option<String>,
    /// Why it is suspended.
    suspended_reason: Option<String>,
}

impl From<&EnrolmentRecord> for EnrolmentBody {
    fn from(enrolment: &EnrolmentRecord) -> Self {
        Self {
            program_id: enrolment.program.to_string(),
            tier: enrolment.tier,
            groups: enrolment.groups.clone(),
            referrer_id: enrolment.referrer.as_ref().map(ToString::to_string),
            status: enrolment.status,
            enrolled_at: enrolment.enrolled_at,
        }
    }
}

impl PartnerDetail {
    fn of(record: &PartnerRecord, person: Opened, caller: &Caller) -> Self {
        let Opened { name, email, company, website, notes } = person;
        let for_staff = || ForStaff { tags: record.tags.clone(), notes, suspended_reason: record.reason.clone() };
        Self {
            id: record.partner.id.to_string(),
            status: record.partner.status,
            created_at: record.partner.created_at,
            name,
            email,
            company,
            website,
            programs: record.enrolments.iter().map(EnrolmentBody::from).collect(),
            for_staff: caller.confined_to().is_none().then(for_staff),
        }
    }
}

/// What is read of a new partner.
struct Read {
    record: PartnerRecord,
    person: Opened,
    email: Email,
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
    origin: Origin,
    minting: Minting,
    Body(asked): Body<NewPartner>,
) -> Result<Response, Problem> {
    let (now, tenant) = (minting.at(), caller.tenant_key());
    let Read { record, person, email } = asked.read(&app, &tenant, minting).await?;
    let id = &record.partner.id;
    let sealed = sealed_of(&app, &caller, id, &person, now).await?;
    let words = person.words(&app, &tenant).await?;
    let told = made(&record).told(id.as_str(), "partner.created", (caller.acting(origin), now));
    let store = app.store.telling(&tenant, told);
    store.create_partner_record(&tenant, &record, (&sealed.0, &sealed.1), &words).await?;
    note_address(&app, &tenant, (id, email.as_str()), now).await?;
    tracing::info!(partner.id = %id, by = %caller.subject, "partner created");
    let location = [(LOCATION, format!("/v1/partners/{id}"))];
    let body = PartnerDetail::of(&record, person, &caller);
    Ok((StatusCode::CREATED, location, [(ETAG, etag(record.version))], Json(body)).into_response())
}

impl NewPartner {
    async fn read(self, app: &App, tenant: &TenantKey, minting: Minting) -> Result<Read, Problem> {
        let now = minting.at();
        let mut faults = Faults::default();
        let name = faults.text("/name", &self.name, NAME_CHARS_MAX);
        let email = faults.check("/email", Email::parse(&self.email));
        let company = self.company.map(|company| faults.text("/company", &company, NAME_CHARS_MAX));
        let website = self.website.and_then(|website| page(app, &mut faults, &website));
        let program = enrolments::open_program(app, tenant, &self.program_id, &mut faults).await?;
        let groups = enrolments::groups(&mut faults, "/groups", &self.groups);
        let tags = tags(&mut faults, &self.tags);
        let referrer = faults.check("/referrer_id", self.referrer_id.as_deref().map(PartnerId::parse).transpose());
        let referrer = referrer.flatten();
        // COM-13: a share for nobody would be booked to nobody.
        if let (Some(program), Some(referrer)) = (&program, &referrer) {
            enrolments::check_referrer(app, tenant, (None, program), referrer, &mut faults).await?;
        }
        let (email, program) = faults.finish(email.zip(program))?;
        let (status, enrolled_at) = (PartnerStatus::Active, now);
        let place = EnrolmentRecord { program, tier: self.tier, groups, referrer, status, enrolled_at };
        let partner = Partner { id: PartnerId::from_ulid(minting.ulid("partner")), status, created_at: now };
        let record = PartnerRecord { tags, ..PartnerRecord::new(partner, vec![place]) };
        let (name, address) = (Some(name), Some(email.as_str().to_owned()));
        Ok(Read { record, person: Opened { name, email: address, company, website, notes: None }, email })
    }
}

/// A person, sealed for a partner.
pub(crate) async fn sealed_of(
    app: &App,
    caller: &Caller,
    id: &PartnerId,
    person: &Opened,
    recorded_at: Timestamp,
) -> Result<(Person, Particulars), Problem> {
    let Opened { name, email, company, website, notes } = person;
    let of = |field: &'static str, plain: &Option<String>| {
        let plain = plain.clone();
        async move { seal_maybe(app, caller, id, field, plain.as_deref()).await }
    };
    let particulars = Particulars {
        company_sealed: of(people::COMPANY, company).await?,
        website_sealed: of(people::WEBSITE, website).await?,
        notes_sealed: of(people::NOTES, notes).await?,
    };
    let email_sealed = of(people::EMAIL, email).await?.unwrap_or_default();
    let name_sealed = of(people::NAME, name).await?.unwrap_or_default();
    Ok((Person { email_sealed, name_sealed, recorded_at }, particulars))
}

/// Behind the partner, and done again when the same request comes again: the marks of nobody would make the next partner a
/// duplicate.
pub(crate) async fn note_address(
    app: &App,
    tenant: &TenantKey,
    (id, address): (&PartnerId, &str),
    now: Timestamp,
) -> Result<(), Problem> {
    let marks: Vec<Mark> =
        email::digest(address).map(|digest| Mark { kind: MarkKind::Email, digest }).into_iter().collect();
    let noticed = habits::record_marks(&app.store, tenant, id, &marks, now).await;
    noticed.map(|_| ()).map_err(|error| marks_missing(id, error))
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

/// What the trail says of a new partner.
pub(crate) fn made(record: &PartnerRecord) -> Changes {
    let changes = Changes::default().added("status", record.partner.status.word());
    record.enrolments.iter().fold(changes, |changes, place| {
        let changes = changes.added("program_id", &place.program).added("tier", place.tier.word());
        changes.added("groups", joined(&place.groups)).added("referrer_id", or_none(place.referrer.as_ref()))
    })
}

/// Words of the tenant's own, each once.
fn tags(faults: &mut Faults, named: &[String]) -> Vec<String> {
    if named.len() > TAGS_MAX {
        faults.note("/tags", format!("at most {TAGS_MAX}"));
    }
    let mut seen = BTreeSet::new();
    let read = named.iter().take(TAGS_MAX).enumerate();
    read.map(|(place, tag)| faults.text(&format!("/tags/{place}"), tag, TAG_CHARS_MAX))
        .filter(|tag| seen.insert(tag.clone()))
        .collect()
}

/// A page by its address, as a link's destination is read.
pub(crate) fn page(app: &App, faults: &mut Faults, text: &str) -> Option<String> {
    let read = Destination::parse(text.trim(), app.place.is_dev);
    faults.check("/website", read).map(|page| page.as_str().to_owned())
}

/// Read a partner.
///
/// A partner reads itself, without what staff notes of it.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}",
    tag = "partners",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = PartnerDetail, headers(("ETag" = String, description = "For `If-Match`."))),
        Refusals
    ),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let record = record_of(&app, &caller, &id).await?;
    detail(&app, &caller, &record).await
}

/// A partner with everything that the caller may see, and its version.
async fn detail(app: &App, caller: &Caller, record: &PartnerRecord) -> Result<Response, Problem> {
    let person = opened(app, caller, &record.partner.id).await?;
    let body = PartnerDetail::of(record, person, caller);
    Ok(([(ETAG, etag(record.version))], Json(body)).into_response())
}

/// The partner that the path names, whole, if it is there and this caller may know of it.
async fn record_of(app: &App, caller: &Caller, id: &str) -> Result<PartnerRecord, Problem> {
    let own = who::own_partner(caller)?;
    let missing = || Problem::not_found("no such partner");
    let id = PartnerId::parse(id).map_err(|_| missing())?;
    if own.is_some_and(|own| own != id) {
        return Err(missing());
    }
    app.store.get_partner_record(&caller.tenant_key(), &id).await?.ok_or_else(missing)
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
