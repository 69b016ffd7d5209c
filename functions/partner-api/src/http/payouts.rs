//! The partner's payouts, as the partner sees them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::currency::Currency;
use domain::id::PayoutId;
use domain::line::Account;
use domain::payout::{Payout, PayoutState, payment_reference};
use domain::time::{BusinessDay, Timestamp};
use edge::auth::Caller;
use edge::body::{Query, Segments};
use edge::csv::Format;
use edge::openapi::{Clashes, Refusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{self, Listed};
use super::who;
use crate::App;

const OFFSET_MAX: u32 = 10_000;

/// The partner's word for where a payout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Waits for approval.
    Pending,
    /// Approved, to be sent.
    Ready,
    /// On its way.
    Processing,
    /// Arrived.
    Completed,
    /// Did not arrive; the money is back.
    Failed,
    /// Rejected or taken back; the money is back.
    Cancelled,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// For staff: which partner. A partner sees its own.
    partner_id: Option<String>,
    /// Only those of this status.
    #[param(inline)]
    status: Option<Status>,
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// How many to leave out first, up to 10,000, of the rows as they are now: what comes in between two pages moves them. A
    /// cursor is cheaper, and nothing moves it.
    offset: Option<u32>,
    /// Only those in this currency.
    #[param(example = "USD")]
    currency: Option<String>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    #[param(inline)]
    format: Option<Format>,
}

/// The fields of a payout in CSV.
const COLUMNS: [&str; 18] = [
    "id",
    "partner_id",
    "total_amount",
    "currency",
    "commission_count",
    "payment_reference",
    "payment_method",
    "status",
    "state",
    "payout_date",
    "completed_at",
    "period_start",
    "period_end",
    "notes",
    "failure_reason",
    "external_payout_id",
    "created_at",
    "updated_at",
];

/// A payout.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayoutBody {
    id: String,
    partner_id: String,
    #[schema(example = "250.50")]
    total_amount: String,
    #[schema(example = "USD")]
    currency: String,
    /// How many commissions it covers, those that take back among them.
    commission_count: u64,
    #[schema(example = "PAY-2026-09-9K3TQX-USD001")]
    payment_reference: String,
    #[schema(example = "manual")]
    payment_method: &'static str,
    #[schema(example = "processing")]
    status: &'static str,
    /// The exact state.
    #[schema(example = "submitted")]
    state: &'static str,
    /// When it was sent; null until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    payout_date: Option<Timestamp>,
    /// When it arrived; null until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// It covers what became available after the payout before it; null for the first of an account.
    #[schema(value_type = Option<String>, format = Date)]
    period_start: Option<BusinessDay>,
    /// It covers what became available up to and with this day.
    #[schema(value_type = String, format = Date)]
    period_end: BusinessDay,
    /// Why it was rejected or taken back.
    notes: Option<String>,
    /// Why it did not arrive.
    failure_reason: Option<String>,
    /// The reference under which it was sent.
    external_payout_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<&Payout> for PayoutBody {
    fn from(payout: &Payout) -> Self {
        let mut body = Self {
            id: payout.id.to_string(),
            partner_id: payout.partner.to_string(),
            total_amount: payout.amount.to_text(),
            currency: payout.amount.currency().to_string(),
            commission_count: payout.lines,
            payment_reference: payment_reference(&payout.id, payout.requested_at),
            payment_method: payout.terms.payee.as_ref().map_or("manual", |payee| payee.rail.word()),
            status: payout.state.portal_word(),
            state: payout.state.word(),
            payout_date: None,
            completed_at: None,
            period_start: payout.from.and_then(|slot| slot.successor().ok()).map(|slot| slot.day()),
            period_end: payout.to.day(),
            notes: None,
            failure_reason: None,
            external_payout_id: None,
            created_at: payout.requested_at,
            updated_at: payout.moved_at,
        };
        match &payout.state {
            PayoutState::PendingApproval | PayoutState::Approved => {}
            PayoutState::Submitting { since, .. } | PayoutState::OutcomeUnknown { since, .. } => {
                body.payout_date = Some(*since);
            }
            PayoutState::Returned { sent_at, completed_at, reference, reason, .. } => {
                body.payout_date = Some(*sent_at);
                body.completed_at = Some(*completed_at);
                body.external_payout_id = Some(reference.clone());
                body.failure_reason = Some(reason.clone());
            }
            PayoutState::Rejected { reason } | PayoutState::Cancelled { reason } => body.notes = Some(reason.clone()),
            PayoutState::Failed { reason } => body.failure_reason = Some(reason.clone()),
            PayoutState::Submitted { sent_at, reference, .. } => {
                body.payout_date = Some(*sent_at);
                body.external_payout_id = Some(reference.clone());
            }
            PayoutState::Paid { sent_at, completed_at, reference } => {
                body.payout_date = Some(*sent_at);
                body.completed_at = Some(*completed_at);
                body.external_payout_id = Some(reference.clone());
            }
        }
        body
    }
}

