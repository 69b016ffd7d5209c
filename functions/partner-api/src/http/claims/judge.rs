//! A person decides on a claim.

use axum::Json;
use axum::extract::State;
use cases::desk::Desk;
use cases::desk::claims::{self, Judged, Judgement, Verdict};
use domain::attribution::claim::ClaimRefused;
use domain::fact::PaymentKey;
use domain::id::ClaimId;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shown::ClaimBody;
use crate::App;
use crate::http::partners::failed;
use crate::http::who::{Admin, ApprovingAdmin};

/// The most characters of a reason.
const REASON_LENGTH_MAX: usize = 1_000;

/// A yes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClaimAcceptance)]
pub(crate) struct Acceptance {
    /// The customer, where nobody is known by what the claim says, or several are.
    #[schema(example = "stripe:cus_Q1")]
    customer_id: Option<String>,
    /// Why; the partner reads it, and the audit trail keeps it.
    #[schema(example = "The mail shows it.")]
    reason: String,
}

/// A no.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClaimRefusal)]
pub(crate) struct Refusal {
    /// Why; the partner reads it, and the audit trail keeps it.
    #[schema(example = "The customer came by an advertisement a month before.")]
    reason: String,
}

/// What became of a claim.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JudgedClaim)]
pub(crate) struct JudgedBody {
    #[serde(flatten)]
    claim: ClaimBody,
    /// How many sales are paid for now that were not. What another partner is paid for moves with the next night, as far as
    /// its month is open.
    #[schema(example = 2)]
    sales: usize,
}

/// Accept a claim.
///
/// The customer is the partner's from their first sale on, and what nobody was paid for is booked at once, as lines of
/// those sales. Where that is more than the tenant's threshold for corrections, or another partner is paid for the
/// customer, the first yes leaves it pending (`needs_second`), and another admin says the second, to the same customer.
/// Sent again it pays nothing twice; with an `Idempotency-Key` it is answered by the claim as it is by then, too, and
/// `sales` counts what this try booked.
#[utoipa::path(
    post,
    path = "/v1/claims/{id}/accept",
    tag = "claims",
    params(
        ("id" = String, Path, example = "clm_01JF8Q3W5T6Y7Z8A9B0C1D2E3F"),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body = Acceptance,
    responses((status = 200, body = JudgedBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn accept(
    State(app): State<App>,
    ApprovingAdmin(caller): ApprovingAdmin,
    origin: Origin,
    minting: Minting,
    Segments(id): Segments<String>,
    Body(asked): Body<Acceptance>,
) -> Result<Json<JudgedBody>, Problem> {
    let mut faults = Faults::default();
    let reason = faults.text("/reason", &asked.reason, REASON_LENGTH_MAX);
    let customer = faults.check("/customer_id", asked.customer_id.as_deref().map(PaymentKey::parse).transpose());
    let customer = faults.finish(customer)?;
    let judgement = Judgement { customer: customer.as_ref(), ..Judgement::of(Verdict::Accept, &reason) };
    judged(&app, &caller, (origin, minting), &id, &judgement).await
}

/// Decline a claim.
///
/// Nothing changes but the claim. The partner reads the reason, and may claim again with better evidence.
#[utoipa::path(
    post,
    path = "/v1/claims/{id}/decline",
    tag = "claims",
    params(
        ("id" = String, Path, example = "clm_01JF8Q3W5T6Y7Z8A9B0C1D2E3F"),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body = Refusal,
    responses((status = 200, body = JudgedBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn decline(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Segments(id): Segments<String>,
    Body(asked): Body<Refusal>,
) -> Result<Json<JudgedBody>, Problem> {
    let mut faults = Faults::default();
    let reason = faults.text("/reason", &asked.reason, REASON_LENGTH_MAX);
    faults.finish(Some(()))?;
    judged(&app, &caller, (origin, minting), &id, &Judgement::of(Verdict::Decline, &reason)).await
}

async fn judged(
    app: &App,
    caller: &Caller,
    (origin, minting): (Origin, Minting),
    id: &str,
    judgement: &Judgement<'_>,
) -> Result<Json<JudgedBody>, Problem> {
    let missing = || Problem::not_found("no such claim");
    let id = ClaimId::parse(id).map_err(|_| missing())?;
    let (tenant, actor) = (caller.tenant_key(), caller.acting(origin));
    let desk = Desk::open(&app.store, &tenant, actor, minting.at()).await.map_err(failed)?;
    // API-10: under one key the same yes or no is one step, also where its answer was lost.
    let desk = desk.under(minting.ulid("step").to_string());
    let (claim, sales) = match claims::judge(&desk, &id, judgement).await.map_err(failed)? {
        Judged::Done { claim, sales } => (claim, sales),
        Judged::Waits(claim) => (claim, 0),
        Judged::NotFound => return Err(missing()),
        Judged::Refused(refused) => return Err(refusal(&refused)),
    };
    tracing::info!(claim.id = %id, status = claim.state.word(), sales, by = %caller.subject, "claim judged");
    Ok(Json(JudgedBody { claim: ClaimBody::of(&claim, true), sales }))
}

fn refusal(refused: &ClaimRefused) -> Problem {
    let why = refused.to_string();
    match refused {
        ClaimRefused::Decided => Problem::conflict(why).kind("claim-decided"),
        ClaimRefused::AnothersByClaim { .. } => Problem::conflict(why).kind("anothers-by-claim"),
        ClaimRefused::AnotherCustomer { .. } => Problem::conflict(why).kind("another-customer"),
        ClaimRefused::SamePerson => Problem::conflict(why).kind("second-person-needed"),
        ClaimRefused::NeedsAPerson => Problem::forbidden(why).kind("person-needed"),
        ClaimRefused::NobodyKnown => Problem::impossible("/customer_id", why),
    }
}
