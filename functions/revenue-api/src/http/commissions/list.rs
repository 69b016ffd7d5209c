//! The list of everybody's commissions: day by day, fact by fact, row by row, in either order of time.

use axum::extract::State;
use axum::response::Response;
use cases::desk::Desk;
use domain::fact::PaymentKey;
use domain::id::{PartnerId, ProgramId};
use domain::line::LineState;
use domain::time::BusinessDay;
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::openapi::{Clashes, Refusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use serde::Deserialize;
use store::journal::Order;
use utoipa::{IntoParams, ToSchema};

use super::rows::{COLUMNS, CommissionRow, Rows};
use crate::http::page::{after, listed, place};
use crate::http::{DESK, Here, desk, wrong};

const OFFSET_MAX: u32 = 10_000;
/// How many days one question covers at most.
const DAYS_MAX: i32 = 366;
/// How many facts of the journal are read at a time, at most.
const STRIDE: usize = 100;
/// How many facts, and how many days, one page looks at before it says where to go on.
const FACTS_MAX: usize = 2_000;
const DAYS_LOOKED_AT_MAX: usize = 31;

/// The word of the status filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
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

impl Status {
    fn is_of(self, state: LineState) -> bool {
        state.status()
            == match self {
                Self::Pending => "pending",
                Self::Approved => "approved",
                Self::Paid => "paid",
                Self::Rejected => "rejected",
            }
    }
}

/// The word of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderWord {
    /// What was booked last comes first.
    Newest,
    /// What was booked first comes first.
    Oldest,
}

/// Which commissions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The one day on which they were booked, in the ledger's zone. Not beside `from` and `to`. When no day is said at
    /// all, the list begins today and goes back 366 days at most.
    #[param(value_type = Option<String>, format = Date, example = "2026-09-30")]
    day: Option<BusinessDay>,
    /// The first of several days on which they were booked.
    #[param(value_type = Option<String>, format = Date, example = "2026-09-01")]
    from: Option<BusinessDay>,
    /// The last of several days; today when left out. At most 366 days in all.
    #[param(value_type = Option<String>, format = Date, example = "2026-09-30")]
    to: Option<BusinessDay>,
    /// `newest` first, or `oldest`; `newest` when left out.
    #[param(inline)]
    order: Option<OrderWord>,
    /// Only those of this partner.
    partner_id: Option<String>,
    /// Only those of this programme.
    program_id: Option<String>,
    /// Only those of this customer, as the payment provider names it.
    #[param(example = "stripe:cus_1")]
    customer_id: Option<String>,
    /// Only those of this status.
    #[param(inline)]
    status: Option<Status>,
    /// How many rows, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// How many to leave out first, up to 10,000, of the rows as they are now: what comes in between two pages moves them. A
    /// cursor is cheaper, and nothing moves it.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// What was booked, across partners and days, newest first.
///
/// A sale is on the day of its first booking, with all its lines until now; entries of accounts are on their own. One
/// page looks at 31 days and 2,000 facts at most: it may hold fewer rows than asked for, or none, and still have a
/// `next_cursor`. The list ends where there is none.
#[utoipa::path(
    get, path = "/v1/revenue/commissions", tag = "desk", params(ListQuery),
    responses((status = 200, description = "A page of commissions; CSV for `Accept: text/csv`.", body = Listed<CommissionRow>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(in crate::http) async fn list(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    accepted: Format,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let tenant = caller.tenant_key();
    let desk = desk(&app, &tenant, &caller, origin).await?;
    let wanted = Wanted::of(&query, first_day(&desk).await?, desk.today())?;
    let (rows, next) = walk(&desk, wanted).await?;
    let page = listed(rows, next.map(|spot| spot.to_text()));
    csv::answer(query.format.unwrap_or(accepted), "commissions", &COLUMNS, page)
}

/// Where a list stands: its order, the day, the last fact that is wholly told, and how many rows of the next are told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spot {
    order: Order,
    day: BusinessDay,
    after: Option<String>,
    told: usize,
}

impl Spot {
    fn at_start_of(order: Order, day: BusinessDay) -> Self {
        Self { order, day, after: None, told: 0 }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '~');
        let (order, day, told, after) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let order = match order {
            "newest" => Order::Newest,
            "oldest" => Order::Oldest,
            _ => return None,
        };
        let after = if after.is_empty() { None } else { Some(place(after)?) };
        Some(Self { order, day: BusinessDay::parse(day).ok()?, after, told: told.parse().ok()? })
    }

    fn to_text(&self) -> String {
        let order = match self.order {
            Order::Newest => "newest",
            Order::Oldest => "oldest",
        };
        format!("{order}~{}~{}~{}", self.day, self.told, self.after.as_deref().unwrap_or_default())
    }
}

/// A question for the list, checked.
struct Wanted {
    from: Spot,
    /// The day after which the list is over.
    end: BusinessDay,
    partner: Option<PartnerId>,
    program: Option<ProgramId>,
    customer: Option<PaymentKey>,
    status: Option<Status>,
    limit: usize,
    to_skip: usize,
}

