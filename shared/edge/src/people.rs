//! People who sign in: made, sent a link, let in by it. What is personal of them is sealed here, and opened.
//!
//! Whoever asks for a link is answered the same and costs the same, known or not: nobody learns whose addresses we know.

mod leaving;
mod vouched;

use domain::audit::{Actor, Deed, Told};
use domain::digest::Digest;
use domain::email::{self, Email};
use domain::id::{SessionId, TenantId, UserId};
use domain::role::Role;
use domain::time::Timestamp;
use domain::user::{Position, User, UserState};
use jiff::SignedDuration;
pub use leaving::{partner_leaves, too_many_users};
use store::sign_in::{SignInLink, TOKEN};
use store::signed_in::{Rotation, Session};
use store::users::{EMAIL, KeptUser, NAME, UserCreated};
use store::{Store, TenantKey, Written};
pub use vouched::VouchedFor;

use crate::auth::{IDLE, PresentedLink, hash_of, mint_link, mint_session};
use crate::http::Origin;
use crate::problem::Problem;
use crate::random;
use crate::sealing::{Belongs, Sealed, Sealer, SealingError};
use crate::telemetry::{Secret, chain};

/// POR-3: how long a link opens.
pub const LINK_OPENS: SignedDuration = SignedDuration::from_mins(15);
/// How long a session lasts whatever happens.
pub const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long the text before counts: for requests that were under way when it was replaced.
const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// The path of the page that a link leads to.
pub const LINK_PATH: &str = "/v1/auth/magic-link";

/// People over a store.
#[derive(Clone)]
pub struct People {
    store: Store,
    sealer: Sealer,
    public_url: String,
    first_admin: Option<Email>,
}

/// Somebody who is to become a user.
pub struct NewPerson {
    /// Their id.
    pub id: UserId,
    /// What they will be.
    pub position: Position,
    /// Where they are reached.
    pub email: Email,
    /// What they are called; may be empty.
    pub name: String,
    /// Now.
    pub at: Timestamp,
}

/// A session that has just begun, or got another text.
pub struct SignedIn {
    /// The text that its bearer carries; shown once.
    pub text: Secret<String>,
    /// The session.
    pub session: Session,
}

/// What is personal of a user, opened.
pub struct Opened {
    /// The address.
    pub email: String,
    /// The name; None where none is known.
    pub name: Option<String>,
}

