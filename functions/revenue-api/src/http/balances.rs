//! Balances, now and as of an instant; and debts with their age.

use axum::extract::State;
use axum::response::Response;
use cases::desk::balances::{self, AccountBalance, Debt};
use domain::aging::Age;
use domain::id::PartnerId;
use domain::time::{BusinessDay, Timestamp};
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::openapi::{Clashes, Refusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{PageQuery, after, listed};
use super::{DESK, Here, desk, wrong};

const COLUMNS: [&str; 8] = ["partner_id", "currency", "available", "pending", "held", "reserved", "settled", "as_of"];
const DEBT_COLUMNS: [&str; 7] = ["partner_id", "currency", "available", "pending", "negative_since", "days", "age"];

/// Whose balances, and as of when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BalanceQuery {
    /// Whose.
    partner_id: String,
    /// As of the end of this day in the ledger's zone, or of this instant; now when left out.
    #[param(example = "2026-09-30")]
    as_of: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// The balance of one account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BalanceView {
    /// Whose.
    partner_id: String,
    /// ISO currency.
    #[schema(example = "USD")]
    currency: String,
    /// Free to pay; below zero when more was taken back than was there.
    #[schema(example = "250.50")]
    available: String,
    /// Waits for its day.
    pending: String,
    /// Held by a person, or for a dispute.
    held: String,
    /// Covered by a payout under way.
    reserved: String,
    /// Paid out.
    settled: String,
    /// The instant that it is told for.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

impl BalanceView {
    fn of(account: &AccountBalance, as_of: Timestamp) -> Self {
        let balance = &account.balance;
        Self {
            partner_id: account.account.partner.to_string(),
            currency: account.account.currency.to_string(),
            available: balance.available.to_text(),
            pending: balance.pending.to_text(),
            held: balance.held.to_text(),
            reserved: balance.reserved.to_text(),
            settled: balance.settled.to_text(),
            as_of,
        }
    }
}

/// The balances of a partner, one a currency, now or as of any date.
#[utoipa::path(
    get, path = "/v1/revenue/balances", tag = "desk", params(BalanceQuery),
    responses((status = 200, description = "One row a currency; CSV for `Accept: text/csv`.", body = Listed<BalanceView>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(super) async fn read(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    accepted: Format,
    Query(query): Query<BalanceQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let partner =
        PartnerId::parse(&query.partner_id).map_err(|error| Problem::bad_parameter("partner_id", error.to_string()))?;
    let tenant = caller.tenant_key();
    if app.store.get_partner(&tenant, &partner).await?.is_none() {
        return Err(Problem::not_found("no such partner"));
    }
    let desk = desk(&app, &tenant, &caller, origin).await?;
    let (found, as_of) = match &query.as_of {
        None => (balances::now(&desk, &partner).await.map_err(wrong)?, desk.now),
        Some(text) => {
            let at = instant(text, &desk.zone)?;
            // LED-10: what was; nobody knows what will be booked.
            if desk.zone.day_of(at) > desk.today() {
                return Err(Problem::impossible_parameter("as_of", "lies in the future"));
            }
            (balances::as_of(&desk, &partner, at).await.map_err(wrong)?, at)
        }
    };
    let rows = found.iter().map(|account| BalanceView::of(account, as_of)).collect();
    let page = Listed { data: rows, next_cursor: None };
    csv::answer(query.format.unwrap_or(accepted), "balances", &COLUMNS, page)
}

/// An instant, or the last one of a day in the ledger's zone.
fn instant(text: &str, zone: &domain::time::Zone) -> Result<Timestamp, Problem> {
    let unreadable = || Problem::bad_parameter("as_of", "a date such as 2026-09-30, or an instant in RFC 3339");
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(edge::clock::to_ms(at));
    }
    let next = BusinessDay::parse(text).and_then(|day| day.plus_days(1)).map_err(|_| unreadable())?;
    let end = zone.start_of(next).map_err(|_| unreadable())?;
    end.checked_sub(jiff::SignedDuration::from_millis(1)).map_err(|_| unreadable())
}

/// An account that owes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DebtView {
    /// Whose.
    partner_id: String,
    /// ISO currency.
    currency: String,
    /// What is available: below zero.
    #[schema(example = "-4.70")]
    available: String,
    /// What waits for its day, and may settle it.
    pending: String,
    /// The day since which it has been below zero.
    #[schema(value_type = String, format = Date)]
    negative_since: BusinessDay,
    /// For how many days.
    days: i64,
    /// `0-30`, `31-60`, `61-90` or `over-90` days.
    #[schema(example = "31-60")]
    age: &'static str,
}

impl From<&Debt> for DebtView {
    fn from(debt: &Debt) -> Self {
        Self {
            partner_id: debt.account.partner.to_string(),
            currency: debt.account.currency.to_string(),
            available: debt.available.to_text(),
            pending: debt.pending.to_text(),
            negative_since: debt.since,
            days: debt.days,
            age: Age::of(debt.days).word(),
        }
    }
}

/// Balances below zero, with their age.
///
/// `limit` is how many partners are looked at: a page may hold fewer rows, even none, and still have a `next_cursor`.
#[utoipa::path(
    get, path = "/v1/revenue/negative-balances", tag = "desk", params(PageQuery),
    responses((status = 200, description = "A page of debts; CSV for `Accept: text/csv`.", body = Listed<DebtView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn negative(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let behind = after(query.cursor.as_deref(), |id| PartnerId::parse(id).ok())?;
    let limit = limit(query.limit)?;
    let tenant = caller.tenant_key();
    let desk = desk(&app, &tenant, &caller, origin).await?;
    let (debts, next) = balances::debts(&desk, behind.as_ref(), limit).await.map_err(wrong)?;
    let rows: Vec<DebtView> = debts.iter().map(DebtView::from).collect();
    let page = listed(rows, next.map(|partner| partner.to_string()));
    csv::answer(query.format.unwrap_or(accepted), "negative-balances", &DEBT_COLUMNS, page)
}
