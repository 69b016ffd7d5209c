//! Links, under the name that callers know them by: affiliates.

pub(super) mod change;
mod fields;
pub(super) mod list;
pub(super) mod qr;
mod shown;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::ChainEnd;
use domain::id::{LinkId, PartnerId, ProgramId};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::people::partner_leaves;
use edge::problem::Problem;
use edge::revision::etag;
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::Deserialize;
use store::TenantKey;
use store::links::{Link, LinkCreated, LinkDetails};
use store::partners::PartnerStatus;
use utoipa::ToSchema;

use super::who::{self, AdminOrPartner};
use crate::App;
use crate::code::LinkCode;
use crate::destination::Destination;
use change::told;
use shown::{LinkBody, body, said_of};

/// How often a fresh code may be taken before we give up: once is already one in millions.
const CODES_TRIED_MAX: u32 = 5;

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// Whose link; a partner may leave it out.
    partner_id: Option<String>,
    /// The programme whose rules apply; may be left out by a partner of one programme.
    program_id: Option<String>,
    /// The word behind `/r/`: 3 to 64 letters a to z, digits and hyphens, capitals folded; a fresh one when left out.
    #[schema(example = "spring-sale")]
    unique_code: Option<String>,
    /// Where visitors go: an https URL, on one of the programme's hosts where it names any.
    #[schema(example = "https://shop.example/start")]
    destination: String,
    /// A rate of the link's own, above the programme's rule, for good; only an admin gives one.
    #[schema(example = "0.25")]
    commission_rate: Option<String>,
    /// From when on visits count no more; visitors are still sent on.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-01T00:00:00Z")]
    expires_at: Option<Timestamp>,
    /// What its owner calls it.
    #[schema(example = "Newsletter, header")]
    label: Option<String>,
    /// `sub1` to `sub5`: kept with each click and carried to the destination, where the visitor brings none of that name.
    #[serde(default)]
    #[schema(example = json!({"sub1": "newsletter"}))]
    sub_ids: BTreeMap<String, String>,
}

/// A link to be made, read.
struct Read {
    partner: PartnerId,
    program: Option<ProgramId>,
    chosen: Option<LinkCode>,
    destination: Destination,
    rate: Option<domain::rate::Rate>,
    details: LinkDetails,
}

