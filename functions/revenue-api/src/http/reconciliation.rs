//! What providers list, held against the ledger: the records of each comparing.

use axum::extract::State;
use axum::response::Response;
use domain::money::AmountText;
use domain::reconciliation::{Amounts, Compared};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::openapi::Refusals;
use edge::page::{Listed, limit};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::reconciliations::Reconciliation;
use utoipa::{IntoParams, ToSchema};

use super::page::{after, listed};
use super::{DESK, Here};

const COLUMNS: [&str; 9] =
    ["provider", "at", "since", "status", "looked_at", "sent_in", "not_taken", "matched", "unmatched"];

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReconciliationQuery {
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// One comparing of a provider with the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReconciliationView {
    /// `stripe` or `lemon_squeezy`.
    #[schema(example = "stripe")]
    provider: &'static str,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What happened from then on was looked at.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// `matched` or `exceptions`.
    status: &'static str,
    /// How many events or objects the provider has shown.
    looked_at: u64,
    /// How many of them were not known here, and were sent in.
    sent_in: u64,
    /// How many of those were refused.
    not_taken: u64,
    /// How many payments match to the cent.
    matched: u64,
    /// How many do not: as they were before what was missing was sent in.
    unmatched: u64,
    /// The first of those.
    exceptions: Vec<ExceptionView>,
}

/// A payment that does not match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExceptionView {
    /// Its natural key.
    #[schema(example = "stripe:in_1SYDrjPYoEwpCviGUG3hRnO9oQ")]
    payment: String,
    /// `missing_in_ledger`, `amount_mismatch` or `currency_mismatch`.
    bucket: &'static str,
    /// What the provider says.
    provider: SideView,
    /// What the ledger has; null where it has nothing.
    ledger: Option<SideView>,
}

/// A payment as one side has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SideView {
    /// What came in.
    #[schema(value_type = String, example = "99.00")]
    amount: AmountText,
    /// What of it went back; null where that side does not say.
    #[schema(value_type = Option<String>)]
    refunded: Option<AmountText>,
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: &'static str,
}

impl From<&Amounts> for SideView {
    fn from(side: &Amounts) -> Self {
        let (amount, refunded) = (side.paid.into(), side.refunded.map(AmountText::from));
        Self { amount, refunded, currency: side.paid.currency().code() }
    }
}

impl From<&Compared> for ExceptionView {
    fn from(compared: &Compared) -> Self {
        Self {
            payment: compared.payment.to_string(),
            bucket: compared.bucket.word(),
            provider: SideView::from(&compared.provider),
            ledger: compared.ledger.as_ref().map(SideView::from),
        }
    }
}

impl From<&Reconciliation> for ReconciliationView {
    fn from(record: &Reconciliation) -> Self {
        Self {
            provider: record.provider.word(),
            at: record.at,
            since: record.since,
            status: if record.unmatched == 0 { "matched" } else { "exceptions" },
            looked_at: record.looked_at,
            sent_in: record.sent_in,
            not_taken: record.not_taken,
            matched: record.matched,
            unmatched: record.unmatched,
            exceptions: record.exceptions.iter().map(ExceptionView::from).collect(),
        }
    }
}

/// What providers list, held against the ledger, the newest comparing first.
///
/// `tributary backfill` compares, and sends in what no webhook told.
#[utoipa::path(
    get, path = "/v1/revenue/reconciliation", tag = "reconciliation", params(ReconciliationQuery),
    responses((status = 200, description = "A page of comparings; CSV for `Accept: text/csv`.", body = Listed<ReconciliationView>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<ReconciliationQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let before = after(query.cursor.as_deref(), place)?;
    let page = app.store.list_reconciliations(&caller.tenant_key(), before.as_deref(), limit(query.limit)?).await?;
    let data = page.items.iter().map(ReconciliationView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "reconciliation", &COLUMNS, listed(data, page.next))
}

/// The place of a record, as the store has it: anything else begins nowhere.
fn place(name: &str) -> Option<String> {
    let (at, provider) = name.split_once('#')?;
    (at.parse::<Timestamp>().is_ok() && !provider.is_empty()).then(|| name.to_owned())
}
