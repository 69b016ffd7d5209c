//! Rules of a programme: immutable versions with effective dates.

pub(super) mod achievements;
mod body;
mod condition;
mod read;
mod shown;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::currency::Currency;
use domain::fault::Fault;
use domain::id::{ProgramId, RuleId};
use domain::money::AmountText;
use domain::rate::Rate;
use domain::rule::check::HOLD_DAYS_MAX;
use domain::rule::{Clause, Reward, RuleVersion, Terms};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::programs::Program;
use utoipa::{IntoParams, ToSchema};

use super::groups;
use super::page::{self, Listed};
use super::programs;
use super::trail::Changes;
use super::who::{Admin, STAFF};
use crate::App;
pub(crate) use body::WarningBody;
use body::{
    BandsBody, BaseBody, CapsBody, ClauseBody, FlatRefundBody, MatchingWord, MilestoneBody, OverridesBody, RewardBody,
    RoundingWord, RuleKind, VolumeBonusBody,
};
use read::Reader;
pub(crate) use shown::warnings;

/// A rule to be made: simply `kind` with `rate` or `amount` for every sale, or with `clauses`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRule {
    /// What it pays; it may be left out where the rate, the amount or the clauses say it.
    pub(crate) kind: Option<RuleKind>,
    /// Of a percentage rule: a fraction as a decimal string, 30 % is "0.3".
    #[schema(example = "0.3")]
    pub(crate) rate: Option<String>,
    /// Of a flat rule: the amount as a decimal string.
    #[schema(value_type = Option<String>, example = "25.00")]
    pub(crate) amount: Option<AmountText>,
    /// Of a flat rule: the programme's currency; it may be left out.
    pub(crate) currency: Option<String>,
    /// How many days a commission waits, 0 to 365; the programme's when left out.
    pub(crate) hold_days: Option<u16>,
    /// The same for customers on a partner's account list; 0 when left out.
    pub(crate) managed_hold_days: Option<u16>,
    /// Since when it holds; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) effective_from: Option<Timestamp>,
    /// How it rounds.
    #[serde(default)]
    pub(crate) rounding: RoundingWord,
    /// What is taken off a payment before a share of it is taken.
    pub(crate) base: Option<BaseBody>,
    /// Which of several clauses that apply pays.
    #[serde(default)]
    pub(crate) matching: MatchingWord,
    /// What pays for what, in order.
    pub(crate) clauses: Option<Vec<ClauseBody>>,
    /// The bands of banded clauses.
    pub(crate) bands: Option<BandsBody>,
    /// More from a volume on.
    pub(crate) volume_bonus: Option<VolumeBonusBody>,
    /// The most that is paid.
    pub(crate) caps: Option<CapsBody>,
    /// Rates of single partners, tiers and groups.
    pub(crate) overrides: Option<OverridesBody>,
    /// The share of a commission that whoever referred the partner gets on top.
    #[schema(example = "0.1")]
    pub(crate) second_tier: Option<String>,
    /// What a sign-up pays, by tier; tiers left out have the shipped amounts (tier1 50, tier2 100, tier3 500, tier4 200).
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub(crate) sign_up_bonus: Option<BTreeMap<String, AmountText>>,
    /// What there is to reach.
    #[serde(default)]
    pub(crate) milestones: Vec<MilestoneBody>,
    /// What refunds do to flat rewards; taken back when all of the payment went back, when left out.
    pub(crate) flat_refund: Option<FlatRefundBody>,
}

/// One version of a programme's rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleBody {
    id: String,
    program_id: String,
    kind: RuleKind,
    /// Of a percentage rule.
    #[schema(example = "0.3")]
    rate: Option<String>,
    /// Of a flat rule.
    #[schema(value_type = Option<String>, example = "25.00")]
    amount: Option<AmountText>,
    /// Of a flat rule.
    currency: Option<String>,
    hold_days: u16,
    managed_hold_days: u16,
    rounding: RoundingWord,
    #[schema(value_type = String, format = DateTime)]
    effective_from: Timestamp,
    base: BaseBody,
    matching: MatchingWord,
    clauses: Vec<ClauseBody>,
    bands: Option<BandsBody>,
    volume_bonus: Option<VolumeBonusBody>,
    caps: Option<CapsBody>,
    overrides: Option<OverridesBody>,
    second_tier: Option<String>,
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    sign_up_bonus: Option<BTreeMap<String, AmountText>>,
    milestones: Vec<MilestoneBody>,
    flat_refund: FlatRefundBody,
    /// What may not be meant. Empty for a rule without doubt.
    warnings: Vec<WarningBody>,
}

