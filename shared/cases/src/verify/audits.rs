//! V10 for what belongs to no account: changes by hand, claims, rates of exchange, recomputes, reviews, points of fraud.

use std::collections::BTreeMap;

use domain::adjustment::{Adjustment, AdjustmentState};
use domain::attribution::claim::ClaimState;
use domain::audit::ChainEnd;
use domain::award::{Award, AwardState};
use domain::fraud::review::ReviewState;
use domain::id::{AdjustmentId, AwardId, ClaimId, MemberId};
use domain::line::Place;
use domain::payout::PayoutState;
use store::awards::{AWARDS, StoredAward};
use store::risk::ReviewPlace;
use store::{Store, TenantKey};

use super::Found;
use super::trails;
use crate::awards::Payments;
use crate::error::CaseError;
use crate::under::said_of_thing;

/// How many things are read at a time.
const PAGE_SIZE: usize = 100;
/// The kinds of changes by hand.
const CHANGES: [&str; 4] = ["correction", "write_off", "exchange", "release"];
/// The trail of the points of fraud.
const RISK_POLICY: &str = "risk_policy";

/// The trails of a tenant.
pub(super) struct Audits<'a> {
    pub(super) store: &'a Store,
    pub(super) tenant: &'a TenantKey,
    pub(super) found: &'a mut Found,
    /// How many entries they have.
    pub(super) entries: u64,
}

/// What a trail must end with: the chain of the thing when it was read, and what it was then.
struct End {
    chain: ChainEnd,
    /// None where it also changes without a person, and so without a word.
    told: Option<BTreeMap<String, String>>,
}

