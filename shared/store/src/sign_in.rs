//! Links by which people sign in: the hash of a link's token, and the token sealed for whoever sends the mail.
//!
//! A user has a few places for links, by the token's own hash: what was asked for long ago gives way, and nobody makes
//! the table of record grow by asking. The stream tells of a link that was put down; the mail follows from that.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::digest::Digest;
use domain::id::{TenantId, UserId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, number, text};
use crate::request::{UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

/// The name under which a link's token is sealed; it belongs to (tenant, user's id, this).
pub const TOKEN: &str = "sign_in_token";
/// How many links of a user may be open at a time.
const SLOTS: u8 = 8;
/// Housekeeping: how long it is kept that an address of nobody asked.
const NOBODY_KEPT_S: i64 = 3_600;

/// A link that was asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInLink {
    /// Whose.
    pub user: UserId,
    /// SHA-256 of its token.
    pub hash: Digest,
    /// The token, sealed; gone once the link was used.
    pub token_sealed: Option<String>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it stops to open.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for SignInLink {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SignInLink({}, [sealed])", self.user)
    }
}

/// A link as the stream of the table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInSeen {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who wants to sign in.
    pub user: UserId,
    /// Which link.
    pub hash: Digest,
    /// Is it still to be used?
    pub is_open: bool,
}

#[derive(Serialize, Deserialize)]
struct LinkItem {
    entity: String,
    v: u32,
    tenant: TenantId,
    user: UserId,
    hash: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_sealed: Option<String>,
    asked_at_ms: i64,
    /// A number: conditions compare it. Not named like the tables' time to live: this table has none.
    opens_until_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used_at_ms: Option<i64>,
}

#[derive(Serialize)]
struct NobodyItem {
    entity: &'static str,
    v: u32,
    asked: String,
    token_sealed: String,
    expires_at: i64,
}

fn slot_of(hash: &Digest) -> u8 {
    hash.as_bytes()[0] % SLOTS
}

/// Reads a link from the stream.
///
/// # Errors
/// It is not as this code writes it.
pub fn read_sign_in_image(image: Attributes) -> Result<SignInSeen, StoreError> {
    let item: LinkItem = item::read(image)?;
    let is_open = item.used_at_ms.is_none() && item.token_sealed.is_some();
    Ok(SignInSeen { tenant: item.tenant, user: item.user, hash: item.hash, is_open })
}

impl Store {
    /// Puts a link down, in the place of one that was asked for before it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_sign_in_link(&self, tenant: &TenantKey, link: &SignInLink) -> Result<Written, StoreError> {
        let item = LinkItem {
            entity: "sign_in_link".to_owned(),
            v: 1,
            tenant: tenant.tenant().clone(),
            user: link.user.clone(),
            hash: link.hash,
            token_sealed: link.token_sealed.clone(),
            asked_at_ms: link.asked_at.as_millisecond(),
            opens_until_ms: link.expires_at.as_millisecond(),
            used_at_ms: None,
        };
        let key = tenant.sign_in(&link.user, slot_of(&link.hash));
        let hash = link.hash.to_string();
        self.put_unless(&self.tables.core, &key, &item, ("hash", &hash), "putting a sign-in link down").await
    }

    /// What is put down when nobody has the address: of the same size and at the same price, so that neither time nor
    /// cost tells whether an address is known.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_sign_in_of_nobody(
        &self,
        tenant: &TenantKey,
        email: &Digest,
        (asked, token_sealed): (&Digest, &str),
        at: Timestamp,
    ) -> Result<Written, StoreError> {
        let item = NobodyItem {
            entity: "sign_in_of_nobody",
            v: 1,
            asked: asked.to_string(),
            token_sealed: token_sealed.to_owned(),
            expires_at: at.as_second().saturating_add(NOBODY_KEPT_S),
        };
        let key = tenant.sign_in_of_nobody(email);
        self.put_unless(&self.tables.ops, &key, &item, ("asked", &item.asked), "putting a sign-in link down").await
    }

    /// A link by its user and its token's hash, if it lies in its place.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_sign_in_link(
        &self,
        tenant: &TenantKey,
        user: &UserId,
        hash: &Digest,
    ) -> Result<Option<SignInLink>, StoreError> {
        let key = tenant.sign_in(user, slot_of(hash));
        let found: Option<LinkItem> = self.get(&self.tables.core, &key, "reading a sign-in link").await?;
        let instant = |ms| Timestamp::from_millisecond(ms).map_err(|error| item::inconsistent(&key, error));
        let Some(item) = found.filter(|item| item.hash == *hash) else { return Ok(None) };
        Ok(Some(SignInLink {
            user: item.user,
            hash: item.hash,
            token_sealed: item.token_sealed,
            asked_at: instant(item.asked_at_ms)?,
            expires_at: instant(item.opens_until_ms)?,
        }))
    }

    /// The use of a link, for the transaction that begins the session: it opens once, and not after its end.
    pub(crate) fn used_link(
        &self,
        tenant: &TenantKey,
        (user, hash): (&UserId, &Digest),
        at: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.sign_in(user, slot_of(hash));
        let used = UpdateBuilder::new(&self.tables.core, &key)
            .set("used_at_ms", number(at.as_millisecond()))
            .remove("token_sealed")
            .require("hash", Some(text(hash.to_string())));
        #[cfg(feature = "planted")]
        if domain::planted::is(domain::planted::Bug::LinkOpensAgain) {
            return used.require_above("opens_until_ms", number(at.as_millisecond())).build_transact();
        } else if domain::planted::is(domain::planted::Bug::LinkOpensPastItsEnd) {
            return used.require("used_at_ms", None).build_transact();
        }
        used.require("used_at_ms", None).require_above("opens_until_ms", number(at.as_millisecond())).build_transact()
    }
}

#[cfg(test)]
mod tests;
