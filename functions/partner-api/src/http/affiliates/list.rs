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
    #[serde(default, deserialize_with = "edge::page::cursor")]
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
    let partner = who::asked_of_one(&caller, asked.partner_id.as_deref())?;
    let program = asked.program_id.as_deref().map(ProgramId::parse).transpose();
    let program = program.map_err(|why| Problem::bad_parameter("program_id", why.to_string()))?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| LinkId::parse(id).ok())?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    let wanted = asked.status.map(LinkStatus::from);
    let is_wanted = |link: &Link| {
        let status = link.status_at(now);
        let fits = wanted.map_or(status != LinkStatus::Archived, |wanted| wanted == status);
        fits && program.as_ref().is_none_or(|program| *program == link.program)
    };
    let read = |after: Option<LinkId>| {
        let (store, tenant, partner) = (&app.store, &tenant, partner.as_ref());
        async move {
            match partner {
                Some(partner) => store.list_partner_links(tenant, partner, after.as_ref(), limit).await,
                None => store.list_links(tenant, after.as_ref(), limit).await,
            }
        }
    };
    let page = page::gather((limit, after), read, |link: &Link| link.id.clone(), is_wanted).await?;
    let said = said_of(&app, &tenant, &page.items).await?;
    let data = page.items.iter().map(|link| body(&app, link, &said)).collect();
    Listed::new(data, page.next.as_ref().map(LinkId::as_str)).answer(format, "links", &COLUMNS)
}
