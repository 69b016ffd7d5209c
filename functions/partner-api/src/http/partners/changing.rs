//! Changes of a partner by staff.

use axum::extract::State;
use axum::response::Response;
use domain::tier::Tier;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{self, IfMatch};
use serde::Deserialize;
use store::Written;
use store::partners::record::{PartnerChange, PartnerRecord, PersonChange};
use store::people;
use utoipa::ToSchema;

use super::enrolments::ChangedEnrolment;
use super::{NAME_CHARS_MAX, Opened, PartnerDetail, detail, opened, page, record_of, seal_maybe, tags};
use crate::App;
use crate::http::groups::present;
use crate::http::trail::{Changes, joined};
use crate::http::who::Admin;

const NOTES_CHARS_MAX: usize = 5_000;

/// What is to change of a partner; what is left out stays, and null takes a thing away. `tier`, `groups` and `referrer_id`
/// are of its place in its programme; of a partner with several places change the enrolment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tier": "tier2", "groups": ["gold"], "tags": ["newsletter"], "notes": "Met at the fair."}))]
pub(crate) struct ChangedPartner {
    /// The person's or company's name; kept sealed.
    name: Option<String>,
    /// The company it works for; kept sealed.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    company: Option<Option<String>>,
    /// Its page; kept sealed.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    website: Option<Option<String>>,
    /// What staff notes of it; kept sealed, and never shown to the partner.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    notes: Option<Option<String>>,
    /// Words of your own: the whole list.
    tags: Option<Vec<String>>,
    /// The step in its programme; for sales that are decided from now on.
    #[schema(value_type = Option<String>, example = "tier2")]
    tier: Option<Tier>,
    /// The groups in its programme: the whole list; for sales that are decided from now on.
    #[schema(example = json!(["gold"]))]
    groups: Option<Vec<String>>,
    /// The partner who referred it; null for nobody. Not itself, and nobody whom it referred.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    referrer_id: Option<Option<String>>,
}

/// Change a partner.
///
/// What is left out stays. Say in `If-Match` what you saw: of two who change it at once the second is told both versions.
#[utoipa::path(
    patch,
    path = "/v1/partners/{id}",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    request_body = ChangedPartner,
    responses(
        (status = 200, body = PartnerDetail, headers(("ETag" = String, description = "For `If-Match`."))),
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
    Body(asked): Body<ChangedPartner>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    let before = record_of(&app, &caller, &id).await?;
    let known = opened(&app, &caller, &before.partner.id).await?;
    let Wished { after, person, changes } = asked.read(&app, &caller, (&before, &known)).await?;
    if changes.is_empty() {
        // Perhaps by this very request, whose answer was lost.
        return detail(&app, &caller, &before).await;
    }
    seen.check(before.version)?;
    let sealed = sealed_change(&app, &caller, &before, (&known, &person)).await?;
    let is_found_anew = (&known.name, &known.company) != (&person.name, &person.company);
    let words = if is_found_anew { Some(person.words(&app, &tenant).await?) } else { None };
    let at = minting.at();
    let told = changes.told(after.partner.id.as_str(), "partner.changed", (caller.acting(origin), at));
    let change =
        PartnerChange { person: sealed, words, at: edge::clock::to_ms(at), ..PartnerChange::of(&before, &after) };
    if app.store.telling(&tenant, told).change_partner(&tenant, &change).await? == Written::ConditionFailed {
        let now = record_of(&app, &caller, &id).await?;
        return Err(revision::changed(before.version, now.version));
    }
    tracing::info!(partner.id = %after.partner.id, by = %caller.subject, "partner changed");
    detail(&app, &caller, &after).await
}

/// A partner as it is to be.
struct Wished {
    after: PartnerRecord,
    person: Opened,
    changes: Changes,
}

impl ChangedPartner {
    async fn read(
        self,
        app: &App,
        caller: &Caller,
        (before, known): (&PartnerRecord, &Opened),
    ) -> Result<Wished, Problem> {
        let mut faults = Faults::default();
        let person = self.person(app, &mut faults, known);
        if person.name.is_some() && known.name.is_none() {
            return Err(Problem::conflict("the person behind this partner was erased, and gets no name again"));
        }
        let mut after = before.clone().raised();
        if let Some(named) = &self.tags {
            after.tags = tags(&mut faults, named);
        }
        let of_place = ChangedEnrolment {
            tier: self.tier,
            groups: self.groups,
            referrer_id: self.referrer_id,
            ..ChangedEnrolment::default()
        };
        let mut changes = match only_place(before, &of_place)? {
            Some(program) => {
                let tenant = caller.tenant_key();
                of_place.apply(app, &tenant, (&program, &mut after), &mut faults).await?.unwrap_or_default()
            }
            None => Changes::default(),
        };
        faults.finish(Some(()))?;
        changes = changes
            .field("tags", joined(&before.tags), joined(&after.tags))
            .sealed("name", known.name != person.name)
            .sealed("company", known.company != person.company)
            .sealed("website", known.website != person.website)
            .sealed("notes", known.notes != person.notes);
        Ok(Wished { after, person, changes })
    }

    fn person(&self, app: &App, faults: &mut Faults, known: &Opened) -> Opened {
        let mut person = known.clone();
        if let Some(name) = &self.name {
            person.name = Some(faults.text("/name", name, NAME_CHARS_MAX));
        }
        if let Some(company) = &self.company {
            person.company = company.as_deref().map(|text| faults.text("/company", text, NAME_CHARS_MAX));
        }
        if let Some(website) = &self.website {
            person.website = website.as_deref().and_then(|text| page(app, faults, text));
        }
        if let Some(notes) = &self.notes {
            person.notes = notes.as_deref().map(|text| prose(faults, text));
        }
        person
    }
}

/// Prose may have lines.
fn prose(faults: &mut Faults, text: &str) -> String {
    let text = text.trim();
    let is_fine = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.is_empty() || text.chars().count() > NOTES_CHARS_MAX || !text.chars().all(is_fine) {
        faults.note("/notes", format!("must have 1 to {NOTES_CHARS_MAX} characters; null takes them away"));
    }
    text.to_owned()
}

/// The place that a change of a place is about: the partner's only one.
fn only_place(before: &PartnerRecord, change: &ChangedEnrolment) -> Result<Option<domain::id::ProgramId>, Problem> {
    if change.tier.is_none() && change.groups.is_none() && change.referrer_id.is_none() {
        return Ok(None);
    }
    match before.enrolments.as_slice() {
        [only] => Ok(Some(only.program.clone())),
        _ => Err(Problem::unprocessable(
            "tier, groups and referrer are of a place in a program, and this partner has none or several; \
             change /v1/partners/{id}/enrolments/{program_id}",
        )
        .kind("which-enrolment")),
    }
}

/// What changes of the person, sealed.
async fn sealed_change(
    app: &App,
    caller: &Caller,
    before: &PartnerRecord,
    (known, person): (&Opened, &Opened),
) -> Result<PersonChange, Problem> {
    let id = &before.partner.id;
    let mut change = PersonChange::default();
    if known.name != person.name {
        change.name_sealed = seal_maybe(app, caller, id, people::NAME, person.name.as_deref()).await?;
    }
    for (field, old, new, place) in [
        (people::COMPANY, &known.company, &person.company, &mut change.company_sealed),
        (people::WEBSITE, &known.website, &person.website, &mut change.website_sealed),
        (people::NOTES, &known.notes, &person.notes, &mut change.notes_sealed),
    ] {
        if old != new {
            *place = Some(seal_maybe(app, caller, id, field, new.as_deref()).await?);
        }
    }
    Ok(change)
}
