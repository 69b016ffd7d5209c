//! The keys of people who sign in: users, links, sessions, authenticators, API keys' lists.

use domain::digest::Digest;
use domain::id::{KeyId, PartnerId, SessionId, UserId};

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn users(&self) -> String {
        self.pk("users")
    }

    pub(crate) fn user(&self, user: &UserId) -> Key {
        Key::new(self.users(), user.as_str())
    }

    pub(crate) fn partner_user(&self, partner: &PartnerId, user: &UserId) -> Key {
        Key::new(self.partner_partition(partner), format!("user#{user}"))
    }

    pub(crate) fn user_of_email(&self, email: &Digest) -> Key {
        Key::new(self.pk(&format!("user-email#{email}")), "user")
    }

    pub(crate) fn admins(&self) -> Key {
        Key::new(self.pk("tenant"), "admins")
    }

    /// Which of the users are active admins.
    pub(crate) fn admins_listed(&self) -> String {
        self.pk("admins")
    }

    pub(crate) fn admin_listed(&self, user: &UserId) -> Key {
        Key::new(self.admins_listed(), user.as_str())
    }

    pub(crate) fn sign_in(&self, user: &UserId, slot: u8) -> Key {
        Key::new(self.pk(&format!("user#{user}")), format!("sign-in#{slot}"))
    }

    pub(crate) fn sign_in_of_nobody(&self, email: &Digest) -> Key {
        Key::new(self.pk(&format!("nobody#{email}")), "sign-in")
    }

    pub(crate) fn authenticator(&self, user: &UserId) -> Key {
        Key::new(self.pk(&format!("user#{user}")), "authenticator")
    }

    pub(crate) fn user_of_subject(&self, subject: &Digest) -> Key {
        Key::new(self.pk(&format!("user-subject#{subject}")), "user")
    }

    pub(crate) fn subject_of_user(&self, user: &UserId) -> Key {
        Key::new(self.pk(&format!("user#{user}")), "subject")
    }

    pub(crate) fn issued_token(&self, token: &Digest) -> Key {
        Key::new(self.pk(&format!("issued#{token}")), "token")
    }

    pub(crate) fn signed_in(&self, user: &UserId) -> String {
        self.pk(&format!("signed-in#{user}"))
    }

    pub(crate) fn session(&self, user: &UserId, session: &SessionId) -> Key {
        Key::new(self.signed_in(user), session.as_str())
    }

    pub(crate) fn listed_api_keys(&self) -> String {
        self.pk("keys")
    }

    pub(crate) fn listed_api_key(&self, id: &KeyId) -> Key {
        Key::new(self.listed_api_keys(), id.as_str())
    }

    pub(crate) fn api_keys_used(&self) -> String {
        self.pk("keys-used")
    }

    pub(crate) fn api_key_used(&self, id: &KeyId) -> Key {
        Key::new(self.api_keys_used(), id.as_str())
    }
}
