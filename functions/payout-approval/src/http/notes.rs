//! Notes of the desk beside a payout.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Deed, Told};
use domain::id::PayoutNoteId;
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Checked, Query, Segments};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::Written;
use store::payout_notes::PayoutNote;
use utoipa::{IntoParams, ToSchema};

use super::shapes::plain;
use super::{DESK, Here, Id, actor, payout_of};

const TEXT_CHARS_MAX: usize = 1_000;
/// The columns of the list as CSV.
const COLUMNS: [&str; 5] = ["id", "payout_id", "text", "noted_by", "created_at"];

/// A note to keep.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayoutNoteBody {
    /// What to remember of the payout. Put no personal data here: it stays until the payee is erased.
    #[garde(length(chars, min = 1, max = TEXT_CHARS_MAX), custom(plain))]
    #[schema(example = "Asked the bank for the trace on Monday.")]
    text: String,
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PayoutNoteView {
    /// Its id.
    id: String,
    /// Beside which payout.
    payout_id: String,
    /// What was noted; empty once the payee was erased.
    text: String,
    /// By whom.
    noted_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<PayoutNote> for PayoutNoteView {
    fn from(note: PayoutNote) -> Self {
        let PayoutNote { id, payout, by, at, text } = note;
        Self { id: id.to_string(), payout_id: payout.to_string(), text, noted_by: by, created_at: at }
    }
}

/// Which page of the notes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NotesQuery {
    /// How many, 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// Note something beside a payout.
///
/// For the desk: the partner does not see it, and nothing of the payout changes by it. A note is not changed or taken away.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/notes", tag = "payouts", request_body = PayoutNoteBody,
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it is one note."),
    ),
    responses((status = 201, description = "The note.", body = PayoutNoteView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    minting: Minting,
    Checked(body): Checked<PayoutNoteBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin, Role::FinanceManager, Role::Support])?;
    let payout = payout_of(&app, &caller, &id).await?.payout.id;
    let (tenant, by, at) = (caller.tenant_key(), actor(&caller, origin), minting.at());
    let note = PayoutNote {
        id: PayoutNoteId::from_ulid(minting.ulid("payout note")),
        payout,
        by: by.id.clone(),
        at,
        text: body.text,
    };
    // The audit tells that there is a note, and not what people write.
    let new = BTreeMap::from([("note".to_owned(), note.id.to_string())]);
    let deed = Deed { at, actor: by, action: "payout_note.added", old: BTreeMap::new(), new };
    let told = Told { aggregate: format!("payout_note#{}", note.payout), deed };
    // Kept already: by this very request, whose answer was lost.
    let _: Written = app.store.telling(&tenant, told).create_payout_note(&tenant, &note).await?;
    tracing::info!(payout.id = %note.payout, note.id = %note.id, "note kept beside a payout");
    Ok((StatusCode::CREATED, Json(PayoutNoteView::from(note))).into_response())
}

/// The notes beside a payout, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/{id}/notes", tag = "payouts",
    params(("id" = String, Path, description = "The payout's id."), NotesQuery),
    responses((status = 200, description = "A page of notes; CSV for `Accept: text/csv`.", body = Listed<PayoutNoteView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    Segments(id): Id,
    accepted: Format,
    Query(query): Query<NotesQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let payout = payout_of(&app, &caller, &id).await?.payout.id;
    let before = query.cursor.as_deref().map(PayoutNoteId::parse).transpose();
    let before = before.map_err(|_| Problem::bad_parameter("cursor", "not a cursor of this list"))?;
    let limit = limit(query.limit)?;
    let page = app.store.list_payout_notes(&caller.tenant_key(), &payout, before.as_ref(), limit).await?;
    let data = page.items.into_iter().map(PayoutNoteView::from).collect();
    let found = Listed { data, next_cursor: page.next };
    csv::answer(query.format.unwrap_or(accepted), "payout-notes", &COLUMNS, found)
}
