//! A person decides about an application: the applicant becomes a partner, or is told that they do not.

use axum::Json;
use axum::extract::State;
use domain::application::{Application, DecidedBy};
use domain::audit::Told;
use domain::email;
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::{PartnerId, ProgramId};
use domain::tier::Tier;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use serde::Deserialize;
use store::applications::{StoredApplication, TakenOn};
use store::partner_news::{PartnerNews, PartnerNewsKind};
use store::partners::record::{EnrolmentRecord, PartnerChange, PartnerRecord};
use store::partners::{Partner, PartnerStatus};
use store::{TenantKey, Written};
use utoipa::ToSchema;

use super::form::{self, Form};
use super::{ApplicationBody, existing};
use crate::App;
use crate::http::partners::enrolments::{check_referrer, groups, open_program};
use crate::http::partners::{Opened, made, note_address, opened, sealed_of};
use crate::http::trail::Changes;
use crate::http::who::Admin;

const REASON_CHARS_MAX: usize = 500;

/// On what terms an applicant is taken on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"tier": "tier1", "groups": ["gold"]}))]
pub(crate) struct Terms {
    /// The step in the programme.
    #[schema(value_type = Option<String>, example = "tier1")]
    #[serde(deserialize_with = "edge::body::or_default")]
    tier: Tier,
    /// The groups there.
    #[schema(example = json!(["gold"]))]
    groups: Vec<String>,
    /// The partner who referred the applicant.
    referrer_id: Option<String>,
}

/// Why an applicant is refused.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"reason": "We take no coupon sites."}))]
pub(crate) struct Refusal {
    /// Told to the applicant by mail; a plain sentence when left out.
    reason: Option<String>,
}

