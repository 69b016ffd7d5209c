//! A partner's tax form.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::payees::forms::{self, FormCommand, Taken};
use domain::id::PartnerId;
use domain::payee::PostalAddress;
use domain::role::Role;
use domain::tax::{
    Classification, FormContent, FormKind, Given, SEALED_AS, Standing, TaxForm, TaxStatus, Tin, TinKind, withholding_of,
};
use domain::time::{BusinessDay, Timestamp, Zone};
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::fingerprints::fingerprint_key;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{PostalAddressShape, Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::partners::{failed, named, seal};
use crate::App;

const NAME_CHARS_MAX: usize = 140;
const REASON_CHARS_MAX: usize = 500;

/// A signed W-9 or W-8BEN. Everything personal is kept sealed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"form": "w9", "classification": "individual", "first_name": "Ada", "last_name": "Miller",
    "tin_kind": "ssn", "tin": "400-11-1222", "signed_on": "2026-08-31", "certified": true,
    "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "US"}}))]
pub(crate) struct NewTaxForm {
    /// `w9` or `w8ben`.
    #[schema(value_type = String, example = "w9")]
    form: FormKind,
    /// Of a W-9, line 3a: `individual`, `c_corporation`, `s_corporation`, `partnership`, `trust_estate`, `tax_exempt`.
    #[schema(value_type = Option<String>, example = "individual")]
    classification: Option<Classification>,
    /// Of a person.
    first_name: Option<String>,
    /// Of a person.
    last_name: Option<String>,
    /// Of a company; or the trade name of a person.
    business_name: Option<String>,
    /// `ssn`, `itin` or `ein`.
    #[schema(value_type = Option<String>, example = "ssn")]
    tin_kind: Option<TinKind>,
    /// The number, with hyphens or without. A foreign person may have none.
    #[schema(example = "400-11-1222")]
    tin: Option<String>,
    /// The number that the tax office at home knows a foreign person by.
    foreign_tin: Option<String>,
    /// Of a W-8BEN: the country of citizenship, two letters.
    #[schema(example = "DE")]
    citizenship: Option<String>,
    /// Where the payee lives or is at home.
    #[schema(value_type = PostalAddressShape)]
    address: PostalAddress,
    /// The day of the signature.
    #[schema(value_type = String, format = Date)]
    signed_on: BusinessDay,
    /// Signed under penalties of perjury: without it there is no form.
    certified: bool,
}

/// A tax form, as far as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxFormBody {
    partner_id: String,
    /// `none`, `submitted` (waits for a person), `valid`, `expired`, `changed` (a new one is needed).
    #[schema(example = "valid")]
    status: &'static str,
    form: Option<&'static str>,
    #[schema(value_type = Option<String>)]
    classification: Option<Classification>,
    /// The number as a copy shows it.
    #[schema(example = "XXX-XX-1222")]
    tin: Option<String>,
    country: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    signed_on: Option<BusinessDay>,
    /// The last day on which it holds; null where it has no end.
    #[schema(value_type = Option<String>, format = Date)]
    valid_through: Option<BusinessDay>,
    #[schema(value_type = Option<String>, format = DateTime)]
    submitted_at: Option<Timestamp>,
    /// What a person should look at.
    warnings: Vec<String>,
    /// Why a new one is needed.
    reason: Option<String>,
    /// What is withheld from payments of today, as a fraction. An award to a payee with a W-8BEN that holds is not paid.
    #[schema(example = "0.24")]
    withheld: String,
    /// Raised by every change; also the ETag.
    version: u32,
}

/// Why a form holds no longer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawBody {
    /// The partner reads it.
    reason: String,
}

