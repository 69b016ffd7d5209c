//! Payments that failed, and how they stand.

use axum::extract::State;
use axum::response::Response;
use cases::dunning::is_open;
use domain::fact::PaymentKey;
use domain::id::{CustomerId, SubscriptionId};
use domain::subscription::{FailedPayment, FailedStanding};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::openapi::Refusals;
use edge::page::{Listed, limit};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::TenantKey;
use utoipa::{IntoParams, ToSchema};

use super::READERS;
use crate::App;
use crate::http::Here;
use crate::http::page::{after, listed};
use crate::http::wrong;

const COLUMNS: [&str; 9] = [
    "invoice_id",
    "customer_id",
    "subscription_id",
    "amount",
    "currency",
    "attempts",
    "next_attempt_at",
    "status",
    "reason",
];

/// Which payments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailedQuery {
    /// `open` (when left out), `paid`, `voided`, `uncollectible` or `all`.
    status: Option<String>,
    /// How many rows are looked at, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// A payment that failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailedPaymentView {
    /// The provider's own id.
    #[schema(example = "in_1SYDrjPYoEwpCviGUG3hRnO9oQ")]
    invoice_id: String,
    customer_id: Option<String>,
    stripe_customer_id: Option<String>,
    subscription_id: Option<String>,
    #[schema(example = "99.00")]
    amount: String,
    #[schema(example = "USD")]
    currency: String,
    /// How often it was tried.
    attempts: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// `open`, `paid`, `voided` or `uncollectible`.
    #[schema(example = "open")]
    status: &'static str,
    /// The provider's word.
    #[schema(example = "insufficient_funds")]
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    told_at: Timestamp,
}

fn bare(key: &PaymentKey) -> String {
    key.as_str().split_once(':').map_or(key.as_str(), |(_, id)| id).to_owned()
}

impl FailedPaymentView {
    fn of(told: &FailedPayment, standing: FailedStanding) -> Self {
        Self {
            invoice_id: bare(&told.payment),
            customer_id: told.customer.as_ref().map(|customer| CustomerId::of(customer).to_string()),
            stripe_customer_id: told.customer.as_ref().map(bare),
            subscription_id: told.subscription.as_ref().map(|key| SubscriptionId::of(key).to_string()),
            amount: told.amount.to_text(),
            currency: told.amount.currency().to_string(),
            attempts: told.attempts,
            next_attempt_at: told.next_attempt_at.filter(|_| standing == FailedStanding::Open),
            status: standing.word(),
            reason: told.reason.clone(),
            told_at: told.told_at,
        }
    }
}

/// List payments that failed.
///
/// `limit` is how many are looked at: a page may hold fewer rows, even none, and still have a `next_cursor`.
#[utoipa::path(
    get, path = "/v1/revenue/payments/failed", tag = "billing", params(FailedQuery),
    responses((status = 200, description = "A page of payments; CSV for `Accept: text/csv`.", body = Listed<FailedPaymentView>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<FailedQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let all = [FailedStanding::Open, FailedStanding::Paid, FailedStanding::Voided, FailedStanding::Uncollectible];
    let wanted = match query.status.as_deref() {
        None => Some(FailedStanding::Open),
        Some("all") => None,
        Some(word) => {
            let known = all.into_iter().find(|standing| standing.word() == word);
            let wrong = || Problem::bad_parameter("status", "open, paid, voided, uncollectible or all");
            Some(known.ok_or_else(wrong)?)
        }
    };
    let tenant = caller.tenant_key();
    let behind = after(query.cursor.as_deref(), |text| PaymentKey::parse(text).ok())?;
    let behind = behind.as_ref().map(PaymentKey::as_str);
    let (payments, next) = looked_at(&app, &tenant, wanted, behind, limit(query.limit)?).await?;
    let mut rows = Vec::new();
    for told in &payments {
        // REV-1: a payment that came after all is told by its sale; the night notes it here.
        let has_come =
            told.standing == FailedStanding::Open && !is_open(&app.store, &tenant, told).await.map_err(wrong)?;
        let standing = if has_come { FailedStanding::Paid } else { told.standing };
        if wanted.is_none_or(|wanted| wanted == standing) {
            rows.push(FailedPaymentView::of(told, standing));
        }
    }
    csv::answer(query.format.unwrap_or(accepted), "failed-payments", &COLUMNS, listed(rows, next))
}

/// The payments that a page looks at, and where the next begins. Of those that are open there is a list of its own.
async fn looked_at(
    app: &App,
    tenant: &TenantKey,
    wanted: Option<FailedStanding>,
    behind: Option<&str>,
    limit: usize,
) -> Result<(Vec<FailedPayment>, Option<String>), Problem> {
    if wanted != Some(FailedStanding::Open) {
        let page = app.store.list_failed_payments(tenant, behind, limit).await?;
        return Ok((page.items.into_iter().map(|kept| kept.told).collect(), page.next));
    }
    let page = app.store.list_open_payments(tenant, behind, limit).await?;
    let mut open = Vec::new();
    for payment in &page.items {
        open.extend(app.store.get_failed_payment(tenant, payment).await?.map(|kept| kept.told));
    }
    Ok((open, page.next))
}
