//! Sessions: who is signed in, by the hash of what they carry. The text itself is nowhere.
//!
//! Whether a session counts is decided by the instant that is passed in; the table's time to live only tidies up.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::digest::Digest;
use domain::id::{SessionId, UserId};
use domain::time::Timestamp;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::item::{number, text};
use crate::keys::Key;
use crate::request::{self, Range, Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey, item};

/// Housekeeping: how long an ended session can still be seen.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// One signing-in of a user, until it ends.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, for lists.
    pub id: SessionId,
    /// Who.
    pub user: UserId,
    /// Under which number of the user's rights it began: it ends when they change.
    pub epoch: u32,
    /// SHA-256 of the text that its bearer carries now.
    pub hash: Digest,
    /// The text before, and until when it still counts: requests that were under way when it was replaced.
    pub previous: Option<(Digest, Timestamp)>,
    /// What the tokens of its forms are made from. It opens nothing.
    pub form_salt: Digest,
    /// With which program, in two words.
    pub program: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last seen, to some minutes.
    pub seen_at: Timestamp,
    /// When it ends unless it is seen before.
    pub idle_until: Timestamp,
    /// When it ends whatever happens.
    pub absolute_until: Timestamp,
    /// When its bearer last gave a code of their authenticator.
    pub second_factor_at: Option<Timestamp>,
    /// When it was ended by hand.
    pub ended_at: Option<Timestamp>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Session({}, {}, [redacted])", self.id, self.user)
    }
}

impl Session {
    /// Does it count at an instant, for whoever carries a text of this hash?
    #[must_use]
    pub fn counts_for(&self, presented: &Digest, at: Timestamp) -> bool {
        let was_before = self.previous.is_some_and(|(before, until)| before == *presented && at < until);
        let is_now = self.hash == *presented;
        (is_now || was_before) && self.is_open(at)
    }

    /// Has it neither run out nor been ended?
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.ended_at.is_none() && at < self.idle_until && at < self.absolute_until
    }
}

/// What takes the place of a session's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// SHA-256 of the new text.
    pub hash: Digest,
    /// Until when the old one counts.
    pub grace_until: Timestamp,
    /// When the session ends now unless it is seen before.
    pub idle_until: Timestamp,
    /// The instant of a code that was given, where it is that which rotates it.
    pub second_factor_at: Option<Timestamp>,
    /// Now.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct SessionItem {
    entity: String,
    v: u32,
    id: SessionId,
    user: UserId,
    epoch: u32,
    hash: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_hash: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_until_ms: Option<i64>,
    form_salt: Digest,
    program: String,
    created_at_ms: i64,
    seen_at_ms: i64,
    idle_until_ms: i64,
    absolute_until_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second_factor_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at_ms: Option<i64>,
    /// Seconds, for the table's time to live.
    expires_at: i64,
}

impl From<&Session> for SessionItem {
    fn from(session: &Session) -> Self {
        let ms = |at: &Timestamp| at.as_millisecond();
        Self {
            entity: "session".to_owned(),
            v: 1,
            id: session.id.clone(),
            user: session.user.clone(),
            epoch: session.epoch,
            hash: session.hash,
            previous_hash: session.previous.map(|(hash, _)| hash),
            previous_until_ms: session.previous.map(|(_, until)| until.as_millisecond()),
            form_salt: session.form_salt,
            program: session.program.clone(),
            created_at_ms: ms(&session.created_at),
            seen_at_ms: ms(&session.seen_at),
            idle_until_ms: ms(&session.idle_until),
            absolute_until_ms: ms(&session.absolute_until),
            second_factor_at_ms: session.second_factor_at.as_ref().map(ms),
            ended_at_ms: session.ended_at.as_ref().map(ms),
            expires_at: session.absolute_until.saturating_add(KEPT).unwrap_or(session.absolute_until).as_second(),
        }
    }
}

impl SessionItem {
    fn session(self, key: &Key) -> Result<Session, StoreError> {
        let instant = |ms| Timestamp::from_millisecond(ms).map_err(|error| item::inconsistent(key, error));
        Ok(Session {
            previous: self.previous_hash.zip(self.previous_until_ms.map(instant).transpose()?),
            created_at: instant(self.created_at_ms)?,
            seen_at: instant(self.seen_at_ms)?,
            idle_until: instant(self.idle_until_ms)?,
            absolute_until: instant(self.absolute_until_ms)?,
            second_factor_at: self.second_factor_at_ms.map(instant).transpose()?,
            ended_at: self.ended_at_ms.map(instant).transpose()?,
            id: self.id,
            user: self.user,
            epoch: self.epoch,
            hash: self.hash,
            form_salt: self.form_salt,
            program: self.program,
        })
    }
}

