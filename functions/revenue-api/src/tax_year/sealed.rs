//! What is sealed of a tax year: settings, what payees' forms say, files.

use domain::id::PartnerId;
use domain::tax::{FormContent, SEALED_AS, TaxForm, TaxSettings};
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, SealingError};
use edge::telemetry::{Secret, chain};
use store::TenantKey;

use crate::App;

const SETTINGS: &str = "tax_settings";

/// The name under which a file is sealed.
pub(crate) fn file_field((year, no): (i16, u32), name: &str) -> String {
    format!("tax_file/{year}/{no}/{name}")
}

/// What a tenant decided, and how often; what is shipped, before anybody did.
pub(crate) async fn settings(app: &App, tenant: &TenantKey) -> Result<(TaxSettings, u64), Problem> {
    let Some((sealed, version)) = app.store.get_tax_settings(tenant).await? else {
        return Ok((TaxSettings::default(), 0));
    };
    let plain = open(app, tenant, (tenant.tenant().as_str(), SETTINGS), &sealed).await?;
    let settings = serde_json::from_str(plain.reveal()).map_err(|error| {
        tracing::error!(reason = chain(&error), "sealed tax settings cannot be read");
        Problem::internal()
    })?;
    Ok((settings, version))
}

/// Seals what a tenant decides.
pub(crate) async fn seal_settings(app: &App, tenant: &TenantKey, settings: &TaxSettings) -> Result<String, Problem> {
    let plain = serde_json::to_string(settings).map_err(|_| Problem::internal())?;
    seal(app, tenant, (tenant.tenant().as_str(), SETTINGS), &plain).await
}

/// What a payee's form says. Opened for a file of the tax office, and for nothing else.
pub(super) async fn content(
    app: &App,
    tenant: &TenantKey,
    partner: &PartnerId,
    form: &TaxForm,
) -> Result<FormContent, Problem> {
    let plain = open(app, tenant, (partner.as_str(), SEALED_AS), &form.sealed).await?;
    serde_json::from_str(plain.reveal()).map_err(|error| {
        tracing::error!(partner.id = %partner, reason = chain(&error), "a sealed tax form cannot be read");
        Problem::internal()
    })
}

pub(crate) async fn seal(
    app: &App,
    tenant: &TenantKey,
    (subject, field): (&str, &str),
    plain: &str,
) -> Result<String, Problem> {
    let belongs = Belongs { tenant: tenant.tenant().as_str(), subject, field };
    let sealed = app.sealer.seal_text(&belongs, plain).await.map_err(|error| not_opened(&error))?;
    Ok(sealed.to_string())
}

pub(crate) async fn open(
    app: &App,
    tenant: &TenantKey,
    (subject, field): (&str, &str),
    sealed: &str,
) -> Result<Secret<String>, Problem> {
    let belongs = Belongs { tenant: tenant.tenant().as_str(), subject, field };
    let sealed: Sealed = sealed.parse().map_err(|error| not_opened(&error))?;
    app.sealer.open_text(&belongs, &sealed).await.map_err(|error| not_opened(&error))
}

fn not_opened(error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(reason, "key service away, request refused");
            Problem::unavailable("what is sealed cannot be opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(reason, "a sealed value of a tax year does not open");
            Problem::internal()
        }
    }
}
