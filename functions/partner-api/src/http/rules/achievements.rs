//! Achievements: what there is to reach in a programme, as the milestones of its rule. COM-14.
//!
//! There is one engine. What is made or changed here is a new version of the rule, and holds from its date on.

pub(in crate::http) mod awards;
mod making;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::currency::Currency;
use domain::id::{AchievementId, ProgramId};
use domain::money::AmountText;
use domain::rule::{Milestone, RuleVersion, in_force};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::StatusCode;
use http::header::ETAG;
use serde::{Deserialize, Deserializer, Serialize};
use store::programs::Program;
use utoipa::{IntoParams, ToSchema};

use self::making::Making;
use super::body::{MetricWord, MilestoneBody};
use super::read::Reader;
use super::shown;
use crate::App;
use crate::http::page::{self, Listed};
use crate::http::who::{self, Admin};

/// The columns of the list as CSV.
const COLUMNS: [&str; 11] = [
    "id",
    "program_id",
    "name",
    "metric",
    "threshold",
    "bonus",
    "currency",
    "badge",
    "status",
    "effective_from",
    "version",
];

/// Something to reach, to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAchievement {
    /// In which programme.
    program_id: String,
    /// What people call it; unique in the programme, and reached once under that name.
    #[schema(example = "First ten")]
    name: String,
    /// What it counts, over the whole time of a partner in the programme, net of refunds.
    metric: MetricWord,
    /// How many or how much: "10", or "1000.00" of revenue.
    #[schema(example = "10")]
    threshold: String,
    /// What is paid for it, once; nothing when left out.
    #[schema(value_type = Option<String>, example = "100.00")]
    bonus: Option<AmountText>,
    /// The badge that is shown for it.
    #[schema(example = "ten")]
    badge: Option<String>,
    /// Since when it can be reached; now when left out, never in the past.
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_from: Option<Timestamp>,
}

/// What changes of an achievement; what is left out stays. Its name and what it counts are for good.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AchievementChange {
    /// How many or how much from now on.
    #[schema(example = "20")]
    threshold: Option<String>,
    /// What is paid for it from now on; null: nothing.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "150.00")]
    bonus: Option<Option<AmountText>>,
    /// The badge that is shown for it; null: none.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "twenty")]
    badge: Option<Option<String>>,
    /// `false`: it cannot be reached any more. Who reached it keeps it.
    active: Option<bool>,
    /// Since when that holds; now when left out, never in the past.
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_from: Option<Timestamp>,
}

/// What is there is given, also null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Something to reach.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AchievementBody {
    /// Of the programme and the name.
    #[schema(example = "ach_01JF8Q3W5T6Y7Z8A9B0C1D2E3F")]
    id: String,
    program_id: String,
    #[schema(example = "First ten")]
    name: String,
    metric: MetricWord,
    #[schema(example = "10")]
    threshold: String,
    #[schema(value_type = Option<String>, example = "100.00")]
    bonus: Option<AmountText>,
    #[schema(example = "USD")]
    currency: String,
    #[schema(example = "ten")]
    badge: Option<String>,
    /// `active`, `upcoming` (its version has not begun) or `ended` (no version that holds has it).
    #[schema(example = "active")]
    status: &'static str,
    /// Which version of the rule says so.
    rule_id: String,
    /// Since when that version holds.
    #[schema(value_type = String, format = DateTime)]
    effective_from: Timestamp,
    /// How often it was made, changed or ended: between quotes it is its ETag, for `If-Match`.
    #[schema(example = 1)]
    version: u64,
}

impl AchievementBody {
    /// The achievement with its ETag.
    fn answer(self, status: StatusCode) -> Response {
        (status, [(ETAG, etag(self.version))], Json(self)).into_response()
    }
}

/// Which achievements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only this programme's.
    program_id: Option<String>,
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

