//! The queue of reviews, and the person who decides one.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use cases::risk::{self, Ruled};
use domain::fraud::Band;
use domain::fraud::review::{Deciding, Refused, Review, ReviewState, Subject, Verdict};
use domain::id::ReviewId;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Checked, Query, Segments};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use serde::{Deserialize, Serialize};
use store::risk::ReviewPlace;
use utoipa::{IntoParams, ToSchema};

use super::queue::{self, Asked};
use super::{REVIEWERS, REVIEWERS_AND_READERS, actor, wrong};
use crate::App;

const REASON_CHARS_MAX: usize = 1_000;
/// It stands in each line that takes something back.
const NOTE_CHARS_MAX: usize = 300;
/// The columns of the list as CSV.
const COLUMNS: [&str; 11] = [
    "id",
    "sale_id",
    "partner_ids",
    "score",
    "band",
    "reasons",
    "status",
    "opened_at",
    "decided_by",
    "decided_at",
    "decision_reason",
];

/// Which reviews.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RiskQuery {
    /// `open`, `watching`, `released` or `rejected`; `open` when left out.
    status: Option<String>,
    /// `watch`, `hold` or `suspend`; every band when left out.
    band: Option<String>,
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// What was noticed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RiskSignalView {
    /// Whom it is about.
    partner_id: String,
    /// The reason code.
    #[schema(example = "self_referral_email")]
    code: &'static str,
    /// How much it weighs.
    points: u16,
    /// What makes it so.
    detail: String,
}

/// A review: what was noticed, what it weighs, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RiskReviewView {
    /// Its id.
    id: String,
    /// The sale that it is about; null for one about a partner.
    sale_id: Option<String>,
    /// The partners whom something was noticed about.
    partner_ids: Vec<String>,
    /// The points, 0 to 100.
    score: u16,
    /// What they mean: `watch`, `hold` or `suspend`.
    #[schema(example = "hold")]
    band: &'static str,
    /// The reason codes, gravest partner's and others'.
    reasons: Vec<&'static str>,
    /// Each with its points.
    signals: Vec<RiskSignalView>,
    /// Is the sale's commission held until this is decided?
    holds_sale: bool,
    /// The partners to whom nothing is paid until this is decided.
    stops_payouts_of: Vec<String>,
    /// Do the points propose to suspend? Nobody is suspended but by a person.
    proposes_suspension: bool,
    /// `open`, `watching`, `released` or `rejected`.
    #[schema(example = "open")]
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// Who decided, or looked last.
    decided_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// Why, in their words.
    decision_reason: Option<String>,
}

impl From<&Review> for RiskReviewView {
    fn from(review: &Review) -> Self {
        let is_undecided = review.ended().is_none();
        let decided = match &review.state {
            ReviewState::Open => None,
            ReviewState::Watching { looked } => looked.as_ref(),
            ReviewState::Released { decided } | ReviewState::Rejected { decided } => Some(decided),
        };
        let signals = review.findings.iter().flat_map(|finding| {
            finding.signals.iter().map(|signal| RiskSignalView {
                partner_id: finding.partner.to_string(),
                code: signal.code.code(),
                points: signal.points,
                detail: signal.detail.clone(),
            })
        });
        let signals: Vec<RiskSignalView> = signals.collect();
        let mut reasons: Vec<&'static str> = signals.iter().map(|signal| signal.code).collect();
        reasons.sort_unstable();
        reasons.dedup();
        let stopped = if is_undecided { review.stopped() } else { Vec::new() };
        Self {
            id: review.id.to_string(),
            sale_id: match &review.subject {
                Subject::Sale { sale } => Some(sale.to_string()),
                Subject::Partner { .. } => None,
            },
            partner_ids: review.partners().iter().map(ToString::to_string).collect(),
            score: review.score(),
            band: review.band().word(),
            reasons,
            signals,
            holds_sale: is_undecided && review.holds_sale(),
            stops_payouts_of: stopped.iter().map(ToString::to_string).collect(),
            proposes_suspension: review.band().stops_payouts(),
            status: review.state.word(),
            opened_at: review.opened_at,
            decided_by: decided.map(|decided| decided.by.clone()),
            decided_at: decided.map(|decided| decided.at),
            decision_reason: decided.map(|decided| decided.reason.clone()),
        }
    }
}

/// What a person decides about a review.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecideBody {
    /// `release`: nothing is wrong, what is held goes back. `reject`: it is fraud, what is held is taken back. `watch`:
    /// not yet, everything stays as it is.
    #[garde(skip)]
    #[schema(value_type = String, example = "release")]
    decision: Verdict,
    /// Why, for the audit trail.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    reason: String,
    /// With `reject` of a sale: what its partners read in the explanation of what is taken back. Without it they read that
    /// the sale was rejected.
    #[garde(inner(length(chars, min = 1, max = NOTE_CHARS_MAX), custom(plain)))]
    partner_note: Option<String>,
    /// With `reject`: are the partners suspended as well? One about a partner always suspends.
    #[garde(skip)]
    #[serde(default)]
    suspend: bool,
}

