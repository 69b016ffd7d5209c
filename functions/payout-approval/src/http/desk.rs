//! Looking at payouts: the desk's list, a partner's own, one of them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use cases::payouts;
use domain::id::PartnerId;
use domain::line::Account;
use domain::payout::{Payout, PayoutState};
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Query, Segments};
use edge::csv::{self, Format};
use edge::openapi::Refusals;
use edge::page::{Listed, limit};
use edge::problem::Problem;
use store::TenantKey;
use store::payouts::{PayoutPlace, StoredPayout};

use super::shapes::{Approvers, ListQuery, PayoutDetail, PayoutView};
use super::{DESK_AND_PARTNER, Here, Id, own_partner, payout_of, wrong};
use crate::App;

const WORDS: [&str; 7] =
    ["pending_approval", "approved", "rejected", "cancelled", "payment_sent", "completed", "payment_failed"];
/// The columns of the list as CSV.
const COLUMNS: [&str; 20] = [
    "id",
    "partner_id",
    "total_amount",
    "currency",
    "commission_count",
    "payment_reference",
    "payment_method",
    "status",
    "state",
    "requested_by",
    "payout_date",
    "expected_arrival_date",
    "completed_at",
    "period_start",
    "period_end",
    "notes",
    "failure_reason",
    "external_payout_id",
    "created_at",
    "updated_at",
];
const OFFSET_MAX: u32 = 10_000;
/// How many rows one question to the store answers.
const STRIDE: i32 = 500;
/// A list reads no more than so many strides; its cursor goes on from there.
const STRIDES_MAX: usize = 40;

/// Payouts, newest first.
///
/// A page may hold fewer rows than asked for and still have a `next_cursor`.
#[utoipa::path(
    get, path = "/v1/revenue/payouts", tag = "payouts", params(ListQuery),
    responses((status = 200, description = "A page of payouts; CSV for `Accept: text/csv`.", body = Listed<PayoutView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK_AND_PARTNER)?;
    let wanted = Wanted::of(&query)?;
    let found = match own_partner(&caller)? {
        Some(partner) => own(&app, &caller, &partner, &wanted).await?,
        None => everyones(&app, &caller, &wanted).await?,
    };
    csv::answer(query.format.unwrap_or(accepted), "payouts", &COLUMNS, found)
}

/// One payout.
///
/// With what of it would leave if it were sent now, or why nothing would.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/{id}", tag = "payouts",
    params(("id" = String, Path, description = "The payout's id.")),
    responses((status = 200, description = "The payout.", body = PayoutDetail), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn show(State(app): Here, caller: Caller, Segments(id): Id) -> Result<Json<PayoutDetail>, Problem> {
    caller.require(DESK_AND_PARTNER)?;
    let payout = payout_of(&app, &caller, &id).await?.payout;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    let waits = matches!(payout.state, PayoutState::PendingApproval | PayoutState::Approved);
    let leaves = match waits {
        true => Some(payouts::leaves(&app.store, &tenant, &payout, now).await.map_err(wrong)?),
        false => None,
    };
    let approvers = match caller.confined_to() {
        Some(_) => None,
        None => Some(approvers(&app, &tenant, &payout, now).await?),
    };
    Ok(Json(PayoutDetail::new(&payout, leaves, approvers)))
}

/// PAY-4: who may not approve a payout, and, while it waits, who may and has not.
async fn approvers(app: &App, tenant: &TenantKey, payout: &Payout, now: Timestamp) -> Result<Approvers, Problem> {
    let mut barred = app.store.get_payout_methods(tenant, &payout.partner).await?.editors(now);
    barred.insert(payout.requested_by.id.clone());
    let standing = payout.standing_approvals(now);
    let lapsed = payout.state == PayoutState::Approved && standing.len() < payout.approvers();
    let mut pending = None;
    if lapsed || payout.state == PayoutState::PendingApproval {
        let admins = app.store.list_active_admins(tenant).await?;
        let mut admins: Vec<String> = admins.iter().map(ToString::to_string).collect();
        admins.retain(|admin| !barred.contains(admin) && !standing.contains(admin.as_str()));
        pending = Some(admins);
    }
    Ok(Approvers { barred: barred.into_iter().collect(), pending })
}

/// A question for a list, checked.
struct Wanted<'a> {
    status: Option<&'a str>,
    limit: usize,
    after: Option<PayoutPlace>,
    cursor: Option<&'a str>,
    offset: usize,
}

