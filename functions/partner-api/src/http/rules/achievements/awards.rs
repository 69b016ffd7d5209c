//! What a partner has reached.

use axum::extract::State;
use axum::response::Response;
use cases::achievements::{Reached, reached};
use cases::error::CaseError;
use domain::id::AchievementId;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::Query;
use edge::csv::Format;
use edge::openapi::{Clashes, Refusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::http::page::{self, Listed};
use crate::http::partners::failed;
use crate::http::who;

/// The columns of the list as CSV.
const COLUMNS: [&str; 10] = [
    "achievement_id",
    "program_id",
    "partner_id",
    "name",
    "badge",
    "status",
    "month",
    "reached_at",
    "bonus",
    "currency",
];

/// Something that a partner has reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AchievementAward)]
pub(crate) struct AwardBody {
    #[schema(example = "ach_01JF8Q3W5T6Y7Z8A9B0C1D2E3F")]
    achievement_id: String,
    program_id: String,
    partner_id: String,
    #[schema(example = "First ten")]
    name: String,
    #[schema(example = "ten")]
    badge: Option<String>,
    /// `open`: in a month that is not counted yet, and a refund may still end it. `final`: for good.
    #[schema(example = "open")]
    status: &'static str,
    /// The month that it counts in; null for one that is final.
    #[schema(example = "2026-11")]
    month: Option<String>,
    /// When the sale happened that reached it; null for one that is final.
    #[schema(value_type = Option<String>, format = DateTime)]
    reached_at: Option<Timestamp>,
    /// What it earns, as a line of the partner's once the night has booked it; of one that is final the line tells it.
    #[schema(example = "100.00")]
    bonus: Option<String>,
    /// In which currency's sales it was reached.
    #[schema(example = "USD")]
    currency: String,
}

/// Whose.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of which partner; a partner leaves it out.
    partner_id: Option<String>,
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

/// List what a partner has reached.
///
/// By programme and name. What counts in open months is found as the night will find it, from the sales as they stand now.
#[utoipa::path(
    get,
    path = "/v1/achievements/awards",
    tag = "achievements",
    params(Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<AwardBody>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let partner = who::asked_partner(&caller, asked.partner_id.as_deref())?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |text| text.parse::<usize>().ok())?.unwrap_or(0);
    let tenant = caller.tenant_key();
    if app.store.get_partner(&tenant, &partner).await?.is_none() {
        return Err(Problem::not_found("no such partner"));
    }
    let all = reached(&app.store, &tenant, &partner).await.map_err(told)?;
    // What is reached is never put between what was shown: the list is short, and counted from its beginning.
    let next = after.saturating_add(limit);
    let next = (all.len() > next).then(|| next.to_string());
    let here = all.iter().skip(after).take(limit);
    let data = here.map(|reached| body(partner.as_str(), reached)).collect();
    Listed::new(data, next.as_deref()).answer(format, "achievement-awards", &COLUMNS)
}

fn told(error: CaseError) -> Problem {
    match error {
        CaseError::TooManySales { sales_max, .. } => {
            let detail =
                format!("the partner has more than {sales_max} sales in open months; ask again once they are counted");
            Problem::unprocessable(detail).kind("too-many-sales")
        }
        error => failed(error),
    }
}

fn body(partner: &str, reached: &Reached) -> AwardBody {
    let open = reached.open.as_ref();
    AwardBody {
        achievement_id: AchievementId::of(&reached.program, &reached.name).to_string(),
        program_id: reached.program.to_string(),
        partner_id: partner.to_owned(),
        name: reached.name.clone(),
        badge: reached.badge.clone(),
        status: if open.is_some() { "open" } else { "final" },
        month: open.map(|open| open.month.to_string()),
        reached_at: open.map(|open| open.at),
        bonus: open.map(|open| open.bonus.to_text()),
        currency: reached.currency.to_string(),
    }
}
