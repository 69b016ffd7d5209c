//! Who is calling: API keys, sessions, their roles and scopes, and the refusals 401 and 403.
//!
//! What was found is remembered for a minute by each process: a revocation, an ending or a change of role works within
//! that minute. Whether something has run out is asked each time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRef, FromRequestParts};
use domain::audit::Actor;
use domain::digest::Digest;
use domain::id::{KeyId, SessionId, TenantId, UserId};
use domain::role::Role;
use domain::scope::{Scope, Scopes};
use domain::time::Timestamp;
use domain::user::{User, UserState};
use http::Method;
use http::header::{AUTHORIZATION, HeaderMap};
use http::request::Parts;
use jiff::SignedDuration;
use store::api_keys::ApiKey;
use store::signed_in::Session;
use store::{Store, TenantKey};

use crate::clock::{Clock, Stopwatch};
use crate::http::Origin;
use crate::problem::Problem;
use crate::settings::RememberedSettings;
use crate::telemetry::{Secret, chain};

pub mod browsers;
mod carried;
mod persons;
pub mod totp;

pub use persons::{Approver, SECOND_FACTOR_WITHIN};

pub use carried::{PresentedKey, PresentedLink, PresentedSession, hash_of, mint, mint_from, mint_link, mint_session};

/// How long what was found is remembered, and how much is.
const REMEMBERED_MS: u64 = 60_000;
const REMEMBERED_MAX: usize = 1_024;
/// How seldom it is noted that a key was used.
const USE_NOTED_MS: u64 = 3_600_000;
/// POR-3: a session ends when nothing is heard of it for so long.
pub const IDLE: SignedDuration = SignedDuration::from_hours(12);
/// How seldom it is noted that a session was seen.
const SEEN_NOTED: SignedDuration = SignedDuration::from_mins(5);

/// By what a caller is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// By a key.
    Key,
    /// By a session.
    Session {
        /// Which.
        id: SessionId,
        /// SHA-256 of the text that was presented: the session's, or the one before it.
        presented: Digest,
        /// When its bearer last gave a code of their authenticator.
        second_factor_at: Option<Timestamp>,
        /// The token of its forms.
        csrf: Secret<String>,
    },
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant; it comes from the credential and from nowhere else.
    pub tenant: TenantId,
    /// What the caller may do.
    pub role: Role,
    /// The id of the partner or user, or a machine's name.
    pub subject: String,
    /// The key that was presented; of a session, an id with the session's own ULID.
    pub key_id: KeyId,
    /// The person, where the credential is a person's: one, however many keys and sessions they have.
    pub user: Option<UserId>,
    /// By what they are known.
    pub credential: Credential,
    /// What a machine's key opens, where it is confined to that. The request was held against it already.
    pub scopes: Option<Scopes>,
}

impl Caller {
    /// Lets only these roles pass; a machine whose scopes open the request passes where an admin does.
    ///
    /// # Errors
    /// 403 for any other.
    pub fn require(&self, roles: &[Role]) -> Result<(), Problem> {
        let is_opened = self.role == Role::Service && self.scopes.is_some() && roles.contains(&Role::Admin);
        if is_opened || roles.contains(&self.role) {
            return Ok(());
        }
        let allowed: Vec<_> = roles.iter().map(|role| role.word()).collect();
        Err(Problem::forbidden(format!("the role {} may not do this; {} may", self.role.word(), allowed.join(", "))))
    }

    /// The subject that the caller is confined to: its own, for partners and members; None for the others.
    pub fn confined_to(&self) -> Option<&str> {
        matches!(self.role, Role::Partner | Role::Member).then_some(self.subject.as_str())
    }

    /// Who acts, for the audit: whom it concerns, and who of them it was.
    pub fn acting(&self, origin: Origin) -> Actor {
        let Origin { ip, user_agent } = origin;
        Actor { ip, user_agent, person: self.one_of_them(), ..Actor::new(self.role, self.subject.as_str()) }
    }