impl NewRule {
    /// The rule for a programme; faults are noted under `at`.
    pub(crate) fn read(self, faults: &mut Faults, at: &str, frame: &Frame<'_>) -> Option<RuleVersion> {
        let hold_days = match self.hold_days {
            Some(own) => faults.within(&format!("{at}/hold_days"), own, 0..=HOLD_DAYS_MAX),
            None => frame.hold_days,
        };
        let effective_from = edge::clock::to_ms(self.effective_from.unwrap_or(frame.now));
        // A hold that is too long is told already, here or of the programme.
        let terms = self.terms(faults, at, frame, hold_days.min(HOLD_DAYS_MAX))?;
        let (id, program) = (RuleId::from_ulid(frame.minting.ulid("rule")), frame.program.clone());
        Some(RuleVersion { id, program, effective_from, terms })
    }

    fn terms(self, faults: &mut Faults, at: &str, frame: &Frame<'_>, hold_days: u16) -> Option<Terms> {
        let is_simple = self.clauses.is_none();
        // Without the programme's currency no amount can be read, and that is told already.
        let Some(currency) = frame.currency else {
            self.note_without_currency(faults, at);
            return None;
        };
        let own = self.clauses_or_simple(&mut Reader { faults, at, currency });
        let mut reader = Reader { faults, at, currency };
        let bands = reader.bands(self.bands);
        let volume_bonus = reader.volume_bonus(self.volume_bonus.as_ref());
        let caps = reader.caps(self.caps.as_ref());
        let overrides = reader.overrides(self.overrides);
        let second_tier =
            self.second_tier.as_deref().map_or(Some(None), |text| reader.rate("/second_tier", text).map(Some));
        let sign_up_bonus = reader.sign_up_bonus(self.sign_up_bonus.as_ref());
        let milestones = reader.milestones(&self.milestones);
        let flat_refund = reader.flat_refund(self.flat_refund.as_ref());
        let (own, mut overrides) = (own?, overrides?);
        // COM-11: where a share is paid, groups bring their own rate into the version; from then on it never changes (COM-4).
        if own.iter().any(|clause| !matches!(clause.reward, Reward::Flat(_))) {
            for (group, rate) in frame.group_rates {
                overrides.groups.entry(group.clone()).or_insert(*rate);
            }
        }
        let terms = Terms {
            hold_days,
            managed_hold_days: self.managed_hold_days.unwrap_or(0),
            rounding: read::rounding(self.rounding),
            base: read::base(self.base),
            matching: read::matching(self.matching),
            clauses: own,
            bands: bands?,
            volume_bonus: volume_bonus?,
            caps: caps?,
            overrides,
            second_tier: second_tier?,
            sign_up_bonus: sign_up_bonus?,
            milestones: milestones?,
            flat_refund: flat_refund?,
        };
        // A rule that contradicts itself or can never match is refused with the reason; what may be meant is a warning.
        for found in terms.check().faults {
            let is_form = found.is_form();
            let pointer = if is_simple { found.pointer.replace("/clauses/0/reward", "/kind") } else { found.pointer };
            faults.extend([Fault { pointer: format!("{at}{pointer}"), why: found.why, is_form }]);
        }
        Some(terms)
    }

    /// What can be told of a rule whose programme has no currency: what has nothing to do with amounts.
    fn note_without_currency(&self, faults: &mut Faults, at: &str) {
        if self.simple_kind() == Some(RuleKind::Percentage) {
            let rate = self.rate.as_deref().ok_or_else(|| NEEDS_RATE.to_owned());
            let read = rate.and_then(|text| domain::rate::Rate::parse(text).map_err(|why| why.to_string()));
            faults.check(&format!("{at}/rate"), read);
        }
    }

    fn simple_kind(&self) -> Option<RuleKind> {
        match (self.kind, &self.clauses, &self.rate, &self.amount) {
            (_, Some(_), _, _) => Some(RuleKind::Clauses),
            (Some(kind), None, _, _) => Some(kind),
            (None, None, Some(_), None) => Some(RuleKind::Percentage),
            (None, None, None, Some(_)) => Some(RuleKind::Flat),
            (None, None, _, _) => None,
        }
    }

    /// The clauses as they are sent, or the one of a simple rule.
    fn clauses_or_simple(&self, reader: &mut Reader<'_>) -> Option<Vec<Clause>> {
        let at = reader.at;
        if let Some(clauses) = &self.clauses {
            let simple = [
                ("rate", self.rate.is_some()),
                ("amount", self.amount.is_some()),
                ("currency", self.currency.is_some()),
            ];
            for (field, _) in simple.into_iter().filter(|(_, is_there)| *is_there) {
                reader
                    .faults
                    .clash(&format!("{at}/{field}"), "a rule with clauses has none; its clauses say what they pay");
            }
            if self.kind.is_some_and(|kind| kind != RuleKind::Clauses) {
                reader.faults.clash(&format!("{at}/kind"), "a rule with clauses is of the kind clauses");
            }
            return reader.clauses(clauses.clone());
        }
        let Some(kind) = self.simple_kind().filter(|kind| *kind != RuleKind::Clauses) else {
            let why = "say what it pays: percentage with a rate, flat with an amount, banded with bands, or clauses";
            reader.faults.clash(&format!("{at}/kind"), why);
            return None;
        };
        if kind != RuleKind::Flat && self.currency.is_some() {
            reader.faults.clash(&format!("{at}/currency"), "only a flat rule has one");
        }
        if kind == RuleKind::Flat && self.currency.as_deref().is_some_and(|code| code != reader.currency.code()) {
            reader.faults.clash(&format!("{at}/currency"), format!("the program's currency is {}", reader.currency));
        }
        let reward = RewardBody { kind, rate: self.rate.clone(), amount: self.amount.clone() };
        reader.reward("", &reward).map(|reward| vec![Clause::simple(reward)])
    }
}

