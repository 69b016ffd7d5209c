//! Awards: how many there are to give, who would get one, and giving it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::awards::{Awards, Initiated, Looked, Settled, Tallied};
use domain::audit::{ChainEnd, Deed, append};
use domain::award::{Award, AwardState, NoneLeft, Policy, Snapshot};
use domain::currency::Currency;
use domain::id::MemberId;
use domain::role::Role;
use domain::time::{BusinessDay, Timestamp};
use edge::auth::Caller;
use edge::body::Body;
use edge::csv::{self, Format};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::page::Listed;
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::{Deserialize, Serialize};
use store::Written;
use utoipa::ToSchema;

use super::shapes::PayoutView;
use super::{DESK, Here, actor, overtaken, wrong};
use crate::App;

/// The trail of the policy.
const POLICY: &str = "award_policy";
/// The columns of who could be given an award as CSV; the reasons are JSON in their cell.
const COLUMNS: [&str; 8] = [
    "member_id",
    "position",
    "tenure_since",
    "kyc_status",
    "subscription_status",
    "tax_form_status",
    "eligible",
    "reasons",
];
/// How many members are shown who could be given an award.
const SHOWN_MAX: usize = 100;

/// How many awards there are to give.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EligibilityView {
    /// Can one be given now?
    eligible: bool,
    /// How many can be given now.
    potential_winners: u32,
    /// How many the revenue allows in all; 0 while the business is too young.
    allowed: u32,
    /// How many are given: those that were not rejected, cancelled and did not fail.
    given: u32,
    /// Paid sales less refunds and lost disputes, at the last look; null before the first.
    total_revenue: Option<String>,
    /// The currency whose sales count.
    currency: String,
    /// Whole months since the launch; null before it, or where its day is not set.
    months_since_launch: Option<u16>,
    /// How many sales were looked at.
    sales_counted: Option<u64>,
    /// When somebody or the daily round looked last.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Timestamp>,
    /// Why none can be given: `not_set_up`, `not_launched`, `too_young`, `too_little_revenue`, `all_given`.
    reason: Option<&'static str>,
}

impl EligibilityView {
    fn of(tallied: &Tallied, policy: &Policy) -> Self {
        let (checked, eligibility) = (&tallied.tally.checked, &tallied.eligibility);
        Self {
            eligible: eligibility.winners > 0,
            potential_winners: eligibility.winners,
            allowed: eligibility.allowed,
            given: tallied.tally.given,
            total_revenue: checked.as_ref().map(|checked| checked.revenue.to_text()),
            currency: policy.currency.to_string(),
            months_since_launch: eligibility.months,
            sales_counted: checked.as_ref().map(|checked| checked.sales),
            checked_at: checked.as_ref().map(|checked| checked.at),
            reason: eligibility.reason.map(|reason| reason.word()),
        }
    }
}

/// A reason against a member.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberReasonView {
    /// `kyc_not_verified`, `no_subscription`, `subscription_not_active`, `no_valid_tax_form`, `foreign_payee` (by a W-8BEN that
    /// holds), `no_payout_method`.
    pub(super) code: &'static str,
    /// In a sentence.
    pub(super) detail: String,
}

/// A member of the queue, as they stand to an award.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueuedView {
    /// Who.
    member_id: String,
    /// Their place, from 1.
    position: u32,
    /// Since when they wait.
    #[schema(value_type = String, format = DateTime)]
    tenure_since: Timestamp,
    /// `unverified`, `pending`, `verified` or `rejected`.
    kyc_status: &'static str,
    /// How their subscription stands; null where none is known.
    subscription_status: Option<&'static str>,
    /// What their tax form is worth: `none`, `submitted`, `valid`, `expired` or `changed`.
    tax_form_status: &'static str,
    /// Could they be given an award now?
    eligible: bool,
    /// Every reason against it.
    reasons: Vec<MemberReasonView>,
}

impl From<&Looked> for QueuedView {
    fn from(looked: &Looked) -> Self {
        let reason =
            |reason: &domain::award::Ineligible| MemberReasonView { code: reason.word(), detail: reason.detail() };
        Self {
            member_id: looked.stored.member.id.to_string(),
            position: looked.position,
            tenure_since: looked.stored.member.tenure_since,
            kyc_status: looked.candidate.kyc.word(),
            subscription_status: looked.candidate.subscription.map(|status| status.word()),
            tax_form_status: looked.candidate.tax_form.word(),
            eligible: looked.reasons.is_empty(),
            reasons: looked.reasons.iter().map(reason).collect(),
        }
    }
}