    /// Who acts, for the audit of what a person does about persons: the person, by whatever they came.
    pub fn acting_as_person(&self, origin: Origin) -> Actor {
        let actor = Actor { id: self.person(), ..self.acting(origin) };
        Actor { person: actor.person.filter(|person| *person != actor.id), ..actor }
    }

    /// OPS-3: who it was of those who may act as the subject: a partner has up to twenty users, and keys beside them. None
    /// where the subject is the person.
    fn one_of_them(&self) -> Option<String> {
        match &self.user {
            Some(user) => Some(user.to_string()).filter(|user| *user != self.subject),
            // Staff's keys are a person's each; whoever is none of them has no more than the key.
            None if is_staff(self.role) => None,
            None => Some(self.key_id.to_string()),
        }
    }

    /// The caller's tenant, as the store wants it.
    pub fn tenant_key(&self) -> TenantKey {
        TenantKey::from(&self.tenant)
    }

    /// POR-3: the person, by whatever they came: who says yes twice is one, with two keys or a key and a session.
    pub fn person(&self) -> String {
        self.user.as_ref().map_or_else(|| self.subject.clone(), ToString::to_string)
    }

    /// Has the person given a code of their authenticator within so long?
    pub fn has_second_factor(&self, now: Timestamp, within: SignedDuration) -> bool {
        match &self.credential {
            Credential::Session { second_factor_at: Some(at), .. } => {
                at.saturating_add(within).is_ok_and(|until| now < until)
            }
            Credential::Session { second_factor_at: None, .. } | Credential::Key => false,
        }
    }

    /// API-4: holds a request against a machine's scopes. The one place where that is done.
    fn hold_to_scopes(&self, method: &Method, path: &str) -> Result<(), Problem> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        let Some(needed) = Scope::needed(method.as_str(), path) else {
            return Err(Problem::forbidden("no scope opens this: it needs a person").kind("person-needed"));
        };
        if !needed.is_for_machines() {
            return Err(Problem::forbidden(format!("no key has {needed}: this needs a person")).kind("person-needed"));
        }
        if scopes.contains(&needed) {
            return Ok(());
        }
        let had: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        let detail = format!("this needs the scope {needed}; the key has {}", had.join(", "));
        Err(Problem::forbidden(detail).kind("scope-needed"))
    }
}

/// What is behind a text that was carried here.
#[derive(Clone)]
enum Known {
    Key(ApiKey, Option<User>),
    Session(Session, User),
}

/// Looks credentials up, and remembers them for a minute.
#[derive(Clone)]
pub struct Gate {
    store: Store,
    clock: Clock,
    settings: RememberedSettings,
    remembered: Arc<Mutex<BTreeMap<Digest, (Stopwatch, Known)>>>,
    noted: Arc<Mutex<BTreeMap<KeyId, Stopwatch>>>,
}

impl Gate {
    /// A gate before this store's keys and sessions.
    pub fn new(store: Store, clock: Clock) -> Self {
        let settings = RememberedSettings::new(store.clone());
        Self { store, clock, settings, remembered: Arc::default(), noted: Arc::default() }
    }

    /// Who sends a request.
    ///
    /// # Errors
    /// 401 without a credential or with a bad one; 403 for a write that its cookie's page did not mean, or that a key's
    /// scopes do not open; 503 when credentials can't be looked up.
    pub async fn caller(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<Caller, Problem> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let caller = match (headers.contains_key(AUTHORIZATION), browsers::cookie(headers)) {
            (true, _) => self.bearer(authorization.and_then(bearer)).await?,
            (false, Some(text)) => {
                let caller = self.session(text).await?;
                if let (Credential::Session { csrf, .. }, false) = (&caller.credential, browsers::is_read(method)) {
                    browsers::check_write(headers, csrf)?;
                }
                caller
            }
            (false, None) => return Err(no_credential()),
        };
        caller.hold_to_scopes(method, path)?;
        Ok(caller)
    }