impl People {
    /// People over a store, whose links lead to this address.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, public_url: impl Into<String>) -> Self {
        Self { store, sealer, public_url: public_url.into(), first_admin: None }
    }

    /// The address whose first sign-in makes the first admin of the default tenant.
    #[must_use]
    pub fn with_first_admin(self, first_admin: Option<Email>) -> Self {
        Self { first_admin, ..self }
    }

    /// Makes a user, and tells the audit trail who did.
    ///
    /// # Errors
    /// 503 where the store or the key service is away.
    pub async fn create(
        &self,
        tenant: &TenantKey,
        new: &NewPerson,
        by: Actor,
    ) -> Result<(UserCreated, KeptUser), Problem> {
        let kept = self.sealed(tenant, new).await?;
        let created = self.told(tenant, &kept.user, by).create_user(tenant, &kept).await?;
        Ok((created, kept))
    }

    /// Opens what is personal of a user.
    ///
    /// # Errors
    /// 503 where the key service is away, 500 where it does not open.
    pub async fn open(&self, tenant: &TenantKey, kept: &KeptUser) -> Result<Opened, Problem> {
        if kept.email_sealed.is_empty() {
            // OPS-4: erased; nothing is left to open.
            return Ok(Opened { email: String::new(), name: None });
        }
        let email = self.opened(tenant, &kept.user.id, EMAIL, &kept.email_sealed).await?;
        let name = match kept.name_sealed.as_str() {
            "" => None,
            sealed => Some(self.opened(tenant, &kept.user.id, NAME, sealed).await?.reveal().clone()),
        };
        Ok(Opened { email: email.reveal().clone(), name })
    }

    /// Seals a name of a user.
    ///
    /// # Errors
    /// 503 where the key service is away.
    pub async fn seal_name(&self, tenant: &TenantKey, user: &UserId, name: &str) -> Result<String, Problem> {
        if name.is_empty() { Ok(String::new()) } else { self.seal(tenant, user, NAME, name).await }
    }

    /// Seals a value of a user under a field's name.
    ///
    /// # Errors
    /// 503 where the key service is away.
    pub async fn seal_bytes(
        &self,
        tenant: &TenantKey,
        (user, field): (&UserId, &str),
        plain: &[u8],
    ) -> Result<String, Problem> {
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: user.as_str(), field };
        let sealed = self.sealer.seal(&belongs, plain).await.map_err(|error| refused(user, &error))?;
        Ok(sealed.to_string())
    }

    /// Opens a value of a user.
    ///
    /// # Errors
    /// 503 where the key service is away, 500 where it does not open.
    pub async fn open_bytes(
        &self,
        tenant: &TenantKey,
        (user, field): (&UserId, &str),
        sealed: &str,
    ) -> Result<Secret<Vec<u8>>, Problem> {
        let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: user.as_str(), field };
        let sealed: Sealed = sealed.parse().map_err(|error| refused(user, &error))?;
        self.sealer.open(&belongs, &sealed).await.map_err(|error| refused(user, &error))
    }

    /// Somebody wants to sign in by an address. A known one is sent a link; an unknown one makes the same requests, and
    /// nothing follows.
    ///
    /// # Errors
    /// 503 where the store or the key service is away.
    pub async fn ask(&self, tenant: &TenantKey, address: &Email, at: Timestamp) -> Result<(), Problem> {
        let hash = email_hash(tenant.tenant(), address);
        let known = match self.store.find_user(tenant, &hash).await? {
            None if self.is_first_admin(tenant, &hash) => self.make_first_admin(tenant, at).await?,
            known => known,
        };
        // Nobody's id is derived from the address: the same requests are made for it as for somebody's.
        let asked = known.unwrap_or_else(|| UserId::from_ulid(hash.to_ulid()));
        let kept = self.store.get_user(tenant, &asked).await?;
        let is_active = kept.is_some_and(|kept| kept.user.state == UserState::Active);
        let (link, _) = self.new_link(tenant, &asked, at).await?;
        if is_active {
            self.store.record_sign_in_link(tenant, &link).await?;
            tracing::info!(user.id = %asked, "sign-in link asked for");
        } else {
            let sealed = link.token_sealed.unwrap_or_default();
            self.store.record_sign_in_of_nobody(tenant, &hash, (&link.hash, &sealed), at).await?;
        }
        Ok(())
    }

    /// A link of a user, as their mail would bring it: for whoever starts a deployment on their own machine.
    ///
    /// # Errors
    /// 503 where the store or the key service is away.
    pub async fn link(&self, tenant: &TenantKey, user: &UserId, at: Timestamp) -> Result<Secret<String>, Problem> {
        let (link, url) = self.new_link(tenant, user, at).await?;
        self.store.record_sign_in_link(tenant, &link).await?;
        Ok(url)
    }

    /// POR-3: uses a link: exactly once, within its time, by somebody who may still sign in.
    ///
    /// # Errors
    /// 401 for a link that opens nothing, whatever the reason; 503 where the store is away.
    pub async fn redeem(&self, token: &str, origin: Origin, at: Timestamp) -> Result<SignedIn, Problem> {
        let refused = || {
            Problem::unauthorized("this link opens nothing: it was used, has run out, or is none; ask for another")
                .kind("sign-in-link")
        };
        let presented = PresentedLink::parse(token).ok_or_else(refused)?;
        let tenant = TenantKey::from(&presented.tenant);
        let kept = self.store.get_user(&tenant, &presented.user).await?;
        let user = kept.map(|kept| kept.user).filter(|user| user.state == UserState::Active).ok_or_else(refused)?;
        let SignedIn { text, session } = new_session(&tenant, &user, (&origin, at));
        let store = self.telling_begun(&tenant, &user, (&session, origin));
        match store.begin_session(&tenant, &presented.hash, &session).await? {
            Written::Yes => {
                tracing::info!(session.id = %session.id, user.id = %session.user, "signed in");
                Ok(SignedIn { text, session })
            }
            Written::ConditionFailed => Err(refused()),
        }
    }

    /// Gives a session another text, and notes a code of its bearer's authenticator where there is one. None when
    /// another request did at the same moment: the text that it was given is good, and so is this one for a moment.
    ///
    /// # Errors
    /// 503 where the store is away.
    pub async fn rotate(
        &self,
        tenant: &TenantKey,
        session: Session,
        (at, second_factor): (Timestamp, bool),
    ) -> Result<Option<SignedIn>, Problem> {
        let text = mint_session(tenant.tenant(), &session.user, &session.id);
        let rotation = Rotation {
            hash: hash_of(text.reveal()),
            grace_until: later(at, GRACE),
            idle_until: later(at, IDLE).min(session.absolute_until),
            second_factor_at: second_factor.then_some(at),
            at,
        };
        Ok(match self.store.rotate_session(tenant, &session, &rotation).await? {
            Written::ConditionFailed => None,
            Written::Yes => {
                let second_factor_at = rotation.second_factor_at.or(session.second_factor_at);
                let session = Session {
                    previous: Some((session.hash, rotation.grace_until)),
                    hash: rotation.hash,
                    idle_until: rotation.idle_until,
                    seen_at: at,
                    second_factor_at,
                    ..session
                };
                Some(SignedIn { text, session })
            }
        })
    }

    fn is_first_admin(&self, tenant: &TenantKey, asked: &Digest) -> bool {
        let own = *tenant.tenant() == TenantId::default_tenant();
        let named = self.first_admin.as_ref().map(|first| email_hash(tenant.tenant(), first));
        own && named.as_ref() == Some(asked)
    }

    /// POR-3: once. Whoever was made first may have been disabled since, and is not made anew by asking.
    async fn make_first_admin(&self, tenant: &TenantKey, at: Timestamp) -> Result<Option<UserId>, Problem> {
        let Some(email) = self.first_admin.clone() else { return Ok(None) };
        let id = UserId::from_ulid(random::ulid(at));
        let new = NewPerson { id, position: Position::Admin, email, name: String::new(), at };
        let kept = self.sealed(tenant, &new).await?;
        let by = Actor::new(Role::Operator, "deployment");
        let created = self.told(tenant, &kept.user, by).create_first_admin(tenant, &kept).await?;
        if created == UserCreated::Yes {
            tracing::info!(user.id = %kept.user.id, "the deployment's first admin was made");
        }
        Ok((created == UserCreated::Yes).then_some(kept.user.id))
    }

    async fn sealed(&self, tenant: &TenantKey, new: &NewPerson) -> Result<KeptUser, Problem> {
        let user = User {
            id: new.id.clone(),
            position: new.position.clone(),
            state: UserState::Active,
            email: email_hash(tenant.tenant(), &new.email),
            epoch: 0,
            version: 1,
            created_at: new.at,
            changed_at: new.at,
        };
        let email_sealed = self.seal(tenant, &new.id, EMAIL, new.email.as_str()).await?;
        let name_sealed = self.seal_name(tenant, &new.id, &new.name).await?;
        Ok(KeptUser { user, email_sealed, name_sealed })
    }

    /// The store, whose next write tells that a user was made.
    fn told(&self, tenant: &TenantKey, user: &User, by: Actor) -> Store {
        let new = [("role", user.position.role().to_string()), ("subject", user.subject())];
        let new = new.map(|(name, value)| (name.to_owned(), value)).into();
        let deed = Deed { at: user.created_at, actor: by, action: "user.created", old: Default::default(), new };
        self.store.telling(tenant, Told { aggregate: user.id.to_string(), deed })
    }

    /// OPS-3: the store, whose next write tells that somebody signed in.
    fn telling_begun(&self, tenant: &TenantKey, user: &User, (session, origin): (&Session, Origin)) -> Store {
        let by = Actor::new(user.position.role(), user.id.to_string());
        let by = Actor { ip: origin.ip, user_agent: origin.user_agent, ..by };
        let told = Told::new(user.id.to_string(), by, session.created_at, "session.begun").is("session", &session.id);
        self.store.telling(tenant, told)
    }

    async fn new_link(
        &self,
        tenant: &TenantKey,
        user: &UserId,
        at: Timestamp,
    ) -> Result<(SignInLink, Secret<String>), Problem> {
        let token = mint_link(tenant.tenant(), user);
        let url = Secret::new(format!("{}{LINK_PATH}?token={}", self.public_url, token.reveal()));
        let link = SignInLink {
            user: user.clone(),
            hash: hash_of(token.reveal()),
            // Whoever writes the mail needs nothing else.
            token_sealed: Some(self.seal(tenant, user, TOKEN, url.reveal()).await?),
            asked_at: at,
            expires_at: later(at, LINK_OPENS),
        };
        Ok((link, url))
    }

    async fn seal(&self, tenant: &TenantKey, user: &UserId, field: &str, plain: &str) -> Result<String, Problem> {
        self.seal_bytes(tenant, (user, field), plain.as_bytes()).await
    }

    async fn opened(
        &self,
        tenant: &TenantKey,
        user: &UserId,
        field: &str,
        sealed: &str,
    ) -> Result<Secret<String>, Problem> {
        let bytes = self.open_bytes(tenant, (user, field), sealed).await?;
        let text = String::from_utf8(bytes.reveal().clone()).map_err(|_| refused(user, &SealingError::Malformed))?;
        Ok(Secret::new(text))
    }
}