const NEEDS_RATE: &str = "a percentage needs a rate";

/// What a rule takes from its programme.
pub(crate) struct Frame<'a> {
    /// The programme's id.
    pub(crate) program: &'a ProgramId,
    /// Its currency, if that could be read.
    pub(crate) currency: Option<Currency>,
    /// Its hold.
    pub(crate) hold_days: u16,
    /// Now.
    pub(crate) now: Timestamp,
    /// What the rule's id is minted from.
    pub(crate) minting: Minting,
    /// The rates of groups, for those of which the rule says nothing.
    pub(crate) group_rates: &'a BTreeMap<String, Rate>,
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
    /// `csv` or `json`; so does the header `Accept`.
    #[param(inline)]
    format: Option<Format>,
}

/// The columns of the list as CSV; what has parts of its own is JSON in its cell.
const COLUMNS: [&str; 19] = [
    "id",
    "program_id",
    "kind",
    "rate",
    "amount",
    "currency",
    "hold_days",
    "managed_hold_days",
    "rounding",
    "effective_from",
    "matching",
    "clauses",
    "bands",
    "volume_bonus",
    "caps",
    "overrides",
    "second_tier",
    "sign_up_bonus",
    "milestones",
];

/// List the rule versions of a program.
///
/// By effective date, the earliest first.
#[utoipa::path(
    get,
    path = "/v1/programs/{id}/rules",
    tag = "programs",
    params(("id" = String, Path), Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<RuleBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Segments(id): Segments<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    caller.require(&STAFF)?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| RuleId::parse(id).ok())?;
    let program = programs::existing(&app, &caller, &id).await?;
    let rules = app.store.list_rules(&caller.tenant_key(), &program.id).await?;
    let from = match after {
        None => 0,
        Some(after) => rules.iter().position(|rule| rule.id == after).map_or(rules.len(), |place| place + 1),
    };
    let rest = rules.get(from..).unwrap_or_default();
    let shown = &rest[..limit.min(rest.len())];
    let next = shown.last().filter(|_| rest.len() > limit).map(|rule| rule.id.as_str());
    let page = Listed::new(shown.iter().map(RuleBody::from).collect(), next);
    page.answer(asked.format.unwrap_or(accepted), "rules", &COLUMNS)
}

/// Add a rule version to a program.
///
/// A version never changes and never goes. It holds for sales at or after its effective date, which may not
/// be past: what was earned stays as it was earned.
#[utoipa::path(
    post,
    path = "/v1/programs/{id}/rules",
    tag = "programs",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewRule,
    responses((status = 201, body = RuleBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Segments(id): Segments<String>,
    origin: Origin,
    minting: Minting,
    Body(asked): Body<NewRule>,
) -> Result<Response, Problem> {
    let Program { id, currency, hold_days, .. } = programs::existing(&app, &caller, &id).await?;
    let now = minting.at();
    let mut faults = Faults::default();
    let tenant = caller.tenant_key();
    let group_rates = groups::rates(&app, &tenant).await?;
    let frame = Frame { program: &id, currency: Some(currency), hold_days, now, minting, group_rates: &group_rates };
    let rule = asked.read(&mut faults, "", &frame);
    // COM-4: the version in force when the sale happened applies, so the past is not rewritten from here.
    if rule.as_ref().is_some_and(|rule| rule.effective_from < now) {
        faults.clash("/effective_from", "must not be past; leave it out to begin now");
    }
    let rule = faults.finish(rule)?;
    let versions = app.store.list_rules(&tenant, &id).await?;
    if versions.iter().any(|version| version.effective_from == rule.effective_from && version.id != rule.id) {
        return Err(Problem::conflict("another version begins at the same instant"));
    }
    let changes = Changes::default().added("rule_id", &rule.id).added("effective_from", rule.effective_from);
    let told = changes.told(id.as_str(), "rule.created", (caller.acting(origin), now));
    app.store.telling(&tenant, told).create_rule(&tenant, &rule).await?;
    tracing::info!(program.id = %id, rule.id = %rule.id, by = %caller.subject, "rule created");
    Ok((StatusCode::CREATED, Json(RuleBody::from(&rule))).into_response())
}
