//! Programmes.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::attribution::models::Model;
use domain::attribution::settings::{AttributionSettings, Binding};
use domain::currency::Currency;
use domain::id::ProgramId;
use domain::rule::in_force;
use domain::time::{Timestamp, Zone};
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use store::programs::Program;
use utoipa::{IntoParams, ToSchema};

use super::faults::Faults;
use super::page::{self, Listed};
use super::rules::{Frame, NewRule, RuleBody};
use super::who::{self, Admin, STAFF_AND_PARTNERS};
use crate::App;

const WINDOW_DAYS: u16 = 30;
const HOLD_DAYS: u16 = 30;
const CLOSE_LAG_DAYS: u16 = 3;
/// How many hosts a programme may name.
const HOSTS_MAX: usize = 50;

/// A programme to be made, with its first rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProgram {
    /// What people call it.
    name: String,
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: String,
    /// An IANA name, in which its days and months are counted.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// How long a click counts, 1 to 365 days; 30 when left out.
    window_days: Option<u16>,
    /// How long a commission waits, 0 to 365 days; 30 when left out.
    hold_days: Option<u16>,
    /// How many days after its end a period freezes, 0 to 31; 3 when left out.
    close_lag_days: Option<u16>,
    /// How it is decided who brought a customer; the last click, once, when left out.
    #[serde(default)]
    attribution: AttributionBody,
    /// The hosts whose pages may tell of clicks by the snippet, at most 50; each stands for those below it too. A link's
    /// own destination when left out.
    #[serde(default)]
    #[schema(example = json!(["shop.example"]))]
    allowed_hosts: Vec<String>,
    /// What its sales earn at first. It may begin in the past.
    rule: NewRule,
}

/// A programme.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgramBody {
    id: String,
    name: String,
    currency: String,
    time_zone: String,
    window_days: u16,
    hold_days: u16,
    close_lag_days: u16,
    attribution: AttributionBody,
    /// The hosts whose pages may tell of clicks; a link's own destination when empty.
    allowed_hosts: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// How it is decided who brought a customer.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AttributionBody {
    /// How several clicks share.
    #[schema(value_type = String, example = "last_click")]
    model: Model,
    /// Does a click go above a coupon?
    click_over_coupon: bool,
    /// `once`: the first decision holds for good. `per_window`: each sale is decided by the touches before it.
    #[schema(value_type = String, example = "once")]
    binding: Binding,
    /// May partners bring customers who were known before?
    existing_customers_allowed: bool,
}

impl From<AttributionBody> for AttributionSettings {
    fn from(body: AttributionBody) -> Self {
        let AttributionBody { model, click_over_coupon, binding, existing_customers_allowed } = body;
        Self { model, click_over_coupon, binding, existing_customers_allowed }
    }
}

impl From<AttributionSettings> for AttributionBody {
    fn from(settings: AttributionSettings) -> Self {
        let AttributionSettings { model, click_over_coupon, binding, existing_customers_allowed } = settings;
        Self { model, click_over_coupon, binding, existing_customers_allowed }
    }
}

/// A programme with the rule that holds now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgramDetail {
    #[serde(flatten)]
    program: ProgramBody,
    /// The version in force now; null before the first begins.
    rule: Option<RuleBody>,
}

