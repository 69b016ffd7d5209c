//! What is personal of a member: checked, sealed and opened.

use domain::email::Email;
use domain::id::{MemberId, SubscriptionId};
use domain::payee::PostalAddress;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::faults::Faults;
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, SealingError};
use edge::telemetry::chain;
use store::people::{self, Person};

use crate::App;

/// The name under which an address is sealed.
pub(super) const ADDRESS: &str = "address";
const NAME_CHARS_MAX: usize = 200;

pub(super) fn read_name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    let is_fine = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
    if is_fine {
        Ok(name.to_owned())
    } else {
        Err(Problem::bad_request("/name", "readable text of 1 to 200 characters"))
    }
}

pub(super) fn read_email(text: &str) -> Result<String, Problem> {
    let email = Email::parse(text).map_err(|error| Problem::bad_request("/email", error.to_string()))?;
    Ok(email.as_str().to_owned())
}

pub(super) async fn changed_person(
    app: &App,
    caller: &Caller,
    id: &MemberId,
    (name, email): (Option<&str>, Option<&str>),
    at: Timestamp,
) -> Result<Option<Person>, Problem> {
    if name.is_none() && email.is_none() {
        return Ok(None);
    }
    let erased = || Problem::conflict("the person behind this member was erased").kind("erased");
    let mut person = app.store.get_person(&caller.tenant_key(), &id.payee()).await?.ok_or_else(erased)?;
    if let Some(name) = name {
        person.name_sealed = seal(app, caller, id, people::NAME, &read_name(name)?).await?;
    }
    if let Some(email) = email {
        person.email_sealed = seal(app, caller, id, people::EMAIL, &read_email(email)?).await?;
    }
    Ok(Some(Person { recorded_at: at, ..person }))
}

/// A subscription that a provider has told of: another could never be looked at.
pub(super) async fn subscription_of(
    app: &App,
    caller: &Caller,
    id: Option<&str>,
) -> Result<Option<SubscriptionId>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let at = "/subscription_id";
    let id = SubscriptionId::parse(id).map_err(|error| Problem::bad_request(at, error.to_string()))?;
    match app.store.get_subscription(&caller.tenant_key(), &id).await? {
        Some(_) => Ok(Some(id)),
        None => Err(Problem::impossible(at, "no such subscription")),
    }
}

pub(super) async fn seal_address(
    app: &App,
    caller: &Caller,
    id: &MemberId,
    address: Option<&PostalAddress>,
) -> Result<Option<String>, Problem> {
    let Some(address) = address else { return Ok(None) };
    let plain = serde_json::to_string(&checked(address)?).map_err(|_| Problem::internal())?;
    seal(app, caller, id, ADDRESS, &plain).await.map(Some)
}

/// Post reaches nobody without a street, a town and a country.
fn checked(address: &PostalAddress) -> Result<PostalAddress, Problem> {
    let mut faults = Faults::default();
    let read = rails::payee::read_address(address).map_err(|found| faults.extend(found)).ok();
    faults.finish(read)
}

pub(super) fn read_address(plain: &str) -> Result<PostalAddress, Problem> {
    serde_json::from_str(plain).map_err(|error| {
        tracing::error!(reason = chain(&error), "a sealed address is none");
        Problem::internal()
    })
}

/// What is personal belongs to the payee through whom the member is paid, as a partner's does to the partner.
pub(super) async fn seal(
    app: &App,
    caller: &Caller,
    id: &MemberId,
    field: &str,
    plain: &str,
) -> Result<String, Problem> {
    let payee = id.payee();
    let belongs = Belongs { tenant: caller.tenant.as_str(), subject: payee.as_str(), field };
    let sealed = app.sealer()?.seal_text(&belongs, plain).await.map_err(|error| not_opened(id, &error))?;
    Ok(sealed.to_string())
}

pub(super) async fn open(
    app: &App,
    caller: &Caller,
    id: &MemberId,
    field: &str,
    sealed: &str,
) -> Result<String, Problem> {
    let payee = id.payee();
    let belongs = Belongs { tenant: caller.tenant.as_str(), subject: payee.as_str(), field };
    let sealed: Sealed = sealed.parse().map_err(|error| not_opened(id, &error))?;
    let opened = app.sealer()?.open_text(&belongs, &sealed).await.map_err(|error| not_opened(id, &error))?;
    Ok(opened.reveal().clone())
}

fn not_opened(id: &MemberId, error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(member.id = %id, reason, "key service away, request refused");
            Problem::unavailable("personal data cannot be sealed or opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(member.id = %id, reason, "a sealed value does not open");
            Problem::internal()
        }
    }
}