impl TaxFormBody {
    fn of(partner: &PartnerId, form: Option<&TaxForm>, now: Timestamp) -> Self {
        // TAX-1: the days of a tax form are those of the tax office's calendar; UTC is at most a day off, and says so.
        let today = Zone::utc().day_of(now);
        let reason = form.and_then(|form| match &form.standing {
            Standing::Changed { reason } => Some(reason.clone()),
            Standing::Submitted | Standing::Valid => None,
        });
        Self {
            partner_id: partner.to_string(),
            status: form.map_or(TaxStatus::None, |form| form.status(today)).word(),
            form: form.map(|form| form.kind.word()),
            classification: form.and_then(|form| form.classification),
            tin: form.and_then(|form| form.tin_shown.clone()),
            country: form.map(|form| form.country.clone()),
            signed_on: form.map(|form| form.signed_on),
            valid_through: form.and_then(TaxForm::valid_through),
            submitted_at: form.map(|form| form.submitted_at),
            warnings: form.map(|form| form.warnings.clone()).unwrap_or_default(),
            reason,
            withheld: withholding_of(form, today).to_string(),
            version: form.map_or(0, |form| form.version),
        }
    }

    fn answer(self) -> Response {
        ([(ETAG, etag(u64::from(self.version)))], Json(self)).into_response()
    }
}

/// Read the state of a partner's tax form.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}/tax-form",
    tag = "partners",
    params(("id" = String, Path)),
    responses((status = 200, description = "The form, or that there is none.", body = TaxFormBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let partner = named(&app, &caller, &id).await?;
    let form = app.store.get_tax_form(&caller.tenant_key(), &partner).await?;
    Ok(TaxFormBody::of(&partner, form.as_ref(), app.clock.now()).answer())
}

/// Submit a tax form.
///
/// It stands in for the one before, which is kept. What a person should look at waits for them, such as a W-8BEN with an
/// address in the United States or a social security number; nothing else does.
#[utoipa::path(
    put,
    path = "/v1/partners/{id}/tax-form",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    request_body = NewTaxForm,
    responses((status = 200, description = "The form.", body = TaxFormBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    Body(asked): Body<NewTaxForm>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin, Role::FinanceManager, Role::Partner])?;
    let partner = named(&app, &caller, &id).await?;
    let mut faults = Faults::default();
    let tin = check(&asked, Zone::utc().day_of(minting.at()), &mut faults);
    let tin = faults.finish(Some(tin))?;
    let key = fingerprint_key(&app.store, &app.sealer, &caller.tenant_key()).await?;
    let content = FormContent {
        first_name: asked.first_name.clone(),
        last_name: asked.last_name.clone(),
        business_name: asked.business_name.clone(),
        tin: tin.as_ref().map(|tin| tin.digits().to_owned()),
        foreign_tin: asked.foreign_tin.clone(),
        citizenship: asked.citizenship.clone(),
        address: asked.address.clone(),
    };
    let plain = serde_json::to_string(&content).map_err(|_| Problem::internal())?;
    let given = Given {
        kind: asked.form,
        classification: asked.classification,
        tin_fingerprint: tin.as_ref().map(|tin| key.of_tin(tin.digits())),
        content_fingerprint: Some(key.of_form(&plain)),
        tin,
        country: asked.address.country.trim().to_uppercase(),
        signed_on: asked.signed_on,
        sealed: seal(&app, &caller, &partner, SEALED_AS, &plain).await?,
        under: minting.ulid("tax form").to_string(),
    };
    let who = (&caller, origin, minting.at());
    take(&app, who, &partner, seen, FormCommand::Submit(Box::new(given))).await
}

/// Believe a tax form that waits for a person.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/tax-form/accept",
    tag = "partners",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The form.", body = TaxFormBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn accept(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin, Role::FinanceManager])?;
    let partner = named(&app, &caller, &id).await?;
    take(&app, (&caller, origin, minting.at()), &partner, seen, FormCommand::Accept).await
}

/// Say that a tax form holds no longer.
///
/// The tax office says so, or the payee's circumstances have changed: a new one is needed, and until then tax is withheld or
/// nothing is paid, as the tenant has decided.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/tax-form/withdraw",
    tag = "partners",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = WithdrawBody,
    responses((status = 200, description = "The form.", body = TaxFormBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    Body(body): Body<WithdrawBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin, Role::FinanceManager])?;
    let partner = named(&app, &caller, &id).await?;
    let mut faults = Faults::default();
    let reason = faults.text("/reason", &body.reason, REASON_CHARS_MAX);
    let reason = faults.finish(Some(reason))?;
    take(&app, (&caller, origin, minting.at()), &partner, seen, FormCommand::Withdraw { reason }).await
}