/// List achievements.
///
/// By programme and name, also those that have ended. A partner sees those of its programmes.
#[utoipa::path(
    get,
    path = "/v1/achievements",
    tag = "achievements",
    params(Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<AchievementBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), Place::parse)?;
    let only = asked.program_id.as_deref().map(ProgramId::parse).transpose();
    let only = only.map_err(|why| Problem::bad_parameter("program_id", why.to_string()))?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    let mut programs = seen(&app, &caller).await?;
    programs.retain(|program| only.as_ref().is_none_or(|only| *only == program.id));
    programs.sort_by(|a, b| a.id.cmp(&b.id));
    let mut rows: Vec<(Place, AchievementBody)> = Vec::new();
    for program in &programs {
        if after.as_ref().is_some_and(|after| program.id < after.program) || rows.len() > limit {
            continue;
        }
        let versions = app.store.list_rules(&tenant, &program.id).await?;
        let defined = defined(&versions, now).into_values();
        rows.extend(defined.map(|defined| (defined.place(), defined.body(&versions))));
    }
    rows.retain(|(place, _)| after.as_ref().is_none_or(|after| place > after));
    let next = if rows.len() > limit { limit.checked_sub(1).and_then(|last| rows.get(last)) } else { None };
    let next = next.map(|(place, _)| place.to_text());
    let data = rows.into_iter().take(limit).map(|(_, body)| body).collect();
    Listed::new(data, next.as_deref()).answer(format, "achievements", &COLUMNS)
}

/// The programmes that the caller sees.
async fn seen(app: &App, caller: &Caller) -> Result<Vec<Program>, Problem> {
    let tenant = caller.tenant_key();
    let own = who::own_partner(caller)?;
    let mut programs = app.store.list_programs(&tenant).await?;
    if let Some(own) = own {
        let enrolments = app.store.list_enrolments(&tenant, &own).await?;
        programs.retain(|program| enrolments.iter().any(|enrolment| enrolment.program == program.id));
    }
    Ok(programs)
}

/// Where a list stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    program: ProgramId,
    name: String,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (program, name) = text.split_once('#')?;
        Some(Self { program: ProgramId::parse(program).ok()?, name: name.to_owned() })
    }

    fn to_text(&self) -> String {
        format!("{}#{}", self.program, self.name)
    }
}

/// A milestone as the last version that matters has it.
struct Defined<'a> {
    version: &'a RuleVersion,
    milestone: &'a Milestone,
    status: &'static str,
}

/// Every milestone of a programme by its name: as the version in force has it, else as one to come, else as the last that
/// had it.
fn defined(versions: &[RuleVersion], now: Timestamp) -> BTreeMap<&str, Defined<'_>> {
    let holds = in_force(versions, now).map(|version| &version.id);
    let mut found: BTreeMap<&str, Defined<'_>> = BTreeMap::new();
    for version in versions {
        for milestone in &version.terms.milestones {
            let status = match holds {
                Some(holds) if *holds == version.id => "active",
                _ if version.effective_from > now => "upcoming",
                _ => "ended",
            };
            let known = found.get(milestone.name.as_str()).map(|known| known.status);
            // Versions come in the order of their dates: what holds is not hidden by what is to come.
            if known != Some("active") {
                found.insert(&milestone.name, Defined { version, milestone, status });
            }
        }
    }
    found
}

impl Defined<'_> {
    fn place(&self) -> Place {
        Place { program: self.version.program.clone(), name: self.milestone.name.clone() }
    }

    fn body(&self, versions: &[RuleVersion]) -> AchievementBody {
        let Milestone { name, currency, .. } = self.milestone;
        let MilestoneBody { metric, threshold, bonus, badge, .. } = shown::milestone(self.milestone);
        AchievementBody {
            id: AchievementId::of(&self.version.program, name).to_string(),
            program_id: self.version.program.to_string(),
            name: name.clone(),
            metric,
            threshold,
            bonus,
            currency: currency.to_string(),
            badge,
            status: self.status,
            rule_id: self.version.id.to_string(),
            effective_from: self.version.effective_from,
            version: revision(versions, name),
        }
    }
}

/// How often an achievement was made, changed or ended; 0 of one that never was. A version of the rule that leaves it as it
/// was leaves this, too: nobody is told of a change that is not one of theirs.
fn revision(versions: &[RuleVersion], name: &str) -> u64 {
    let (mut before, mut count) = (None, 0_u64);
    for version in versions {
        let there = version.terms.milestones.iter().find(|milestone| milestone.name == name);
        if there != before {
            count = count.saturating_add(1);
        }
        before = there;
    }
    count
}

/// An achievement as the last version that had it says.
fn last<'a>(versions: &'a [RuleVersion], name: &str) -> Option<&'a Milestone> {
    versions.iter().rev().find_map(|version| version.terms.milestones.iter().find(|known| known.name == name))
}

