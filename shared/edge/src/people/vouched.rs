//! Sessions of people for whom another issuer vouches. Who they are comes from there; what they may do from our own record.

use domain::digest::Digest;
use domain::email::Email;
use domain::id::UserId;
use domain::role::Role;
use domain::time::Timestamp;
use domain::user::{User, UserState};
use store::TenantKey;
use store::issued::{Issued, IssuedSession};

use super::{People, SignedIn, email_hash, new_session};
use crate::http::Origin;
use crate::problem::Problem;

/// Somebody for whom an issuer vouches by a token that was checked.
#[derive(Clone, Debug)]
pub struct VouchedFor {
    /// The hash of issuer and subject.
    pub subject: Digest,
    /// The hash of the token.
    pub token: Digest,
    /// When the token runs out.
    pub until: Timestamp,
    /// Where they read mail, where the issuer has seen to it.
    pub email: Option<Email>,
}

impl People {
    /// POR-13: begins a session of the user whom a token vouches for: exactly one. One of the tenant's own people is tied to
    /// the issuer's subject at the first, found by their address; from then on the address says nothing.
    ///
    /// # Errors
    /// 401 for a token that was used; 403 where nobody here is meant by it, or somebody who may not sign in; 503 where the
    /// store is away.
    pub async fn begin_vouched(
        &self,
        tenant: &TenantKey,
        of: &VouchedFor,
        origin: Origin,
        at: Timestamp,
    ) -> Result<SignedIn, Problem> {
        let tied = self.store.find_user_of_subject(tenant, &of.subject).await?;
        let is_first = tied.is_none();
        let user = match tied {
            Some(user) => user,
            None => self.of_address(tenant, of).await?,
        };
        let user = self.active(tenant, &user).await?;
        // POR-13: whoever asked for a user of an address first may be a partner. Only an admin makes one of the tenant's own,
        // so the address alone leads to no other: what its owner enters there would be the partner's.
        if is_first && matches!(user.position.role(), Role::Partner | Role::Member) {
            let why = "the issuer vouches for the tenant's own people; sign in by the link that is mailed to you";
            return Err(Problem::forbidden(why).kind("link-needed"));
        }
        let signed_in = new_session(tenant, &user, (&origin, at));
        let issued = Issued { subject: of.subject, token: of.token, until: of.until, is_first };
        let store = self.telling_begun(tenant, &user, (&signed_in.session, origin));
        match store.begin_issued_session(tenant, &issued, &signed_in.session).await? {
            IssuedSession::Begun => {
                tracing::info!(session.id = %signed_in.session.id, user.id = %user.id, "signed in");
                Ok(signed_in)
            }
            IssuedSession::Used => {
                let why = "this token began a session before: sign in at the issuer again, and send the new one";
                Err(Problem::unauthorized(why).kind("id-token"))
            }
            IssuedSession::TiedOtherwise => {
                let why = "this user signs in here as another subject of the issuer; the address alone is not enough";
                Err(Problem::forbidden(why).kind("other-subject"))
            }
        }
    }

    async fn of_address(&self, tenant: &TenantKey, of: &VouchedFor) -> Result<UserId, Problem> {
        let Some(email) = &of.email else {
            let why =
                "the first sign-in needs a token with `email` and `email_verified`: true; ask the issuer for them";
            return Err(Problem::forbidden(why).kind("address-needed"));
        };
        self.store.find_user(tenant, &email_hash(tenant.tenant(), email)).await?.ok_or_else(nobody)
    }

    async fn active(&self, tenant: &TenantKey, user: &UserId) -> Result<User, Problem> {
        let kept = self.store.get_user(tenant, user).await?.map(|kept| kept.user);
        kept.filter(|user| user.state == UserState::Active).ok_or_else(nobody)
    }
}

/// Whoever is asked proved who they are: it may be said that nobody here is meant.
fn nobody() -> Problem {
    let why = "the issuer vouches for you, and nobody who may sign in here is you: ask an admin to make you a user";
    Problem::forbidden(why).kind("no-user")
}
