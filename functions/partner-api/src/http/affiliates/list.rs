//! Lists of links.

use axum::extract::State;
use axum::response::Response;
use domain::id::{LinkId, ProgramId};
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::Format;
use edge::openapi::Refusals;
use edge::problem::Problem;
use serde::Deserialize;
use store::links::{Link, LinkStatus};
use utoipa::{IntoParams, ToSchema};

use super::shown::{COLUMNS, LinkBody, body, said_of};
use crate::App;
use crate::http::page::{self, Listed};
use crate::http::who;

/// How many reads one page may take where few links match; a page that finds too few by then says where to go on.
const READS_MAX: usize = 8;

/// The words of a link's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LinkStatusWord)]
pub(crate) enum StatusWord {
    /// Visitors are sent on, and counted.
    Active,
    /// Visitors are told that there is no such link.
    Paused,
    /// Visitors are sent on, and not counted.
    Expired,
    /// Put away.
    Archived,
}

impl From<StatusWord> for LinkStatus {
    fn from(word: StatusWord) -> Self {
        match word {
            StatusWord::Active => Self::Active,
            StatusWord::Paused => Self::Paused,
            StatusWord::Expired => Self::Expired,
            StatusWord::Archived => Self::Archived,
        }
    }
}

/// Which links.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only this partner's; a partner sees its own anyway.
    partner_id: Option<String>,
    /// Only this programme's.
    program_id: Option<String>,
    /// Only those in this state; all but the archived when left out.
    #[param(inline)]
    status: Option<StatusWord>,
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    cursor: Option<String>,
    /// `csv` for CSV; so does `Accept: text/csv`.
    #[expect(dead_code, reason = "read by the answer's format; here for the documentation")]
    #[param(value_type = Option<String>, example = "csv")]
    format: Option<String>,
}

/// List links.
///
/// Newest first. A partner sees its own. A page may be shorter than asked for and not the last: `next_cursor` says.
#[utoipa::path(
    get,
    path = "/v1/revenue/affiliates",
    tag = "links",
    params(Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<LinkBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let page = page_of(&app, &caller, &asked).await?;
    let said = said_of(&app, &caller.tenant_key(), &page.links).await?;
    let data = page.links.iter().map(|link| body(&app, link, &said)).collect();
    Listed::new(data, page.next.as_ref().map(LinkId::as_str)).answer(format, "links", &COLUMNS)
}

struct PageOfLinks {
    links: Vec<Link>,
    next: Option<LinkId>,
}

async fn page_of(app: &App, caller: &Caller, asked: &Asked) -> Result<PageOfLinks, Problem> {
    let is_for_one = who::own_partner(caller)?.is_some() || asked.partner_id.is_some();
    let partner = match is_for_one {
        true => Some(who::asked_partner(caller, asked.partner_id.as_deref())?),
        false => None,
    };
    let program = asked.program_id.as_deref().map(ProgramId::parse).transpose();
    let program = program.map_err(|why| Problem::bad_parameter("program_id", why.to_string()))?;
    let limit = page::limit(asked.limit)?;
    let mut after = page::after(asked.cursor.as_deref(), |id| LinkId::parse(id).ok())?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    let wanted = asked.status.map(LinkStatus::from);
    let is_wanted = |link: &Link| {
        let status = link.status_at(now);
        let fits = wanted.map_or(status != LinkStatus::Archived, |wanted| wanted == status);
        fits && program.as_ref().is_none_or(|program| *program == link.program)
    };
    let mut links: Vec<Link> = Vec::new();
    for _ in 0..READS_MAX {
        let read = match &partner {
            Some(partner) => app.store.list_partner_links(&tenant, partner, after.as_ref(), limit).await?,
            None => app.store.list_links(&tenant, after.as_ref(), limit).await?,
        };
        let is_last = read.next.is_none();
        let mut read = read.items.into_iter();
        for link in read.by_ref() {
            after = Some(link.id.clone());
            if is_wanted(&link) {
                links.push(link);
            }
            if links.len() == limit {
                break;
            }
        }
        if is_last && read.next().is_none() {
            return Ok(PageOfLinks { links, next: None });
        }
        if links.len() == limit {
            break;
        }
    }
    Ok(PageOfLinks { links, next: after })
}
