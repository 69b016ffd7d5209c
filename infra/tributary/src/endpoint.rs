//! `tributary endpoint`: the doors through which providers tell a tenant's events.

use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand, ValueEnum};
use domain::audit::Told;
use domain::id::EndpointId;
use domain::provider::Provider;
use edge::aws::{Aws, Service};
use edge::config::{Reader, variables};
use edge::secrets::NamedSecrets;
use edge::telemetry::Secret;
use store::endpoints::Endpoint;
use store::{Store, TenantKey, Written};
use webhook_ingest::signature::standard::{is_public_key, is_secret};

use crate::{Error, Said, Tenant};

/// How long Lemon Squeezy lets its secret be.
const LEMON_SQUEEZY_CHARS: std::ops::RangeInclusive<usize> = 6..=40;

/// What is done with endpoints.
#[derive(Debug, Subcommand)]
pub enum EndpointCommand {
    /// Makes an endpoint and keeps its secret; prints the path to give to the provider.
    Create(NewEndpoint),
    /// Lists a tenant's endpoints.
    List(Tenant),
    /// Puts another secret in an endpoint's place; the one before stays good beside it until the next change.
    Rotate(Rotate),
    /// Takes nothing in through an endpoint any more.
    Disable(Which),
}

/// Who sends.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Sending {
    /// Stripe.
    Stripe,
    /// Lemon Squeezy.
    LemonSqueezy,
    /// Anybody who signs by Standard Webhooks.
    Standard,
}

impl Sending {
    pub(crate) fn provider(self) -> Provider {
        match self {
            Self::Stripe => Provider::Stripe,
            Self::LemonSqueezy => Provider::LemonSqueezy,
            Self::Standard => Provider::Standard,
        }
    }
}

/// The endpoint to make.
#[derive(Debug, Args)]
pub struct NewEndpoint {
    /// Who sends there.
    #[arg(long, value_enum)]
    provider: Sending,
    /// What people call it.
    #[arg(long)]
    name: String,
    /// The store or account whose events are taken in; give it again for another. Any, when absent.
    #[arg(long = "store")]
    stores: Vec<String>,
    /// The file that holds the signing secret, `-` for the standard input. Without it one is made and printed, save for
    /// Stripe, which makes its own.
    #[arg(long)]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    tenant: Tenant,
}

/// The secret to replace.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The endpoint's id.
    id: String,
    /// The file that holds the new secret, `-` for the standard input.
    #[arg(long)]
    secret_file: Option<PathBuf>,
}

/// One endpoint.
#[derive(Debug, Args)]
pub struct Which {
    /// The endpoint's id.
    id: String,
}

/// The tables, the secrets, and where they are named.
struct Office {
    store: Store,
    secrets: NamedSecrets,
    stage: String,
    now: domain::time::Timestamp,
}

impl Office {
    fn open() -> Result<Self, Error> {
        let mut reader = Reader::from_process_env();
        let aws = Aws::from(&mut reader);
        let (stage, tables) = (reader.text(&variables::STAGE), edge::config::tables(&mut reader));
        let clock = edge::config::clock(&mut reader);
        let tables = reader.finish(tables)?;
        let store = Store::connect(&aws.service(Service::DynamoDb), tables);
        let secrets = NamedSecrets::connect(&aws.service(Service::SecretsManager));
        Ok(Self { store, secrets, stage, now: clock.now() })
    }
}

/// Does what was asked.
pub(crate) async fn run(command: &EndpointCommand) -> Result<Said, Error> {
    let office = Office::open()?;
    let text = match command {
        EndpointCommand::Create(new) => create(&office, new).await?,
        EndpointCommand::List(tenant) => list(&office, tenant).await?,
        EndpointCommand::Rotate(rotate) => replace(&office, rotate).await?,
        EndpointCommand::Disable(which) => disable(&office, which).await?,
    };
    Ok(Said { text, good: true })
}

async fn create(office: &Office, new: &NewEndpoint) -> Result<String, Error> {
    let (tenant, provider) = (new.tenant.id()?, new.provider.provider());
    if new.name.trim().is_empty() {
        return Err("--name: what people call it".into());
    }
    let (secret, is_made) = secret(new.secret_file.as_deref(), provider)?;
    let id = EndpointId::of(&tenant, edge::random::ulid(office.now));
    let endpoint = Endpoint {
        id: id.clone(),
        provider,
        name: new.name.clone(),
        stores: new.stores.clone(),
        secret: format!("{}/webhooks/{id}", office.stage),
        created_at: office.now,
        disabled_at: None,
    };
    // The secret first: an endpoint without one would be asked for it in vain.
    office.secrets.create(&endpoint.secret, &secret).await?;
    let told = Told::new(id.to_string(), crate::audit::operator(), office.now, "endpoint.created")
        .is("provider", provider.word())
        .is("name", &endpoint.name)
        .is("stores", endpoint.stores.join(", "));
    let tenant = TenantKey::from(&tenant);
    match office.store.telling(&tenant, told).create_endpoint(&tenant, &endpoint).await? {
        Written::Yes => {}
        Written::ConditionFailed => return Err("an endpoint of the same id exists; try again".into()),
    }
    let shown = if is_made { format!("\nsecret, shown once: {}", secret.reveal()) } else { String::new() };
    Ok(format!("{id}\nsend to: {}{shown}", path_of(&endpoint)))
}