/// An award with its payout.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AwardView {
    /// `awd_…`
    id: String,
    /// Whose.
    member_id: String,
    /// `open`, `withdrawn`, `paid` or `ended`.
    state: &'static str,
    /// Before fee and tax.
    gross_amount: String,
    /// What is kept of it.
    retention_fee: String,
    currency: String,
    /// What made it right when it was begun.
    #[schema(value_type = Object)]
    eligibility_snapshot: Snapshot,
    /// Who began it.
    initiated_by: String,
    #[schema(value_type = String, format = DateTime)]
    initiated_at: Timestamp,
    /// When it was paid.
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Timestamp>,
    /// The day on which the membership ends.
    #[schema(value_type = Option<String>, format = Date)]
    membership_ends_on: Option<BusinessDay>,
    /// Why it was withdrawn.
    withdrawn_because: Option<String>,
    /// Its payout; null where it could not be asked for yet, which the daily round does again. One that came back stands here
    /// until what came back is released (`POST /v1/revenue/releases`); then the payout by which it is paid again.
    payout: Option<PayoutView>,
}

impl AwardView {
    pub(super) fn of(settled: &Settled) -> Self {
        let award: &Award = &settled.stored.award;
        let (paid_at, membership_ends_on, withdrawn_because) = match &award.state {
            AwardState::Open => (None, None, None),
            AwardState::Withdrawn { why, .. } => (None, None, Some(why.clone())),
            AwardState::Paid { paid_at, remove_on } => (Some(*paid_at), Some(*remove_on), None),
            AwardState::Ended { paid_at } => (Some(*paid_at), None, None),
        };
        Self {
            id: award.id.to_string(),
            member_id: award.member.to_string(),
            state: award.state.word(),
            gross_amount: award.gross.to_text(),
            retention_fee: award.retention.to_text(),
            currency: award.gross.currency().to_string(),
            eligibility_snapshot: award.snapshot.clone(),
            initiated_by: award.initiated_by.id.clone(),
            initiated_at: award.initiated_at,
            paid_at,
            membership_ends_on,
            withdrawn_because,
            payout: settled.payout.as_ref().map(|stored| PayoutView::from(&stored.payout)),
        }
    }
}

/// Whom to give the next award.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InitiateBody {
    /// The member whose turn it is, where you want to be sure of it; left out, whoever it is.
    member_id: Option<String>,
}

/// Thresholds and amounts of awards. What is left out is as shipped.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AwardPolicyBody {
    /// The day on which the business was launched; without it nothing is given.
    #[schema(value_type = Option<String>, format = Date)]
    launched_on: Option<BusinessDay>,
    /// How many whole months must have passed since.
    #[schema(example = 12)]
    months_min: Option<u16>,
    /// The currency whose sales count, and in which awards are paid.
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Option<Currency>,
    /// For each so many whole units of revenue there is one award.
    #[schema(example = 100_000)]
    revenue_per_award: Option<u32>,
    /// Whole units of an award, before fee and tax.
    #[schema(example = 100_000)]
    gross: Option<u32>,
    /// Whole units that are kept of it.
    #[schema(example = 300)]
    retention: Option<u32>,
    /// How many months after the payment the membership ends.
    #[schema(example = 12)]
    membership_months: Option<u16>,
}

impl From<&Policy> for AwardPolicyBody {
    fn from(policy: &Policy) -> Self {
        Self {
            launched_on: policy.launched_on,
            months_min: Some(policy.months_min),
            currency: Some(policy.currency),
            revenue_per_award: Some(policy.revenue_per_award),
            gross: Some(policy.gross),
            retention: Some(policy.retention),
            membership_months: Some(policy.membership_months),
        }
    }
}

impl AwardPolicyBody {
    /// The policy, or every field that is wrong.
    fn read(self) -> Result<Policy, Problem> {
        let shipped = Policy::default();
        let policy = Policy {
            launched_on: self.launched_on,
            months_min: self.months_min.unwrap_or(shipped.months_min),
            currency: self.currency.unwrap_or(shipped.currency),
            revenue_per_award: self.revenue_per_award.unwrap_or(shipped.revenue_per_award),
            gross: self.gross.unwrap_or(shipped.gross),
            retention: self.retention.unwrap_or(shipped.retention),
            membership_months: self.membership_months.unwrap_or(shipped.membership_months),
        };
        let mut faults = Faults::default();
        faults.extend(policy.faults());
        faults.finish(Some(policy))
    }
}

