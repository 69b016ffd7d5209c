//! What becomes of an award, by its payout.

use domain::audit::{AuditEntry, ChainEnd, append};
use domain::award::{Award, Due, PaymentName};
use domain::line::Place;
use domain::money::Money;
use domain::slot::Slot;
use store::awards::{AwardStep, StoredAward};
use store::entries::{EntryBooking, EntryWritten, HeadGuard};
use store::members::{MemberChange, StoredMember};
use store::payouts::StoredPayout;

use super::{Awards, Payment, Payments, TRIES_MAX};
use crate::error::CaseError;
use crate::payouts::{self, Asked, Requested};

/// An award as it stands, with its payout where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The award.
    pub stored: StoredAward,
    /// Its payout; none where it could not be asked for yet: the daily round asks again.
    pub payout: Option<StoredPayout>,
}

impl Awards<'_> {
    /// The newest payout of an award.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn payout_of(&self, award: &Award) -> Result<Option<StoredPayout>, CaseError> {
        let payments = Payments::of(self.store, self.tenant, award).await?;
        Ok(payments.newest().map(|newest| newest.payout.clone()))
    }

    /// AWD-3: does what is due about an award: its payout is asked for, and once more where it came back and was released;
    /// one that ended early withdraws it; one that was paid sets the day on which the membership ends. Done again it changes
    /// nothing.
    ///
    /// # Errors
    /// The store does not answer, amounts or days are out of range, or others raced each try.
    pub async fn settle(&self, stored: StoredAward) -> Result<Settled, CaseError> {
        let mut stored = stored;
        for _ in 0..TRIES_MAX {
            let payments = Payments::of(self.store, self.tenant, &stored.award).await?;
            let payout = payments.newest().map(|newest| newest.payout.clone());
            // What is paid again is what was released; the first payment is of the whole.
            let of = payments.newest().and_then(|newest| payments.released_before(newest.no));
            let moved = match stored.award.due(payments.newest().map(Payment::seen), self.today()) {
                Due::AskForPayout(name) => {
                    let of = payments.released_before(name.no()).unwrap_or(stored.award.gross);
                    let payout = self.ask(&stored.award, (&name, of)).await?.or(payout);
                    return Ok(Settled { stored, payout });
                }
                // Its end is the daily round's: a subscription is cancelled with it.
                Due::EndMembership | Due::Nothing => return Ok(Settled { stored, payout }),
                Due::Withdraw { .. } if !self.is_back(&stored.award, of).await? => {
                    // A withdrawal would be a debt on money that has left: people must look.
                    tracing::error!(award.id = %stored.award.id, "the money of an award is not back, it is not withdrawn");
                    return Ok(Settled { stored, payout });
                }
                Due::Withdraw { why } => self.withdraw(&stored, (&why, of)).await?,
                Due::NotePaid { paid_at } => {
                    let (months, zone) = (self.settings.awards.membership_months, &self.settings.ledger_zone);
                    let after = stored.award.paid(paid_at, months, zone, self.now)?;
                    self.note(&stored, after, "award.paid", None).await?
                }
            };
            match moved {
                Some(moved) => return Ok(Settled { stored: moved, payout }),
                None => {
                    let again = self.store.get_award(self.tenant, &stored.award.id).await?;
                    stored = again.ok_or(CaseError::Busy)?;
                }
            }
        }
        Err(CaseError::Busy)
    }

    /// Does what is due about every award that is not over. One that cannot be settled is no other's.
    ///
    /// # Errors
    /// The awards cannot be listed.
    pub async fn settle_all(&self) -> Result<Vec<Result<Settled, CaseError>>, CaseError> {
        let mut all = Vec::new();
        for stored in self.all().await? {
            if !stored.award.state.is_over() {
                all.push(self.settle(stored).await);
            }
        }
        Ok(all)
    }

    /// What is the award's is asked for in the name of whoever began it; less, where the payee's account has less. What is
    /// there besides may be another award's, which came back and has a name of its own.
    async fn ask(&self, award: &Award, (name, of): (&PaymentName, Money)) -> Result<Option<StoredPayout>, CaseError> {
        let head = self.store.get_head(self.tenant, &award.account()).await?;
        let available = head.available_on(self.today())?;
        let least = if available.minor() < of.minor() { available } else { of };
        let asked = Asked {
            partner: award.member.payee(),
            currency: award.gross.currency(),
            amount: Some(least).filter(|least| least.minor() > 0),
            by: award.initiated_by.clone(),
            under: name.to_string(),
        };
        Ok(match payouts::request(self.store, self.tenant, &asked, self.now).await? {
            Requested::Created(stored) => Some(*stored),
            refused => {
                tracing::warn!(award.id = %award.id, reason = ?refused, "the payout of an award could not be asked for");
                None
            }
        })
    }

    /// Is the whole of it with the payee, or of what came back, and nothing of it on its way?
    async fn is_back(&self, award: &Award, of: Option<Money>) -> Result<bool, CaseError> {
        let head = self.store.get_head(self.tenant, &award.account()).await?;
        let available = head.available_on(self.today())?;
        Ok(head.open_payout.is_none() && available.minor() >= of.unwrap_or(award.gross).minor())
    }

    /// The money is back with the payee: it goes back to the tenant, the tally counts one less, the member waits again.
    async fn withdraw(
        &self,
        before: &StoredAward,
        (why, of): (&str, Option<Money>),
    ) -> Result<Option<StoredAward>, CaseError> {
        let tally = self.store.get_award_tally(self.tenant).await?;
        let (after, tally_after) = (before.award.withdrawn(why.to_owned(), of, self.now), tally.tally.take_back());
        let told = self.told(&tally, &tally_after, after.deed("award.withdrawn", self.actor.clone(), self.now));
        let member = self.member_of(&before.award).await?;
        let by = (self.actor.clone(), self.now);
        let step = member.as_ref().and_then(|stored| stored.member.withdraw_award(&after.id, by).ok());
        let step = step.map(|step| (append(chain_of(member.as_ref()), after.member.as_str(), step.deed), step.member));
        let change =
            member.as_ref().zip(step.as_ref()).map(|(before, (told, after))| MemberChange { before, after, told });
        let head = self.store.get_head(self.tenant, &after.account()).await?;
        let place = Place::Slot(Slot::immediate(self.today(), head.fence)?);
        let entry = after.taken_back(why, place, self.now)?;
        let step = AwardStep {
            before: before.version,
            after: &after,
            tally: (&tally, &tally_after, &told),
            member: change,
            books: &[EntryBooking { entry: &entry, guard: HeadGuard::Open }],
            booked_day: self.today(),
        };
        self.record(step, &told).await
    }

    /// An award moves without money; the trail says so.
    async fn note(
        &self,
        before: &StoredAward,
        after: Award,
        action: &'static str,
        member: Option<MemberChange<'_>>,
    ) -> Result<Option<StoredAward>, CaseError> {
        let tally = self.store.get_award_tally(self.tenant).await?;
        let told = self.told(&tally, &tally.tally, after.deed(action, self.actor.clone(), self.now));
        let step = AwardStep {
            before: before.version,
            after: &after,
            tally: (&tally, &tally.tally, &told),
            member,
            books: &[],
            booked_day: self.today(),
        };
        self.record(step, &told).await
    }

    /// None: others were faster, read again.
    async fn record(&self, step: AwardStep<'_>, told: &AuditEntry) -> Result<Option<StoredAward>, CaseError> {
        let moved = StoredAward { award: step.after.clone(), version: step.before + 1 };
        let is_moved = match self.store.record_award(self.tenant, step).await? {
            EntryWritten::Yes => true,
            // The client's own retry can report a failed condition for a write that succeeded: read it back.
            EntryWritten::AlreadySeen | EntryWritten::AccountChanged => {
                self.store.get_award_tally(self.tenant).await?.chain == told.end()
            }
        };
        Ok(is_moved.then_some(moved))
    }

    /// The member of an award.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn member_of(&self, award: &Award) -> Result<Option<StoredMember>, CaseError> {
        Ok(self.store.get_member(self.tenant, &award.member).await?)
    }

    /// AWD-4: the awards whose membership ends today, or should have ended.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn ending(&self) -> Result<Vec<StoredAward>, CaseError> {
        let (today, mut ending) = (self.today(), Vec::new());
        for stored in self.all().await? {
            if stored.award.due(None, today) != Due::EndMembership {
                continue;
            }
            // What is on its way again has not arrived: the membership ends by the day on which it does.
            let payments = Payments::of(self.store, self.tenant, &stored.award).await?;
            let due = stored.award.due(payments.newest().map(Payment::seen), today);
            // A payee who cannot be paid again does not keep their membership by it.
            if matches!(due, Due::EndMembership | Due::AskForPayout(_)) {
                ending.push(stored);
            }
        }
        Ok(ending)
    }

    /// AWD-4: the membership has ended; the subscription is cancelled before, by whoever calls. Done again it changes
    /// nothing.
    ///
    /// # Errors
    /// The store does not answer, or others raced each try.
    pub async fn end_membership(&self, stored: StoredAward) -> Result<StoredAward, CaseError> {
        let mut stored = stored;
        for _ in 0..TRIES_MAX {
            let Some(after) = stored.award.ended(self.now) else { return Ok(stored) };
            let member = self.member_of(&stored.award).await?;
            let by = (self.actor.clone(), self.now);
            let step = member.as_ref().and_then(|there| there.member.remove(&after.id, by).ok());
            let step =
                step.map(|step| (append(chain_of(member.as_ref()), after.member.as_str(), step.deed), step.member));
            let change =
                member.as_ref().zip(step.as_ref()).map(|(before, (told, after))| MemberChange { before, after, told });
            if let Some(moved) = self.note(&stored, after, "award.membership_ended", change).await? {
                return Ok(moved);
            }
            stored = self.store.get_award(self.tenant, &stored.award.id).await?.ok_or(CaseError::Busy)?;
        }
        Err(CaseError::Busy)
    }
}

fn chain_of(member: Option<&StoredMember>) -> ChainEnd {
    member.map_or(ChainEnd::START, |stored| stored.chain)
}