/// Create an achievement.
///
/// A new version of the programme's rule: as the one that holds then, with the achievement. What was earned stays.
#[utoipa::path(
    post,
    path = "/v1/achievements",
    tag = "achievements",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewAchievement,
    responses(
        (status = 201, body = AchievementBody, headers(("ETag" = String, description = "For `If-Match`."))),
        Refusals,
        WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Body(asked): Body<NewAchievement>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    let program =
        ProgramId::parse(&asked.program_id).map_err(|why| Problem::bad_request("/program_id", why.to_string()))?;
    let no_program = || Problem::impossible("/program_id", "no such program");
    let program = app.store.get_program(&tenant, &program).await?.ok_or_else(no_program)?;
    let NewAchievement { name, metric, threshold, bonus, badge, effective_from, .. } = asked;
    let wished = MilestoneBody { name: name.trim().to_owned(), metric, threshold, bonus, badge };
    let mut faults = Faults::default();
    let milestone = read(&mut faults, program.currency, &wished);
    let milestone = faults.finish(milestone)?;
    let making = Making::new((&app, &caller), &program, effective_from, minting)?;
    let name = milestone.name.clone();
    let with_it = |mut version: RuleVersion, _: &[RuleVersion]| {
        if version.terms.milestones.iter().any(|known| known.name == milestone.name) {
            let problem = Problem::conflict("the program has an achievement of this name").kind("achievement-exists");
            return Err(problem.at("/name", "taken"));
        }
        version.terms.milestones.push(milestone.clone());
        Ok(version)
    };
    let body = making.write((origin, "achievement.created"), (&name, None), with_it).await?;
    Ok(body.answer(StatusCode::CREATED))
}

/// Change an achievement, or end it.
///
/// A new version of the programme's rule. Who reached it keeps it, as it was, and does not reach it again. What is left out
/// stays as the version before has it, also where another has just changed it.
#[utoipa::path(
    patch,
    path = "/v1/achievements/{id}",
    tag = "achievements",
    params(
        ("id" = String, Path, example = "ach_01JF8Q3W5T6Y7Z8A9B0C1D2E3F"),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw: its `version`, between quotes."),
    ),
    request_body = AchievementChange,
    responses(
        (status = 200, body = AchievementBody, headers(("ETag" = String, description = "For `If-Match`."))),
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
    Body(asked): Body<AchievementChange>,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("no such achievement");
    let id = AchievementId::parse(&id).map_err(|_| missing())?;
    let (program, known) = find(&app, &caller, &id).await?.ok_or_else(missing)?;
    let making = Making::new((&app, &caller), &program, asked.effective_from, minting)?;
    if asked.active != Some(false) {
        // What is wrong with a field is told before what else stands in the way.
        asked.over(&known, program.currency)?;
    }
    let name = known.name;
    // COM-14: over what is there when it is written. What was read before may lack what another has changed meanwhile, and
    // would take it back unseen.
    let with_it = |mut version: RuleVersion, versions: &[RuleVersion]| {
        if asked.active == Some(false) {
            version.terms.milestones.retain(|milestone| milestone.name != name);
            return Ok(version);
        }
        let after = asked.over(last(versions, &name).ok_or_else(missing)?, program.currency)?;
        match version.terms.milestones.iter_mut().find(|milestone| milestone.name == name) {
            Some(there) => *there = after,
            None => version.terms.milestones.push(after),
        }
        Ok(version)
    };
    let body = making.write((origin, "achievement.changed"), (&name, Some(seen)), with_it).await?;
    Ok(body.answer(StatusCode::OK))
}

impl AchievementChange {
    /// The achievement with what changes of it.
    fn over(&self, known: &Milestone, currency: Currency) -> Result<Milestone, Problem> {
        let mut wished = shown::milestone(known);
        wished.threshold = self.threshold.clone().unwrap_or(wished.threshold);
        wished.bonus = self.bonus.clone().unwrap_or(wished.bonus);
        wished.badge = self.badge.clone().unwrap_or(wished.badge);
        let mut faults = Faults::default();
        let milestone = read(&mut faults, currency, &wished);
        faults.finish(milestone)
    }
}

/// The programme of an achievement, and the achievement as it was last defined.
async fn find(app: &App, caller: &Caller, id: &AchievementId) -> Result<Option<(Program, Milestone)>, Problem> {
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    for program in seen(app, caller).await? {
        let versions = app.store.list_rules(&tenant, &program.id).await?;
        let defined = defined(&versions, now).into_values();
        let mut named = defined.filter(|defined| AchievementId::of(&program.id, &defined.milestone.name) == *id);
        if let Some(found) = named.next() {
            let milestone = found.milestone.clone();
            return Ok(Some((program, milestone)));
        }
    }
    Ok(None)
}

fn read(faults: &mut Faults, currency: Currency, wished: &MilestoneBody) -> Option<Milestone> {
    Reader { faults, at: "", currency }.milestone("", wished)
}
