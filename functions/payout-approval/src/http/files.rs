//! Files of payouts for banks: made, listed, downloaded, voided.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{ChainEnd, Deed, append};
use domain::currency::Currency;
use domain::id::{PayoutFileId, PayoutId};
use domain::payee::Rail;
use domain::payout::PayoutState;
use domain::payout::file::{FileState, NotInFile, NotVoided, PAYOUTS_MAX, PayoutFile};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::{Approver, Caller};
use edge::body::{Body, Checked, Query, Segments};
use edge::clock::Stopwatch;
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{AsItStands, Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use store::payout_files::StoredFile;
use store::{TenantKey, Written};
use utoipa::{IntoParams, ToSchema};

use super::{DESK, Here, Id, actor};
use crate::App;
use crate::export::{Belonging, Export, Wanted, keep_rows, open, taking_out, told};

/// How long one request hands payouts over: well within the function's time of ten seconds.
const MAKING_MS_MAX: u64 = 6_000;
const RETRY_AFTER_S: u32 = 1;
const REASON_CHARS_MAX: usize = 1_000;
const TRIES_MAX: usize = 4;
pub(super) const HEADER_SHA256: &str = "x-content-sha256";

/// Which file is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportBody {
    /// Of which rail: `ach`, `paypal`, `wise`, `csv` or `check`.
    #[schema(value_type = String, example = "ach")]
    rail: Rail,
    /// In which currency.
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Only these payouts, up to 200; left out: all that are approved and go by this rail in this currency.
    #[serde(default)]
    payout_ids: Vec<String>,
}

/// Which page of the files.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FilesQuery {
    /// How many, 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// The columns of the list as CSV: of the payments of a file, how many and how much.
const COLUMNS: [&str; 16] = [
    "id",
    "rail",
    "currency",
    "state",
    "name",
    "payment_count",
    "total_amount",
    "sha256",
    "effective_date",
    "more",
    "requested_by",
    "created_at",
    "downloaded_at",
    "downloaded_by",
    "voided_by",
    "void_reason",
];

/// Why a file is voided.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidBody {
    /// How it is known that it was not uploaded, and will not be.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX))]
    reason: String,
    /// Of a file that was downloaded: `true` says that this is known, and that no bank has it.
    #[serde(default)]
    #[garde(skip)]
    was_downloaded: bool,
}

/// A payout that is not in a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotInFileView {
    /// Which.
    payout_id: String,
    /// Why.
    reason: String,
}

impl From<&NotInFile> for NotInFileView {
    fn from(one: &NotInFile) -> Self {
        Self { payout_id: one.payout.to_string(), reason: one.why.clone() }
    }
}

/// A payment of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FileRowView {
    /// Which payout.
    payout_id: String,
    /// What leaves.
    #[schema(example = "190.38")]
    amount: String,
    /// What the rail knows it by: a trace number, a short name, a check number.
    #[schema(example = "121042880000001")]
    reference: String,
}

/// An account that a file tries, without money.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PrenoteView {
    /// Whose.
    partner_id: String,
    /// By which payout method.
    method_id: String,
    /// The trace number, once the file is made.
    #[schema(example = "121042880000002")]
    reference: Option<String>,
}

/// A file of payouts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PayoutFileView {
    /// Its id.
    id: String,
    /// Of which rail.
    #[schema(example = "ach")]
    rail: &'static str,
    /// In which currency.
    #[schema(example = "USD")]
    currency: String,
    /// `making`, `ready` or `voided`.
    #[schema(example = "ready")]
    state: &'static str,
    /// What to save it as; null until it is made.
    #[schema(example = "ach-261124-A.ach")]
    name: Option<String>,
    /// How many payments; null until it is made.
    payment_count: Option<u64>,
    /// What they add up to; null until it is made.
    #[schema(example = "1250.50")]
    total_amount: Option<String>,
    /// SHA-256 of its bytes: to be held against the file that is uploaded.
    sha256: Option<String>,
    /// When the money should move, where the file says so.
    #[schema(value_type = Option<String>, format = Date)]
    effective_date: Option<String>,
    /// Its payments, in order.
    rows: Vec<FileRowView>,
    /// The accounts that it tries before money goes there.
    prenotes: Vec<PrenoteView>,
    /// What was asked for and is not in it.
    left_out: Vec<NotInFileView>,
    /// Are there payouts left that another file must take?
    more: bool,
    /// Who asked for it.
    requested_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was first downloaded: from then on a bank may have it.
    #[schema(value_type = Option<String>, format = DateTime)]
    downloaded_at: Option<Timestamp>,
    /// By whom.
    downloaded_by: Option<String>,
    /// Who voided it.
    voided_by: Option<String>,
    /// Why.
    void_reason: Option<String>,
    /// Of a voided file: payouts that had gone on, and stay as they are.
    stayed: Vec<NotInFileView>,
}

