//! Links, under the name that callers know them by: affiliates.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::id::{LinkId, PartnerId, ProgramId};
use domain::rate::Rate;
use domain::rule::{Reward, in_force};
use domain::time::{Timestamp, Zone};
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::links::{Link, LinkCreated};
use store::partners::PartnerStatus;
use utoipa::{IntoParams, ToSchema};

use super::faults::Faults;
use super::page::{self, Listed};
use super::who::{self, AdminOrPartner};
use crate::App;
use crate::code::LinkCode;
use crate::destination::Destination;

/// How often a fresh code may be taken before we give up: once is already one in millions.
const CODES_TRIED_MAX: u32 = 5;

/// Of how many days the clicks of a link are shown.
const CLICKS_DAYS: i32 = 366;

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// Whose link; a partner may leave it out.
    partner_id: Option<String>,
    /// The programme whose rules apply; may be left out by a partner of one programme.
    program_id: Option<String>,
    /// The word behind `/r/`: 3 to 64 letters a to z, digits and hyphens; a fresh one when left out.
    #[schema(example = "spring-sale")]
    unique_code: Option<String>,
    /// Where visitors go: an https URL.
    #[schema(example = "https://shop.example/start")]
    destination: String,
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkBody {
    id: String,
    partner_id: String,
    program_id: String,
    unique_code: String,
    /// What the partner hands out.
    url: String,
    destination: String,
    /// The rate in force now; null when the programme pays a flat amount.
    #[schema(example = "0.3")]
    commission_rate: Option<String>,
    /// How many clicks through it count, within the last 366 days, today's included.
    #[schema(example = 1204)]
    clicks: u64,
    /// Not counted yet: null.
    conversions: Option<u64>,
    /// Not counted yet: null.
    revenue_generated: Option<String>,
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only this partner's; a partner sees its own anyway.
    partner_id: Option<String>,
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List links.
///
/// Newest first. A partner sees its own.
#[utoipa::path(
    get,
    path = "/v1/revenue/affiliates",
    tag = "links",
    params(Asked),
    responses((status = 200, body = Listed<LinkBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<LinkBody>>, Problem> {
    let is_for_one = who::own_partner(&caller)?.is_some() || asked.partner_id.is_some();
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| LinkId::parse(id).ok())?;
    let tenant = caller.tenant_key();
    let page = if is_for_one {
        let partner = who::asked_partner(&caller, asked.partner_id.as_deref())?;
        app.store.list_partner_links(&tenant, &partner, after.as_ref(), limit).await?
    } else {
        app.store.list_links(&tenant, after.as_ref(), limit).await?
    };
    let said = said_of(&app, &tenant, &page.items).await?;
    let data = page.items.iter().map(|link| body(&app, link, &said)).collect();
    Ok(Json(Listed::new(data, page.next.as_deref())))
}

/// Create a link.
///
/// An admin makes one for any partner, a partner for itself.
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
    minting: Minting,
    Body(asked): Body<NewLink>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let partner = faults.check("/partner_id", whose(&caller, asked.partner_id.as_deref())?);
    let program = asked.program_id.as_deref().map(ProgramId::parse).transpose();
    let program = faults.check("/program_id", program);
    let chosen = faults.check("/unique_code", asked.unique_code.as_deref().map(LinkCode::parse).transpose());
    let destination = faults.check("/destination", Destination::parse(&asked.destination, app.place.is_dev));
    let read = partner.zip(program).zip(chosen).zip(destination);
    let (((partner, program), chosen), destination) = faults.finish(read)?;
    let tenant = caller.tenant_key();
    let (program, window_days) = program_of(&app, &tenant, &partner, program).await?;
    let now = minting.at();
    let draft = |code: &LinkCode| Link {
        id: LinkId::from_ulid(minting.ulid("link")),
        code: code.as_str().to_owned(),
        partner: partner.clone(),
        program: program.clone(),
        destination: destination.as_str().to_owned(),
        window_days,
        commission_rate: None,
        active: true,
        created_at: now,
    };
    let mut drawn = 0;
    for _ in 0..CODES_TRIED_MAX {
        // Another run under the same idempotency key tries the same codes, and finds its own link behind one.
        let mut draw = || {
            drawn += 1;
            minting.bytes(&format!("code {drawn}"))
        };
        let link = draft(&chosen.clone().unwrap_or_else(|| LinkCode::generate(&mut draw)));
        match app.store.create_link(&tenant, &link).await? {
            LinkCreated::Created => {
                tracing::info!(link.id = %link.id, partner.id = %link.partner, by = %caller.subject, "link created");
                return created(&app, &tenant, link).await;
            }
            LinkCreated::CodeTaken if chosen.is_some() => {
                return Err(Problem::conflict("this code is taken").kind("code-taken").at("/unique_code", "taken"));
            }
            LinkCreated::CodeTaken => {}
        }
    }
    tracing::error!(tried = CODES_TRIED_MAX, "every fresh link code was taken");
    Err(Problem::unavailable("no free code found; try again"))
}

/// Read a link by its code.
#[utoipa::path(
    get,
    path = "/v1/revenue/affiliates/{code}",
    tag = "links",
    params(("code" = String, Path)),
    responses((status = 200, body = LinkBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(code): Segments<String>,
) -> Result<Json<LinkBody>, Problem> {
    let own = who::own_partner(&caller)?;
    let missing = || Problem::not_found("no such link");
    let code = LinkCode::parse(&code).map_err(|_| missing())?;
    let tenant = caller.tenant_key();
    let target = app.store.get_link_by_code(code.as_str()).await?.ok_or_else(missing)?;
    if target.tenant != caller.tenant || own.is_some_and(|own| own != target.partner) {
        return Err(missing());
    }
    let link = app.store.get_link(&tenant, &target.link).await?.ok_or_else(missing)?;
    let said = said_of(&app, &tenant, std::slice::from_ref(&link)).await?;
    Ok(Json(body(&app, &link, &said)))
}

/// The partner that a link is for: a fault of the field, or a refusal of the caller.
fn whose(caller: &Caller, named: Option<&str>) -> Result<Result<PartnerId, String>, Problem> {
    let own = who::own_partner(caller)?;
    let named = named.map(PartnerId::parse).transpose();
    Ok(match (own, named) {
        (_, Err(why)) => Err(why.to_string()),
        (Some(own), Ok(Some(named))) if own != named => return Err(Problem::not_found("no such partner")),
        (Some(own), Ok(_)) => Ok(own),
        (None, Ok(Some(named))) => Ok(named),
        (None, Ok(None)) => Err("say whose link it is".to_owned()),
    })
}

/// The programme of a new link and its window: the one named, or the partner's only one.
async fn program_of(
    app: &App,
    tenant: &TenantKey,
    partner: &PartnerId,
    named: Option<ProgramId>,
) -> Result<(ProgramId, u16), Problem> {
    let no_partner = || Problem::bad_request("/partner_id", "no such partner");
    let found = app.store.get_partner(tenant, partner).await?.ok_or_else(no_partner)?;
    if found.status != PartnerStatus::Active {
        return Err(Problem::conflict("the partner is suspended; reinstate it first"));
    }
    let enrolments = app.store.list_enrolments(tenant, partner).await?;
    let program = match (named, enrolments.as_slice()) {
        (None, [only]) => only.program.clone(),
        (None, _) => return Err(Problem::bad_request("/program_id", "the partner has several programs; say which")),
        (Some(named), all) if all.iter().any(|enrolment| enrolment.program == named) => named,
        (Some(_), _) => return Err(Problem::bad_request("/program_id", "the partner is not enrolled in this program")),
    };
    let no_program = || Problem::bad_request("/program_id", "no such program");
    let found = app.store.get_program(tenant, &program).await?.ok_or_else(no_program)?;
    Ok((program, found.window_days))
}

async fn created(app: &App, tenant: &TenantKey, link: Link) -> Result<Response, Problem> {
    let said = said_of(app, tenant, std::slice::from_ref(&link)).await?;
    let location = [(LOCATION, format!("/v1/revenue/affiliates/{}", link.code))];
    Ok((StatusCode::CREATED, location, Json(body(app, &link, &said))).into_response())
}

/// What is said of links beside themselves.
struct Said {
    rates: BTreeMap<ProgramId, Option<Rate>>,
    clicks: BTreeMap<LinkId, u64>,
}

async fn said_of(app: &App, tenant: &TenantKey, links: &[Link]) -> Result<Said, Problem> {
    let today = Zone::utc().day_of(app.clock.now());
    let from = today.plus_days(1 - CLICKS_DAYS).unwrap_or(today);
    let ids: Vec<LinkId> = links.iter().map(|link| link.id.clone()).collect();
    let clicks = app.store.total_clicks(tenant, &ids, (from, today)).await?;
    Ok(Said { rates: rates(app, tenant, links).await?, clicks })
}

/// The rate in force now of each programme that these links belong to.
async fn rates(app: &App, tenant: &TenantKey, links: &[Link]) -> Result<BTreeMap<ProgramId, Option<Rate>>, Problem> {
    let now = app.clock.now();
    let mut rates = BTreeMap::new();
    for link in links {
        if rates.contains_key(&link.program) {
            continue;
        }
        let rules = app.store.list_rules(tenant, &link.program).await?;
        let rate = in_force(&rules, now).and_then(|rule| match &rule.terms.clauses.first()?.reward {
            Reward::Percentage(rate) => Some(*rate),
            Reward::Flat(_) | Reward::Banded => None,
        });
        rates.insert(link.program.clone(), rate);
    }
    Ok(rates)
}

fn body(app: &App, link: &Link, said: &Said) -> LinkBody {
    let rate = link.commission_rate.or_else(|| said.rates.get(&link.program).copied().flatten());
    LinkBody {
        id: link.id.to_string(),
        partner_id: link.partner.to_string(),
        program_id: link.program.to_string(),
        unique_code: link.code.clone(),
        url: format!("{}/r/{}", app.place.public_url, link.code),
        destination: link.destination.clone(),
        commission_rate: rate.map(|rate| rate.to_string()),
        clicks: said.clicks.get(&link.id).copied().unwrap_or(0),
        conversions: None,
        revenue_generated: None,
        active: link.active,
        created_at: link.created_at,
    }
}