/// How many awards there are to give, by the last look at the revenue.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/eligibility", tag = "awards",
    responses((status = 200, description = "What there is to give.", body = EligibilityView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn eligibility(
    State(app): Here,
    caller: Caller,
    origin: Origin,
) -> Result<Json<EligibilityView>, Problem> {
    caller.require(DESK)?;
    let tenant = caller.tenant_key();
    let awards = Awards::open(&app.store, &tenant, actor(&caller, origin), app.clock.now()).await.map_err(wrong)?;
    let tallied = awards.eligibility().await.map_err(wrong)?;
    Ok(Json(EligibilityView::of(&tallied, &awards.settings.awards)))
}

/// Look at the revenue now.
///
/// The daily round does it at 02:00 UTC. All sales are looked at.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/check-eligibility", tag = "awards",
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 200, description = "What there is to give.", body = EligibilityView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn check(State(app): Here, caller: Caller, origin: Origin) -> Result<Json<EligibilityView>, Problem> {
    caller.require(&[Role::Admin, Role::FinanceManager])?;
    let tenant = caller.tenant_key();
    let awards = Awards::open(&app.store, &tenant, actor(&caller, origin), app.clock.now()).await.map_err(wrong)?;
    let tallied = awards.check().await.map_err(wrong)?;
    tracing::info!(winners = tallied.eligibility.winners, by = %caller.subject, "revenue looked at for awards");
    Ok(Json(EligibilityView::of(&tallied, &awards.settings.awards)))
}

/// Who would be given the awards that there are, and who is passed over, with every reason.
///
/// In the order of the queue. Without an award to give, it shows who would be next.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/eligible-members", tag = "awards",
    params(("format" = Option<Format>, Query, description = "`csv` for a table.")),
    responses((status = 200, description = "Members, the longest waiting first; CSV for `Accept: text/csv`.", body = Listed<QueuedView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn eligible_members(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    format: Format,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let tenant = caller.tenant_key();
    let awards = Awards::open(&app.store, &tenant, actor(&caller, origin), app.clock.now()).await.map_err(wrong)?;
    let winners = awards.eligibility().await.map_err(wrong)?.eligibility.winners;
    let wanted = usize::try_from(winners).unwrap_or(SHOWN_MAX).clamp(1, SHOWN_MAX);
    let reached = awards.look_along(wanted).await.map_err(wrong)?;
    let mut data: Vec<QueuedView> = reached.valid.iter().chain(&reached.passed_over).map(QueuedView::from).collect();
    data.sort_by_key(|view| view.position);
    csv::answer(format, "eligible-members", &COLUMNS, Listed { data, next_cursor: None })
}

/// Give the next award.
///
/// To the longest waiting member who can be given one. Its payout waits for two approvals, neither by whoever began it.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/initiate", tag = "awards", request_body = Option<InitiateBody>,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "The award and its payout.", body = AwardView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn initiate(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    body: Option<Body<InitiateBody>>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin, Role::FinanceManager])?;
    let body = body.map(|Body(body)| body).unwrap_or_default();
    let named = body.member_id.as_deref().map(MemberId::parse).transpose();
    let named = named.map_err(|error| Problem::bad_request("/member_id", error.to_string()))?;
    let tenant = caller.tenant_key();
    if let Some(named) = &named
        && app.store.get_member(&tenant, named).await?.is_none()
    {
        return Err(Problem::impossible("/member_id", "no such member"));
    }
    let awards = Awards::open(&app.store, &tenant, actor(&caller, origin), app.clock.now()).await.map_err(wrong)?;
    let under = minting.ulid("award").to_string();
    match awards.initiate(named.as_ref(), &under).await.map_err(wrong)? {
        Initiated::Begun(begun) => {
            let award = &begun.stored.award;
            tracing::info!(award.id = %award.id, member.id = %award.member, by = %caller.subject, "award begun");
            let payout = begun.payout.as_ref().map(|stored| format!("/v1/revenue/payouts/{}", stored.payout.id));
            let location = payout.unwrap_or_else(|| format!("/v1/members/{}/payout", award.member));
            Ok((StatusCode::CREATED, [(LOCATION, location)], Json(AwardView::of(&begun))).into_response())
        }
        Initiated::NoneLeft(none @ NoneLeft::NotChecked) => {
            Err(Problem::conflict(none.to_string()).kind("eligibility-not-checked"))
        }
        Initiated::NoneLeft(none) => Err(Problem::unprocessable(none.to_string()).kind("no-award-to-give")),
        Initiated::NobodyValid { looked_at, passed_over } => Err(nobody(looked_at, &passed_over)),
        Initiated::NotNext { next, named } => Err(not_next(&next, named.as_deref())),
    }
}

/// Whom an award could be given is said by `eligible-members`; here is why none was.
fn nobody(looked_at: u32, passed_over: &[Looked]) -> Problem {
    let first = passed_over.first().map(|looked| format!("; the first is {}", against(looked)));
    let detail = match looked_at {
        0 => "nobody waits for an award".to_owned(),
        _ => format!("none of {looked_at} who wait can be given an award{}", first.unwrap_or_default()),
    };
    Problem::unprocessable(detail).kind("no-eligible-member")
}

fn not_next(next: &MemberId, named: Option<&Looked>) -> Problem {
    let detail = match named {
        Some(looked) => against(looked),
        None => format!("it is the turn of {next}"),
    };
    Problem::unprocessable("another member would be given this award").at("/member_id", detail).kind("not-next")
}

fn against(looked: &Looked) -> String {
    let reasons: Vec<String> = looked.reasons.iter().map(|reason| reason.detail()).collect();
    format!("{}: {}", looked.stored.member.id, reasons.join("; "))
}

/// Thresholds and amounts of awards.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/award-policy", tag = "awards",
    responses((status = 200, description = "What holds, with its `ETag`.", body = AwardPolicyBody), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn policy(State(app): Here, caller: Caller) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let tenant = caller.tenant_key();
    // The version before what it says: of a change in between the older one is told, and whoever names it looks again.
    let version = app.store.get_last_told(&tenant, POLICY).await?.map_or(0, |entry| entry.no);
    let settings = app.store.get_settings(&tenant).await?;
    Ok(answer(&settings.awards, version))
}

/// A policy with its ETag: how often the tenant has set it.
fn answer(policy: &Policy, version: u32) -> Response {
    ([(ETAG, etag(version.into()))], Json(AwardPolicyBody::from(policy))).into_response()
}

/// Set thresholds and amounts of awards.
///
/// Holds for awards that are begun from now on. All of it at once: whoever says what they saw (`If-Match`) does not take back
/// unseen what another person has just set.
#[utoipa::path(
    put, path = "/v1/revenue/payouts/award-policy", tag = "awards", request_body = AwardPolicyBody,
    params(
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw; \"0\" where nothing was set."),
    ),
    responses((status = 200, description = "What holds, with its `ETag`.", body = AwardPolicyBody), Refusals, WriteRefusals, Stale),
    security(("bearer" = []))
)]
pub(super) async fn set_policy(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    seen: IfMatch,
    Body(body): Body<AwardPolicyBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let policy = body.read()?;
    let version = set(&app, (&caller, origin), seen, &policy).await?;
    tracing::info!(by = %caller.subject, "policy of awards set");
    Ok(answer(&policy, version))
}

/// Sets it over the version that was seen; answers the version that it is at.
async fn set(app: &App, (caller, origin): (&Caller, Origin), seen: IfMatch, policy: &Policy) -> Result<u32, Problem> {
    let tenant = caller.tenant_key();
    let end = app.store.get_last_told(&tenant, POLICY).await?.map_or(ChainEnd::START, |entry| entry.end());
    seen.check(end.no.into())?;
    let before = app.store.get_settings(&tenant).await?.awards;
    let told = |policy: &Policy| BTreeMap::from([("policy".to_owned(), policy.to_json())]);
    let (old, new) = (told(&before), told(policy));
    let deed = Deed { at: app.clock.now(), actor: actor(caller, origin), action: "award.policy_set", old, new };
    let entry = append(end, POLICY, deed);
    if app.store.replace_award_policy(&tenant, policy, &entry).await? == Written::ConditionFailed {
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let last = app.store.get_last_told(&tenant, POLICY).await?;
        if last.as_ref().is_none_or(|last| last.hash != entry.hash) {
            let why = "another person sets the policy at the same time; look again";
            return Err(overtaken(seen, last.as_ref(), why));
        }
    }
    Ok(entry.no)
}
