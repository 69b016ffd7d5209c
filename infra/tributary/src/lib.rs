//! The operator's command: over the tables that the environment names, or through the API of a deployment.
//!
//! What lives here: what an operator does from a shell, through the same store and cases as the functions. What does
//! not: rules. To add a command: a variant of [`Command`], a module that does it, a line in `docs/RUNBOOK.md`.

pub mod audit;
pub mod backfill;
mod connection;
pub mod demo;
pub mod endpoint;
mod https;
mod key;
pub mod migrate;
pub mod place;
mod progress;
pub mod remote;
pub mod tenants;
pub mod verify;

use clap::{Args, Subcommand};

/// What the operator asks for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes, lists and revokes API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Makes, lists and disables people who sign in.
    #[command(subcommand)]
    User(remote::UserCommand),
    /// Sends in an event again that a provider has sent, as `GET /v1/webhooks/deliveries` names it.
    Replay(remote::One),
    /// Begins a job now, as its schedule would.
    Tick(remote::One),
    /// Writes what is held of a person to a file, as JSON.
    Export(remote::Export),
    /// Makes and lists the tenants of the deployment.
    #[command(subcommand)]
    Tenant(tenants::TenantCommand),
    /// Makes and looks after the doors through which providers tell a tenant's events.
    #[command(subcommand)]
    Endpoint(endpoint::EndpointCommand),
    /// Pulls what a provider has since a time, sends in what is missing, and compares.
    Backfill(backfill::Backfill),
    /// Proves the ledger's laws over everything stored; exits 1 when one is broken.
    Verify(verify::Which),
    /// The audit as a file, and the proof over such a file.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Writes what an older release has stored anew, as today's does; it may be broken off, and goes on.
    Migrate(migrate::Migrate),
    /// Tells a running small cloud half a year of history, once, and shows the keys.
    Demo(demo::Demo),
}

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Makes a key and prints it, once: only its hash is kept.
    Create(key::NewKey),
    /// Lists the keys of the tenant whose key asks.
    List(remote::At),
    /// Ends a key, within a minute everywhere.
    Revoke(remote::One),
}

/// Which tenant.
#[derive(Debug, Args)]
pub struct Tenant {
    /// The tenant's id; the deployment's default tenant when absent.
    #[arg(long)]
    tenant: Option<String>,
}

/// What a command answers.
#[derive(Debug)]
pub struct Said {
    /// What to print.
    pub text: String,
    /// Is all well?
    pub good: bool,
}

/// Any error of a command.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Does what was asked.
///
/// # Errors
/// The environment is not as it should be, or the store is away.
pub async fn run(command: Command) -> Result<Said, Error> {
    match command {
        Command::Key(KeyCommand::Create(new)) => key::create(&new).await,
        Command::Key(KeyCommand::List(at)) => remote::keys(&at).await,
        Command::Key(KeyCommand::Revoke(one)) => remote::revoke(&one).await,
        Command::User(command) => remote::users(&command).await,
        Command::Replay(one) => remote::replay(&one).await,
        Command::Tick(one) => remote::tick(&one).await,
        Command::Export(asked) => remote::export(&asked).await,
        Command::Endpoint(command) => endpoint::run(&command).await,
        Command::Backfill(asked) => backfill::run(&asked).await,
        Command::Tenant(command) => tenants::run(&command).await,
        Command::Migrate(asked) => migrate::run(&asked).await,
        Command::Verify(which) => verify::verify(&which).await,
        Command::Audit(command) => audit::run(&command).await,
        Command::Demo(demo) => demo::tell(&demo).await,
    }
}
