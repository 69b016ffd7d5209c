//! The partner's commissions.

pub(crate) mod explain;
mod list;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::fact::SaleType;
use domain::id::LineId;
use domain::ledger::Head;
use domain::line::{Account, Line, LineKind, LineState, Origin, Place};
use domain::money::Money;
use domain::sale::Sale;
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp};
use edge::auth::Caller;
use edge::body::{Query, Segments};
use edge::csv::Format;
use edge::openapi::{Clashes, Refusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::payouts::StoredPayout;
use utoipa::{IntoParams, ToSchema};

use super::page::Listed;
use super::who;
use crate::App;
use crate::shown;

/// The word of the status filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Waits for its day, or is held.
    Pending,
    /// Available, or in a payout under way.
    Approved,
    /// Paid out.
    Paid,
    /// Never valid, or wholly taken back.
    Rejected,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// For staff: which partner. A partner sees its own.
    pub(crate) partner_id: Option<String>,
    /// Only those of this status.
    #[param(inline)]
    pub(crate) status: Option<Status>,
    /// Only those of this account.
    #[param(example = "USD")]
    pub(crate) currency: Option<String>,
    /// Only those of this program.
    pub(crate) program_id: Option<String>,
    /// Only those of this customer, as the payment provider names it: `stripe:cus_1`.
    pub(crate) customer_id: Option<String>,
    /// The first day on which they happened, in the ledger's zone.
    #[param(value_type = Option<String>, format = Date, example = "2026-09-01")]
    pub(crate) from: Option<BusinessDay>,
    /// The last day on which they happened.
    #[param(value_type = Option<String>, format = Date, example = "2026-09-30")]
    pub(crate) to: Option<BusinessDay>,
    /// How many, 1 to 500; 100 when left out.
    pub(crate) limit: Option<u32>,
    /// How many to leave out first, up to 10,000, of the rows as they are now: what comes in between two pages moves them. A
    /// cursor is cheaper, and nothing moves it.
    pub(crate) offset: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    pub(crate) cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    #[param(inline)]
    pub(crate) format: Option<Format>,
}

/// The fields of a commission in CSV.
const COLUMNS: [&str; 13] = [
    "id",
    "partner_id",
    "customer_id",
    "invoice_id",
    "commission_amount",
    "currency",
    "status",
    "state",
    "event_type",
    "event_date",
    "available_on",
    "payout_id",
    "reverses",
];

/// One commission: what a sale earned, or what a refund took back of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommissionBody {
    id: String,
    partner_id: String,
    /// The customer, as the payment provider names it.
    customer_id: Option<String>,
    /// The provider's invoice or payment.
    invoice_id: String,
    /// Below zero when it takes back an earlier one.
    #[schema(example = "29.70")]
    commission_amount: String,
    #[schema(example = "USD")]
    currency: String,
    #[schema(example = "approved")]
    status: &'static str,
    /// The exact state: pending, held, approved, in_payout, paid, reversed.
    #[schema(example = "in_payout")]
    state: &'static str,
    /// What kind of event made it; null for what is of the account and of no sale.
    #[schema(value_type = Option<String>, example = "invoice_payment")]
    event_type: Option<SaleType>,
    /// When the sale or refund happened at the provider.
    #[schema(value_type = String, format = DateTime)]
    event_date: Timestamp,
    /// The day on which it is or was available; null while it is held.
    #[schema(value_type = Option<String>, format = Date)]
    available_on: Option<BusinessDay>,
    /// The payout that covers it.
    payout_id: Option<String>,
    /// Of what takes back: the commission that it takes back.
    reverses: Option<String>,
}

/// List the partner's commissions.
///
/// The latest available day first; held ones before all. Currency by currency. What is held is shown once, where it is
/// held: its commission is shown with what is left of it. One page looks at 20,000 commissions at most: where filters leave
/// most of them out it may hold fewer than asked for, or none, and still have a `next_cursor`.
#[utoipa::path(
    get,
    path = "/v1/partners/revenue/commissions",
    tag = "figures",
    params(Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<CommissionBody>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let page = list::page(&app, &caller, &asked).await?;
    page.answer(asked.format.unwrap_or(accepted), "commissions", &COLUMNS)
}