impl From<&Program> for ProgramBody {
    fn from(program: &Program) -> Self {
        Self {
            id: program.id.to_string(),
            name: program.name.clone(),
            currency: program.currency.to_string(),
            time_zone: program.zone.name().to_owned(),
            window_days: program.window_days,
            hold_days: program.hold_days,
            close_lag_days: program.close_lag_days,
            attribution: program.attribution.into(),
            allowed_hosts: program.allowed_hosts.clone(),
            created_at: program.created_at,
        }
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

/// List programs.
///
/// Newest first. A partner sees those that it is enrolled in.
#[utoipa::path(
    get,
    path = "/v1/programs",
    tag = "programs",
    params(Asked),
    responses((status = 200, body = Listed<ProgramBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<ProgramBody>>, Problem> {
    let own = who::own_partner(&caller)?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| ProgramId::parse(id).ok())?;
    let tenant = caller.tenant_key();
    let mut programs = app.store.list_programs(&tenant).await?;
    if let Some(own) = own {
        let enrolments = app.store.list_enrolments(&tenant, &own).await?;
        programs.retain(|program| enrolments.iter().any(|enrolment| enrolment.program == program.id));
    }
    // Newest first: behind the cursor is what has a lesser id.
    let rest: Vec<&Program> =
        programs.iter().filter(|program| after.as_ref().is_none_or(|after| program.id < *after)).collect();
    let shown = &rest[..limit.min(rest.len())];
    let next = shown.last().filter(|_| rest.len() > limit).map(|program| program.id.as_str());
    Ok(Json(Listed::new(shown.iter().map(|program| ProgramBody::from(*program)).collect(), next)))
}

/// Create a program.
///
/// With its first rule, in one step.
#[utoipa::path(
    post,
    path = "/v1/programs",
    tag = "programs",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewProgram,
    responses((status = 201, body = ProgramDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    minting: Minting,
    Body(asked): Body<NewProgram>,
) -> Result<Response, Problem> {
    let now = minting.at();
    let mut faults = Faults::default();
    let id = ProgramId::from_ulid(minting.ulid("program"));
    let name = faults.text("/name", &asked.name, 200);
    let currency = faults.check("/currency", Currency::parse(&asked.currency));
    let zone = faults.check("/time_zone", Zone::parse(&asked.time_zone));
    let window_days = faults.within("/window_days", asked.window_days.unwrap_or(WINDOW_DAYS), 1..=365);
    let hold_days = faults.within("/hold_days", asked.hold_days.unwrap_or(HOLD_DAYS), 0..=365);
    let close_lag_days = faults.within("/close_lag_days", asked.close_lag_days.unwrap_or(CLOSE_LAG_DAYS), 0..=31);
    let allowed_hosts = hosts(&mut faults, &asked.allowed_hosts);
    let rule = asked.rule.read(&mut faults, "/rule", &Frame { program: &id, currency, hold_days, now, minting });
    let (currency, zone, rule) = faults.finish(currency.zip(zone).zip(rule).map(|((c, z), r)| (c, z, r)))?;
    let program = Program {
        id,
        name,
        currency,
        zone,
        window_days,
        hold_days,
        close_lag_days,
        attribution: asked.attribution.into(),
        allowed_hosts,
        created_at: now,
    };
    app.store.create_program(&caller.tenant_key(), &program, &rule).await?;
    tracing::info!(program.id = %program.id, rule.id = %rule.id, by = %caller.subject, "program created");
    let rule = (rule.effective_from <= now).then(|| RuleBody::from(&rule));
    let location = [(LOCATION, format!("/v1/programs/{}", program.id))];
    let body = ProgramDetail { program: ProgramBody::from(&program), rule };
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

/// TRK-6: hosts in the form in which they are compared.
fn hosts(faults: &mut Faults, asked: &[String]) -> Vec<String> {
    if asked.len() > HOSTS_MAX {
        faults.note("/allowed_hosts", format!("at most {HOSTS_MAX} hosts"));
    }
    let mut hosts = Vec::new();
    for (place, text) in asked.iter().take(HOSTS_MAX).enumerate() {
        match domain::host::normal(text) {
            Some(host) => hosts.push(host),
            None => faults.note(&format!("/allowed_hosts/{place}"), "a host's name, without scheme, port or path"),
        }
    }
    hosts
}

/// Read a program.
#[utoipa::path(
    get,
    path = "/v1/programs/{id}",
    tag = "programs",
    params(("id" = String, Path)),
    responses((status = 200, body = ProgramDetail), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<ProgramDetail>, Problem> {
    caller.require(&STAFF_AND_PARTNERS)?;
    let program = existing(&app, &caller, &id).await?;
    let rules = app.store.list_rules(&caller.tenant_key(), &program.id).await?;
    let rule = in_force(&rules, app.clock.now()).map(RuleBody::from);
    Ok(Json(ProgramDetail { program: ProgramBody::from(&program), rule }))
}

/// The programme of this id, if the caller may see it.
///
/// # Errors
/// 404 when there is none, or it is not the caller's.
pub(crate) async fn existing(app: &App, caller: &Caller, id: &str) -> Result<Program, Problem> {
    let missing = || Problem::not_found("no such program");
    let id = ProgramId::parse(id).map_err(|_| missing())?;
    let tenant = caller.tenant_key();
    if let Some(own) = who::own_partner(caller)? {
        let enrolments = app.store.list_enrolments(&tenant, &own).await?;
        if !enrolments.iter().any(|enrolment| enrolment.program == id) {
            return Err(missing());
        }
    }
    app.store.get_program(&tenant, &id).await?.ok_or_else(missing)
}