/// Approve an application.
///
/// The applicant becomes a partner of the programme, active at once, and is told by mail. One whose address is a partner's
/// already is enrolled as that partner, unless it is suspended. One who was declined may still be approved.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/approve",
    tag = "partners",
    params(
        ("id" = String, Path, description = "The application, `apl_…`: its applicant is to become a partner."),
        ("Idempotency-Key" = Option<String>, Header)
    ),
    request_body = Terms,
    responses((status = 200, body = ApplicationBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn approve(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Segments(id): Segments<String>,
    asked: Option<Body<Terms>>,
) -> Result<Json<ApplicationBody>, Problem> {
    let tenant = caller.tenant_key();
    let before = existing(&app, &tenant, &id).await?;
    let Some(form) = form::open(&app, &tenant, &before).await? else {
        return Err(Problem::conflict("the applicant was erased; they must apply again"));
    };
    let asked = asked.map(|Body(asked)| asked).unwrap_or_default();
    let place = asked.read(&app, &tenant, &before.application.program, minting.at()).await?;
    let deciding = Deciding { app: &app, caller: &caller, tenant: &tenant, origin, minting };
    let Known { partner: known, taken_on } = deciding.known(&before.application).await?;
    let partner =
        known.as_ref().map_or_else(|| PartnerId::from_ulid(minting.ulid("partner")), |known| known.partner.id.clone());
    let decided = DecidedBy { by: caller.subject.clone(), at: minting.at() };
    let application = match before.application.clone().approve(partner.clone(), decided) {
        Ok(application) => application,
        // By this very request, whose answer was lost: what follows it is done again.
        Err(_) if deciding.was_approved_by_this(&before.application, &partner) => {
            note_address(&app, &tenant, (&partner, &form.email), minting.at()).await?;
            return Ok(Json(ApplicationBody::of(&before.application, Some(form))));
        }
        Err(already) => return Err(Problem::conflict(already.to_string())),
    };
    let after = StoredApplication { application, version: before.version + 1, ..before };
    let written = match &known {
        Some(known) => deciding.enrol(&after, (known, place)).await?,
        None => deciding.make(&after, (&partner, place), (&form, taken_on.as_ref())).await?,
    };
    if written == Written::ConditionFailed {
        return Err(Problem::conflict(
            "another person decides about this application, or changes the partner; look again",
        ));
    }
    note_address(&app, &tenant, (&partner, &form.email), minting.at()).await?;
    tracing::info!(application.id = %after.application.id, partner.id = %partner, by = %caller.subject, "application approved");
    Ok(Json(ApplicationBody::of(&after.application, Some(form))))
}

/// Decline an application.
///
/// The applicant is told by mail, with the reason if you give one. The same address may apply again after 30 days.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/decline",
    tag = "partners",
    params(
        ("id" = String, Path, description = "The application, `apl_…`."),
        ("Idempotency-Key" = Option<String>, Header)
    ),
    request_body = Refusal,
    responses((status = 200, body = ApplicationBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn decline(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Segments(id): Segments<String>,
    asked: Option<Body<Refusal>>,
) -> Result<Json<ApplicationBody>, Problem> {
    let tenant = caller.tenant_key();
    let mut faults = Faults::default();
    let asked = asked.map(|Body(asked)| asked).unwrap_or_default();
    let reason = asked.reason.map(|reason| faults.text("/reason", &reason, REASON_CHARS_MAX));
    let reason = faults.finish(Some(reason))?;
    let before = existing(&app, &tenant, &id).await?;
    let form = form::open(&app, &tenant, &before).await?;
    let at = minting.at();
    let decided = DecidedBy { by: caller.subject.clone(), at };
    let application = match before.application.clone().decline(reason.clone(), decided) {
        Ok(application) => application,
        // Perhaps by this very request, whose answer was lost.
        Err(_) if before.application.state.word() == "declined" => {
            return Ok(Json(ApplicationBody::of(&before.application, form)));
        }
        Err(already) => {
            return Err(Problem::conflict(format!("{already}; suspend the partner instead")));
        }
    };
    let program = Some(application.program.clone());
    let after = StoredApplication { application, version: before.version + 1, ..before };
    let news = PartnerNews { kind: PartnerNewsKind::ApplicationDeclined, program, reason, at };
    let changes = Changes::default().field("status", "pending", "declined");
    let told = changes.told(after.application.id.as_str(), "application.declined", (caller.acting(origin), at));
    let store = app.store.telling(&tenant, told);
    if store.replace_application(&tenant, &after, Some(&news)).await? == Written::ConditionFailed {
        return Err(Problem::conflict("another person decides about this application; look again"));
    }
    tracing::info!(application.id = %after.application.id, by = %caller.subject, "application declined");
    Ok(Json(ApplicationBody::of(&after.application, form)))
}

impl Terms {
    async fn read(
        self,
        app: &App,
        tenant: &TenantKey,
        program: &ProgramId,
        enrolled_at: Timestamp,
    ) -> Result<EnrolmentRecord, Problem> {
        let mut faults = Faults::default();
        let program = open_program(app, tenant, program.as_str(), &mut faults).await?;
        let groups = groups(&mut faults, "/groups", &self.groups);
        let referrer = faults.check("/referrer_id", self.referrer_id.as_deref().map(PartnerId::parse).transpose());
        let referrer = referrer.flatten();
        if let (Some(program), Some(referrer)) = (&program, &referrer) {
            check_referrer(app, tenant, (None, program), referrer, &mut faults).await?;
        }
        let program = faults.finish(program)?;
        Ok(EnrolmentRecord { program, tier: self.tier, groups, referrer, status: PartnerStatus::Active, enrolled_at })
    }
}

/// Who is known by an applicant's address.
struct Known {
    /// The partner whose address it is.
    partner: Option<PartnerRecord>,
    /// Whom an application of it made a partner before; perhaps they were erased since.
    taken_on: Option<PartnerId>,
}

/// Who decides, and when.
struct Deciding<'a> {
    app: &'a App,
    caller: &'a Caller,
    tenant: &'a TenantKey,
    origin: Origin,
    minting: Minting,
}

impl Deciding<'_> {
    /// The partner whose address the applicant has, if there is one.
    async fn known(&self, application: &Application) -> Result<Known, Problem> {
        let store = &self.app.store;
        let mark = Mark { kind: MarkKind::Email, digest: application.email };
        let taken_on = store.get_taken_on(self.tenant, &application.email).await?;
        let marked = store.list_marked(self.tenant, &mark).await?;
        // The one whom a lost run of this request made is no other.
        let fresh = PartnerId::from_ulid(self.minting.ulid("partner"));
        for partner in taken_on.iter().chain(&marked).filter(|partner| **partner != fresh) {
            let Some(record) = store.get_partner_record(self.tenant, partner).await? else { continue };
            // A mark may be an address that was learnt of them, or another's: only their own makes the applicant them.
            let address = opened(self.app, self.caller, partner).await?.email;
            if address.and_then(|address| email::digest(&address)) == Some(application.email) {
                return Ok(Known { partner: Some(record), taken_on });
            }
        }
        Ok(Known { partner: None, taken_on })
    }

    fn was_approved_by_this(&self, application: &Application, partner: &PartnerId) -> bool {
        matches!(&application.state, domain::application::ApplicationState::Approved { partner: there, decided }
            if there == partner && decided.by == self.caller.subject)
    }

    fn told(&self, after: &StoredApplication, changes: Changes) -> Told {
        let who = (self.caller.acting(self.origin.clone()), self.minting.at());
        let changes = changes.added("application_id", &after.application.id);
        let aggregate = match &after.application.state {
            domain::application::ApplicationState::Approved { partner, .. } => partner.as_str(),
            _ => after.application.id.as_str(),
        };
        changes.told(aggregate, "application.approved", who)
    }

    fn news(&self, after: &StoredApplication) -> PartnerNews {
        let program = Some(after.application.program.clone());
        PartnerNews { kind: PartnerNewsKind::PartnerApproved, program, reason: None, at: self.minting.at() }
    }

    /// The applicant becomes a partner.
    async fn make(
        &self,
        after: &StoredApplication,
        (id, place): (&PartnerId, EnrolmentRecord),
        (form, before): (&Form, Option<&PartnerId>),
    ) -> Result<Written, Problem> {
        let now = self.minting.at();
        let partner = Partner { id: id.clone(), status: PartnerStatus::Active, created_at: now };
        let record = PartnerRecord::new(partner, vec![place]);
        let person = Opened {
            name: Some(form.name.clone()),
            email: Some(form.email.clone()),
            company: form.company.clone(),
            website: form.website.clone(),
            notes: None,
        };
        let sealed = sealed_of(self.app, self.caller, id, &person, now).await?;
        let words = person.words(self.app, self.tenant).await?;
        let news = self.news(after);
        let taken_on =
            TakenOn::New { record: &record, person: (&sealed.0, &sealed.1), words: &words, news: &news, before };
        let store = self.app.store.telling(self.tenant, self.told(after, made(&record)));
        Ok(store.approve_application(self.tenant, after, &taken_on).await?)
    }

    /// The applicant is a partner, and gets a place in one more programme.
    async fn enrol(
        &self,
        after: &StoredApplication,
        (before, place): (&PartnerRecord, EnrolmentRecord),
    ) -> Result<Written, Problem> {
        // Whom the tenant sent away does not come back by another door, nor is told by mail that they are in.
        if before.partner.status == PartnerStatus::Suspended {
            return Err(Problem::conflict(format!(
                "the applicant is {}, who is suspended; reinstate them first, or decline",
                before.partner.id
            ))
            .kind("partner-suspended"));
        }
        if before.enrolment(&place.program).is_some() {
            return Err(Problem::conflict(format!(
                "the applicant is {}, who is enrolled in this program; change that enrolment, or decline",
                before.partner.id
            ))
            .kind("already-enrolled"));
        }
        let changes = Changes::default().added("program_id", &place.program).added("tier", place.tier.word());
        let mut record = before.clone().raised();
        record.enrolments.push(place);
        record.enrolments.sort_by(|left, right| left.program.cmp(&right.program));
        let news = self.news(after);
        let at = edge::clock::to_ms(self.minting.at());
        let change = PartnerChange { at, news: Some(&news), ..PartnerChange::of(before, &record) };
        let store = self.app.store.telling(self.tenant, self.told(after, changes));
        Ok(store.approve_application(self.tenant, after, &TakenOn::Known(&change)).await?)
    }
}
