//! What a tenant decides about telling the tax office.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Deed, append};
use domain::digest::Digest;
use domain::payee::{PostalAddress, Rail};
use domain::role::Role;
use domain::tax::iris::{HEADER_CHARS_MAX, Payer, Template, payer_faults};
use domain::tax::{TaxSettings, Teller, Tellers, Tin, TinKind};
use edge::auth::Caller;
use edge::body::Body;
use edge::faults::Faults;
use edge::http::Origin;
use edge::openapi::{PostalAddressShape, Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Written;
use utoipa::ToSchema;

use super::{SEERS, acting};
use crate::http::Here;
use crate::tax_year::sealed;

/// Where the audit trail of these settings is.
const AGGREGATE: &str = "tax_settings";
/// How many templates are kept at most: two forms of many years.
const TEMPLATES_MAX: usize = 40;

/// Who files.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaxPayerBody {
    /// `ein`, `ssn` or `itin`.
    #[schema(value_type = String, example = "ein")]
    tin_kind: TinKind,
    /// The number; of what is kept its end is shown. Left out: what is kept stays.
    #[serde(default)]
    #[schema(example = "45-1234567")]
    tin: Option<String>,
    /// Of a company.
    #[schema(example = "Acme Inc")]
    business_name: Option<String>,
    /// Of a person.
    first_name: Option<String>,
    /// Of a person.
    last_name: Option<String>,
    /// Where.
    #[schema(value_type = PostalAddressShape)]
    address: PostalAddress,
    /// A number that the tax office may call, in the country.
    #[schema(example = "212-555-0100")]
    phone: String,
    /// Where it may write.
    #[schema(example = "tax@acme.example")]
    email: String,
}

/// What a tenant decides about telling the tax office. All of it at once.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"payer": {"tin_kind": "ein", "tin": "45-1234567", "business_name": "Acme Inc",
    "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "US"},
    "phone": "212-555-0100", "email": "tax@acme.example"}, "rails": {"paypal": "rail"}, "templates": {}}))]
#[serde(deny_unknown_fields)]
pub(crate) struct TaxSettingsBody {
    /// Who files; without it no file is made.
    payer: Option<TaxPayerBody>,
    /// Who tells of what went through a rail: `payer` (the tenant), `rail` (the rail itself, on a form of its own) or
    /// `undecided` (no file is made as long as anything went that way). Shipped: `undecided` for `paypal` and `external`,
    /// `payer` for the others.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>, example = json!({"paypal": "rail"}))]
    rails: BTreeMap<Rail, Teller>,
    /// The first line of the portal's template, as it was downloaded, by year and form: `2026/1099-nec`. Shipped: the one of
    /// 2024, for years up to 2025.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    templates: BTreeMap<String, String>,
}

impl TaxSettingsBody {
    fn shown(settings: &TaxSettings) -> Self {
        let payer = settings.payer.as_ref().map(|payer| TaxPayerBody {
            tin_kind: payer.tin_kind,
            tin: Tin::parse(payer.tin_kind, &payer.tin).ok().map(|tin| tin.masked()),
            business_name: payer.business_name.clone(),
            first_name: payer.first_name.clone(),
            last_name: payer.last_name.clone(),
            address: payer.address.clone(),
            phone: payer.phone.clone(),
            email: payer.email.clone(),
        });
        Self { payer, rails: settings.tellers.0.clone(), templates: settings.templates.clone() }
    }

    /// The settings, or every field that is wrong; a number that is left out, or shown as it was, is the one that is kept.
    fn read(self, before: &TaxSettings) -> Result<TaxSettings, Problem> {
        let mut faults = Faults::default();
        let mut payer = self.payer.map(|payer| {
            let kept =
                before.payer.as_ref().filter(|kept| kept.tin_kind == payer.tin_kind).map(|kept| kept.tin.clone());
            let tin = payer.tin.filter(|tin| !tin.starts_with('X')).or(kept).unwrap_or_default();
            let TaxPayerBody { tin_kind, business_name, first_name, last_name, address, phone, email, .. } = payer;
            Payer { tin_kind, tin, business_name, first_name, last_name, address, phone, email }
        });
        faults.extend(payer.iter().flat_map(payer_faults).map(|fault| fault.under("/payer")));
        if let Some(payer) = &mut payer {
            match rails::payee::read_address(&payer.address) {
                Ok(address) => payer.address = address,
                Err(found) => faults.extend(found.into_iter().map(|fault| fault.under("/payer"))),
            }
        }
        if self.templates.len() > TEMPLATES_MAX {
            faults.note("/templates", format!("at most {TEMPLATES_MAX}"));
        }
        for (name, header) in &self.templates {
            note_template(&mut faults, name, header);
        }
        faults.finish(Some(TaxSettings { payer, tellers: Tellers(self.rails), templates: self.templates }))
    }
}

