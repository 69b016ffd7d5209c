//! Leads from forms: somebody leaves an address on a page, and the page's script sends it here.
//!
//! Whoever can read the page can read its key, so the answer is the same for an address that is known and one that is
//! not, and the key opens nothing else.

mod body;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Json, Router, routing::post};
use cases::leads::{self, Captured};
use domain::email::Email;
use domain::fact::{Fact, Lead as LeadTold, PaymentKey};
use domain::id::{LeadId, ProgramId};
use domain::lead::Capture;
use domain::lead::person::{PersonPiece, Teller};
use domain::provider::Provider;
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::{AnyCaller, Caller};
use edge::body::Checked;
use edge::http::{CorrelationId, Origin, open_to_pages};
use edge::openapi::{Clashes, Refusals};
use edge::problem::Problem;
use edge::sealing::Belongs;
use serde::Serialize;
use store::TenantKey;
use store::pace::Pace;
use utoipa::ToSchema;

use self::body::NewLead;
use super::refusal;
use crate::App;
use crate::envelope::day_of;
use crate::take_in::Arrival;

/// Who may leave leads: a page, the tenant's own server, and whoever tries it out.
const TELLERS: &[Role] = &[Role::Publishable, Role::Service, Role::Admin];
/// REV-6: how many leads a page's key leaves within a minute, over all who read it. Each is a few writes and a data key.
pub(crate) const LEADS_OF_A_PAGE_A_MINUTE_MAX: u32 = 600;
/// How often one network sends something with a page's key within a minute, whatever becomes of it: an office full of
/// people, and not enough to shut the form for everybody else.
pub(crate) const LEADS_OF_A_SENDER_A_MINUTE_MAX: u32 = 30;

/// The routes that pages of other origins call, within the border of the function.
pub(super) fn open(app: App) -> Router {
    open_to_pages(Router::new().route("/v1/revenue/leads", post(capture).options(ask_first)).with_state(app))
}

/// The address was taken. Whether it was known is not said to whoever can read a page's key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LeadReceived {
    /// Always true.
    received: bool,
    /// The lead's id: the same each time the address is left with the programme.
    lead_id: String,
}

/// Leave an address with a programme.
///
/// From a page with a publishable key, whose programme it is; from your own server with a service key and `program_id`.
/// The same address is the same lead, seen once more. A click token that comes along makes whoever pays under the address
/// later the customer of the partner who brought them. A publishable key leaves 30 leads a minute from one network and 600
/// from all together.
#[utoipa::path(
    post,
    path = "/v1/revenue/leads",
    tag = "leads",
    security(("bearer" = [])),
    request_body = NewLead,
    responses(
        (status = 202, description = "taken", body = LeadReceived),
        (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
        (
            status = 429,
            description = "one network, or all together, left as many as a publishable key may within this minute; `Retry-After` says when it may again",
            body = Problem,
            content_type = "application/problem+json"
        ),
        (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
        Refusals, Clashes
    )
)]
pub(super) async fn capture(
    State(app): State<App>,
    Extension(CorrelationId(correlation_id)): Extension<CorrelationId>,
    AnyCaller(caller): AnyCaller,
    origin: Origin,
    headers: HeaderMap,
    Checked(told): Checked<NewLead>,
) -> Result<(StatusCode, Json<LeadReceived>), Problem> {
    caller.require(TELLERS)?;
    let (now, tenant) = (app.clock.now(), caller.tenant_key());
    let teller = if caller.role == Role::Publishable { Teller::Page } else { Teller::Server };
    pace_of_sender(&app, &tenant, (&caller, teller), &origin, now).await?;
    let program = program_of(&app, &tenant, &caller, &told, &headers).await?;
    let (email, address) = told.address()?;
    let capture = told.capture(program, address, now)?;
    pace_of_page(&app, &tenant, (&caller, teller), now).await?;
    let capture = Capture { takes_mail: takes_mail(&app, &email).await, ..capture };
    let id = LeadId::of(&capture.program, &capture.address.digest);
    let said = seal(&app, &caller, &id, &told).await?;
    let captured = leads::capture(&app.store, &tenant, capture, (&said, teller)).await.map_err(away)?;
    tell(&app, &caller, &captured, (told.click_token.as_deref(), now), correlation_id).await?;
    let Captured { lead, is_new } = captured;
    let (state, points) = (lead.state.word(), lead.score.points());
    tracing::info!(lead.id = %id, lead.state = state, lead.points = points, is_new, "lead captured");
    Ok((StatusCode::ACCEPTED, Json(LeadReceived { received: true, lead_id: id.to_string() })))
}

/// May a page of another origin leave addresses here?
///
/// What a browser asks before it sends the page's request.
#[utoipa::path(
    options,
    path = "/v1/revenue/leads",
    tag = "leads",
    responses((status = 204, description = "with the headers of CORS"))
)]
pub(super) async fn ask_first() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// REV-6: whoever reads the page can send as they like: what one network sends is counted first, as a hash of the minute,
/// so that it is bounded and shuts the form for nobody else.
async fn pace_of_sender(
    app: &App,
    tenant: &TenantKey,
    (caller, teller): (&Caller, Teller),
    origin: &Origin,
    now: Timestamp,
) -> Result<(), Problem> {
    if teller == Teller::Server || origin.ip.is_none() {
        return Ok(());
    }
    let (minute, network) = (now.as_second().div_euclid(60).to_string(), origin.network());
    let parts = [caller.key_id.as_str().as_bytes(), minute.as_bytes(), network.as_bytes()];
    let door = format!("lead#{}", domain::digest::Digest::of(&parts));
    match app.store.record_use_of_door(tenant, &door, now, LEADS_OF_A_SENDER_A_MINUTE_MAX).await? {
        Pace::Go => Ok(()),
        Pace::Wait(seconds) => {
            tracing::info!(key.id = %caller.key_id, "one network leaves more leads than it may");
            Err(Problem::too_many(seconds))
        }
    }
}

