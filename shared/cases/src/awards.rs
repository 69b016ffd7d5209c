//! Awards: who gets the next one, and what becomes of each. An API and the daily round share these.
//!
//! An award begins in one transaction: the tally that no two awards can raise at once, the member who leaves the queue,
//! the entry in the ledger. Its payout is asked for behind it, under the award's own id, and is an ordinary payout:
//! sealed, approved by two, sent and confirmed like any other. What becomes of the payout is followed by [`Awards::settle`],
//! which can be called by anybody at any time, and again. Money that came back is released at the desk, and
//! then asked for once more, as another payment of the same award.

mod begin;
mod candidates;
mod members;
mod payments;
mod revenue;
mod settle;

use domain::audit::{Actor, AuditEntry, Deed, append};
use domain::award::{Checked, Eligibility, PaymentName, Tally};
use domain::id::AwardId;
use domain::money::Money;
use domain::payout::Payout;
use domain::time::{BusinessDay, Timestamp};
use store::awards::{AWARDS, StoredAward, StoredTally};
use store::tenants::Settings;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;

pub use begin::{Begun, Initiated};
pub use candidates::{Looked, Reached};
pub use members::{Changed, NewMember, Reactivated};
pub use payments::{Payment, Payments};
pub(crate) use payments::{is_next, why_not_again};
pub use settle::Settled;

/// How often a step that others raced is begun again.
const TRIES_MAX: usize = 8;
/// How many awards are read at a time.
const PAGE_SIZE: usize = 100;

/// The awards of a tenant at an instant, and who acts.
#[derive(Clone, Debug)]
pub struct Awards<'a> {
    /// The ledger.
    pub store: &'a Store,
    /// Whose.
    pub tenant: &'a TenantKey,
    /// Who acts.
    pub actor: Actor,
    /// Now.
    pub now: Timestamp,
    /// What the tenant has set.
    pub settings: Settings,
}

/// The tally, and what it allows now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tallied {
    /// The tally.
    pub tally: Tally,
    /// What there is to give.
    pub eligibility: Eligibility,
}

impl<'a> Awards<'a> {
    /// The awards as the tenant has set them up.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open(
        store: &'a Store,
        tenant: &'a TenantKey,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Self, CaseError> {
        let settings = store.get_settings(tenant).await?;
        Ok(Self { store, tenant, actor, now, settings })
    }

    /// The day in the ledger's zone.
    #[must_use]
    pub fn today(&self) -> BusinessDay {
        self.settings.ledger_zone.day_of(self.now)
    }

    /// What there is to give, by the last look at the revenue.
    ///
    /// # Errors
    /// The store does not answer, or the policy's amounts are out of range.
    pub async fn eligibility(&self) -> Result<Tallied, CaseError> {
        self.tallied(self.store.get_award_tally(self.tenant).await?.tally)
    }

    /// AWD-1: looks at all of the revenue, and says what there is to give. Without a day of launch nothing is looked at.
    ///
    /// # Errors
    /// The store does not answer, amounts are out of range, or others raced each try.
    pub async fn check(&self) -> Result<Tallied, CaseError> {
        if self.settings.awards.launched_on.is_none() {
            return self.eligibility().await;
        }
        let (at, day) = (self.now, self.today());
        let (revenue, sales) = revenue::of(self.store, self.tenant, self.settings.awards.currency, day).await?;
        let checked = Checked { at, day, revenue, sales };
        for _ in 0..TRIES_MAX {
            let before = self.store.get_award_tally(self.tenant).await?;
            let after = before.tally.check(checked.clone());
            let deed = self.deed("award.checked", &before.tally, &after);
            let told = append(before.chain, AWARDS, deed);
            let written = self.store.replace_award_tally(self.tenant, (&before, &after, &told)).await?;
            // The client's own retry can report a failed condition for a write that succeeded: read it back.
            if written == Written::Yes || self.store.get_award_tally(self.tenant).await?.chain == told.end() {
                return self.tallied(after);
            }
        }
        Err(CaseError::Busy)
    }

    fn tallied(&self, tally: Tally) -> Result<Tallied, CaseError> {
        let eligibility = tally.eligibility(&self.settings.awards, self.today())?;
        Ok(Tallied { tally, eligibility })
    }

    fn deed(&self, action: &'static str, before: &Tally, after: &Tally) -> Deed {
        Deed { at: self.now, actor: self.actor.clone(), action, old: before.told(), new: after.told() }
    }

    /// What the trail of awards says of a step.
    fn told(&self, tally: &StoredTally, after: &Tally, deed: Deed) -> AuditEntry {
        let mut deed = deed;
        deed.old.extend(tally.tally.told());
        deed.new.extend(after.told());
        append(tally.chain, AWARDS, deed)
    }

    /// Every award, in the order of ids: there is one for each so much of revenue.
    async fn all(&self) -> Result<Vec<StoredAward>, CaseError> {
        let mut all: Vec<StoredAward> = Vec::new();
        loop {
            let after = all.last().map(|last| last.award.id.clone());
            let page = self.store.list_awards(self.tenant, after.as_ref(), PAGE_SIZE).await?;
            let is_last = page.next.is_none();
            all.extend(page.items);
            if is_last {
                return Ok(all);
            }
        }
    }
}

/// Which award a payout is of, if it is of one: it was asked for under a name of the award's.
#[must_use]
pub fn award_of(payout: &Payout) -> Option<AwardId> {
    PaymentName::parse(&payout.asked_under).map(|name| name.award().clone())
}

/// AWD-3: what is kept of a payout: the retention of the award that it is of, and nothing of any other. What came back and is
/// paid again has had it kept: the first payment's is not given back.
///
/// # Errors
/// The store does not answer, the item cannot be read, or the award is not there: without it nobody knows what is kept.
pub async fn retention_of(store: &Store, tenant: &TenantKey, payout: &Payout) -> Result<Money, CaseError> {
    let nothing = Money::zero(payout.amount.currency());
    let Some(name) = PaymentName::parse(&payout.asked_under) else { return Ok(nothing) };
    let id = name.award().clone();
    let stored = store.get_award(tenant, &id).await?.ok_or(CaseError::AwardMissing { award: id })?;
    Ok(if name.is_first() { stored.award.retention } else { nothing })
}

/// A payout has moved: if it is of an award, the award follows at once instead of with the daily round.
///
/// # Errors
/// As [`Awards::settle`].
pub async fn follow(
    store: &Store,
    tenant: &TenantKey,
    payout: &Payout,
    (actor, at): (&Actor, Timestamp),
) -> Result<(), CaseError> {
    let Some(id) = award_of(payout) else { return Ok(()) };
    let Some(stored) = store.get_award(tenant, &id).await? else { return Ok(()) };
    let _: Settled = Awards::open(store, tenant, actor.clone(), at).await?.settle(stored).await?;
    Ok(())
}
