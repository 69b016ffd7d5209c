//! A partner's places in programmes: a tier, groups, a referrer and a standing in each.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::id::{PartnerId, ProgramId};
use domain::tier::Tier;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{self, IfMatch, etag};
use http::StatusCode;
use http::header::ETAG;
use serde::Deserialize;
use store::partners::PartnerStatus;
use store::partners::record::{EnrolmentRecord, PartnerChange, PartnerRecord};
use store::{TenantKey, Written};
use utoipa::ToSchema;

use super::{EnrolmentBody, detail, record_of};
use crate::App;
use crate::http::groups::{NAME_CHARS_MAX, present};
use crate::http::page::Listed;
use crate::http::trail::{Changes, joined, or_none};
use crate::http::who::Admin;

/// How many groups a partner has in a programme.
const GROUPS_MAX: usize = 20;
/// How long a chain of referrers is followed.
const REFERRERS_MAX: usize = 20;
const COLUMNS: [&str; 6] = ["program_id", "tier", "groups", "referrer_id", "status", "enrolled_at"];

/// A place in a programme to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEnrolment {
    /// The programme.
    program_id: String,
    /// The step there.
    #[serde(default, deserialize_with = "edge::body::or_default")]
    #[schema(value_type = Option<String>, example = "tier1")]
    tier: Tier,
    /// The groups there.
    #[serde(default)]
    #[schema(example = json!(["gold"]))]
    groups: Vec<String>,
    /// The partner who referred it.
    referrer_id: Option<String>,
}

/// What is to change of a place in a programme; what is left out stays. Sales that are decided keep what they were decided
/// by.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedEnrolment {
    /// The step.
    #[schema(value_type = Option<String>, example = "tier2")]
    pub(super) tier: Option<Tier>,
    /// The groups: the whole list.
    #[schema(example = json!(["gold"]))]
    pub(super) groups: Option<Vec<String>>,
    /// The partner who referred it; null for nobody.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) referrer_id: Option<Option<String>>,
    /// `suspended`: clicks and coupons count no more in this programme, from now on.
    #[schema(value_type = Option<String>, example = "active")]
    pub(super) status: Option<PartnerStatus>,
}

/// List the programs of a partner.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}/enrolments",
    tag = "partners",
    params(("id" = String, Path), ("format" = Option<Format>, Query, description = "`csv` for a table.")),
    responses((status = 200, body = Listed<EnrolmentBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let record = record_of(&app, &caller, &id).await?;
    let shown = record.enrolments.iter().map(EnrolmentBody::from).collect();
    Listed::new(shown, None).answer(format, "enrolments", &COLUMNS)
}

/// Enrol a partner in a program.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/enrolments",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of the partner that you saw.")
    ),
    request_body = NewEnrolment,
    responses((status = 201, body = EnrolmentBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    Body(asked): Body<NewEnrolment>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    let before = record_of(&app, &caller, &id).await?;
    let mut faults = Faults::default();
    let program = open_program(&app, &tenant, &asked.program_id, &mut faults).await?;
    let groups = groups(&mut faults, "/groups", &asked.groups);
    let referrer = faults.check("/referrer_id", asked.referrer_id.as_deref().map(PartnerId::parse).transpose());
    let referrer = referrer.flatten();
    if let (Some(program), Some(referrer)) = (&program, &referrer) {
        check_referrer(&app, &tenant, (Some(&before.partner.id), program), referrer, &mut faults).await?;
    }
    let program = faults.finish(program)?;
    let (tier, status, enrolled_at) = (asked.tier, PartnerStatus::Active, minting.at());
    let new = EnrolmentRecord { program: program.clone(), tier, groups, referrer, status, enrolled_at };
    if let Some(there) = before.enrolment(&program) {
        let is_the_same = *there == EnrolmentRecord { enrolled_at: there.enrolled_at, ..new };
        if is_the_same {
            // Perhaps by this very request, whose answer was lost.
            return Ok(made(there, before.version));
        }
        return Err(Problem::conflict("the partner is enrolled in this program; change that enrolment"));
    }
    seen.check(before.version)?;
    let mut after = before.clone().raised();
    after.enrolments.push(new.clone());
    after.enrolments.sort_by(|left, right| left.program.cmp(&right.program));
    let changes = Changes::default().added("program_id", &program).added("tier", new.tier.word());
    let changes = changes.added("groups", joined(&new.groups)).added("referrer_id", or_none(new.referrer.as_ref()));
    write(&app, (&caller, origin, minting), (&before, &after), ("partner.enrolled", changes)).await?;
    Ok(made(&new, after.version))
}

fn made(enrolment: &EnrolmentRecord, version: u64) -> Response {
    (StatusCode::CREATED, [(ETAG, etag(version))], Json(EnrolmentBody::from(enrolment))).into_response()
}

/// Change a partner's place in a program.
#[utoipa::path(
    patch,
    path = "/v1/partners/{id}/enrolments/{program_id}",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("program_id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of the partner that you saw.")
    ),
    request_body = ChangedEnrolment,
    responses(
        (status = 200, description = "The partner with all its places.", body = super::PartnerDetail),
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
    Segments((id, program)): Segments<(String, String)>,
    Body(asked): Body<ChangedEnrolment>,
) -> Result<Response, Problem> {
    let before = record_of(&app, &caller, &id).await?;
    let missing = || Problem::not_found("the partner is not enrolled in this program");
    let program = ProgramId::parse(&program).map_err(|_| missing())?;
    let mut faults = Faults::default();
    let tenant = caller.tenant_key();
    let mut after = before.clone().raised();
    let changes = asked.apply(&app, &tenant, (&program, &mut after), &mut faults).await?.ok_or_else(missing)?;
    faults.finish(Some(()))?;
    if changes.is_empty() {
        return detail(&app, &caller, &before).await;
    }
    seen.check(before.version)?;
    write(&app, (&caller, origin, minting), (&before, &after), ("enrolment.changed", changes)).await?;
    detail(&app, &caller, &after).await
}

