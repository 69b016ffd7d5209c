//! What is sealed: where a payout goes, what a file holds, what the tenant's banks need. Opened when it is needed, kept
//! nowhere.

use domain::id::{MethodId, PartnerId, PayoutFileId, PayoutId};
use domain::payee::Destination;
use domain::payout::Payout;
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, SealingError};
use edge::telemetry::{Secret, chain};
use store::TenantKey;

use super::CONTENT;
use super::settings::RailSettings;
use crate::App;

/// Under which field the settings are sealed.
const SETTINGS: &str = "rail_settings";

/// To what a sealed value belongs.
pub(crate) struct Belonging {
    tenant: String,
    subject: String,
    field: String,
}

impl Belonging {
    /// What a file holds.
    pub(crate) fn of_file(tenant: &TenantKey, file: &PayoutFileId) -> Self {
        Self { tenant: tenant.tenant().to_string(), subject: file.to_string(), field: CONTENT.to_owned() }
    }

    /// The page by which a payout is paid by hand: what is to stand on it, or the file.
    pub(crate) fn of_instructions(tenant: &TenantKey, payout: &PayoutId, field: &str) -> Self {
        Self { tenant: tenant.tenant().to_string(), subject: payout.to_string(), field: field.to_owned() }
    }

    /// What the tenant's banks need.
    pub(crate) fn of_settings(tenant: &TenantKey) -> Self {
        let tenant = tenant.tenant().to_string();
        Self { subject: tenant.clone(), tenant, field: SETTINGS.to_owned() }
    }

    fn of_method(tenant: &TenantKey, partner: &PartnerId, method: &MethodId) -> Self {
        let field = format!("payout_method:{method}");
        Self { tenant: tenant.tenant().to_string(), subject: partner.to_string(), field }
    }

    fn belongs(&self) -> Belongs<'_> {
        Belongs { tenant: &self.tenant, subject: &self.subject, field: &self.field }
    }
}

/// Seals bytes for their place.
pub(crate) async fn seal(app: &App, belonging: &Belonging, plain: &[u8]) -> Result<String, Problem> {
    let sealed = app.sealer()?.seal(&belonging.belongs(), plain).await;
    sealed.map(|sealed| sealed.to_string()).map_err(|error| seal_problem(&error))
}

/// Opens bytes from their place.
pub(crate) async fn open(app: &App, belonging: &Belonging, sealed: &str) -> Result<Secret<Vec<u8>>, Problem> {
    let sealed: Sealed = sealed.parse().map_err(|error| seal_problem(&error))?;
    app.sealer()?.open(&belonging.belongs(), &sealed).await.map_err(|error| seal_problem(&error))
}

/// Why a value is neither sealed nor opened.
pub(crate) fn seal_problem(error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(reason, "key service away, request refused");
            Problem::unavailable("bank details cannot be sealed or opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(reason, "a sealed value does not open");
            Problem::internal()
        }
    }
}

/// What the tenant's banks need, as it was set; nothing before it was.
pub(crate) async fn settings(app: &App, tenant: &TenantKey) -> Result<RailSettings, Problem> {
    settings_at(app, tenant).await.map(|(settings, _)| settings)
}

/// What the tenant's banks need, and how often it was set.
pub(crate) async fn settings_at(app: &App, tenant: &TenantKey) -> Result<(RailSettings, u64), Problem> {
    let Some((sealed, version)) = app.store.get_rail_settings(tenant).await? else {
        return Ok((RailSettings::default(), 0));
    };
    let plain = open(app, &Belonging::of_settings(tenant), &sealed).await?;
    let read = serde_json::from_slice(plain.reveal()).map_err(|_| {
        tracing::error!("what banks need cannot be read");
        Problem::internal()
    });
    Ok((read?, version))
}

/// PAY-19: what a bank asked to be changed of where a payout goes is changed before the next payment goes there, by file or
/// by hand.
pub(crate) async fn noticed(app: &App, tenant: &TenantKey, payout: &Payout) -> Result<Option<String>, Problem> {
    let Some(payee) = &payout.terms.payee else { return Ok(None) };
    let notice = app.store.get_method_notice(tenant, &payout.partner, &payee.method).await?;
    let why = "the payee must set the method anew first";
    Ok(notice.map(|notice| format!("the bank has answered {} ({}): {why}", notice.code, notice.meaning)))
}

/// Where a payout goes; or why nobody can say.
pub(crate) async fn destination(
    app: &App,
    tenant: &TenantKey,
    payout: &Payout,
) -> Result<Result<Destination, &'static str>, Problem> {
    let Some(payee) = &payout.terms.payee else { return Ok(Err("it names no payout method")) };
    destination_of(app, tenant, (&payout.partner, &payee.method)).await
}

/// Where a method of a partner goes; or why nobody can say.
pub(crate) async fn destination_of(
    app: &App,
    tenant: &TenantKey,
    (partner, id): (&PartnerId, &MethodId),
) -> Result<Result<Destination, &'static str>, Problem> {
    let methods = app.store.get_payout_methods(tenant, partner).await?;
    let Some(method) = methods.get(id) else { return Ok(Err("its payout method is gone")) };
    let sealed: Sealed = match method.sealed.parse() {
        Ok(sealed) => sealed,
        Err(_) => return Ok(Err("its payout method does not open")),
    };
    let belonging = Belonging::of_method(tenant, partner, id);
    // One method that does not open is no other payout's business; a key service that is away is everybody's.
    let plain = match app.sealer()?.open(&belonging.belongs(), &sealed).await {
        Ok(plain) => plain,
        Err(error @ SealingError::Unavailable(_)) => return Err(seal_problem(&error)),
        Err(error) => {
            tracing::error!(partner.id = %partner, method.id = %id, reason = chain(&error), "a payout method does not open");
            return Ok(Err("its payout method does not open"));
        }
    };
    // The reason is not told: it could quote what was sealed.
    Ok(serde_json::from_slice(plain.reveal()).map_err(|_| "its payout method cannot be read"))
}
