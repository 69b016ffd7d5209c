//! What was withheld and is handed on to the tax office: entered by one person, approved by another.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Actor, Deed, append};
use domain::currency::Currency;
use domain::id::RemittanceId;
use domain::money::AmountText;
use domain::tax::batch::{Mistaken, NotRemitted, Remittance, RemittanceState, TaxYear};
use domain::tax::threshold;
use domain::time::{BusinessDay, Timestamp};
use edge::auth::{Approver, Caller};
use edge::body::{Checked, Query, Segments};
use edge::csv::{self, Format};
use edge::faults::of_amount;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::tax_years::Versioned;
use store::{TenantKey, Written};
use utoipa::ToSchema;

use super::{FILERS, SEERS, acting};
use crate::App;
use crate::http::page::{PageQuery, after, listed};
use crate::http::{Here, Id, plain};

const REFERENCE_CHARS_MAX: usize = 200;
const REASON_CHARS_MAX: usize = 1_000;
const TRIES_MAX: usize = 5;
const COLUMNS: [&str; 12] = [
    "id",
    "year",
    "amount",
    "currency",
    "deposited_on",
    "reference",
    "state",
    "created_by",
    "created_at",
    "approved_by",
    "mistaken_by",
    "taken_back_by",
];

/// What was deposited with the tax office.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = TaxRemittanceBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnterBody {
    /// Of which year's payments it was withheld.
    #[garde(skip)]
    #[schema(example = 2026)]
    year: i16,
    /// How much, in dollars.
    #[garde(skip)]
    #[schema(value_type = String, example = "24000.00")]
    amount: AmountText,
    /// The day of the deposit.
    #[garde(skip)]
    #[schema(value_type = String, format = Date)]
    deposited_on: BusinessDay,
    /// What the tax office knows it by.
    #[garde(length(chars, min = 1, max = REFERENCE_CHARS_MAX), custom(plain))]
    #[schema(example = "EFT 270412345678901")]
    reference: String,
}

/// Why not.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = TaxRemittanceRejectBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct RejectBody {
    /// For people.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    reason: String,
}

/// Why it was a mistake.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = TaxRemittanceTakeBackBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeBackBody {
    /// For people.
    #[garde(length(chars, min = 1, max = REASON_CHARS_MAX), custom(plain))]
    reason: String,
}

/// What was withheld and handed on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxRemittanceView {
    /// Its id.
    id: String,
    /// Of which year.
    year: i16,
    /// How much.
    amount: String,
    /// ISO currency: dollars.
    currency: String,
    /// The day of the deposit.
    #[schema(value_type = String, format = Date)]
    deposited_on: BusinessDay,
    /// What the tax office knows it by.
    reference: String,
    /// `pending` until a second person has said yes; `booked` or `rejected`; `taken_back`, where two people say that it was
    /// booked by mistake.
    #[schema(example = "pending")]
    state: &'static str,
    /// Who entered it.
    created_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The second person; null while it waits, and of what was taken back before this was kept.
    approved_by: Option<String>,
    /// Who said no.
    rejected_by: Option<String>,
    /// Why.
    rejection_reason: Option<String>,
    /// Who says that it was booked by mistake.
    mistaken_by: Option<String>,
    /// Why.
    mistaken_because: Option<String>,
    /// Who said last that it was no mistake: whoever had called it one, or another.
    upheld_by: Option<String>,
    /// Why.
    upheld_because: Option<String>,
    /// Who says that it was a mistake, too: from then on it is owed again.
    taken_back_by: Option<String>,
    /// Why, in their words.
    taken_back_because: Option<String>,
}

impl From<&Remittance> for TaxRemittanceView {
    fn from(of: &Remittance) -> Self {
        let (rejected_by, rejection_reason) = match of.state.clone() {
            RemittanceState::Rejected { rejected_by, why_rejected } => (Some(rejected_by), Some(why_rejected)),
            _ => (None, None),
        };
        let (taken_back_by, taken_back_because) = match of.state.clone() {
            RemittanceState::TakenBack { taken_back_by, taken_back_because, .. } => {
                (Some(taken_back_by), taken_back_because)
            }
            _ => (None, None),
        };
        Self {
            id: of.id.to_string(),
            year: of.year,
            amount: of.amount.to_text(),
            currency: of.amount.currency().to_string(),
            deposited_on: of.deposited_on,
            reference: of.reference.clone(),
            state: of.state.word(),
            created_by: of.by.clone(),
            created_at: of.at,
            approved_by: of.approved_by().map(str::to_owned),
            rejected_by,
            rejection_reason,
            mistaken_by: of.mistaken().map(|mistaken| mistaken.by.clone()),
            mistaken_because: of.mistaken().map(|mistaken| mistaken.why.clone()),
            upheld_by: of.upheld().map(|upheld| upheld.by.clone()),
            upheld_because: of.upheld().map(|upheld| upheld.why.clone()),
            taken_back_by,
            taken_back_because,
        }
    }
}

