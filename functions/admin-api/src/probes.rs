//! What work needs beside the tables, looked at from outside: the queues, the key that seals, and whom mail is sent from.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ses::Client as Ses;
use aws_sdk_ses::error::ProvideErrorMetadata as _;
use aws_sdk_ses::types::VerificationStatus;
use aws_types::SdkConfig;
use domain::id::TenantId;
use edge::clock::Stopwatch;
use edge::sealing::{Belongs, Sealer};
use futures::future::join_all;
use queues::Door;
use thiserror::Error;

/// How long it is believed that mail may be sent: the service answers one such question a second in a whole account, anybody may
/// ask for `/ready`, and what is verified changes in days.
const VERIFIED_HOLDS_MS: u64 = 300_000;

/// Why a part does not do.
type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// The parts to look at; none, by default.
#[derive(Clone, Default)]
pub struct Probes {
    /// Each queue by its name.
    pub queues: Vec<(&'static str, Door)>,
    /// What seals.
    pub sealer: Option<Sealer>,
    /// Whom mail is sent from.
    pub mail: Option<MailFrom>,
}

/// The address that mail is sent from, at the mail service.
#[derive(Clone, Debug)]
pub struct MailFrom {
    ses: Ses,
    /// It, its domain and the domains above that one: whoever proved one of them to be theirs may send from it.
    names: Vec<String>,
    /// One memory for all clones of it.
    heard: Arc<Mutex<Option<Heard>>>,
}

/// What the mail service said last.
#[derive(Clone, Copy, Debug)]
struct Heard {
    since: Stopwatch,
    is_verified: bool,
}

/// The mail service does not know yet that the address is ours, and takes no mail from it.
#[derive(Debug, Error)]
#[error("none of {names:?} is verified at the mail service")]
pub(crate) struct NotVerified {
    names: Vec<String>,
}

impl MailFrom {
    /// An address at the mail service of a configuration.
    #[must_use]
    pub fn connect(config: &SdkConfig, address: &str) -> Self {
        Self { ses: Ses::new(config), names: names_over(address), heard: Arc::default() }
    }

    /// Nothing where the service was asked too often to say, and never said: that mail goes out may well be.
    async fn check(&self) -> Option<Result<(), Wrong>> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.is_some_and(|heard| heard.is_verified && heard.since.elapsed_ms() < VERIFIED_HOLDS_MS) {
            return Some(Ok(()));
        }
        let asked = self.ses.get_identity_verification_attributes().set_identities(Some(self.names.clone()));
        let is_verified = match asked.send().await {
            Ok(found) => {
                let mut known = found.verification_attributes.values();
                let is_verified = known.any(|known| known.verification_status == VerificationStatus::Success);
                let heard = Heard { since: Stopwatch::start(), is_verified };
                *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
                is_verified
            }
            Err(error) if error.code().is_some_and(|code| code.starts_with("Throttling")) => heard?.is_verified,
            Err(error) => return Some(Err(error.into())),
        };
        Some(if is_verified { Ok(()) } else { Err(NotVerified { names: self.names.clone() }.into()) })
    }
}

/// The names under which an address may be verified: a domain's word holds for every domain below it, and no domain that others
/// register under (`com`) is anybody's.
fn names_over(address: &str) -> Vec<String> {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    let domains = std::iter::successors(domain, |name| {
        name.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.'))
    });
    std::iter::once(address).chain(domains).map(str::to_owned).collect()
}

impl Probes {
    /// Looks at each; what is wrong is told with it.
    pub(crate) async fn look(&self) -> Vec<(String, Option<Wrong>)> {
        let doors = self.queues.iter().map(|(name, door)| async move {
            let wrong = door.check().await.err().map(|error| -> Wrong { Box::new(error) });
            (format!("queue {name}"), wrong)
        });
        let (mut looked, key, mail) = futures::join!(join_all(doors), self.key(), self.mail());
        looked.extend(key);
        looked.extend(mail);
        looked
    }

    async fn mail(&self) -> Option<(String, Option<Wrong>)> {
        let told = self.mail.as_ref()?.check().await?;
        Some(("mail".to_owned(), told.err()))
    }

    async fn key(&self) -> Option<(String, Option<Wrong>)> {
        let sealer = self.sealer.as_ref()?;
        let tenant = TenantId::default_tenant();
        let belongs = Belongs { tenant: tenant.as_str(), subject: "readiness", field: "probe" };
        let sealed = sealer.seal_text(&belongs, "x").await;
        Some(("key".to_owned(), sealed.err().map(|error| -> Wrong { Box::new(error) })))
    }
}
