//! Claims: a partner says that a customer is theirs, and a person decides. ATT-7.

pub(super) mod judge;
pub(super) mod list;
mod shown;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::desk::Desk;
use cases::desk::claims;
use domain::attribution::claim::{Claim, ClaimState, Naming};
use domain::email::{self, Email};
use domain::fact::PaymentKey;
use domain::id::{ClaimId, ProgramId};
use domain::role::Role;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use store::claims::{ClaimMade, EMAIL, EVIDENCE};
use utoipa::ToSchema;

use super::affiliates::{program_of, whose};
use super::partners::failed;
use super::partners::sealed::{open, seal};
use super::who::{self, AdminOrPartner};
use crate::App;
use shown::{ClaimBody, ClaimDetail};

/// The most characters of an order's name.
const ORDER_LENGTH_MAX: usize = 200;
/// The most characters of what a partner says.
const EVIDENCE_LENGTH_MAX: usize = 4_000;

/// A claim to be made. The customer is named by an address, an order, or, by an admin, by the provider's id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewClaim {
    /// Who claims; a partner may leave it out.
    partner_id: Option<String>,
    /// The programme whose rules apply; may be left out by a partner of one programme.
    program_id: Option<String>,
    /// Under which address the customer bought.
    #[schema(example = "grace@example.com")]
    customer_email: Option<String>,
    /// The order, invoice or payment, as the shop or its payment provider names it.
    #[schema(example = "in_1QX7ab")]
    order_reference: Option<String>,
    /// The customer, as the payment provider names them; only an admin says it.
    #[schema(example = "stripe:cus_Q1")]
    customer_id: Option<String>,
    /// Why the customer is theirs: how they met, what was said.
    #[schema(example = "She wrote to me on 3 May and asked which plan to take; the mail is below.")]
    evidence: String,
}

/// A claim to be made, read.
struct Read {
    program: Option<ProgramId>,
    address: Option<Email>,
    order: Option<String>,
    customer: Option<PaymentKey>,
    evidence: String,
}

