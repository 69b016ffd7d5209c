//! `tributary key create`.

use clap::Args;
use domain::id::{KeyId, PartnerId, ProgramId, TenantId, UserId};
use domain::role::Role;
use edge::auth::{hash_of, mint};
use store::TenantKey;
use store::api_keys::{ApiKey, ApiKeyCreated};

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
    let bearer = Bearer { role, subject: new.subject.as_deref(), name: &new.name };
    Ok(Said { text: make(&connection::connect()?, &new.tenant.id()?, &bearer).await?, good: true })
}

/// Who will bear a key.
pub(crate) struct Bearer<'a> {
    pub(crate) role: Role,
    /// A partner's id for the role partner, a programme's for publishable; otherwise a user's, a new one when absent.
    pub(crate) subject: Option<&'a str>,
    pub(crate) name: &'a str,
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
    let text = mint(tenant);
    let key = ApiKey {
        id: KeyId::from_ulid(edge::random::ulid(now)),
        tenant: tenant.clone(),
        role: bearer.role,
        subject,
        name: bearer.name.to_owned(),
        created_at: now,
        revoked_at: None,
    };
    match connection.store.create_api_key(&TenantKey::from(tenant), &hash_of(text.reveal()), &key).await? {
        ApiKeyCreated::Created => Ok(text.reveal().clone()),
        ApiKeyCreated::AlreadyThere => Err("a key of the same text exists; try again".into()),
    }
}