/// List the partner's payouts.
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/partners/revenue/payouts",
    tag = "figures",
    params(Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<PayoutBody>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let partner = who::asked_partner(&caller, asked.partner_id.as_deref())?;
    let limit = page::limit(asked.limit)?;
    let offset = asked.offset.unwrap_or(0);
    if offset > OFFSET_MAX {
        return Err(Problem::bad_parameter("offset", format!("must be from 0 to {OFFSET_MAX}; go on with a cursor")));
    }
    let after = page::after(asked.cursor.as_deref(), Place::parse)?;
    let currency = asked.currency.as_deref().map(Currency::parse).transpose();
    let currency = currency.map_err(|why| Problem::bad_parameter("currency", why.to_string()))?;
    let tenant = caller.tenant_key();
    let mut payouts = Vec::new();
    for head in app.store.list_heads(&tenant, &partner).await? {
        if currency.is_some_and(|currency| currency != head.currency) {
            continue;
        }
        let account = Account { partner: partner.clone(), currency: head.currency };
        let stored = app.store.list_account_payouts(&tenant, &account).await?;
        payouts.extend(stored.into_iter().map(|stored| stored.payout));
    }
    payouts.retain(|payout| asked.status.is_none_or(|status| status.word() == payout.state.portal_word()));
    payouts.sort_by_key(|payout| std::cmp::Reverse(Place::of(payout)));
    let is_behind = |payout: &&Payout| after.as_ref().is_none_or(|after| Place::of(payout) < *after);
    let rest: Vec<&Payout> =
        payouts.iter().filter(is_behind).skip(usize::try_from(offset).unwrap_or(usize::MAX)).collect();
    let shown = &rest[..limit.min(rest.len())];
    let next = shown.last().filter(|_| rest.len() > limit).map(|payout| Place::of(payout).to_text());
    let page = Listed::new(shown.iter().map(|payout| PayoutBody::from(*payout)).collect(), next.as_deref());
    page.answer(asked.format.unwrap_or(accepted), "payouts", &COLUMNS)
}

/// Read one of the partner's payouts.
#[utoipa::path(
    get,
    path = "/v1/partners/revenue/payouts/{id}",
    tag = "figures",
    params(("id" = String, Path)),
    responses((status = 200, body = PayoutBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<PayoutBody>, Problem> {
    let own = who::own_partner(&caller)?;
    let missing = || Problem::not_found("no such payout");
    let id = PayoutId::parse(&id).map_err(|_| missing())?;
    let (partner, _, _) = id.account_and_number();
    if own.is_some_and(|own| own != partner) {
        return Err(missing());
    }
    let stored = app.store.get_payout(&caller.tenant_key(), &id).await?.ok_or_else(missing)?;
    Ok(Json(PayoutBody::from(&stored.payout)))
}

/// Where a payout stands in the list: by when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Timestamp, PayoutId);

impl Place {
    fn of(payout: &Payout) -> Self {
        Self(payout.requested_at, payout.id.clone())
    }

    fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('#')?;
        Some(Self(at.parse().ok()?, PayoutId::parse(id).ok()?))
    }

    fn to_text(&self) -> String {
        format!("{}#{}", self.0, self.1)
    }
}
