//! Commissions of everybody: in sum; and held, released, rejected by a person.

pub(super) mod list;
mod rows;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use cases::desk::balances::of_head;
use cases::desk::holds::{self, Changed, Command, Refused};
use domain::currency::Currency;
use domain::id::{LineId, PartnerId};
use domain::line::Origin;
use domain::money::Money;
use domain::sale::{HoldReason, Sale};
use edge::auth::Caller;
use edge::body::{Checked, Segments};
use edge::csv::{self, Format};
use edge::http::Origin as CallOrigin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::Listed;
use edge::problem::Problem;
use futures::future::try_join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::adjusting::ReasonBody;
use super::{DESK, Here, Id, MONEY, desk, writing_desk, wrong};
use crate::App;
use rows::{CommissionRow, Rows};

const SUMMARY_COLUMNS: [&str; 8] =
    ["currency", "accounts", "available", "pending", "held", "reserved", "settled", "owed"];
/// How many partners of the registry are read at a time.
const PARTNERS: usize = 200;
/// The accounts of how many partners are read at once.
const ABREAST: usize = 16;

/// The commissions of a sale after a person changed them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangedView {
    /// The sale.
    conversion_id: String,
    /// Why a person must release it: `manual`, `risk`; null when it is not held.
    hold: Option<&'static str>,
    /// Did a person say that it never was valid?
    rejected: bool,
    /// Its commissions, whoever has them.
    commissions: Vec<CommissionRow>,
}