async fn take(
    app: &App,
    (caller, origin, at): (&Caller, Origin, Timestamp),
    partner: &PartnerId,
    seen: IfMatch,
    command: FormCommand,
) -> Result<Response, Problem> {
    let (tenant, by) = (caller.tenant_key(), caller.acting(origin));
    match forms::take(&app.store, (&tenant, partner), seen.version(), command, (&by, at)).await.map_err(failed)? {
        Taken::Done(form) => {
            tracing::info!(partner.id = %partner, by = %caller.subject, "tax form changed");
            Ok(TaxFormBody::of(partner, Some(&form), app.clock.now()).answer())
        }
        Taken::NotFound => Err(Problem::not_found("there is no tax form")),
        Taken::NotNow => {
            Err(Problem::conflict("the tax form is not one that this can be done with").kind("wrong-state"))
        }
        Taken::Erased => {
            Err(Problem::conflict("the partner was erased: nothing of theirs is kept any more").kind("erased"))
        }
        Taken::Stale => {
            let now = app.store.get_tax_form(&tenant, partner).await?.map_or(0, |form| form.version);
            Err(seen.changed(u64::from(now)))
        }
    }
}

/// TAX-1: every field of a form; the number, where there is one.
fn check(asked: &NewTaxForm, today: BusinessDay, faults: &mut Faults) -> Option<Tin> {
    let is_person = asked.form == FormKind::W8ben || asked.classification == Some(Classification::Individual);
    let texts = [
        ("/first_name", &asked.first_name, is_person),
        ("/last_name", &asked.last_name, is_person),
        ("/business_name", &asked.business_name, !is_person),
        ("/foreign_tin", &asked.foreign_tin, false),
    ];
    for (pointer, text, needed) in texts {
        match text {
            Some(text) => {
                faults.text(pointer, text, NAME_CHARS_MAX);
            }
            None if needed => faults.clash(pointer, "is missing"),
            None => {}
        }
    }
    faults.extend(rails::payee::read_address(&asked.address).err().unwrap_or_default());
    if !asked.certified {
        faults.clash("/certified", "a form that is not signed is none");
    }
    if asked.signed_on > today {
        faults.clash("/signed_on", "lies in the future");
    }
    match asked.form {
        FormKind::W9 if asked.classification.is_none() => faults.clash("/classification", "is missing"),
        FormKind::W8ben if asked.classification.is_some() => {
            faults.clash("/classification", "belongs to a W-9");
        }
        _ => {}
    }
    check_citizenship(asked, faults);
    match (asked.tin_kind, &asked.tin) {
        (Some(_), Some(text)) if !is_written_as_tin(text) => {
            faults.note("/tin", "9 digits, with or without dashes");
            None
        }
        (Some(kind), Some(text)) => faults.fit("/tin", Tin::parse(kind, text)),
        (None, None) => {
            // TAX-2: a W-9 without a number is what tax is withheld for.
            if asked.form == FormKind::W9 {
                faults.clash("/tin", "is missing");
            }
            None
        }
        (Some(_), None) => {
            faults.clash("/tin", "is missing");
            None
        }
        (None, Some(_)) => {
            faults.clash("/tin_kind", "is missing");
            None
        }
    }
}

/// Digits and dashes, as people group them, whichever number they are.
fn is_written_as_tin(text: &str) -> bool {
    (9..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

fn check_citizenship(asked: &NewTaxForm, faults: &mut Faults) {
    let country = asked.citizenship.as_deref().map(|text| text.trim().to_uppercase());
    let is_country = |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    match (asked.form, country) {
        (FormKind::W8ben, None) => faults.clash("/citizenship", "is missing"),
        (FormKind::W8ben, Some(country)) if country == "US" => {
            faults.clash("/citizenship", "a citizen of the United States signs a W-9");
        }
        (_, Some(country)) if !is_country(&country) => faults.note("/citizenship", "must be two letters, such as DE"),
        _ => {}
    }
}