/// A session of a user that begins now.
fn new_session(tenant: &TenantKey, user: &User, (origin, at): (&Origin, Timestamp)) -> SignedIn {
    let id = SessionId::from_ulid(random::ulid(at));
    let text = mint_session(tenant.tenant(), &user.id, &id);
    let session = Session {
        hash: hash_of(text.reveal()),
        id,
        user: user.id.clone(),
        epoch: user.epoch,
        previous: None,
        form_salt: Digest::from_bytes(random::bytes()),
        program: program_words(origin.user_agent.as_deref()),
        created_at: at,
        seen_at: at,
        idle_until: later(at, IDLE),
        absolute_until: later(at, SESSION_LASTS),
        second_factor_at: None,
        ended_at: None,
    };
    SignedIn { text, session }
}

/// The hash by which a tenant finds the user of an address: two spellings of one address are one user.
#[must_use]
pub fn email_hash(tenant: &TenantId, address: &Email) -> Digest {
    let plain = || Digest::of_bytes(address.as_str().to_lowercase().as_bytes());
    let normal = email::digest(address.as_str()).unwrap_or_else(plain);
    Digest::of(&[b"user", tenant.as_str().as_bytes(), normal.as_bytes()])
}

/// A program in two words, as people know it again in a list of where they are signed in: `Firefox on Linux`.
fn program_words(user_agent: Option<&str>) -> String {
    let text = user_agent.unwrap_or_default();
    let one_of = |known: &[(&str, &'static str)], other| {
        known.iter().find(|(mark, _)| text.contains(mark)).map_or(other, |(_, word)| *word)
    };
    // The order counts: most programs name those before them too.
    let browsers =
        [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    format!("{} on {}", one_of(&browsers, "a program"), one_of(&systems, "some system"))
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

fn refused(user: &UserId, error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(user.id = %user, reason, "key service away, request refused");
            Problem::unavailable("personal data cannot be sealed or opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(user.id = %user, reason, "a sealed value of a user does not open");
            Problem::internal()
        }
    }
}
