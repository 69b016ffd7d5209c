//! Members: made, changed, verified, brought back.

use domain::audit::{ChainEnd, append};
use domain::id::MemberId;
use domain::member::{Change, Member, Refused, Step};
use domain::time::Timestamp;
use store::Written;
use store::members::{MemberChange, StoredMember};
use store::people::Person;

use super::{Awards, TRIES_MAX};
use crate::error::CaseError;
use crate::under::{is_of_request, of_request};

/// A member to be made.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// The id: made twice under one, it is one member.
    pub id: MemberId,
    /// Since when they wait.
    pub tenure_since: Timestamp,
    /// Subscription and address.
    pub change: Change,
    /// Who they are, sealed.
    pub person: Person,
}

/// What became of a change of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// They are as it says.
    Done(Box<StoredMember>),
    /// There is no such member.
    NotFound,
    /// It is not possible.
    Refused(Refused),
    /// They are not as the caller saw them.
    Stale,
}

/// What became of bringing a member back.
pub type Reactivated = Changed;

impl Awards<'_> {
    /// AWD-6: a member is made.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_member(&self, new: NewMember) -> Result<StoredMember, CaseError> {
        if let Some(there) = self.store.get_member(self.tenant, &new.id).await? {
            return Ok(there);
        }
        let step = Member::create(new.id, new.tenure_since, new.change, (self.actor.clone(), self.now));
        let told = append(ChainEnd::START, step.member.id.as_str(), step.deed);
        Ok(self.store.create_member(self.tenant, &step.member, &new.person, &told).await?)
    }

    /// A member takes a step under the name of a request; `seen` is the version that the caller saw, where they say it.
    ///
    /// # Errors
    /// The store does not answer, or others raced each try.
    pub async fn change_member(
        &self,
        id: &MemberId,
        (seen, request): (Option<u32>, &str),
        person: Option<&Person>,
        step: impl Fn(&Member) -> Result<Step, Refused>,
    ) -> Result<Changed, CaseError> {
        for _ in 0..TRIES_MAX {
            let Some(stored) = self.store.get_member(self.tenant, id).await? else { return Ok(Changed::NotFound) };
            // The trail tells which request took which step: taken again, it is answered as before.
            let trail = self.store.list_audit(self.tenant, id.as_str()).await?;
            if trail.iter().any(|entry| is_of_request(entry, request)) {
                return Ok(Changed::Done(Box::new(stored)));
            }
            if seen.is_some_and(|seen| seen != stored.chain.no) {
                return Ok(Changed::Stale);
            }
            let Step { member, deed } = match step(&stored.member) {
                Ok(step) => step,
                Err(refused) => return Ok(Changed::Refused(refused)),
            };
            let told = append(stored.chain, id.as_str(), of_request(deed, Some(request)));
            let change = MemberChange { before: &stored, after: &member, told: &told };
            if self.store.replace_member(self.tenant, change, person).await? == Written::Yes {
                return Ok(Changed::Done(Box::new(StoredMember { member, chain: told.end() })));
            }
        }
        Err(CaseError::Busy)
    }
}