/// Text for people: something to read, and nothing that steers a terminal or a spreadsheet.
fn plain(text: &str, _: &()) -> garde::Result {
    if text.trim().is_empty() || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(garde::Error::new("must be readable text"));
    }
    Ok(())
}

/// Reviews, newest first.
///
/// A page with a band may have fewer than asked for, and `next_cursor` all the same: go on until there is none.
#[utoipa::path(
    get, path = "/v1/risk", tag = "risk", params(RiskQuery),
    responses((status = 200, description = "A page of reviews; CSV for `Accept: text/csv`.", body = Listed<RiskReviewView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(query): Query<RiskQuery>,
) -> Result<Response, Problem> {
    caller.require(REVIEWERS_AND_READERS)?;
    let status = query.status.as_deref().unwrap_or("open");
    if !ReviewState::WORDS.contains(&status) {
        return Err(Problem::bad_parameter("status", format!("one of {}", ReviewState::WORDS.join(", "))));
    }
    let band = match query.band.as_deref() {
        Some(word) => {
            let band = Band::ALL.into_iter().find(|band| band.word() == word);
            Some(band.ok_or_else(|| Problem::bad_parameter("band", "one of watch, hold, suspend"))?)
        }
        None => None,
    };
    let limit = limit(query.limit)?;
    let after = match query.cursor.as_deref() {
        Some(cursor) => {
            let place = ReviewPlace::parse(cursor);
            Some(place.ok_or_else(|| Problem::bad_parameter("cursor", "not a cursor of this list"))?)
        }
        None => None,
    };
    let page = queue::page(&app, &caller.tenant_key(), Asked { status, band, limit, after }).await?;
    let data = page.items.iter().map(|stored| RiskReviewView::from(&stored.review)).collect();
    csv::answer(query.format.unwrap_or(accepted), "risk", &COLUMNS, Listed { data, next_cursor: page.next })
}

/// One review.
#[utoipa::path(
    get, path = "/v1/risk/{id}", tag = "risk",
    params(("id" = String, Path, description = "The review's id.")),
    responses((status = 200, description = "The review.", body = RiskReviewView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<RiskReviewView>, Problem> {
    caller.require(REVIEWERS_AND_READERS)?;
    let id = named(&id)?;
    let stored = app.store.get_review(&caller.tenant_key(), &id).await?.ok_or_else(no_such_review)?;
    Ok(Json(RiskReviewView::from(&stored.review)))
}

/// Decide a review.
///
/// Only this releases what signals of fraud hold: no time does. What was decided stays decided; of two people who decide
/// at once the second is answered 409.
#[utoipa::path(
    post, path = "/v1/risk/{id}/decide", tag = "risk", request_body = DecideBody,
    params(
        ("id" = String, Path, description = "The review's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The review.", body = RiskReviewView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn decide(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Segments(id): Segments<String>,
    Checked(body): Checked<DecideBody>,
) -> Result<Json<RiskReviewView>, Problem> {
    caller.require(REVIEWERS)?;
    let id = named(&id)?;
    let (tenant, by) = (caller.tenant_key(), actor(&caller, origin));
    let DecideBody { decision: verdict, reason, partner_note: told_partner, suspend: suspends } = body;
    let deciding = Deciding { verdict, suspends, reason, told_partner, by, at: app.clock.now() };
    match risk::decide(&app.store, &tenant, &id, &deciding).await.map_err(wrong)? {
        Ruled::Done(review) => {
            tracing::info!(review.id = %id, review.state = review.state.word(), by = %caller.subject, "review decided");
            Ok(Json(RiskReviewView::from(review.as_ref())))
        }
        Ruled::Already(review) => Ok(Json(RiskReviewView::from(review.as_ref()))),
        Ruled::NotFound => Err(no_such_review()),
        Ruled::Overtaken => {
            Err(Problem::conflict("the review has changed meanwhile; look at it again").kind("review-changed"))
        }
        Ruled::Refused(refused) => Err(refusal(&refused)),
    }
}

fn refusal(refused: &Refused) -> Problem {
    let detail = refused.to_string();
    match refused {
        Refused::AlreadyDecided { .. } => Problem::conflict(detail).kind("already-decided"),
        Refused::NothingToSuspend => Problem::impossible("/suspend", detail),
        Refused::NothingToTell => Problem::impossible("/partner_note", detail),
    }
}

fn named(id: &str) -> Result<ReviewId, Problem> {
    ReviewId::parse(id).map_err(|_| no_such_review())
}

fn no_such_review() -> Problem {
    Problem::not_found("no such review")
}
