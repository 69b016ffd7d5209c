//! A claim as it is shown.

use domain::attribution::claim::{Claim, ClaimDecided, ClaimState};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The columns of the list as CSV.
pub(super) const COLUMNS: [&str; 10] = [
    "id",
    "partner_id",
    "program_id",
    "status",
    "order_reference",
    "by_email",
    "customer_id",
    "needs_second",
    "reason",
    "created_at",
];

/// A claim.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimBody {
    #[schema(example = "clm_01JF8Q3W5T6Y7Z8A9B0C1D2E3F")]
    id: String,
    partner_id: String,
    program_id: String,
    /// `pending`, `accepted` or `declined`.
    #[schema(example = "pending")]
    status: &'static str,
    #[schema(example = "in_1QX7ab")]
    order_reference: Option<String>,
    /// Whether it names an address; a claim by itself shows it.
    by_email: bool,
    /// Who is known by that; only the tenant's own people see it.
    #[schema(example = "stripe:cus_Q1")]
    customer_id: Option<String>,
    /// Whether one person said yes, and it takes a second.
    needs_second: bool,
    /// Why it was decided so.
    #[schema(example = "The mail shows it.")]
    reason: Option<String>,
    /// Who decided; only the tenant's own people see it.
    decided_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A claim with what its partner says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimDetail {
    #[serde(flatten)]
    pub(super) claim: ClaimBody,
    #[schema(example = "grace@example.com")]
    pub(super) customer_email: Option<String>,
    /// What the partner says; empty once its partner or its customer was erased.
    pub(super) evidence: String,
    /// Whoever is known by the address or the order, while it is pending; only the tenant's own people see it. With several
    /// an admin says which, in `customer_id`.
    pub(super) possible_customers: Vec<String>,
}

impl ClaimBody {
    pub(super) fn of(claim: &Claim, is_staff: bool) -> Self {
        let decided: Option<&ClaimDecided> = match &claim.state {
            ClaimState::Pending => None,
            ClaimState::Accepted(decided) | ClaimState::Declined(decided) => Some(decided),
        };
        Self {
            id: claim.id.to_string(),
            partner_id: claim.partner.to_string(),
            program_id: claim.program.to_string(),
            status: claim.state.word(),
            order_reference: claim.naming.order.clone(),
            by_email: claim.naming.email.is_some(),
            customer_id: claim.customer.as_ref().filter(|_| is_staff).map(ToString::to_string),
            needs_second: claim.state == ClaimState::Pending && claim.first.is_some(),
            reason: decided.map(|decided| decided.reason.clone()),
            decided_by: decided.filter(|_| is_staff).map(|decided| decided.by.id.clone()),
            decided_at: decided.map(|decided| decided.at),
            created_at: claim.made_at,
        }
    }
}