/// A line of plain text may still be no template's.
fn note_template(faults: &mut Faults, name: &str, header: &str) {
    let pointer = format!("/templates/{}", edge::problem::escaped(name));
    let is_line = (1..=HEADER_CHARS_MAX).contains(&header.len());
    let is_plain = header.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    match TaxSettings::read_name(name).map(|(_, form)| Template::parse(form, header)) {
        None => faults.note(&pointer, "a year and a form, such as 2026/1099-nec"),
        Some(Err(fault)) if is_line && is_plain => faults.clash(&pointer, fault),
        Some(Err(fault)) => faults.note(&pointer, fault),
        Some(Ok(_)) => {}
    }
}

/// What is decided about telling the tax office.
#[utoipa::path(
    get, path = "/v1/revenue/tax/settings", tag = "tax-forms",
    responses((status = 200, description = "What holds, with its `ETag`; of the payer's number its end.", body = TaxSettingsBody), Refusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn read(State(app): Here, caller: Caller) -> Result<Response, Problem> {
    caller.require(SEERS)?;
    let (settings, version) = sealed::settings(&app, &caller.tenant_key()).await?;
    Ok(answer(&settings, version))
}

/// Decide about telling the tax office.
///
/// All of it at once, and kept sealed. A count that is under way begins anew by it; one that is ready stays as it is.
#[utoipa::path(
    put, path = "/v1/revenue/tax/settings", tag = "tax-forms", request_body = TaxSettingsBody,
    params(
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw; \"0\" where nothing was set."),
    ),
    responses((status = 200, description = "What holds.", body = TaxSettingsBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn replace(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    seen: IfMatch,
    Body(body): Body<TaxSettingsBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let tenant = caller.tenant_key();
    let (before, version) = sealed::settings(&app, &tenant).await?;
    seen.check(version)?;
    let settings = body.read(&before)?;
    let kept = sealed::seal_settings(&app, &tenant, &settings).await?;
    let end = app.store.get_chain_end(&tenant, AGGREGATE).await?;
    let (old, mut new) = (told(&before), told(&settings));
    let changed = changed(before.payer.as_ref(), settings.payer.as_ref());
    if !changed.is_empty() {
        new.insert("payer_changed".to_owned(), changed.join(", "));
    }
    let deed = Deed { at: app.clock.now(), actor: acting(&caller, origin), action: "tax_settings.set", old, new };
    let entry = append(end, AGGREGATE, deed);
    if app.store.replace_tax_settings(&tenant, version, &kept, &entry).await? == Written::ConditionFailed {
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let last = app.store.get_last_told(&tenant, AGGREGATE).await?;
        if last.is_none_or(|last| last.hash != entry.hash) {
            return Err(Problem::conflict("another person decides about this at the same time; look again"));
        }
    }
    tracing::info!(by = %caller.subject, "tax settings set");
    Ok(answer(&settings, version + 1))
}

/// What the trail says: it is kept for ever and in clear, so of the payer, who may be a person, that there is one, and of a
/// template its hash.
fn told(settings: &TaxSettings) -> BTreeMap<String, String> {
    let templates = settings.templates.iter();
    let mut told: BTreeMap<String, String> = templates
        .map(|(name, header)| (format!("template {name}"), Digest::of_bytes(header.as_bytes()).to_hex()))
        .collect();
    told.insert("rails".to_owned(), serde_json::to_string(&settings.tellers).unwrap_or_default());
    told.insert("payer".to_owned(), if settings.payer.is_some() { "set" } else { "none" }.to_owned());
    told
}

/// The names of the payer's fields that are not as they were.
fn changed(before: Option<&Payer>, after: Option<&Payer>) -> Vec<String> {
    let fields = |payer: Option<&Payer>| match serde_json::to_value(payer) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

fn answer(settings: &TaxSettings, version: u64) -> Response {
    ([(ETAG, etag(version))], Json(TaxSettingsBody::shown(settings))).into_response()
}