impl ChangedEnrolment {
    /// Applies the change to a place of a partner, and answers what changes; `None` where there is no such place.
    pub(super) async fn apply(
        &self,
        app: &App,
        tenant: &TenantKey,
        (program, after): (&ProgramId, &mut PartnerRecord),
        faults: &mut Faults,
    ) -> Result<Option<Changes>, Problem> {
        let id = after.partner.id.clone();
        let Some(place) = after.enrolments.iter_mut().find(|place| place.program == *program) else { return Ok(None) };
        let before = place.clone();
        place.tier = self.tier.unwrap_or(place.tier);
        place.status = self.status.unwrap_or(place.status);
        if let Some(named) = &self.groups {
            place.groups = groups(faults, "/groups", named);
        }
        if let Some(named) = &self.referrer_id {
            let read = faults.check("/referrer_id", named.as_deref().map(PartnerId::parse).transpose());
            place.referrer = read.flatten();
        }
        if let Some(referrer) = place.referrer.as_ref().filter(|referrer| before.referrer.as_ref() != Some(referrer)) {
            check_referrer(app, tenant, (Some(&id), program), referrer, faults).await?;
        }
        let changes = Changes::default()
            .field("tier", before.tier.word(), place.tier.word())
            .field("groups", joined(&before.groups), joined(&place.groups))
            .field("referrer_id", or_none(before.referrer.as_ref()), or_none(place.referrer.as_ref()))
            .field("status", before.status.word(), place.status.word());
        // Which place it is is told where something about it is.
        Ok(Some(if changes.is_empty() { changes } else { changes.added("program_id", program) }))
    }
}

/// One change of a partner, told in its trail.
pub(super) async fn write(
    app: &App,
    (caller, origin, minting): (&Caller, Origin, Minting),
    (before, after): (&PartnerRecord, &PartnerRecord),
    (action, changes): (&'static str, Changes),
) -> Result<(), Problem> {
    let tenant = caller.tenant_key();
    let told = changes.told(after.partner.id.as_str(), action, (caller.acting(origin), minting.at()));
    let change = PartnerChange { at: edge::clock::to_ms(minting.at()), ..PartnerChange::of(before, after) };
    if app.store.telling(&tenant, told).change_partner(&tenant, &change).await? == Written::ConditionFailed {
        let now = record_of(app, caller, after.partner.id.as_str()).await?;
        return Err(revision::changed(before.version, now.version));
    }
    tracing::info!(partner.id = %after.partner.id, by = %caller.subject, "partner changed");
    Ok(())
}

/// The groups that are named, each once.
pub(crate) fn groups(faults: &mut Faults, pointer: &str, named: &[String]) -> Vec<String> {
    if named.len() > GROUPS_MAX {
        faults.note(pointer, format!("at most {GROUPS_MAX}"));
    }
    let mut seen = BTreeSet::new();
    let read = named.iter().take(GROUPS_MAX).enumerate();
    read.map(|(place, group)| faults.text(&format!("{pointer}/{place}"), group, NAME_CHARS_MAX))
        .filter(|group| seen.insert(group.clone()))
        .collect()
}

/// A programme that takes partners on.
pub(crate) async fn open_program(
    app: &App,
    tenant: &TenantKey,
    named: &str,
    faults: &mut Faults,
) -> Result<Option<ProgramId>, Problem> {
    let Some(program) = faults.check("/program_id", ProgramId::parse(named)) else { return Ok(None) };
    match app.store.get_program_record(tenant, &program).await? {
        None => faults.clash("/program_id", "no such program"),
        Some(found) if !found.is_open() => {
            return Err(
                Problem::conflict("the program is closed, and takes nobody on; open it first").kind("program-closed")
            );
        }
        Some(_) => {}
    }
    Ok(Some(program))
}

/// COM-13: whoever referred a partner is somebody else who is there, and whom the partner did not refer, however far back.
pub(crate) async fn check_referrer(
    app: &App,
    tenant: &TenantKey,
    (partner, program): (Option<&PartnerId>, &ProgramId),
    referrer: &PartnerId,
    faults: &mut Faults,
) -> Result<(), Problem> {
    if partner == Some(referrer) {
        faults.clash("/referrer_id", "nobody refers themselves");
        return Ok(());
    }
    let mut next = Some(referrer.clone());
    for step in 0..REFERRERS_MAX {
        let Some(current) = next else { return Ok(()) };
        let Some(record) = app.store.get_partner_record(tenant, &current).await? else {
            if step == 0 {
                faults.clash("/referrer_id", "no such partner");
            }
            return Ok(());
        };
        next = record.enrolment(program).and_then(|place| place.referrer.clone());
        if partner.is_some() && next.as_ref() == partner {
            faults.clash("/referrer_id", "the partner referred them, or who referred them: nobody is paid in a circle");
            return Ok(());
        }
    }
    faults.clash("/referrer_id", format!("a chain of more than {REFERRERS_MAX} who referred one another"));
    Ok(())
}
