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
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{after, listed};
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

/// The word of the phase filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PhaseWord {
    /// The customer's bank asks.
    Inquiry,
    /// Money is held back until it is decided.
    Opened,
    /// It came back.
    Won,
    /// It is gone.
    Lost,
}

impl PhaseWord {
    fn is_of(self, phase: DisputePhase) -> bool {
        match self {
            Self::Inquiry => phase == DisputePhase::Inquiry,
            Self::Opened => phase == DisputePhase::Opened,
            Self::Won => phase == DisputePhase::Won,
            Self::Lost => phase == DisputePhase::Lost,
        }
    }
}

/// Which disputes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DisputesQuery {
    /// Only those in this phase: `opened` are those that may need evidence.
    #[param(inline)]
    phase: Option<PhaseWord>,
    /// How many are looked at, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

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
///
/// `limit` is how many are looked at: a page of one phase may hold fewer, even none, and still have a `next_cursor`.
#[utoipa::path(
    get, path = "/v1/revenue/disputes", tag = "desk", params(DisputesQuery),
    responses((status = 200, description = "A page of disputes; CSV for `Accept: text/csv`.", body = Listed<DisputeView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<DisputesQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let behind = after(query.cursor.as_deref(), |key| PaymentKey::parse(key).ok())?;
    let found = app.store.list_disputes(&caller.tenant_key(), behind.as_ref(), limit(query.limit)?).await?;
    let rows = found.items.iter().filter_map(|(id, sale)| {
        let dispute = sale.disputes.get(id)?;
        let is_wanted = query.phase.is_none_or(|phase| phase.is_of(dispute.phase));
        is_wanted.then(|| DisputeView::of(id, sale, dispute))
    });
    csv::answer(query.format.unwrap_or(accepted), "disputes", &COLUMNS, listed(rows.collect(), found.next))
}
