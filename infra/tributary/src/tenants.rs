//! `tributary tenant`: the tenants of the deployment.

use clap::{Args, Subcommand};
use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::id::TenantId;
use domain::role::Role;
use domain::time::Zone;
use jiff::SignedDuration;
use store::settings::KeptSettings;
use store::{TenantKey, Written};

use crate::connection::{self, Connection};
use crate::key::{self, Bearer};
use crate::{Error, Said};

/// How long the key of a new tenant's first admin is good: it is for making users, who sign in.
const FIRST_KEY_LASTS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is done with tenants.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Makes a tenant and prints its id and its first admin's key, good for 30 days, once: only its hash is kept.
    Create(NewTenant),
    /// Lists the tenants with their names and zones.
    List,
}

/// The tenant to make.
#[derive(Debug, Args)]
pub struct NewTenant {
    /// What people call it.
    #[arg(long)]
    name: String,
    /// The IANA zone of its ledger, such as Europe/Berlin; it stays once something is booked.
    #[arg(long, default_value = "UTC")]
    ledger_zone: String,
}

/// Does what was asked.
pub(crate) async fn run(command: &TenantCommand) -> Result<Said, Error> {
    let connection = connection::connect()?;
    let text = match command {
        TenantCommand::Create(new) => create(&connection, new).await?,
        TenantCommand::List => list(&connection).await?,
    };
    Ok(Said { text, good: true })
}

async fn create(connection: &Connection, new: &NewTenant) -> Result<String, Error> {
    let ledger_zone = Zone::parse(&new.ledger_zone).map_err(|error| format!("--ledger-zone: {error}"))?;
    let mut settings = KeptSettings { ledger_zone, ..KeptSettings::default() };
    settings.general.name.clone_from(&new.name);
    if let Some(fault) = settings.general.faults().first() {
        return Err(format!("--{}: {}", fault.pointer.trim_start_matches('/'), fault.why).into());
    }
    let at = connection.clock.now();
    let id = TenantId::from_ulid(edge::random::ulid(at));
    let tenant = TenantKey::from(&id);
    let actor = Actor::new(Role::Operator, "tributary");
    let told = [("name".to_owned(), new.name.clone())].into();
    let deed = Deed { at, actor, action: "tenant.created", old: Default::default(), new: told };
    let entry = append(ChainEnd::START, id.as_str(), deed);
    if connection.store.create_tenant(&tenant, &settings, at, &entry).await? == Written::ConditionFailed {
        return Err("a tenant of the same id is there; try again".into());
    }
    let expires_at = at.saturating_add(FIRST_KEY_LASTS)?;
    let bearer = Bearer { role: Role::Admin, subject: None, name: "first admin", expires_at: Some(expires_at) };
    let key = key::make(connection, &id, &bearer).await?;
    Ok(format!("{id}\n{key}"))
}

async fn list(connection: &Connection) -> Result<String, Error> {
    let mut lines = Vec::new();
    for tenant in connection.store.list_registered_tenants().await? {
        let kept = connection.store.get_kept_settings(&TenantKey::from(&tenant.id)).await?;
        let created = tenant.created_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        lines.push(format!("{}\t{created}\t{}\t{}", tenant.id, kept.ledger_zone.name(), kept.general.name));
    }
    Ok(lines.join("\n"))
}