/// What was withheld and handed on, newest first.
#[utoipa::path(
    get, path = "/v1/revenue/tax/remittances", tag = "tax-forms", params(PageQuery),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<TaxRemittanceView>), Refusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(SEERS)?;
    let before = after(query.cursor.as_deref(), |name| RemittanceId::parse(name).ok())?;
    let page = app.store.list_remittances(&caller.tenant_key(), before.as_ref(), limit(query.limit)?).await?;
    let data: Vec<TaxRemittanceView> = page.items.iter().map(TaxRemittanceView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "tax-remittances", &COLUMNS, listed(data, page.next))
}

/// Enter what was deposited with the tax office.
///
/// It is in the books once another person has approved it.
#[utoipa::path(
    post, path = "/v1/revenue/tax/remittances", tag = "tax-forms", request_body = EnterBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "It waits for a second person.", body = TaxRemittanceView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn enter(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Checked(body): Checked<EnterBody>,
) -> Result<Response, Problem> {
    caller.require(FILERS)?;
    let tenant = caller.tenant_key();
    threshold(body.year).map_err(|error| Problem::unprocessable(error.to_string()).kind("unknown-tax-year"))?;
    let amount = body.amount.not_negative_in(Currency::USD);
    let amount = amount.map_err(|error| of_amount("/amount", &error))?;
    if amount.is_zero() {
        return Err(Problem::impossible("/amount", "must be above zero"));
    }
    let zone = app.store.get_settings(&tenant).await?.ledger_zone;
    if body.deposited_on > zone.day_of(app.clock.now()) {
        return Err(Problem::impossible("/deposited_on", "lies in the future"));
    }
    let by = acting(&caller, origin);
    let remittance = Remittance {
        id: RemittanceId::from_ulid(minting.ulid("remittance")),
        year: body.year,
        amount,
        deposited_on: body.deposited_on,
        reference: body.reference,
        by: by.id.clone(),
        at: minting.at(),
        state: RemittanceState::Pending,
    };
    let told = told(&app, &tenant, (None, &remittance), (by, minting.at()), "tax_remittance.entered").await?;
    // Refused where the same request has entered it: it stands, whatever became of it since.
    let _: Written = app.store.write_remittance(&tenant, (&remittance, 0), None, &told).await?;
    let there = app.store.get_remittance(&tenant, &remittance.id).await?.ok_or_else(Problem::internal)?;
    tracing::info!(remittance.id = %remittance.id, by = %caller.subject, "remittance entered");
    Ok((StatusCode::CREATED, Json(TaxRemittanceView::from(&there.it))).into_response())
}

