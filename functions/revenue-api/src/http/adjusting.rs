//! What corrections, write-offs and exchanges share: their one shape, their lists, and what a refusal is called.

mod doors;

use axum::Json;
use axum::response::{IntoResponse, Response};
use cases::desk::adjustments::{self, Asked, Moved, Wish};
use domain::adjustment::{AdjustmentState, Change, Refused};
use domain::digest::Digest;
use domain::id::{AdjustmentId, PartnerId};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::page::limit;
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use store::adjustments::StoredAdjustment;
use utoipa::ToSchema;

use super::page::{PageQuery, after, listed};
use super::{DESK, MONEY, plain, writing_desk, wrong};
use crate::App;

pub(super) use doors::doors;

const REASON_CHARS_MAX: usize = 1_000;
const COLUMNS: [&str; 19] = [
    "id",
    "kind",
    "partner_id",
    "amount",
    "currency",
    "into_amount",
    "into_currency",
    "rate",
    "rate_source",
    "rate_at",
    "payout_id",
    "state",
    "reason",
    "requested_by",
    "requested_at",
    "approved_by",
    "rejected_by",
    "rejection_reason",
    "updated_at",
];

/// A change of an account by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdjustmentView {
    /// Its id.
    id: String,
    /// `correction`, `write_off`, `exchange` or `release`.
    #[schema(example = "correction")]
    kind: &'static str,
    /// Whose account.
    partner_id: String,
    /// What is added to the balance; of a write-off the debt, of an exchange what leaves.
    #[schema(example = "-25.00")]
    amount: String,
    /// ISO currency.
    #[schema(example = "USD")]
    currency: String,
    /// Of an exchange: what comes.
    into_amount: Option<String>,
    /// Of an exchange: in which currency.
    into_currency: Option<String>,
    /// Of an exchange: the stored rate.
    rate: Option<String>,
    /// Of an exchange: who told the rate.
    rate_source: Option<String>,
    /// Of an exchange: for when it was told.
    #[schema(value_type = Option<String>, format = DateTime)]
    rate_at: Option<Timestamp>,
    /// Of a release: the payout that came back.
    payout_id: Option<String>,
    /// `pending` until a second person has said yes; `booked` or `rejected`.
    #[schema(example = "pending")]
    state: &'static str,
    /// What an approval binds to: send it with the approval.
    seal: String,
    /// Why.
    reason: String,
    /// Who asked.
    requested_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// The second person; null while it waits, and where none was needed.
    approved_by: Option<String>,
    /// Who said no.
    rejected_by: Option<String>,
    /// Why.
    rejection_reason: Option<String>,
    /// When it last moved.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<&StoredAdjustment> for AdjustmentView {
    fn from(stored: &StoredAdjustment) -> Self {
        let adjustment = &stored.adjustment;
        let exchange = match &adjustment.change {
            Change::Exchange { into, rate, .. } => Some((into, rate)),
            Change::Correction { .. } | Change::WriteOff { .. } | Change::Release { .. } => None,
        };
        let payout = match &adjustment.change {
            Change::Release { payout, .. } => Some(payout),
            Change::Correction { .. } | Change::WriteOff { .. } | Change::Exchange { .. } => None,
        };
        let (approved_by, rejected_by, rejection_reason) = match adjustment.state.clone() {
            AdjustmentState::Pending => (None, None, None),
            AdjustmentState::Booked { approved_by } => (approved_by, None, None),
            AdjustmentState::Rejected { by, reason } => (None, Some(by), Some(reason)),
        };
        let amount = adjustment.change.amount();
        Self {
            id: adjustment.id.to_string(),
            kind: adjustment.change.word(),
            partner_id: adjustment.partner.to_string(),
            amount: amount.to_text(),
            currency: amount.currency().to_string(),
            into_amount: exchange.map(|(into, _)| into.to_text()),
            into_currency: exchange.map(|(into, _)| into.currency().to_string()),
            rate: exchange.map(|(_, rate)| rate.rate.to_string()),
            rate_source: exchange.map(|(_, rate)| rate.source.clone()),
            rate_at: exchange.map(|(_, rate)| rate.at),
            payout_id: payout.map(ToString::to_string),
            state: adjustment.state.word(),
            seal: adjustment.seal().to_hex(),
            reason: adjustment.reason.clone(),
            requested_by: adjustment.requested_by.id.clone(),
            requested_at: adjustment.requested_at,
            approved_by,
            rejected_by,
            rejection_reason,
            updated_at: adjustment.moved_at,
        }
    }
}

/// A yes to what was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdjustmentApproval)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealBody {
    /// The `seal` of what you saw; what differs from it is not approved.
    seal: String,
}

impl SealBody {
    /// The seal.
    ///
    /// # Errors
    /// 400 when it is none.
    pub(super) fn seal(&self) -> Result<Digest, Problem> {
        Digest::parse_hex(&self.seal).ok_or_else(|| Problem::bad_request("/seal", "not a seal: 64 hex digits"))
    }
}

/// A reason that must be given.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonBody {
    /// Why.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    pub(crate) reason: String,
}

/// What is asked for: of whom, what, and why.
pub(super) struct Request {
    /// Whose balance, as the body names them.
    pub(super) partner_id: String,
    /// What.
    pub(super) wish: Wish,
    /// Why.
    pub(super) reason: String,
}

