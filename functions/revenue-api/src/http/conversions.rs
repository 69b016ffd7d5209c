//! Who was credited for a sale, and why; and a person who decides anew.

use axum::Json;
use axum::extract::State;
use cases::desk::reattribution::{Reattributed, Refused, Who, reattribute as decide};
use domain::attribution::record::{DecisionRecord, record};
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::role::Role;
use domain::sale::Sale;
use edge::auth::Caller;
use edge::body::{Checked, Segments};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use garde::Validate;
use serde::{Deserialize, Serialize};
use store::TenantKey;
use utoipa::ToSchema;

use super::{DESK, Here, Id, plain, writing_desk, wrong};
use crate::App;

const REASON_CHARS_MAX: usize = 1_000;

/// The decision of a sale: who is credited with which share and why, why each other touch lost, or why nobody is
/// credited; and what each model would have given.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object)]
#[serde(transparent)]
pub(crate) struct DecisionView(DecisionRecord);

/// Why somebody, or nobody, is paid for a sale.
#[utoipa::path(
    get, path = "/v1/revenue/conversions/{id}/decision", tag = "desk",
    params(("id" = String, Path, description = "The sale's id (`sal_…`).")),
    responses((status = 200, description = "The decision in force.", body = DecisionView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn decision(
    State(app): Here,
    caller: Caller,
    Segments(id): Id,
) -> Result<Json<DecisionView>, Problem> {
    caller.require(DESK)?;
    let tenant = caller.tenant_key();
    let sale = app.store.get_sale(&tenant, &named(&id)?).await?.ok_or_else(no_such)?;
    shown(&app, &tenant, &sale).await
}

/// Who is to be credited.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReattributeBody {
    /// The partner; null credits nobody.
    #[garde(skip)]
    partner_id: Option<String>,
    /// Under which programme's rules; may be left out where the partner is in one only.
    #[garde(skip)]
    program_id: Option<String>,
    /// Why; the audit trail keeps it.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    reason: String,
}

/// Credit a sale anew.
///
/// The lines of whoever was credited go to zero, the new partner's are booked under the rule in force when the sale
/// happened: one transaction. Later sales of the customer follow their own decision.
#[utoipa::path(
    post, path = "/v1/revenue/conversions/{id}/reattribute", tag = "desk", request_body = ReattributeBody,
    params(
        ("id" = String, Path, description = "The sale's id (`sal_…`)."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The decision in force now.", body = DecisionView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn reattribute(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Segments(id): Id,
    Checked(body): Checked<ReattributeBody>,
) -> Result<Json<DecisionView>, Problem> {
    caller.require(&[Role::Admin])?;
    let who = who(&body)?;
    let (id, tenant) = (named(&id)?, caller.tenant_key());
    let desk = writing_desk(&app, &tenant, &caller, (origin, minting)).await?;
    let sale = match decide(&desk, &id, &who, &body.reason).await.map_err(wrong)? {
        Reattributed::Done(sale) => {
            tracing::info!(sale.id = %sale.id, credits = sale.decision.credits().len(), "sale credited anew by hand");
            sale
        }
        Reattributed::Already(sale) => sale,
        Reattributed::NotFound => return Err(no_such()),
        Reattributed::Refused(refused) => return Err(refusal(refused)),
    };
    shown(&app, &tenant, &sale).await
}

fn who(body: &ReattributeBody) -> Result<Who, Problem> {
    let program = body.program_id.as_deref().map(ProgramId::parse).transpose();
    let program = program.map_err(|error| Problem::bad_request("/program_id", error.to_string()))?;
    match (&body.partner_id, program) {
        (Some(partner), program) => {
            let partner =
                PartnerId::parse(partner).map_err(|error| Problem::bad_request("/partner_id", error.to_string()))?;
            Ok(Who::Partner { partner, program })
        }
        (None, Some(_)) => Err(Problem::impossible("/program_id", "goes with a partner")),
        (None, None) => Ok(Who::Nobody),
    }
}

fn refusal(refused: Refused) -> Problem {
    let detail = refused.to_string();
    match refused {
        Refused::Rejected => Problem::conflict(detail).kind("rejected"),
        Refused::NoPartner => Problem::not_found(detail),
        Refused::NoProgram => Problem::impossible("/program_id", detail),
        Refused::NoRule => Problem::unprocessable(detail).kind("no-rule"),
    }
}

async fn shown(app: &App, tenant: &TenantKey, sale: &Sale) -> Result<Json<DecisionView>, Problem> {
    let customer = match &sale.customer {
        Some(customer) => app.store.get_customer(tenant, customer).await?,
        None => None,
    };
    let record = record(sale, customer.as_ref()).map_err(|error| wrong(error.into()))?;
    Ok(Json(DecisionView(record)))
}

/// The sale that a path names.
fn named(id: &str) -> Result<SaleId, Problem> {
    SaleId::parse(id).map_err(|_| no_such())
}

/// What any path without such a sale answers.
fn no_such() -> Problem {
    Problem::not_found("no such conversion")
}
