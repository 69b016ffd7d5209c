//! People whom another issuer vouches for: which user its subject is, and the session that one of its tokens begins.
//!
//! A subject is known by a hash of issuer and subject. The two are tied to each other at the first sign-in, once and for
//! good: an address that the issuer gives to somebody else later leads nobody into another's place.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::digest::Digest;
use domain::id::UserId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::request::{self, Transacted};
use crate::signed_in::Session;
use crate::{Store, StoreError, TenantKey};

/// What a token vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The hash of issuer and subject.
    pub subject: Digest,
    /// The hash of the token.
    pub token: Digest,
    /// When the token runs out: until then it is remembered that it was used.
    pub until: Timestamp,
    /// Is the subject not tied to a user yet?
    pub is_first: bool,
}

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuedSession {
    /// The session has begun.
    Begun,
    /// The token began one before.
    Used,
    /// The subject is another user's, or the user another subject's.
    TiedOtherwise,
}

#[derive(Serialize, Deserialize)]
struct SubjectItem {
    entity: String,
    v: u32,
    user: UserId,
}

#[derive(Serialize, Deserialize)]
struct TiedItem {
    entity: String,
    v: u32,
    subject: Digest,
}

#[derive(Serialize)]
struct TokenItem {
    entity: &'static str,
    v: u32,
    expires_at: i64,
}

/// Housekeeping: how long behind its end a used token is remembered; as long as clocks may differ.
const KEPT_S: i64 = 3_600;

impl Store {
    /// The user whom a subject is tied to.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn find_user_of_subject(
        &self,
        tenant: &TenantKey,
        subject: &Digest,
    ) -> Result<Option<UserId>, StoreError> {
        let key = tenant.user_of_subject(subject);
        let found: Option<SubjectItem> = self.get(&self.tables.core, &key, "looking for the user of a subject").await?;
        Ok(found.map(|found| found.user))
    }

    /// The subject that a user is tied to.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_subject_of_user(&self, tenant: &TenantKey, user: &UserId) -> Result<Option<Digest>, StoreError> {
        let key = tenant.subject_of_user(user);
        let found: Option<TiedItem> = self.get(&self.tables.core, &key, "reading the subject of a user").await?;
        Ok(found.map(|found| found.subject))
    }

    /// What ties a user to a subject goes, for the transaction that erases them.
    pub(crate) async fn subject_deleted(
        &self,
        tenant: &TenantKey,
        user: &UserId,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let core = &self.tables.core;
        let mut items = Vec::new();
        if let Some(subject) = self.get_subject_of_user(tenant, user).await? {
            items.push(request::delete_any(core, &tenant.user_of_subject(&subject))?);
            items.push(request::delete_any(core, &tenant.subject_of_user(user))?);
        }
        Ok(items)
    }

    /// A token is used up, its subject and the session's user are tied to each other, and the session begins: all of it or
    /// nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_issued_session(
        &self,
        tenant: &TenantKey,
        issued: &Issued,
        session: &Session,
    ) -> Result<IssuedSession, StoreError> {
        let (core, ops) = (&self.tables.core, &self.tables.ops);
        let expires_at = issued.until.as_second().saturating_add(KEPT_S);
        let token = TokenItem { entity: "issued_token", v: 1, expires_at };
        let (of_subject, of_user) = (tenant.user_of_subject(&issued.subject), tenant.subject_of_user(&session.user));
        let mut items = vec![
            request::put_new(ops, &tenant.issued_token(&issued.token), &token)?,
            self.session_put(tenant, session)?,
        ];
        if issued.is_first {
            let subject = SubjectItem { entity: "user_of_subject".to_owned(), v: 1, user: session.user.clone() };
            let tied = TiedItem { entity: "subject_of_user".to_owned(), v: 1, subject: issued.subject };
            items.extend([request::put_new(core, &of_subject, &subject)?, request::put_new(core, &of_user, &tied)?]);
        } else {
            let user = ("user", item::text(session.user.as_str()));
            items.push(request::check_is(core, &of_subject, user)?);
        }
        Ok(match self.transact(items, "beginning a session that another vouches for").await? {
            Transacted::Yes => IssuedSession::Begun,
            Transacted::ConditionFailed(places) if places.contains(&0) => IssuedSession::Used,
            Transacted::ConditionFailed(_) => IssuedSession::TiedOtherwise,
        })
    }
}

#[cfg(test)]
mod tests;
