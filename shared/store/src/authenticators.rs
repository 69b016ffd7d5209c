//! Authenticators: the secret by which a person's codes are checked, sealed, and the last code that was taken.

use domain::id::{TenantId, UserId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Attributes, number, text};
use crate::keys::Key;
use crate::request::{self, Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey, item};

/// The name under which the secret is sealed; it belongs to (tenant, user's id, this).
pub const SECRET: &str = "authenticator";

const PENDING: &str = "pending";
const CONFIRMED: &str = "confirmed";

/// How far an authenticator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticatorState {
    /// Its secret was shown; no code of it has been given yet.
    Pending,
    /// A code of it was right: it counts.
    Confirmed,
}

/// A person's authenticator.
#[derive(Clone, PartialEq, Eq)]
pub struct Authenticator {
    /// Whose.
    pub user: UserId,
    /// The sealed secret.
    pub secret_sealed: String,
    /// How far it is.
    pub state: AuthenticatorState,
    /// Since when.
    pub created_at: Timestamp,
    /// How many codes were refused since the last that was taken.
    pub refused: u32,
    /// When the last of them was.
    pub refused_at: Option<Timestamp>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Authenticator({}, {:?}, [sealed])", self.user, self.state)
    }
}

/// An authenticator as the stream of the table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatorSeen {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose.
    pub user: UserId,
    /// Since when.
    pub created_at: Timestamp,
    /// Does it count?
    pub is_confirmed: bool,
}

#[derive(Serialize, Deserialize)]
struct AuthenticatorItem {
    entity: String,
    v: u32,
    user: UserId,
    secret_sealed: String,
    state: String,
    created_at_ms: i64,
    /// The number of the half minute of the last code that was taken: no code of it, or of one before, is taken again.
    last_step: i64,
    #[serde(default)]
    refused: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused_at_ms: Option<i64>,
}

/// Reads an authenticator from the stream.
///
/// # Errors
/// It is not as this code writes it.
pub fn read_authenticator_image(image: Attributes) -> Result<AuthenticatorSeen, StoreError> {
    let (pk, sk) = item::place_of(&image);
    let AuthenticatorItem { user, state, created_at_ms, .. } = item::read(image)?;
    // The item does not name its tenant; its key begins with it.
    let tenant = pk.split('#').next().and_then(|tenant| TenantId::parse(tenant).ok());
    let Some(tenant) = tenant else {
        return Err(item::inconsistent(&Key { pk, sk }, "the key begins with no tenant"));
    };
    let created_at = Timestamp::from_millisecond(created_at_ms);
    let created_at = created_at.map_err(|error| item::inconsistent(&Key { pk, sk }, error))?;
    Ok(AuthenticatorSeen { tenant, user, created_at, is_confirmed: state == CONFIRMED })
}

impl Store {
    /// A person's authenticator.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_authenticator(
        &self,
        tenant: &TenantKey,
        user: &UserId,
    ) -> Result<Option<Authenticator>, StoreError> {
        let key = tenant.authenticator(user);
        let found: Option<AuthenticatorItem> = self.get(&self.tables.core, &key, "reading an authenticator").await?;
        let Some(found) = found else { return Ok(None) };
        let instant = |ms| Timestamp::from_millisecond(ms).map_err(|error| item::inconsistent(&key, error));
        let state = if found.state == CONFIRMED { AuthenticatorState::Confirmed } else { AuthenticatorState::Pending };
        Ok(Some(Authenticator {
            user: found.user,
            secret_sealed: found.secret_sealed,
            state,
            created_at: instant(found.created_at_ms)?,
            refused: found.refused,
            refused_at: found.refused_at_ms.map(instant).transpose()?,
        }))
    }

    /// Keeps a new authenticator, over one of which no code was ever given. `ConditionFailed` when one counts already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_authenticator(
        &self,
        tenant: &TenantKey,
        authenticator: &Authenticator,
    ) -> Result<Written, StoreError> {
        let item = AuthenticatorItem {
            entity: "authenticator".to_owned(),
            v: 1,
            user: authenticator.user.clone(),
            secret_sealed: authenticator.secret_sealed.clone(),
            state: PENDING.to_owned(),
            created_at_ms: authenticator.created_at.as_millisecond(),
            last_step: 0,
            refused: 0,
            refused_at_ms: None,
        };
        let key = tenant.authenticator(&authenticator.user);
        let doing = "keeping an authenticator";
        self.put_unless(&self.tables.core, &key, &item, ("state", CONFIRMED), doing).await
    }

    /// A code of a half minute is taken, by an authenticator whose secret is still this one; a pending one counts from
    /// now on where `confirms`. `ConditionFailed` when a code of that half minute, or of a later one, was taken before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_code(
        &self,
        tenant: &TenantKey,
        authenticator: &Authenticator,
        (step, confirms): (i64, bool),
    ) -> Result<Written, StoreError> {
        let key = tenant.authenticator(&authenticator.user);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("last_step", number(step))
            .set("state", text(CONFIRMED))
            .set("refused", number(0))
            .remove("refused_at_ms")
            .require("secret_sealed", Some(text(&authenticator.secret_sealed)))
            .require("state", Some(text(if confirms { PENDING } else { CONFIRMED })))
            .require_below("last_step", number(step));
        self.update(update.build()?, "taking a code").await
    }

    /// A code was not good. Each one counts, however many are given at once; the next good one ends the count.
    /// `ConditionFailed` when the authenticator is another one meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_code_refused(
        &self,
        tenant: &TenantKey,
        authenticator: &Authenticator,
        at: Timestamp,
    ) -> Result<Written, StoreError> {
        let key = tenant.authenticator(&authenticator.user);
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .add("refused", 1)
            .set("refused_at_ms", number(at.as_millisecond()))
            .require("secret_sealed", Some(text(&authenticator.secret_sealed)));
        self.update(update.build()?, "counting a refused code").await
    }

    /// Takes a person's authenticator away. `ConditionFailed` when there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn delete_authenticator(&self, tenant: &TenantKey, user: &UserId) -> Result<Written, StoreError> {
        let items = vec![request::delete_existing(&self.tables.core, &tenant.authenticator(user))?];
        Ok(match self.transact(items, "taking an authenticator away").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }
}