impl<'a> Wanted<'a> {
    fn of(query: &'a ListQuery) -> Result<Self, Problem> {
        let status = query.status.as_deref();
        if status.is_some_and(|word| !WORDS.contains(&word)) {
            return Err(Problem::bad_parameter("status", format!("one of {}", WORDS.join(", "))));
        }
        let offset = query.offset.unwrap_or(0);
        if offset > OFFSET_MAX {
            return Err(Problem::bad_parameter("offset", format!("at most {OFFSET_MAX}; use cursor")));
        }
        let cursor = query.cursor.as_deref();
        let after = cursor
            .map(|text| {
                PayoutPlace::parse(text).ok_or_else(|| Problem::bad_parameter("cursor", "not a cursor of this list"))
            })
            .transpose()?;
        let offset = usize::try_from(offset).unwrap_or_default();
        Ok(Self { status, limit: limit(query.limit)?, after, cursor, offset })
    }

    fn takes(&self, stored: &StoredPayout) -> bool {
        self.status.is_none_or(|word| stored.payout.state.desk_word() == word)
    }
}

/// Where a payout stands in the list: what its cursor says.
fn place(stored: &StoredPayout) -> String {
    PayoutPlace::text_of(&stored.payout)
}

/// Collects rows until the page is full.
struct Collected {
    rows: Vec<PayoutView>,
    to_skip: usize,
    last: Option<String>,
}

impl Collected {
    /// Takes a row; true once the page is full.
    fn take(&mut self, wanted: &Wanted<'_>, stored: &StoredPayout) -> bool {
        self.last = Some(place(stored));
        if wanted.takes(stored) {
            if self.to_skip > 0 {
                self.to_skip -= 1;
            } else {
                self.rows.push(PayoutView::from(&stored.payout));
            }
        }
        self.rows.len() >= wanted.limit
    }
}

async fn everyones(app: &App, caller: &Caller, wanted: &Wanted<'_>) -> Result<Listed<PayoutView>, Problem> {
    let tenant = caller.tenant_key();
    let mut collected = Collected { rows: Vec::new(), to_skip: wanted.offset, last: None };
    let mut after = wanted.after.clone();
    for _ in 0..STRIDES_MAX {
        let page = app.store.list_payouts(&tenant, STRIDE, after.as_ref()).await?;
        let count = page.items.len();
        for (n, stored) in page.items.iter().enumerate() {
            if collected.take(wanted, stored) {
                let more = n + 1 < count || page.next.is_some();
                return Ok(Listed { next_cursor: collected.last.filter(|_| more), data: collected.rows });
            }
        }
        after = page.next.as_deref().and_then(PayoutPlace::parse);
        if after.is_none() {
            return Ok(Listed { data: collected.rows, next_cursor: None });
        }
    }
    Ok(Listed { data: collected.rows, next_cursor: collected.last })
}

/// A partner's payouts: few, so all are read, from the accounts themselves.
async fn own(
    app: &App,
    caller: &Caller,
    partner: &PartnerId,
    wanted: &Wanted<'_>,
) -> Result<Listed<PayoutView>, Problem> {
    let tenant = caller.tenant_key();
    let mut all = Vec::new();
    for head in app.store.list_heads(&tenant, partner).await? {
        let account = Account { partner: partner.clone(), currency: head.currency };
        all.extend(app.store.list_account_payouts(&tenant, &account).await?);
    }
    all.sort_by_key(|stored| std::cmp::Reverse(place(stored)));
    let rest: Vec<_> = match wanted.cursor {
        Some(cursor) => all.into_iter().filter(|stored| place(stored).as_str() < cursor).collect(),
        None => all,
    };
    let mut collected = Collected { rows: Vec::new(), to_skip: wanted.offset, last: None };
    let taken = rest.iter().position(|stored| collected.take(wanted, stored));
    let more = taken.is_some_and(|n| n + 1 < rest.len());
    Ok(Listed { next_cursor: collected.last.filter(|_| more), data: collected.rows })
}