    /// What the tenants have set, as this process remembers it.
    pub fn settings(&self) -> &RememberedSettings {
        &self.settings
    }

    /// Forgets a text that this process ended itself.
    pub fn forget(&self, hash: &Digest) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    async fn bearer(&self, text: Option<&str>) -> Result<Caller, Problem> {
        match text {
            None => Err(no_credential()),
            Some(text) if carried::is_session(text) => self.session(text).await,
            Some(text) => self.key(text).await,
        }
    }

    async fn key(&self, text: &str) -> Result<Caller, Problem> {
        let refused = || Problem::unauthorized("this API key is not valid");
        let presented = PresentedKey::parse(text).ok_or_else(refused)?;
        let now = self.clock.now();
        let known = match self.remembered(presented.hash()) {
            Some(known) => known,
            None => self.look_key_up(&presented, now).await?.ok_or_else(refused)?,
        };
        let Known::Key(key, user) = known else { return Err(refused()) };
        if key.terms.expires_at.is_some_and(|end| end <= now) {
            return Err(Problem::unauthorized("this API key has run out").kind("expired"));
        }
        let staff = is_staff(key.role);
        let (role, subject, user) = match user {
            // A person's own key does what the person may, not what they could when they made it.
            Some(user) => (user.position.role(), user.subject(), Some(user.id)),
            None => {
                let person = if staff { UserId::parse(&key.subject).ok() } else { None };
                (key.role, key.subject, person)
            }
        };
        let scopes = key.terms.scopes;
        Ok(Caller { tenant: key.tenant, role, subject, key_id: key.id, user, credential: Credential::Key, scopes })
    }

    async fn look_key_up(&self, presented: &PresentedKey, now: Timestamp) -> Result<Option<Known>, Problem> {
        let tenant = TenantKey::from(presented.tenant());
        let found = self.store.get_api_key(&tenant, presented.hash()).await?;
        let valid = found.filter(|key| key.revoked_at.is_none() && key.tenant == *presented.tenant());
        let Some(mut key) = valid else { return Ok(None) };
        let user = match &key.terms.person {
            None => match self.held_to_user(&tenant, &key).await? {
                None => return Ok(None),
                Some(role) => {
                    key.role = role;
                    None
                }
            },
            Some((id, epoch)) => match self.active(&tenant, id, *epoch).await? {
                None => return Ok(None),
                user => user,
            },
        };
        self.note_use(&tenant, &key.id, now).await;
        let known = Known::Key(key, user);
        self.remember(*presented.hash(), &known);
        Ok(Some(known))
    }

    async fn session(&self, text: &str) -> Result<Caller, Problem> {
        let refused = || Problem::unauthorized("this session has ended; sign in again").kind("session-ended");
        let presented = PresentedSession::parse(text).ok_or_else(refused)?;
        let now = self.clock.now();
        let known = match self.remembered(&presented.hash) {
            Some(known) => known,
            None => self.look_session_up(&presented, now).await?.ok_or_else(refused)?,
        };
        let Known::Session(session, user) = known else { return Err(refused()) };
        if !session.counts_for(&presented.hash, now) {
            return Err(refused());
        }
        Ok(Caller {
            tenant: presented.tenant,
            role: user.position.role(),
            subject: user.subject(),
            key_id: KeyId::from_ulid(session.id.ulid()),
            credential: Credential::Session {
                csrf: browsers::csrf_of(&session),
                presented: presented.hash,
                id: session.id,
                second_factor_at: session.second_factor_at,
            },
            user: Some(user.id),
            scopes: None,
        })
    }