/// The path that the provider is told to send to.
pub(crate) fn path_of(endpoint: &Endpoint) -> String {
    match endpoint.provider {
        Provider::Stripe => format!("/v1/webhooks/stripe/{}", endpoint.id),
        Provider::LemonSqueezy => format!("/v1/webhooks/lemon-squeezy/{}", endpoint.id),
        Provider::Standard | Provider::Track => format!("/v1/webhooks/{}", endpoint.id),
    }
}

async fn list(office: &Office, tenant: &Tenant) -> Result<String, Error> {
    let found = office.store.list_endpoints(&TenantKey::from(&tenant.id()?)).await?;
    if found.is_empty() {
        return Ok("no endpoints".to_owned());
    }
    let row = |endpoint: &Endpoint| {
        let stores = if endpoint.stores.is_empty() { "any store".to_owned() } else { endpoint.stores.join(",") };
        let state = endpoint.disabled_at.map_or_else(|| "open".to_owned(), |at| format!("disabled {at}"));
        format!("{}  {}  {}  {stores}  {state}", endpoint.id, endpoint.provider.word(), endpoint.name)
    };
    Ok(found.iter().map(row).collect::<Vec<_>>().join("\n"))
}

async fn replace(office: &Office, rotate: &Rotate) -> Result<String, Error> {
    let (tenant, endpoint) = known(office, &rotate.id).await?;
    let (secret, is_made) = secret(rotate.secret_file.as_deref(), endpoint.provider)?;
    let before = office.secrets.get(&endpoint.secret).await?.current;
    // OPS-3: told first. A secret that changed and that nobody told of is worse than one that was told and, the secrets
    // being away in that instant, has to be asked for once more. The same secret again changes nothing.
    if before != secret {
        let told = Told::new(endpoint.id.to_string(), crate::audit::operator(), office.now, "endpoint.rotated")
            .was("secret", &before)
            .is("secret", &secret);
        office.store.tell(&tenant, told).await?;
    }
    office.secrets.rotate(&endpoint.secret, &secret).await?;
    let shown = if is_made { format!("secret, shown once: {}\n", secret.reveal()) } else { String::new() };
    Ok(format!("{shown}both secrets are good from now on, until the next change"))
}

async fn disable(office: &Office, which: &Which) -> Result<String, Error> {
    let (tenant, endpoint) = known(office, &which.id).await?;
    let told = Told::new(endpoint.id.to_string(), crate::audit::operator(), office.now, "endpoint.disabled");
    // The first time stands, and is told once.
    let store = if endpoint.disabled_at.is_none() { office.store.telling(&tenant, told) } else { office.store.clone() };
    store.record_endpoint_disabled(&tenant, &endpoint.id, office.now).await?;
    Ok(format!("{} takes nothing in any more; processes hear of it within a minute", endpoint.id))
}

async fn known(office: &Office, id: &str) -> Result<(TenantKey, Endpoint), Error> {
    let id = EndpointId::parse(id)?;
    let tenant = TenantKey::from(&id.tenant());
    let endpoint = office.store.get_endpoint(&tenant, &id).await?.ok_or("no such endpoint")?;
    Ok((tenant, endpoint))
}

/// The secret of a file, or a new one; and whether it was made here.
fn secret(file: Option<&Path>, provider: Provider) -> Result<(Secret<String>, bool), Error> {
    let Some(file) = file else { return Ok((made(provider)?, true)) };
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let text = text.trim();
    let is_good = match provider {
        Provider::Stripe => text.starts_with("whsec_") && text.len() > 20,
        Provider::LemonSqueezy => LEMON_SQUEEZY_CHARS.contains(&text.len()),
        Provider::Standard | Provider::Track => is_secret(text) || is_public_key(text),
    };
    if !is_good {
        return Err(format!("--secret-file: not a signing secret of {}", provider.word()).into());
    }
    Ok((Secret::new(text.to_owned()), false))
}

fn made(provider: Provider) -> Result<Secret<String>, Error> {
    let text = match provider {
        Provider::Stripe => return Err("--secret-file: Stripe makes the secret; give it here".into()),
        Provider::LemonSqueezy => hex::encode(edge::random::bytes::<20>()),
        Provider::Standard | Provider::Track => format!("whsec_{}", STANDARD.encode(edge::random::bytes::<32>())),
    };
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_made_is_one_of_its_scheme_and_never_the_same() {
        let standard = made(Provider::Standard).expect("made");
        assert!(is_secret(standard.reveal()), "{}", standard.reveal());
        assert_ne!(standard.reveal(), made(Provider::Standard).expect("made").reveal());
        let lemon = made(Provider::LemonSqueezy).expect("made");
        assert!(LEMON_SQUEEZY_CHARS.contains(&lemon.reveal().len()));
        assert!(made(Provider::Stripe).is_err(), "Stripe makes its own");
    }

    #[test]
    fn a_text_that_is_no_secret_of_the_scheme_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secret");
        for (text, provider, is_good) in [
            ("whsec_0123456789abcdefghij\n", Provider::Stripe, true),
            ("sk_live_0123456789abcdefghij", Provider::Stripe, false),
            ("", Provider::Stripe, false),
            ("abcdef", Provider::LemonSqueezy, true),
            ("abcde", Provider::LemonSqueezy, false),
            ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", Provider::Standard, true),
            ("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", Provider::Standard, true),
            ("C2FVsBQIhrscChlQIMV+b5sSYspob7oD", Provider::Standard, false),
        ] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(secret(Some(&file), provider).is_ok(), is_good, "{text}");
        }
    }
}