/// And over all who read the page, for what is a lead at all: what strangers together can make us write is bounded.
async fn pace_of_page(
    app: &App,
    tenant: &TenantKey,
    (caller, teller): (&Caller, Teller),
    now: Timestamp,
) -> Result<(), Problem> {
    if teller == Teller::Server {
        return Ok(());
    }
    match app.store.record_use(tenant, &caller.key_id, now, LEADS_OF_A_PAGE_A_MINUTE_MAX).await? {
        Pace::Go => Ok(()),
        Pace::Wait(seconds) => {
            tracing::warn!(key.id = %caller.key_id, "a page's key leaves more leads than it may");
            Err(Problem::too_many(seconds))
        }
    }
}

/// The programme: the key's own, or the one that a server names. A page must be one that the programme allows.
async fn program_of(
    app: &App,
    tenant: &TenantKey,
    caller: &Caller,
    told: &NewLead,
    headers: &HeaderMap,
) -> Result<ProgramId, Problem> {
    let named = told.program_id.as_deref().map(ProgramId::parse).transpose();
    let named = named.map_err(|error| Problem::bad_request("/program_id", error.to_string()))?;
    let program = match (caller.role, named) {
        (Role::Publishable, named) => {
            let own = ProgramId::parse(&caller.subject);
            let own = own.map_err(|_| Problem::forbidden("this key belongs to no programme"))?;
            if named.is_some_and(|named| named != own) {
                return Err(Problem::forbidden("this key leaves leads with another programme"));
            }
            own
        }
        (_, Some(named)) => named,
        (_, None) => return Err(Problem::impossible("/program_id", "missing: with which programme the lead is left")),
    };
    let Some(known) = app.store.get_program(tenant, &program).await? else {
        return Err(Problem::impossible("/program_id", "no such programme"));
    };
    if !may_tell(&known.allowed_hosts, headers) {
        return Err(Problem::forbidden("the page is on no host that the programme names among its allowed hosts")
            .kind("host-not-allowed"));
    }
    Ok(program)
}

/// TRK-6: a page says where it is, and is on a host that the programme names; a server says nothing, and has a key that no
/// page shows.
fn may_tell(allowed: &[String], headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let host = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name)).and_then(domain::host::normal);
    host.is_some_and(|host| domain::host::may_tell(allowed, None, &host))
}

/// Nobody is asked unless a resolver is configured.
async fn takes_mail(app: &App, email: &Email) -> Option<bool> {
    let (_, domain) = email.as_str().rsplit_once('@')?;
    app.mail_hosts.as_ref()?.takes_mail(domain).await
}

/// What is personal, under the key of this one lead.
async fn seal(app: &App, caller: &Caller, id: &LeadId, told: &NewLead) -> Result<PersonPiece, Problem> {
    let person = told.person();
    let says = person.says();
    let person = serde_json::to_string(&person).map_err(|_| Problem::internal())?;
    let belongs = Belongs { tenant: caller.tenant.as_str(), subject: id.as_str(), field: store::leads::PERSON };
    let sealed = app.sealer.seal_text(&belongs, &person).await;
    let sealed = sealed.map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, lead.id = %id, "key service away, lead not taken");
        Problem::unavailable("the lead could not be taken now; send it again")
    })?;
    Ok(PersonPiece { says, sealed: sealed.to_string() })
}

/// The recorder hears of a lead that a click brought, for attribution, and of one that is worth a reward by itself. Told
/// behind the lead: failed in between, the form is sent again, and the same is told.
///
/// REV-6: what a page tells of a lead is anybody's word, and so is the score that comes of it: it is never paid for. A
/// server's word is the tenant's own.
async fn tell(
    app: &App,
    caller: &Caller,
    captured: &Captured,
    (click_token, now): (Option<&str>, Timestamp),
    correlation_id: String,
) -> Result<(), Problem> {
    let lead = &captured.lead;
    let is_qualified = caller.role != Role::Publishable && lead.state.word() == "qualified";
    let Some(email) = lead.email.filter(|_| click_token.is_some() || is_qualified) else { return Ok(()) };
    let event = PaymentKey::parse(&format!("{}:{}", Provider::Track.word(), lead.id));
    let event = event.map_err(|_| Problem::internal())?;
    let click_token = click_token.map(str::to_owned);
    let fact = Fact::Lead(LeadTold { event, occurred_at: lead.seen_at, click_token, email, is_qualified });
    let body = serde_json::to_vec(&fact).map_err(|_| Problem::internal())?;
    let hash = domain::digest::Digest::of_bytes(&body);
    let arrival = Arrival {
        tenant: &caller.tenant,
        provider: Provider::Track,
        // Each telling of its own: what a later one brings is another touch.
        event_id: format!("lead.{}.{}", lead.id, &hash.to_hex()[..16]),
        kind: "lead".to_owned(),
        day: day_of(now).ok_or_else(Problem::internal)?,
        hash,
        body: &body,
        at: now,
        correlation_id,
    };
    let event_id = arrival.event_id.clone();
    app.take_in(arrival).await.map(|_| ()).map_err(|error| refusal(&error, &event_id))
}

fn away(error: cases::error::CaseError) -> Problem {
    match error {
        cases::error::CaseError::Store(error) => error.into(),
        error => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "lead not taken");
            Problem::unavailable("the lead could not be taken now; send it again")
        }
    }
}
