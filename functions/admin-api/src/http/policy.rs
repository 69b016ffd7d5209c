//! What each signal weighs for a tenant, and from where on habits are signals.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{ChainEnd, Deed, append};
use domain::fraud::Reason;
use domain::fraud::policy::Policy;
use domain::id::ProgramId;
use domain::rate::Rate;
use domain::role::Role;
use edge::auth::Caller;
use edge::body::Body;
use edge::faults::Faults;
use edge::http::Origin;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::{Problem, escaped};
use edge::revision::{IfMatch, etag};
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use store::{TenantKey, Written};
use utoipa::ToSchema;

use super::{REVIEWERS_AND_READERS, actor};
use crate::App;

/// Where the audit trail of the points is.
const AGGREGATE: &str = "risk_policy";

/// What signals weigh. What a body leaves out is as shipped; 0 points switch a signal off.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RiskPolicyBody {
    /// Points by reason code, 0 to 100.
    #[serde(default)]
    points: BTreeMap<String, u16>,
    /// A sale so many seconds after its click, or sooner, is quick.
    quick_sale_seconds: Option<u32>,
    /// So many new customers of one partner within an hour are too many.
    velocity_customers: Option<u32>,
    /// So many customers from one address and browser on one day are too many.
    shared_address_customers: Option<u32>,
    /// From this share of a partner's sales wholly returned it is a signal; 30 % is "0.3".
    #[schema(value_type = Option<String>, example = "0.3")]
    refund_rate: Option<Rate>,
    /// Below so many sales there is no rate to speak of.
    refund_rate_sales: Option<u32>,
    /// Hosts that visits must not come from, by programme. One that is named twice is banned once.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    banned_referrers: BTreeMap<String, BTreeSet<String>>,
}

impl From<&Policy> for RiskPolicyBody {
    fn from(policy: &Policy) -> Self {
        let points = Reason::ALL.into_iter().map(|reason| (reason.code().to_owned(), policy.points_of(reason)));
        let banned = policy.banned_referrers.iter().map(|(program, hosts)| (program.to_string(), hosts.clone()));
        Self {
            points: points.collect(),
            quick_sale_seconds: Some(policy.quick_sale_seconds),
            velocity_customers: Some(policy.velocity_customers),
            shared_address_customers: Some(policy.shared_address_customers),
            refund_rate: Some(policy.refund_rate),
            refund_rate_sales: Some(policy.refund_rate_sales),
            banned_referrers: banned.collect(),
        }
    }
}

impl RiskPolicyBody {
    /// The policy, or every field that is wrong.
    fn read(self) -> Result<Policy, Problem> {
        let shipped = Policy::default();
        let mut faults = Faults::default();
        let mut points = BTreeMap::new();
        for (code, weight) in self.points {
            match Reason::parse(&code) {
                // As shipped is not said: a later release may weigh it otherwise.
                Some(reason) if shipped.points_of(reason) == weight => {}
                Some(reason) => {
                    points.insert(reason, weight);
                }
                None => faults.note(&format!("/points/{}", escaped(&code)), "no such reason code"),
            }
        }
        let mut banned_referrers = BTreeMap::new();
        for (program, hosts) in self.banned_referrers {
            match ProgramId::parse(&program) {
                Ok(program) => {
                    banned_referrers.insert(program, hosts);
                }
                Err(_) => faults.note(&format!("/banned_referrers/{}", escaped(&program)), "not a program id"),
            }
        }
        let policy = Policy {
            points,
            quick_sale_seconds: self.quick_sale_seconds.unwrap_or(shipped.quick_sale_seconds),
            velocity_customers: self.velocity_customers.unwrap_or(shipped.velocity_customers),
            shared_address_customers: self.shared_address_customers.unwrap_or(shipped.shared_address_customers),
            refund_rate: self.refund_rate.unwrap_or(shipped.refund_rate),
            refund_rate_sales: self.refund_rate_sales.unwrap_or(shipped.refund_rate_sales),
            banned_referrers,
        };
        faults.extend(policy.faults());
        faults.finish(Some(policy))
    }
}

/// A ban of a programme that is not there would never hold, and nobody would notice.
async fn check_programs(app: &App, tenant: &TenantKey, policy: &Policy) -> Result<(), Problem> {
    let mut faults = Faults::default();
    for program in policy.banned_referrers.keys() {
        if app.store.get_program(tenant, program).await?.is_none() {
            faults.clash(&format!("/banned_referrers/{program}"), "no such program");
        }
    }
    faults.finish(Some(()))
}

/// What signals weigh.
#[utoipa::path(
    get, path = "/v1/risk/policy", tag = "risk",
    responses((status = 200, description = "The points and limits in force, with their `ETag`.", body = RiskPolicyBody), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    caller.require(REVIEWERS_AND_READERS)?;
    let tenant = caller.tenant_key();
    // The version before what it says: of a change in between the older one is told, and whoever names it looks again.
    let version = app.store.get_last_told(&tenant, AGGREGATE).await?.map_or(0, |entry| entry.no);
    let settings = app.store.get_settings(&tenant).await?;
    Ok(answer(&settings.risk, version))
}

/// The points with their ETag: how often the tenant has set them.
fn answer(policy: &Policy, version: u32) -> Response {
    ([(ETAG, etag(version.into()))], Json(RiskPolicyBody::from(policy))).into_response()
}

/// Set what signals weigh.
///
/// Holds for what is booked from now on; what was noticed before keeps its points. All of it at once: whoever says what they
/// saw (`If-Match`) does not take back unseen what another person has just set.
#[utoipa::path(
    put, path = "/v1/risk/policy", tag = "risk", request_body = RiskPolicyBody,
    params(
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw; \"0\" where nothing was set."),
    ),
    responses(
        (status = 200, description = "The points and limits in force, with their `ETag`.", body = RiskPolicyBody),
        Refusals, WriteRefusals, Stale
    ),
    security(("bearer" = []))
)]
pub(super) async fn replace(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    seen: IfMatch,
    Body(body): Body<RiskPolicyBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let policy = body.read()?;
    check_programs(&app, &caller.tenant_key(), &policy).await?;
    let version = set(&app, (&caller, origin), seen, &policy).await?;
    tracing::info!(by = %caller.subject, "points of signals of fraud set");
    Ok(answer(&policy, version))
}

/// Sets them over the version that was seen; answers the version that they are at.
async fn set(app: &App, (caller, origin): (&Caller, Origin), seen: IfMatch, policy: &Policy) -> Result<u32, Problem> {
    let tenant = caller.tenant_key();
    let end = app.store.get_last_told(&tenant, AGGREGATE).await?.map_or(ChainEnd::START, |entry| entry.end());
    seen.check(end.no.into())?;
    let before = app.store.get_settings(&tenant).await?.risk;
    let told = |policy: &Policy| BTreeMap::from([("policy".to_owned(), policy.to_json())]);
    let (old, new) = (told(&before), told(policy));
    let deed = Deed { at: app.clock.now(), actor: actor(caller, origin), action: "risk.policy_set", old, new };
    let entry = append(end, AGGREGATE, deed);
    if app.store.replace_risk_policy(&tenant, policy, &entry).await? == Written::ConditionFailed {
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let last = app.store.get_last_told(&tenant, AGGREGATE).await?;
        if last.as_ref().is_none_or(|last| last.hash != entry.hash) {
            return Err(match seen.version() {
                Some(_) => seen.changed(last.map_or(0, |last| last.no.into())),
                None => Problem::conflict("another person sets the points at the same time; look again"),
            });
        }
    }
    Ok(entry.no)
}
