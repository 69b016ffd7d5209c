//! Disputes, with the day until which evidence may be given.

use axum::extract::State;
use axum::response::Response;
use domain::fact::{DisputePhase, PaymentKey};
use domain::sale::{Sale, SaleDispute};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::openapi::Refusals;
use edge::page::{Listed, limit};
use edge::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{PageQuery, after, listed};
use super::{DESK, Here};

const COLUMNS: [&str; 10] = [
    "id",
    "conversion_id",
    "payment_id",
    "invoice_id",
    "customer_id",
    "amount",
    "currency",
    "phase",
    "evidence_due_by",
    "occurred_at",
];

/// A dispute of a sale.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DisputeView {
    /// The dispute, as the provider names it.
    #[schema(example = "stripe:dp_1")]
    id: String,
    /// The sale.
    conversion_id: String,
    /// The payment, as the provider names it.
    payment_id: String,
    /// The provider's invoice or payment.
    invoice_id: String,
    /// Who paid.
    customer_id: Option<String>,
    /// What the customer's bank took or asks for.
    amount: String,
    /// ISO currency.
    currency: String,
    /// `inquiry`, `opened`, `won` or `lost`.
    #[schema(example = "opened")]
    phase: &'static str,
    /// Until when evidence may be given; null when the provider did not say.
    #[schema(value_type = Option<String>, format = DateTime)]
    evidence_due_by: Option<Timestamp>,
    /// When this phase began, at the provider.
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Timestamp,
}

impl DisputeView {
    fn of(id: &PaymentKey, sale: &Sale, dispute: &SaleDispute) -> Self {
        Self {
            id: id.to_string(),
            conversion_id: sale.id.to_string(),
            payment_id: sale.payment.to_string(),
            invoice_id: sale.invoice.clone(),
            customer_id: sale.customer.as_ref().map(ToString::to_string),
            amount: dispute.amount.to_text(),
            currency: dispute.amount.currency().to_string(),
            phase: match dispute.phase {
                DisputePhase::Inquiry => "inquiry",
                DisputePhase::Opened => "opened",
                DisputePhase::Won => "won",
                DisputePhase::Lost => "lost",
            },
            evidence_due_by: dispute.evidence_due,
            occurred_at: dispute.occurred_at,
        }
    }
}

/// List disputes, open and settled, by the provider's ids.
#[utoipa::path(
    get, path = "/v1/revenue/disputes", tag = "desk", params(PageQuery),
    responses((status = 200, description = "A page of disputes; CSV for `Accept: text/csv`.", body = Listed<DisputeView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let behind = after(query.cursor.as_deref(), |key| PaymentKey::parse(key).ok())?;
    let found = app.store.list_disputes(&caller.tenant_key(), behind.as_ref(), limit(query.limit)?).await?;
    let rows = found.items.iter().filter_map(|(id, sale)| Some(DisputeView::of(id, sale, sale.disputes.get(id)?)));
    csv::answer(query.format.unwrap_or(accepted), "disputes", &COLUMNS, listed(rows.collect(), found.next))
}
