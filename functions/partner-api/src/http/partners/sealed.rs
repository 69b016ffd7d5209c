//! What is personal of a partner: sealed on the way in, opened on the way out, one at a time.

use domain::id::PartnerId;
use domain::words::beginnings_of;
use edge::auth::Caller;
use edge::fingerprints::fingerprint_key;
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, SealingError};
use edge::telemetry::chain;
use store::people::{self, Particulars, Person};

use crate::App;

/// A person, opened.
#[derive(Clone, Default)]
pub(crate) struct Opened {
    /// The name.
    pub(crate) name: Option<String>,
    /// The address.
    pub(crate) email: Option<String>,
    /// The company.
    pub(crate) company: Option<String>,
    /// The page.
    pub(crate) website: Option<String>,
    /// What staff notes.
    pub(crate) notes: Option<String>,
}

impl Opened {
    /// FRD-3's sister: the beginnings of the words by which the person is found.
    ///
    /// # Errors
    /// The store or the key service is away.
    pub(crate) async fn words(&self, app: &App, caller_tenant: &store::TenantKey) -> Result<String, Problem> {
        let key = fingerprint_key(&app.store, &app.sealer, caller_tenant).await?;
        let texts = [&self.name, &self.email, &self.company].into_iter().flatten().map(String::as_str);
        Ok(beginnings_of(&key, texts))
    }
}

/// Everything that is known of the person behind a partner; nothing where it was erased.
///
/// # Errors
/// The store or the key service is away.
pub(crate) async fn opened(app: &App, caller: &Caller, id: &PartnerId) -> Result<Opened, Problem> {
    let Some((person, particulars)) = app.store.get_person_whole(&caller.tenant_key(), id).await? else {
        return Ok(Opened::default());
    };
    let Particulars { company_sealed, website_sealed, notes_sealed } = particulars;
    let Person { name_sealed, email_sealed, .. } = person;
    let mut opened = Opened::default();
    for (field, sealed, place) in [
        (people::NAME, Some(name_sealed), &mut opened.name),
        (people::EMAIL, Some(email_sealed), &mut opened.email),
        (people::COMPANY, company_sealed, &mut opened.company),
        (people::WEBSITE, website_sealed, &mut opened.website),
        (people::NOTES, notes_sealed, &mut opened.notes),
    ] {
        if let Some(sealed) = sealed.filter(|sealed| !sealed.is_empty()) {
            *place = Some(open(app, caller, id, field, &sealed).await?);
        }
    }
    Ok(opened)
}

/// Seals one field of a partner.
///
/// # Errors
/// The key service is away.
pub(crate) async fn seal(
    app: &App,
    caller: &Caller,
    id: &PartnerId,
    field: &str,
    plain: &str,
) -> Result<String, Problem> {
    let belongs = Belongs { tenant: caller.tenant.as_str(), subject: id.as_str(), field };
    let sealed = app.sealer.seal_text(&belongs, plain).await.map_err(|error| not_opened(id, &error))?;
    Ok(sealed.to_string())
}

/// Seals a field that may be absent.
///
/// # Errors
/// The key service is away.
pub(crate) async fn seal_maybe(
    app: &App,
    caller: &Caller,
    id: &PartnerId,
    field: &str,
    plain: Option<&str>,
) -> Result<Option<String>, Problem> {
    match plain {
        Some(plain) => seal(app, caller, id, field, plain).await.map(Some),
        None => Ok(None),
    }
}

/// Opens one field of a partner.
///
/// # Errors
/// The key service is away, or the value does not open.
pub(crate) async fn open(
    app: &App,
    caller: &Caller,
    id: &PartnerId,
    field: &str,
    sealed: &str,
) -> Result<String, Problem> {
    let belongs = Belongs { tenant: caller.tenant.as_str(), subject: id.as_str(), field };
    let sealed: Sealed = sealed.parse().map_err(|error| not_opened(id, &error))?;
    let opened = app.sealer.open_text(&belongs, &sealed).await.map_err(|error| not_opened(id, &error))?;
    Ok(opened.reveal().clone())
}

/// What a caller is told of a value that cannot be sealed or opened.
pub(crate) fn not_opened(id: &PartnerId, error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(partner.id = %id, reason, "key service away, request refused");
            Problem::unavailable("personal data cannot be sealed or opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(partner.id = %id, reason, "a sealed value does not open");
            Problem::internal()
        }
    }
}
