//! Lists of claims.

use axum::extract::State;
use axum::response::Response;
use domain::attribution::claim::Claim;
use domain::id::ClaimId;
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::Format;
use edge::openapi::Refusals;
use edge::problem::Problem;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::is_staff;
use super::shown::{COLUMNS, ClaimBody};
use crate::App;
use crate::http::page::{self, Listed};
use crate::http::who;

/// The words of a claim's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClaimStatusWord)]
pub(crate) enum StatusWord {
    /// A person has to decide.
    Pending,
    /// The customer is the partner's.
    Accepted,
    /// They are not.
    Declined,
}

impl StatusWord {
    fn fits(self, claim: &Claim) -> bool {
        let word = match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
        };
        claim.state.word() == word
    }
}

/// Which claims.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only this partner's; a partner sees its own anyway.
    partner_id: Option<String>,
    /// Only those in this state.
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

/// List claims.
///
/// Newest first. A partner sees its own. A page may be shorter than asked for and not the last: `next_cursor` says.
#[utoipa::path(
    get,
    path = "/v1/claims",
    tag = "claims",
    params(Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<ClaimBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let partner = who::asked_of_one(&caller, asked.partner_id.as_deref())?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| ClaimId::parse(id).ok())?;
    let tenant = caller.tenant_key();
    let read = |after: Option<ClaimId>| {
        let (store, tenant, partner) = (&app.store, &tenant, partner.as_ref());
        async move {
            match partner {
                Some(partner) => store.list_partner_claims(tenant, partner, after.as_ref(), limit).await,
                None => store.list_claims(tenant, after.as_ref(), limit).await,
            }
        }
    };
    let is_wanted = |claim: &Claim| asked.status.is_none_or(|status| status.fits(claim));
    let page = page::gather((limit, after), read, |claim: &Claim| claim.id.clone(), is_wanted).await?;
    let is_staff = is_staff(&caller);
    let data = page.items.iter().map(|claim| ClaimBody::of(claim, is_staff)).collect();
    Listed::new(data, page.next.as_ref().map(ClaimId::as_str)).answer(format, "claims", &COLUMNS)
}
