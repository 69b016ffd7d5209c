//! An award is begun.

use domain::audit::append;
use domain::award::{Award, AwardState, NoneLeft, Snapshot};
use domain::id::MemberId;
use domain::line::Place;
use domain::slot::Slot;
use store::awards::{AwardStep, StoredAward, StoredTally};
use store::entries::{EntryBooking, EntryWritten, HeadGuard};
use store::members::MemberChange;

use super::{Awards, Looked, Settled, TRIES_MAX};
use crate::error::CaseError;
use crate::under::of_request;

/// An award that was begun, and its payout.
pub type Begun = Settled;

/// What became of a wish to give an award.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Initiated {
    /// It is given; its payout waits for approval.
    Begun(Box<Begun>),
    /// There is none to give.
    NoneLeft(NoneLeft),
    /// Nobody of those who wait could be given one.
    NobodyValid {
        /// How many were looked at.
        looked_at: u32,
        /// They, with the reasons against them.
        passed_over: Vec<Looked>,
    },
    /// AWD-2: it is another member's turn.
    NotNext {
        /// Whose.
        next: MemberId,
        /// The reasons against the member who was named, where they were looked at.
        named: Option<Box<Looked>>,
    },
}

impl Awards<'_> {
    /// AWD-3: the member whose turn it is is given an award. Whoever names a member means that one, and gets a refusal
    /// where it is another's turn. Asked again under one name, it is one award.
    ///
    /// # Errors
    /// The store does not answer, amounts are out of range, or others raced each try.
    pub async fn initiate(&self, named: Option<&MemberId>, under: &str) -> Result<Initiated, CaseError> {
        for _ in 0..TRIES_MAX {
            // A run that takes over from one that died finds what that one left behind.
            if let Some(own) = self.all().await?.into_iter().find(|stored| stored.award.asked_under == under) {
                return Ok(Initiated::Begun(Box::new(self.settle(own).await?)));
            }
            let tally = self.store.get_award_tally(self.tenant).await?;
            if let Err(none) = tally.tally.give(&self.settings.awards, self.today()) {
                return Ok(Initiated::NoneLeft(none));
            }
            let reached = self.look_along(1).await?;
            let Some(next) = reached.valid.first() else {
                let (looked_at, passed_over) = (reached.looked_at, reached.passed_over);
                return Ok(Initiated::NobodyValid { looked_at, passed_over });
            };
            if named.is_some_and(|named| *named != next.stored.member.id) {
                let is_named = |looked: &Looked| Some(&looked.stored.member.id) == named;
                let looked = reached.passed_over.iter().find(|looked| is_named(looked)).cloned();
                let next = next.stored.member.id.clone();
                return Ok(Initiated::NotNext { next, named: looked.map(Box::new) });
            }
            if let Some(begun) = self.begin(&tally, next, under).await? {
                return Ok(Initiated::Begun(Box::new(self.settle(begun).await?)));
            }
        }
        Err(CaseError::Busy)
    }

    /// The one transaction in which an award comes to be. None: somebody was faster, look again.
    async fn begin(&self, tally: &StoredTally, winner: &Looked, under: &str) -> Result<Option<StoredAward>, CaseError> {
        let Ok(after) = tally.tally.give(&self.settings.awards, self.today()) else { return Ok(None) };
        let Some(award) = self.award_of(tally, winner, under)? else { return Ok(None) };
        let by = (self.actor.clone(), self.now);
        let Ok(step) = winner.stored.member.begin_award(by.clone()) else { return Ok(None) };
        let member_told = append(winner.stored.chain, winner.stored.member.id.as_str(), step.deed);
        // The request is told with it: of two who begin the same award at once, one alone has begun it.
        let deed = of_request(award.deed("award.begun", by.0, by.1), Some(under));
        let told = self.told(tally, &after, deed);
        let head = self.store.get_head(self.tenant, &award.account()).await?;
        let entry = award.booked(Place::Slot(Slot::immediate(self.today(), head.fence)?));
        let written = AwardStep {
            before: 0,
            after: &award,
            tally: (tally, &after, &told),
            member: Some(MemberChange { before: &winner.stored, after: &step.member, told: &member_told }),
            books: &[EntryBooking { entry: &entry, guard: HeadGuard::Open }],
            booked_day: self.today(),
        };
        let is_begun = match self.store.record_award(self.tenant, written).await? {
            EntryWritten::Yes => true,
            // The client's own retry can report a failed condition for a write that succeeded: read it back.
            EntryWritten::AlreadySeen | EntryWritten::AccountChanged => {
                self.store.get_award_tally(self.tenant).await?.chain == told.end()
            }
        };
        Ok(is_begun.then_some(StoredAward { award, version: 1 }))
    }

    /// The award as it would be; none where the tally was never checked.
    fn award_of(&self, tally: &StoredTally, winner: &Looked, under: &str) -> Result<Option<Award>, CaseError> {
        let Some(checked) = &tally.tally.checked else { return Ok(None) };
        let (policy, member) = (&self.settings.awards, &winner.stored.member);
        let eligibility = tally.tally.eligibility(policy, self.today())?;
        let subscription = winner.candidate.subscription.map_or("none", |status| status.word());
        Ok(Some(Award {
            id: member.next_award(),
            member: member.id.clone(),
            gross: policy.gross()?,
            retention: policy.retention()?,
            snapshot: Snapshot {
                checked_at: checked.at,
                revenue: checked.revenue,
                months: eligibility.months.unwrap_or_default(),
                allowed: eligibility.allowed,
                given_before: tally.tally.given,
                tenure_since: member.tenure_since,
                passed_over: winner.position.saturating_sub(1),
                kyc: winner.candidate.kyc,
                subscription: subscription.to_owned(),
                tax_form: winner.candidate.tax_form.word().to_owned(),
            },
            asked_under: under.to_owned(),
            initiated_by: self.actor.clone(),
            initiated_at: self.now,
            moved_at: self.now,
            state: AwardState::Open,
        }))
    }
}
