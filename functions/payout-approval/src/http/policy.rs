//! What the tenant decides about payouts.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::id::PartnerId;
use domain::money::AmountText;
use domain::payee::Rail;
use domain::payout::policy::{Band, Minimum, MissingTaxForm, PayoutPolicy};
use domain::payout::schedule::Schedule;
use domain::role::Role;
use domain::tax::WithholdingBase;
use domain::tier::Tier;
use edge::auth::{Approver, Caller};
use edge::body::Body;
use edge::faults::Faults;
use edge::http::Origin;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use store::Written;
use utoipa::ToSchema;

use super::{DESK, Here, actor, overtaken};

/// Where the audit trail of these decisions is.
const AGGREGATE: &str = "payout_policy";

/// From how much on is paid, to whom this row applies. The row that speaks most exactly of a payee holds: of the partner,
/// then of a tier, then of a rail.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutMinimumBody {
    /// The least amount.
    #[schema(value_type = String, example = "50.00")]
    amount: AmountText,
    /// Its currency.
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Only for this partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partner_id: Option<String>,
    /// Only for partners of this tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "tier1")]
    tier: Option<Tier>,
    /// Only by this rail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "paypal")]
    rail: Option<Rail>,
}

/// How many approve which amounts of a currency.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalBandBody {
    /// Of which currency.
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Amounts below this are approved by themselves; none are where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "25.00")]
    automatic_below: Option<AmountText>,
    /// Two distinct people approve from here on.
    #[schema(value_type = String, example = "100000.00")]
    two_from: AmountText,
}

/// What the tenant decides about payouts. What a body leaves out is as shipped.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutPolicyBody {
    /// Least amounts; without any, everything above zero is paid.
    #[serde(default)]
    minimums: Vec<PayoutMinimumBody>,
    /// Bands of approval, one a currency. Shipped: one person, from 100,000 two in USD, EUR, GBP, CAD, AUD and CHF; always
    /// two in any other currency.
    #[serde(default)]
    bands: Vec<ApprovalBandBody>,
    /// `withhold` (shipped): payees without a valid tax form are paid less 24 %. `block`: they are not paid.
    #[serde(default, deserialize_with = "edge::body::or_default")]
    #[schema(value_type = Option<String>, example = "withhold")]
    missing_tax_form: MissingTaxForm,
    /// Of what is withheld: `gross` (shipped), or `net_of_fee`.
    #[serde(default, deserialize_with = "edge::body::or_default")]
    #[schema(value_type = Option<String>, example = "gross")]
    withholding_base: WithholdingBase,
    /// Is nobody paid who has set no payout method? Otherwise finance pays them by hand.
    #[serde(default)]
    requires_method: bool,
    /// When payouts of all currencies are built by the night, each to be approved by a person: `{"day_of_month": 1}` (1 to
    /// 28) or `{"weekly": "monday"}`, by the days of the ledger's zone. Never, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ScheduleShape>)]
    schedule: Option<Schedule>,
}

/// On which days payouts are built by the night.
#[derive(ToSchema)]
#[schema(as = PayoutSchedule, example = json!({"day_of_month": 1}))]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is looked at; domain::payout::schedule::Schedule is what is read")]
enum ScheduleShape {
    /// On this day of each month.
    Monthly(MonthlyShape),
    /// On this day of each week.
    Weekly(WeeklyShape),
}

/// By the month, and by nothing beside it.
#[derive(ToSchema)]
#[schema(as = PayoutsMonthly)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct MonthlyShape {
    /// On this day of each month.
    day_of_month: DayOfMonth,
}

/// By the week, and by nothing beside it.
#[derive(ToSchema)]
#[schema(as = PayoutsWeekly)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct WeeklyShape {
    /// On this day of each week.
    weekly: WeekdayWord,
}

/// A day that every month has.
#[derive(ToSchema)]
#[schema(minimum = 1, maximum = 28)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct DayOfMonth(u8);

