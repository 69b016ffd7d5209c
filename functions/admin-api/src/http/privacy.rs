//! OPS-4: what we hold of a person, as JSON; forgetting it; and not selling it.

mod held;

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use cases::privacy::{self, Asking, Erased, Kept, Refusal, SubjectId};
use domain::audit::Told;
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::Segments;
use edge::http::Origin;
use edge::idempotency::honoured;
use edge::openapi::{Bearer, Refusals, WriteRefusals};
use edge::problem::Problem;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::wrong;
use crate::App;

/// Who answers for what is held of people.
const KEEPERS: &[Role] = &[Role::Admin];

/// What we cannot reach, said with every export and erasure.
const ELSEWHERE: [&str; 5] = [
    "Events of providers are kept as they came, sealed under the tenant's key, until their time is over; then they are gone.",
    "Answers that were kept under an Idempotency-Key are sealed under a key that only the caller has, and go within days.",
    "Providers such as Stripe hold what they were told: ask them, too.",
    "Backups of the tables are kept for 35 days, and what was erased is in those that are older than the erasure.",
    "The ledger keeps ids and amounts, and the audit who did what, by ids; with the address and browser that each deed came from.",
];

/// What is held and not shown by an export, said with every one.
const LEFT_OUT: [&str; 5] = [
    "Clicks, sales, leads and lines of commission are in their own lists and statements, by the id of the person.",
    "Of what was sent by mail it is kept that it was sent; from where somebody worked is shown with the signals of fraud.",
    "Tax forms that gave way to the newest are kept sealed, and not opened here.",
    "What finance must know to pay somebody by hand is shown where it is paid: it may be the number of an account.",
    "Hashes, seals and secrets, and of each long list what is behind the first 500.",
];

/// The routes of privacy.
pub(super) fn routes(app: &App) -> Router<App> {
    // Whoever is erased twice is erased. An export is kept nowhere, not even under a key.
    let asked = Router::new()
        .route("/v1/privacy/{subject}/erase", post(erase))
        .route("/v1/privacy/{subject}/do-not-sell", post(do_not_sell))
        .route_layer(from_fn_with_state(app.clone(), honoured::<App>));
    Router::new().route("/v1/privacy/{subject}/export", post(export)).merge(asked)
}

#[derive(OpenApi)]
#[openapi(
    paths(export, erase, do_not_sell),
    modifiers(&Bearer),
    tags((name = "privacy", description = "What is held of a person: shown, forgotten, not sold."))
)]
struct Document;

/// The paths of privacy.
pub(super) fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Somebody's consent, or the terms that they accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgreedView {
    /// To what.
    what: String,
    /// Where, or which version.
    source: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// What is held of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubjectExport {
    /// Whose.
    subject: String,
    /// `partner`, `member`, `lead`, `customer`, `user` or `application`.
    kind: &'static str,
    #[schema(value_type = String, format = DateTime)]
    exported_at: Timestamp,
    /// Who the person is; empty when erased.
    #[schema(value_type = Object)]
    person: serde_json::Value,
    /// What they agreed to, and when.
    consents: Vec<AgreedView>,
    /// What is kept about them. Numbers of accounts and of taxpayers are shown by their last characters.
    #[schema(value_type = Object)]
    records: serde_json::Value,
    /// Since when what is held is not to be sold.
    #[schema(value_type = Option<String>, format = DateTime)]
    do_not_sell_since: Option<Timestamp>,
    /// When everything personal was destroyed.
    #[schema(value_type = Option<String>, format = DateTime)]
    erased_at: Option<Timestamp>,
    /// What is held and not shown here.
    left_out: [&'static str; 5],
    /// What this does not reach.
    elsewhere: [&'static str; 5],
}

/// Export what is held of a person.
///
/// What is sealed of them is opened: names and addresses of tax forms and of payout methods, too. What is not shown is named in
/// `left_out`, and links and coupons that were cut in `records.more_of`; of a payout, the first 500 notes are shown.
///
/// Of a partner, member, lead, customer, user or applicant, by their id. A customer whom you do not bill here is found by
/// what their provider calls them: `stripe:cus_…`.
#[utoipa::path(
    post, path = "/v1/privacy/{subject}/export", tag = "privacy",
    params(("subject" = String, Path, description = "The id: `par_…`, `mem_…`, `led_…`, `cus_…`, `stripe:cus_…`, `usr_…` or `apl_…`.")),
    responses((status = 200, description = "What is held.", body = SubjectExport), Refusals),
    security(("bearer" = []))
)]
async fn export(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Segments(subject): Segments<String>,
) -> Result<Json<SubjectExport>, Problem> {
    caller.require(KEEPERS)?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    let id = SubjectId::parse(&subject).ok_or_else(no_such)?;
    let held = held::of(&app, &tenant, &id).await?.ok_or_else(no_such)?;
    let known = app.store.get_subject(&tenant, id.as_str()).await?;
    let told = Told::new(format!("privacy#{}", id.as_str()), caller.acting(origin), now, "privacy.exported");
    app.store.tell(&tenant, told.is("kind", id.kind())).await?;
    tracing::info!(subject.id = id.as_str(), by = %caller.subject, "what is held of a person exported");
    Ok(Json(SubjectExport {
        kind: id.kind(),
        subject,
        exported_at: now,
        person: held.person,
        consents: held.consents,
        records: held.records,
        do_not_sell_since: known.do_not_sell.map(|asked| asked.at),
        erased_at: known.erased.map(|asked| asked.at),
        left_out: LEFT_OUT,
        elsewhere: ELSEWHERE,
    }))
}

