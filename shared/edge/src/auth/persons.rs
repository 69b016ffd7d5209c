//! What only persons do: staff keys that name a user are held to that user, and whoever approves has a second factor.

use axum::extract::{FromRef, FromRequestParts};
use domain::id::UserId;
use domain::role::Role;
use domain::time::Timestamp;
use domain::user::UserState;
use http::request::Parts;
use jiff::SignedDuration;
use store::TenantKey;
use store::api_keys::ApiKey;

use super::{Caller, Gate};
use crate::problem::Problem;

/// How fresh a code of an authenticator must be where a tenant asks for one.
pub const SECOND_FACTOR_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// Whoever approves, or takes away what protects approvals: a [`Caller`], with a fresh second factor where the tenant asks
/// for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver(pub Caller);

impl<S> FromRequestParts<S> for Approver
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let gate = Gate::from_ref(state);
        // POR-3: while the tenant's word cannot be read, nobody approves.
        let settings = gate.settings.of(&caller.tenant_key()).await?;
        caller.require_second_factor(settings.totp_for_approvals, gate.clock.now())?;
        Ok(Self(caller))
    }
}

impl Caller {
    /// POR-3: where the tenant asks for it, whoever approves has given a code of their authenticator a moment ago.
    ///
    /// # Errors
    /// 403 where it is asked for and was not given: a key never has one.
    pub fn require_second_factor(&self, is_asked: bool, now: Timestamp) -> Result<(), Problem> {
        if !is_asked || self.has_second_factor(now, SECOND_FACTOR_WITHIN) {
            return Ok(());
        }
        let detail = "this needs a session with a code of your authenticator from the last 15 minutes: sign in, then \
                      POST /v1/auth/totp/verify (POST /v1/auth/totp where you have no authenticator yet)";
        Err(Problem::forbidden(detail).kind("second-factor-needed"))
    }
}

impl Gate {
    /// POR-3: what a key does that names a user and was not made by them, such as a shell's: while the user is there and
    /// active, what both may. None where that is nothing; a key that names nobody who is known does what it says.
    pub(super) async fn held_to_user(&self, tenant: &TenantKey, key: &ApiKey) -> Result<Option<Role>, Problem> {
        let staff = matches!(key.role, Role::Admin | Role::FinanceManager | Role::Support | Role::Auditor);
        let named = if staff { UserId::parse(&key.subject).ok() } else { None };
        let Some(named) = named else { return Ok(Some(key.role)) };
        let found = self.store.get_user(tenant, &named).await?.map(|kept| kept.user);
        Ok(match found {
            None => Some(key.role),
            Some(user) if user.state == UserState::Active => lower(key.role, user.position.role()),
            Some(_) => None,
        })
    }
}

/// What two roles of the staff may both; None where neither is part of the other.
fn lower(one: Role, other: Role) -> Option<Role> {
    const STAFF: [Role; 4] = [Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor];
    match (one, other) {
        (one, other) if !STAFF.contains(&one) || !STAFF.contains(&other) => None,
        (Role::Admin, other) => Some(other),
        (one, Role::Admin) => Some(one),
        // An auditor reads what the others read, and changes nothing.
        (Role::Auditor, _) | (_, Role::Auditor) => Some(Role::Auditor),
        (one, other) => (one == other).then_some(one),
    }
}

#[cfg(test)]
mod tests;