impl From<&PayoutFile> for PayoutFileView {
    fn from(file: &PayoutFile) -> Self {
        let made = match &file.state {
            FileState::Ready(made) => Some(made),
            FileState::Making | FileState::Voided { .. } => None,
        };
        let voided = match &file.state {
            FileState::Voided { by, reason, .. } => Some((by.clone(), reason.clone())),
            FileState::Making | FileState::Ready(_) => None,
        };
        let row = |row: &domain::payout::file::FileRow| FileRowView {
            payout_id: row.payout.to_string(),
            amount: row.amount.to_text(),
            reference: row.reference.clone(),
        };
        let prenote = |trial: &domain::payout::file::FileTrial| PrenoteView {
            partner_id: trial.partner.to_string(),
            method_id: trial.method.to_string(),
            reference: trial.reference.clone(),
        };
        let (voided_by, void_reason) = voided.unzip();
        Self {
            id: file.id.to_string(),
            rail: file.rail.word(),
            currency: file.currency.to_string(),
            state: file.state.word(),
            name: made.map(|made| made.name.clone()),
            payment_count: made.map(|made| made.count),
            total_amount: made.map(|made| made.sum.to_text()),
            sha256: made.map(|made| made.sha256.to_hex()),
            effective_date: made.and_then(|made| made.effective.clone()),
            rows: file.rows.iter().map(row).collect(),
            prenotes: file.trials.iter().map(prenote).collect(),
            left_out: file.left_out.iter().map(NotInFileView::from).collect(),
            more: file.more,
            requested_by: file.by.clone(),
            created_at: file.at,
            downloaded_at: file.downloaded.as_ref().map(|downloaded| downloaded.at),
            downloaded_by: file.downloaded.as_ref().map(|downloaded| downloaded.by.clone()),
            voided_by,
            void_reason,
            stayed: Vec::new(),
        }
    }
}

/// Make a file of approved payouts for a bank.
///
/// Each payout in it becomes `submitted`, none becomes paid: that takes a confirmed reference. A payout is in one file, and
/// in another only after an admin voided the first. Sent again with the same key it answers the same file.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/export", tag = "payouts", request_body = ExportBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it is one file.")),
    responses(
        (status = 201, description = "The file with its control totals.", body = PayoutFileView),
        (status = 202, description = "Very many payouts: send the same request again after `Retry-After` seconds.", body = PayoutFileView),
        Refusals,
        WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(super) async fn export(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Body(body): Body<ExportBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::FinanceManager])?;
    if !matches!(body.rail, Rail::Ach | Rail::Paypal | Rail::Wise | Rail::Csv | Rail::Check) {
        return Err(Problem::impossible("/rail", "one of ach, paypal, wise, csv, check: others have no file"));
    }
    if body.payout_ids.len() > PAYOUTS_MAX {
        return Err(Problem::bad_request("/payout_ids", format!("at most {PAYOUTS_MAX}")));
    }
    let mut payouts = BTreeSet::new();
    for (at, id) in body.payout_ids.iter().enumerate() {
        let read = PayoutId::parse(id);
        payouts.insert(read.map_err(|error| Problem::bad_request(format!("/payout_ids/{at}"), error.to_string()))?);
    }
    let id = PayoutFileId::from_ulid(minting.ulid("payout file"));
    let by = actor(&caller, origin);
    let wanted = Wanted { id, rail: body.rail, currency: body.currency, payouts, by };
    let watch = Stopwatch::start();
    let is_over = || watch.elapsed_ms() >= MAKING_MS_MAX;
    let tenant = caller.tenant_key();
    let making = Export { app: &app, tenant: &tenant, at: app.clock.now(), is_over: &is_over };
    let file = making.make(&wanted).await?;
    let (view, location) = (PayoutFileView::from(&file), format!("/v1/revenue/payouts/files/{}", file.id));
    match file.state {
        FileState::Making => {
            let again = [(RETRY_AFTER, RETRY_AFTER_S.to_string())];
            Ok((StatusCode::ACCEPTED, again, Json(view)).into_response())
        }
        FileState::Ready(_) | FileState::Voided { .. } => {
            Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view)).into_response())
        }
    }
}