/// Hold the commissions of a sale: they are not paid until a person releases them.
///
/// The whole sale is held, whoever has a part of it. What was paid already is taken from what is available.
#[utoipa::path(
    post, path = "/v1/revenue/commissions/{id}/hold", tag = "desk", request_body = ReasonBody,
    params(
        ("id" = String, Path, description = "A commission of the sale (`com_…`)."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Held.", body = ChangedView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn hold(
    State(app): Here,
    caller: Caller,
    origin: CallOrigin,
    minting: Minting,
    Segments(id): Id,
    Checked(body): Checked<ReasonBody>,
) -> Result<Json<ChangedView>, Problem> {
    change(&app, &caller, (origin, minting), &id, Command::Hold { reason: body.reason }).await
}

/// Release the commissions of a sale that a person held.
#[utoipa::path(
    post, path = "/v1/revenue/commissions/{id}/release", tag = "desk", request_body = ReasonBody,
    params(
        ("id" = String, Path, description = "A commission of the sale (`com_…`)."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Released.", body = ChangedView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn release(
    State(app): Here,
    caller: Caller,
    origin: CallOrigin,
    minting: Minting,
    Segments(id): Id,
    Checked(body): Checked<ReasonBody>,
) -> Result<Json<ChangedView>, Problem> {
    change(&app, &caller, (origin, minting), &id, Command::Release { reason: body.reason }).await
}

/// Reject the commissions of a sale: it never was valid, and nothing is earned by it.
#[utoipa::path(
    post, path = "/v1/revenue/commissions/{id}/reject", tag = "desk", request_body = ReasonBody,
    params(
        ("id" = String, Path, description = "A commission of the sale (`com_…`)."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Rejected.", body = ChangedView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn reject(
    State(app): Here,
    caller: Caller,
    origin: CallOrigin,
    minting: Minting,
    Segments(id): Id,
    Checked(body): Checked<ReasonBody>,
) -> Result<Json<ChangedView>, Problem> {
    change(&app, &caller, (origin, minting), &id, Command::Reject { reason: body.reason }).await
}

async fn change(
    app: &App,
    caller: &Caller,
    by: (CallOrigin, Minting),
    id: &str,
    command: Command,
) -> Result<Json<ChangedView>, Problem> {
    caller.require(MONEY)?;
    let no_such = || Problem::not_found("no such commission");
    let (line_of, n) = LineId::parse(id).map_err(|_| no_such())?.origin_and_number();
    let Origin::Sale(sale) = line_of else {
        let detail = "an entry of an account is of no sale; correct it with POST /v1/revenue/adjustments";
        return Err(Problem::unprocessable(detail).kind("not-of-a-sale"));
    };
    let tenant = caller.tenant_key();
    let known = app.store.get_sale(&tenant, &sale).await?.ok_or_else(no_such)?;
    if !known.lines.iter().any(|line| line.n == n) {
        return Err(no_such());
    }
    let desk = writing_desk(app, &tenant, caller, by).await?;
    let sale = match holds::command(&desk, &sale, &command).await.map_err(wrong)? {
        Changed::Done(sale) => {
            tracing::info!(sale.id = %sale.id, hold = hold_word(&sale), rejected = sale.rejected, "sale changed by hand");
            sale
        }
        Changed::Already(sale) => sale,
        Changed::NotFound => return Err(no_such()),
        Changed::Refused(refused) => {
            let kind = match refused {
                Refused::HeldForRisk => "held-for-risk",
                Refused::Rejected => "rejected",
                Refused::NoCommission => "no-commission",
            };
            return Err(Problem::conflict(refused.to_string()).kind(kind));
        }
    };
    let commissions = Rows::new(&desk).of_sale(&sale).await?.into_iter().map(|(row, _)| row).collect();
    Ok(Json(ChangedView {
        conversion_id: sale.id.to_string(),
        hold: hold_word(&sale),
        rejected: sale.rejected,
        commissions,
    }))
}

fn hold_word(sale: &Sale) -> Option<&'static str> {
    sale.hold.map(HoldReason::word)
}

/// What all accounts of a currency come to now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryView {
    /// ISO currency.
    #[schema(example = "USD")]
    currency: String,
    /// How many accounts there are.
    accounts: u64,
    /// Free to pay, of those above zero.
    available: String,
    /// Waits for its day.
    pending: String,
    /// Held by a person, or for a dispute.
    held: String,
    /// Covered by payouts under way.
    reserved: String,
    /// Paid out, ever.
    settled: String,
    /// What accounts below zero owe: below zero or zero.
    owed: String,
}

/// What is owed to partners now, by currency, from the heads of all accounts.
#[utoipa::path(
    get, path = "/v1/revenue/commission/summary", tag = "desk",
    params(("format" = Option<String>, Query, description = "`csv` for CSV; so does `Accept: text/csv`.")),
    responses((status = 200, description = "One row a currency; CSV for `Accept: text/csv`.", body = Listed<SummaryView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn summary(
    State(app): Here,
    caller: Caller,
    origin: CallOrigin,
    format: Format,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let tenant = caller.tenant_key();
    let desk = desk(&app, &tenant, &caller, origin).await?;
    let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
    let mut behind: Option<PartnerId> = None;
    loop {
        let page = app.store.list_partner_ids(&tenant, behind.as_ref(), PARTNERS).await?;
        for partners in page.items.chunks(ABREAST) {
            let mut reads = Vec::new();
            for partner in partners {
                reads.push(app.store.list_heads(&tenant, partner));
            }
            for head in try_join_all(reads).await?.into_iter().flatten() {
                let balance = of_head(&head, desk.today()).map_err(wrong)?;
                let sums = sums.entry(head.currency).or_default();
                sums.take(&balance).map_err(|error| wrong(error.into()))?;
            }
        }
        behind = page.items.last().cloned();
        if page.next.is_none() {
            break;
        }
    }
    let rows = sums.into_iter().map(|(currency, sums)| sums.view(currency)).collect();
    csv::answer(format, "commission-summary", &SUMMARY_COLUMNS, Listed { data: rows, next_cursor: None })
}

/// Sums of one currency, in minor units.
#[derive(Default)]
struct Sums {
    accounts: u64,
    by: [i64; 6],
}

impl Sums {
    fn take(&mut self, balance: &domain::balance::Balance) -> Result<(), domain::money::MoneyError> {
        self.accounts += 1;
        let available = balance.available.minor();
        let parts = [
            available.max(0),
            balance.pending.minor(),
            balance.held.minor(),
            balance.reserved.minor(),
            balance.settled.minor(),
            available.min(0),
        ];
        for (sum, part) in self.by.iter_mut().zip(parts) {
            *sum = sum.checked_add(part).ok_or(domain::money::MoneyError::OutOfRange)?;
        }
        Ok(())
    }

    fn view(self, currency: Currency) -> SummaryView {
        let [available, pending, held, reserved, settled, owed] =
            self.by.map(|minor| Money::from_minor(minor, currency).to_text());
        let currency = currency.to_string();
        SummaryView { currency, accounts: self.accounts, available, pending, held, reserved, settled, owed }
    }
}
