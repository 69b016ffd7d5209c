//! The papers of a payout: its receipt and its audit trail.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::audit::row::{AuditRow, COLUMNS};
use domain::audit::check_chain;
use domain::id::ReportId;
use domain::payout::PayoutState;
use edge::auth::Caller;
use edge::body::Segments;
use edge::csv::{self, Format};
use edge::openapi::Refusals;
use edge::page::Listed;
use edge::problem::Problem;
use edge::telemetry::chain;

use super::shapes::{AuditView, ReceiptView};
use super::{DESK, DESK_AND_PARTNER, Here, Id, payout_of};
use crate::files::LINK_SECONDS;

/// The kind of document that a receipt is, as event-relay asks for it.
const PAYOUT_RECEIPT: &str = "payout_receipt";

/// A link to the receipt of a paid payout.
///
/// The link expires; ask again for another.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/{id}/receipt", tag = "payouts",
    params(("id" = String, Path, description = "The payout's id.")),
    responses((status = 200, description = "A link to the PDF.", body = ReceiptView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn receipt(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Json<ReceiptView>, Problem> {
    caller.require(DESK_AND_PARTNER)?;
    let payout = payout_of(&app, &caller, &id).await?.payout;
    if !matches!(payout.state, PayoutState::Paid { .. }) {
        let word = payout.state.word();
        let detail = format!("no receipt: the payout is {word}; there is one once its payment is confirmed");
        return Err(Problem::not_found(detail).kind("no-receipt"));
    }
    let report = ReportId::of(&caller.tenant, PAYOUT_RECEIPT, payout.id.as_str());
    let Some(report) = app.store.get_report(&caller.tenant_key(), &report).await? else {
        let detail = "the receipt is being made; ask again in a moment";
        return Err(Problem::not_found(detail).kind("receipt-in-progress").retry_after(2));
    };
    let url = app.files.link(&report.file_key).await.map_err(|error| {
        tracing::error!(reason = chain(&error), payout.id = %payout.id, "receipt's link could not be signed");
        Problem::internal()
    })?;
    Ok(Json(ReceiptView {
        url,
        expires_in_s: LINK_SECONDS,
        sha256: report.sha256.to_hex(),
        bytes: report.bytes,
        made_at: report.made_at,
    }))
}

/// Who did what to this payout, oldest first.
///
/// As a table it has the columns of `GET /v1/audit`: whether every hash fits is told in JSON alone.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/{id}/audit", tag = "payouts",
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("format" = Option<Format>, Query, description = "`csv` for a table."),
    ),
    responses((status = 200, description = "The whole trail; CSV for `Accept: text/csv`.", body = AuditView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn audit(
    State(app): Here,
    caller: Caller,
    format: Format,
    Segments(id): Id,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let stored = payout_of(&app, &caller, &id).await?;
    let id = stored.payout.id.as_str();
    let data = app.store.list_audit(&caller.tenant_key(), id).await?;
    // The payout keeps the end of its chain: an entry cut off at the end is found too.
    let intact = check_chain(id, &data) == Ok(stored.chain);
    if !intact {
        tracing::error!(payout.id = id, "audit trail is not intact");
    }
    if format == Format::Csv {
        let data: Vec<AuditRow> = data.iter().map(AuditRow::from).collect();
        return csv::answer(format, "payout-audit", &COLUMNS, Listed { data, next_cursor: None });
    }
    Ok(Json(AuditView { data, intact, next_cursor: None }).into_response())
}