impl Wanted {
    fn of(query: &ListQuery, begun: BusinessDay, today: BusinessDay) -> Result<Self, Problem> {
        let (first, last) = days(query, begun, today)?;
        let partner = query.partner_id.as_deref().map(PartnerId::parse).transpose();
        let program = query.program_id.as_deref().map(ProgramId::parse).transpose();
        let customer = query.customer_id.as_deref().map(PaymentKey::parse).transpose();
        let offset = query.offset.unwrap_or(0);
        if offset > OFFSET_MAX {
            return Err(Problem::bad_parameter("offset", format!("at most {OFFSET_MAX}; use cursor")));
        }
        let cursor = after(query.cursor.as_deref(), Spot::parse)?;
        let order = match query.order {
            None | Some(OrderWord::Newest) => Order::Newest,
            Some(OrderWord::Oldest) => Order::Oldest,
        };
        if cursor.as_ref().is_some_and(|spot| spot.day < first || spot.day > last || spot.order != order) {
            return Err(Problem::impossible_parameter("cursor", "of other days than this list, or of the other order"));
        }
        let (begin, end) = match order {
            Order::Oldest => (first, last),
            Order::Newest => (last, first),
        };
        Ok(Self {
            from: cursor.unwrap_or_else(|| Spot::at_start_of(order, begin)),
            end,
            partner: partner.map_err(|error| Problem::bad_parameter("partner_id", error.to_string()))?,
            program: program.map_err(|error| Problem::bad_parameter("program_id", error.to_string()))?,
            customer: customer.map_err(|error| Problem::bad_parameter("customer_id", error.to_string()))?,
            status: query.status,
            limit: limit(query.limit)?,
            to_skip: usize::try_from(offset).unwrap_or_default(),
        })
    }

    fn takes(&self, row: &CommissionRow, state: LineState) -> bool {
        self.partner.as_ref().is_none_or(|partner| row.is_of(partner))
            && self.program.as_ref().is_none_or(|program| row.is_in(program))
            && self.customer.as_ref().is_none_or(|customer| row.is_from(customer))
            && self.status.is_none_or(|status| status.is_of(state))
    }
}

/// The first and the last day that are asked for.
fn days(query: &ListQuery, begun: BusinessDay, today: BusinessDay) -> Result<(BusinessDay, BusinessDay), Problem> {
    match (query.day, query.from, query.to) {
        (Some(day), None, None) => Ok((day, day)),
        (Some(_), _, _) => Err(Problem::impossible_parameter("day", "not beside `from` and `to`")),
        // A desk that names no day wants what was booked last, whenever that was.
        (None, None, None) => Ok((plus(today, 1 - DAYS_MAX)?.max(begun).min(today), today)),
        (None, None, Some(_)) => Err(Problem::impossible_parameter("from", "goes with `to`")),
        (None, Some(from), to) => {
            let to = to.unwrap_or(today);
            let span = domain::aging::days_between(from, to).map_err(|error| wrong(error.into()))?;
            if (0..i64::from(DAYS_MAX)).contains(&span) {
                Ok((from, to))
            } else {
                Err(Problem::impossible_parameter(
                    "to",
                    format!("not before `from`, and at most {DAYS_MAX} days in all"),
                ))
            }
        }
    }
}

/// The day before the tenant's first programme was made: no commission is older, and no day before it is looked at.
async fn first_day(desk: &Desk<'_>) -> Result<BusinessDay, Problem> {
    let programs = desk.store.list_programs(desk.tenant).await?;
    let first = programs.iter().map(|program| desk.zone.day_of(program.created_at)).min();
    plus(first.unwrap_or(desk.today()), -1)
}

fn plus(day: BusinessDay, days: i32) -> Result<BusinessDay, Problem> {
    day.plus_days(days).map_err(|error| wrong(error.into()))
}

/// Walks from a spot until the page is full, the days are over, or enough was looked at.
async fn walk(desk: &Desk<'_>, mut wanted: Wanted) -> Result<(Vec<CommissionRow>, Option<Spot>), Problem> {
    let (mut rows, mut page) = (Rows::new(desk), Vec::new());
    let (mut spot, mut facts_left, mut days_left) = (wanted.from.clone(), FACTS_MAX, DAYS_LOOKED_AT_MAX);
    loop {
        let stride = STRIDE.min(wanted.limit.saturating_add(wanted.to_skip)).min(facts_left);
        let found =
            desk.store.list_journal_places(desk.tenant, spot.day, (spot.order, spot.after.as_deref()), stride).await?;
        facts_left -= found.items.len().min(facts_left);
        let facts: Vec<_> = found.items.iter().map(|(_, fact)| fact.clone()).collect();
        for ((place, _), told) in found.items.into_iter().zip(rows.of(&facts).await?) {
            for (n, (row, state)) in told.into_iter().enumerate().skip(spot.told) {
                if !wanted.takes(&row, state) {
                    continue;
                }
                if wanted.to_skip > 0 {
                    wanted.to_skip -= 1;
                } else if page.len() >= wanted.limit {
                    return Ok((page, Some(Spot { told: n, ..spot })));
                } else {
                    page.push(row);
                }
            }
            spot = Spot { after: Some(place), told: 0, ..spot };
        }
        if found.next.is_none() {
            let (is_over, step) = match spot.order {
                Order::Oldest => (spot.day >= wanted.end, 1),
                Order::Newest => (spot.day <= wanted.end, -1),
            };
            if is_over {
                return Ok((page, None));
            }
            spot = Spot::at_start_of(spot.order, plus(spot.day, step)?);
            days_left -= 1;
        }
        if facts_left == 0 || days_left == 0 {
            return Ok((page, Some(spot)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_spot_comes_back_as_it_was(day in 1_i8..=28, told in 0_usize..100, n in 0_u64..1_000_000) {
            let day = BusinessDay::new(2026, 9, day).expect("a day");
            let places = [None, Some(format!("2026-09-30T12:00:00.{n:06}Z#sal_{n}"))];
            for after in places {
                for order in [Order::Oldest, Order::Newest] {
                    let spot = Spot { order, day, after: after.clone(), told };
                    prop_assert_eq!(Spot::parse(&spot.to_text()), Some(spot));
                }
            }
        }
    }
}