/// A day of the week.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is looked at")]
enum WeekdayWord {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<&PayoutPolicy> for PayoutPolicyBody {
    fn from(policy: &PayoutPolicy) -> Self {
        let minimum = |row: &Minimum| PayoutMinimumBody {
            amount: row.amount.into(),
            currency: row.amount.currency(),
            partner_id: row.partner.as_ref().map(ToString::to_string),
            tier: row.tier,
            rail: row.rail,
        };
        let band = |band: &Band| ApprovalBandBody {
            currency: band.two_from.currency(),
            automatic_below: band.automatic_below.map(AmountText::from),
            two_from: band.two_from.into(),
        };
        Self {
            minimums: policy.minimums.iter().map(minimum).collect(),
            bands: policy.bands.iter().map(band).collect(),
            missing_tax_form: policy.missing_tax_form,
            withholding_base: policy.withholding_base,
            requires_method: policy.requires_method,
            schedule: policy.schedule,
        }
    }
}

impl PayoutPolicyBody {
    /// The policy, or every field that is wrong.
    fn read(&self) -> Result<PayoutPolicy, Problem> {
        let mut faults = Faults::default();
        let mut policy = PayoutPolicy {
            missing_tax_form: self.missing_tax_form,
            withholding_base: self.withholding_base,
            requires_method: self.requires_method,
            schedule: self.schedule,
            ..PayoutPolicy::default()
        };
        for (at, row) in self.minimums.iter().enumerate() {
            let amount = faults.amount(&format!("/minimums/{at}/amount"), &row.amount, row.currency);
            let partner = row.partner_id.as_deref().map(PartnerId::parse).transpose();
            let partner = faults.check(&format!("/minimums/{at}/partner_id"), partner);
            if let (Some(amount), Some(partner)) = (amount, partner) {
                policy.minimums.push(Minimum { amount, partner, tier: row.tier, rail: row.rail });
            }
        }
        for (at, band) in self.bands.iter().enumerate() {
            let two_from = faults.amount(&format!("/bands/{at}/two_from"), &band.two_from, band.currency);
            let below = band.automatic_below.as_ref();
            let below = below.map(|below| faults.amount(&format!("/bands/{at}/automatic_below"), below, band.currency));
            if let Some(two_from) = two_from {
                policy.bands.push(Band { automatic_below: below.flatten(), two_from });
            }
        }
        // Where a row could not be read the others have moved up: what they contradict would be told of the wrong one.
        let is_whole = faults.is_empty();
        faults.extend(policy.faults().into_iter().filter(|fault| is_whole || fault.is_form));
        faults.finish(Some(policy))
    }
}

/// What the tenant has decided about payouts.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/policy", tag = "payouts",
    responses((status = 200, description = "What holds, with its `ETag`.", body = PayoutPolicyBody), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): Here, caller: Caller) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let tenant = caller.tenant_key();
    // The version before what it says: of a change in between the older one is told, and whoever names it looks again.
    let version = app.store.get_last_told(&tenant, AGGREGATE).await?.map_or(0, |entry| entry.no);
    Ok(answer(&app.store.get_payout_policy(&tenant).await?, version))
}

/// A policy with its ETag: how often the tenant has decided.
fn answer(policy: &PayoutPolicy, version: u32) -> Response {
    ([(ETAG, etag(version.into()))], Json(PayoutPolicyBody::from(policy))).into_response()
}

/// Decide about payouts.
///
/// Holds for what is asked for from now on: a payout keeps the bands it was born under. All of it at once: whoever says what
/// they saw (`If-Match`) does not take back unseen what another person has just decided. Where the tenant asks for a second
/// factor to approve, it is asked for here, too: bands say who must approve.
#[utoipa::path(
    put, path = "/v1/revenue/payouts/policy", tag = "payouts", request_body = PayoutPolicyBody,
    params(
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw; \"0\" where nothing was set."),
    ),
    responses((status = 200, description = "What holds, with its `ETag`.", body = PayoutPolicyBody), Refusals, WriteRefusals, Stale),
    security(("bearer" = []))
)]
pub(super) async fn replace(
    State(app): Here,
    Approver(caller): Approver,
    origin: Origin,
    seen: IfMatch,
    Body(body): Body<PayoutPolicyBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let policy = body.read()?;
    let tenant = caller.tenant_key();
    let end = app.store.get_last_told(&tenant, AGGREGATE).await?.map_or(ChainEnd::START, |entry| entry.end());
    seen.check(end.no.into())?;
    let before = app.store.get_payout_policy(&tenant).await?;
    let told = |policy: &PayoutPolicy| {
        policy.to_json().map(|text| BTreeMap::from([("policy".to_owned(), text)])).map_err(|_| Problem::internal())
    };
    let (old, new) = (told(&before)?, told(&policy)?);
    let deed = Deed { at: app.clock.now(), actor: actor(&caller, origin), action: "payout_policy.set", old, new };
    let entry = append(end, AGGREGATE, deed);
    if app.store.replace_payout_policy(&tenant, &policy, &entry).await? == Written::ConditionFailed {
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let last = app.store.get_last_told(&tenant, AGGREGATE).await?;
        if last.as_ref().is_none_or(|last| last.hash != entry.hash) {
            let why = "another person decides about payouts at the same time; look again";
            return Err(overtaken(seen, last.as_ref(), why));
        }
    }
    tracing::info!(by = %caller.subject, "payout policy set");
    Ok(answer(&policy, entry.no))
}
