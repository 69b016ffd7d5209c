//! Rules of a programme: immutable versions with effective dates.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::currency::Currency;
use domain::id::{ProgramId, RuleId};
use domain::money::{AmountText, Money};
use domain::rate::{Rate, Rounding};
use domain::rule::{Reward, RuleVersion};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::programs::Program;
use utoipa::{IntoParams, ToSchema};

use super::faults::Faults;
use super::page::{self, Listed};
use super::programs;
use super::who::{Admin, STAFF};
use crate::App;

/// What a rule pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleKind {
    /// A share of the sale.
    Percentage,
    /// The same amount for every sale.
    Flat,
}

/// How an amount is rounded, once, at the line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoundingWord {
    /// 0.5 goes away from zero.
    #[default]
    HalfAwayFromZero,
    /// 0.5 goes to the even neighbour.
    HalfEven,
}

/// A rule to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRule {
    /// What it pays.
    pub(crate) kind: RuleKind,
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
    /// Since when it holds; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) effective_from: Option<Timestamp>,
    /// How it rounds.
    #[serde(default)]
    pub(crate) rounding: RoundingWord,
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
    #[schema(example = "25.00")]
    amount: Option<String>,
    /// Of a flat rule.
    currency: Option<String>,
    hold_days: u16,
    rounding: RoundingWord,
    #[schema(value_type = String, format = DateTime)]
    effective_from: Timestamp,
}

impl From<&RuleVersion> for RuleBody {
    fn from(rule: &RuleVersion) -> Self {
        let (kind, rate, flat) = match &rule.reward {
            Reward::Percentage(rate) => (RuleKind::Percentage, Some(rate.to_string()), None),
            Reward::Flat(money) => (RuleKind::Flat, None, Some(*money)),
        };
        Self {
            id: rule.id.to_string(),
            program_id: rule.program.to_string(),
            kind,
            rate,
            amount: flat.map(Money::to_text),
            currency: flat.map(|money| money.currency().to_string()),
            hold_days: rule.hold_days,
            rounding: match rule.rounding {
                Rounding::HalfAwayFromZero => RoundingWord::HalfAwayFromZero,
                Rounding::HalfEven => RoundingWord::HalfEven,
            },
            effective_from: rule.effective_from,
        }
    }
}

impl NewRule {
    /// The rule for a programme; faults are noted under `at`.
    pub(crate) fn read(self, faults: &mut Faults, at: &str, frame: &Frame<'_>) -> Option<RuleVersion> {
        let hold_days = match self.hold_days {
            Some(own) => faults.within(&format!("{at}/hold_days"), own, 0..=365),
            None => frame.hold_days,
        };
        let effective_from = edge::clock::to_ms(self.effective_from.unwrap_or(frame.now));
        let rounding = match self.rounding {
            RoundingWord::HalfAwayFromZero => Rounding::HalfAwayFromZero,
            RoundingWord::HalfEven => Rounding::HalfEven,
        };
        let reward = self.reward(faults, at, frame.currency)?;
        let (id, program) = (RuleId::from_ulid(frame.minting.ulid("rule")), frame.program.clone());
        Some(RuleVersion { id, program, effective_from, reward, hold_days, rounding })
    }

    fn reward(&self, faults: &mut Faults, at: &str, currency: Option<Currency>) -> Option<Reward> {
        let place = |field: &str| format!("{at}/{field}");
        match self.kind {
            RuleKind::Percentage => {
                for (field, is_there) in [("amount", self.amount.is_some()), ("currency", self.currency.is_some())] {
                    if is_there {
                        faults.note(&place(field), "a percentage rule has none; it follows the sale");
                    }
                }
                let text =
                    faults.check(&place("rate"), self.rate.as_deref().ok_or("a percentage rule needs a rate"))?;
                faults.check(&place("rate"), Rate::parse(text)).map(Reward::Percentage)
            }
            RuleKind::Flat => {
                if self.rate.is_some() {
                    faults.note(&place("rate"), "a flat rule has none; it pays its amount");
                }
                let amount =
                    faults.check(&place("amount"), self.amount.as_ref().ok_or("a flat rule needs an amount"))?;
                let currency = currency?;
                if self.currency.as_deref().is_some_and(|code| code != currency.code()) {
                    faults.note(&place("currency"), format!("the program's currency is {currency}"));
                }
                faults.check(&place("amount"), amount.not_negative_in(currency)).map(Reward::Flat)
            }
        }
    }
}

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

/// List the rule versions of a program.
///
/// By effective date, the earliest first.
#[utoipa::path(
    get,
    path = "/v1/programs/{id}/rules",
    tag = "programs",
    params(("id" = String, Path), Asked),
    responses((status = 200, body = Listed<RuleBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<RuleBody>>, Problem> {
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
    Ok(Json(Listed::new(shown.iter().map(RuleBody::from).collect(), next)))
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
    minting: Minting,
    Body(asked): Body<NewRule>,
) -> Result<Response, Problem> {
    let Program { id, currency, hold_days, .. } = programs::existing(&app, &caller, &id).await?;
    let now = minting.at();
    let mut faults = Faults::default();
    let frame = Frame { program: &id, currency: Some(currency), hold_days, now, minting };
    let rule = asked.read(&mut faults, "", &frame);
    // COM-4: the version in force when the sale happened applies, so the past is not rewritten from here.
    if rule.as_ref().is_some_and(|rule| rule.effective_from < now) {
        faults.note("/effective_from", "must not be past; leave it out to begin now");
    }
    let rule = faults.finish(rule)?;
    let tenant = caller.tenant_key();
    let versions = app.store.list_rules(&tenant, &id).await?;
    if versions.iter().any(|version| version.effective_from == rule.effective_from && version.id != rule.id) {
        return Err(Problem::conflict("another version begins at the same instant"));
    }
    app.store.create_rule(&tenant, &rule).await?;
    tracing::info!(program.id = %id, rule.id = %rule.id, by = %caller.subject, "rule created");
    Ok((StatusCode::CREATED, Json(RuleBody::from(&rule))).into_response())
}