    async fn look_session_up(&self, presented: &PresentedSession, now: Timestamp) -> Result<Option<Known>, Problem> {
        let tenant = TenantKey::from(&presented.tenant);
        let found = self.store.get_session(&tenant, (&presented.user, &presented.session)).await?;
        let Some(session) = found.filter(|session| session.counts_for(&presented.hash, now)) else {
            return Ok(None);
        };
        let Some(user) = self.active(&tenant, &session.user, session.epoch).await? else { return Ok(None) };
        // POR-3: it slides; noted seldom, so that reading a page does not cost a write.
        let is_due = session.seen_at.saturating_add(SEEN_NOTED).is_ok_and(|due| due <= now);
        let idle_until = now.saturating_add(IDLE).unwrap_or(now).min(session.absolute_until);
        if is_due && let Err(error) = self.store.record_session_seen(&tenant, &session, (now, idle_until)).await {
            tracing::warn!(session.id = %session.id, reason = chain(&error), "that a session was seen was not noted");
        }
        let known = Known::Session(session, user);
        self.remember(presented.hash, &known);
        Ok(Some(known))
    }

    /// The user, if they may still do what they could when their credential began.
    async fn active(&self, tenant: &TenantKey, user: &UserId, epoch: u32) -> Result<Option<User>, Problem> {
        let kept = self.store.get_user(tenant, user).await?.map(|kept| kept.user);
        Ok(kept.filter(|user| user.state == UserState::Active && user.epoch == epoch))
    }

    /// For people who wonder whether anybody needs a key: never on the way of an answer.
    async fn note_use(&self, tenant: &TenantKey, id: &KeyId, now: Timestamp) {
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            if noted.get(id).is_some_and(|since| since.elapsed_ms() < USE_NOTED_MS) {
                return;
            }
            if noted.len() >= REMEMBERED_MAX {
                noted.clear();
            }
            noted.insert(id.clone(), Stopwatch::start());
        }
        if let Err(error) = self.store.record_api_key_used(tenant, id, now).await {
            tracing::warn!(key.id = %id, reason = chain(&error), "the use of a key was not noted");
        }
    }

    fn remember(&self, hash: Digest, known: &Known) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(hash, (Stopwatch::start(), known.clone()));
    }

    fn remembered(&self, hash: &Digest) -> Option<Known> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, known) = remembered.get(hash)?;
        (since.elapsed_ms() < REMEMBERED_MS).then(|| known.clone())
    }
}

fn is_staff(role: Role) -> bool {
    matches!(role, Role::Admin | Role::FinanceManager | Role::Support | Role::Auditor)
}

fn no_credential() -> Problem {
    Problem::unauthorized("send an API key: Authorization: Bearer trb_…, or sign in")
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, text) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let AnyCaller(caller) = AnyCaller::from_request_parts(parts, state).await?;
        // A key that everybody can read opens no door that has not been made for it.
        if caller.role == Role::Publishable {
            return Err(Problem::forbidden("a publishable key leaves leads, and may do nothing else"));
        }
        Ok(caller)
    }
}

/// Whoever presents a key, also one that stands in a page for everybody to read. For doors that are made for those; all
/// others take [`Caller`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyCaller(pub Caller);

/// Why a request was refused at the gate, for whoever asks again while it is answered.
#[derive(Debug, Clone)]
struct TurnedAway(Problem);

impl<S> FromRequestParts<S> for AnyCaller
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // A layer before this one may have asked already.
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(Self(caller.clone()));
        }
        // Whoever was refused is not looked up a second time, and does not slip in between two answers.
        if let Some(TurnedAway(problem)) = parts.extensions.get::<TurnedAway>() {
            return Err(problem.clone());
        }
        let gate = Gate::from_ref(state);
        match gate.caller(&parts.method, parts.uri.path(), &parts.headers).await {
            Ok(caller) => {
                parts.extensions.insert(caller.clone());
                Ok(Self(caller))
            }
            Err(problem) => {
                parts.extensions.insert(TurnedAway(problem.clone()));
                Err(problem)
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