impl Store {
    /// A link is used and its session begins, or neither: of any number at once exactly one begins.
    /// `ConditionFailed` when the link was used, has run out, or is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_session(
        &self,
        tenant: &TenantKey,
        link: &Digest,
        session: &Session,
    ) -> Result<Written, StoreError> {
        let items = vec![
            self.used_link(tenant, (&session.user, link), session.created_at)?,
            self.session_put(tenant, session)?,
        ];
        Ok(match self.transact(items, "beginning a session").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// A session that begins, for the transaction of what it begins by.
    pub(crate) fn session_put(&self, tenant: &TenantKey, session: &Session) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.session(&session.user, &session.id);
        request::put_new(&self.tables.ops, &key, &SessionItem::from(session))
    }

    /// A session, strongly consistent: a text that was replaced a moment ago is known.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_session(
        &self,
        tenant: &TenantKey,
        (user, session): (&UserId, &SessionId),
    ) -> Result<Option<Session>, StoreError> {
        let key = tenant.session(user, session);
        let found: Option<SessionItem> = self.get(&self.tables.ops, &key, "reading a session").await?;
        found.map(|item| item.session(&key)).transpose()
    }

    /// The sessions of a user that still lie there, oldest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_sessions_of(&self, tenant: &TenantKey, user: &UserId) -> Result<Vec<Session>, StoreError> {
        let pk = tenant.signed_in(user);
        let range = Range::prefix(&pk, SessionId::PREFIX);
        let found: Vec<SessionItem> = self.list_range(&self.tables.ops, &range, "listing sessions").await?;
        found.into_iter().map(|item| item.session(&Key::new(pk.clone(), SessionId::PREFIX))).collect()
    }

    /// A session was seen, and ends later for it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_session_seen(
        &self,
        tenant: &TenantKey,
        session: &Session,
        (at, idle_until): (Timestamp, Timestamp),
    ) -> Result<Written, StoreError> {
        let key = tenant.session(&session.user, &session.id);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("seen_at_ms", number(at.as_millisecond()))
            .set("idle_until_ms", number(idle_until.as_millisecond()))
            .require("ended_at_ms", None)
            // Of several processes the latest stands; and what has been forgotten is not begun anew.
            .require_above("idle_until_ms", number(at.as_millisecond()))
            .require("entity", Some(text("session")));
        self.update(update.build()?, "noting that a session was seen").await
    }

    /// Another text takes the place of a session's. `ConditionFailed` when it was replaced already, or has ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn rotate_session(
        &self,
        tenant: &TenantKey,
        session: &Session,
        rotation: &Rotation,
    ) -> Result<Written, StoreError> {
        let key = tenant.session(&session.user, &session.id);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("hash", text(rotation.hash.to_string()))
            .set("previous_hash", text(session.hash.to_string()))
            .set("previous_until_ms", number(rotation.grace_until.as_millisecond()))
            .set("seen_at_ms", number(rotation.at.as_millisecond()))
            .set("idle_until_ms", number(rotation.idle_until.as_millisecond()))
            .require("hash", Some(text(session.hash.to_string())))
            .require("ended_at_ms", None);
        let update = match rotation.second_factor_at {
            Some(at) => update.set("second_factor_at_ms", number(at.as_millisecond())),
            None => update,
        };
        self.update(update.build()?, "rotating a session").await
    }

    /// Ends a session. `ConditionFailed` when the user has none of that id, or it was ended before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_session(
        &self,
        tenant: &TenantKey,
        (user, session): (&UserId, &SessionId),
        at: Timestamp,
    ) -> Result<Written, StoreError> {
        let key = tenant.session(user, session);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("ended_at_ms", number(at.as_millisecond()))
            .require("entity", Some(text("session")))
            .require("ended_at_ms", None);
        self.update(update.build()?, "ending a session").await
    }
}

#[cfg(test)]
mod tests;
