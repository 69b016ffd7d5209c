//! `tributary key create`.

use clap::Args;
use domain::audit::Told;
use domain::id::{KeyId, PartnerId, ProgramId, TenantId, UserId};
use domain::role::Role;
use domain::time::Timestamp;
use domain::user::UserState;
use edge::auth::{hash_of, mint};
use store::TenantKey;
use store::api_keys::{ApiKey, ApiKeyCreated, KeyTerms};

use crate::connection::{self, Connection};
use crate::{Error, Said, Tenant};

/// The key to make.
#[derive(Debug, Args)]
pub struct NewKey {
    /// What its bearer may do: admin, finance_manager, support, auditor, partner, service, publishable.
    #[arg(long)]
    role: String,
    /// Who its bearer is: a partner's id for the role partner, a programme's for publishable, otherwise a user's id; a new
    /// user when absent.
    #[arg(long)]
    subject: Option<String>,
    /// What people call it.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    tenant: Tenant,
}

/// Makes a key. Only its hash is kept.
pub(crate) async fn create(new: &NewKey) -> Result<Said, Error> {
    let role = Role::parse(&new.role).ok_or("--role: not a role; see --help")?;
    let bearer = Bearer { role, subject: new.subject.as_deref(), name: &new.name, expires_at: None };
    Ok(Said { text: make(&connection::connect()?, &new.tenant.id()?, &bearer).await?, good: true })
}

/// Who will bear a key.
pub(crate) struct Bearer<'a> {
    pub(crate) role: Role,
    /// A partner's id for the role partner, a programme's for publishable; otherwise a user's, a new one when absent.
    pub(crate) subject: Option<&'a str>,
    pub(crate) name: &'a str,
    /// When it ends; never where absent.
    pub(crate) expires_at: Option<Timestamp>,
}

/// Makes a key for its bearer: its text.
pub(crate) async fn make(connection: &Connection, tenant: &TenantId, bearer: &Bearer<'_>) -> Result<String, Error> {
    let now = connection.clock.now();
    let subject = match (bearer.subject, bearer.role) {
        (Some(partner), Role::Partner) => PartnerId::parse(partner)?.to_string(),
        (None, Role::Partner) => return Err("--subject: the partner's id is needed for a partner's key".into()),
        (Some(program), Role::Publishable) => ProgramId::parse(program)?.to_string(),
        (None, Role::Publishable) => return Err("--subject: a publishable key needs its programme's id".into()),
        (Some(user), _) => UserId::parse(user)?.to_string(),
        (None, _) => UserId::from_ulid(edge::random::ulid(now)).to_string(),
    };
    let person = person(connection, &TenantKey::from(tenant), bearer.role, &subject).await?;
    let text = mint(tenant);
    let key = ApiKey {
        id: KeyId::from_ulid(edge::random::ulid(now)),
        tenant: tenant.clone(),
        role: bearer.role,
        subject,
        name: bearer.name.to_owned(),
        created_at: now,
        revoked_at: None,
        terms: KeyTerms { person, expires_at: bearer.expires_at, ..KeyTerms::default() },
    };
    let told = Told::new(key.id.to_string(), crate::audit::operator(), now, "api_key.created")
        .is("role", key.role)
        .is("subject", &key.subject)
        .is("name", &key.name);
    let store = connection.store.telling(&TenantKey::from(tenant), told);
    match store.create_api_key(&TenantKey::from(tenant), &hash_of(text.reveal()), &key).await? {
        ApiKeyCreated::Created => Ok(text.reveal().clone()),
        ApiKeyCreated::AlreadyThere => Err("a key of the same text exists; try again".into()),
    }
}

/// POR-3: a key of somebody who is a user is theirs: it does what they may, and ends with that. None where it names nobody
/// who is known.
async fn person(
    connection: &Connection,
    tenant: &TenantKey,
    role: Role,
    subject: &str,
) -> Result<Option<(UserId, u32)>, Error> {
    let Ok(id) = UserId::parse(subject) else { return Ok(None) };
    let Some(user) = connection.store.get_user(tenant, &id).await?.map(|kept| kept.user) else { return Ok(None) };
    if user.state != UserState::Active {
        return Err("--subject: this user is disabled".into());
    }
    if user.position.role() != role {
        return Err(
            format!("--role: this user is {}, and a key of theirs does what they may", user.position.role()).into()
        );
    }
    Ok(Some((id, user.epoch)))
}
