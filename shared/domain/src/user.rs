//! People who sign in: their role, what they may become, and that a tenant never locks itself out.

use crate::digest::Digest;
use crate::id::{MemberId, PartnerId, UserId};
use crate::role::Role;
use crate::time::Timestamp;

/// May they sign in?
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// They may.
    Active,
    /// They may not; what they did stays theirs.
    Disabled,
}

/// What somebody is here: their role, and for whom where it is another's.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Position {
    /// Sets rules, approves payouts.
    Admin,
    /// Sends and confirms payouts.
    FinanceManager,
    /// Helps partners.
    Support,
    /// Reads everything.
    Auditor,
    /// Acts for a partner, over its own.
    Partner {
        /// The partner.
        partner_id: PartnerId,
    },
    /// A member of the queue of awards, over its own.
    Member {
        /// The member.
        member_id: MemberId,
    },
}

/// A role that nobody signs in with, or one that lacks the partner or member whom it is for, or names one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPosition {
    /// Machines and operators have keys.
    #[error("nobody signs in with this role: admin, finance_manager, support, auditor, partner and member may")]
    Role,
    /// A partner's user acts for a partner.
    #[error("the role partner needs a partner_id, and no other role has one")]
    Partner,
    /// A member's user is a member.
    #[error("the role member needs a member_id, and no other role has one")]
    Member,
}

impl Position {
    /// The position of a role, for whom it may name.
    ///
    /// # Errors
    /// The role is none that signs in, or does not go with what is named.
    pub fn of(role: Role, partner: Option<PartnerId>, member: Option<MemberId>) -> Result<Self, NotAPosition> {
        if role != Role::Partner && partner.is_some() {
            return Err(NotAPosition::Partner);
        }
        if role != Role::Member && member.is_some() {
            return Err(NotAPosition::Member);
        }
        match role {
            Role::Admin => Ok(Self::Admin),
            Role::FinanceManager => Ok(Self::FinanceManager),
            Role::Support => Ok(Self::Support),
            Role::Auditor => Ok(Self::Auditor),
            Role::Partner => partner.map(|partner_id| Self::Partner { partner_id }).ok_or(NotAPosition::Partner),
            Role::Member => member.map(|member_id| Self::Member { member_id }).ok_or(NotAPosition::Member),
            Role::Service | Role::Operator | Role::Publishable => Err(NotAPosition::Role),
        }
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Admin => Role::Admin,
            Self::FinanceManager => Role::FinanceManager,
            Self::Support => Role::Support,
            Self::Auditor => Role::Auditor,
            Self::Partner { .. } => Role::Partner,
            Self::Member { .. } => Role::Member,
        }
    }
}

/// How many people sign in for one partner at most.
pub const PARTNER_USERS_MAX: usize = 20;

/// Somebody who signs in. Their address and name lie sealed beside it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// The id, by which the audit trail knows the person.
    pub id: UserId,
    /// What they are here.
    pub position: Position,
    /// May they sign in?
    pub state: UserState,
    /// The hash of the address, by which they are found.
    pub email: Digest,
    /// How often what they may do has changed: a session counts only under the number it began with.
    pub epoch: u32,
    /// How often the user was written.
    pub version: u32,
    /// Since when there is such a user.
    pub created_at: Timestamp,
    /// When it was last written.
    pub changed_at: Timestamp,
}

/// What an admin wants to be otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Another position.
    pub position: Option<Position>,
    /// Another state.
    pub state: Option<UserState>,
}

/// Why a user stays as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Whoever takes their own rights away finds no way back.
    #[error("you cannot change your own role or disable yourself: another admin may")]
    Themselves,
    /// Somebody must be able to give rights.
    #[error("this is the last active admin: make another one first")]
    LastAdmin,
}

/// A change of a user that may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The user as it will be.
    pub user: User,
    /// By how much the number of active admins changes: -1, 0 or 1.
    pub admins: i64,
}

impl User {
    /// Is this one of those who keep the tenant reachable?
    #[must_use]
    pub fn is_active_admin(&self) -> bool {
        self.state == UserState::Active && self.position == Position::Admin
    }

    /// Whom their doings concern: the partner or member whom they act for, otherwise themselves.
    #[must_use]
    pub fn subject(&self) -> String {
        match &self.position {
            Position::Partner { partner_id } => partner_id.to_string(),
            Position::Member { member_id } => member_id.to_string(),
            Position::Admin | Position::FinanceManager | Position::Support | Position::Auditor => self.id.to_string(),
        }
    }

    /// For which partner they sign in now and did not before: another one, or the same after they were disabled.
    #[must_use]
    pub fn comes_to(&self, before: &Self) -> Option<&PartnerId> {
        let Position::Partner { partner_id } = &self.position else { return None };
        let did = before.state == UserState::Active && before.position == self.position;
        (self.state == UserState::Active && !did).then_some(partner_id)
    }

    /// POR-3: the user as an admin wants it. Whether another admin is left is known where it is written.
    ///
    /// # Errors
    /// It would lock somebody out.
    pub fn change(self, wanted: &Wanted, by: &UserId, at: Timestamp) -> Result<Changed, Refused> {
        let before = self.is_active_admin();
        let position = wanted.position.clone().unwrap_or_else(|| self.position.clone());
        let state = wanted.state.unwrap_or(self.state);
        let is_same = position == self.position && state == self.state;
        // POR-3: nobody takes their own rights away, nor gives themselves others.
        if !is_same && self.id == *by {
            return Err(Refused::Themselves);
        }
        // Whatever they may do changes: what they began under the old rights ends.
        let epoch = if is_same { self.epoch } else { self.epoch.saturating_add(1) };
        let user = Self { position, state, epoch, version: self.version.saturating_add(1), changed_at: at, ..self };
        let admins = i64::from(user.is_active_admin()) - i64::from(before);
        Ok(Changed { user, admins })
    }
}

#[cfg(test)]
mod tests;
