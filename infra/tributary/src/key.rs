//! `tributary key create`.

use clap::Args;
use domain::id::{KeyId, PartnerId, UserId};
use domain::role::Role;
use edge::auth::{hash_of, mint};
use store::TenantKey;
use store::api_keys::{ApiKey, ApiKeyCreated};

use crate::{Error, Said, Tenant, connection};

/// The key to make.
#[derive(Debug, Args)]
pub struct NewKey {
    /// What its bearer may do: admin, finance_manager, support, auditor, partner, service.
    #[arg(long)]
    role: String,
    /// Who its bearer is: a partner's id for the role partner, otherwise a user's id; a new user when absent.
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
    let connection = connection::connect()?;
    let now = connection.clock.now();
    let subject = match (&new.subject, role) {
        (Some(partner), Role::Partner) => PartnerId::parse(partner)?.to_string(),
        (None, Role::Partner) => return Err("--subject: the partner's id is needed for a partner's key".into()),
        (Some(user), _) => UserId::parse(user)?.to_string(),
        (None, _) => UserId::from_ulid(edge::random::ulid(now)).to_string(),
    };
    let tenant = new.tenant.id()?;
    let text = mint(&tenant);
    let key = ApiKey { id: KeyId::from_ulid(edge::random::ulid(now)), tenant: tenant.clone(), role, subject, name: new.name.clone(), created_at: now, revoked_at: None };
    match connection.store.create_api_key(&TenantKey::from(&tenant), &hash_of(text.reveal()), &key).await? {
        ApiKeyCreated::Created => Ok(Said { text: text.reveal().clone(), good: true }),
        ApiKeyCreated::AlreadyThere => Err("a key of the same text exists; try again".into()),
    }
}