/// Something that is kept all the same.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptView {
    /// What.
    #[schema(example = "tax_form")]
    what: &'static str,
    /// Why.
    why: &'static str,
}

/// A person who was forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErasedView {
    /// Whose data it was.
    subject: String,
    #[schema(value_type = String, format = DateTime)]
    erased_at: Timestamp,
    /// What is kept all the same, sealed.
    kept: Vec<KeptView>,
    /// What this does not reach.
    elsewhere: [&'static str; 5],
}

/// Forget a person.
///
/// Everything that is sealed for them is destroyed, and with it their key; hashes of their addresses go too. The ledger is
/// not touched, and every law of it holds. A partner is suspended first, and their money paid out or written off; their
/// applications go and their keys are revoked with them, and nothing of theirs is taken anew. Receipts of what was paid to
/// them are made anew without their name, soon afterwards, and what was noted beside their payouts is blanked. Done again,
/// it is answered as done. What partners said of a customer in claims goes with the partner, and with the customer as far
/// as it is known that it is of them.
#[utoipa::path(
    post, path = "/v1/privacy/{subject}/erase", tag = "privacy",
    params(
        ("subject" = String, Path, description = "The id: `par_…`, `mem_…`, `led_…`, `cus_…`, `stripe:cus_…`, `usr_…` or `apl_…`."),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Forgotten.", body = ErasedView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
async fn erase(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Segments(subject): Segments<String>,
) -> Result<Json<ErasedView>, Problem> {
    caller.require(KEEPERS)?;
    let id = SubjectId::parse(&subject).ok_or_else(no_such)?;
    if caller.subject == id.as_str() {
        return Err(Problem::conflict("nobody erases themselves; another admin does").kind("own-user"));
    }
    let asking = Asking { actor: caller.acting(origin), at: app.clock.now() };
    match privacy::erase(&app.store, &caller.tenant_key(), &id, &asking).await.map_err(wrong)? {
        Erased::Done { at, kept } => {
            tracing::info!(subject.id = id.as_str(), by = %caller.subject, "a person erased");
            let kept = kept.into_iter().map(|kept| match kept {
                Kept::TaxForm => {
                    KeptView { what: "tax_form", why: "money was paid to them, and tax law asks who they were" }
                }
                Kept::BankFiles => KeptView {
                    what: "bank_files",
                    why: "files by which money went to them name them and their account, sealed for the file, and are books",
                },
                Kept::Receipts => KeptView {
                    what: "receipts",
                    why: "the receipts of what was paid to them are books: they are made anew without their name within minutes, and the files of before are gone 35 days later",
                },
                Kept::AuditOrigin => KeptView {
                    what: "audit_origin",
                    why: "the audit keeps the address and browser of what they did themselves: taken out, its proof would not hold",
                },
            });
            Ok(Json(ErasedView { subject, erased_at: at, kept: kept.collect(), elsewhere: ELSEWHERE }))
        }
        Erased::NotFound => Err(no_such()),
        Erased::Refused(refusal) => Err(refused(&refusal)),
    }
}

fn refused(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::HasMoney(owed) => {
            let owed: Vec<String> = owed.iter().map(ToString::to_string).collect();
            let detail = format!("{} is on their account: pay it out, or write it off, first", owed.join(" and "));
            Problem::conflict(detail).kind("has-money")
        }
        Refusal::PayoutUnderWay => {
            Problem::conflict("a payout to them is under way: wait until it has arrived or failed")
                .kind("payout-under-way")
        }
        Refusal::IsActive => Problem::conflict("the partner still earns: suspend it first").kind("partner-active"),
        Refusal::LastAdmin => Problem::conflict("no other admin would be left: make another first").kind("last-admin"),
        Refusal::Ended => Problem::conflict("this lead can no longer be erased").kind("wrong-state"),
    }
}

/// A person whose data is not sold.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DoNotSellView {
    /// Whose data it is.
    subject: String,
    #[schema(value_type = String, format = DateTime)]
    do_not_sell_since: Timestamp,
}

/// Mark what is held of a person as not to be sold.
///
/// Nothing here sells it; the mark is for whoever carries data on, and stands with every export. The first time stands.
#[utoipa::path(
    post, path = "/v1/privacy/{subject}/do-not-sell", tag = "privacy",
    params(
        ("subject" = String, Path, description = "The id: `par_…`, `mem_…`, `led_…`, `cus_…`, `stripe:cus_…`, `usr_…` or `apl_…`."),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Marked.", body = DoNotSellView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
async fn do_not_sell(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Segments(subject): Segments<String>,
) -> Result<Json<DoNotSellView>, Problem> {
    caller.require(KEEPERS)?;
    let id = SubjectId::parse(&subject).ok_or_else(no_such)?;
    let asking = Asking { actor: caller.acting(origin), at: app.clock.now() };
    let since = privacy::do_not_sell(&app.store, &caller.tenant_key(), &id, &asking).await.map_err(wrong)?;
    let do_not_sell_since = since.ok_or_else(no_such)?;
    tracing::info!(subject.id = id.as_str(), by = %caller.subject, "what is held of a person is not to be sold");
    Ok(Json(DoNotSellView { subject, do_not_sell_since }))
}

fn no_such() -> Problem {
    Problem::not_found("no such person")
}
