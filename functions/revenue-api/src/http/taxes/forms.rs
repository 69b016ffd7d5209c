//! A year: counted, looked at, filed, corrected.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Deed, append};
use domain::currency::Currency;
use domain::id::PartnerId;
use domain::money::{AmountText, Money};
use domain::tax::batch::{BatchState, TaxBatch, TaxYear, corrections as compare};
use domain::tax::{InformationReturn, Totals, threshold};
use edge::auth::Caller;
use edge::body::{Checked, Query, Segments};
use edge::clock::Stopwatch;
use edge::csv::{self, Format};
use edge::faults::of_amount;
use edge::http::Origin;
use edge::openapi::{Clashes, Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use garde::Validate;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use serde::Deserialize;
use store::tax_years::{Further, Versioned};
use store::{TenantKey, Written};
use utoipa::ToSchema;

use super::shapes::{
    CORRECTION_COLUMNS, CountQuery, ROW_COLUMNS, RowsQuery, TaxCorrectionView, TaxRowView, TaxYearView,
};
use super::{FILERS, SEERS, acting};
use crate::App;
use crate::http::page::{after, listed};
use crate::http::{Here, plain};
use crate::tax_year::{Counting, judged_rows, reported, sealed, year_of};

/// How long one request counts: API Gateway gives up on it after 30 s, and people before.
const COUNTING_MS_MAX: u64 = 6_000;
const RETRY_AFTER_S: u32 = 1;
const RECEIPT_CHARS_MAX: usize = 200;
/// How often a word about a file is tried beside others.
const TRIES_MAX: usize = 5;
const HEADER_SHA256: &str = "x-content-sha256";

/// The year of a path, where its threshold is known.
fn known(year: &str) -> Result<i16, Problem> {
    let year: i16 = year.parse().map_err(|_| Problem::not_found("no such year"))?;
    // TAX-3: what is not in the table is refused, not guessed.
    threshold(year).map_err(|error| Problem::unprocessable(error.to_string()).kind("unknown-tax-year"))?;
    Ok(year)
}

async fn newest(app: &App, tenant: &TenantKey, year: &TaxYear) -> Result<Option<Versioned<TaxBatch>>, Problem> {
    Ok(app.store.get_tax_batch(tenant, year.year, year.newest).await?)
}

fn view(year: &TaxYear, count: Option<&TaxBatch>) -> Result<TaxYearView, Problem> {
    let threshold = threshold(year.year).map_err(|_| Problem::internal())?;
    Ok(TaxYearView::of(year, threshold, count))
}

/// The count that is asked for; the newest where none is.
async fn which(
    app: &App,
    tenant: &TenantKey,
    year: &TaxYear,
    no: Option<u32>,
) -> Result<Option<Versioned<TaxBatch>>, Problem> {
    let Some(no) = no else { return newest(app, tenant, year).await };
    let missing = || Problem::not_found("this year has no such count");
    Ok(Some(app.store.get_tax_batch(tenant, year.year, no).await?.ok_or_else(missing)?))
}

/// A year as it was counted last, or as it was counted when it was filed.
#[utoipa::path(
    get, path = "/v1/reports/tax-forms/{year}", tag = "tax-forms",
    params(("year" = String, Path, description = "Which year."), CountQuery),
    responses((status = 200, description = "The year with its newest count, or the one that was asked for.", body = TaxYearView), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(in crate::http) async fn read(
    State(app): Here,
    caller: Caller,
    Segments(year): Segments<String>,
    Query(query): Query<CountQuery>,
) -> Result<Json<TaxYearView>, Problem> {
    caller.require(SEERS)?;
    let (tenant, year) = (caller.tenant_key(), known(&year)?);
    let found = app.store.get_tax_year(&tenant, year).await?.it;
    let count = which(&app, &tenant, &found, query.count).await?;
    Ok(Json(view(&found, count.as_ref().map(|count| &count.it))?))
}

/// Count a year, and make its files.
///
/// What counts is what was paid in the year, by the days of the ledger's zone. A year that is not over is counted without
/// files. Each file is of one form and has at most 100 payees, by the portal's template. A year with very many payees takes
/// several requests: send the same one again until it answers 200. A year that was filed is not counted anew, but corrected.
#[utoipa::path(
    post, path = "/v1/reports/tax-forms/{year}/generate", tag = "tax-forms",
    params(
        ("year" = String, Path, description = "Which year."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses(
        (status = 200, description = "Counted, with the files.", body = TaxYearView),
        (status = 202, description = "Under way: send the same request again after `Retry-After` seconds.", body = TaxYearView),
        Refusals,
        WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(in crate::http) async fn generate(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(year): Segments<String>,
) -> Result<Response, Problem> {
    caller.require(FILERS)?;
    count(&app, &caller, origin, known(&year)?, false).await
}

/// Count a filed year anew, and say what must be corrected.
///
/// Nothing of what was filed changes: `GET …/corrections` says what is told otherwise, for the portal.
#[utoipa::path(
    post, path = "/v1/reports/tax-forms/{year}/correct", tag = "tax-forms",
    params(
        ("year" = String, Path, description = "Which year."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses(
        (status = 200, description = "Counted.", body = TaxYearView),
        (status = 202, description = "Under way: send the same request again after `Retry-After` seconds.", body = TaxYearView),
        Refusals,
        WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(in crate::http) async fn correct(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(year): Segments<String>,
) -> Result<Response, Problem> {
    caller.require(FILERS)?;
    count(&app, &caller, origin, known(&year)?, true).await
}

/// Goes on with the count that is under way, or begins one.
async fn count(app: &App, caller: &Caller, origin: Origin, year: i16, corrects: bool) -> Result<Response, Problem> {
    let (tenant, by, at) = (caller.tenant_key(), acting(caller, origin), app.clock.now());
    let (settings, decided) = sealed::settings(app, &tenant).await?;
    let zone = app.store.get_settings(&tenant).await?.ledger_zone;
    let counting = Counting { app, tenant: &tenant, settings: &settings, decided, zone: &zone, by: &by, at };
    let found = app.store.get_tax_year(&tenant, year).await?;
    refuse(&found.it, corrects)?;
    let is_over = year_of(zone.day_of(at)) > year;
    if is_over && !corrects {
        // TAX-4: what a file needs is asked for before anybody waits for it.
        counting.payer()?;
        for form in InformationReturn::ALL {
            counting.template(year, form)?;
        }
    }
    let under_way = newest(app, &tenant, &found.it).await?.filter(|count| !count.it.state.is_done());
    let begun = match under_way {
        Some(count) => Some(count),
        None => counting.begin(&found, found.it.filed.filter(|_| corrects)).await?,
    };
    let busy = || Problem::unavailable("another person counts this year at the same time; try again");
    let watch = Stopwatch::start();
    let count = counting.go_on(begun.ok_or_else(busy)?, &|| watch.elapsed_ms() >= COUNTING_MS_MAX).await?;
    let found = app.store.get_tax_year(&tenant, year).await?.it;
    tracing::info!(year, count = count.it.no, state = count.it.state.word(), "tax year counted");
    let view = Json(view(&found, Some(&count.it))?);
    if count.it.state.is_done() {
        return Ok(view.into_response());
    }
    Ok((StatusCode::ACCEPTED, [(RETRY_AFTER, RETRY_AFTER_S.to_string())], view).into_response())
}

/// TAX-4: what was filed is corrected, never silently made anew.
fn refuse(year: &TaxYear, corrects: bool) -> Result<(), Problem> {
    match (corrects, year.filed) {
        (false, Some(no)) => {
            let detail = format!("count {no} of {} was filed: what is wrong in it is corrected", year.year);
            Err(Problem::conflict(detail).kind("tax-year-filed"))
        }
        (true, None) => {
            let detail = format!("nothing of {} was filed: there is nothing to correct", year.year);
            Err(Problem::conflict(detail).kind("tax-year-not-filed"))
        }
        _ => Ok(()),
    }
}

/// What the tax office answered.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = TaxFiledBody)]
#[serde(deny_unknown_fields)]
pub(crate) struct FiledBody {
    /// The number of the count whose files were handed over.
    #[garde(range(min = 1))]
    #[schema(minimum = 1)]
    count: u32,
    /// The receipt, as the portal shows it.
    #[garde(length(chars, min = 1, max = RECEIPT_CHARS_MAX), custom(plain))]
    receipt: String,
    /// `withheld_untold` of the count, where it is above zero: whoever files knows how much tax its files do not tell of.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "720.00")]
    withheld_untold: Option<AmountText>,
}

impl FiledBody {
    /// May this count be said to be filed?
    fn check(&self, year: &TaxYear, count: &TaxBatch) -> Result<(), Problem> {
        if count.state != BatchState::Ready || count.is_preview {
            let detail = "this count has no files that could have been handed over";
            return Err(Problem::conflict(detail).kind("tax-year-not-ready"));
        }
        // TAX-4: behind what was filed only what corrects it is filed.
        refuse(year, year.filed.is_some() && count.corrects == year.filed)?;
        let untold = count.totals.as_ref().map(Totals::untold).transpose().map_err(|_| Problem::internal())?;
        let untold = untold.unwrap_or(Money::zero(Currency::USD));
        let said = self.withheld_untold.as_ref().map(|amount| amount.not_negative_in(Currency::USD)).transpose();
        let said = said.map_err(|error| of_amount("/withheld_untold", &error))?;
        // TAX-5: whoever withheld tells. What no file tells of is not passed over in silence.
        if said.unwrap_or(Money::zero(Currency::USD)) != untold {
            let detail = format!(
                "{} of tax was withheld from payees whom no file tells of: get their forms and count anew, or name the \
                 amount in withheld_untold",
                untold.to_text()
            );
            return Err(Problem::conflict(detail).kind("withheld-untold"));
        }
        Ok(())
    }
}

/// Say that the files of a count were handed to the tax office.
///
/// Of the count that they are of, also where the year was counted once more since: `GET …/corrections` then says what differs.
#[utoipa::path(
    post, path = "/v1/reports/tax-forms/{year}/filed", tag = "tax-forms", request_body = FiledBody,
    params(
        ("year" = String, Path, description = "Which year."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The year.", body = TaxYearView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn filed(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(year): Segments<String>,
    Checked(body): Checked<FiledBody>,
) -> Result<Json<TaxYearView>, Problem> {
    caller.require(FILERS)?;
    let (tenant, by, at) = (caller.tenant_key(), acting(&caller, origin), app.clock.now());
    let found = app.store.get_tax_year(&tenant, known(&year)?).await?;
    if newest(&app, &tenant, &found.it).await?.is_none_or(|newest| !newest.it.state.is_done()) {
        let detail = "this year was not counted, or is being counted: count it to its end first";
        return Err(Problem::conflict(detail).kind("tax-year-not-ready"));
    }
    let count = which(&app, &tenant, &found.it, Some(body.count)).await?.ok_or_else(Problem::internal)?;
    body.check(&found.it, &count.it)?;
    let state = BatchState::Filed { receipt: body.receipt, by: by.id.clone(), at };
    let after = TaxBatch { state, ..count.it.clone() };
    let year = TaxYear { filed: Some(after.no), ..found.it };
    let aggregate = TaxBatch::aggregate(after.year);
    let end = app.store.get_chain_end(&tenant, &aggregate).await?;
    let deed = Deed { at, actor: by, action: "tax_year.filed", old: count.it.told(), new: after.told() };
    let told = append(end, &aggregate, deed);
    let further = Further { year: Some((&year, found.version)), told: Some(&told), ..Further::default() };
    let written = app.store.write_tax_batch(&tenant, (&after, count.version), further).await?;
    if written == Written::ConditionFailed {
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let there = app.store.get_tax_batch(&tenant, after.year, after.no).await?;
        if there.is_none_or(|there| there.it != after) {
            return Err(Problem::unavailable("others change this year at the moment; try again"));
        }
    }
    tracing::info!(year = after.year, count = after.no, by = %caller.subject, "tax year filed");
    Ok(Json(view(&year, Some(&after))?))
}

/// The newest count, or the one that is asked for, with all its rows.
async fn counted(
    app: &App,
    caller: &Caller,
    year: &str,
    no: Option<u32>,
) -> Result<(TenantKey, TaxYear, TaxBatch), Problem> {
    caller.require(SEERS)?;
    let (tenant, year) = (caller.tenant_key(), known(year)?);
    let found = app.store.get_tax_year(&tenant, year).await?.it;
    let count = which(app, &tenant, &found, no).await?.map(|count| count.it).filter(|count| count.totals.is_some());
    let missing = || Problem::not_found("this year was not counted, or is being counted");
    Ok((tenant, found, count.ok_or_else(missing)?))
}

/// Every payee of a count, with what becomes of each.
#[utoipa::path(
    get, path = "/v1/reports/tax-forms/{year}/rows", tag = "tax-forms",
    params(("year" = String, Path, description = "Which year."), RowsQuery),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<TaxRowView>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(in crate::http) async fn rows(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Segments(year): Segments<String>,
    Query(query): Query<RowsQuery>,
) -> Result<Response, Problem> {
    let (tenant, _, count) = counted(&app, &caller, &year, query.count).await?;
    let all = judged_rows(&app, &tenant, &count).await?;
    let place = after(query.cursor.as_deref(), |name| {
        let (form, partner) = name.split_once('#')?;
        Some((InformationReturn::parse(form)?, PartnerId::parse(partner).ok()?))
    })?;
    let at = |row: &domain::tax::YearRow| (row.form, row.partner.clone());
    let mut left = all.iter().filter(|(row, _)| place.as_ref().is_none_or(|place| at(row) > *place));
    let page: Vec<_> = left.by_ref().take(limit(query.limit)?).collect();
    let last = page.last().filter(|_| left.next().is_some());
    let next = last.map(|(row, _)| format!("{}#{}", row.form.word(), row.partner));
    let data: Vec<TaxRowView> = page.into_iter().map(TaxRowView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "tax-forms", &ROW_COLUMNS, listed(data, next))
}

/// What the newest count says otherwise than the filed one.
#[utoipa::path(
    get, path = "/v1/reports/tax-forms/{year}/corrections", tag = "tax-forms",
    params(
        ("year" = String, Path, description = "Which year."),
        ("format" = Option<String>, Query, description = "`csv` for CSV; so does `Accept: text/csv`."),
    ),
    responses((status = 200, description = "All of it; CSV for `Accept: text/csv`.", body = Listed<TaxCorrectionView>), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(in crate::http) async fn corrections(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Segments(year): Segments<String>,
) -> Result<Response, Problem> {
    let (tenant, found, count) = counted(&app, &caller, &year, None).await?;
    let filed = found.filed.ok_or_else(|| Problem::not_found("nothing of this year was filed"))?;
    let before = app.store.get_tax_batch(&tenant, found.year, filed).await?.ok_or_else(Problem::internal)?;
    let (before, right) = (judged_rows(&app, &tenant, &before.it).await?, judged_rows(&app, &tenant, &count).await?);
    let data = compare(&reported(before), &reported(right)).iter().map(TaxCorrectionView::from).collect();
    csv::answer(accepted, "tax-corrections", &CORRECTION_COLUMNS, Listed { data, next_cursor: None })
}

/// A file for the tax office, byte for byte.
///
/// It holds the numbers of payees: each download is told in the audit trail before a byte leaves.
#[utoipa::path(
    get, path = "/v1/reports/tax-forms/{year}/files/{name}", tag = "tax-forms",
    params(
        ("year" = String, Path, description = "Which year."),
        ("name" = String, Path, description = "The file's name, as the count names it."),
        CountQuery,
    ),
    responses((status = 200, description = "The file; `X-Content-SHA256` is the hash of its bytes.", body = String, content_type = "text/csv"), Refusals, Clashes),
    security(("bearer" = []))
)]
pub(in crate::http) async fn file(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments((year, name)): Segments<(String, String)>,
    Query(query): Query<CountQuery>,
) -> Result<Response, Problem> {
    // TAX-1: the numbers of payees are for persons: no scope of a machine opens this (`domain::scope`).
    caller.require(FILERS)?;
    let (tenant, _, count) = counted(&app, &caller, &year, query.count).await?;
    let missing = || Problem::not_found("no such file of this count");
    let file = count.files.iter().find(|file| file.name == name).ok_or_else(missing)?;
    if !matches!(count.state, BatchState::Ready | BatchState::Filed { .. }) {
        return Err(Problem::conflict("the files of this year are being made").kind("tax-year-not-ready"));
    }
    let kept = app.store.get_tax_file(&tenant, (count.year, count.no), &name).await?.ok_or_else(missing)?;
    let field = sealed::file_field((count.year, count.no), &name);
    let plain = sealed::open(&app, &tenant, (tenant.tenant().as_str(), &field), &kept).await?;
    note_download(&app, &tenant, &caller, origin, (&count, &name)).await?;
    tracing::info!(year = count.year, file = name, by = %caller.subject, "tax file downloaded");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
        (HeaderName::from_static(HEADER_SHA256), file.sha256.to_hex()),
    ];
    Ok((headers, plain.reveal().clone()).into_response())
}

/// TAX-1: who had the numbers is told before they leave; what cannot be told is not shown.
async fn note_download(
    app: &App,
    tenant: &TenantKey,
    caller: &Caller,
    origin: Origin,
    (count, name): (&TaxBatch, &str),
) -> Result<(), Problem> {
    let (at, actor) = (app.clock.now(), acting(caller, origin));
    let aggregate = TaxBatch::aggregate(count.year);
    for _ in 0..TRIES_MAX {
        let end = app.store.get_chain_end(tenant, &aggregate).await?;
        let new = std::collections::BTreeMap::from([
            ("file".to_owned(), name.to_owned()),
            ("no".to_owned(), count.no.to_string()),
        ]);
        let deed = Deed { at, actor: actor.clone(), action: "tax_year.file_downloaded", old: Default::default(), new };
        if app.store.record_told(tenant, &append(end, &aggregate, deed)).await? {
            return Ok(());
        }
    }
    Err(Problem::unavailable("others read this at the moment; try again"))
}