/// Create a link.
///
/// An admin makes one for any partner, a partner for itself. A code is one link's in the whole deployment, for good; who
/// has it is not told.
#[utoipa::path(
    post,
    path = "/v1/revenue/affiliates",
    tag = "links",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewLink,
    responses((status = 201, body = LinkBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    AdminOrPartner(caller): AdminOrPartner,
    origin: Origin,
    minting: Minting,
    Body(asked): Body<NewLink>,
) -> Result<Response, Problem> {
    let now = minting.at();
    let Read { partner, program, chosen, destination, rate, details } = asked.read(&app, &caller, now)?;
    let tenant = caller.tenant_key();
    let (program, window_days) = program_of(&app, &tenant, &partner, program).await?;
    fields::check_host(&app, &tenant, &program, &destination).await?;
    fields::check_rate(&app, &tenant, &program, (rate, now)).await?;
    let draft = |code: &LinkCode| Link {
        id: LinkId::from_ulid(minting.ulid("link")),
        code: code.as_str().to_owned(),
        partner: partner.clone(),
        program: program.clone(),
        destination: destination.as_str().to_owned(),
        window_days,
        commission_rate: rate,
        active: true,
        created_at: now,
        details: details.clone(),
    };
    let actor = caller.acting(origin);
    let mut drawn = 0;
    for _ in 0..CODES_TRIED_MAX {
        // Another run under the same idempotency key tries the same codes, and finds its own link behind one.
        let mut draw = || {
            drawn += 1;
            minting.bytes(&format!("code {drawn}"))
        };
        let link = draft(&chosen.clone().unwrap_or_else(|| LinkCode::generate(&mut draw)));
        let entry = told(ChainEnd::START, (actor.clone(), now), "link.created", (None, &link));
        match app.store.create_link_told(&tenant, &link, &[entry]).await? {
            LinkCreated::Created => {
                tracing::info!(link.id = %link.id, partner.id = %link.partner, by = %caller.subject, "link created");
                return created(&app, &tenant, link).await;
            }
            LinkCreated::CodeTaken if chosen.is_some() => {
                return Err(Problem::conflict("this code is taken").kind("code-taken").at("/unique_code", "taken"));
            }
            LinkCreated::CodeTaken => {}
            LinkCreated::PartnerGone => return Err(partner_leaves(&app.store, &tenant, &link.partner, now).await?),
        }
    }
    tracing::error!(tried = CODES_TRIED_MAX, "every fresh link code was taken");
    Err(Problem::unavailable("no free code found; try again"))
}

impl NewLink {
    fn read(self, app: &App, caller: &Caller, now: Timestamp) -> Result<Read, Problem> {
        let mut faults = Faults::default();
        let partner = whose(&mut faults, caller, self.partner_id.as_deref())?;
        let program = faults.check("/program_id", self.program_id.as_deref().map(ProgramId::parse).transpose());
        let chosen = faults.check("/unique_code", self.unique_code.as_deref().map(LinkCode::parse).transpose());
        let destination = faults.check("/destination", Destination::parse(&self.destination, app.place.is_dev));
        let rate = self.commission_rate.as_deref().map(domain::rate::Rate::parse).transpose();
        let rate = faults.check("/commission_rate", rate);
        // COM-11: who is paid does not say how much.
        if rate.flatten().is_some() && caller.role != Role::Admin {
            return Err(Problem::forbidden("only an admin gives a link a rate of its own"));
        }
        let expires_at = fields::end(&mut faults, self.expires_at, now);
        let label = fields::label(&mut faults, self.label.as_deref());
        let sub_ids = fields::sub_ids(&mut faults, self.sub_ids);
        let details = LinkDetails { label, expires_at, sub_ids, ..LinkDetails::default() };
        let read = partner.zip(program).zip(chosen).zip(destination).zip(rate);
        let ((((partner, program), chosen), destination), rate) = faults.finish(read)?;
        Ok(Read { partner, program, chosen, destination, rate, details })
    }
}

/// Read a link by its code.
#[utoipa::path(
    get,
    path = "/v1/revenue/affiliates/{code}",
    tag = "links",
    params(("code" = String, Path, example = "spring-sale")),
    responses((status = 200, body = LinkBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(code): Segments<String>,
) -> Result<Response, Problem> {
    let link = find(&app, &caller, &code).await?;
    answer(&app, &caller.tenant_key(), &link).await
}

/// The link behind a code, if the caller may see it. Another's is as little there as nobody's.
async fn find(app: &App, caller: &Caller, code: &str) -> Result<Link, Problem> {
    let own = who::own_partner(caller)?;
    let missing = || Problem::not_found("no such link");
    let code = LinkCode::sought(code).ok_or_else(missing)?;
    let target = app.store.get_link_by_code(code.as_str()).await?.ok_or_else(missing)?;
    if target.tenant != caller.tenant || own.is_some_and(|own| own != target.partner) {
        return Err(missing());
    }
    app.store.get_link(&caller.tenant_key(), &target.link).await?.ok_or_else(missing)
}

/// A link with its version.
async fn answer(app: &App, tenant: &TenantKey, link: &Link) -> Result<Response, Problem> {
    let said = said_of(app, tenant, std::slice::from_ref(link)).await?;
    Ok(([(ETAG, etag(link.details.version + 1))], Json(body(app, link, &said))).into_response())
}

/// The partner that a link is for: a fault of the field, or a refusal of the caller.
pub(super) fn whose(faults: &mut Faults, caller: &Caller, named: Option<&str>) -> Result<Option<PartnerId>, Problem> {
    let own = who::own_partner(caller)?;
    let Some(named) = faults.check("/partner_id", named.map(PartnerId::parse).transpose()) else { return Ok(None) };
    Ok(match (own, named) {
        (Some(own), Some(named)) if own != named => return Err(Problem::not_found("no such partner")),
        (Some(own), _) => Some(own),
        (None, Some(named)) => Some(named),
        (None, None) => faults.fit("/partner_id", Err("say whose it is")),
    })
}

/// The programme of a new link and its window: the one named, or the partner's only one.
pub(super) async fn program_of(
    app: &App,
    tenant: &TenantKey,
    partner: &PartnerId,
    named: Option<ProgramId>,
) -> Result<(ProgramId, u16), Problem> {
    let no_partner = || Problem::impossible("/partner_id", "no such partner");
    let found = app.store.get_partner(tenant, partner).await?.ok_or_else(no_partner)?;
    if found.status != PartnerStatus::Active {
        return Err(Problem::conflict("the partner is suspended; reinstate it first"));
    }
    let enrolments = app.store.list_enrolments(tenant, partner).await?;
    let program = match (named, enrolments.as_slice()) {
        (None, [only]) => only.program.clone(),
        (None, _) => return Err(Problem::impossible("/program_id", "the partner has several programs; say which")),
        (Some(named), all) if all.iter().any(|enrolment| enrolment.program == named) => named,
        (Some(_), _) => return Err(Problem::impossible("/program_id", "the partner is not enrolled in this program")),
    };
    let no_program = || Problem::impossible("/program_id", "no such program");
    let found = app.store.get_program(tenant, &program).await?.ok_or_else(no_program)?;
    Ok((program, found.window_days))
}

async fn created(app: &App, tenant: &TenantKey, link: Link) -> Result<Response, Problem> {
    let said = said_of(app, tenant, std::slice::from_ref(&link)).await?;
    let location = [(LOCATION, format!("/v1/revenue/affiliates/{}", link.code))];
    let tag = [(ETAG, etag(link.details.version + 1))];
    Ok((StatusCode::CREATED, location, tag, Json(body(app, &link, &said))).into_response())
}
