//! Programmes.

pub(crate) mod changing;
pub(crate) mod deleting;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::attribution::models::Model;
use domain::attribution::settings::{AttributionSettings, Binding};
use domain::currency::Currency;
use domain::id::ProgramId;
use domain::rule::in_force;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::revision::etag;
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::{Deserialize, Serialize};
use store::programs::Program;
use store::programs::record::ProgramRecord;
use utoipa::{IntoParams, ToSchema};

use super::groups;
use super::page::{self, Listed};
use super::rules::{Frame, NewRule, RuleBody};
use super::who::{self, Admin, STAFF_AND_PARTNERS};
use crate::App;

const WINDOW_DAYS: u16 = 30;
const HOLD_DAYS: u16 = 30;
const CLOSE_LAG_DAYS: u16 = 3;
/// The columns of the list as CSV.
const COLUMNS: [&str; 8] = ["id", "name", "currency", "time_zone", "window_days", "hold_days", "status", "created_at"];
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
    /// The hosts that links may lead to, at most 50; each stands for those below it too. Any when left out.
    #[serde(default)]
    #[schema(example = json!(["shop.example"]))]
    destination_hosts: Vec<String>,
    /// May strangers apply to become partners? Yes, when left out: nobody is taken on without an admin.
    takes_applications: Option<bool>,
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
    /// The hosts that links may lead to; any when empty.
    destination_hosts: Vec<String>,
    /// May strangers apply to become partners?
    takes_applications: bool,
    /// `open`, or `closed`: clicks and coupons count no more, nobody new is taken on, and what was earned stays earned.
    status: StatusWord,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Whether a programme runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatusWord {
    /// It runs.
    Open,
    /// Nothing new is earned in it.
    Closed,
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

impl From<&ProgramRecord> for ProgramBody {
    fn from(record: &ProgramRecord) -> Self {
        let program = &record.program;
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
            destination_hosts: record.destination_hosts.clone(),
            takes_applications: record.takes_applications,
            status: if record.is_open() { StatusWord::Open } else { StatusWord::Closed },
            created_at: program.created_at,
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` for CSV; so does `Accept: text/csv`.
    #[expect(dead_code, reason = "read by the answer's format; here for the documentation")]
    #[param(value_type = Option<String>, example = "csv")]
    format: Option<String>,
}

/// List programs.
///
/// Newest first. A partner sees those that it is enrolled in.
#[utoipa::path(
    get,
    path = "/v1/programs",
    tag = "programs",
    params(Asked, ("format" = Option<Format>, Query, description = "`csv` for a table.")),
    responses((status = 200, body = Listed<ProgramBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let own = who::own_partner(&caller)?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| ProgramId::parse(id).ok())?;
    let tenant = caller.tenant_key();
    let mut programs = app.store.list_program_records(&tenant).await?;
    if let Some(own) = own {
        let enrolments = app.store.list_enrolments(&tenant, &own).await?;
        programs.retain(|found| enrolments.iter().any(|enrolment| enrolment.program == found.program.id));
    }
    // Newest first: behind the cursor is what has a lesser id.
    let rest: Vec<&ProgramRecord> =
        programs.iter().filter(|found| after.as_ref().is_none_or(|after| found.program.id < *after)).collect();
    let shown = &rest[..limit.min(rest.len())];
    let next = shown.last().filter(|_| rest.len() > limit).map(|found| found.program.id.as_str());
    let page = Listed::new(shown.iter().map(|found| ProgramBody::from(*found)).collect(), next);
    page.answer(format, "programs", &COLUMNS)
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
    origin: Origin,
    minting: Minting,
    Body(asked): Body<NewProgram>,
) -> Result<Response, Problem> {
    let now = minting.at();
    let mut faults = Faults::default();
    let id = ProgramId::from_ulid(minting.ulid("program"));
    let name = faults.text("/name", &asked.name, 200);
    let currency = faults.check("/currency", Currency::parse(&asked.currency));
    let zone = faults.zone("/time_zone", &asked.time_zone);
    let window_days = faults.within("/window_days", asked.window_days.unwrap_or(WINDOW_DAYS), 1..=365);
    let hold_days = faults.within("/hold_days", asked.hold_days.unwrap_or(HOLD_DAYS), 0..=365);
    let close_lag_days = faults.within("/close_lag_days", asked.close_lag_days.unwrap_or(CLOSE_LAG_DAYS), 0..=31);
    let allowed_hosts = hosts(&mut faults, "/allowed_hosts", &asked.allowed_hosts);
    let destination_hosts = hosts(&mut faults, "/destination_hosts", &asked.destination_hosts);
    let group_rates = groups::rates(&app, &caller.tenant_key()).await?;
    let rule = asked.rule.read(
        &mut faults,
        "/rule",
        &Frame { program: &id, currency, hold_days, now, minting, group_rates: &group_rates },
    );
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
    let takes_applications = asked.takes_applications.unwrap_or(true);
    let record = ProgramRecord { destination_hosts, takes_applications, ..ProgramRecord::new(program) };
    let tenant = caller.tenant_key();
    let told = changing::created(&record, &rule).told(
        record.program.id.as_str(),
        "program.created",
        (caller.acting(origin), now),
    );
    app.store.telling(&tenant, told).create_program_record(&tenant, &record, &rule).await?;
    tracing::info!(program.id = %record.program.id, rule.id = %rule.id, by = %caller.subject, "program created");
    let rule = (rule.effective_from <= now).then(|| RuleBody::from(&rule));
    let headers = [(LOCATION, format!("/v1/programs/{}", record.program.id))];
    let body = ProgramDetail { program: ProgramBody::from(&record), rule };
    Ok((StatusCode::CREATED, headers, [(ETAG, etag(record.version))], Json(body)).into_response())
}

/// TRK-6: hosts in the form in which they are compared.
fn hosts(faults: &mut Faults, pointer: &str, asked: &[String]) -> Vec<String> {
    if asked.len() > HOSTS_MAX {
        faults.note(pointer, format!("at most {HOSTS_MAX} hosts"));
    }
    let mut hosts = Vec::new();
    for (place, text) in asked.iter().take(HOSTS_MAX).enumerate() {
        match domain::host::normal(text) {
            Some(host) => hosts.push(host),
            None => faults.note(&format!("{pointer}/{place}"), "a host's name, without scheme, port or path"),
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
    responses(
        (status = 200, body = ProgramDetail, headers(("ETag" = String, description = "For `If-Match`."))),
        Refusals
    ),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    caller.require(&STAFF_AND_PARTNERS)?;
    let record = existing_record(&app, &caller, &id).await?;
    detail(&app, &caller, &record).await
}

/// A programme with the rule that holds now, and its version.
async fn detail(app: &App, caller: &Caller, record: &ProgramRecord) -> Result<Response, Problem> {
    let rules = app.store.list_rules(&caller.tenant_key(), &record.program.id).await?;
    let rule = in_force(&rules, app.clock.now()).map(RuleBody::from);
    let body = ProgramDetail { program: ProgramBody::from(record), rule };
    Ok(([(ETAG, etag(record.version))], Json(body)).into_response())
}

/// The programme of this id, if the caller may see it.
///
/// # Errors
/// 404 when there is none, or it is not the caller's.
pub(crate) async fn existing(app: &App, caller: &Caller, id: &str) -> Result<Program, Problem> {
    existing_record(app, caller, id).await.map(|record| record.program)
}

/// The same, with how it is run.
///
/// # Errors
/// 404 when there is none, or it is not the caller's.
pub(crate) async fn existing_record(app: &App, caller: &Caller, id: &str) -> Result<ProgramRecord, Problem> {
    let missing = || Problem::not_found("no such program");
    let id = ProgramId::parse(id).map_err(|_| missing())?;
    let tenant = caller.tenant_key();
    if let Some(own) = who::own_partner(caller)? {
        let enrolments = app.store.list_enrolments(&tenant, &own).await?;
        if !enrolments.iter().any(|enrolment| enrolment.program == id) {
            return Err(missing());
        }
    }
    app.store.get_program_record(&tenant, &id).await?.ok_or_else(missing)
}