/// Claim a customer.
///
/// A partner claims for itself. Whether anybody is known by the address or the order is not told: a person looks. What is
/// claimed and not declined is not claimed again.
#[utoipa::path(
    post,
    path = "/v1/claims",
    tag = "claims",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewClaim,
    responses((status = 201, body = ClaimBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    AdminOrPartner(caller): AdminOrPartner,
    origin: Origin,
    minting: Minting,
    Body(asked): Body<NewClaim>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let partner = whose(&mut faults, &caller, asked.partner_id.as_deref())?;
    let read = asked.read(&mut faults, &caller);
    let (partner, read) = faults.finish(partner.zip(read))?;
    let (tenant, now) = (caller.tenant_key(), minting.at());
    let (program, _) = program_of(&app, &tenant, &partner, read.program).await?;
    let mut naming = Naming { order: read.order, ..Naming::default() };
    if let Some(address) = &read.address {
        naming.email = email::digest(address.as_str());
        naming.email_sealed = Some(seal(&app, &caller, &partner, EMAIL, address.as_str()).await?);
    }
    let note = seal(&app, &caller, &partner, EVIDENCE, &read.evidence).await?;
    let found = claims::customers_of(&app.store, &tenant, &naming).await.map_err(failed)?;
    let customer = read.customer.or_else(|| found.first().filter(|_| found.len() == 1).cloned());
    let id = ClaimId::from_ulid(minting.ulid("claim"));
    // A run that takes over from one that died finds the claim that one left behind: its seals are others.
    let claim = match app.store.get_claim(&tenant, &id).await? {
        Some(there) => there,
        None => Claim {
            id,
            partner,
            program,
            customer,
            naming,
            note,
            made_at: now,
            first: None,
            state: ClaimState::Pending,
        },
    };
    let desk = Desk::open(&app.store, &tenant, caller.acting(origin), now).await.map_err(failed)?;
    if let ClaimMade::Already(other) = claims::make(&desk, &claim).await.map_err(failed)? {
        let detail = format!("this was claimed before, as {other}; it may be claimed again once that is declined");
        return Err(Problem::conflict(detail).kind("claimed-before"));
    }
    tracing::info!(claim.id = %claim.id, partner.id = %claim.partner, by = %caller.subject, "claim made");
    let location = [(LOCATION, format!("/v1/claims/{}", claim.id))];
    Ok((StatusCode::CREATED, location, Json(ClaimBody::of(&claim, is_staff(&caller)))).into_response())
}

impl NewClaim {
    fn read(self, faults: &mut Faults, caller: &Caller) -> Option<Read> {
        let program = faults.check("/program_id", self.program_id.as_deref().map(ProgramId::parse).transpose());
        let address = faults.check("/customer_email", self.customer_email.as_deref().map(Email::parse).transpose());
        let order = self.order_reference.map(|order| faults.text("/order_reference", &order, ORDER_LENGTH_MAX));
        let customer = faults.check("/customer_id", self.customer_id.as_deref().map(PaymentKey::parse).transpose());
        if self.customer_id.is_some() && caller.role != Role::Admin {
            faults.clash("/customer_id", "only an admin names the customer so; give the address or the order");
        }
        if self.customer_email.is_none() && order.is_none() && self.customer_id.is_none() {
            faults.clash("/customer_email", "say who it is: by their address, or by order_reference");
        }
        let evidence = evidence(faults, &self.evidence);
        Some(Read { program: program?, address: address?, order, customer: customer?, evidence })
    }
}

/// Some lines, without control characters but line ends.
fn evidence(faults: &mut Faults, said: &str) -> String {
    let text = said.trim();
    let odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    if text.is_empty() || text.chars().count() > EVIDENCE_LENGTH_MAX || text.chars().any(odd) {
        faults.note("/evidence", format!("must have 1 to {EVIDENCE_LENGTH_MAX} characters, and no control characters"));
    }
    text.to_owned()
}

/// Does the caller see what partners do not: who the customer is?
fn is_staff(caller: &Caller) -> bool {
    caller.confined_to().is_none()
}

/// Read a claim, with what its partner says.
#[utoipa::path(
    get,
    path = "/v1/claims/{id}",
    tag = "claims",
    params(("id" = String, Path, example = "clm_01JF8Q3W5T6Y7Z8A9B0C1D2E3F")),
    responses((status = 200, body = ClaimDetail), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<ClaimDetail>, Problem> {
    let claim = find(&app, &caller, &id).await?;
    let customer_email = match &claim.naming.email_sealed {
        Some(sealed) => Some(open(&app, &caller, &claim.partner, EMAIL, sealed).await?),
        None => None,
    };
    let evidence = match claim.is_forgotten() {
        // OPS-4: whoever said it, or whom it was said of, was erased.
        true => String::new(),
        false => open(&app, &caller, &claim.partner, EVIDENCE, &claim.note).await?,
    };
    let is_staff = is_staff(&caller);
    let possible = match is_staff && claim.state == ClaimState::Pending {
        true => claims::customers_of(&app.store, &caller.tenant_key(), &claim.naming).await.map_err(failed)?,
        false => Vec::new(),
    };
    let possible_customers = possible.iter().map(ToString::to_string).collect();
    let claim = ClaimBody::of(&claim, is_staff);
    Ok(Json(ClaimDetail { claim, customer_email, evidence, possible_customers }))
}

/// A claim, if the caller may see it. Another's is as little there as nobody's.
async fn find(app: &App, caller: &Caller, id: &str) -> Result<Claim, Problem> {
    let own = who::own_partner(caller)?;
    let missing = || Problem::not_found("no such claim");
    let id = ClaimId::parse(id).map_err(|_| missing())?;
    let claim = app.store.get_claim(&caller.tenant_key(), &id).await?.ok_or_else(missing)?;
    if own.is_some_and(|own| own != claim.partner) {
        return Err(missing());
    }
    Ok(claim)
}
