//! Why a commission is what it is, and why a sale has none.

use axum::Json;
use axum::extract::State;
use domain::explain::{self, Explanation, Facts};
use domain::id::{LineId, SaleId};
use edge::auth::Caller;
use edge::body::Segments;
use edge::openapi::Refusals;
use edge::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Whereabouts, whereabouts};
use crate::App;
use crate::http::who;

/// Why, in sentences and in facts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplanationBody {
    /// What is explained.
    id: String,
    /// To be read in order.
    #[schema(example = json!(["You earned 29.70 USD for in_1.", "That is 30 % of 99.00 USD."]))]
    sentences: Vec<String>,
    /// What the sentences were made of: reason, base, reward, rule version, month, and notes such as `clause: …`,
    /// `override: …`, `cap: …`.
    #[schema(value_type = Object)]
    facts: Facts,
}

/// Explain one of the partner's commissions.
///
/// Everything was kept with the line: a later rule changes no explanation. For staff a sale's id (`sal_…`) is explained as
/// well, also one without a commission: why nobody is credited.
#[utoipa::path(
    get,
    path = "/v1/partners/revenue/commissions/{id}/explain",
    tag = "figures",
    params(("id" = String, Path)),
    responses((status = 200, body = ExplanationBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<ExplanationBody>, Problem> {
    let own = who::own_partner(&caller)?;
    let missing = || Problem::not_found("no such commission");
    let tenant = caller.tenant_key();
    let explained = if let Ok(sale) = SaleId::parse(&id) {
        // A sale may be several partners': only staff sees it whole.
        if own.is_some() {
            return Err(missing());
        }
        explain::sale(&app.store.get_sale(&tenant, &sale).await?.ok_or_else(missing)?)
    } else {
        let (origin, n) = LineId::parse(&id).map_err(|_| missing())?.origin_and_number();
        let Whereabouts { account, place, sale } = whereabouts(&app, &tenant, &origin, n).await?.ok_or_else(missing)?;
        // Of another partner's nothing is told, not even that it exists.
        if own.is_some_and(|own| own != account.partner) {
            return Err(missing());
        }
        let line = app.store.get_line(&tenant, &account, place, &origin, n).await?.ok_or_else(missing)?;
        explain::line(&line, sale.as_ref())
    };
    let Explanation { sentences, facts } = explained;
    Ok(Json(ExplanationBody { id, sentences, facts }))
}
