//! OPS-4: leads whose days are over, each night. They go as on a person's word, oldest first.

use domain::audit::Actor;
use domain::id::LeadId;
use domain::lead::LeadState;
use domain::role::Role;
use domain::settings::RetentionKind;
use domain::time::Timestamp;
use jiff::SignedDuration;
use store::leads::{LeadPlace, LeadsEnded, StoredLead};
use store::privacy::Asked;
use store::{Store, TenantKey, Written};

use super::{Asking, SubjectId, TRIES_MAX, told};
use crate::error::CaseError;
use crate::leads;
use crate::recompute::IsOver;

/// How many leads are read at once.
const LEADS_AT_ONCE: i32 = 100;
/// How many one night looks at, of each tenant: a bound, so that an invocation ends. The next night takes the rest.
const LOOKED_AT_MAX: u64 = 20_000;
/// How long after it was erased a lead is looked at for what a night that died left undone.
const HALF_ENDED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a night did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Leads that it looked at.
    pub looked_at: u64,
    /// Leads that it ended.
    pub ended: u64,
    /// Leads that it could not end. They are looked at again.
    pub failed: u64,
    /// Did it come to the leads that are too young? Otherwise the next night goes on.
    pub is_whole: bool,
}

/// Who does it: nobody who signs in.
fn night() -> Actor {
    Actor::new(Role::Service, "retention")
}

/// Ends the leads that never became customers, and were seen last longer ago than the tenant keeps leads. Run twice, it does
/// nothing the second time; broken off, it goes on near where it stopped. One that cannot be ended is no other's.
///
/// # Errors
/// The store does not answer, or what the tenant has set cannot be read: then nothing goes by other days than theirs.
pub async fn end_leads(
    store: &Store,
    tenant: &TenantKey,
    now: Timestamp,
    is_over: IsOver<'_>,
) -> Result<Ended, CaseError> {
    let retention = store.get_kept_settings(tenant).await?.general.retention_days;
    let night = Night { store, tenant, now, since: retention.since(RetentionKind::Leads, now) };
    let before = store.get_leads_ended(tenant).await?;
    let mut walk = Walk::of(&before);
    let mut done = Ended::default();
    loop {
        let page = store.list_oldest_leads(tenant, LEADS_AT_ONCE, walk.last.as_ref()).await?;
        for stored in &page.items {
            // Whoever was captured since was seen since.
            if stored.lead.captured_at >= night.since {
                done.is_whole = true;
                break;
            }
            if is_over() || done.looked_at >= LOOKED_AT_MAX {
                walk.keep(&night, &before, false).await?;
                return Ok(done);
            }
            walk.pass(stored, night.look(stored, &mut done).await?);
        }
        done.is_whole = done.is_whole || page.next.is_none() || page.items.is_empty();
        walk.keep(&night, &before, done.is_whole).await?;
        if done.is_whole {
            return Ok(done);
        }
    }
}

struct Night<'a> {
    store: &'a Store,
    tenant: &'a TenantKey,
    now: Timestamp,
    since: Timestamp,
}

impl Night<'_> {
    /// Looks at a lead, and ends it if its days are over. Has it ended, now or before?
    async fn look(&self, stored: &StoredLead, done: &mut Ended) -> Result<bool, CaseError> {
        done.looked_at += 1;
        let (id, state) = (&stored.lead.id, &stored.lead.state);
        let is_due = match state {
            LeadState::Erased { at } => self.is_half_ended(id, *at).await?,
            _ => stored.lead.is_over(self.since),
        };
        if !is_due {
            return Ok(!state.ends_by_its_days());
        }
        match self.end(id).await {
            Ok(is_ended) => {
                done.ended += u64::from(is_ended);
                Ok(is_ended || !state.ends_by_its_days())
            }
            Err(error) if error.is_of_its_unit() || matches!(error, CaseError::Busy) => {
                tracing::error!(lead.id = %id, reason = error.told(), "a lead whose days are over could not be erased");
                done.failed += 1;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Was it erased lately, and died whoever did it before that was told of the person, too?
    async fn is_half_ended(&self, id: &LeadId, erased_at: Timestamp) -> Result<bool, CaseError> {
        if self.now.duration_since(erased_at) > HALF_ENDED_FOR {
            return Ok(false);
        }
        Ok(self.store.get_subject(self.tenant, id.as_str()).await?.erased.is_none())
    }

    /// Erases a lead, and then tells of it as of a person who asked. Of one that somebody else erased nothing is told.
    async fn end(&self, id: &LeadId) -> Result<bool, CaseError> {
        let asking = Asking { actor: night(), at: self.now };
        if !leads::end(self.store, self.tenant, id, self.since, (&asking.actor, asking.at)).await? {
            return Ok(false);
        }
        let asked = Asked { at: asking.at, by: asking.actor.id.clone() };
        for _ in 0..TRIES_MAX {
            let told = told(&SubjectId::Lead(id.clone()), &asking, "privacy.erased").is("why", "its days are over");
            let telling = self.store.telling(self.tenant, told);
            if telling.record_erased(self.tenant, id.as_str(), &asked).await? == Written::Yes {
                tracing::info!(lead.id = %id, "a lead whose days are over is erased");
                return Ok(true);
            }
        }
        Err(CaseError::Busy)
    }
}

/// How far a night has come along the leads.
struct Walk {
    /// Behind which lead it goes on.
    last: Option<LeadPlace>,
    /// The last lead of those behind which all have ended.
    through: Option<LeadPlace>,
    /// Have all that were passed ended, from the first on?
    is_unbroken: bool,
}

impl Walk {
    /// Where the last night stopped, else behind those that have ended: who stays is passed by every walk, and none of them
    /// keeps it from coming to the end.
    fn of(before: &LeadsEnded) -> Self {
        let is_unbroken = before.stopped_at.is_none();
        let last = before.stopped_at.clone().or_else(|| before.through.clone());
        Self { last, through: before.through.clone(), is_unbroken }
    }

    fn pass(&mut self, stored: &StoredLead, has_ended: bool) {
        self.last = Some(LeadPlace::of(&stored.lead));
        self.is_unbroken = self.is_unbroken && has_ended;
        if self.is_unbroken {
            self.through.clone_from(&self.last);
        }
    }

    /// Keeps how far it came, where that is news.
    async fn keep(&self, night: &Night<'_>, before: &LeadsEnded, is_whole: bool) -> Result<(), CaseError> {
        let stopped_at = self.last.clone().filter(|_| !is_whole && self.last != self.through);
        let ended = LeadsEnded { through: self.through.clone(), stopped_at };
        if ended != *before {
            night.store.record_leads_ended(night.tenant, &ended).await?;
        }
        Ok(())
    }
}