impl Audits<'_> {
    /// Walks all of them.
    pub(super) async fn verify(&mut self) -> Result<(), CaseError> {
        for kind in CHANGES {
            self.changes_by_hand(kind).await?;
        }
        self.claims().await?;
        self.rates().await?;
        self.recomputes().await?;
        self.reviews().await?;
        self.awards().await?;
        self.trail(RISK_POLICY, false).await
    }

    /// V10: the trail of awards ends with the tally, each member's with the member; V9: what an award booked is there, and
    /// the tally counts the awards that stand.
    async fn awards(&mut self) -> Result<(), CaseError> {
        let before = self.store.get_award_tally(self.tenant).await?;
        let (mut standing, mut after) = (0, None::<AwardId>);
        loop {
            let page = self.store.list_awards(self.tenant, after.as_ref(), PAGE_SIZE).await?;
            for StoredAward { award, .. } in &page.items {
                let is_withdrawn = matches!(award.state, AwardState::Withdrawn { .. });
                standing += u32::from(!is_withdrawn);
                self.award_booked(award, is_withdrawn).await?;
                self.award_paid(award).await?;
            }
            after = page.items.last().map(|stored| stored.award.id.clone());
            if page.next.is_none() {
                break;
            }
        }
        // An award that began meanwhile is in one of the two only.
        if self.store.get_award_tally(self.tenant).await?.chain == before.chain {
            self.found.expect("V9", || "the awards that were given".to_owned(), standing, before.tally.given);
        }
        match before.chain.no {
            0 => self.trail(AWARDS, false).await?,
            _ => self.trail_to(AWARDS, End { chain: before.chain, told: None }).await?,
        }
        let mut before: Option<MemberId> = None;
        loop {
            let page = self.store.list_members(self.tenant, before.as_ref(), PAGE_SIZE).await?;
            for stored in &page.items {
                self.trail_to(stored.member.id.as_str(), End { chain: stored.chain, told: None }).await?;
            }
            before = page.items.last().map(|stored| stored.member.id.clone());
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    async fn award_booked(&mut self, award: &Award, is_withdrawn: bool) -> Result<(), CaseError> {
        let mut wanted = vec![award.booked(Place::Held)];
        if is_withdrawn {
            wanted.push(award.taken_back("", Place::Held, award.moved_at)?);
        }
        for wanted in wanted {
            let there = self.store.get_entry(self.tenant, &wanted.id).await?;
            let there = there.map(|entry| (entry.account, entry.amount));
            let asked = Some((wanted.account.clone(), wanted.amount));
            let entry = || format!("the {} of {}", wanted.kind.word(), award.id);
            self.found.at(&wanted.account, |found| found.expect("V9", entry, asked, there));
        }
        Ok(())
    }

    /// AWD-3: what is paid of an award behind the first time came back before and was released, and is no more than that; no
    /// two of its payments stand at once; and what is taken back of one is what came back.
    async fn award_paid(&mut self, award: &Award) -> Result<(), CaseError> {
        let payments = Payments::of(self.store, self.tenant, award).await?;
        let (mut standing, mut released) = (0_u32, None);
        for payment in payments.all() {
            let state = &payment.payout.payout.state;
            standing += u32::from(state.is_open() || matches!(state, PayoutState::Paid { .. }));
            released = payments.released_before(payment.no);
            let amount = payment.payout.payout.amount.minor();
            let is_right = payment.no == 1 || released.is_some_and(|released| amount <= released.minor());
            let entry = || format!("what {} pays again", payment.payout.payout.id);
            self.found.at(&award.account(), |found| found.expect("V9", entry, true, is_right));
        }
        let entry = || format!("the payments of {} that stand", award.id);
        self.found.at(&award.account(), |found| found.expect("V5", entry, true, standing < 2));
        if let AwardState::Withdrawn { of, .. } = &award.state {
            let entry = || format!("what {} was taken back of", award.id);
            self.found.at(&award.account(), |found| found.expect("V9", entry, released, *of));
        }
        Ok(())
    }

    async fn changes_by_hand(&mut self, kind: &str) -> Result<(), CaseError> {
        let mut before: Option<AdjustmentId> = None;
        loop {
            let page = self.store.list_adjustments(self.tenant, kind, before.as_ref(), PAGE_SIZE).await?;
            for stored in &page.items {
                let adjustment = &stored.adjustment;
                let end = End { chain: stored.chain, told: Some(adjustment.told()) };
                self.trail_to(adjustment.id.as_str(), end).await?;
                self.booked(adjustment).await?;
            }
            before = page.items.last().map(|stored| stored.adjustment.id.clone());
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    /// V9: what was approved is booked, exactly so.
    async fn booked(&mut self, adjustment: &Adjustment) -> Result<(), CaseError> {
        if !matches!(adjustment.state, AdjustmentState::Booked { .. }) {
            return Ok(());
        }
        // Where it is booked is the account's to say; what and whose is the approval's.
        let places = vec![Place::Held; adjustment.accounts().len()];
        for wanted in adjustment.entries(&places, adjustment.moved_at)? {
            let there = self.store.get_entry(self.tenant, &wanted.id).await?;
            let there = there.map(|entry| (entry.account, entry.amount));
            let entry = || format!("the {} of {}", wanted.kind.word(), adjustment.id);
            let asked = Some((wanted.account.clone(), wanted.amount));
            self.found.at(&wanted.account, |found| found.expect("V9", entry, asked, there));
        }
        Ok(())
    }

    async fn claims(&mut self) -> Result<(), CaseError> {
        let mut after: Option<ClaimId> = None;
        loop {
            let page = self.store.list_claims(self.tenant, after.as_ref(), PAGE_SIZE).await?;
            for claim in &page.items {
                let is_decided = claim.state != ClaimState::Pending;
                self.trail(claim.id.as_str(), is_decided).await?;
            }
            after = page.items.last().map(|claim| claim.id.clone());
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    async fn rates(&mut self) -> Result<(), CaseError> {
        let mut before: Option<String> = None;
        loop {
            let page = self.store.list_fx_rates(self.tenant, None, before.as_deref(), PAGE_SIZE).await?;
            for rate in &page.items {
                self.trail(&store::fx::trail_of(rate), true).await?;
            }
            match page.next {
                Some(next) => before = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn recomputes(&mut self) -> Result<(), CaseError> {
        for program in self.store.list_programs(self.tenant).await? {
            for stored in self.store.list_recomputes(self.tenant, &program.id).await? {
                let end = End { chain: stored.chain, told: None };
                self.trail_to(stored.recompute.id.as_str(), end).await?;
            }
        }
        Ok(())
    }

    async fn reviews(&mut self) -> Result<(), CaseError> {
        for state in ReviewState::WORDS {
            let mut after: Option<ReviewPlace> = None;
            loop {
                let limit = i32::try_from(PAGE_SIZE).unwrap_or(i32::MAX);
                let page = self.store.list_reviews(self.tenant, state, limit, after.as_ref()).await?;
                for stored in &page.items {
                    let nobody_looked =
                        matches!(stored.review.state, ReviewState::Open | ReviewState::Watching { looked: None });
                    self.trail(stored.review.id.as_str(), !nobody_looked).await?;
                }
                match page.next.as_deref().and_then(ReviewPlace::parse) {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(())
    }

    async fn trail(&mut self, aggregate: &str, must_be: bool) -> Result<(), CaseError> {
        let entries = trails::of(self.store, self.tenant, aggregate, must_be, self.found).await?;
        self.entries += entries.len() as u64;
        Ok(())
    }

    /// A trail only grows: what the thing was when it was read is told at its number, whatever was told since.
    async fn trail_to(&mut self, aggregate: &str, end: End) -> Result<(), CaseError> {
        let entries = trails::of(self.store, self.tenant, aggregate, true, self.found).await?;
        self.entries += entries.len() as u64;
        let then = entries.into_iter().find(|entry| entry.no == end.chain.no);
        let hash = then.as_ref().map(|entry| entry.hash);
        self.found.expect("V10", || format!("the end of the audit of {aggregate}"), Some(end.chain.hash), hash);
        if let (Some(told), Some(then)) = (end.told, then) {
            self.found.expect("V10", || format!("what the audit says of {aggregate}"), told, said_of_thing(then));
        }
        Ok(())
    }
}
