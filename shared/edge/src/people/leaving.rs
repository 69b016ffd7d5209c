//! Why nobody is let in for a partner, and why nothing is made for it: the same words at every door.

use domain::id::PartnerId;
use domain::time::Timestamp;
use domain::user::{PARTNER_USERS_MAX, Position};
use store::users::UserCreated;
use store::{Store, TenantKey};

use super::{NewPerson, People};
use crate::problem::Problem;

impl People {
    /// Refuses what a partner does not take: one person too many, or anybody while it leaves.
    ///
    /// # Errors
    /// 409 for either, and what [`partner_leaves`] answers.
    pub async fn check_partner(
        &self,
        tenant: &TenantKey,
        new: &NewPerson,
        created: UserCreated,
    ) -> Result<(), Problem> {
        match (created, &new.position) {
            (UserCreated::TooMany, _) => Err(too_many_users()),
            (UserCreated::PartnerGone, Position::Partner { partner_id }) => {
                Err(partner_leaves(&self.store, tenant, partner_id, new.at).await?)
            }
            _ => Ok(()),
        }
    }
}

/// Why nobody more is let in for a partner.
#[must_use]
pub fn too_many_users() -> Problem {
    let why = format!("at most {PARTNER_USERS_MAX} people sign in for a partner; take one away first");
    Problem::conflict(why).kind("too-many-users")
}

/// Why nothing is made for a partner who is being deleted, or was. A deletion that died is taken back, and the same request
/// may come again.
///
/// # Errors
/// The store is away.
pub async fn partner_leaves(
    store: &Store,
    tenant: &TenantKey,
    partner: &PartnerId,
    now: Timestamp,
) -> Result<Problem, Problem> {
    Ok(match store.stop_dead_leaving(tenant, partner, now).await? {
        true => Problem::unavailable("a deletion of this partner did not end and was taken back; try again"),
        false => {
            Problem::conflict("this partner is being deleted, or was; nothing is made for it").kind("partner-gone")
        }
    })
}