/// Read one of the partner's commissions.
#[utoipa::path(
    get,
    path = "/v1/partners/revenue/commissions/{id}",
    tag = "figures",
    params(("id" = String, Path)),
    responses((status = 200, body = CommissionBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<CommissionBody>, Problem> {
    let own = who::own_partner(&caller)?;
    let missing = || Problem::not_found("no such commission");
    let (origin, n) = LineId::parse(&id).map_err(|_| missing())?.origin_and_number();
    let tenant = caller.tenant_key();
    let Whereabouts { account, place, .. } = whereabouts(&app, &tenant, &origin, n).await?.ok_or_else(missing)?;
    if own.is_some_and(|own| own != account.partner) {
        return Err(missing());
    }
    let books = Books::open(&app, &tenant, account).await?;
    let beside = app.store.list_lines_of(&tenant, &books.account, place, &origin).await?;
    let line = beside.iter().find(|line| line.n == n).ok_or_else(missing)?;
    let state = shown::state_of(line, &beside, &books.head, books.today);
    let payouts = books.payouts_for(&app, &tenant, &[state]).await?;
    // What another line shows is still there under its own id, as it was booked.
    let amount = shown::amount_of(line, &beside).unwrap_or(line.amount);
    Ok(Json(body(line, (state, amount), &payouts)))
}

/// Where a line stands.
pub(crate) struct Whereabouts {
    /// In which account.
    pub(crate) account: Account,
    /// At which place there.
    pub(crate) place: Place,
    /// The sale that it is of, where it is of one.
    pub(crate) sale: Option<Sale>,
}

/// Where a line stands: its sale, or its entry of the account, knows.
pub(crate) async fn whereabouts(
    app: &App,
    tenant: &TenantKey,
    origin: &Origin,
    n: u32,
) -> Result<Option<Whereabouts>, Problem> {
    match origin {
        Origin::Sale(sale) => {
            let Some(sale) = app.store.get_sale(tenant, sale).await? else { return Ok(None) };
            let Some(short) = sale.lines.iter().find(|line| line.n == n) else { return Ok(None) };
            let account = Account { partner: short.partner.clone(), currency: short.amount.currency() };
            Ok(Some(Whereabouts { account, place: short.place, sale: Some(sale) }))
        }
        Origin::Entry(entry) => {
            let entry = app.store.get_entry(tenant, entry).await?;
            Ok(entry.map(|entry| Whereabouts { account: entry.account, place: entry.place, sale: None }))
        }
    }
}

/// An account as it is today.
pub(crate) struct Books {
    /// Which.
    pub(crate) account: Account,
    /// Its head.
    pub(crate) head: Head,
    /// The day in the ledger's zone.
    pub(crate) today: BusinessDay,
}

impl Books {
    async fn open(app: &App, tenant: &TenantKey, account: Account) -> Result<Self, Problem> {
        let head = app.store.get_head(tenant, &account).await?;
        let zone = app.store.get_settings(tenant).await?.ledger_zone;
        Ok(Self { account, head, today: zone.day_of(app.clock.now()) })
    }

    /// The account's payouts by the last slot that they cover, read only when a line is covered by one.
    async fn payouts_for(
        &self,
        app: &App,
        tenant: &TenantKey,
        states: &[LineState],
    ) -> Result<BTreeMap<Slot, StoredPayout>, Problem> {
        if !states.iter().any(|state| matches!(state, LineState::InPayout | LineState::Paid)) {
            return Ok(BTreeMap::new());
        }
        let payouts = app.store.list_account_payouts(tenant, &self.account).await?;
        let standing = payouts.into_iter().filter(|stored| {
            let state = &stored.payout.state;
            state.is_open() || state.word() == "paid"
        });
        Ok(standing.map(|stored| (stored.payout.to, stored)).collect())
    }
}

pub(crate) fn body(
    line: &Line,
    (state, amount): (LineState, Money),
    payouts: &BTreeMap<Slot, StoredPayout>,
) -> CommissionBody {
    let slot = match line.place {
        Place::Slot(slot) => Some(slot),
        Place::Held => None,
    };
    let is_covered = matches!(state, LineState::InPayout | LineState::Paid);
    // Payouts cover ranges that meet: the one that holds a slot is the first that ends at or behind it.
    let payout = slot.filter(|_| is_covered).and_then(|slot| payouts.range(slot..).next());
    let reverses = line.trace.reverses.filter(|_| matches!(line.kind, LineKind::Reversal | LineKind::HoldMove));
    CommissionBody {
        id: line.id.to_string(),
        partner_id: line.partner.to_string(),
        customer_id: line.trace.customer.as_ref().map(ToString::to_string),
        invoice_id: line.trace.invoice.clone(),
        commission_amount: amount.to_text(),
        currency: amount.currency().to_string(),
        status: state.status(),
        state: state.word(),
        event_type: line.trace.event_type,
        event_date: line.occurred_at,
        available_on: slot.map(Slot::day),
        payout_id: payout.map(|(_, stored)| stored.payout.id.to_string()),
        reverses: reverses.map(|n| LineId::of(&line.origin, n).to_string()),
    }
}