/// Somebody asks for an adjustment: 201 with its place below `path`.
pub(super) async fn ask(
    app: &App,
    caller: &Caller,
    (origin, minting): (Origin, Minting),
    path: &str,
    request: Request,
) -> Result<Response, Problem> {
    caller.require(MONEY)?;
    let partner = PartnerId::parse(&request.partner_id);
    let partner = partner.map_err(|error| Problem::bad_request("/partner_id", error.to_string()))?;
    let id = AdjustmentId::from_ulid(minting.ulid("adjustment"));
    let tenant = caller.tenant_key();
    let desk = writing_desk(app, &tenant, caller, (origin, minting)).await?;
    let asked = Asked { id, partner, wish: request.wish, reason: request.reason };
    let view = moved(adjustments::ask(&desk, &asked).await.map_err(wrong)?)?;
    let location = format!("{path}/{}", asked.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view)).into_response())
}

/// Somebody else says yes to one of a kind, to the seal that they saw.
pub(super) async fn approve(
    app: &App,
    caller: &Caller,
    by: (Origin, Minting),
    (kind, id): (&str, &str),
    body: &SealBody,
) -> Result<Json<AdjustmentView>, Problem> {
    caller.require(MONEY)?;
    let (id, tenant) = (named(id)?, caller.tenant_key());
    let desk = writing_desk(app, &tenant, caller, by).await?;
    moved(adjustments::approve(&desk, kind, &id, body.seal()?).await.map_err(wrong)?).map(Json)
}

/// Somebody says no to one of a kind; who asked takes it back in the same way.
pub(super) async fn reject(
    app: &App,
    caller: &Caller,
    by: (Origin, Minting),
    (kind, id): (&str, &str),
    body: &ReasonBody,
) -> Result<Json<AdjustmentView>, Problem> {
    caller.require(MONEY)?;
    let (id, tenant) = (named(id)?, caller.tenant_key());
    let desk = writing_desk(app, &tenant, caller, by).await?;
    moved(adjustments::reject(&desk, kind, &id, &body.reason).await.map_err(wrong)?).map(Json)
}

/// A page of the adjustments of a kind.
pub(super) async fn page(
    app: &App,
    caller: &Caller,
    kind: &str,
    query: &PageQuery,
    accepted: Format,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let before = after(query.cursor.as_deref(), |id| AdjustmentId::parse(id).ok())?;
    let limit = limit(query.limit)?;
    let found = app.store.list_adjustments(&caller.tenant_key(), kind, before.as_ref(), limit).await?;
    let rows: Vec<AdjustmentView> = found.items.iter().map(AdjustmentView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "adjustments", &COLUMNS, listed(rows, found.next))
}

/// One adjustment of a kind.
pub(super) async fn one(app: &App, caller: &Caller, kind: &str, id: &str) -> Result<AdjustmentView, Problem> {
    caller.require(DESK)?;
    let id = named(id)?;
    let found = app.store.get_adjustment(&caller.tenant_key(), kind, &id).await?;
    found.as_ref().map(AdjustmentView::from).ok_or_else(no_such)
}

/// The id that a path names.
fn named(id: &str) -> Result<AdjustmentId, Problem> {
    AdjustmentId::parse(id).map_err(|_| no_such())
}

fn no_such() -> Problem {
    Problem::not_found("no such adjustment")
}

/// What became of a step, as an answer.
fn moved(moved: Moved) -> Result<AdjustmentView, Problem> {
    let currency_of = |money: domain::money::Money| format!("{money:?}");
    match moved {
        Moved::Done(stored) => {
            let adjustment = &stored.adjustment;
            tracing::info!(adjustment.id = %adjustment.id, partner.id = %adjustment.partner, adjustment.state = adjustment.state.word(), "adjustment moved");
            Ok(AdjustmentView::from(&*stored))
        }
        Moved::NotFound => Err(no_such()),
        Moved::NoPartner => Err(Problem::not_found("no such partner")),
        Moved::Refused(refused) => Err(refusal(&refused)),
        Moved::NothingOwed { available } => {
            let detail = format!("the account owes nothing: {} is available", currency_of(available));
            Err(Problem::unprocessable(detail).kind("nothing-owed"))
        }
        Moved::BalanceDiffers { available } => {
            let detail = format!("{} is available now: it does not fit what was asked for", currency_of(available));
            Err(Problem::conflict(detail).kind("balance-differs"))
        }
        Moved::NoRate => {
            let detail = "no rate of exchange is stored for this pair; store one with POST /v1/revenue/fx-rates";
            Err(Problem::unprocessable(detail).kind("no-rate"))
        }
        Moved::NothingHeld { why } => Err(Problem::conflict(why).kind("nothing-held")),
        Moved::TooSmall => Err(Problem::unprocessable("the amount comes to nothing in the other currency")),
    }
}

/// 403 where another person could, 409 where nobody can now.
fn refusal(refused: &Refused) -> Problem {
    let detail = refused.to_string();
    match refused {
        Refused::RoleMayNot { .. } => Problem::forbidden(detail),
        Refused::SamePerson => Problem::forbidden(detail).kind("second-person-needed"),
        Refused::SealDiffers => Problem::conflict(detail).kind("seal-differs"),
        Refused::WrongState { .. } => Problem::conflict(detail).kind("wrong-state"),
    }
}