/// Approve what somebody else entered: what is owed to the tax office is less by it.
///
/// Refused where more would be handed on than the last count of the year found withheld: count the year again first. A
/// deposit is booked once: of two of one year with the same reference the second is refused.
#[utoipa::path(
    post, path = "/v1/revenue/tax/remittances/{id}/approve", tag = "tax-forms",
    params(
        ("id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Booked.", body = TaxRemittanceView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn approve(
    State(app): Here,
    Approver(caller): Approver,
    origin: Origin,
    Segments(id): Id,
) -> Result<Json<TaxRemittanceView>, Problem> {
    caller.require(FILERS)?;
    step(&app, &caller, origin, &id, Word::Yes).await
}

/// Say no to what waits for a second person.
///
/// To what was entered: it is rejected. To the word of one person that it was booked by mistake: it stays booked, and two must
/// say so anew. Whoever entered it, or said that word, takes it back in the same way.
#[utoipa::path(
    post, path = "/v1/revenue/tax/remittances/{id}/reject", tag = "tax-forms", request_body = RejectBody,
    params(
        ("id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Rejected, or booked as before.", body = TaxRemittanceView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn reject(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
    Checked(body): Checked<RejectBody>,
) -> Result<Json<TaxRemittanceView>, Problem> {
    caller.require(FILERS)?;
    step(&app, &caller, origin, &id, Word::No(body.reason)).await
}

/// Say that it was booked by mistake, or under a wrong reference.
///
/// One person says so and nothing changes; once another has said so here, too, it is owed again, and the deposit may be
/// booked as it was. Until then whoever said it takes it back by `reject`, and another says no to it there.
#[utoipa::path(
    post, path = "/v1/revenue/tax/remittances/{id}/take-back", tag = "tax-forms", request_body = TakeBackBody,
    params(
        ("id" = String, Path, description = "Its id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Said, or taken back.", body = TaxRemittanceView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn take_back(
    State(app): Here,
    Approver(caller): Approver,
    origin: Origin,
    Segments(id): Id,
    Checked(body): Checked<TakeBackBody>,
) -> Result<Json<TaxRemittanceView>, Problem> {
    caller.require(FILERS)?;
    step(&app, &caller, origin, &id, Word::Mistake(body.reason)).await
}

/// What a person says to it.
#[derive(Clone)]
enum Word {
    Yes,
    No(String),
    Mistake(String),
}

async fn step(
    app: &App,
    caller: &Caller,
    origin: Origin,
    id: &str,
    word: Word,
) -> Result<Json<TaxRemittanceView>, Problem> {
    let (tenant, by, at) = (caller.tenant_key(), acting(caller, origin), app.clock.now());
    let missing = || Problem::not_found("no such remittance");
    let id = RemittanceId::parse(id).map_err(|_| missing())?;
    for _ in 0..TRIES_MAX {
        let before = app.store.get_remittance(&tenant, &id).await?.ok_or_else(missing)?;
        if is_said(&before.it, &by, &word) {
            return Ok(Json(TaxRemittanceView::from(&before.it)));
        }
        if matches!(word, Word::Yes) {
            refuse_twin(app, &tenant, &before.it).await?;
        }
        let year = app.store.get_tax_year(&tenant, before.it.year).await?;
        let (after, changed) = match word.clone() {
            Word::Yes => before.it.approve(&year.it, &by, at).map(|(after, year)| (after, Some(year))),
            Word::No(why) => before.it.reject(&by, (why, at)).map(|after| (after, None)),
            Word::Mistake(why) => before.it.take_back(&year.it, &by, (why, at)),
        }
        .map_err(|refused| not_remitted(&refused))?;
        if write(app, &tenant, (&before, &after), (changed, year.version), (by.clone(), at)).await? {
            tracing::info!(remittance.id = %id, state = after.state.word(), by = %caller.subject, "remittance moved");
            return Ok(Json(TaxRemittanceView::from(&after)));
        }
    }
    Err(Problem::unavailable("others change this at the moment; try again"))
}

/// V11: what was deposited once is booked once, however often it was entered.
async fn refuse_twin(app: &App, tenant: &TenantKey, remittance: &Remittance) -> Result<(), Problem> {
    let Some(twin) = app.store.get_booked_twin(tenant, remittance).await? else { return Ok(()) };
    let detail = format!("{twin} of this year is booked by the same reference: it is the same deposit");
    Err(Problem::conflict(detail).kind("deposit-booked"))
}

/// Did this person say this already? A lost answer is asked for again.
fn is_said(remittance: &Remittance, by: &Actor, word: &Word) -> bool {
    match (&remittance.state, word) {
        (RemittanceState::Booked { approved_by, .. }, Word::Yes) => *approved_by == by.id,
        (RemittanceState::Rejected { rejected_by, why_rejected }, Word::No(why)) => {
            *rejected_by == by.id && why_rejected == why
        }
        (RemittanceState::Booked { upheld: Some(upheld), .. }, Word::No(why)) => is_word(upheld, by, why),
        (RemittanceState::Booked { mistaken: Some(mistaken), .. }, Word::Mistake(why)) => is_word(mistaken, by, why),
        (RemittanceState::TakenBack { mistaken, taken_back_by, taken_back_because, .. }, Word::Mistake(why)) => {
            // Of what was taken back before the words were kept, whoever said it has said it in any.
            let is_second = *taken_back_by == by.id && taken_back_because.as_ref().is_none_or(|said| said == why);
            is_second || is_word(mistaken, by, why)
        }
        _ => false,
    }
}

fn is_word(said: &Mistaken, by: &Actor, why: &str) -> bool {
    said.by == by.id && said.why == why
}

async fn write(
    app: &App,
    tenant: &TenantKey,
    (before, after): (&Versioned<Remittance>, &Remittance),
    (year, year_version): (Option<TaxYear>, u64),
    who: (Actor, Timestamp),
) -> Result<bool, Problem> {
    let action = match after.state {
        RemittanceState::Rejected { .. } => "tax_remittance.rejected",
        RemittanceState::TakenBack { .. } => "tax_remittance.taken_back",
        RemittanceState::Booked { mistaken: Some(_), .. } => "tax_remittance.called_mistaken",
        RemittanceState::Booked { upheld: Some(_), .. } => "tax_remittance.upheld",
        _ => "tax_remittance.booked",
    };
    let told = told(app, tenant, (Some(&before.it), after), who, action).await?;
    let year = year.as_ref().map(|year| (year, year_version));
    let written = app.store.write_remittance(tenant, (after, before.version), year, &told).await?;
    Ok(written == Written::Yes)
}

async fn told(
    app: &App,
    tenant: &TenantKey,
    (before, after): (Option<&Remittance>, &Remittance),
    (actor, at): (Actor, Timestamp),
    action: &'static str,
) -> Result<domain::audit::AuditEntry, Problem> {
    let aggregate = after.aggregate();
    let end = app.store.get_chain_end(tenant, &aggregate).await?;
    let old = before.map(Remittance::told).unwrap_or_default();
    Ok(append(end, &aggregate, Deed { at, actor, action, old, new: after.told() }))
}

fn not_remitted(refused: &NotRemitted) -> Problem {
    let detail = refused.to_string();
    match refused {
        NotRemitted::RoleMayNot { .. } => Problem::forbidden(detail),
        NotRemitted::SamePerson | NotRemitted::SaidByYou => Problem::forbidden(detail).kind("second-person-needed"),
        NotRemitted::WrongState { .. } => Problem::conflict(detail).kind("wrong-state"),
        NotRemitted::MoreThanOwed { .. } => Problem::conflict(detail).kind("more-than-owed"),
    }
}
