//! A link as it is shown, with what is counted of it.

use std::collections::BTreeMap;

use domain::currency::Currency;
use domain::id::{LinkId, ProgramId};
use domain::money::Money;
use domain::rate::Rate;
use domain::rule::{Reward, in_force};
use domain::time::{Timestamp, Zone};
use edge::problem::Problem;
use serde::Serialize;
use store::TenantKey;
use store::link_sales::LinkSales;
use store::links::Link;
use utoipa::ToSchema;

use crate::App;

/// Of how many days the clicks of a link are shown.
const CLICKS_DAYS: i32 = 366;

/// The columns of the list as CSV.
pub(super) const COLUMNS: [&str; 17] = [
    "id",
    "partner_id",
    "program_id",
    "unique_code",
    "url",
    "destination",
    "commission_rate",
    "clicks",
    "conversions",
    "revenue_generated",
    "currency",
    "status",
    "active",
    "label",
    "expires_at",
    "archived_at",
    "created_at",
];

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkBody {
    id: String,
    partner_id: String,
    program_id: String,
    #[schema(example = "spring-sale")]
    unique_code: String,
    /// What the partner hands out.
    #[schema(example = "https://go.example/r/spring-sale")]
    url: String,
    #[schema(example = "https://shop.example/start")]
    destination: String,
    /// The link's own rate, else the one in force now; null when the programme pays a flat amount.
    #[schema(example = "0.3")]
    commission_rate: Option<String>,
    /// How many clicks through it count, within the last 366 days, today's included; a minute old at most.
    #[schema(example = 1204)]
    clicks: u64,
    /// How many sales it brought of which something is left; a minute old at most.
    #[schema(example = 17)]
    conversions: u64,
    /// What was paid for them less what went back, in the programme's currency; of a sale that several share, its share.
    #[schema(example = "1250.00")]
    revenue_generated: String,
    /// The programme's.
    #[schema(example = "USD")]
    currency: String,
    /// The same in other currencies, where it sold in any.
    other_revenue: Vec<RevenueBody>,
    /// `active`, `paused` (nobody is sent on), `expired` (sent on, not counted) or `archived`.
    #[schema(example = "active")]
    status: &'static str,
    active: bool,
    #[schema(example = "Newsletter, header")]
    label: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    archived_at: Option<Timestamp>,
    /// Parameters of the link's own.
    sub_ids: BTreeMap<String, String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What a link sold in a currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkRevenue)]
pub(crate) struct RevenueBody {
    conversions: u64,
    #[schema(example = "80.00")]
    revenue_generated: String,
    #[schema(example = "EUR")]
    currency: String,
}

/// What a programme says of its links.
struct Frame {
    rate: Option<Rate>,
    currency: Currency,
}

/// What is said of links beside themselves.
pub(super) struct Said {
    programs: BTreeMap<ProgramId, Frame>,
    clicks: BTreeMap<LinkId, u64>,
    sales: BTreeMap<LinkId, LinkSales>,
}

pub(super) async fn said_of(app: &App, tenant: &TenantKey, links: &[Link]) -> Result<Said, Problem> {
    let today = Zone::utc().day_of(app.clock.now());
    let from = today.plus_days(1 - CLICKS_DAYS).unwrap_or(today);
    let ids: Vec<LinkId> = links.iter().map(|link| link.id.clone()).collect();
    let clicks = app.store.total_clicks(tenant, &ids, (from, today)).await?;
    let sales = app.store.total_link_sales(tenant, &ids).await?;
    Ok(Said { programs: programs(app, tenant, links).await?, clicks, sales })
}

/// The currency of each programme that these links belong to, and its rate in force now.
async fn programs(app: &App, tenant: &TenantKey, links: &[Link]) -> Result<BTreeMap<ProgramId, Frame>, Problem> {
    let now = app.clock.now();
    let mut frames = BTreeMap::new();
    for link in links {
        if frames.contains_key(&link.program) {
            continue;
        }
        let Some(program) = app.store.get_program(tenant, &link.program).await? else { continue };
        let rules = app.store.list_rules(tenant, &link.program).await?;
        let rate = in_force(&rules, now).and_then(|rule| match &rule.terms.clauses.first()?.reward {
            Reward::Percentage(rate) => Some(*rate),
            Reward::Flat(_) | Reward::Banded => None,
        });
        frames.insert(link.program.clone(), Frame { rate, currency: program.currency });
    }
    Ok(frames)
}

pub(super) fn body(app: &App, link: &Link, said: &Said) -> LinkBody {
    let frame = said.programs.get(&link.program);
    // A programme is never deleted: one that is not there is a store that lost it, and the link is shown all the same.
    let currency = frame.map_or(Currency::USD, |frame| frame.currency);
    let rate = link.commission_rate.or_else(|| frame.and_then(|frame| frame.rate));
    let nothing = LinkSales::default();
    let sales = said.sales.get(&link.id).unwrap_or(&nothing);
    let own = sales.by_currency.get(&currency);
    let others = sales.by_currency.iter().filter(|(other, sold)| **other != currency && !sold.is_nothing());
    LinkBody {
        id: link.id.to_string(),
        partner_id: link.partner.to_string(),
        program_id: link.program.to_string(),
        unique_code: link.code.clone(),
        url: url_of(app, link),
        destination: link.destination.clone(),
        commission_rate: rate.map(|rate| rate.to_string()),
        clicks: said.clicks.get(&link.id).copied().unwrap_or(0),
        conversions: own.map_or(0, |sold| sold.conversions),
        revenue_generated: own.map_or(Money::zero(currency), |sold| sold.revenue).to_text(),
        currency: currency.to_string(),
        other_revenue: others
            .map(|(currency, sold)| RevenueBody {
                conversions: sold.conversions,
                revenue_generated: sold.revenue.to_text(),
                currency: currency.to_string(),
            })
            .collect(),
        status: link.status_at(app.clock.now()).word(),
        active: link.active,
        label: link.details.label.clone(),
        expires_at: link.details.expires_at,
        archived_at: link.details.archived_at,
        sub_ids: link.details.sub_ids.clone(),
        created_at: link.created_at,
    }
}

/// What the partner hands out.
pub(super) fn url_of(app: &App, link: &Link) -> String {
    format!("{}/r/{}", app.place.public_url, link.code)
}