/// Files of payouts, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/files", tag = "payouts", params(FilesQuery),
    responses((status = 200, description = "A page of files; CSV for `Accept: text/csv`.", body = Listed<PayoutFileView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<FilesQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let before = query.cursor.as_deref().map(PayoutFileId::parse).transpose();
    let before = before.map_err(|_| Problem::bad_parameter("cursor", "not a cursor of this list"))?;
    let page = app.store.list_payout_files(&caller.tenant_key(), before.as_ref(), limit(query.limit)?).await?;
    let data: Vec<PayoutFileView> = page.items.iter().map(PayoutFileView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "payout-files", &COLUMNS, Listed { data, next_cursor: page.next })
}

/// One file of payouts, without what it holds.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/files/{id}", tag = "payouts",
    params(("id" = String, Path, description = "The file's id.")),
    responses((status = 200, description = "The file.", body = PayoutFileView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn show(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Json<PayoutFileView>, Problem> {
    caller.require(DESK)?;
    Ok(Json(PayoutFileView::from(&stored(&app, &caller, &id).await?.file)))
}

/// What a file of payouts holds, byte for byte.
///
/// It holds bank details: each download is told in the audit trail, and the file says of the first. A file is not given out that holds a payout whose money
/// went back meanwhile: an admin voids it, and another is made.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/files/{id}/content", tag = "payouts",
    params(("id" = String, Path, description = "The file's id.")),
    responses((status = 200, description = "The file; `X-Content-SHA256` is the hash of its bytes.", body = String, content_type = "text/plain"), Refusals, AsItStands),
    security(("bearer" = []))
)]
pub(super) async fn content(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
) -> Result<Response, Problem> {
    caller.require(&[Role::FinanceManager])?;
    let (tenant, by, at) = (caller.tenant_key(), actor(&caller, origin), app.clock.now());
    for _ in 0..TRIES_MAX {
        let before = stored(&app, &caller, &id).await?;
        let file = &before.file;
        let FileState::Ready(made) = &file.state else {
            let detail = format!("the file is {}: there is nothing to upload", file.state.word());
            return Err(Problem::conflict(detail).kind("file-not-ready"));
        };
        still_stands(&app, &tenant, file).await?;
        if file.downloaded.is_none() {
            keep_rows(&app, &tenant, file).await?;
        }
        let sealed = app.store.get_payout_file_content(&tenant, &file.id).await?.ok_or_else(Problem::internal)?;
        let plain = open(&app, &Belonging::of_file(&tenant, &file.id), &sealed).await?;
        // PAY-8: the file says that it was given out before a byte leaves, and only as it was when it was looked at: of a
        // void and a download at once the later sees the earlier.
        let after = file.clone().downloaded(&by, at);
        let entry = told(&app, &tenant, &after, (&by, at), "payout_file.downloaded").await?;
        let written = app.store.replace_payout_file(&tenant, before.version, &after, None, &entry).await?;
        if written == Written::ConditionFailed {
            continue;
        }
        tracing::info!(file.id = %file.id, by = %caller.subject, "file of payouts downloaded");
        let headers = [
            (CONTENT_TYPE, made.media_type.clone()),
            (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", made.name)),
            (CACHE_CONTROL, "no-store".to_owned()),
            (http::HeaderName::from_static(HEADER_SHA256), made.sha256.to_hex()),
        ];
        return Ok((headers, plain.reveal().clone()).into_response());
    }
    Err(Problem::unavailable("others change this file at the moment; try again"))
}

/// PAY-8: a payout whose money went back would be paid beside the file that holds it.
async fn still_stands(app: &App, tenant: &TenantKey, file: &PayoutFile) -> Result<(), Problem> {
    for row in &file.rows {
        let payout = app.store.get_payout(tenant, &row.payout).await?.map(|stored| stored.payout);
        let stands = payout.is_some_and(|payout| {
            payout.is_sent_by(&file.id)
                || matches!(payout.state, PayoutState::Paid { .. } | PayoutState::Returned { .. })
        });
        if !stands {
            let detail = format!("{} is not on its way by this file any more: void the file", row.payout);
            return Err(Problem::conflict(detail).kind("file-outdated"));
        }
    }
    Ok(())
}

/// Say that a file was not uploaded, and will not be.
///
/// Its payouts are approved as before, and may be in another file; those that were confirmed or failed meanwhile stay as they
/// are. An admin says so who did not ask for the file; of a file that was downloaded, with `"was_downloaded": true`.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/files/{id}/void", tag = "payouts", request_body = VoidBody,
    params(
        ("id" = String, Path, description = "The file's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The file.", body = PayoutFileView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn void(
    State(app): Here,
    Approver(caller): Approver,
    origin: Origin,
    Segments(id): Id,
    Checked(body): Checked<VoidBody>,
) -> Result<Json<PayoutFileView>, Problem> {
    caller.require(&[Role::Admin])?;
    let (tenant, by, at) = (caller.tenant_key(), actor(&caller, origin), app.clock.now());
    for _ in 0..TRIES_MAX {
        let before = stored(&app, &caller, &id).await?;
        let after = before
            .file
            .clone()
            .void(&by, (&body.reason, body.was_downloaded), at)
            .map_err(|refused| not_voided(&refused))?;
        if after != before.file {
            let entry = told(&app, &tenant, &after, (&by, at), "payout_file.voided").await?;
            let written = app.store.replace_payout_file(&tenant, before.version, &after, None, &entry).await?;
            if written == Written::ConditionFailed {
                continue;
            }
        }
        // Voided first: nobody can have it any more when its payouts may be in another.
        let stayed = taking_out::all(&app, &tenant, &after, (&by, at)).await?;
        tracing::info!(file.id = %after.id, stayed = stayed.len(), "file of payouts voided");
        let stayed = stayed.iter().map(NotInFileView::from).collect();
        return Ok(Json(PayoutFileView { stayed, ..PayoutFileView::from(&after) }));
    }
    Err(Problem::unavailable("others change this file at the moment; try again"))
}

fn not_voided(refused: &NotVoided) -> Problem {
    match refused {
        NotVoided::RoleMayNot { .. } => Problem::forbidden(refused.to_string()),
        NotVoided::SamePerson => Problem::forbidden(refused.to_string()).kind("second-person-needed"),
        NotVoided::Downloaded { .. } => Problem::conflict(refused.to_string()).kind("file-downloaded"),
    }
}

async fn stored(app: &App, caller: &Caller, id: &str) -> Result<StoredFile, Problem> {
    let missing = || Problem::not_found("no such file of payouts");
    let id = PayoutFileId::parse(id).map_err(|_| missing())?;
    app.store.get_payout_file(&caller.tenant_key(), &id).await?.ok_or_else(missing)
}

/// Tells the trail of a thing what was read of it. What cannot be told is not shown.
pub(super) async fn note(app: &App, caller: &Caller, aggregate: &str, deed: Deed) -> Result<(), Problem> {
    let tenant = caller.tenant_key();
    for _ in 0..TRIES_MAX {
        let end = app.store.get_last_told(&tenant, aggregate).await?.map_or(ChainEnd::START, |entry| entry.end());
        if app.store.record_told(&tenant, &append(end, aggregate, deed.clone())).await? {
            return Ok(());
        }
    }
    Err(Problem::unavailable("others read this at the moment; try again"))
}
